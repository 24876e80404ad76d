//! What the store keeps of bills and compared days.

use super::NewEvent;
pub use paydesk_channels::ReadSeek;
use paydesk_domain::{
    AccountId, BillKind, BillLine, Break, BreakCode, ChannelDay, ChannelId, Explanation, LineKind,
    LineState, Money, Payment, Refund, Timestamp, Totals as BillTotals,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fmt,
    io::{self, Cursor},
    sync::Arc,
};

/// What a bill is held against, of one payment or refund.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BookedRow {
    /// Payment or refund.
    pub kind: LineKind,
    reference: [u8; BookedRow::REFERENCE_MAX],
    length: u8,
    /// How much.
    pub amount: Money,
    /// When the channel says it happened; when we asked, as long as it has not said.
    pub at: Timestamp,
    /// When the payment was paid that a refund is of.
    pub paid_at: Option<Timestamp>,
    /// How far the money came.
    pub state: LineState,
}

impl BookedRow {
    /// No reference of ours is longer.
    pub const REFERENCE_MAX: usize = 24;

    /// Of a reference of ours; `None` for one that is longer than any.
    #[must_use]
    pub fn new(
        kind: LineKind,
        reference: &[u8],
        amount: Money,
        at: Timestamp,
        state: LineState,
    ) -> Option<BookedRow> {
        let mut held = [0; BookedRow::REFERENCE_MAX];
        held.get_mut(..reference.len())?.copy_from_slice(reference);
        Some(BookedRow {
            kind,
            reference: held,
            length: u8::try_from(reference.len()).ok()?,
            amount,
            at,
            paid_at: None,
            state,
        })
    }

    /// Our reference.
    #[must_use]
    pub fn reference(&self) -> &[u8] {
        let length = usize::from(self.length);
        self.reference.get(..length).unwrap_or_default()
    }
}

/// Takes rows as they are stepped through, many at a time.
pub type EachBooked<'e> = &'e mut (dyn FnMut(&[BookedRow]) + Send);

/// Payments and refunds that are asked for whole.
#[derive(Clone, Debug, Default)]
pub struct BookedAsk {
    /// By our references of payments and refunds.
    pub references: BTreeSet<String>,
    /// By the channel's numbers of payments.
    pub transactions: BTreeSet<String>,
}

/// Our side of a day, as far as the store knows it.
#[derive(Clone, Debug, Default)]
pub struct Booked {
    /// Attempts.
    pub payments: Vec<Payment>,
    /// Refunds, each with its payment.
    pub refunds: Vec<(Refund, Payment)>,
}

/// How a bill came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
pub enum BillOrigin {
    /// From the channel.
    Fetched,
    /// The channel says that it has none for that day: nothing was traded.
    Empty,
    /// As a file that a person chose.
    File {
        /// Its name.
        name: String,
    },
}

/// A compared day in numbers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DaySummary {
    /// Pairs that agree.
    pub matched: u64,
    /// Differences.
    pub differences: u64,
    /// The bill's sums.
    pub bill: BillTotals,
    /// Ours.
    pub books: BillTotals,
}

/// A difference as it is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeptDifference {
    /// What it is, with both lines.
    pub found: Break,
    /// Why, as far as arithmetic proves it.
    pub explanation: Explanation,
    /// Whether the bill's line counts in this day's totals.
    pub counts_bill: bool,
    /// Whether ours does.
    pub counts_book: bool,
}

/// What is said of one line of a bill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It agrees with our books.
    Agrees,
    /// It differs.
    Differs(BreakCode),
}

/// One line of a bill with what is said of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillRow {
    /// The line.
    pub line: BillLine,
    /// Our reference, where it agrees.
    pub matched: Option<String>,
    /// What is said of it.
    pub verdict: Verdict,
}

/// Some lines of a kept bill.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillRowsPage {
    /// How many lines there are of those that were asked for.
    pub total: u64,
    /// Those on this page, in the order of the file.
    pub rows: Vec<BillRow>,
}

/// Where a line of a bill stands in its file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Its row.
    pub row: u64,
    /// Where it begins in the unpacked file.
    pub offset: u64,
}

/// What was paid in an hour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HourSum {
    /// Hours since 1970.
    pub hour: i64,
    /// The payments of the bill whose money moved, refunds not taken off.
    pub taken: Money,
}

/// What is kept of a bill's lines that stand in its file: how many there are, where they are found, and what they come
/// to by the hour.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Layout {
    /// All lines.
    pub lines: u64,
    /// The places of the first line and of every 512th behind it.
    pub places: Vec<Place>,
    /// Sums of hours.
    pub hours: Vec<HourSum>,
}

/// A bill's file that can be read from its beginning again and again.
pub trait BillSource: Send + Sync {
    /// Opens it.
    ///
    /// # Errors
    /// The system's.
    fn open(&self) -> io::Result<Box<dyn ReadSeek + Send>>;

    /// Something that is another as soon as the file is: what was compared and what is kept are one file.
    ///
    /// # Errors
    /// The system's.
    fn version(&self) -> io::Result<String>;
}

/// A kept file with where its lines stand.
pub type KeptLayout = (Arc<dyn BillSource>, Layout);

/// A file that is here whole.
pub struct BytesSource(pub Arc<[u8]>);

impl BillSource for BytesSource {
    fn open(&self) -> io::Result<Box<dyn ReadSeek + Send>> {
        Ok(Box::new(Cursor::new(Arc::clone(&self.0))))
    }

    fn version(&self) -> io::Result<String> {
        Ok(String::new())
    }
}

/// A bill's file as it was fetched or named.
#[derive(Clone)]
pub struct NewBillFile {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub source: Arc<dyn BillSource>,
    /// Its version when it was compared; another one is not kept.
    pub version: String,
}

impl fmt::Debug for NewBillFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// A bill's file as it was fetched or dropped, for whoever asks later what was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillFile {
    /// Its name.
    pub name: String,
    /// SHA-256 of the bytes, hexadecimal.
    pub sha256: String,
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

/// A bill to keep.
#[derive(Clone, Debug)]
pub struct NewBill {
    /// Whose.
    pub account: AccountId,
    /// Of which channel.
    pub channel: ChannelId,
    /// Of which of its days.
    pub day: ChannelDay,
    /// Which file.
    pub kind: BillKind,
    /// What makes it the same bill again.
    pub content_sha256: String,
    /// How it came.
    pub origin: BillOrigin,
    /// What it was read from; none where the channel has no bill.
    pub file: Option<NewBillFile>,
    /// Where the lines stand in the file; none where every line is among `rows`.
    pub layout: Option<Layout>,
    /// The lines that took a second thought, with what was said of each.
    pub rows: Vec<BillRow>,
    /// What was found.
    pub differences: Vec<KeptDifference>,
    /// The day in numbers.
    pub summary: DaySummary,
    /// The event that tells of it.
    pub event: NewEvent,
    /// Whose hand.
    pub by: String,
}

/// A bill that is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptBill {
    /// Its number in this store.
    pub id: i64,
    /// Whose.
    pub account: AccountId,
    /// Of which channel.
    pub channel: ChannelId,
    /// Of which of its days.
    pub day: ChannelDay,
    /// What makes it the same bill again.
    pub content_sha256: String,
    /// How it came.
    pub origin: BillOrigin,
    /// When it was imported.
    pub imported_at: Timestamp,
    /// By whom.
    pub by: String,
    /// The day in numbers.
    pub summary: DaySummary,
}

/// A kept bill, compared with our books again.
#[derive(Clone, Debug)]
pub struct ComparedAgain {
    /// Which bill.
    pub bill: i64,
    /// Of which day.
    pub day: ChannelDay,
    /// The lines that took a second thought, or all where the file does not hold them, with what is said of each now.
    pub rows: Vec<BillRow>,
    /// What was found.
    pub differences: Vec<KeptDifference>,
    /// The day in numbers.
    pub summary: DaySummary,
    /// The event that tells of it.
    pub event: NewEvent,
}

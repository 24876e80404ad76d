//! Bills: what a connector says of a channel's files, and the trait that fetches and reads them.
//! A bill never moves a payment: it raises a difference and a query.

pub use crate::wire::archive::ReadSeek;
use crate::{AccountSettings, Cx, WireRequest};
use paydesk_domain::{
    BillKind, BillLine, ChannelDay, DayCut, FlowSort, LineKind, LineState, Memo, Money, NotSent,
    Outcome, Timestamp, Totals,
};
use paydesk_signing::Authentic;

/// Where a bill's file can be fetched, as the channel's signed answer said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillLink {
    /// Its address.
    pub url: String,
    /// The digest the channel gave for it.
    pub digest: Option<BillDigest>,
}

/// A channel's digest of a bill.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BillDigest {
    /// SHA-1 of the unpacked file, 40 hexadecimal digits (WeChat Pay).
    Sha1(String),
    /// Of the bill that a signed answer held, as [`BillText::content_sha256`] (UnionPay).
    Content(String),
}

/// When a channel's bills are there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BillCalendar {
    /// The hour of the next day, by the channel's clock (UTC+8), from which the bill of a day can be asked for.
    pub ready_hour: u8,
    /// For how many days it can be fetched; `None` without an end.
    pub kept_days: Option<u16>,
    /// When its days begin.
    pub cut: DayCut,
}

/// What an answer about a bill says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BillAnswer {
    /// It is there.
    Ready(BillLink),
    /// There is no file: it is not made yet, or never will be, because nothing was traded. The channel says the same of
    /// both.
    Absent,
    /// The channel has none for that day: nothing was traded.
    Empty,
    /// Not yet: ask again later.
    NotYet,
    /// Refused, with the channel's code.
    Refused(String),
}

/// Why a bill's file cannot be read. Money is not affected; nothing of the file is kept.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BillFault {
    /// Not a bill of this channel.
    #[error("this is not a bill of the channel")]
    WrongChannel,
    /// Another kind of bill.
    #[error("this is another kind of bill")]
    WrongKind,
    /// A bill of another merchant.
    #[error("the bill belongs to another merchant")]
    WrongMerchant,
    /// A bill of another day.
    #[error("the bill is of another day: {0}")]
    WrongDay(ChannelDay),
    /// It does not decode in the channel's encoding.
    #[error("line {0} is not in the encoding of the channel")]
    Encoding(u64),
    /// It ends before its own end mark or totals.
    #[error("the file ends early")]
    Truncated,
    /// A cell cannot be read.
    #[error("line {row}: {column} cannot be read")]
    Cell {
        /// The line, from 1.
        row: u64,
        /// The column's title.
        column: String,
    },
    /// The file's own totals are not the sum of its lines.
    #[error("the totals of the bill are not the sum of its lines: {0}")]
    Totals(String),
    /// Rows are there twice, and so the file's own totals are not the sum of its lines.
    #[error("line {row} repeats line {first}, and the totals are not the sum of the lines")]
    RepeatedRow {
        /// The line that repeats, from 1.
        row: u64,
        /// The line it repeats.
        first: u64,
    },
    /// A bill begins once more behind its end: the same file twice, or two put together.
    #[error("another bill begins at line {0}")]
    Doubled(u64),
    /// Something that is no bill stands behind the end of the bill.
    #[error("the file goes on after its end, at line {0}")]
    GoesOn(u64),
    /// Its digest is not the one the channel gave.
    #[error("the digest of the bill is not the one the channel gave")]
    Digest,
    /// Larger than any bill of a day.
    #[error("the file is larger than any bill")]
    TooLarge,
    /// A small archive that would unpack to more than any bill: it was stopped before it did.
    #[error("the archive unpacks to more than any bill")]
    Bomb,
    /// An archive with an entry that names a path outside of it.
    #[error("the archive names a path outside of itself")]
    LeadsOut,
    /// An archive inside an archive.
    #[error("the archive holds another archive")]
    Nested,
    /// An archive that asks for a password.
    #[error("the archive is encrypted")]
    Encrypted,
    /// An archive with more than one bill.
    #[error("the archive holds more than one bill")]
    Several,
    /// An archive that is broken, or packed as no channel packs.
    #[error("the archive cannot be opened: {0}")]
    Archive(&'static str),
}

/// A bill file that was unpacked and recognised; its lines are read one by one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillText {
    /// Which bill.
    pub kind: BillKind,
    /// The channel's day it is of, when the file says so.
    pub day: Option<ChannelDay>,
    /// The unpacked bytes.
    pub bytes: Vec<u8>,
    /// SHA-256 of the content with line ends made equal, hexadecimal: the same bill zipped or saved
    /// again has the same.
    pub content_sha256: String,
}

impl BillText {
    /// Whether it is the kind of bill that is asked for.
    ///
    /// # Errors
    /// `WrongKind`.
    pub fn expect_kind(&self, kind: BillKind) -> Result<(), BillFault> {
        if self.kind == kind {
            Ok(())
        } else {
            Err(BillFault::WrongKind)
        }
    }
}

/// What of a line of a trade bill decides whether it agrees with our books, while the file streams past. The whole
/// line is read again by its place where that is not enough.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Brief<'l> {
    /// The line in the file as a person counts it, from 1.
    pub row: u64,
    /// Where it begins in the unpacked file.
    pub offset: u64,
    /// Payment or refund.
    pub kind: LineKind,
    /// The reference that names this movement, in UTF-8.
    pub reference: &'l [u8],
    /// As in [`BillLine`].
    pub amount: Money,
    /// As in [`BillLine`].
    pub fee: Money,
    /// When, by the channel's clock.
    pub at: Timestamp,
    /// How far the money came.
    pub state: LineState,
}

impl<'l> Brief<'l> {
    /// Of a whole line.
    #[must_use]
    pub fn of(line: &'l BillLine, offset: u64) -> Brief<'l> {
        Brief {
            row: line.row,
            offset,
            kind: line.kind,
            reference: line.reference().as_bytes(),
            amount: line.amount,
            fee: line.fee,
            at: line.at,
            state: line.state,
        }
    }
}

/// A trade bill that streamed past.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillEnd {
    /// The channel's day it is of, when the file says so.
    pub day: Option<ChannelDay>,
    /// As in [`BillText`].
    pub content_sha256: String,
    /// The file's totals, which are the sums of its lines.
    pub totals: Totals,
}

/// Lines of a bill that follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// The row of the first.
    pub row: u64,
    /// Where it begins in the unpacked file.
    pub offset: u64,
    /// How many there are, where the bill does not end before.
    pub lines: usize,
}

/// What is done with each line that streams past; what it returns ends the reading.
pub type EachBrief<'e> = &'e mut dyn FnMut(Brief<'_>) -> Result<(), BillFault>;

/// One movement of the account at the channel, as a fund-flow bill lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlowLine {
    /// The line in the file as a person counts it, from 1.
    pub row: u64,
    /// The channel's number of the movement.
    pub entry: String,
    /// The channel's number of the payment or refund it belongs to.
    pub business: String,
    /// Our reference: the order's at Alipay, the payment's or refund's voucher at WeChat Pay.
    pub reference: String,
    /// What kind of movement, in the channel's words.
    pub name: String,
    /// What came in, or went out as a negative sum.
    pub change: Money,
    /// The balance after it.
    pub balance: Money,
    /// When, by the channel's clock.
    pub at: Timestamp,
    /// The channel's note.
    pub note: String,
}

/// Whether a movement is named as money that is held back or released. The channels' published layouts list no such
/// name; these are the words of their merchant sites: 冻结, 解冻, 保证金.
pub(crate) fn is_reserve(name: &str) -> bool {
    ["冻结", "解冻", "保证金"]
        .iter()
        .any(|word| name.contains(word))
}

/// Sums of a fund-flow bill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlowTotals {
    /// Movements that brought money.
    pub incomes: u64,
    /// Their sum.
    pub income: Money,
    /// Movements that took money.
    pub expenses: u64,
    /// Their sum, not negative.
    pub expense: Money,
}

/// Fetching and reading bills.
pub trait Bills: Send + Sync {
    /// Which bills the channel has.
    fn kinds(&self) -> &'static [BillKind];

    /// When they are there.
    fn calendar(&self) -> BillCalendar;

    /// Under which names its payouts come to the bank; a part of the name is enough.
    fn payers(&self) -> &'static [&'static str];

    /// Asks where the bill of a day can be fetched.
    ///
    /// # Errors
    /// `NotSent` when it cannot be built.
    fn encode_link(
        &self,
        day: ChannelDay,
        kind: BillKind,
        cx: &Cx<'_>,
    ) -> Result<WireRequest, NotSent>;

    /// What is to be asked further before it is known, as in [`crate::Exchange::further`]; nothing where this answer is
    /// the last. `told` is what an earlier exchange of the same question told.
    fn further_link(
        &self,
        day: ChannelDay,
        kind: BillKind,
        told: Option<&Memo>,
        reply: &Authentic,
    ) -> Option<Memo> {
        let _ = (day, kind, told, reply);
        None
    }

    /// Asks further.
    ///
    /// # Errors
    /// `NotSent` when it cannot be built, also where nothing is ever asked further.
    fn encode_further(
        &self,
        day: ChannelDay,
        kind: BillKind,
        told: &Memo,
        cx: &Cx<'_>,
    ) -> Result<WireRequest, NotSent> {
        let _ = (day, kind, told, cx);
        Err(NotSent::Unsendable {
            what: "link".to_owned(),
        })
    }

    /// Reads the authenticated answer, the last one.
    fn decode_link(&self, reply: &Authentic) -> Outcome<BillAnswer>;

    /// The request for the file; only to hosts of the profile, or to a sandbox account's gateway.
    ///
    /// # Errors
    /// `NotSent` when the link leads elsewhere.
    fn encode_file(&self, link: &BillLink, cx: &Cx<'_>) -> Result<WireRequest, NotSent>;

    /// Unpacks a file as it was fetched or dropped, checks the digest where there is one, and
    /// recognises it.
    ///
    /// # Errors
    /// `BillFault`.
    fn open(&self, file: &[u8], link: Option<&BillLink>) -> Result<BillText, BillFault>;

    /// Reads every line of a trade bill and compares the file's own totals.
    ///
    /// # Errors
    /// `BillFault`; lines handed out before it must not be kept.
    fn read(
        &self,
        text: &BillText,
        account: &AccountSettings,
        each: &mut dyn FnMut(BillLine),
    ) -> Result<Totals, BillFault>;

    /// Reads a trade bill's file, packed or not, while it streams past: never more of it than a block is held. What it
    /// says of each line, and every fault, is what [`Bills::open`] and [`Bills::read`] say.
    ///
    /// # Errors
    /// `BillFault`, and what `each` returns.
    fn stream(
        &self,
        file: &mut dyn ReadSeek,
        link: Option<&BillLink>,
        account: &AccountSettings,
        each: EachBrief<'_>,
    ) -> Result<BillEnd, BillFault>;

    /// Reads some lines of a trade bill that streamed past again, in the order of the file.
    ///
    /// # Errors
    /// `BillFault`, also where another line stands now.
    fn lines_at(
        &self,
        file: &mut dyn ReadSeek,
        spans: &mut dyn Iterator<Item = Span>,
        each: &mut dyn FnMut(BillLine),
    ) -> Result<(), BillFault>;

    /// Reads every line of a fund-flow bill and compares the file's own totals.
    ///
    /// # Errors
    /// `BillFault`; lines handed out before it must not be kept.
    fn read_flow(
        &self,
        text: &BillText,
        account: &AccountSettings,
        each: &mut dyn FnMut(FlowLine),
    ) -> Result<FlowTotals, BillFault>;

    /// What a movement of a fund-flow bill is. What carries a name that is not known is `Other`: it is shown, and
    /// counts for nothing else.
    fn sort_of(&self, line: &FlowLine) -> FlowSort;
}

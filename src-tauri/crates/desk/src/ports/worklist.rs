//! What the store keeps of decisions about differences and of signed days.

use super::{BoxFuture, ComparedAgain, KeptBill, KeptDifference, NewEvent, StoreError};
use paydesk_domain::{
    AccountId, BreakCode, BusinessDay, ChannelDay, ChannelId, ItemName, ItemState, Money,
    Timestamp, Totals, Treatment,
};

/// Which differences are asked for: those of the newest bill of each day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkFilter {
    /// The first day.
    pub from: ChannelDay,
    /// The last day.
    pub to: ChannelDay,
    /// Only of this account.
    pub account: Option<AccountId>,
    /// Only with this code.
    pub code: Option<BreakCode>,
    /// Only in this state.
    pub state: Option<ItemState>,
    /// Only those that this person looks after; empty: those that nobody does.
    pub owner: Option<String>,
}

impl WorkFilter {
    /// Every difference of a day.
    #[must_use]
    pub fn of_day(day: ChannelDay) -> WorkFilter {
        WorkFilter {
            from: day,
            to: day,
            account: None,
            code: None,
            state: None,
            owner: None,
        }
    }
}

/// One difference with what was decided about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkItem {
    /// Its name.
    pub name: ItemName,
    /// Of which channel.
    pub channel: ChannelId,
    /// The bill it was found with.
    pub bill: i64,
    /// When that bill was imported.
    pub found_at: Timestamp,
    /// What differs, and why.
    pub difference: KeptDifference,
    /// What was decided.
    pub treatment: Treatment,
    /// The event that told of it last; 0 for none. A decision names the one it was made on.
    pub version: u64,
}

/// How many differences of a filter stand where.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WorkCounts {
    /// Nobody decided.
    pub open: u64,
    /// Followed up.
    pub exceptions: u64,
    /// Settled.
    pub settled: u64,
}

/// By what takings are summed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TakingsBy {
    /// Each day.
    Day,
    /// Each month.
    Month,
}

/// What the shop took through one channel in some time, by its own books.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// `yyyymmdd`, `yyyymm` of a month, or the hours since 1970 in UTC of an hour.
    pub at: i64,
    /// The channel.
    pub channel: ChannelId,
    /// Orders, paid or not; one in parts counts once for each channel that was tried.
    pub orders: u64,
    /// Those of which the channel took money.
    pub paid: u64,
    /// What was taken; each currency stands by itself.
    pub taken: Money,
    /// What of it was given back.
    pub refunded: Money,
}

/// What a channel's bills say of some time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Billed {
    /// As [`Taken::at`], by the channel's days.
    pub at: i64,
    /// The channel.
    pub channel: ChannelId,
    /// Bills.
    pub bills: u64,
    /// What they sum to.
    pub totals: Totals,
}

/// What was taken, by both.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Takings {
    /// By our books.
    pub taken: Vec<Taken>,
    /// By the bills.
    pub billed: Vec<Billed>,
}

/// What one difference becomes.
#[derive(Clone, Debug)]
pub struct NewTreatment {
    /// Which.
    pub name: ItemName,
    /// The version it was decided on.
    pub version: u64,
    /// The whole of it, with the new decision or without the one that is undone.
    pub treatment: Treatment,
    /// The event that tells of it; its body holds the treatment.
    pub event: NewEvent,
}

/// Everything a signed day is computed from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DayFacts {
    /// The newest bill of each account, in the order of the accounts.
    pub bills: Vec<KeptBill>,
    /// Their differences, in the order of the bills and of their lines.
    pub items: Vec<WorkItem>,
}

/// A day that is signed.
#[derive(Clone, Debug)]
pub struct NewClose {
    /// The day.
    pub day: ChannelDay,
    /// The record, byte for byte.
    pub record: String,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
    /// By whom.
    pub by: String,
    /// The event that tells of it. The store adds the head of the log before it.
    pub event: NewEvent,
}

/// A version of a signed day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayClose {
    /// The day.
    pub day: ChannelDay,
    /// From 1; a day that was reopened and signed again has several, all kept.
    pub version: u32,
    /// The record, byte for byte.
    pub record: String,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
    /// When it was signed.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// The hash of the log's last event before it, hexadecimal.
    pub head: String,
    /// When, by whom and why it was reopened.
    pub reopened: Option<Reopened>,
}

/// Why a signed day does not count any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reopened {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What was taken in an hour of a channel's day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HourTaken {
    /// The channel.
    pub channel: ChannelId,
    /// 0 to 23, by the channel's clock.
    pub hour: u8,
    /// How much.
    pub taken: Money,
}

/// The part of the store that holds decisions about differences, and signed days.
pub trait Worklist: Send + Sync {
    /// Puts another comparison of a kept bill in the place of the one before.
    fn compare_again(&self, bill: ComparedAgain) -> BoxFuture<'_, Result<(), StoreError>>;
    /// Differences of the newest bill of each day: the newest day first, then in the order of the bill.
    fn work_items<'a>(
        &'a self,
        filter: &'a WorkFilter,
        from: u32,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<WorkItem>, StoreError>>;
    /// How many there are, whatever state is asked for.
    fn work_counts<'a>(
        &'a self,
        filter: &'a WorkFilter,
    ) -> BoxFuture<'a, Result<WorkCounts, StoreError>>;
    /// One of them; `None` once it differs no more.
    fn work_item<'a>(
        &'a self,
        name: &'a ItemName,
    ) -> BoxFuture<'a, Result<Option<WorkItem>, StoreError>>;
    /// Keeps what was decided, all of it or nothing. `Stale` when one moved meanwhile, `DayLocked` when a day is
    /// signed.
    fn treat(&self, treatments: Vec<NewTreatment>) -> BoxFuture<'_, Result<(), StoreError>>;
    /// Keeps a decision about a payout. `DayLocked` when one of the days it changes is signed, `Stale` when there are
    /// more decisions than were seen.
    fn decide_payout(
        &self,
        event: NewEvent,
        days: Vec<ChannelDay>,
        seen: u64,
    ) -> BoxFuture<'_, Result<(), StoreError>>;
    /// What a signed day is computed from.
    fn day_facts(&self, day: ChannelDay) -> BoxFuture<'_, Result<DayFacts, StoreError>>;
    /// What was taken by hours, as the bills of that day say.
    fn hours_taken(
        &self,
        day: ChannelDay,
        starts: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<HourTaken>, StoreError>>;
    /// What was taken from one day to another, by our books and by the bills: from the sums that are kept with the
    /// orders and bills, so that a year costs no more than a month.
    fn takings(
        &self,
        from: BusinessDay,
        to: BusinessDay,
        by: TakingsBy,
    ) -> BoxFuture<'_, Result<Takings, StoreError>>;
    /// What was taken in each hour of one day, by our books.
    fn takings_of_day(&self, day: BusinessDay) -> BoxFuture<'_, Result<Vec<Taken>, StoreError>>;
    /// Signs a day. `DayLocked` when it is signed already.
    fn sign_day(&self, close: NewClose) -> BoxFuture<'_, Result<DayClose, StoreError>>;
    /// Opens a signed day again; its record stays. `Stale` when it is not signed.
    fn reopen_day(
        &self,
        day: ChannelDay,
        reopened: Reopened,
        event: NewEvent,
    ) -> BoxFuture<'_, Result<(), StoreError>>;
    /// Every version of the signed days in this range, the newest day and version first.
    fn day_closes(
        &self,
        from: ChannelDay,
        to: ChannelDay,
    ) -> BoxFuture<'_, Result<Vec<DayClose>, StoreError>>;
}

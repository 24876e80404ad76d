//! What the store keeps of fund-flow bills: the file, the sums of its movements, and those that no trade bill tells.

use super::{BillFile, BillOrigin, BoxFuture, NewEvent, StoreError};
use paydesk_domain::{AccountId, ChannelDay, ChannelId, FlowSort, FlowSums, Money, Timestamp};
use serde::{Deserialize, Serialize};

/// A fund-flow bill in numbers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FlowSummary {
    /// Its movements by their sorts.
    pub sums: FlowSums,
    /// The account's balance behind the last movement; none on a day without any.
    pub closing: Option<Money>,
}

/// One movement of the account at the channel. Its note stays in the file alone, because it may name a payer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlowMove {
    /// The line in the file as a person counts it, from 1.
    pub row: u64,
    /// What it is.
    pub sort: FlowSort,
    /// The channel's number of the movement.
    pub entry: String,
    /// The channel's number of what it belongs to.
    pub business: String,
    /// Our reference, where there is one.
    pub reference: String,
    /// What the channel calls it.
    pub name: String,
    /// What came in, or went out as a negative sum.
    pub change: Money,
    /// The balance behind it.
    pub balance: Money,
    /// When, by the channel's clock.
    pub at: Timestamp,
}

/// A fund-flow bill to keep.
#[derive(Clone, Debug)]
pub struct NewFlow {
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
    /// What it was read from; none where the channel has no bill.
    pub file: Option<BillFile>,
    /// Movements that no trade bill tells.
    pub moves: Vec<FlowMove>,
    /// The day in numbers.
    pub summary: FlowSummary,
    /// The event that tells of it.
    pub event: NewEvent,
    /// Whose hand.
    pub by: String,
}

/// A fund-flow bill that is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptFlow {
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
    pub summary: FlowSummary,
}

/// The part of the store that holds fund-flow bills.
pub trait Flows: Send + Sync {
    /// Keeps a fund-flow bill with its file: all of it or nothing. `DayLocked` when its day is signed.
    fn import_flow(&self, flow: NewFlow) -> BoxFuture<'_, Result<KeptFlow, StoreError>>;
    /// The one with this content, if it was imported before.
    fn flow_known<'a>(
        &'a self,
        account: &'a AccountId,
        content_sha256: &'a str,
    ) -> BoxFuture<'a, Result<Option<KeptFlow>, StoreError>>;
    /// Those of an account's days, the newest of each day, the newest day first.
    fn kept_flows<'a>(
        &'a self,
        account: &'a AccountId,
        from: ChannelDay,
        to: ChannelDay,
    ) -> BoxFuture<'a, Result<Vec<KeptFlow>, StoreError>>;
    /// The movements of a kept one that no trade bill tells, in the order of the file.
    fn flow_moves(&self, flow: i64) -> BoxFuture<'_, Result<Vec<FlowMove>, StoreError>>;
    /// The file a kept one was read from.
    fn flow_file(&self, flow: i64) -> BoxFuture<'_, Result<Option<BillFile>, StoreError>>;
}

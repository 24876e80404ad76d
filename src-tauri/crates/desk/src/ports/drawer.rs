//! What the store keeps of drawers: one row for each entry the log tells of.

use super::{BoxFuture, NewEvent, StoreError};
use paydesk_domain::{BusinessDay, Currency, Drawer, DrawerMove, DrawerSums};

/// What a new entry of a drawer is decided on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DrawerState {
    /// The newest entry of any kind; 0 for none. An entry names the one it was decided on.
    pub seq: u64,
    /// The drawer from its newest opening count on; `None` when it was never counted.
    pub drawer: Option<Drawer>,
}

/// What moved in drawers on one business day, in one currency.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DrawerDay {
    /// The currency.
    pub currency: Currency,
    /// Everything of that day.
    pub sums: DrawerSums,
    /// The drawers that were opened on that day, each with its newest count at the end, the oldest first.
    pub drawers: Vec<Drawer>,
}

/// The part of the store that holds drawers. Payments and refunds in cash get there with their own commits.
pub trait DrawerBook: Send + Sync {
    /// The drawer as it stands.
    fn drawer(&self, currency: Currency) -> BoxFuture<'_, Result<DrawerState, StoreError>>;
    /// Entries of every currency, newest first, those below this place in the log.
    fn drawer_moves(
        &self,
        below: Option<u64>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<DrawerMove>, StoreError>>;
    /// A business day, currency by currency in the order of their codes; empty when no drawer moved.
    fn drawer_day(&self, day: BusinessDay) -> BoxFuture<'_, Result<Vec<DrawerDay>, StoreError>>;
    /// Whether an entry with this intent is there.
    fn drawer_intent<'a>(&'a self, intent: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;
    /// Keeps an entry that belongs to no order. `Stale` when there are newer entries than were seen, `DayLocked` when
    /// the day whose record it changes is signed; an intent that is there already keeps nothing new.
    fn move_drawer(
        &self,
        event: NewEvent,
        changes: Option<BusinessDay>,
        seen: u64,
    ) -> BoxFuture<'_, Result<(), StoreError>>;
}

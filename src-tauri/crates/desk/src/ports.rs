//! What the desk needs from the outside: Store, Vault, Network, Clock, Ids and Tasks.
//! Implemented by `store`, `vault` and `host`, and by the simulation.

mod bills;
mod custody;
mod drawer;
mod events;
mod flows;
mod network;
mod statements;
mod worklist;

pub use bills::*;
pub use custody::*;
pub use drawer::*;
pub use events::*;
pub use flows::*;
pub use network::*;
pub use statements::*;
pub use worklist::*;

use paydesk_domain::{
    AccountId, Amount, BusinessDay, ChannelDay, ChannelId, MerchantRef, Mode, Money, Order,
    OrderNumber, OrderPlan, OrderStatus, Timestamp,
};
use paydesk_signing::{KeyError, Keys, SealingKey};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc, time::Duration};

/// A future behind a port.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// When the resolver has to look at an attempt or refund.
#[derive(Clone, Debug)]
pub struct Work {
    /// Which.
    pub reference: MerchantRef,
    /// When; `None` when it is settled and needs no look any more.
    pub due: Option<Timestamp>,
}

/// A sealed personal field of an attempt: name of the field and its value.
#[derive(Clone, Debug)]
pub struct SealedField {
    /// The attempt.
    pub subject: MerchantRef,
    /// `payer`.
    pub name: &'static str,
    /// The plain value; the store seals it.
    pub value: String,
}

/// One transaction on one order.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The order as it is to be; its version is still the one it was loaded with.
    pub order: Order,
    /// What happened, in order.
    pub events: Vec<NewEvent>,
    /// The resolver's list.
    pub work: Vec<Work>,
    /// Personal fields to keep.
    pub sealed: Vec<SealedField>,
    /// A note to keep and to find.
    pub note: Option<NewNote>,
}

/// A note to keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewNote {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// The words.
    pub text: String,
}

/// A scanned payment code as the store knows it: never the code itself.
#[derive(Clone, Debug)]
pub struct PayerCode {
    /// Its keyed digest.
    pub tag: [u8; 32],
    /// A use before this moment counts no more.
    pub since: Timestamp,
}

/// What is needed to open an order.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// Demo or real: the first letter of the number.
    pub mode: Mode,
    /// Fresh randomness: where in its day the number stands, so that no two copies of a folder draw the same.
    pub draw: u32,
    /// The order itself.
    pub plan: OrderPlan,
    /// The scanned code, to refuse it a second time.
    pub code: Option<PayerCode>,
    /// A note, empty for none.
    pub note: String,
    /// Now.
    pub now: Timestamp,
}

/// Makes the first attempt and the events of an order whose number has just been drawn.
pub type FirstAttempt = Box<dyn FnOnce(Order) -> Result<Commit, paydesk_domain::Blocked> + Send>;

/// What opening gave.
#[derive(Clone, Debug)]
pub enum Opened {
    /// The payment code was charged before: nothing was made.
    CodeUsed,
    /// The same intent opened this order before: nothing new was made.
    Existing(Order),
    /// A new order, or one with a new part; durable.
    New(Order),
}

/// An attempt or refund that is due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Due {
    /// Which.
    pub reference: MerchantRef,
    /// How often the channel was asked about it.
    pub asked: u32,
}

/// What a resolver has to know before it does anything.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Pulse {
    /// When the next attempt or refund is due.
    pub next_due: Option<Timestamp>,
    /// Counts every event; another process's too.
    pub version: u64,
}

/// Why the store cannot do it. Nothing was changed, unless it says so.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// The domain refused inside the transaction.
    #[error("refused: {0}")]
    Blocked(#[from] paydesk_domain::Blocked),
    /// Another program holds the database.
    #[error("the database is held by another program")]
    Busy,
    /// The file is damaged or a stored value cannot be read.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// No space is left; nothing of this transaction is there.
    #[error("no space is left on the disk")]
    Full,
    /// The disk failed during a commit: whether it is there is known after a restart only.
    #[error("the disk failed: {0}")]
    Io(String),
    /// The keys are locked: nothing can be sealed, so nothing is written.
    #[error("the keys are locked")]
    Locked,
    /// The day is signed: what it stands on does not change any more.
    #[error("the day is signed")]
    DayLocked,
    /// Made by a newer version of this program.
    #[error("the database was made by a newer version ({found}, this program knows {known})")]
    NewerSchema {
        /// What the file says.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// The order moved since it was loaded: load again, decide again.
    #[error("the order was changed meanwhile")]
    Stale,
}

/// Tabs of the order list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Tab {
    /// Everything.
    All,
    /// What needs a person.
    Attention,
    /// With money taken.
    Paid,
    /// With refunds.
    Refunds,
    /// Not charged, closed, reversed.
    Unpaid,
}

/// What to list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderFilter {
    /// The tab.
    pub tab: Tab,
    /// As typed.
    pub search: String,
    /// First business day.
    pub day_from: Option<BusinessDay>,
    /// Last business day.
    pub day_to: Option<BusinessDay>,
    /// Only this status.
    pub status: Option<OrderStatus>,
    /// Only this channel.
    pub channel: Option<ChannelId>,
    /// The currencies that typed amounts may mean.
    pub currencies: Vec<paydesk_domain::Currency>,
}

/// A row of the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderRow {
    /// Its number.
    pub number: OrderNumber,
    /// The business day it stands in.
    pub day: BusinessDay,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The latest attempt's channel.
    pub channel: ChannelId,
    /// Whether the latest attempt was at a card reader of the shop.
    pub at_reader: bool,
    /// The status.
    pub status: OrderStatus,
    /// What is owed.
    pub total: Amount,
    /// What came in.
    pub taken: Money,
    /// What went back.
    pub refunded: Money,
    /// The latest note.
    pub note: String,
    /// Who opened it.
    pub by: String,
    /// Needs a person.
    pub attention: bool,
    /// Its version.
    pub version: u64,
}

/// Sums of a filter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Totals {
    /// Orders.
    pub count: u64,
    /// Orders that are paid.
    pub paid_count: u64,
    /// Taken.
    pub taken: Money,
    /// Gone back.
    pub refunded: Money,
}

/// A page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderPage {
    /// The rows, newest first.
    pub rows: Vec<OrderRow>,
    /// For the next page, opaque.
    pub next: Option<String>,
}

/// What stands over the list. Asked apart from the rows, which need not wait for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListTotals {
    /// Sums of the filter, one for each currency of its orders.
    pub totals: Vec<Totals>,
    /// Orders per tab.
    pub tabs: BTreeMap<Tab, u64>,
}

/// An event as it stands in the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredEvent {
    /// Its place, from 1.
    pub seq: u64,
    /// What kind.
    pub kind: EventKind,
    /// The attempt or refund it is about.
    pub subject: Option<MerchantRef>,
    /// Who.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// The fact.
    pub body: serde_json::Value,
    /// The unsealed bytes of the exchange.
    pub evidence: Option<Vec<u8>>,
}

/// What counts show in the frame of the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Payments and refunds that are not known yet.
    pub open_doubts: u32,
    /// Orders that need a person.
    pub attention: u32,
}

/// What makes a file of this program one device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// Four characters, drawn once.
    pub id: String,
    /// Grows when the folder is restored from a backup.
    pub epoch: u8,
}

/// The store. One method is one transaction from begin to commit; no network or timer inside,
/// and never a time-out around it, because a cancelled commit is ambiguous.
pub trait Store: StatementStore + Send + Sync {
    /// Draws a number, opens the order with its first attempt, durable when it returns.
    fn open_order(
        &self,
        new: NewOrder,
        first: FirstAttempt,
    ) -> BoxFuture<'_, Result<Opened, StoreError>>;
    /// As `commit`, of a further part; the scanned code is refused a second time.
    fn begin_part(
        &self,
        commit: Commit,
        code: Option<PayerCode>,
    ) -> BoxFuture<'_, Result<Opened, StoreError>>;
    /// The order as it stands.
    fn load<'a>(
        &'a self,
        number: &'a OrderNumber,
    ) -> BoxFuture<'a, Result<Option<Order>, StoreError>>;
    /// Commits against the version the order was loaded with; gives the order with its new version.
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Order, StoreError>>;
    /// Appends events that move no order, such as settings.
    fn append(&self, events: Vec<NewEvent>) -> BoxFuture<'_, Result<(), StoreError>>;
    /// Up to `limit` attempts and refunds that are due, leased until then so that no second process
    /// does the same work; safety does not depend on the lease.
    fn claim_due(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Due>, StoreError>>;
    /// Counts one more question, gives the lease back and sets when to look again.
    fn asked(&self, work: Work) -> BoxFuture<'_, Result<(), StoreError>>;
    /// Makes it due at once.
    fn hurry<'a>(
        &'a self,
        reference: &'a MerchantRef,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
    /// At a start, or after the clock was set back: everything that is planned for later is due now, and a
    /// lease that no living process can hold is over. A refund that is done keeps its time, if that is near.
    fn plan_anew(&self, now: Timestamp) -> BoxFuture<'_, Result<(), StoreError>>;
    /// When the next one is due, and whether anything moved: asked all the time, so it is one look.
    fn pulse(&self) -> BoxFuture<'_, Result<Pulse, StoreError>>;
    /// Every attempt and refund that is still looked at and whose end is not known: a refund that is done and may
    /// come back is none of them.
    fn open_work(&self) -> BoxFuture<'_, Result<Vec<MerchantRef>, StoreError>>;
    /// Begins an epoch of order numbers, if it is a later one.
    fn begin_epoch(&self, epoch: u8) -> BoxFuture<'_, Result<(), StoreError>>;
    /// How often the channel was asked about this attempt.
    fn times_asked<'a>(
        &'a self,
        reference: &'a MerchantRef,
    ) -> BoxFuture<'a, Result<u32, StoreError>>;
    /// The newest order with this amount and channel since then, or with the same amount and not yet known.
    fn same_again<'a>(
        &'a self,
        channel: &'a ChannelId,
        amount: Amount,
        since: Timestamp,
    ) -> BoxFuture<'a, Result<Option<OrderRow>, StoreError>>;
    /// From the beginning to the channel's time of payment, of those of the channel's latest `among` payments that were
    /// paid by a shown code.
    fn shown_code_times<'a>(
        &'a self,
        channel: &'a ChannelId,
        among: u32,
    ) -> BoxFuture<'a, Result<Vec<Duration>, StoreError>>;
    /// The order that a call with this intent opened.
    fn by_intent<'a>(&'a self, intent: &'a str)
    -> BoxFuture<'a, Result<Option<Order>, StoreError>>;
    /// Whether a code was used: a first look, for the right words; opening the order decides.
    fn code_used(&self, code: PayerCode) -> BoxFuture<'_, Result<bool, StoreError>>;
    /// The sums of a filter and the counts of the tabs.
    fn totals<'a>(
        &'a self,
        filter: &'a OrderFilter,
    ) -> BoxFuture<'a, Result<ListTotals, StoreError>>;
    /// A page that begins at a position of the list, counted from 0.
    fn list_at<'a>(
        &'a self,
        filter: &'a OrderFilter,
        position: u64,
        limit: u32,
    ) -> BoxFuture<'a, Result<OrderPage, StoreError>>;
    /// A page of orders.
    fn list<'a>(
        &'a self,
        filter: &'a OrderFilter,
        cursor: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<OrderPage, StoreError>>;
    /// Steps through the payments of an account that are booked in `[from, to)`, then through its refunds, each in
    /// the order of time. What was handed out before an error must not be kept.
    fn booked_rows<'a>(
        &'a self,
        account: &'a AccountId,
        from: Timestamp,
        to: Timestamp,
        each: EachBooked<'a>,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
    /// Whole payments, and refunds with the payment of each, of whichever account; what is not there is left out.
    fn booked(&self, ask: BookedAsk) -> BoxFuture<'_, Result<Booked, StoreError>>;
    /// Keeps a bill with its lines, matches and differences: all of it or nothing.
    fn import_bill(&self, bill: NewBill) -> BoxFuture<'_, Result<KeptBill, StoreError>>;
    /// The file a kept bill was read from.
    fn bill_file(&self, bill: i64) -> BoxFuture<'_, Result<Option<BillFile>, StoreError>>;
    /// The same to be read piece by piece, and where its lines stand; none where every line is a row.
    fn bill_layout(&self, bill: i64) -> BoxFuture<'_, Result<Option<KeptLayout>, StoreError>>;
    /// When the first payment of an account is booked.
    fn first_booked<'a>(
        &'a self,
        account: &'a AccountId,
    ) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>>;
    /// The bill with this content, if it was imported before.
    fn bill_known<'a>(
        &'a self,
        account: &'a AccountId,
        content_sha256: &'a str,
    ) -> BoxFuture<'a, Result<Option<KeptBill>, StoreError>>;
    /// The bills of an account's days, the newest of each day, the newest day first.
    fn bills<'a>(
        &'a self,
        account: &'a AccountId,
        from: ChannelDay,
        to: ChannelDay,
    ) -> BoxFuture<'a, Result<Vec<KeptBill>, StoreError>>;
    /// The differences that were found with a bill, in the order in which they were found.
    fn differences(&self, bill: i64) -> BoxFuture<'_, Result<Vec<KeptDifference>, StoreError>>;
    /// Lines of a kept bill that are rows, in the order of the file, all or only those that differ, `from` counted from
    /// 0. A bill with a layout has rows of the lines that took a second thought; the others agree by their own reference.
    fn bill_rows(
        &self,
        bill: i64,
        only_different: bool,
        from: u32,
        limit: u32,
    ) -> BoxFuture<'_, Result<BillRowsPage, StoreError>>;
    /// A kept bill by its number.
    fn kept_bill(&self, bill: i64) -> BoxFuture<'_, Result<Option<KeptBill>, StoreError>>;
    /// The lines that are rows, of these rows of the file.
    fn bill_marks(
        &self,
        bill: i64,
        first: u64,
        last: u64,
    ) -> BoxFuture<'_, Result<Vec<BillRow>, StoreError>>;
    /// Decisions about differences, and signed days.
    fn worklist(&self) -> &dyn Worklist;
    /// Drawers.
    fn drawers(&self) -> &dyn DrawerBook;
    /// Fund-flow bills.
    fn flows(&self) -> &dyn Flows;
    /// The row of one order.
    fn row<'a>(
        &'a self,
        number: &'a OrderNumber,
    ) -> BoxFuture<'a, Result<Option<OrderRow>, StoreError>>;
    /// The events of one order, oldest first.
    fn timeline<'a>(
        &'a self,
        number: &'a OrderNumber,
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, StoreError>>;
    /// The events that belong to no order, newest first, those below this place in the log.
    fn shop_events(
        &self,
        below: Option<u64>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<StoredEvent>, StoreError>>;
    /// The notes of one order, oldest first.
    fn notes<'a>(
        &'a self,
        number: &'a OrderNumber,
    ) -> BoxFuture<'a, Result<Vec<NewNote>, StoreError>>;
    /// A sealed personal field.
    fn sealed<'a>(
        &'a self,
        subject: &'a MerchantRef,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, StoreError>>;
    /// What the frame shows.
    fn counts(&self) -> BoxFuture<'_, Result<Counts, StoreError>>;
    /// The latest settings document.
    fn settings(&self) -> BoxFuture<'_, Result<Option<serde_json::Value>, StoreError>>;
    /// This device.
    fn device(&self) -> Device;
    /// A number that changes when any process commits; to notice the other's work.
    fn data_version(&self) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// Time.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> Timestamp;
    /// Sleeps.
    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()>;
}

/// Randomness.
pub trait Ids: Send + Sync {
    /// Fresh random bytes.
    fn nonce(&self) -> [u8; 16];
}

/// Work that goes on after a command has answered.
pub trait Tasks: Send + Sync {
    /// Runs it to its end unless the process dies; then the store's rows take over.
    fn spawn(&self, task: BoxFuture<'static, ()>);
}

/// Keys, handed out as abilities.
pub trait Vault: Send + Sync {
    /// What this account can do.
    ///
    /// # Errors
    /// `KeyError::Locked` and the like; never the key.
    fn keys(&self, account: &AccountId) -> Result<Arc<dyn Keys>, KeyError>;
    /// The key of sealed fields, tags and the log's head.
    ///
    /// # Errors
    /// `KeyError::Locked` while the vault is not open. There is no stand-in: what is sealed with one is lost.
    fn data_key(&self) -> Result<Arc<SealingKey>, KeyError>;
    /// Whether nothing can be signed now.
    fn is_locked(&self) -> bool {
        self.data_key().is_err()
    }
}

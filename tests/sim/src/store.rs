//! The production store as a simulated process sees it: every call is waited for with the clock standing
//! still, and a process that died in a call never hears how it ended.

use crate::{
    disk::{DiskProcess, held},
    executor::{SimClock, db},
    rng::Rng,
};
use jiff::civil::Date;
use paydesk_desk::ports::*;
use paydesk_domain::{
    AccountId, Amount, ChannelDay, ChannelId, Currency, MerchantRef, Order, OrderNumber, Timestamp,
};
use paydesk_store::SqliteStore;
use std::{
    future::{Future, pending},
    sync::{Arc, Mutex},
    time::Duration,
};

/// How many calls in a million take a moment, in which others go on: a commit may then find that another
/// was faster.
const SLOW_PARTS: u32 = 60_000;

/// The longest such moment, milliseconds; the shortest only lets those go first who are ready.
const SLOW_MS_MAX: u64 = 400;

/// The production store on a simulated disk.
pub struct SimStore {
    store: Arc<SqliteStore>,
    process: DiskProcess,
    clock: Arc<SimClock>,
    pace: Mutex<Rng>,
}

impl SimStore {
    /// Wraps an open store.
    #[must_use]
    pub fn new(
        store: Arc<SqliteStore>,
        process: DiskProcess,
        clock: Arc<SimClock>,
        pace: Rng,
    ) -> SimStore {
        SimStore {
            store,
            process,
            clock,
            pace: Mutex::new(pace),
        }
    }

    /// The production store itself, for what is no port: `verify`, `rebuild`. Call it through `call`.
    #[must_use]
    pub fn inner(&self) -> &Arc<SqliteStore> {
        &self.store
    }

    /// Marks a call of `inner` as a store call.
    pub async fn call<T>(&self, call: impl Future<Output = T>) -> T {
        let slow = {
            let mut pace = held(&self.pace);
            pace.happens(SLOW_PARTS)
                .then(|| pace.below(SLOW_MS_MAX).saturating_sub(SLOW_MS_MAX / 2))
        };
        if let Some(ms) = slow {
            self.clock.sleep(Duration::from_millis(1 + ms)).await;
        }
        survived(&self.process, call).await
    }
}

/// A store call of a process: the dead hear no answer. A connection's thread answers before it has let
/// its locks go, or rolled back; the next call would find them or not, so that is waited for too.
pub(crate) async fn survived<T>(process: &DiskProcess, call: impl Future<Output = T>) -> T {
    let answer = db(call).await;
    process.let_go();
    if process.is_dead() {
        drop(answer);
        return pending().await;
    }
    answer
}

impl StatementStore for SimStore {
    fn import_statements(
        &self,
        new: NewStatements,
    ) -> BoxFuture<'_, Result<Vec<KeptStatement>, StoreError>> {
        Box::pin(self.call(self.store.import_statements(new)))
    }

    fn statements(&self) -> BoxFuture<'_, Result<Vec<KeptStatement>, StoreError>> {
        Box::pin(self.call(self.store.statements()))
    }

    fn statement_lines(
        &self,
        statement: i64,
        from: u32,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<KeptLine>, StoreError>> {
        Box::pin(self.call(self.store.statement_lines(statement, from, limit)))
    }

    fn bank_lines<'a>(
        &'a self,
        account: &'a str,
        currency: Currency,
        from: Date,
        to: Date,
    ) -> BoxFuture<'a, Result<Vec<KeptLine>, StoreError>> {
        Box::pin(self.call(self.store.bank_lines(account, currency, from, to)))
    }

    fn payout_decisions(&self) -> BoxFuture<'_, Result<Vec<serde_json::Value>, StoreError>> {
        Box::pin(self.call(self.store.payout_decisions()))
    }

    fn statement_file(
        &self,
        statement: i64,
    ) -> BoxFuture<'_, Result<Option<BankFile>, StoreError>> {
        Box::pin(self.call(self.store.statement_file(statement)))
    }
}

/// Every method of the port, passed on.
macro_rules! passed_on {
    ($(fn $name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        impl Store for SimStore {
            $(fn $name<'a>(&'a self, $($argument: $kind),*) -> BoxFuture<'a, Result<$answer, StoreError>> {
                Box::pin(self.call(self.store.$name($($argument),*)))
            })*

            fn worklist(&self) -> &dyn Worklist {
                self.store.worklist()
            }

            fn drawers(&self) -> &dyn DrawerBook {
                self.store.drawers()
            }

            fn flows(&self) -> &dyn Flows {
                self.store.flows()
            }

            fn device(&self) -> Device {
                self.store.device()
            }
        }
    };
}

passed_on! {
    fn open_order(new: NewOrder, first: FirstAttempt) -> Opened;
    fn begin_part(commit: Commit, code: Option<PayerCode>) -> Opened;
    fn load(number: &'a OrderNumber) -> Option<Order>;
    fn commit(commit: Commit) -> Order;
    fn append(events: Vec<NewEvent>) -> ();
    fn claim_due(now: Timestamp, lease_until: Timestamp, limit: u32) -> Vec<Due>;
    fn asked(work: Work) -> ();
    fn hurry(reference: &'a MerchantRef, now: Timestamp) -> ();
    fn plan_anew(now: Timestamp) -> ();
    fn pulse() -> Pulse;
    fn open_work() -> Vec<MerchantRef>;
    fn begin_epoch(epoch: u8) -> ();
    fn times_asked(reference: &'a MerchantRef) -> u32;
    fn shown_code_times(channel: &'a ChannelId, among: u32) -> Vec<Duration>;
    fn same_again(channel: &'a ChannelId, amount: Amount, since: Timestamp) -> Option<OrderRow>;
    fn by_intent(intent: &'a str) -> Option<Order>;
    fn code_used(code: PayerCode) -> bool;
    fn totals(filter: &'a OrderFilter) -> ListTotals;
    fn list_at(filter: &'a OrderFilter, position: u64, limit: u32) -> OrderPage;
    fn list(filter: &'a OrderFilter, cursor: Option<&'a str>, limit: u32) -> OrderPage;
    fn booked_rows(account: &'a AccountId, from: Timestamp, to: Timestamp, each: EachBooked<'a>) -> ();
    fn booked(ask: BookedAsk) -> Booked;
    fn import_bill(bill: NewBill) -> KeptBill;
    fn bill_file(bill: i64) -> Option<BillFile>;
    fn bill_layout(bill: i64) -> Option<KeptLayout>;
    fn kept_bill(bill: i64) -> Option<KeptBill>;
    fn bill_marks(bill: i64, first: u64, last: u64) -> Vec<BillRow>;
    fn first_booked(account: &'a AccountId) -> Option<Timestamp>;
    fn bill_known(account: &'a AccountId, content_sha256: &'a str) -> Option<KeptBill>;
    fn bills(account: &'a AccountId, from: ChannelDay, to: ChannelDay) -> Vec<KeptBill>;
    fn differences(bill: i64) -> Vec<KeptDifference>;
    fn bill_rows(bill: i64, only_different: bool, from: u32, limit: u32) -> BillRowsPage;
    fn row(number: &'a OrderNumber) -> Option<OrderRow>;
    fn timeline(number: &'a OrderNumber) -> Vec<StoredEvent>;
    fn shop_events(below: Option<u64>, limit: u32) -> Vec<StoredEvent>;
    fn notes(number: &'a OrderNumber) -> Vec<NewNote>;
    fn sealed(subject: &'a MerchantRef, name: &'a str) -> Option<String>;
    fn counts() -> Counts;
    fn settings() -> Option<serde_json::Value>;
    fn data_version() -> u64;
}

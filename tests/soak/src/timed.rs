//! The production store with a stop-watch on its durable writes. Every call is passed on as it is.

use jiff::civil::Date;
use paydesk_desk::ports::{
    BankFile, BillFile, BillRow, BillRowsPage, Booked, BookedAsk, BoxFuture, Commit, Counts,
    Device, DrawerBook, Due, EachBooked, FirstAttempt, Flows, KeptBill, KeptDifference, KeptLayout,
    KeptLine, KeptStatement, ListTotals, NewBill, NewEvent, NewNote, NewOrder, NewStatements,
    Opened, OrderFilter, OrderPage, OrderRow, PayerCode, Pulse, StatementStore, Store, StoreError,
    StoredEvent, Work, Worklist,
};
use paydesk_domain::{
    AccountId, Amount, ChannelDay, ChannelId, Currency, MerchantRef, Order, OrderNumber, Timestamp,
};
use serde_json::Value;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Durations of one kind of write, microseconds.
#[derive(Default)]
pub(crate) struct Watch(Mutex<Vec<u32>>);

impl Watch {
    async fn time<T>(
        &self,
        write: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let began = Instant::now();
        let written = write.await;
        let took = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(took);
        written
    }

    /// Everything measured so far, in order of size.
    pub(crate) fn sorted(&self) -> Vec<u32> {
        let mut all = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        all.sort_unstable();
        all
    }
}

/// A store whose writes are timed.
pub(crate) struct Timed {
    inner: Arc<dyn Store>,
    /// Orders opened with their first attempt: nothing is sent before.
    pub(crate) begin: Watch,
    /// Answers and endings kept: nothing is shown before.
    pub(crate) settle: Watch,
    /// Looks planned and leased.
    pub(crate) plan: Watch,
}

impl Timed {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            begin: Watch::default(),
            settle: Watch::default(),
            plan: Watch::default(),
        }
    }
}

macro_rules! passed_on {
    ($(fn $name:ident(&$life:lifetime self $(, $argument:ident: $kind:ty)*) -> $answer:ty;)*) => {
        $(fn $name<'a>(&'a self $(, $argument: $kind)*) -> BoxFuture<'a, $answer>
        {
            self.inner.$name($($argument),*)
        })*
    };
}

impl StatementStore for Timed {
    fn import_statements(&self, new: NewStatements) -> Answer<'_, Vec<KeptStatement>> {
        self.inner.import_statements(new)
    }

    fn statements(&self) -> Answer<'_, Vec<KeptStatement>> {
        self.inner.statements()
    }

    fn statement_lines(&self, statement: i64, from: u32, limit: u32) -> Answer<'_, Vec<KeptLine>> {
        self.inner.statement_lines(statement, from, limit)
    }

    fn bank_lines<'a>(
        &'a self,
        account: &'a str,
        currency: Currency,
        from: Date,
        to: Date,
    ) -> Answer<'a, Vec<KeptLine>> {
        self.inner.bank_lines(account, currency, from, to)
    }

    fn payout_decisions(&self) -> Answer<'_, Vec<Value>> {
        self.inner.payout_decisions()
    }

    fn statement_file(&self, statement: i64) -> Answer<'_, Option<BankFile>> {
        self.inner.statement_file(statement)
    }
}

impl Store for Timed {
    fn open_order(&self, new: NewOrder, first: FirstAttempt) -> Answer<'_, Opened> {
        Box::pin(self.begin.time(self.inner.open_order(new, first)))
    }

    fn begin_part(&self, commit: Commit, code: Option<PayerCode>) -> Answer<'_, Opened> {
        Box::pin(self.begin.time(self.inner.begin_part(commit, code)))
    }

    fn commit(&self, commit: Commit) -> Answer<'_, Order> {
        Box::pin(self.settle.time(self.inner.commit(commit)))
    }

    fn claim_due(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Answer<'_, Vec<Due>> {
        Box::pin(
            self.plan
                .time(self.inner.claim_due(now, lease_until, limit)),
        )
    }

    fn asked(&self, work: Work) -> Answer<'_, ()> {
        Box::pin(self.plan.time(self.inner.asked(work)))
    }

    fn append(&self, events: Vec<NewEvent>) -> Answer<'_, ()> {
        self.inner.append(events)
    }

    fn plan_anew(&self, now: Timestamp) -> Answer<'_, ()> {
        self.inner.plan_anew(now)
    }

    fn pulse(&self) -> Answer<'_, Pulse> {
        self.inner.pulse()
    }

    fn open_work(&self) -> Answer<'_, Vec<MerchantRef>> {
        self.inner.open_work()
    }

    fn begin_epoch(&self, epoch: u8) -> Answer<'_, ()> {
        self.inner.begin_epoch(epoch)
    }

    fn code_used(&self, code: PayerCode) -> Answer<'_, bool> {
        self.inner.code_used(code)
    }

    fn bill_file(&self, bill: i64) -> Answer<'_, Option<BillFile>> {
        self.inner.bill_file(bill)
    }

    fn bill_layout(&self, bill: i64) -> Answer<'_, Option<KeptLayout>> {
        self.inner.bill_layout(bill)
    }

    fn kept_bill(&self, bill: i64) -> Answer<'_, Option<KeptBill>> {
        self.inner.kept_bill(bill)
    }

    fn bill_marks(&self, bill: i64, first: u64, last: u64) -> Answer<'_, Vec<BillRow>> {
        self.inner.bill_marks(bill, first, last)
    }

    fn booked(&self, ask: BookedAsk) -> Answer<'_, Booked> {
        self.inner.booked(ask)
    }

    fn first_booked<'a>(&'a self, account: &'a AccountId) -> Answer<'a, Option<Timestamp>> {
        self.inner.first_booked(account)
    }

    fn import_bill(&self, bill: NewBill) -> Answer<'_, KeptBill> {
        self.inner.import_bill(bill)
    }

    fn differences(&self, bill: i64) -> Answer<'_, Vec<KeptDifference>> {
        self.inner.differences(bill)
    }

    fn bill_rows(
        &self,
        bill: i64,
        only_different: bool,
        from: u32,
        limit: u32,
    ) -> Answer<'_, BillRowsPage> {
        self.inner.bill_rows(bill, only_different, from, limit)
    }

    fn shop_events(&self, below: Option<u64>, limit: u32) -> Answer<'_, Vec<StoredEvent>> {
        self.inner.shop_events(below, limit)
    }

    fn counts(&self) -> Answer<'_, Counts> {
        self.inner.counts()
    }

    fn settings(&self) -> Answer<'_, Option<Value>> {
        self.inner.settings()
    }

    fn worklist(&self) -> &dyn Worklist {
        self.inner.worklist()
    }

    fn drawers(&self) -> &dyn DrawerBook {
        self.inner.drawers()
    }

    fn flows(&self) -> &dyn Flows {
        self.inner.flows()
    }

    fn device(&self) -> Device {
        self.inner.device()
    }

    fn data_version(&self) -> Answer<'_, u64> {
        self.inner.data_version()
    }

    passed_on! {
        fn load(&'a self, number: &'a OrderNumber) -> Result<Option<Order>, StoreError>;
        fn hurry(&'a self, reference: &'a MerchantRef, now: Timestamp) -> Result<(), StoreError>;
        fn times_asked(&'a self, reference: &'a MerchantRef) -> Result<u32, StoreError>;
        fn shown_code_times(&'a self, channel: &'a ChannelId, among: u32) -> Result<Vec<Duration>, StoreError>;
        fn same_again(&'a self, channel: &'a ChannelId, amount: Amount, since: Timestamp) -> Result<Option<OrderRow>, StoreError>;
        fn by_intent(&'a self, intent: &'a str) -> Result<Option<Order>, StoreError>;
        fn totals(&'a self, filter: &'a OrderFilter) -> Result<ListTotals, StoreError>;
        fn list_at(&'a self, filter: &'a OrderFilter, position: u64, limit: u32) -> Result<OrderPage, StoreError>;
        fn list(&'a self, filter: &'a OrderFilter, cursor: Option<&'a str>, limit: u32) -> Result<OrderPage, StoreError>;
        fn booked_rows(&'a self, account: &'a AccountId, from: Timestamp, to: Timestamp, each: EachBooked<'a>) -> Result<(), StoreError>;
        fn bill_known(&'a self, account: &'a AccountId, content_sha256: &'a str) -> Result<Option<KeptBill>, StoreError>;
        fn bills(&'a self, account: &'a AccountId, from: ChannelDay, to: ChannelDay) -> Result<Vec<KeptBill>, StoreError>;
        fn row(&'a self, number: &'a OrderNumber) -> Result<Option<OrderRow>, StoreError>;
        fn timeline(&'a self, number: &'a OrderNumber) -> Result<Vec<StoredEvent>, StoreError>;
        fn notes(&'a self, number: &'a OrderNumber) -> Result<Vec<NewNote>, StoreError>;
        fn sealed(&'a self, subject: &'a MerchantRef, name: &'a str) -> Result<Option<String>, StoreError>;
    }
}

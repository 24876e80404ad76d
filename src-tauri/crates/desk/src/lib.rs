//! The desk: use cases and the driver. It takes payments, resolves doubts, gives refunds.
//! It names no socket, database, keyring or window: those are ports (`ports`).

mod accounts;
mod arrivals;
mod asked;
mod bank_days;
mod bills;
mod callers;
mod cash;
mod cash_day;
pub mod choosing;
mod close;
mod close_steps;
mod connectors;
mod doctor;
mod driver;
mod fees;
mod health;
mod notices;
mod older_copy;
mod opening;
mod pages;
mod pay;
mod payout_book;
mod payout_decisions;
mod peer_keys;
mod planted;
pub mod ports;
mod readers;
mod reads;
mod receipts;
mod refunds;
mod resolver;
pub mod rhythm;
mod settle;
pub mod shop;
mod statements;
mod takings;
mod worklist;

pub use accounts::{AccountChange, Draft, KeyStep, is_this_machine};
pub use arrivals::DayArrival;
pub use asked::PartOf;
pub use bank_days::{BANK_DAYS_MAX, BankDays, BankDaysFault};
pub use bills::{
    BILL_DAYS_MAX, BillRun, FailedBill, FlowPreview, LookedAt, Preview, ReadSoFar, channel_day,
};
pub use callers::{
    CALLER, CALLER_LABEL_MAX, CALLER_SECRET, CALLERS_MAX, CALLS_PER_MINUTE_MAX, Caller,
    CallerFault, INTERFACE_PORT, Interface, InterfaceChange, NewCaller, Right,
};
pub use cash::{CASH_MAX_MINOR, DrawerAct, TakeCash};
pub use cash_day::{CashDay, CashDrawer};
pub use close::{
    AccountDay, Bridge, Carried, DayBankLine, DayPart, DayPayout, DayRecord, DayRuling, DayState,
    DayTerm, FlowDay, Hindrance,
};
pub use connectors::{channel, channel_of_code, channels, has_bills, meaning};
pub use doctor::{Line, LineName, LineState, Subject};
pub use fees::FeeReview;
pub use health::{Health, SKEW_LIMIT_MS};
pub use notices::{Delivered, Delivery, NoticeFault};
pub use pages::OpenPage;
pub use pay::{Charge, Repeat, ShowCode};
pub use paydesk_bank::{
    AmountColumns, DateOrder, Reason as StatementReason, SheetRows, StatementFault, Table,
    Template, first_rows,
};
pub use paydesk_channels::{
    BillFault, CardReader, Field, FieldCheck, FieldKind, FieldNote, FieldProblem, Page, Profile,
};
pub use paydesk_recon::{FeeFinding, payouts};
pub use paydesk_reports as reports;
pub use paydesk_reports::{Receipt, barcode};
pub use paydesk_signing::{Encoding, Inspected, KeyError, KeyForm, Secret};
pub use payout_book::{Owed, PayoutBook};
pub use payout_decisions::{DecidedPart, PayoutDecision, PayoutRuling};
pub use readers::{ReaderFault, UseReader, reader_of};
pub use refunds::{REASONS, RefundAsk};
pub use statements::{
    LineVerdict, LookedStatement, Reading, SavedTemplate, StatementPreview, movements,
};
pub use takings::InTransit;
pub use worklist::{Candidate, Ruling, TOGETHER_MAX, WRITE_OFF_MAX, Weighed};

use paydesk_channels::Channel;
use paydesk_domain::{
    AccountId, Blocked, BusinessDay, ChannelId, Money, MoneyError, NotNow, OrderNumber,
    ShopCalendar, Timestamp,
};
use ports::{
    Actor, Clock, Custody, CustodyError, EventKind, Ids, Network, NewEvent, Store, StoreError,
    Tasks, Vault,
};
use shop::{Account, Shop};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};
use tokio::sync::{Notify, broadcast};

/// The outside, as the desk sees it.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Changing what the vault keeps.
    pub custody: Arc<dyn Custody>,
    /// Randomness.
    pub ids: Arc<dyn Ids>,
    /// The network.
    pub network: Arc<dyn Network>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Work that goes on.
    pub tasks: Arc<dyn Tasks>,
    /// Keys.
    pub vault: Arc<dyn Vault>,
}

/// Told to whoever listens; they ask again for what they show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// An order moved.
    Order {
        /// Which.
        number: OrderNumber,
        /// To which version.
        version: u64,
    },
    /// Something of the whole changed: settings, health, counts.
    Status,
}

/// Why a use case could not be done. Money did not move by it, unless a doubt is on record.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DeskError {
    /// An account of this channel with these numbers is there already.
    #[error("an account with these numbers is there already")]
    AccountExists,
    /// Something keeps the day open.
    #[error("the day cannot be signed: {0:?}")]
    DayOpen(Hindrance),
    /// The day is signed.
    #[error("the day is signed")]
    DayLocked,
    /// A field of an account cannot be used.
    #[error("field {field} cannot be used: {problem}")]
    AccountField {
        /// The channel's own name of it.
        field: String,
        /// Key of the text that says why.
        problem: &'static str,
    },
    /// Payments or refunds of the account are not known yet.
    #[error("{0} payments or refunds of the account are not known yet")]
    AccountInDoubt(usize),
    /// There is no such account.
    #[error("no such account")]
    AccountNotFound,
    /// Less cash was handed over than is owed.
    #[error("{0} is missing")]
    CashShort(Money),
    /// More is taken out of the drawer than should be in it.
    #[error("only {0} should be in the drawer")]
    DrawerShort(Money),
    /// The float was not counted, or the drawer was counted at the end already.
    #[error("the float was not counted")]
    FloatNotOpen,
    /// The float was counted already.
    #[error("the float was counted already")]
    FloatOpen,
    /// Nobody is named who works at the till.
    #[error("nobody is named who works at the till")]
    OperatorRequired,
    /// The domain says no.
    #[error("{0}")]
    Blocked(#[from] Blocked),
    /// A bill's file cannot be read.
    #[error("{0}")]
    Bill(#[from] BillFault),
    /// The channel could not give the bill now.
    #[error("the channel could not give the bill now: {0}")]
    BillBusy(String),
    /// The day is before the shop was registered at the channel.
    #[error("the channel has no bill for this day: the shop was not registered yet")]
    BillTooEarly,
    /// The channel has no bill for that day: nothing was traded.
    #[error("the channel has no bill for this day: nothing was traded")]
    BillEmpty,
    /// The channel has not made the bill yet.
    #[error("the channel has not made this bill yet")]
    BillNotYet,
    /// A person asked to read no further.
    #[error("reading the bill was stopped")]
    BillStopped,
    /// The channel refused to give the bill.
    #[error("the channel refused the bill: {0}")]
    BillRefused(String),
    /// The bill could not be fetched: no answer, or none that could be believed.
    #[error("the bill could not be fetched")]
    BillUnreachable,
    /// The previewed bill is no longer at hand.
    #[error("this preview is gone; open the bill again")]
    PreviewGone,
    /// A fund-flow bill names no merchant, and several accounts may be meant.
    #[error("the fund-flow bill names no merchant, and several accounts may be meant")]
    FlowAccount,
    /// A key of other software.
    #[error("{0}")]
    Caller(#[from] CallerFault),
    /// No account for this channel.
    #[error("channel {0} is not connected")]
    ChannelNotConnected(String),
    /// The channel takes no payment in this currency.
    #[error("{channel} takes no {currency}")]
    CurrencyNotTaken {
        /// The channel.
        channel: String,
        /// The code of the currency.
        currency: &'static str,
    },
    /// The clock is too far off for this channel.
    #[error("the clock of this computer differs by {0} ms from the channel's")]
    ClockWrong(i64),
    /// The same payment code within five minutes.
    #[error("this payment code was used already")]
    CodeUsed,
    /// The vault says no.
    #[error("{0}")]
    Custody(#[from] CustodyError),
    /// A live account with another gateway, or a sandbox account with the live one.
    #[error("this gateway is not for this kind of account")]
    GatewayNotAllowed,
    /// The same intent asked for something else before.
    #[error("this intent opened {0} with another wish")]
    IntentReused(OrderNumber),
    /// The keys cannot be used now.
    #[error("the keys are locked")]
    KeysLocked,
    /// An amount that cannot be.
    #[error("{0}")]
    Money(#[from] MoneyError),
    /// Outside what the channel takes.
    #[error("the channel takes at most {max_minor} minor units in one payment")]
    TooLarge {
        /// The most it takes.
        max_minor: i64,
    },
    /// A channel's notice.
    #[error("{0}")]
    Notice(#[from] NoticeFault),
    /// A card reader of the shop.
    #[error("{0}")]
    Reader(#[from] ReaderFault),
    /// Not in this state.
    #[error("{0}")]
    NotNow(#[from] NotNow),
    /// The account cannot make the channel's page: the field that is in the way.
    #[error("the channel's page cannot be made: {0}")]
    PageNotMade(String),
    /// The shop is not set up.
    #[error("the shop is not set up")]
    NotSetUp,
    /// The folder is an older copy that was put back.
    #[error("the folder is an older copy: it is read only until its open payments are asked about")]
    OlderCopy,
    /// Only in a folder with real accounts.
    #[error("only in a folder with real accounts")]
    RealOnly,
    /// No such order.
    #[error("no such order")]
    OrderNotFound,
    /// A reason is required.
    #[error("a reason is required")]
    ReasonRequired,
    /// The same amount again: ask once, showing the earlier order.
    #[error("the same amount was charged a moment ago")]
    Repeat(Box<Repeat>),
    /// A table of bank days cannot be used.
    #[error("{0}")]
    BankDays(#[from] BankDaysFault),
    /// A bank statement cannot be read, or contradicts itself.
    #[error("{0}")]
    Statement(#[from] StatementFault),
    /// Nobody says whose statement it is.
    #[error("the file names no account, and nobody said whose it is")]
    StatementAccount,
    /// The movement or a day is not there to be decided about.
    #[error("this movement or one of these days is not there to be decided about")]
    PayoutGone,
    /// The store says no.
    #[error("{0}")]
    Store(StoreError),
    /// No columns are saved under this name.
    #[error("no columns of a bank's table are saved under this name")]
    TemplateNotFound(String),
    /// A text beyond its limit.
    #[error("text longer than {0} characters")]
    TextTooLong(usize),
    /// A code of no known form.
    #[error("not a payment code")]
    UnknownCode,
}

impl From<StoreError> for DeskError {
    fn from(error: StoreError) -> DeskError {
        match error {
            StoreError::Blocked(blocked) => DeskError::Blocked(blocked),
            StoreError::Locked => DeskError::KeysLocked,
            StoreError::DayLocked => DeskError::DayLocked,
            StoreError::Busy
            | StoreError::Corrupt(_)
            | StoreError::Full
            | StoreError::Io(_)
            | StoreError::NewerSchema { .. }
            | StoreError::Stale => DeskError::Store(error),
        }
    }
}

/// How many of the latest moves a slow listener may fall behind before it is told to look at everything.
const TOLD_BACKLOG: usize = 1024;

/// The desk of one data folder.
pub struct Desk {
    ports: Ports,
    shop: RwLock<Option<Shop>>,
    operator: RwLock<Option<String>>,
    health: Mutex<BTreeMap<ChannelId, Health>>,
    /// What must be asked about before an older copy that was put back may work again.
    older_copy: RwLock<Option<older_copy::OlderCopy>>,
    /// The database does not say any more what was written into it.
    is_damaged: AtomicBool,
    /// One change of the settings at a time, another process's among them.
    settings: tokio::sync::Mutex<()>,
    /// Whose answers an unknown key signed.
    peer_keys: Mutex<BTreeMap<AccountId, peer_keys::Need>>,
    /// The bills that were looked at lately and may be imported.
    previews: Mutex<bills::Previews>,
    /// The fund-flow bills that were looked at lately and may be imported.
    flow_previews: Mutex<bills::FlowPreviews>,
    /// The bank statements that were looked at lately and may be imported.
    statement_previews: Mutex<statements::StatementPreviews>,
    /// The run through missing bills that is under way, or the last one.
    bill_run: Mutex<Option<BillRun>>,
    reading: Arc<bills::Reading>,
    told: broadcast::Sender<Told>,
    wake: Notify,
    /// The latest moment that anything here may have been planned from, in UTC milliseconds.
    latest: AtomicI64,
}

impl Desk {
    /// A desk over its ports, with the settings the store holds.
    ///
    /// # Errors
    /// The store's.
    pub async fn open(ports: Ports) -> Result<Arc<Desk>, DeskError> {
        let shop = match ports.store.settings().await? {
            Some(document) => Some(serde_json::from_value::<Shop>(document).map_err(|e| {
                DeskError::Store(StoreError::Corrupt(format!(
                    "the settings cannot be read: {e}"
                )))
            })?),
            None => None,
        };
        let operator = shop.as_ref().and_then(|s| s.operator.clone());
        let (told, _) = broadcast::channel(TOLD_BACKLOG);
        Ok(Arc::new(Desk {
            ports,
            shop: RwLock::new(shop),
            operator: RwLock::new(operator),
            health: Mutex::new(BTreeMap::new()),
            older_copy: RwLock::new(None),
            is_damaged: AtomicBool::new(false),
            settings: tokio::sync::Mutex::new(()),
            peer_keys: Mutex::new(BTreeMap::new()),
            previews: Mutex::default(),
            flow_previews: Mutex::default(),
            statement_previews: Mutex::default(),
            bill_run: Mutex::new(None),
            reading: Arc::default(),
            told,
            wake: Notify::new(),
            latest: AtomicI64::new(i64::MIN),
        }))
    }

    /// Listens to what moves.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Told> {
        self.told.subscribe()
    }

    /// The settings; `None` before the first run.
    #[must_use]
    pub fn shop(&self) -> Option<Shop> {
        self.shop.read().ok().and_then(|shop| shop.clone())
    }

    /// Who is working.
    #[must_use]
    pub fn operator(&self) -> Option<String> {
        self.operator.read().ok().and_then(|o| o.clone())
    }

    /// The name that stands on every event from now on, in this process.
    pub fn act_as(&self, name: &str) {
        if let Ok(mut operator) = self.operator.write() {
            *operator = Some(name.to_owned());
        }
    }

    /// An event of the shop itself, which belongs to no order.
    fn shop_event(
        &self,
        kind: EventKind,
        actor: Actor,
        body: serde_json::Value,
    ) -> Result<NewEvent, DeskError> {
        let now = self.now();
        Ok(NewEvent {
            kind,
            order: None,
            subject: None,
            actor,
            at: now,
            day: self.day_of(now)?,
            body,
            evidence: None,
        })
    }

    /// Puts on record that a file leaves the program, `orders` or another kind; before it gets its name.
    ///
    /// # Errors
    /// `Store(Locked)` without the keys: then nothing may leave.
    pub async fn record_export(
        &self,
        what: &str,
        body: serde_json::Value,
    ) -> Result<(), DeskError> {
        let kind = match what {
            "orders" => EventKind::OrdersExported,
            _ => EventKind::FileExported,
        };
        let event = self.shop_event(kind, self.actor(), body)?;
        Ok(self.ports.store.append(vec![event]).await?)
    }

    /// Replaces the settings; the log keeps the whole document.
    ///
    /// # Errors
    /// The store's.
    pub async fn change_shop(&self, shop: Shop) -> Result<(), DeskError> {
        let now = self.now();
        let day = shop.calendar().ok_or(DeskError::NotSetUp)?.day_of(now);
        let after = serde_json::to_value(&shop).map_err(|e| {
            DeskError::Store(StoreError::Corrupt(format!(
                "the settings cannot be written: {e}"
            )))
        })?;
        let event = NewEvent {
            kind: EventKind::SettingsChanged,
            order: None,
            subject: None,
            actor: self.actor(),
            at: now,
            day,
            body: serde_json::json!({ "after": { "settings": after } }),
            evidence: None,
        };
        let _one_at_a_time = self.settings.lock().await;
        self.ports.store.append(vec![event]).await?;
        if let Ok(mut current) = self.shop.write() {
            *current = Some(shop);
        }
        self.tell_status();
        Ok(())
    }

    /// Takes over what another process on the folder changed: settings, accounts and their keys.
    pub(crate) async fn take_over_settings(&self) -> Result<(), DeskError> {
        let _one_at_a_time = self.settings.lock().await;
        let (Some(before), Some(document)) = (self.shop(), self.ports.store.settings().await?)
        else {
            return Ok(());
        };
        let Ok(shop) = serde_json::from_value::<Shop>(document) else {
            return Ok(());
        };
        if shop == before {
            return Ok(());
        }
        let keys_changed = shop.accounts != before.accounts || shop.interface != before.interface;
        if keys_changed && !self.ports.vault.is_locked() {
            self.ports.custody.refresh().await?;
        }
        if let Ok(mut current) = self.shop.write() {
            *current = Some(shop);
        }
        Ok(())
    }

    /// Now, by the injected clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = self.ports.clock.now();
        self.latest.fetch_max(now.0, Ordering::Relaxed);
        now
    }

    /// A random number, for what no two copies of a folder may choose alike.
    pub(crate) fn draw(&self) -> u32 {
        let [a, b, c, d, ..] = self.ports.ids.nonce();
        u32::from_le_bytes([a, b, c, d])
    }

    /// The ports, for reads that need no rule.
    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    pub(crate) fn need_shop(&self) -> Result<Shop, DeskError> {
        self.shop().ok_or(DeskError::NotSetUp)
    }

    /// The business day of a moment.
    ///
    /// # Errors
    /// `NotSetUp` before the first run.
    pub fn day_of(&self, at: Timestamp) -> Result<BusinessDay, DeskError> {
        self.calendar().map(|calendar| calendar.day_of(at))
    }

    fn calendar(&self) -> Result<ShopCalendar, DeskError> {
        self.need_shop()?.calendar().ok_or(DeskError::NotSetUp)
    }

    /// The account and connector of an attempt.
    pub(crate) fn route(
        &self,
        payment: &paydesk_domain::Payment,
    ) -> Result<(Account, &'static dyn Channel), DeskError> {
        let shop = self.need_shop()?;
        let id = &payment.plan().account;
        let missing = || DeskError::ChannelNotConnected(payment.plan().channel.0.clone());
        let account = shop.account(id).cloned().ok_or_else(missing)?;
        let channel = paydesk_channels::by_id(&account.channel.0).ok_or_else(missing)?;
        Ok((account, channel))
    }

    pub(crate) fn tell_order(&self, number: &OrderNumber, version: u64) {
        // Nobody listening is fine: the next look reads the store.
        drop(self.told.send(Told::Order {
            number: number.clone(),
            version,
        }));
        self.tell_status();
    }

    /// Whether somebody found the database damaged since the start.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Acquire)
    }

    /// Somebody looked through the whole database; every screen shows what was found.
    pub fn note_damage(&self, found: bool) {
        if self.is_damaged.swap(found, Ordering::AcqRel) != found {
            self.tell_status();
        }
    }

    /// Tells whoever listens to look at the shop's status again.
    pub fn tell_status(&self) {
        drop(self.told.send(Told::Status));
    }
}

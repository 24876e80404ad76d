//! The other side of the wire: Alipay, WeChat Pay, UnionPay, Stripe and BTCPay Server on loopback, with customers,
//! money and faults.
//!
//! It verifies what tills sign, signs what it answers, and keeps a ledger that survives being
//! killed. It uses other libraries than the product for every signature and seal, and must never
//! import a connector, bind another address than loopback, or accept a key from outside.

mod alipay;
mod bills;
mod btcpay;
mod chance;
mod clock;
mod control;
mod customers;
mod exchange;
mod faults;
mod files;
mod json;
mod keys;
mod ledger;
mod notices;
mod offline;
mod pages;
mod passage;
mod past;
mod server;
mod stripe;
mod truth;
mod unionpay;
pub mod verification;
mod wechatpay;
mod world;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use bills::{PlantAsked, PlantCode, PlantRefused, Planted};
pub use btcpay::{WalletAct, WalletScreen};
pub use clock::{Clock, Moment, SystemClock};
pub use control::{
    DayEnded, LedgerView, NOW_HEADER, PhoneAct, PhoneScreen, Registered, Rotated, Rotation,
    TOKEN_HEADER,
};
pub use customers::{Behaviour, CUSTOMERS, Customer, Expected, behaviour_of, sample_code};
pub use faults::{BILL_FAULTS, FAULTS, Fault, FaultKind, NamedAnswer, Scope, Strike};
pub use keys::{
    AlipayCertificateCredentials, AlipayCredentials, BtcpayCredentials, KeysError,
    MerchantCredentials, StripeCredentials, UnionpayCredentials, WechatpayCredentials,
};
pub use ledger::{
    ActionEnd, Awaits, Balances, Channel, Charge, CoinMethod, CoinPayment, CoinPayout, CoinState,
    Currency, Decline, EndedBy, Fen, Invoice, InvoiceExtra, InvoiceMethod, InvoiceStatus,
    InvoiceTerms, JournalError, Kind, Origin, PayoutState, Plan, PullPayment, Rate, ReaderAction,
    Refund, RefundCause, RefundState, Rhythm, SpeedPolicy, State, StripeAttempt, StripeLocation,
    StripeMethod, StripeReader, StripeRefund, StripeSession, StripeTerms, Trade, TradeKey,
    UnionpayTerms,
};
pub use notices::DueNotice;
pub use offline::{Delivered, Offline, OfflineKeys, Pending, WireAnswer, WireCall};
pub use stripe::{ReaderAct, ReaderScreen};
pub use truth::{Movement, MovementKind, TrueCoins, TrueTrade, Truth};
pub use world::Logged;

use chance::Chance;
use control::Control;
use keys::Keys;
use ledger::Ledger;
use world::World;

const KEYS: &str = "keys.json";
const LEDGER: &str = "ledger.jsonl";
const LOCK: &str = "sandbox.lock";
const CARD: &str = "sandbox.json";

/// What a sandbox is started with.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Keys, ledger and the address card lie here; one process serves it at a time.
    pub folder: PathBuf,
    /// The port on loopback; 0 takes any.
    pub port: u16,
    /// How long customers take.
    pub rhythm: Rhythm,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Names the stream of fault draws.
    pub seed: u64,
}

impl SandboxConfig {
    /// A sandbox with the machine's clock and the usual rhythm.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, port: u16) -> Self {
        Self {
            folder: folder.into(),
            port,
            rhythm: Rhythm::default(),
            clock: Arc::new(SystemClock),
            seed: 0,
        }
    }
}

/// Why a sandbox does not run.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The disk refused.
    #[error("{path}: {source}")]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// The disk's own words.
        source: io::Error,
    },
    /// Another process serves this folder.
    #[error("the sandbox folder {folder} is served by another process")]
    FolderLocked {
        /// The folder.
        folder: PathBuf,
    },
    /// The ledger cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// There are no keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Loopback refused for another reason than the port.
    #[error("loopback port {port}: {source}")]
    Network {
        /// The port asked for.
        port: u16,
        /// The system's own words.
        source: io::Error,
    },
    /// A text is no price of a bitcoin.
    #[error("{0} is no rate")]
    NoRate(String),
    /// No payment fits a difference that was to be planted.
    #[error(transparent)]
    Plant(#[from] PlantRefused),
    /// Another program listens there.
    #[error("loopback port {port} is in use")]
    PortInUse {
        /// The port asked for.
        port: u16,
    },
}

impl SandboxError {
    fn disk(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Disk {
            path: path.to_owned(),
            source,
        }
    }
}

impl MerchantCredentials {
    /// Reads what the sandbox of this folder issued, whoever serves it.
    ///
    /// # Errors
    /// When the folder has no keys yet, or they cannot be read.
    pub fn read(folder: &Path) -> Result<Self, SandboxError> {
        let path = folder.join(KEYS);
        if !path.exists() {
            let missing = io::Error::from(io::ErrorKind::NotFound);
            return Err(SandboxError::disk(&path)(missing));
        }
        Ok(Keys::open(&path)?.merchant)
    }
}

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    world: Arc<World>,
    control: Arc<Control>,
    card: PathBuf,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    notices: JoinHandle<()>,
    /// Held as long as the folder is served; the system releases it with the process.
    _lock: File,
}

/// Starts a sandbox: locks the folder, makes or reads keys, lives through the ledger, listens.
///
/// # Errors
/// Another process serves the folder, the port is taken, or the disk refuses.
pub async fn start(config: SandboxConfig) -> Result<Sandbox, SandboxError> {
    let folder = config.folder.clone();
    fs::create_dir_all(&folder).map_err(SandboxError::disk(&folder))?;
    let lock = lock(&folder)?;
    let listener = listen(config.port).await?;
    let address = listener
        .local_addr()
        .map_err(|source| SandboxError::Network {
            port: config.port,
            source,
        })?;
    let rhythm = config.rhythm;
    let (keys_path, ledger_path) = (folder.join(KEYS), folder.join(LEDGER));
    let opened = tokio::task::spawn_blocking(move || {
        let keys = Keys::open(&keys_path)?;
        let ledger = Ledger::open(&ledger_path, rhythm)?;
        Ok::<_, SandboxError>((keys, ledger))
    });
    let (keys, ledger) = opened
        .await
        .map_err(|error| SandboxError::disk(&folder)(io::Error::other(error)))??;
    let world = Arc::new(World::new(
        keys,
        config.clock,
        ledger,
        rhythm,
        config.seed,
        Some(address.port()),
        Chance::system(),
    ));
    let control = Arc::new(Control::new(
        world.clone(),
        world.chance.letters(32),
        address.port(),
    ));
    let card = folder.join(CARD);
    let content = json!({
        "port": address.port(),
        "control_token": control.token(),
        "pid": std::process::id(),
    });
    files::replace(&card, content.to_string().as_bytes()).map_err(SandboxError::disk(&card))?;
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(server::serve(
        listener,
        world.clone(),
        control.clone(),
        stopped.clone(),
    ));
    let notices = tokio::spawn(notices::deliver(world.clone(), stopped));
    Ok(Sandbox {
        address,
        world,
        control,
        card,
        stop,
        task,
        notices,
        _lock: lock,
    })
}

fn lock(folder: &Path) -> Result<File, SandboxError> {
    let path = folder.join(LOCK);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = files::private(&mut options)
        .open(&path)
        .map_err(SandboxError::disk(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SandboxError::FolderLocked {
            folder: folder.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(SandboxError::Disk { path, source }),
    }
}

async fn listen(port: u16) -> Result<TcpListener, SandboxError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|source| {
            if source.kind() == io::ErrorKind::AddrInUse {
                SandboxError::PortInUse { port }
            } else {
                SandboxError::Network { port, source }
            }
        })
}

impl Sandbox {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the merchant was issued.
    #[must_use]
    pub fn merchant(&self) -> &MerchantCredentials {
        &self.world.keys.merchant
    }

    /// The value of `X-Sandbox-Token`.
    #[must_use]
    pub fn control_token(&self) -> &str {
        self.control.token()
    }

    /// Every trade and balance, after everything that was due.
    ///
    /// # Errors
    /// When the ledger's disk refuses.
    pub fn ledger(&self) -> Result<LedgerView, SandboxError> {
        Ok(self.control.ledger()?)
    }

    /// The same as an auditor reads it: every movement of money, as plain data.
    ///
    /// # Errors
    /// When the ledger's disk refuses.
    pub fn truth(&self) -> Result<Truth, SandboxError> {
        Ok(truth::tell(&self.world)?)
    }

    /// Calls after this place in the log.
    #[must_use]
    pub fn requests(&self, since: u64) -> Vec<Logged> {
        self.control.requests(since)
    }

    /// Answers the next call that it concerns with this code, signed and without any effect.
    pub fn say_next(&self, answer: NamedAnswer) {
        self.control.say_next(answer);
    }

    /// Who stands at a reader of Stripe, the one that was issued with the keys, and whether Stripe reaches it.
    ///
    /// # Errors
    /// When the ledger's disk refuses.
    pub fn set_reader(
        &self,
        is_online: bool,
        customer: Option<Behaviour>,
    ) -> Result<(), SandboxError> {
        self.control
            .set_reader(None, Some(is_online), Some(customer))?;
        Ok(())
    }

    /// The customer at a reader of Stripe does something; without a number, at the one that was issued with the keys.
    ///
    /// # Errors
    /// When the ledger's disk refuses.
    pub fn serve_at_reader(
        &self,
        reader: Option<&str>,
        act: ReaderAct,
    ) -> Result<Option<ReaderScreen>, SandboxError> {
        Ok(self.control.serve_at_reader(reader, act)?)
    }

    /// How refunds that a channel takes in from now on will end.
    pub fn end_refunds_as(&self, channel: Channel, state: RefundState) {
        self.world.end_refunds_as(Some(channel), state);
    }

    /// Where Stripe tells its events: an address of this machine, or nowhere.
    ///
    /// # Errors
    /// When the ledger's disk refuses.
    pub fn set_stripe_endpoint(&self, url: Option<&str>) -> Result<(), SandboxError> {
        Ok(self.control.set_endpoint(url.map(str::to_owned))?)
    }

    /// Switches a fault on.
    pub fn set_fault(&self, fault: Fault) {
        self.control.set_fault(fault);
    }

    /// Switches a fault off.
    pub fn clear_fault(&self, kind: FaultKind) {
        self.control.clear_fault(kind);
    }

    /// Switches every fault off.
    pub fn reset_faults(&self) {
        self.control.reset_faults(None);
    }

    /// UnionPay's notices go this much late from now on; `None` keeps them back.
    pub fn set_notice_delay(&self, delay_ms: Option<i64>) {
        self.control.set_notice_delay(delay_ms);
    }

    /// The customer's phone.
    ///
    /// # Errors
    /// When the ledger's disk refuses.
    pub fn phone(&self, qr: &str, act: PhoneAct) -> Result<PhoneScreen, SandboxError> {
        Ok(self.control.phone(qr, act)?)
    }

    /// The customer's wallet, at BTCPay Server: sends coins, replaces them, claims refunds.
    ///
    /// # Errors
    /// When the ledger's disk refuses.
    pub fn wallet(&self, qr: &str, act: WalletAct) -> Result<WalletScreen, SandboxError> {
        Ok(btcpay::wallet(&self.world, qr, act)?)
    }

    /// The sandbox's time: the machine's, moved by ended days, or played.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.world.now().wall_ms
    }

    /// Treats every call as arriving at this time, until another is set; `None` gives the time
    /// back to the clock. Not kept over a restart. Nothing is waited for meanwhile.
    pub fn set_time(&self, wall_ms: Option<i64>) {
        self.world.play(wall_ms);
    }

    /// Ends the sandbox's day, so that its bills become available.
    ///
    /// # Errors
    /// When the ledger's disk refuses.
    pub fn end_day(&self) -> Result<DayEnded, SandboxError> {
        Ok(self.control.end_day()?)
    }

    /// Plants differences between bills and truth: all of them, or none.
    ///
    /// # Errors
    /// Nothing fits a wish, or the ledger's disk refuses.
    pub fn plant(&self, asked: &[PlantAsked]) -> Result<Vec<Planted>, SandboxError> {
        self.control.plant(asked)
    }

    /// Everything that was ever planted here.
    ///
    /// # Errors
    /// When the ledger's disk refuses.
    pub fn planted(&self) -> Result<Vec<Planted>, SandboxError> {
        Ok(self.control.planted()?)
    }

    /// Sets the contract's rate, in millionths, for trades created from now on.
    ///
    /// # Errors
    /// When the ledger's disk refuses.
    pub fn set_fee_rate(&self, channel: Channel, millionths: u32) -> Result<(), SandboxError> {
        Ok(self.control.set_fee_rate(channel, millionths)?)
    }

    /// Makes a second platform certificate or public key of WeChat Pay; the old one stays valid.
    ///
    /// # Errors
    /// When the key cannot be made or kept.
    pub fn rotate(&self, what: Rotation) -> Result<Rotated, SandboxError> {
        Ok(self.world.keys.rotate(what)?)
    }

    /// Registers a public key of the merchant, as a merchant does in a channel's console.
    ///
    /// # Errors
    /// When it is none, or cannot be kept.
    pub fn register(&self, channel: Channel, public_key: &str) -> Result<Registered, SandboxError> {
        Ok(self.world.keys.register(channel, public_key)?)
    }

    /// Stops listening, closes every connection and gives the folder free.
    pub async fn stop(self) {
        if self.stop.send(true).is_err() {
            tracing::debug!("the sandbox had stopped already");
        }
        for task in [self.task, self.notices] {
            if let Err(error) = task.await {
                tracing::warn!(%error, "the sandbox ended badly");
            }
        }
        if let Err(error) = fs::remove_file(&self.card) {
            tracing::debug!(%error, "the sandbox's card was gone");
        }
    }
}

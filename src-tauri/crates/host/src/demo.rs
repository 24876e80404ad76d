//! The demo's sandbox: started by whoever opens the folder first, shared with everybody else on it.
//! Spoken to through its control interface only, whether it runs in this process or in another.

use crate::{
    demo_accounts, history,
    network::{HttpNetwork, Reach, SandboxAddress, client},
    pages::{self, Browser},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_console::{
    NewFile, ShownPage, Surroundings,
    contract::{
        Act, CardAct, CommandError, CustomerCode, CustomerView, DemoStatementOf, ErrorCode,
        FaultView, MoneyView, PhoneScreen, ReaderScreen, SampleCode, SandboxStatus,
    },
    refused, refused_with,
};
use paydesk_desk::{
    Page, Ports,
    ports::{BoxFuture, Scope},
    shop::{Account, Shop},
};
use paydesk_domain::{Currency, Money};
use paydesk_sandbox::{MerchantCredentials, Sandbox, SandboxConfig, SandboxError};
use paydesk_vault::{FolderKeys, VaultError};
use rand::RngCore;
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::Mutex;

/// The coin of the demo's wallets, as the sandbox names it.
const BITCOIN: &str = "BTC";
const SATS_PER_COIN: i64 = 100_000_000;

/// The sandbox is on this machine: slower than this means it is gone.
const CONTROL_DEADLINE: Duration = Duration::from_secs(5);

/// Why the demo's sandbox cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// It cannot be started.
    #[error("{0}")]
    Sandbox(#[from] SandboxError),
    /// Another process runs it, but it does not say where.
    #[error("the sandbox of this folder is held by another process that does not answer")]
    Unreachable,
    /// Its test keys cannot be kept.
    #[error("{0}")]
    Vault(#[from] VaultError),
}

/// Where the control interface is, and its token.
#[derive(Clone)]
struct Control {
    address: SocketAddr,
    token: String,
}

/// The demo of one folder.
pub(crate) struct Demo {
    folder: PathBuf,
    keys: Arc<FolderKeys>,
    address: SandboxAddress,
    network: Arc<HttpNetwork>,
    /// What the desk works with: the shop's past is played with the same, at another time.
    ports: Ports,
    browser: Option<Browser>,
    running: Mutex<Option<Sandbox>>,
    client: reqwest::Client,
}

/// Serves the sandbox of a folder for other processes.
///
/// # Errors
/// The sandbox's: port in use, folder locked.
pub async fn serve_sandbox(folder: &Path, port: u16) -> Result<Sandbox, DemoError> {
    let folder = sandbox_folder(folder);
    Ok(paydesk_sandbox::start(SandboxConfig::new(folder, port)).await?)
}

fn sandbox_folder(folder: &Path) -> PathBuf {
    folder.join("sandbox")
}

impl Demo {
    pub(crate) fn new(
        folder: PathBuf,
        keys: Arc<FolderKeys>,
        address: SandboxAddress,
        network: Arc<HttpNetwork>,
        ports: Ports,
        browser: Option<Browser>,
    ) -> Result<Demo, reqwest::Error> {
        Ok(Demo {
            folder,
            keys,
            address,
            network,
            ports,
            browser,
            running: Mutex::new(None),
            client: client(false)?,
        })
    }

    /// Starts the sandbox, or finds the one that runs on this folder.
    async fn ensure(&self) -> Result<Control, DemoError> {
        let mut running = self.running.lock().await;
        if let Some(sandbox) = running.as_ref() {
            return Ok(Control {
                address: sandbox.address(),
                token: sandbox.control_token().to_owned(),
            });
        }
        let control = match serve_sandbox(&self.folder, 0).await {
            Ok(sandbox) => {
                let control = Control {
                    address: sandbox.address(),
                    token: sandbox.control_token().to_owned(),
                };
                *running = Some(sandbox);
                control
            }
            Err(DemoError::Sandbox(SandboxError::FolderLocked { .. })) => self.find().await?,
            Err(error) => return Err(error),
        };
        if let Ok(mut address) = self.address.write() {
            *address = Some(control.address);
        }
        Ok(control)
    }

    /// Makes sure that the channels can be reached.
    pub(crate) async fn start(&self) -> Result<(), DemoError> {
        self.ensure().await.map(drop)
    }

    /// The other process writes where it listens; it may still be starting.
    #[allow(
        clippy::disallowed_methods,
        reason = "waits for another process on this machine"
    )]
    async fn find(&self) -> Result<Control, DemoError> {
        let note = sandbox_folder(&self.folder).join("sandbox.json");
        for _ in 0..50 {
            if let Some(control) = std::fs::read(&note)
                .ok()
                .and_then(|bytes| control_of(&bytes))
                && tokio::net::TcpStream::connect(control.address)
                    .await
                    .is_ok()
            {
                return Ok(control);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(DemoError::Unreachable)
    }

    pub(crate) async fn stop(&self) {
        if let Some(sandbox) = self.running.lock().await.take() {
            sandbox.stop().await;
        }
    }

    async fn control(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, CommandError> {
        let gone = |what: String| {
            tracing::warn!(what, "the sandbox does not answer");
            refused(ErrorCode::SandboxGone)
        };
        let control = self.ensure().await.map_err(|e| gone(e.to_string()))?;
        let url = format!("http://{}/_sandbox/{path}", control.address);
        let mut request = self
            .client
            .request(method, url)
            .timeout(CONTROL_DEADLINE)
            .header("X-Sandbox-Token", control.token);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let response = request
            .send()
            .await
            .map_err(|e| gone(e.without_url().to_string()))?;
        let status = response.status();
        let bytes = response
            .bytes()
            .await
            .map_err(|e| gone(e.without_url().to_string()))?;
        let value: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(value);
        }
        let what = value
            .get("error")
            .and_then(Value::as_str)
            .unwrap_or("refused")
            .to_owned();
        Err(refused_with(ErrorCode::InvalidArguments, &[("what", what)]))
    }

    /// The sandbox's ledger, for tests and auditors.
    pub(crate) async fn ledger(&self) -> Result<Value, CommandError> {
        self.control(reqwest::Method::GET, "ledger", None).await
    }

    async fn connect(&self) -> Result<Vec<Account>, DemoError> {
        self.ensure().await?;
        let credentials = MerchantCredentials::read(&sandbox_folder(&self.folder))?;
        let vault = self.keys.vault().ok_or(VaultError::NotOpen)?;
        let now = self.ports.clock.now();
        let mut accounts = Vec::new();
        for (account, keys) in demo_accounts::issued(&credentials) {
            vault.keep(&account.id, &keys, now)?;
            accounts.push(account);
        }
        Ok(accounts)
    }
}

/// Satoshi as the coin that they are parts of.
fn bitcoins(sats: i64) -> String {
    let (whole, parts) = (sats / SATS_PER_COIN, sats % SATS_PER_COIN);
    format!("{whole}.{parts:08} {BITCOIN}")
}

fn control_of(note: &[u8]) -> Option<Control> {
    let note: Value = serde_json::from_slice(note).ok()?;
    let port = u16::try_from(note.get("port")?.as_u64()?).ok()?;
    let token = note.get("control_token")?.as_str()?.to_owned();
    Some(Control {
        address: SocketAddr::from(([127, 0, 0, 1], port)),
        token,
    })
}

impl Surroundings for Demo {
    fn connect_demo(&self) -> BoxFuture<'_, Result<Vec<Account>, CommandError>> {
        Box::pin(async move {
            self.connect().await.map_err(|error| {
                tracing::error!(%error, "the demo could not be connected");
                refused(ErrorCode::SandboxGone)
            })
        })
    }

    fn became_real(&self) -> Result<(), CommandError> {
        self.network.set_reach(Reach::Accounts).map_err(|error| {
            tracing::error!(%error, "the network cannot be set up");
            refused(ErrorCode::Internal)
        })
    }

    fn sandbox_status(&self) -> BoxFuture<'_, Result<SandboxStatus, CommandError>> {
        Box::pin(async move {
            let address = self
                .ensure()
                .await
                .map_err(|_| refused(ErrorCode::SandboxGone))?
                .address;
            let faults = self.control(reqwest::Method::GET, "faults", None).await?;
            let faults = faults
                .get("faults")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            let faults = faults
                .iter()
                .map(|fault| FaultView {
                    name: text(fault, "name"),
                    on: fault.get("on").and_then(Value::as_bool).unwrap_or(false),
                })
                .collect();
            let time = self.control(reqwest::Method::GET, "time", None).await?;
            Ok(SandboxStatus {
                address: address.to_string(),
                faults,
                customers: customers(),
                day: text(&time, "day"),
            })
        })
    }

    fn set_fault<'a>(&'a self, name: &'a str, on: bool) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            if name == "all" {
                self.control(reqwest::Method::DELETE, "faults", None)
                    .await?;
                return Ok(());
            }
            self.control(
                reqwest::Method::POST,
                "faults",
                Some(json!({ "name": name, "on": on })),
            )
            .await?;
            Ok(())
        })
    }

    fn play_past(&self, shop: Shop, days: u8) -> BoxFuture<'_, Result<(), CommandError>> {
        Box::pin(async move {
            let gone = |error: String| {
                tracing::error!(error, "the demo's past could not be played");
                refused(ErrorCode::SandboxGone)
            };
            let control = self.ensure().await.map_err(|e| gone(e.to_string()))?;
            let currency = shop.currency;
            let yesterday = history::play(self.ports.clone(), control.token, shop, days)
                .await
                .map_err(|e| gone(e.to_string()))?;
            if currency != Currency::CNY {
                return Ok(());
            }
            for reserve in history::reserves(yesterday, days) {
                self.control(reqwest::Method::POST, "reserve", Some(reserve))
                    .await?;
            }
            let plants = history::plants(yesterday);
            self.control(reqwest::Method::POST, "plant", Some(plants))
                .await?;
            Ok(())
        })
    }

    fn end_day(&self) -> BoxFuture<'_, Result<(), CommandError>> {
        Box::pin(async move {
            self.control(reqwest::Method::POST, "day/end", None).await?;
            Ok(())
        })
    }

    fn phone<'a>(
        &'a self,
        qr: &'a str,
        act: Act,
    ) -> BoxFuture<'a, Result<PhoneScreen, CommandError>> {
        Box::pin(async move {
            let act = match act {
                Act::Claim => "claim",
                Act::Decline => "decline",
                Act::Pay => "pay",
                Act::PayDouble => "pay_double",
                Act::PayHalf => "pay_half",
                Act::Scan => "scan",
            };
            let screen = self
                .control(
                    reqwest::Method::POST,
                    "phone",
                    Some(json!({ "qr": qr, "act": act })),
                )
                .await?;
            let amount = screen.get("amount").and_then(Value::as_i64);
            let code = text(&screen, "currency");
            let currency = Currency::from_code(&code).unwrap_or(Currency::CNY);
            let is_coins = code == BITCOIN;
            Ok(PhoneScreen {
                state: text(&screen, "state"),
                payee: screen
                    .get("payee")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                amount: amount
                    .filter(|_| !is_coins)
                    .map(|minor| MoneyView::from(Money::from_minor(minor, currency))),
                coins: amount.filter(|_| is_coins).map(bitcoins),
            })
        })
    }

    fn card_reader<'a>(
        &'a self,
        reader: Option<&'a str>,
        act: CardAct,
    ) -> BoxFuture<'a, Result<ReaderScreen, CommandError>> {
        Box::pin(async move {
            let act = match act {
                CardAct::Decline => "decline",
                CardAct::Leave => "leave",
                CardAct::Look => "look",
                CardAct::SwitchOff => "switch_off",
                CardAct::SwitchOn => "switch_on",
                CardAct::Tap => "tap",
            };
            let body = json!({ "reader": reader, "act": act });
            let screen = self
                .control(reqwest::Method::POST, "stripe/card", Some(body))
                .await?;
            let amount = screen.get("amount").and_then(Value::as_i64);
            let currency = Currency::from_code(&text(&screen, "currency"));
            Ok(ReaderScreen {
                name: text(&screen, "label"),
                state: text(&screen, "state"),
                amount: amount
                    .zip(currency)
                    .map(|(minor, currency)| Money::from_minor(minor, currency).into()),
            })
        })
    }

    fn show_page<'a>(
        &'a self,
        order: &'a str,
        page: &'a Page,
        scope: Scope,
    ) -> BoxFuture<'a, Result<ShownPage, CommandError>> {
        Box::pin(async move {
            let url = self.network.address(&page.url, &scope);
            let url = url.ok_or_else(|| refused(ErrorCode::GatewayNotAllowed))?;
            let page = Page {
                url,
                fields: page.fields.clone(),
            };
            let now = self.ports.clock.now();
            let file = pages::write(&self.folder, order, &page, now).map_err(|error| {
                tracing::error!(%error, "the page of a payment could not be written");
                refused(ErrorCode::DiskFull)
            })?;
            let opened = self.browser.as_ref().is_some_and(|browser| {
                let started = browser(&file);
                if let Err(error) = &started {
                    tracing::warn!(%error, "no browser could be started");
                }
                started.is_ok()
            });
            Ok(ShownPage {
                file: file.display().to_string(),
                opened,
            })
        })
    }

    fn bank_statement<'a>(
        &'a self,
        asked: &'a DemoStatementOf,
    ) -> BoxFuture<'a, Result<(String, Vec<u8>), CommandError>> {
        Box::pin(async move {
            let body = json!({ "form": asked.form, "from": asked.from, "to": asked.to });
            let written = self
                .control(reqwest::Method::POST, "bank/statement", Some(body))
                .await?;
            let bytes = STANDARD.decode(text(&written, "file"));
            let bytes = bytes.map_err(|_| refused(ErrorCode::SandboxGone))?;
            Ok((text(&written, "name"), bytes))
        })
    }

    fn sample_codes(&self) -> BoxFuture<'_, Result<Vec<SampleCode>, CommandError>> {
        Box::pin(async move {
            let customers = customers();
            let codes = customers.into_iter().flat_map(|customer| {
                let CustomerView { digits, key, codes } = customer;
                codes.into_iter().map(move |shown| SampleCode {
                    channel: shown.channel,
                    digits: digits.clone(),
                    key: key.clone(),
                    code: shown.code,
                    svg: String::new(),
                })
            });
            Ok(codes.collect())
        })
    }

    fn save(&self, name: &str, bytes: &[u8]) -> Result<String, CommandError> {
        let folder = self.folder.join("receipts");
        let path = folder.join(name);
        let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, bytes));
        written.map_err(|error| {
            tracing::error!(%error, "a file could not be saved");
            refused(ErrorCode::DiskFull)
        })?;
        Ok(path.display().to_string())
    }

    fn begin_file(&self, file: &Path, replace: bool) -> std::io::Result<Box<dyn NewFile>> {
        crate::new_file::begin(file, replace)
    }

    fn font(&self, fits: &dyn Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
        crate::fonts::find(fits)
    }

    fn time_zone(&self) -> String {
        let zone = jiff::tz::TimeZone::system();
        zone.iana_name().unwrap_or("Asia/Shanghai").to_owned()
    }

    fn version(&self) -> &'static str {
        crate::VERSION
    }
}

/// The sandbox's table with fresh codes: a payment code is single use.
fn customers() -> Vec<CustomerView> {
    paydesk_sandbox::CUSTOMERS
        .iter()
        .map(|customer| CustomerView {
            digits: customer.digits.to_owned(),
            key: customer.key.to_owned(),
            codes: paydesk_sandbox::Channel::ALL
                .into_iter()
                .filter(|channel| takes_codes(channel.id()))
                .map(|channel| {
                    let random = rand::rngs::OsRng.next_u64();
                    CustomerCode {
                        channel: channel.id().to_owned(),
                        code: paydesk_sandbox::sample_code(channel, customer.behaviour, random),
                    }
                })
                .collect(),
        })
        .collect()
}

/// Whether payers of the channel show codes that a shop scans.
fn takes_codes(channel: &str) -> bool {
    let connector = paydesk_channels::by_id(channel);
    connector.is_some_and(|it| !it.profile().codes.is_empty())
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

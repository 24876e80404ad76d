//! The control interface: faults, customers, the customer's phone, the ledger and the log.
//!
//! For whoever holds the folder's token, on loopback, outside of a web page. It must never reveal
//! a key, and never speak a channel's wire.

mod books;
mod phone;
mod stripe;

use std::sync::Arc;

use rand::RngCore;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub use books::{DayEnded, NOW_HEADER, TOKEN_HEADER};
pub use phone::{PhoneAct, PhoneScreen};

use crate::btcpay::{self, WalletAct};
use crate::customers::{CUSTOMERS, sample_code};
use crate::exchange::{Call, Reply};
use crate::faults::{BILL_FAULTS, FAULTS, Fault, FaultKind, NamedAnswer};
pub use crate::keys::{Registered, Rotated, Rotation};
use crate::ledger::{
    Balances, Channel, CoinPayout, Currency, Delivery, Fen, Invoice, JournalError, Notice,
    RefundState, Trade,
};
use crate::world::{Logged, World};

/// Everything that is true about money.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerView {
    /// Every trade, oldest first.
    pub trades: Vec<Trade>,
    /// Every invoice of BTCPay Server, oldest first.
    pub invoices: Vec<Invoice>,
    /// Every claim on money back there, oldest first.
    pub payouts: Vec<CoinPayout>,
    /// Where each channel's money is.
    pub balances: Vec<Balances>,
}

/// The control interface, over HTTP and in the process.
#[derive(Debug)]
pub(crate) struct Control {
    world: Arc<World>,
    token: String,
    port: u16,
}

/// Why a control call is refused: HTTP status and words.
struct Refused(u16, String);

impl From<JournalError> for Refused {
    fn from(error: JournalError) -> Self {
        Self(500, error.to_string())
    }
}

impl Refused {
    fn reply(self) -> Reply {
        reply(self.0, &json!({ "error": self.1 }))
    }
}

fn reply(status: u16, value: &Value) -> Reply {
    Reply {
        status,
        headers: vec![
            ("content-type", "application/json; charset=utf-8".to_owned()),
            ("cache-control", "no-store".to_owned()),
        ],
        body: value.to_string().into_bytes(),
    }
}

impl Control {
    pub(crate) fn new(world: Arc<World>, token: String, port: u16) -> Self {
        Self { world, token, port }
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Every trade and balance, after everything that was due.
    pub(crate) fn ledger(&self) -> Result<LedgerView, JournalError> {
        let ledger = self.world.ledger()?;
        Ok(LedgerView {
            trades: ledger.trades().cloned().collect(),
            invoices: ledger.coins().invoices().cloned().collect(),
            payouts: ledger.coins().payouts().cloned().collect(),
            balances: ledger.all_balances(),
        })
    }

    pub(crate) fn requests(&self, since: u64) -> Vec<Logged> {
        self.world.logged_since(since)
    }

    pub(crate) fn set_fault(&self, fault: Fault) {
        self.world.faults().switch_on(fault);
    }

    pub(crate) fn say_next(&self, answer: NamedAnswer) {
        self.world.faults().say_next(answer);
    }

    pub(crate) fn clear_fault(&self, kind: FaultKind) {
        self.world.faults().switch_off(kind);
    }

    pub(crate) fn reset_faults(&self, seed: Option<u64>) {
        self.world.faults().reset(seed);
        self.world.end_refunds_as(None, RefundState::Success);
        self.world.set_notice_delay(Some(0));
    }

    /// Notices of UnionPay and events of BTCPay Server go this much late from now on; `None` keeps them back.
    pub(crate) fn set_notice_delay(&self, delay_ms: Option<i64>) {
        self.world.set_notice_delay(delay_ms);
    }

    fn notices(&self) -> Result<Value, Refused> {
        let ledger = self.world.ledger()?;
        let notices: Vec<&Notice> = ledger.notices().collect();
        let deliveries: Vec<&Delivery> = ledger.coins().deliveries().collect();
        Ok(json!({ "notices": notices, "deliveries": deliveries }))
    }

    fn delay_notices(&self, asked: &NoticesAsked) -> Result<Value, Refused> {
        if asked.delay_ms.is_some_and(|delay_ms| delay_ms < 0) {
            return Err(Refused(400, "delay_ms is negative".to_owned()));
        }
        self.set_notice_delay(asked.delay_ms);
        Ok(json!({ "delay_ms": asked.delay_ms }))
    }

    pub(crate) fn phone(&self, qr: &str, act: PhoneAct) -> Result<PhoneScreen, JournalError> {
        phone::act(&self.world, qr, act)
    }

    /// One call over HTTP.
    pub(crate) fn answer(&self, call: &Call) -> Reply {
        match self.admit(call).and_then(|()| self.route(call)) {
            Ok(value) => reply(200, &value),
            Err(refused) => refused.reply(),
        }
    }

    /// A web page that reaches loopback has an Origin or another name in Host; a program has not.
    fn admit(&self, call: &Call) -> Result<(), Refused> {
        let own = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{}", self.port));
        let host = call.header("host").unwrap_or_default();
        if !own.iter().any(|known| known == host) {
            return Err(Refused(403, "host is not loopback".to_owned()));
        }
        let origin = call.header("origin");
        if origin.is_some_and(|origin| origin != format!("http://{host}")) {
            return Err(Refused(403, "foreign origin".to_owned()));
        }
        // Digests of equal length leave nothing to time.
        let given = Sha256::digest(call.header(TOKEN_HEADER).unwrap_or_default());
        if given != Sha256::digest(&self.token) {
            return Err(Refused(401, "wrong or missing X-Sandbox-Token".to_owned()));
        }
        Ok(())
    }

    fn route(&self, call: &Call) -> Result<Value, Refused> {
        let path = call.path.strip_prefix("/_sandbox/").unwrap_or_default();
        match (call.method.as_str(), path) {
            ("POST", "answer") => {
                let named: NamedAnswer = read(call)?;
                if !(200..600).contains(&named.status) {
                    return Err(Refused(400, "status is none of an answer".to_owned()));
                }
                self.say_next(named.clone());
                written(&named)
            }
            ("POST", "bank/statement") => self.bank_statement(&read(call)?),
            ("POST", "coin-rate") => self.set_coin_rate(&read(call)?),
            ("GET", "codes") => self.sample_codes(),
            ("POST", "day/end") => written(&self.end_day()?),
            ("GET", "customers") => Ok(json!({ "customers": CUSTOMERS })),
            ("DELETE", "faults") => {
                self.reset_faults(None);
                Ok(self.fault_view())
            }
            ("GET", "faults") => Ok(self.fault_view()),
            ("POST", "faults") => self.switch(read(call)?),
            ("PUT", "faults") => self.replace_faults(read(call)?),
            ("GET", "ledger") => written(&self.ledger()?),
            ("POST", "merchant-key") => self.register(&read(call)?),
            ("POST", "merchant") => self.withdraw(&read(call)?),
            ("POST", "phone") => {
                let asked: PhoneAsked = read(call)?;
                written(&self.phone(&asked.qr, asked.act)?)
            }
            ("POST", "refunds") => {
                let asked: RefundsAsked = read(call)?;
                self.world.end_refunds_as(asked.channel, asked.ends_as);
                Ok(json!({ "ends_as": asked.ends_as }))
            }
            ("GET", "notices") => self.notices(),
            ("POST", "notices") => self.delay_notices(&read(call)?),
            ("GET", "plant") => Ok(json!({ "planted": self.planted()? })),
            ("POST", "plant") => self.plant_asked(&read(call)?),
            ("GET", "rates") => self.rates(),
            ("POST", "rates") => self.change_rate(&read(call)?),
            ("POST", "reserve") => self.reserve(&read(call)?),
            ("POST", "rotate") => self.rotate(&read(call)?),
            ("POST", path) if path.starts_with("stripe/") => self.stripe(path, call),
            ("GET", "truth") => written(&crate::truth::tell(&self.world)?),
            ("GET", "time") => Ok(self.time()),
            ("POST", "time") => self.set_time(call),
            ("GET", "requests") => Ok(json!({ "requests": self.requests(since(call)?) })),
            ("GET", "state") => self.state(),
            ("POST", "wallet") => {
                let asked: WalletAsked = read(call)?;
                written(&btcpay::wallet(&self.world, &asked.qr, asked.act)?)
            }
            _ => Err(Refused(404, "no such control".to_owned())),
        }
    }

    fn state(&self) -> Result<Value, Refused> {
        let now = self.world.now();
        let ledger = self.world.ledger()?;
        let merchant = &self.world.keys.merchant;
        Ok(json!({
            "wall_ms": now.wall_ms,
            "monotonic_ns": now.monotonic_ns,
            "trades": ledger.trade_count(),
            "balances": ledger.all_balances(),
            "alipay_app_id": merchant.alipay.app_id,
            "alipay_certificate_app_id": merchant.alipay_certificate.app_id,
            "wechatpay_appid": merchant.wechatpay.appid,
            "wechatpay_mchid": merchant.wechatpay.mchid,
            "unionpay_mer_id": merchant.unionpay.mer_id,
            "btcpay_store_id": merchant.btcpay.store_id,
            "stripe_account": merchant.stripe.account,
            "stripe_reader": merchant.stripe.reader,
        }))
    }

    /// A fresh code of every customer at every channel: codes are for single use.
    fn sample_codes(&self) -> Result<Value, Refused> {
        let codes: Vec<Value> = CUSTOMERS
            .iter()
            .map(|customer| {
                let random = || self.world.chance.with(RngCore::next_u64);
                let code = |channel| sample_code(channel, customer.behaviour, random());
                json!({
                    "key": customer.key,
                    "digits": customer.digits,
                    "alipay": code(Channel::Alipay),
                    "wechatpay": code(Channel::Wechatpay),
                    "unionpay": code(Channel::Unionpay),
                })
            })
            .collect();
        Ok(json!({ "codes": codes }))
    }

    fn fault_view(&self) -> Value {
        let faults = self.world.faults();
        let row = |kind: &FaultKind| {
            let on = faults.on().iter().find(|fault| fault.kind == *kind);
            json!({
                "name": kind,
                "on": on.is_some(),
                "scope": on.map(|fault| fault.scope),
                "channel": on.and_then(|fault| fault.channel),
                "percent": on.map(|fault| fault.percent),
                "remaining": on.and_then(|fault| fault.remaining),
            })
        };
        let rows = |kinds: &[FaultKind]| -> Vec<Value> { kinds.iter().map(row).collect() };
        json!({
            "faults": rows(FAULTS),
            "bill_faults": rows(BILL_FAULTS),
            "on": faults.on(),
            "old_qr_pays": faults.old_qr_pays,
        })
    }

    fn switch(&self, asked: SwitchAsked) -> Result<Value, Refused> {
        match asked {
            SwitchAsked::OldQr { old_qr_pays } => self.world.faults().old_qr_pays = old_qr_pays,
            SwitchAsked::Fault { on, fault } => {
                if fault.percent > 100 {
                    return Err(Refused(400, "percent is above 100".to_owned()));
                }
                if on {
                    self.set_fault(fault);
                } else {
                    self.clear_fault(fault.kind);
                }
            }
        }
        Ok(self.fault_view())
    }

    fn replace_faults(&self, asked: FaultsAsked) -> Result<Value, Refused> {
        if asked.faults.iter().any(|fault| fault.percent > 100) {
            return Err(Refused(400, "percent is above 100".to_owned()));
        }
        {
            let mut faults = self.world.faults();
            faults.reset(asked.seed);
            faults.old_qr_pays = asked.old_qr_pays;
            for fault in asked.faults {
                faults.switch_on(fault);
            }
        }
        Ok(self.fault_view())
    }

    fn reserve(&self, asked: &ReserveAsked) -> Result<Value, Refused> {
        let now_ms = self.world.now().wall_ms;
        let at_ms = asked.at_ms.unwrap_or(now_ms);
        if at_ms > now_ms {
            return Err(Refused(400, "at_ms is in the future".to_owned()));
        }
        let mut ledger = self.world.ledger()?;
        if !ledger.reserve(asked.channel, asked.currency, asked.reserve_fen, at_ms)? {
            return Err(Refused(
                409,
                "neither the balance nor what is held back is so much".to_owned(),
            ));
        }
        written(&ledger.balances(asked.channel, asked.currency))
    }

    fn withdraw(&self, asked: &WithdrawAsked) -> Result<Value, Refused> {
        let now_ms = self.world.now().wall_ms;
        let mut ledger = self.world.ledger()?;
        if !ledger.withdraw(asked.channel, asked.currency, asked.withdraw_fen, now_ms)? {
            return Err(Refused(
                409,
                "the merchant's balance does not hold it".to_owned(),
            ));
        }
        written(&ledger.balances(asked.channel, asked.currency))
    }
}

#[derive(Debug, Deserialize)]
struct PhoneAsked {
    qr: String,
    act: PhoneAct,
}

#[derive(Debug, Deserialize)]
struct WalletAsked {
    qr: String,
    act: WalletAct,
}

#[derive(Debug, Deserialize)]
struct RefundsAsked {
    /// Without it all channels.
    channel: Option<Channel>,
    ends_as: RefundState,
}

#[derive(Debug, Deserialize)]
struct NoticesAsked {
    /// `null` keeps them back.
    delay_ms: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct WithdrawAsked {
    channel: Channel,
    #[serde(default)]
    currency: Currency,
    withdraw_fen: Fen,
}

#[derive(Debug, Deserialize)]
struct ReserveAsked {
    channel: Channel,
    #[serde(default)]
    currency: Currency,
    /// Held back, or released as a negative sum.
    reserve_fen: Fen,
    at_ms: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum SwitchAsked {
    OldQr {
        old_qr_pays: bool,
    },
    Fault {
        on: bool,
        #[serde(flatten)]
        fault: Fault,
    },
}

#[derive(Debug, Deserialize)]
struct FaultsAsked {
    faults: Vec<Fault>,
    #[serde(default)]
    seed: Option<u64>,
    #[serde(default)]
    old_qr_pays: bool,
}

fn read<T: for<'a> Deserialize<'a>>(call: &Call) -> Result<T, Refused> {
    serde_json::from_slice(&call.body).map_err(|error| Refused(400, error.to_string()))
}

fn written<T: Serialize>(value: &T) -> Result<Value, Refused> {
    serde_json::to_value(value).map_err(|error| Refused(500, error.to_string()))
}

fn since(call: &Call) -> Result<u64, Refused> {
    match call
        .query
        .split('&')
        .find_map(|pair| pair.strip_prefix("since="))
    {
        None => Ok(0),
        Some(text) => text
            .parse()
            .map_err(|_| Refused(400, "since is no number".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_reads_with_its_defaults_and_with_its_old_name() {
        let read = |text: &str| serde_json::from_str::<SwitchAsked>(text).expect(text);
        let SwitchAsked::Fault { on, fault } = read(r#"{"name":"delay_45s","on":true}"#) else {
            panic!("a fault")
        };
        assert!(on);
        assert_eq!(fault, Fault::always(FaultKind::Delay));
        assert!(serde_json::from_str::<SwitchAsked>(r#"{"name":"nonsense","on":true}"#).is_err());
    }
}

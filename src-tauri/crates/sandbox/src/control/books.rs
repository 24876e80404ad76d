//! What the control does to days, bills and keys: plants, ended days, rates, played times.
//!
//! It must never reveal a private key.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Control, Refused, read, written};
use crate::SandboxError;
use crate::bills::{self, BankForm, Payee, PlantAsked, Planted};
use crate::clock::{day_of, day_text, read_day, rfc3339_time};
use crate::exchange::{Call, Reply};
use crate::keys::{KeysError, Rotation};
use crate::ledger::{Channel, CoinFact, Currency, JournalError, Rate};

/// The header that names the time at which a call is to be treated as arriving: RFC 3339, or
/// milliseconds since 1970. It needs [`TOKEN_HEADER`] beside it.
pub const NOW_HEADER: &str = "x-sandbox-now";
/// The header that carries the folder's token.
pub const TOKEN_HEADER: &str = "x-sandbox-token";

/// The highest rate that a contract can have, one hundred percent.
const RATE_MAX: u32 = 1_000_000;

/// The sandbox after a day was ended.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct DayEnded {
    /// The day whose bills are available now, `2026-11-21`.
    pub ended: String,
    /// The sandbox's day from now on.
    pub today: String,
    /// The sandbox's time.
    pub now_ms: i64,
    /// How far it runs ahead of the machine's clock.
    pub offset_ms: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct PlantsAsked {
    plants: Vec<PlantAsked>,
}

#[derive(Debug, Deserialize)]
pub(super) struct StatementAsked {
    form: String,
    from: Option<String>,
    to: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RateAsked {
    channel: Channel,
    rate_millionths: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct CoinRateAsked {
    currency: Currency,
    /// `null` where nobody knows any more.
    rate: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RegisterAsked {
    channel: Channel,
    public_key: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct RotateAsked {
    what: Rotation,
}

#[derive(Debug, Deserialize)]
pub(super) struct TimeAsked {
    now: Option<Value>,
}

impl From<SandboxError> for Refused {
    fn from(error: SandboxError) -> Self {
        let status = if matches!(error, SandboxError::Plant(_)) {
            409
        } else {
            500
        };
        Self(status, error.to_string())
    }
}

impl Control {
    /// The time that a call is to be treated as arriving at. Without the token nobody may say.
    pub(crate) fn played_at(&self, call: &Call) -> Result<Option<i64>, Reply> {
        let Some(text) = call.header(NOW_HEADER) else {
            return Ok(None);
        };
        let read = self.admit(call).and_then(|()| read_time(text));
        read.map(Some).map_err(Refused::reply)
    }

    pub(crate) fn end_day(&self) -> Result<DayEnded, JournalError> {
        let ended = self.world.end_day()?;
        let now_ms = self.world.now().wall_ms;
        Ok(DayEnded {
            ended: day_text(ended),
            today: day_text(day_of(now_ms)),
            now_ms,
            offset_ms: self.world.ledger()?.offset_ms(),
        })
    }

    pub(crate) fn plant(&self, asked: &[PlantAsked]) -> Result<Vec<Planted>, SandboxError> {
        let today = day_of(self.world.now().wall_ms);
        let mut ledger = self.world.ledger()?;
        let sown = bills::sow(&ledger, asked, today)?;
        let plants: Vec<_> = sown.iter().map(|sown| sown.plant.clone()).collect();
        ledger.plant(sown)?;
        Ok(bills::told(&ledger, &plants))
    }

    pub(crate) fn planted(&self) -> Result<Vec<Planted>, JournalError> {
        let ledger = self.world.ledger()?;
        Ok(bills::told(&ledger, ledger.plants()))
    }

    pub(crate) fn set_fee_rate(&self, channel: Channel, rate: u32) -> Result<(), JournalError> {
        let now_ms = self.world.now().wall_ms;
        self.world.ledger()?.set_fee_rate(channel, rate, now_ms)
    }

    pub(super) fn plant_asked(&self, asked: &PlantsAsked) -> Result<Value, Refused> {
        Ok(json!({ "planted": self.plant(&asked.plants)? }))
    }

    /// A statement of the merchant's bank, until the sandbox's yesterday where no day is named.
    pub(super) fn bank_statement(&self, asked: &StatementAsked) -> Result<Value, Refused> {
        let form = match asked.form.as_str() {
            "camt053" => BankForm::Camt053,
            "csv" => BankForm::Csv,
            other => return Err(Refused(400, format!("no bank writes {other}"))),
        };
        let day = |text: &Option<String>| {
            let wrong = |text: &str| Refused(400, format!("{text} is no day"));
            let read = |text: &String| read_day(text).ok_or_else(|| wrong(text));
            text.as_ref().map(read).transpose()
        };
        let yesterday = day_of(self.world.now().wall_ms).saturating_sub(1);
        let days = (day(&asked.from)?, day(&asked.to)?.unwrap_or(yesterday));
        let merchant = &self.world.keys.merchant;
        let payee = Payee {
            alipay: &merchant.alipay.seller_id,
            unionpay: &merchant.unionpay.mer_id,
            wechatpay: &merchant.wechatpay.mchid,
        };
        let ledger = self.world.ledger()?;
        let (name, file) = bills::bank_statement(&ledger, payee, form, days)
            .ok_or_else(|| Refused(404, "nothing was paid in these days".to_owned()))?;
        Ok(json!({ "name": name, "file": STANDARD.encode(file) }))
    }

    pub(super) fn rates(&self) -> Result<Value, Refused> {
        let ledger = self.world.ledger()?;
        let rate = |channel| ledger.fee_rate(channel);
        Ok(json!({
            "alipay": rate(Channel::Alipay),
            "wechatpay": rate(Channel::Wechatpay),
            "unionpay": rate(Channel::Unionpay),
            "stripe": rate(Channel::Stripe),
        }))
    }

    pub(super) fn change_rate(&self, asked: &RateAsked) -> Result<Value, Refused> {
        if asked.rate_millionths > RATE_MAX {
            return Err(Refused(400, "rate_millionths is above 1000000".to_owned()));
        }
        self.set_fee_rate(asked.channel, asked.rate_millionths)?;
        self.rates()
    }

    /// What a bitcoin costs from now on.
    pub(super) fn set_coin_rate(&self, asked: &CoinRateAsked) -> Result<Value, Refused> {
        let rate = asked
            .rate
            .as_deref()
            .map(|text| Rate::read(text).ok_or_else(|| Refused(400, format!("{text} is no rate"))));
        let rate = rate.transpose()?;
        self.coin_rate(asked.currency, rate)?;
        Ok(json!({ "currency": asked.currency, "rate": rate.map(Rate::write) }))
    }

    pub(crate) fn coin_rate(
        &self,
        currency: Currency,
        rate: Option<Rate>,
    ) -> Result<(), JournalError> {
        let fact = CoinFact::Rate { currency, rate };
        self.world.ledger()?.keep_coins(vec![fact])
    }

    pub(super) fn rotate(&self, asked: &RotateAsked) -> Result<Value, Refused> {
        let rotated = self.world.keys.rotate(asked.what);
        written(&rotated.map_err(SandboxError::from)?)
    }

    pub(super) fn register(&self, asked: &RegisterAsked) -> Result<Value, Refused> {
        match self.world.keys.register(asked.channel, &asked.public_key) {
            Ok(registered) => written(&registered),
            Err(KeysError::Encoding(reason)) => Err(Refused(400, reason)),
            Err(error) => Err(SandboxError::from(error).into()),
        }
    }

    pub(super) fn time(&self) -> Value {
        let now_ms = self.world.now().wall_ms;
        json!({
            "now_ms": now_ms,
            "now": rfc3339_time(now_ms),
            "day": day_text(day_of(now_ms)),
            "machine_ms": self.world.machine_now().wall_ms,
            "is_played": self.world.played_ms().is_some(),
        })
    }

    pub(super) fn set_time(&self, call: &Call) -> Result<Value, Refused> {
        let asked: TimeAsked = read(call)?;
        let at_ms = match asked.now {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(read_time(&text)?),
            Some(other) => Some(read_time(&other.to_string())?),
        };
        self.world.play(at_ms);
        Ok(self.time())
    }
}

/// RFC 3339 with an offset, or whole milliseconds since 1970.
fn read_time(text: &str) -> Result<i64, Refused> {
    let read = text
        .parse()
        .ok()
        .or_else(|| crate::clock::read_rfc3339_time(text));
    read.filter(|at_ms| (0..=253_402_300_799_999).contains(at_ms))
        .ok_or_else(|| Refused(400, format!("{text} is neither RFC 3339 nor milliseconds")))
}

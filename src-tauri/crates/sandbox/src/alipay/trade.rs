//! Charging, asking and ending at Alipay: pay, precreate, query, cancel, close.
//!
//! Rules of the wire over the ledger's facts; it must never move money except through the ledger.

use serde::Deserialize;

use super::answer::{Refusal, success};
use super::{Outcome, invalid, key, not_found, read};
use crate::clock::{alipay_time, read_alipay_time};
use crate::exchange::Carriage;
use crate::json::{Object, Solidus};
use crate::ledger::{
    Channel, CodeRefusal, CodeStart, Currency, EndedBy, Fen, Kind, Ledger, NewRefund, NewTrade,
    Origin, RefundCause, RefundState, State, Trade,
};
use crate::world::{World, carriage_of};

const MINUTE_MS: i64 = 60_000;
/// Default for payments face to face.
const PAY_LIFE_MS: i64 = 180 * MINUTE_MS;
/// Validity of a QR.
const QR_LIFE_MS: i64 = 120 * MINUTE_MS;

#[derive(Debug, Deserialize)]
struct NewPayment {
    out_trade_no: Option<String>,
    scene: Option<String>,
    auth_code: Option<String>,
    subject: Option<String>,
    total_amount: Option<String>,
    timeout_express: Option<String>,
    qr_code_timeout_express: Option<String>,
    time_expire: Option<String>,
    store_id: Option<String>,
    operator_id: Option<String>,
    terminal_id: Option<String>,
}

impl NewPayment {
    /// Texts that come back on the bill; blank is absent.
    fn origin(&self) -> Origin {
        let told = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Origin {
            store_id: told(&self.store_id),
            operator_id: told(&self.operator_id),
            terminal_id: told(&self.terminal_id),
        }
    }
}

/// What a new trade must say, checked.
struct Asked {
    out_trade_no: String,
    subject: String,
    total: Fen,
    expires_ms: i64,
}

fn check_new(new: &NewPayment, now_ms: i64, life_ms: i64) -> Result<Asked, Refusal> {
    let out_trade_no = new.out_trade_no.as_deref().unwrap_or_default();
    let is_number = (1..=64).contains(&out_trade_no.len())
        && out_trade_no
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if !is_number {
        return Err(invalid("out_trade_no"));
    }
    let subject = new.subject.as_deref().unwrap_or_default();
    let is_subject =
        (1..=256).contains(&subject.chars().count()) && !subject.contains(['/', '=', '&']);
    if !is_subject {
        return Err(invalid("subject").of_trade(out_trade_no));
    }
    let total = new
        .total_amount
        .as_deref()
        .and_then(Fen::read_yuan)
        .filter(|total| *total > Fen::ZERO && *total <= Fen::TRADE_MAX)
        .ok_or_else(|| invalid("total_amount").of_trade(out_trade_no))?;
    let expires_ms = expiry(new, now_ms, life_ms)?;
    if expires_ms <= now_ms {
        let refusal = Refusal::business("ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR", "超过支付时间");
        return Err(refusal.of_trade(out_trade_no));
    }
    Ok(Asked {
        out_trade_no: out_trade_no.to_owned(),
        subject: subject.to_owned(),
        total,
        expires_ms,
    })
}

/// `time_expire` wins over the relative forms.
fn expiry(new: &NewPayment, now_ms: i64, life_ms: i64) -> Result<i64, Refusal> {
    if let Some(text) = new.time_expire.as_deref() {
        let short = format!("{text}:00");
        return read_alipay_time(text)
            .or_else(|| read_alipay_time(&short))
            .ok_or_else(|| invalid("time_expire"));
    }
    let relative = new
        .qr_code_timeout_express
        .as_deref()
        .or(new.timeout_express.as_deref());
    let life_ms = match relative {
        Some(text) => read_timeout(text, now_ms).ok_or_else(|| invalid("timeout_express"))?,
        None => life_ms,
    };
    Ok(now_ms.saturating_add(life_ms))
}

/// `1m` to `15d`, or `1c` for the end of the day.
fn read_timeout(text: &str, now_ms: i64) -> Option<i64> {
    const DAY_MS: i64 = 1440 * MINUTE_MS;
    if text == "1c" {
        let into_day_ms = now_ms.saturating_add(480 * MINUTE_MS).rem_euclid(DAY_MS);
        return DAY_MS.checked_sub(into_day_ms);
    }
    let count = text.get(..text.len().checked_sub(1)?)?;
    if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let unit_ms = match text.as_bytes().last()? {
        b'm' => MINUTE_MS,
        b'h' => 60 * MINUTE_MS,
        b'd' => DAY_MS,
        _ => return None,
    };
    let life_ms = count.parse::<i64>().ok()?.checked_mul(unit_ms)?;
    (MINUTE_MS..=15 * DAY_MS)
        .contains(&life_ms)
        .then_some(life_ms)
}

/// Whether a number that exists may be used again, and for what.
fn check_repeat(trade: &Trade, asked: &Asked) -> Result<(), Refusal> {
    let number = &trade.key.out_trade_no;
    if trade.total != asked.total || trade.subject != asked.subject {
        let refusal = Refusal::business("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改");
        return Err(refusal.of_trade(number));
    }
    match trade.state {
        State::Paid if trade.refunded() < trade.charged() => {
            Err(Refusal::business("ACQ.TRADE_HAS_SUCCESS", "交易已被支付").of_trade(number))
        }
        State::Paid | State::Ended(_) => {
            Err(Refusal::business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭").of_trade(number))
        }
        State::Waiting => Ok(()),
    }
}

/// `alipay.trade.pay`.
pub(super) fn pay(world: &World, content: &str) -> Outcome {
    let new: NewPayment = read(content)?;
    let now_ms = world.now().wall_ms;
    let asked = check_new(&new, now_ms, PAY_LIFE_MS)?;
    let number = asked.out_trade_no.clone();
    if new
        .scene
        .as_deref()
        .is_some_and(|scene| scene != "bar_code")
    {
        return Err(invalid("scene").of_trade(&number));
    }
    let origin = new.origin();
    let code = new.auth_code.unwrap_or_default();
    let mut ledger = world.ledger()?;
    let key = key(&number);
    if let Some(trade) = ledger.find(&key) {
        check_repeat(trade, &asked)?;
        if trade.kind == Kind::Qr {
            let refusal = Refusal::business("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改");
            return Err(refusal.of_trade(&number));
        }
        // The same scan once more, while the payer is at it: nothing new happens.
        if trade.code == code {
            return Ok((pay_content(trade)?, Carriage::Prompt));
        }
    }
    if !is_payment_code(&code) {
        return Err(code_invalid().of_trade(&number));
    }
    let started = ledger.charge_code(
        NewTrade {
            key: key.clone(),
            kind: Kind::Code,
            currency: Currency::CNY,
            total: asked.total,
            subject: asked.subject,
            attach: None,
            origin,
            code,
            expires_ms: asked.expires_ms,
            unionpay: None,
            stripe: None,
        },
        now_ms,
    )?;
    match started {
        CodeStart::CodeRefused(CodeRefusal::Expired | CodeRefusal::Used) => {
            Err(code_invalid().of_trade(&number))
        }
        CodeStart::NoBalance => {
            Err(Refusal::business("ACQ.BUYER_BALANCE_NOT_ENOUGH", "买家余额不足").of_trade(&number))
        }
        CodeStart::Paid | CodeStart::Waiting => {
            let trade = ledger.find(&key).ok_or_else(Refusal::system)?;
            Ok((pay_content(trade)?, carriage_of(trade)))
        }
    }
}

/// 16 to 24 digits that begin with 25 to 30.
fn is_payment_code(code: &str) -> bool {
    let prefix = code.get(..2).and_then(|prefix| prefix.parse::<u8>().ok());
    (16..=24).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_digit())
        && prefix.is_some_and(|prefix| (25..=30).contains(&prefix))
}

fn code_invalid() -> Refusal {
    Refusal::business(
        "ACQ.PAYMENT_AUTH_CODE_INVALID",
        "支付失败，获取顾客账户信息失败，请顾客刷新付款码后重新收款",
    )
}

/// The answer to a charge: paid, in process, or what ended it.
pub(super) fn pay_content(trade: &Trade) -> Result<String, Refusal> {
    let number = &trade.key.out_trade_no;
    match trade.state {
        State::Paid => {
            let funds = Object::new(Solidus::Escaped)
                .text("amount", &trade.total.yuan())
                .text("fund_channel", "ALIPAYACCOUNT");
            Ok(success()
                .text("buyer_logon_id", "159****5620")
                .text("buyer_pay_amount", &trade.total.yuan())
                .text("buyer_user_id", BUYER)
                .list("fund_bill_list", &[funds])
                .text(
                    "gmt_payment",
                    &alipay_time(trade.paid_ms().unwrap_or(trade.created_ms)),
                )
                .text("invoice_amount", &trade.total.yuan())
                .text("out_trade_no", number)
                .text("point_amount", "0.00")
                .text("receipt_amount", &trade.total.yuan())
                .text("total_amount", &trade.total.yuan())
                .text("trade_no", &trade.trade_no)
                .finish())
        }
        State::Waiting => Ok(Object::new(Solidus::Escaped)
            .text("code", "10003")
            .text("msg", "order success pay inprocess")
            .text("buyer_logon_id", "159****5620")
            .text("buyer_user_id", BUYER)
            .text("out_trade_no", number)
            .text("total_amount", &trade.total.yuan())
            .text("trade_no", &trade.trade_no)
            .finish()),
        State::Ended(_) => {
            Err(Refusal::business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭").of_trade(number))
        }
    }
}

pub(super) const BUYER: &str = "2088101117955611";

/// `alipay.trade.precreate`.
pub(super) fn precreate(world: &World, content: &str) -> Result<String, Refusal> {
    let new: NewPayment = read(content)?;
    let now_ms = world.now().wall_ms;
    let asked = check_new(&new, now_ms, QR_LIFE_MS)?;
    let key = key(&asked.out_trade_no);
    let mut ledger = world.ledger()?;
    if let Some(trade) = ledger.find(&key) {
        check_repeat(trade, &asked)?;
        if trade.kind == Kind::Code {
            let refusal = Refusal::business("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改");
            return Err(refusal.of_trade(&asked.out_trade_no));
        }
        return Ok(qr_content(trade));
    }
    let code = format!(
        "https://qr.alipay.com/bax{:017}",
        ledger.trade_count().saturating_add(1)
    );
    let opened = NewTrade {
        key: key.clone(),
        kind: Kind::Qr,
        currency: Currency::CNY,
        total: asked.total,
        subject: asked.subject,
        attach: None,
        origin: new.origin(),
        code,
        expires_ms: asked.expires_ms,
        unionpay: None,
        stripe: None,
    };
    ledger.open_qr(opened, now_ms)?;
    ledger
        .find(&key)
        .map(qr_content)
        .ok_or_else(Refusal::system)
}

fn qr_content(trade: &Trade) -> String {
    success()
        .text("out_trade_no", &trade.key.out_trade_no)
        .text("qr_code", &trade.code)
        .finish()
}

#[derive(Debug, Deserialize)]
struct Named {
    out_trade_no: Option<String>,
    trade_no: Option<String>,
}

/// The trade that a call names; the channel's number wins over ours.
pub(super) fn named<'a>(
    ledger: &'a Ledger,
    out_trade_no: Option<&str>,
    trade_no: Option<&str>,
) -> Result<Option<&'a Trade>, Refusal> {
    let found = match (trade_no, out_trade_no) {
        (Some(trade_no), _) => ledger.find_by_trade_no(Channel::Alipay, trade_no),
        (None, Some(out_trade_no)) => ledger.find(&key(out_trade_no)),
        (None, None) => return Err(invalid("out_trade_no, trade_no")),
    };
    Ok(found.filter(|trade| trade.is_visible()))
}

/// `alipay.trade.query`.
pub(super) fn query(world: &World, content: &str) -> Result<String, Refusal> {
    let asked: Named = read(content)?;
    let ledger = world.ledger()?;
    let trade = named(
        &ledger,
        asked.out_trade_no.as_deref(),
        asked.trade_no.as_deref(),
    )?
    .filter(|trade| world.is_seen(trade.created_ms))
    .ok_or_else(|| not_found(asked.out_trade_no.as_deref()))?;
    let total = trade.total.yuan();
    let mut answer = success()
        .text("buyer_logon_id", "159****5620")
        .text(
            "buyer_pay_amount",
            if trade.charges.is_empty() {
                "0.00"
            } else {
                &total
            },
        )
        .text("buyer_user_id", BUYER)
        .text("invoice_amount", "0.00")
        .text("out_trade_no", &trade.key.out_trade_no)
        .text("point_amount", "0.00")
        .text(
            "receipt_amount",
            if trade.charges.is_empty() {
                "0.00"
            } else {
                &total
            },
        );
    if let Some(paid_ms) = trade.paid_ms() {
        answer = answer.text("send_pay_date", &alipay_time(paid_ms));
    }
    Ok(answer
        .text("total_amount", &total)
        .text("trade_no", &trade.trade_no)
        .text("trade_status", status_of(trade))
        .finish())
}

/// A trade that is refunded whole is closed; nothing else tells it from an unpaid one.
fn status_of(trade: &Trade) -> &'static str {
    match trade.state {
        State::Ended(_) => "TRADE_CLOSED",
        State::Paid if trade.refunded() >= trade.charged() => "TRADE_CLOSED",
        State::Paid => "TRADE_SUCCESS",
        State::Waiting => "WAIT_BUYER_PAY",
    }
}

/// `alipay.trade.cancel`: unpaid is closed, paid is given back whole, unknown is no error.
pub(super) fn cancel(world: &World, content: &str) -> Result<String, Refusal> {
    let asked: Named = read(content)?;
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let out_trade_no = asked.out_trade_no.as_deref();
    let found = named(&ledger, out_trade_no, asked.trade_no.as_deref())?.cloned();
    let Some(trade) = found else {
        // A QR that nobody scanned dies with its order; the answer is that of an unknown number.
        let unscanned = out_trade_no.map(key).filter(|key| {
            ledger
                .find(key)
                .is_some_and(|trade| trade.state == State::Waiting)
        });
        if let Some(unscanned) = unscanned {
            ledger.end(&unscanned, EndedBy::Cancel, now_ms)?;
        }
        let answer = success()
            .text_if("out_trade_no", out_trade_no)
            .text("retry_flag", "N");
        return Ok(answer.finish());
    };
    let action = match trade.state {
        State::Waiting => {
            ledger.end(&trade.key, EndedBy::Cancel, now_ms)?;
            Some("close")
        }
        State::Paid => reverse(&mut ledger, &trade, now_ms)?,
        State::Ended(_) => Some("close"),
    };
    Ok(success()
        .text_if("action", action)
        .text("out_trade_no", &trade.key.out_trade_no)
        .text("retry_flag", "N")
        .text("trade_no", &trade.trade_no)
        .finish())
}

fn reverse(
    ledger: &mut Ledger,
    trade: &Trade,
    now_ms: i64,
) -> Result<Option<&'static str>, Refusal> {
    let left = trade.charged().minus(trade.refunded()).unwrap_or(Fen::ZERO);
    if trade.is_reversed() || left <= Fen::ZERO {
        return Ok(Some("refund"));
    }
    if ledger.merchant_balance(Channel::Alipay, Currency::CNY) < left {
        let refusal = Refusal::business("ACQ.SELLER_BALANCE_NOT_ENOUGH", "商户余额不足");
        return Err(refusal.of_trade(&trade.key.out_trade_no));
    }
    let refund = NewRefund {
        key: trade.key.clone(),
        refund_no: String::new(),
        amount: left,
        reason: None,
        cause: RefundCause::Reversal,
        ends_as: RefundState::Success,
        unionpay: None,
        stripe: None,
        is_prompt: false,
    };
    ledger.refund(refund, now_ms)?;
    Ok(Some("refund"))
}

/// `alipay.trade.close`: unpaid trades that exist.
pub(super) fn close(world: &World, content: &str) -> Result<String, Refusal> {
    let asked: Named = read(content)?;
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let trade = named(
        &ledger,
        asked.out_trade_no.as_deref(),
        asked.trade_no.as_deref(),
    )?
    .cloned()
    .ok_or_else(|| not_found(asked.out_trade_no.as_deref()))?;
    if trade.state != State::Waiting {
        let refusal = Refusal::business("ACQ.REASON_TRADE_STATUS_INVALID", "交易状态异常");
        return Err(refusal.of_trade(&trade.key.out_trade_no));
    }
    ledger.end(&trade.key, EndedBy::Close, now_ms)?;
    Ok(success()
        .text("out_trade_no", &trade.key.out_trade_no)
        .text("trade_no", &trade.trade_no)
        .finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_whole_units_within_their_range() {
        assert_eq!(read_timeout("1m", 0), Some(60_000));
        assert_eq!(read_timeout("15d", 0), Some(15 * 86_400_000));
        assert_eq!(read_timeout("1c", 0), Some(16 * 3_600_000));
        for text in ["", "m", "0m", "1.5h", "16d", "5s", "5", "门"] {
            assert_eq!(read_timeout(text, 0), None, "{text}");
        }
    }

    #[test]
    fn payment_codes_are_told_by_prefix_and_length() {
        for (code, is_code) in [
            ("280000000000000000", true),
            ("2500000000000000", true),
            ("300000000000000000000000", true),
            ("240000000000000000", false),
            ("310000000000000000", false),
            ("28000000000000", false),
            ("28000000000000000x", false),
        ] {
            assert_eq!(is_payment_code(code), is_code, "{code}");
        }
    }
}

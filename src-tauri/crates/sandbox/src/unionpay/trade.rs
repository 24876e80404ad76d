//! Payments at UnionPay: the payer's code, and the code that the till shows.
//!
//! What comes back says "accepted" and nothing about money: that is told by a query or a notice. It must never tell
//! it sooner.

use super::answer::{Fields, Refusal, accepted, put};
use super::request::Form;
use super::{Outcome, key, order};
use crate::clock::read_compact_time;
use crate::ledger::{
    Channel, CodeStart, Currency, Fen, Kind, Ledger, NewTrade, Origin, Trade, UnionpayTerms,
};
use crate::world::{World, carriage_of};

/// Without `payTimeout` an order lives a quarter of an hour.
const LIFE_MS: i64 = 15 * 60_000;
/// A payer who does not confirm a scanned code in this time is given up: no till can end such a payment.
const CODE_LIFE_MS: i64 = 90_000;

/// Checks what every order of money says, and that its number is new. A number that is there is a repetition
/// whatever time it names: whoever sends a charge again must not read that its form is wrong.
pub(super) fn check_new(
    world: &World,
    ledger: &Ledger,
    form: &Form,
) -> Result<(String, UnionpayTerms), Refusal> {
    let number = form.number()?;
    if order::by_number(ledger, number).is_some() {
        return Err(Refusal::of("12"));
    }
    let need = |name| form.need(name).map(str::to_owned);
    let terms = UnionpayTerms {
        txn_time: form.fresh_time(world)?.to_owned(),
        sub_type: need("txnSubType")?,
        biz_type: need("bizType")?,
        channel_type: need("channelType")?,
        back_url: Some(need("backUrl")?),
        front_url: form.owned("frontUrl"),
        reserved: form.reserved()?,
    };
    if !matches!(terms.channel_type.as_str(), "07" | "08") {
        return Err(Refusal::format("channelType"));
    }
    Ok((number.to_owned(), terms))
}

/// Checks a new payment.
pub(super) fn check_payment(
    world: &World,
    ledger: &Ledger,
    form: &Form,
    kind: Kind,
) -> Result<NewTrade, Refusal> {
    let (number, terms) = check_new(world, ledger, form)?;
    let total = form.amount()?;
    if form.need("currencyCode")? != "156" {
        return Err(Refusal::format("currencyCode"));
    }
    let is_page = kind == Kind::Page;
    let fits = match terms.biz_type.as_str() {
        "000000" => !is_page,
        "000201" | "000202" => is_page,
        _ => false,
    };
    if !fits {
        return Err(Refusal::format("bizType"));
    }
    if is_page {
        form.need("frontUrl")?;
    } else {
        form.need("termId")?;
    }
    Ok(NewTrade {
        key: key(&number),
        kind,
        currency: Currency::CNY,
        total,
        subject: form.value("orderDesc").unwrap_or("门店收款").to_owned(),
        attach: None,
        origin: Origin {
            terminal_id: form.owned("termId"),
            ..Origin::default()
        },
        code: String::new(),
        expires_ms: expiry(world, form)?,
        unionpay: Some(terms),
        stripe: None,
    })
}

fn expiry(world: &World, form: &Form) -> Result<i64, Refusal> {
    let now_ms = world.now().wall_ms;
    let Some(text) = form.value("payTimeout") else {
        return Ok(now_ms.saturating_add(LIFE_MS));
    };
    read_compact_time(text)
        .filter(|at_ms| *at_ms > now_ms)
        .ok_or_else(|| Refusal::format("payTimeout"))
}

/// 01/06: the till scanned the payer's code.
pub(super) fn charge(world: &World, form: &Form) -> Outcome {
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let mut new = check_payment(world, &ledger, form, Kind::Code)?;
    new.expires_ms = now_ms.saturating_add(CODE_LIFE_MS);
    let code = form.need("qrNo")?;
    if !is_payment_code(code) {
        return Err(Refusal::format("qrNo"));
    }
    code.clone_into(&mut new.code);
    let key = new.key.clone();
    match ledger.charge_code(new, now_ms)? {
        CodeStart::CodeRefused(_) => Err(Refusal::of("61")),
        CodeStart::NoBalance => Err(Refusal::of("64")),
        CodeStart::Paid | CodeStart::Waiting => {
            let trade = ledger.find(&key).ok_or_else(|| Refusal::of("06"))?;
            Ok((accepted_charge(form, trade), carriage_of(trade)))
        }
    }
}

pub(super) fn accepted_charge(form: &Form, trade: &Trade) -> Fields {
    let mut fields = accepted(form);
    put(&mut fields, "queryId", &trade.trade_no);
    fields
}

/// 19 digits that begin with 62.
fn is_payment_code(code: &str) -> bool {
    code.len() == 19 && code.starts_with("62") && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// 01/07: the till shows a code.
pub(super) fn open_qr(world: &World, form: &Form) -> Result<Fields, Refusal> {
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let mut new = check_payment(world, &ledger, form, Kind::Qr)?;
    let count = ledger.trade_count().saturating_add(1);
    new.code = format!("https://qr.95516.com/00010000/62{count:030}");
    let (key, code) = (new.key.clone(), new.code.clone());
    ledger.open_qr(new, now_ms)?;
    let trade = ledger.find(&key).ok_or_else(|| Refusal::of("06"))?;
    let mut fields = accepted_charge(form, trade);
    put(&mut fields, "qrCode", code);
    Ok(fields)
}

/// The payment that a refund or undo is about: by `origQryId`, or by number and time.
pub(super) fn original<'a>(ledger: &'a Ledger, form: &Form) -> Result<&'a Trade, Refusal> {
    let by_number = || {
        let number = form.value("origOrderId")?;
        let time = form.value("origTxnTime")?;
        let trade = ledger.find(&key(number))?;
        (order::Order::Payment(trade).txn_time() == time).then_some(trade)
    };
    let found = match form.value("origQryId") {
        Some(id) => ledger.find_by_trade_no(Channel::Unionpay, id),
        None if form.value("origOrderId").is_none() => return Err(Refusal::missing("origQryId")),
        None => by_number(),
    };
    found.ok_or_else(|| Refusal::of("35"))
}

/// What can still go back of a payment.
pub(super) fn left_of(trade: &Trade) -> Fen {
    let left = trade.charged().minus(trade.refunded());
    left.unwrap_or(Fen::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payment_codes_are_told_by_prefix_and_length() {
        for (code, is_code) in [
            ("6220485073630469936", true),
            ("622048507363046993", false),
            ("62204850736304699361", false),
            ("6320485073630469936", false),
            ("622048507363046993x", false),
        ] {
            assert_eq!(is_payment_code(code), is_code, "{code}");
        }
    }
}

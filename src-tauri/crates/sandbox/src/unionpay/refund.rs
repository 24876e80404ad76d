//! Money back at UnionPay: refunds in parts, the undo of the same settlement day, and the reversal of a doubt.
//!
//! It must never give back more than was taken.

use super::answer::{Fields, Refusal, accepted, put};
use super::order::{self, Order};
use super::request::Form;
use super::trade::{check_new, left_of, original};
use crate::bills::bill_day;
use crate::ledger::{
    Channel, Currency, EndedBy, Fen, Kind, Ledger, NewRefund, RefundCause, RefundState, State,
    Trade, UnionpayTerms,
};
use crate::world::World;

/// 04: a part or all, again and again until everything is back. Accepted first, done later.
pub(super) fn refund(world: &World, form: &Form) -> Result<Fields, Refusal> {
    let ends_as = world.refunds_end_as(Channel::Unionpay);
    let mut ledger = world.ledger()?;
    let (number, terms) = check_new(world, &ledger, form)?;
    let amount = form.amount()?;
    let trade = original(&ledger, form)?.clone();
    check_kind(&trade, &terms)?;
    let left = left_of(&trade);
    if trade.state != State::Paid || left <= Fen::ZERO {
        return Err(Refusal::of("35"));
    }
    if amount > left {
        return Err(Refusal::of("36"));
    }
    let cause = RefundCause::Refund;
    give_back(
        world,
        &mut ledger,
        NewRefund {
            key: trade.key.clone(),
            refund_no: number.clone(),
            amount,
            reason: None,
            cause,
            ends_as,
            unionpay: Some(terms),
            stripe: None,
            is_prompt: false,
        },
    )?;
    answer(&ledger, form, &number)
}

/// 31: all of it, on the settlement day of the payment. Done at once.
pub(super) fn undo(world: &World, form: &Form) -> Result<Fields, Refusal> {
    let mut ledger = world.ledger()?;
    let (number, terms) = check_new(world, &ledger, form)?;
    let amount = form.amount()?;
    let trade = original(&ledger, form)?.clone();
    check_kind(&trade, &terms)?;
    let paid_ms = trade.paid_ms().filter(|_| trade.refunds.is_empty());
    let paid_ms = paid_ms.ok_or_else(|| Refusal::of("35"))?;
    let settle_day = |at_ms| bill_day(Channel::Unionpay, at_ms);
    if settle_day(paid_ms) != settle_day(world.now().wall_ms) {
        return Err(Refusal::of("39"));
    }
    if amount != trade.charged() {
        return Err(Refusal::of("36"));
    }
    give_back(
        world,
        &mut ledger,
        reversal(&trade, &number, amount, Some(terms)),
    )?;
    answer(&ledger, form, &number)
}

/// 99: the till does not know what became of a payer's code. Number and time are the original's; what was paid goes
/// back, what was not cannot be paid any more.
pub(super) fn reverse(world: &World, form: &Form) -> Result<Fields, Refusal> {
    let now_ms = world.now().wall_ms;
    form.number()?;
    form.need("txnTime")?;
    let mut ledger = world.ledger()?;
    let Some(Order::Payment(trade)) = order::find(&ledger, form) else {
        return Err(Refusal::of("34"));
    };
    let trade = trade.clone();
    if trade.kind != Kind::Code {
        return Err(Refusal::of("35"));
    }
    match trade.state {
        State::Ended(_) => {}
        State::Paid if trade.is_voided() => {}
        State::Paid if trade.refunds.is_empty() => {
            let amount = trade.charged();
            give_back(world, &mut ledger, reversal(&trade, "", amount, None))?;
        }
        State::Paid => return Err(Refusal::of("35")),
        State::Waiting => ledger.end(&trade.key, EndedBy::Cancel, now_ms)?,
    }
    let mut fields = accepted(form);
    put(&mut fields, "queryId", &trade.trade_no);
    Ok(fields)
}

fn reversal(
    trade: &Trade,
    number: &str,
    amount: Fen,
    unionpay: Option<UnionpayTerms>,
) -> NewRefund {
    NewRefund {
        key: trade.key.clone(),
        refund_no: number.to_owned(),
        amount,
        reason: None,
        cause: RefundCause::Reversal,
        ends_as: RefundState::Success,
        unionpay,
        stripe: None,
        is_prompt: false,
    }
}

/// `bizType` is the original's.
fn check_kind(trade: &Trade, terms: &UnionpayTerms) -> Result<(), Refusal> {
    let of_original = trade.unionpay.as_ref().map(|terms| &terms.biz_type);
    if of_original.is_none_or(|biz_type| *biz_type == terms.biz_type) {
        Ok(())
    } else {
        Err(Refusal::of("36"))
    }
}

fn give_back(world: &World, ledger: &mut Ledger, refund: NewRefund) -> Result<(), Refusal> {
    if ledger.merchant_balance(Channel::Unionpay, Currency::CNY) < refund.amount {
        return Err(Refusal::of("64"));
    }
    Ok(ledger.refund(refund, world.now().wall_ms)?)
}

fn answer(ledger: &Ledger, form: &Form, number: &str) -> Result<Fields, Refusal> {
    let order = order::by_number(ledger, number).ok_or_else(|| Refusal::of("06"))?;
    let mut fields = accepted(form);
    put(&mut fields, "queryId", order.query_id());
    for name in ["origQryId", "origOrderId", "origTxnTime"] {
        if let Some(value) = form.value(name) {
            put(&mut fields, name, value);
        }
    }
    Ok(fields)
}

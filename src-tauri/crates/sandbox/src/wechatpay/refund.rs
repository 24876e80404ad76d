//! Refunds at WeChat Pay: accepted first, done later, once per number.
//!
//! It must never give back more than was taken.

use serde::Deserialize;

use super::answer::{Refusal, object};
use super::trade::is_number;
use super::{Outcome, read};
use crate::clock::rfc3339_time;
use crate::exchange::{Call, Carriage};
use crate::ledger::{
    Channel, Currency, Fen, NewRefund, Refund, RefundCause, RefundState, State, Trade, TradeKey,
};
use crate::world::World;

/// Partial refunds of one order.
const REFUNDS_MAX: usize = 50;

#[derive(Debug, Deserialize)]
struct Asked {
    transaction_id: Option<String>,
    out_trade_no: Option<String>,
    out_refund_no: Option<String>,
    reason: Option<String>,
    amount: Option<AskedAmount>,
}

#[derive(Debug, Deserialize)]
struct AskedAmount {
    refund: Option<i64>,
    total: Option<i64>,
    currency: Option<String>,
}

/// `POST /v3/refund/domestic/refunds`.
pub(super) fn refund(world: &World, call: &Call) -> Outcome {
    let asked: Asked = read(&call.body)?;
    let refund_no = asked.out_refund_no.unwrap_or_default();
    if !is_number(&refund_no, 1, 64, b"_-|*@") {
        return Err(Refusal::parameter("out_refund_no"));
    }
    if asked
        .reason
        .as_ref()
        .is_some_and(|reason| reason.len() > 80)
    {
        return Err(Refusal::parameter("reason"));
    }
    let (amount, total) = check_amount(asked.amount)?;
    let ends_as = world.refunds_end_as(Channel::Wechatpay);
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let found = match (
        asked.transaction_id.as_deref(),
        asked.out_trade_no.as_deref(),
    ) {
        (Some(id), None) => ledger.find_by_trade_no(Channel::Wechatpay, id),
        (None, Some(number)) => ledger.find(&TradeKey::new(Channel::Wechatpay, number)),
        _ => return Err(Refusal::parameter("transaction_id, out_trade_no")),
    };
    let trade = found
        .cloned()
        .ok_or_else(|| Refusal::new(404, "RESOURCE_NOT_EXISTS", "订单不存在"))?;
    if let Some((of, earlier)) = ledger.find_refund(Channel::Wechatpay, &refund_no) {
        if of.key != trade.key || earlier.amount != amount || of.total != total {
            return Err(Refusal::request("请求重入时，参数与首次请求时不一致"));
        }
        return Ok((200, refund_body(of, earlier), Carriage::Prompt));
    }
    check_refundable(
        &trade,
        amount,
        total,
        ledger.merchant_balance(Channel::Wechatpay, Currency::CNY),
    )?;
    ledger.refund(
        NewRefund {
            key: trade.key.clone(),
            refund_no: refund_no.clone(),
            amount,
            reason: asked.reason,
            cause: RefundCause::Refund,
            ends_as,
            unionpay: None,
            stripe: None,
            is_prompt: false,
        },
        now_ms,
    )?;
    let (trade, refund) = ledger
        .find_refund(Channel::Wechatpay, &refund_no)
        .ok_or_else(Refusal::system)?;
    Ok((200, refund_body(trade, refund), Carriage::Prompt))
}

fn check_amount(amount: Option<AskedAmount>) -> Result<(Fen, Fen), Refusal> {
    let amount = amount.ok_or_else(|| Refusal::parameter("amount"))?;
    if amount.currency.as_deref() != Some("CNY") {
        return Err(Refusal::parameter("amount.currency"));
    }
    let positive = |value: Option<i64>, name| {
        value
            .map(Fen::new)
            .filter(|value| *value > Fen::ZERO)
            .ok_or_else(|| Refusal::parameter(name))
    };
    Ok((
        positive(amount.refund, "amount.refund")?,
        positive(amount.total, "amount.total")?,
    ))
}

fn check_refundable(trade: &Trade, amount: Fen, total: Fen, balance: Fen) -> Result<(), Refusal> {
    if trade.state != State::Paid || trade.is_reversed() {
        return Err(Refusal::new(403, "TRADE_ERROR", "订单状态不允许退款"));
    }
    if total != trade.total {
        return Err(Refusal::request(
            "订单金额或退款金额与之前请求不一致，请核实后再试",
        ));
    }
    let left = trade.charged().minus(trade.refunded()).unwrap_or(Fen::ZERO);
    if amount > left {
        return Err(Refusal::request("退款金额大于可退金额"));
    }
    if trade.refunds.len() >= REFUNDS_MAX {
        return Err(Refusal::request("退款次数超过限制"));
    }
    if balance < amount {
        return Err(Refusal::new(
            403,
            "NOT_ENOUGH",
            "基本账户余额不足，请充值后重新发起",
        ));
    }
    Ok(())
}

/// `GET /v3/refund/domestic/refunds/{number}`.
pub(super) fn query(world: &World, refund_no: &str) -> Outcome {
    let ledger = world.ledger()?;
    let (trade, refund) = ledger
        .find_refund(Channel::Wechatpay, refund_no)
        .filter(|(_, refund)| world.is_seen(refund.accepted_ms))
        .ok_or_else(|| Refusal::new(404, "RESOURCE_NOT_EXISTS", "退款单不存在"))?;
    Ok((200, refund_body(trade, refund), Carriage::Prompt))
}

fn refund_body(trade: &Trade, refund: &Refund) -> String {
    let status = match refund.state {
        RefundState::Abnormal => "ABNORMAL",
        RefundState::Closed => "CLOSED",
        RefundState::Processing => "PROCESSING",
        RefundState::Success => "SUCCESS",
    };
    let success_ms = refund
        .settled_ms
        .filter(|_| refund.state == RefundState::Success);
    let (total, amount) = (trade.total.get(), refund.amount.get());
    let amounts = object()
        .number("total", total)
        .number("refund", amount)
        .list("from", &[])
        .number("payer_total", total)
        .number("payer_refund", amount)
        .number("settlement_refund", amount)
        .number("settlement_total", total)
        .number("discount_refund", 0)
        .text("currency", "CNY");
    object()
        .text("refund_id", &refund.refund_id)
        .text("out_refund_no", &refund.refund_no)
        .text("transaction_id", &trade.trade_no)
        .text("out_trade_no", &trade.key.out_trade_no)
        .text("channel", "ORIGINAL")
        .text("user_received_account", "支付用户零钱")
        .text_if("success_time", success_ms.map(rfc3339_time).as_deref())
        .text("create_time", &rfc3339_time(refund.accepted_ms))
        .text("status", status)
        .text("funds_account", "UNSETTLED")
        .object("amount", &amounts)
        .finish()
}

//! Refunds at Alipay: once per number, cumulative in the answer, done at once.
//!
//! It must never give back more than was taken.

use serde::Deserialize;

use super::answer::{Refusal, success};
use super::trade::{BUYER, named};
use super::{invalid, not_found, read};
use crate::clock::alipay_time;
use crate::ledger::{Channel, Currency, Fen, NewRefund, RefundCause, RefundState, State, Trade};
use crate::world::World;

#[derive(Debug, Deserialize)]
struct NewRefundAsked {
    out_trade_no: Option<String>,
    trade_no: Option<String>,
    refund_amount: Option<String>,
    out_request_no: Option<String>,
    refund_reason: Option<String>,
}

/// `alipay.trade.refund`.
pub(super) fn refund(world: &World, content: &str) -> Result<String, Refusal> {
    let asked: NewRefundAsked = read(content)?;
    let amount = asked
        .refund_amount
        .as_deref()
        .and_then(Fen::read_yuan)
        .filter(|amount| *amount > Fen::ZERO)
        .ok_or_else(|| invalid("refund_amount"))?;
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let trade = named(
        &ledger,
        asked.out_trade_no.as_deref(),
        asked.trade_no.as_deref(),
    )?
    .cloned()
    .ok_or_else(|| not_found(asked.out_trade_no.as_deref()))?;
    let refund_no = asked
        .out_request_no
        .unwrap_or_else(|| trade.key.out_trade_no.clone());
    if refund_no.is_empty() || refund_no.len() > 64 {
        return Err(invalid("out_request_no"));
    }
    if let Some(earlier) = trade.refund(&refund_no) {
        if earlier.amount != amount {
            let refusal = Refusal::business("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求");
            return Err(refusal.of_trade(&trade.key.out_trade_no));
        }
        return Ok(refund_content(&trade, "N"));
    }
    check_refundable(
        &trade,
        amount,
        ledger.merchant_balance(Channel::Alipay, Currency::CNY),
    )?;
    ledger.refund(
        NewRefund {
            key: trade.key.clone(),
            refund_no,
            amount,
            reason: asked.refund_reason,
            cause: RefundCause::Refund,
            ends_as: RefundState::Success,
            unionpay: None,
            stripe: None,
            is_prompt: false,
        },
        now_ms,
    )?;
    let trade = ledger.find(&trade.key).ok_or_else(Refusal::system)?;
    Ok(refund_content(trade, "Y"))
}

fn check_refundable(trade: &Trade, amount: Fen, balance: Fen) -> Result<(), Refusal> {
    let number = &trade.key.out_trade_no;
    let refuse = |sub_code, message| Err(Refusal::business(sub_code, message).of_trade(number));
    match trade.state {
        State::Waiting => return refuse("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
        State::Ended(_) => return refuse("ACQ.TRADE_HAS_CLOSE", "交易已关闭"),
        State::Paid => {}
    }
    let left = trade.charged().minus(trade.refunded()).unwrap_or(Fen::ZERO);
    if left <= Fen::ZERO {
        return refuse("ACQ.TRADE_HAS_CLOSE", "交易已关闭");
    }
    if amount > left {
        return refuse("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效");
    }
    if balance < amount {
        return refuse("ACQ.SELLER_BALANCE_NOT_ENOUGH", "商户余额不足");
    }
    Ok(())
}

fn refund_content(trade: &Trade, fund_change: &str) -> String {
    let last_ms = trade
        .refunds
        .last()
        .map_or(trade.created_ms, |refund| refund.accepted_ms);
    success()
        .text("buyer_logon_id", "159****5620")
        .text("buyer_user_id", BUYER)
        .text("fund_change", fund_change)
        .text("gmt_refund_pay", &alipay_time(last_ms))
        .text("out_trade_no", &trade.key.out_trade_no)
        .text("refund_fee", &trade.refunded().yuan())
        .text("trade_no", &trade.trade_no)
        .finish()
}

#[derive(Debug, Deserialize)]
struct RefundNamed {
    out_trade_no: Option<String>,
    trade_no: Option<String>,
    out_request_no: Option<String>,
    /// What else the answer should tell.
    #[serde(default)]
    query_options: Vec<String>,
}

/// `alipay.trade.fastpay.refund.query`: a refund that is not there is a success without a status.
pub(super) fn query(world: &World, content: &str) -> Result<String, Refusal> {
    let asked: RefundNamed = read(content)?;
    let ledger = world.ledger()?;
    let trade = named(
        &ledger,
        asked.out_trade_no.as_deref(),
        asked.trade_no.as_deref(),
    )?
    .filter(|trade| world.is_seen(trade.created_ms))
    .ok_or_else(|| not_found(asked.out_trade_no.as_deref()))?;
    let refund_no = asked
        .out_request_no
        .ok_or_else(|| invalid("out_request_no"))?;
    let refund = trade.refund(&refund_no);
    let refund = refund.filter(|refund| world.is_seen(refund.accepted_ms));
    let tells_time = asked.query_options.iter().any(|it| it == "gmt_refund_pay");
    let mut answer = success();
    if let Some(refund) = refund.filter(|_| tells_time) {
        let paid_ms = refund.settled_ms.unwrap_or(refund.accepted_ms);
        answer = answer.text("gmt_refund_pay", &alipay_time(paid_ms));
    }
    answer = answer
        .text("out_request_no", &refund_no)
        .text("out_trade_no", &trade.key.out_trade_no);
    if let Some(refund) = refund {
        answer = answer
            .text("refund_amount", &refund.amount.yuan())
            .text("refund_status", "REFUND_SUCCESS");
    }
    Ok(answer
        .text("total_amount", &trade.total.yuan())
        .text("trade_no", &trade.trade_no)
        .finish())
}

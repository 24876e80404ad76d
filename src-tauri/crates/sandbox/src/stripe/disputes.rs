//! Disputes: the payer's bank takes money back, the merchant accepts it or it is decided.
//!
//! It must never take back more than is left.

use serde_json::{Value, json};

use super::answer::Refusal;
use super::balance::lines_of_dispute;
use super::lists::{Member, only, page};
use super::objects::{charge_id, code_of, find_refund, method_of, seconds, terms_of};
use super::params::Params;
use super::refunds::left_of;
use super::{Cx, Done, is_of_stripe};
use crate::exchange::Carriage;
use crate::ledger::{
    Fen, JournalError, Ledger, NewRefund, Refund, RefundCause, RefundState, StripeEvent,
    StripeRefund, Trade,
};
use crate::world::World;

pub(super) fn list(_cx: &Cx<'_>, ledger: &Ledger, params: &Params) -> Result<Value, Refusal> {
    only(params, &["charge", "payment_intent"])?;
    let (intent, charge) = (params.text("payment_intent")?, params.text("charge")?);
    let mut members: Vec<Member<'_>> = Vec::new();
    for trade in ledger.trades().filter(is_of_stripe) {
        let is_meant = intent.is_none_or(|id| trade.trade_no == id)
            && charge.is_none_or(|id| charge_id(trade, None) == id);
        for own in trade
            .refunds
            .iter()
            .filter(|it| is_meant && it.cause == RefundCause::Dispute)
        {
            let write = move || dispute(ledger, trade, own);
            members.push((own.refund_no.clone(), own.accepted_ms, Box::new(write)));
        }
    }
    members.sort_by_key(|member| std::cmp::Reverse(member.1));
    page("/v1/disputes", params, members)
}

/// How long the merchant has to answer a dispute.
const ANSWER_MS: i64 = 7 * 86_400_000;

pub(super) fn dispute(ledger: &Ledger, trade: &Trade, refund: &Refund) -> Value {
    let told = refund.stripe.clone().unwrap_or_default();
    let status = match (refund.state, told.closed_ms) {
        (RefundState::Closed, _) => "won",
        (_, Some(_)) => "lost",
        (_, None) => "needs_response",
    };
    let lines = lines_of_dispute(ledger, refund);
    let method = method_of(trade, &terms_of(trade));
    json!({
        "id": refund.refund_no,
        "object": "dispute",
        "amount": refund.amount,
        "balance_transactions": lines,
        "charge": charge_id(trade, None),
        "created": seconds(refund.accepted_ms),
        "currency": code_of(trade),
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": seconds(refund.accepted_ms.saturating_add(ANSWER_MS)),
            "enhanced_eligibility": {},
            "has_evidence": false,
            "past_due": false,
            "submission_count": 0,
        },
        "is_charge_refundable": false,
        "livemode": false,
        "metadata": told.metadata,
        "payment_intent": trade.trade_no,
        "payment_method_details": {
            "card": { "brand": if method.brand.is_empty() { "visa" } else { &method.brand }, "case_type": "chargeback", "network_reason_code": "10.4" },
            "type": "card",
        },
        "reason": refund.reason.as_deref().unwrap_or("general"),
        "status": status,
    })
}

/// Opens one on a paid intent; `None` where there is none, or less is left.
pub(super) fn open(
    world: &World,
    intent: &str,
    amount: Option<Fen>,
    reason: &str,
) -> Result<Option<Value>, JournalError> {
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let Some(trade) = super::objects::by_intent(&ledger, intent).cloned() else {
        return Ok(None);
    };
    let left = left_of(&trade);
    let amount = amount.unwrap_or(left);
    let is_open = trade
        .refunds
        .iter()
        .any(|it| it.cause == RefundCause::Dispute);
    if amount <= Fen::ZERO || amount > left || is_open {
        return Ok(None);
    }
    let id = format!("du_1{}", world.chance.letters(23));
    let new = NewRefund {
        key: trade.key,
        refund_no: id.clone(),
        amount,
        reason: Some(reason.to_owned()),
        cause: RefundCause::Dispute,
        ends_as: RefundState::Success,
        unionpay: None,
        stripe: Some(Box::new(StripeRefund::default())),
        is_prompt: true,
    };
    ledger.refund(new, now_ms)?;
    Ok(told(&ledger, &id))
}

fn told(ledger: &Ledger, id: &str) -> Option<Value> {
    let (trade, own) = find_refund(ledger, id, RefundCause::Dispute)?;
    Some(dispute(ledger, trade, own))
}

/// The bank's decision; `None` where there is nothing to decide.
pub(super) fn decide(world: &World, id: &str, is_won: bool) -> Result<Option<Value>, JournalError> {
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    if !shut(&mut ledger, id, is_won, now_ms)? {
        return Ok(None);
    }
    Ok(told(&ledger, id))
}

fn shut(ledger: &mut Ledger, id: &str, is_won: bool, at_ms: i64) -> Result<bool, JournalError> {
    let found = find_refund(ledger, id, RefundCause::Dispute);
    let open = found.filter(|(_, own)| {
        own.stripe
            .as_ref()
            .is_some_and(|told| told.closed_ms.is_none())
    });
    let Some(key) = open.map(|(trade, _)| trade.key.clone()) else {
        return Ok(false);
    };
    let refund_no = id.to_owned();
    let (is_canceled, keeps_money) = (false, !is_won);
    ledger.tell_stripe(StripeEvent::RefundClosed {
        key,
        refund_no,
        at_ms,
        is_canceled,
        keeps_money,
    })?;
    Ok(true)
}

/// The merchant accepts the loss.
pub(super) fn close(cx: &Cx<'_>, ledger: &mut Ledger, id: &str, params: &Params) -> Done {
    params.only(&["expand"])?;
    if told(ledger, id).is_none() {
        return Err(Refusal::no_such("dispute", id));
    }
    if !shut(ledger, id, false, cx.now_ms)? {
        let mut refusal = Refusal::invalid("", "This dispute is already closed.".to_owned());
        refusal.is_kept = true;
        return Err(refusal);
    }
    Ok((
        told(ledger, id).ok_or_else(Refusal::internal)?,
        Carriage::Prompt,
    ))
}

//! Refunds: in parts until everything is back, pending, failed after they had succeeded, canceled.
//!
//! It must never give back more than was taken.

use serde_json::Value;

use super::answer::Refusal;
use super::lists::{Member, only, page};
use super::objects::{self, charge_id, find_refund, method_of, refund, terms_of};
use super::params::Params;
use super::{Cx, Done, currency, intents, is_of_stripe};
use crate::exchange::Carriage;
use crate::ledger::{
    Channel, Fen, Ledger, NewRefund, RefundCause, RefundState, State, StripeEvent, StripeRefund,
    Trade,
};

const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

/// What neither went back nor is on its way.
pub(super) fn left_of(trade: &Trade) -> Fen {
    trade.charged().minus(trade.refunded()).unwrap_or(Fen::ZERO)
}

fn original<'a>(ledger: &'a Ledger, params: &Params) -> Result<&'a Trade, Refusal> {
    match (params.text("payment_intent")?, params.text("charge")?) {
        (Some(id), _) => intents::find(ledger, id),
        (None, Some(id)) => {
            let found = objects::of_charge(ledger, id);
            found
                .map(|(trade, _)| trade)
                .ok_or_else(|| Refusal::no_such("charge", id))
        }
        (None, None) => Err(Refusal::missing("payment_intent")),
    }
}

pub(super) fn create(cx: &Cx<'_>, ledger: &mut Ledger, params: &Params) -> Done {
    params.only(&[
        "amount",
        "charge",
        "currency",
        "customer",
        "expand",
        "instructions_email",
        "metadata",
        "origin",
        "payment_intent",
        "reason",
        "refund_application_fee",
        "reverse_transfer",
    ])?;
    let trade = original(ledger, params)?.clone();
    let reason = params.choice("reason", &REASONS)?;
    let metadata = params.metadata("metadata", &std::collections::BTreeMap::new())?;
    let id = charge_id(&trade, None);
    if trade.state != State::Paid {
        let message = format!(
            "This PaymentIntent ({}) does not have a successful charge to refund.",
            trade.trade_no
        );
        return Err(Refusal::state("charge_not_refundable", message));
    }
    if trade
        .refunds
        .iter()
        .any(|it| it.cause == RefundCause::Dispute && it.state != RefundState::Closed)
    {
        return Err(Refusal::state(
            "charge_disputed",
            format!("Charge {id} has been charged back; cannot issue a refund."),
        ));
    }
    let left = left_of(&trade);
    if left <= Fen::ZERO {
        return Err(Refusal::state(
            "charge_already_refunded",
            format!("Charge {id} has already been refunded."),
        ));
    }
    let amount = params.number("amount")?.map_or(left, Fen::new);
    if amount <= Fen::ZERO {
        return Err(
            Refusal::invalid("amount", "Invalid positive integer".to_owned())
                .with_code("parameter_invalid_integer"),
        );
    }
    currency::check_form(trade.currency, amount.get())?;
    if amount > left {
        let write = |amount| {
            format!(
                "{} {}",
                trade.currency,
                currency::major(trade.currency, amount)
            )
        };
        let message = format!(
            "Refund amount ({}) is greater than unrefunded amount on charge ({})",
            write(amount),
            write(left)
        );
        let mut refusal = Refusal::invalid("amount", message);
        refusal.is_kept = true;
        return Err(refusal);
    }
    if ledger.merchant_balance(trade.key.channel, trade.currency) < amount {
        return Err(Refusal::state(
            "balance_insufficient",
            "Insufficient funds in your Stripe balance to refund this amount.",
        ));
    }
    let new = new_refund(cx, &trade, amount, reason, metadata);
    let number = new.refund_no.clone();
    ledger.refund(new, cx.now_ms)?;
    answer(ledger, &number)
}

/// A card's refund is done at once, a wallet's later; some cards, or the control, let it fail after that.
fn new_refund(
    cx: &Cx<'_>,
    trade: &Trade,
    amount: Fen,
    reason: Option<String>,
    metadata: std::collections::BTreeMap<String, String>,
) -> NewRefund {
    let method = method_of(trade, &terms_of(trade));
    let asked = cx.world.refunds_end_as(Channel::Stripe);
    let fails = asked == RefundState::Closed || method.last4 == "5126";
    let later_ms = cx.now_ms.saturating_add(cx.world.rhythm.refund_ms);
    NewRefund {
        key: trade.key.clone(),
        refund_no: format!("re_3{}", cx.world.chance.letters(23)),
        amount,
        reason,
        cause: RefundCause::Refund,
        ends_as: if fails { RefundState::Success } else { asked },
        unionpay: None,
        stripe: Some(Box::new(StripeRefund {
            metadata,
            idempotency_key: cx.idempotency_key.map(str::to_owned),
            fails_ms: fails.then_some(later_ms),
            ..StripeRefund::default()
        })),
        is_prompt: method.is_card() && method.last4 != "7726",
    }
}

fn known(ledger: &Ledger, id: &str) -> Result<(Trade, crate::ledger::Refund), Refusal> {
    let found = find_refund(ledger, id, RefundCause::Refund);
    found
        .map(|(trade, refund)| (trade.clone(), refund.clone()))
        .ok_or_else(|| Refusal::no_such("refund", id))
}

pub(super) fn update(ledger: &mut Ledger, id: &str, params: &Params) -> Done {
    params.only(&["expand", "metadata"])?;
    let (trade, own) = known(ledger, id)?;
    let before = own.stripe.map(|told| told.metadata).unwrap_or_default();
    let metadata = params.metadata("metadata", &before)?;
    let refund_no = id.to_owned();
    ledger.tell_stripe(StripeEvent::RefundTold {
        key: trade.key,
        refund_no,
        metadata,
    })?;
    answer(ledger, id)
}

/// Only while the customer has to act.
pub(super) fn cancel(cx: &Cx<'_>, ledger: &mut Ledger, id: &str, params: &Params) -> Done {
    params.only(&["expand"])?;
    let (trade, own) = known(ledger, id)?;
    if own.state != RefundState::Abnormal {
        let status = objects::refund_status(&own);
        let message =
            format!("This refund cannot be canceled because it has a status of {status}.");
        let mut refusal = Refusal::invalid("", message);
        refusal.is_kept = true;
        return Err(refusal);
    }
    ledger.tell_stripe(StripeEvent::RefundClosed {
        key: trade.key,
        refund_no: id.to_owned(),
        at_ms: cx.now_ms,
        is_canceled: true,
        keeps_money: false,
    })?;
    answer(ledger, id)
}

fn answer(ledger: &Ledger, id: &str) -> Done {
    let (trade, own) = known(ledger, id)?;
    Ok((refund(&trade, &own), Carriage::Prompt))
}

pub(super) fn list(cx: &Cx<'_>, ledger: &Ledger, params: &Params) -> Result<Value, Refusal> {
    only(params, &["charge", "payment_intent"])?;
    let (intent, charge) = (params.text("payment_intent")?, params.text("charge")?);
    let mut members: Vec<Member<'_>> = Vec::new();
    for trade in ledger.trades().filter(is_of_stripe) {
        let is_meant = intent.is_none_or(|id| trade.trade_no == id)
            && charge.is_none_or(|id| charge_id(trade, None) == id);
        let own = trade
            .refunds
            .iter()
            .filter(|it| it.cause == RefundCause::Refund);
        for own in own.filter(|it| is_meant && cx.world.is_seen(it.accepted_ms)) {
            members.push((
                own.refund_no.clone(),
                own.accepted_ms,
                Box::new(move || refund(trade, own)),
            ));
        }
    }
    // Of one second the later ones come first as well.
    members.reverse();
    members.sort_by_key(|member| std::cmp::Reverse(member.1));
    page("/v1/refunds", params, members)
}

//! Balance, its transactions, and payouts with what is in them.
//!
//! It writes the ledger's lines; it must never work one out.

use serde_json::{Value, json};

use super::Cx;
use super::answer::Refusal;
use super::lists::{Member, is_within, only, page};
use super::objects::{charge_id, find_refund, seconds};
use super::params::Params;
use crate::ledger::{
    BalanceLine, Fen, Ledger, LineSource, Refund, RefundCause, StripePayout, Trade,
};

/// The number of a charge's line.
pub(super) fn line_of_charge(trade: &Trade) -> String {
    line_id(&trade.trade_no, "1")
}

/// The number of a refund's line, or of the line that takes it back.
pub(super) fn line_of_refund(refund: &Refund, is_back: bool) -> String {
    line_id(&refund.refund_no, if is_back { "3" } else { "2" })
}

fn line_id(source: &str, kind: &str) -> String {
    let tail = source.split_once('_').map_or(source, |(_, tail)| tail);
    format!("txn_{kind}{tail}")
}

/// How a line is named: `type` and `reporting_category`.
pub(super) fn names(ledger: &Ledger, line: &BalanceLine) -> (&'static str, &'static str) {
    let is_card = |key| {
        ledger
            .find(key)
            .is_none_or(|trade| charge_id(trade, None).starts_with("ch_"))
    };
    match &line.source {
        LineSource::Charge(key) if is_card(key) => ("charge", "charge"),
        LineSource::Charge(_) => ("payment", "charge"),
        LineSource::Dispute(..) => ("adjustment", "dispute"),
        LineSource::DisputeBack(..) => ("adjustment", "dispute_reversal"),
        LineSource::Payout(_) => ("payout", "payout"),
        LineSource::PayoutFailed(_) => ("payout_failure", "payout_reversal"),
        LineSource::Refund(key, _) if is_card(key) => ("refund", "refund"),
        LineSource::Refund(..) => ("payment_refund", "refund"),
        LineSource::RefundFailed(key, _) if is_card(key) => ("refund_failure", "refund_failure"),
        LineSource::RefundFailed(..) => ("payment_failure_refund", "refund_failure"),
    }
}

/// The number of what the line is about.
pub(super) fn source_id(ledger: &Ledger, line: &BalanceLine) -> String {
    match &line.source {
        LineSource::Charge(key) => ledger
            .find(key)
            .map(|trade| charge_id(trade, None))
            .unwrap_or_default(),
        LineSource::Dispute(_, id)
        | LineSource::DisputeBack(_, id)
        | LineSource::Payout(id)
        | LineSource::PayoutFailed(id)
        | LineSource::Refund(_, id)
        | LineSource::RefundFailed(_, id) => id.clone(),
    }
}

pub(super) fn description(ledger: &Ledger, line: &BalanceLine) -> String {
    let of_trade = |key| {
        let trade = ledger.find(key);
        trade.map(|trade| trade.subject.clone()).unwrap_or_default()
    };
    match &line.source {
        LineSource::Charge(key) => of_trade(key),
        LineSource::Dispute(key, _) => format!("Chargeback withdrawal for {}", of_trade(key)),
        LineSource::DisputeBack(key, _) => format!("Chargeback reversal for {}", of_trade(key)),
        LineSource::Payout(_) => "STRIPE PAYOUT".to_owned(),
        LineSource::PayoutFailed(_) => "STRIPE PAYOUT FAILED".to_owned(),
        LineSource::Refund(key, _) => format!("REFUND FOR CHARGE ({})", of_trade(key)),
        LineSource::RefundFailed(key, _) => format!("REFUND FAILURE ({})", of_trade(key)),
    }
}

fn written(cx: &Cx<'_>, ledger: &Ledger, line: &BalanceLine) -> Value {
    let (kind, category) = names(ledger, line);
    let currency = line.currency.code().to_lowercase();
    let fees = if line.fee == Fen::ZERO {
        json!([])
    } else {
        let description = if category == "dispute" {
            "Dispute fee"
        } else {
            "Stripe processing fees"
        };
        json!([{
            "amount": line.fee, "application": null, "currency": currency, "description": description,
            "type": "stripe_fee",
        }])
    };
    json!({
        "id": line.id,
        "object": "balance_transaction",
        "amount": line.amount,
        "available_on": seconds(line.available_ms),
        "balance_type": "payments",
        "created": seconds(line.at_ms),
        "currency": currency,
        "description": description(ledger, line),
        "exchange_rate": null,
        "fee": line.fee,
        "fee_details": fees,
        "net": line.net(),
        "reporting_category": category,
        "source": source_id(ledger, line),
        "status": if line.available_ms <= cx.now_ms { "available" } else { "pending" },
        "type": kind,
    })
}

pub(super) fn line_by_id(cx: &Cx<'_>, ledger: &Ledger, id: &str) -> Option<Value> {
    let lines = ledger.balance_lines();
    let line = lines
        .iter()
        .find(|line| line.id == id && line.at_ms <= cx.now_ms)?;
    Some(written(cx, ledger, line))
}

/// The lines of a dispute, whole.
pub(super) fn lines_of_dispute(ledger: &Ledger, refund: &Refund) -> Vec<Value> {
    let Some((trade, _)) = find_refund(ledger, &refund.refund_no, RefundCause::Dispute) else {
        return Vec::new();
    };
    let currency = trade.currency.code().to_lowercase();
    let lines = ledger.balance_lines();
    let own = lines.iter().filter(|line| match &line.source {
        LineSource::Dispute(_, id) | LineSource::DisputeBack(_, id) => *id == refund.refund_no,
        _ => false,
    });
    own.map(|line| {
        let (kind, category) = names(ledger, line);
        json!({
            "id": line.id, "object": "balance_transaction", "amount": line.amount,
            "available_on": seconds(line.available_ms), "balance_type": "payments", "created": seconds(line.at_ms),
            "currency": currency, "description": description(ledger, line), "exchange_rate": null, "fee": line.fee,
            "fee_details": if line.fee == Fen::ZERO { json!([]) } else { json!([{
                "amount": line.fee, "application": null, "currency": currency, "description": "Dispute fee",
                "type": "stripe_fee",
            }]) },
            "net": line.net(), "reporting_category": category, "source": refund.refund_no, "status": "available",
            "type": kind,
        })
    })
    .collect()
}

/// The lines of a payout, its own among them.
fn is_in(payout: &StripePayout, line: &BalanceLine) -> bool {
    let is_own = matches!(&line.source, LineSource::Payout(id) if *id == payout.id);
    is_own || payout.lines.contains(&line.id)
}

/// The payout that a line is in.
pub(super) fn payout_of<'a>(ledger: &'a Ledger, line: &BalanceLine) -> Option<&'a StripePayout> {
    ledger
        .stripe()
        .payouts()
        .iter()
        .find(|payout| is_in(payout, line))
}

pub(super) fn list(cx: &Cx<'_>, ledger: &Ledger, params: &Params) -> Result<Value, Refusal> {
    only(params, &["currency", "payout", "source", "type"])?;
    let (currency, source) = (params.text("currency")?, params.text("source")?);
    let (payout, kind) = (params.text("payout")?, params.text("type")?);
    let payout = match payout {
        None => None,
        Some(id) => {
            let known = ledger
                .stripe()
                .payouts()
                .iter()
                .find(|payout| payout.id == id);
            Some(known.ok_or_else(|| Refusal::no_such("payout", id))?)
        }
    };
    let mut members: Vec<Member<'_>> = Vec::new();
    for line in ledger.balance_lines().into_iter().rev() {
        let is_meant = line.at_ms <= cx.now_ms
            && currency.is_none_or(|code| code.eq_ignore_ascii_case(line.currency.code()))
            && source.is_none_or(|id| source_id(ledger, &line) == id)
            && kind.is_none_or(|kind| names(ledger, &line).0 == kind)
            // What is in a payout is told once its reconciliation is complete.
            && payout.is_none_or(|payout| is_in(payout, &line) && payout.is_itemised(cx.now_ms));
        if is_meant {
            let told = written(cx, ledger, &line);
            members.push((line.id.clone(), line.at_ms, Box::new(move || told.clone())));
        }
    }
    page("/v1/balance_transactions", params, members)
}

pub(super) fn payout_status(cx: &Cx<'_>, payout: &StripePayout) -> &'static str {
    if payout
        .failed_ms
        .is_some_and(|failed_ms| failed_ms <= cx.now_ms)
    {
        "failed"
    } else if payout.arrival_ms <= cx.now_ms {
        "paid"
    } else if payout.created_ms.saturating_add(3_600_000) <= cx.now_ms {
        "in_transit"
    } else {
        "pending"
    }
}

pub(super) fn payout(cx: &Cx<'_>, payout: &StripePayout) -> Value {
    let status = payout_status(cx, payout);
    let failure = (status == "failed").then_some("account_closed");
    let trace = (status == "paid").then(|| payout.id.replacen("po_", "TRACE", 1).to_uppercase());
    json!({
        "id": payout.id,
        "object": "payout",
        "amount": payout.amount,
        "application_fee": null,
        "application_fee_amount": null,
        "arrival_date": seconds(payout.arrival_ms),
        "automatic": true,
        "balance_transaction": line_id(&payout.id, "4"),
        "created": seconds(payout.created_ms),
        "currency": payout.currency.code().to_lowercase(),
        "description": "STRIPE PAYOUT",
        "destination": "ba_1SandboxAccount",
        "failure_balance_transaction": failure.map(|_| line_id(&payout.id, "5")),
        "failure_code": failure,
        "failure_message": failure.map(|_| "The bank account has been closed."),
        "livemode": false,
        "metadata": {},
        "method": "standard",
        "original_payout": null,
        "payout_method": null,
        "reconciliation_status": if payout.is_itemised(cx.now_ms) { "completed" } else { "in_progress" },
        "reversed_by": null,
        "source_type": "card",
        "statement_descriptor": null,
        "status": status,
        "trace_id": { "status": if trace.is_some() { "supported" } else { "pending" }, "value": trace },
        "type": "bank_account",
    })
}

pub(super) fn payout_by_id(cx: &Cx<'_>, ledger: &Ledger, id: &str) -> Option<Value> {
    let found = ledger
        .stripe()
        .payouts()
        .iter()
        .find(|known| known.id == id)?;
    Some(payout(cx, found))
}

pub(super) fn payouts(cx: &Cx<'_>, ledger: &Ledger, params: &Params) -> Result<Value, Refusal> {
    only(params, &["arrival_date", "destination", "status"])?;
    let status = params.text("status")?;
    let mut members: Vec<Member<'_>> = Vec::new();
    for own in ledger.stripe().payouts().iter().rev() {
        let is_meant = status.is_none_or(|status| payout_status(cx, own) == status)
            && is_within(params, "arrival_date", own.arrival_ms)?;
        if is_meant {
            members.push((
                own.id.clone(),
                own.created_ms,
                Box::new(move || payout(cx, own)),
            ));
        }
    }
    page("/v1/payouts", params, members)
}

/// What is available and what is not yet, of each currency.
pub(super) fn balance(cx: &Cx<'_>, ledger: &Ledger) -> Value {
    let lines = ledger.balance_lines();
    let lines = || lines.iter().filter(|line| line.at_ms <= cx.now_ms);
    let currencies: std::collections::BTreeSet<_> = lines().map(|line| line.currency).collect();
    let of = |is_available: bool| -> Vec<Value> {
        let of_currency = currencies.iter().map(|currency| {
            let own = lines().filter(|line| {
                line.currency == *currency && (line.available_ms <= cx.now_ms) == is_available
            });
            let sum = Fen::sum(own.map(BalanceLine::net)).unwrap_or(Fen::ZERO);
            json!({ "amount": sum, "currency": currency.code().to_lowercase(), "source_types": { "card": sum } })
        });
        of_currency.collect()
    };
    json!({ "object": "balance", "available": of(true), "livemode": false, "pending": of(false) })
}

pub(super) fn account(cx: &Cx<'_>) -> Value {
    json!({
        "id": cx.world.keys.merchant.stripe.account,
        "object": "account",
        "business_type": "company",
        "charges_enabled": true,
        "country": "HK",
        "created": 1_700_000_000,
        "default_currency": "hkd",
        "details_submitted": true,
        "email": "shop@example.com",
        "metadata": {},
        "payouts_enabled": true,
        "type": "standard",
    })
}

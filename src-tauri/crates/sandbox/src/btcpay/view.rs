//! Invoices, payments, refunds and payouts as the Greenfield API tells them.
//!
//! Amounts are decimals in texts, times are seconds. It must never look at a ledger.

use serde_json::{Map, Value, json};

use crate::ledger::{
    CoinMethod, CoinPayment, CoinPayout, Currency, Fen, Invoice, InvoiceMethod, PullPayment, unit,
};

/// Seconds since 1970.
pub(super) fn seconds(at_ms: i64) -> i64 {
    at_ms.div_euclid(1_000)
}

/// An amount with its currency's decimals; nothing is `0`.
pub(super) fn amount(currency: Currency, amount: Fen) -> String {
    if amount == Fen::ZERO {
        return "0".to_owned();
    }
    unit::write(currency, amount)
}

pub(super) fn coins(sats: i64) -> String {
    amount(Currency::BTC, Fen::new(sats))
}

/// The name of a status, of any kind that is written as its own name.
pub(super) fn name(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

pub(super) fn invoice(invoice: &Invoice, host: &str) -> Value {
    let currency = invoice.currency;
    let terms = &invoice.terms;
    let methods: Vec<&str> = invoice.methods.iter().map(|way| way.method.id()).collect();
    let mut checkout = match &terms.checkout {
        Value::Object(fields) => fields.clone(),
        _ => Map::new(),
    };
    for (field, value) in [
        ("speedPolicy", name(terms.speed)),
        ("paymentMethods", json!(methods)),
        ("defaultPaymentMethod", json!(terms.default_method)),
        ("lazyPaymentMethods", json!(terms.is_lazy)),
    ] {
        checkout.insert(field.to_owned(), value);
    }
    json!({
        "id": invoice.id,
        "storeId": invoice.store_id,
        "amount": amount(currency, invoice.price),
        "paidAmount": amount(currency, invoice.value(invoice.paid_sats())),
        "currency": currency,
        "type": if invoice.is_top_up { "TopUp" } else { "Standard" },
        "checkoutLink": format!("http://{host}/i/{}", invoice.id),
        "createdTime": seconds(invoice.created_ms),
        "expirationTime": seconds(invoice.expires_ms),
        "monitoringExpiration": seconds(invoice.monitored_ms),
        "status": invoice.status,
        "additionalStatus": invoice.extra,
        "availableStatusesForManualMarking": invoice.markable(),
        "archived": invoice.is_archived,
        "metadata": terms.metadata,
        "checkout": checkout,
        "receipt": terms.receipt,
    })
}

/// What a wallet scans to pay what is due by this method.
pub(super) fn payment_link(invoice: &Invoice, way: &InvoiceMethod) -> Option<String> {
    let destination = way.destination.as_deref()?;
    Some(match way.method {
        CoinMethod::Lightning => format!("lightning:{destination}"),
        CoinMethod::Chain if invoice.due_sats() == 0 => format!("bitcoin:{destination}"),
        CoinMethod::Chain => {
            let due = unit::write(Currency::BTC, Fen::new(invoice.due_sats()));
            let due = due.trim_end_matches('0').trim_end_matches('.');
            format!("bitcoin:{destination}?amount={due}")
        }
    })
}

/// Which payments are told, and whether what belongs to the wallet is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detail {
    pub(super) only_standing: bool,
    pub(super) is_sensitive: bool,
}

pub(super) fn method(invoice: &Invoice, way: &InvoiceMethod, detail: Detail) -> Value {
    let is_its = |payment: &&CoinPayment| payment.method == way.method;
    let own_sats = invoice
        .standing()
        .filter(is_its)
        .map(|payment| payment.sats);
    let paid = own_sats.fold(0_i64, i64::saturating_add);
    let payments: Vec<Value> = if detail.only_standing {
        invoice.standing().filter(is_its).map(payment).collect()
    } else {
        invoice
            .payments
            .iter()
            .filter(is_its)
            .map(payment)
            .collect()
    };
    let mut told = json!({
        "paymentMethodId": way.method,
        "currency": Currency::BTC,
        "paymentLink": payment_link(invoice, way),
        "rate": invoice.rate.write(),
        "paymentMethodPaid": coins(paid),
        "totalPaid": coins(invoice.paid_sats()),
        "due": coins(invoice.due_sats()),
        "amount": coins(invoice.sats),
        "paymentMethodFee": "0",
        "payments": payments,
        "activated": way.destination.is_some(),
        "additionalData": additional(way, detail.is_sensitive),
    });
    if let (Some(fields), Some(destination)) = (told.as_object_mut(), &way.destination) {
        fields.insert("destination".to_owned(), json!(destination));
    }
    told
}

fn additional(way: &InvoiceMethod, is_sensitive: bool) -> Value {
    match way.method {
        CoinMethod::Lightning => json!({}),
        CoinMethod::Chain => {
            let mut told = json!({
                "payjoinEnabled": false,
                "recommendedFeeRate": "4.107",
                "paymentMethodFeeRate": "3.975",
            });
            if let (true, Some(fields)) = (is_sensitive, told.as_object_mut()) {
                fields.insert("keyPath".to_owned(), json!("0/1"));
            }
            told
        }
    }
}

pub(super) fn payment(payment: &CoinPayment) -> Value {
    json!({
        "id": payment.id,
        "receivedDate": seconds(payment.received_ms),
        "value": coins(payment.sats),
        "fee": "0",
        "status": payment.state,
        "destination": payment.destination,
    })
}

pub(super) fn pull_payment(pull: &PullPayment, host: &str) -> Value {
    json!({
        "id": pull.id,
        "name": pull.name,
        "description": pull.description,
        "currency": pull.currency,
        "amount": amount(pull.currency, pull.amount),
        "BOLT11Expiration": "30",
        "autoApproveClaims": pull.approves,
        "archived": pull.is_archived,
        "viewLink": format!("http://{host}/pull-payments/{}", pull.id),
    })
}

pub(super) fn payout(payout: &CoinPayout, pull: &PullPayment) -> Value {
    let proof = payout.is_out().then(|| match payout.method {
        CoinMethod::Chain => json!({ "proofType": "PayoutTransactionOnChainBlob" }),
        CoinMethod::Lightning => json!({ "proofType": "PayoutLightningBlob" }),
    });
    let mut told = json!({
        "id": payout.id,
        "revision": payout.revision,
        "pullPaymentId": payout.pull_id,
        "date": seconds(payout.created_ms).to_string(),
        "destination": payout.destination,
        "originalCurrency": pull.currency,
        "originalAmount": amount(pull.currency, payout.amount),
        "payoutCurrency": Currency::BTC,
        "payoutAmount": payout.sats.map(coins),
        "payoutMethodId": payout.method,
        "state": payout.state,
        "metadata": { "source": "Pull payment" },
    });
    if let (Some(fields), Some(proof)) = (told.as_object_mut(), proof) {
        fields.insert("paymentProof".to_owned(), proof);
    }
    told
}

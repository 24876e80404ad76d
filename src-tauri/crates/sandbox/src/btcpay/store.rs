//! What a till asks before it sells: who it is, whose store this is, how it can be paid, at which rate.
//!
//! Reads only.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::asked::Query;
use super::{Caller, Store};
use crate::exchange::Call;
use crate::ledger::{CoinMethod, SpeedPolicy, unit};
use crate::world::World;

pub(super) fn health() -> Answer {
    Answer::ok(json!({ "synchronized": true }))
}

pub(super) fn server_info() -> Answer {
    Answer::ok(json!({
        "version": "2.4.1",
        "supportedPaymentMethods": CoinMethod::ALL,
        "fullySynched": true,
        "syncStatus": [{
            "paymentMethodId": CoinMethod::Chain,
            "chainHeight": 1_000,
            "syncHeight": 1_000,
            "available": true,
            "nodeInformation": { "headers": 1_000, "blocks": 1_000, "verificationProgress": 1 },
        }],
    }))
}

pub(super) fn key(caller: &Caller) -> Answer {
    Answer::ok(json!({
        "apiKey": caller.key,
        "label": caller.label,
        "permissions": caller.scoped(),
    }))
}

pub(super) fn settings(store: Store<'_>) -> Answer {
    Answer::ok(json!({
        "id": store.id,
        "name": store.name,
        "website": null,
        "defaultCurrency": store.currency,
        "invoiceExpiration": 900,
        "monitoringExpiration": 86_400,
        "displayExpirationTimer": 300,
        "refundBOLT11Expiration": 30,
        "speedPolicy": SpeedPolicy::MediumSpeed,
        "paymentTolerance": 0,
        "networkFeeMode": "Never",
        "payJoinEnabled": false,
        "lazyPaymentMethods": false,
        "defaultPaymentMethod": CoinMethod::Chain,
        "anyoneCanCreateInvoice": false,
        "archived": false,
        "defaultLang": "en",
        "receipt": { "enabled": true, "showQR": null, "showPayments": null },
    }))
}

pub(super) fn methods(call: &Call) -> Result<Answer, Refusal> {
    // All are enabled, so the filter leaves all of them.
    Query::read(call).flag("onlyEnabled")?;
    let row = |method| json!({ "enabled": true, "paymentMethodId": method });
    Ok(Answer::ok(CoinMethod::ALL.into_iter().map(row).collect()))
}

pub(super) fn rates(world: &World, store: Store<'_>, call: &Call) -> Result<Answer, Refusal> {
    let query = Query::read(call);
    let mut pairs: Vec<String> = query.all("currencyPair").map(str::to_owned).collect();
    if pairs.is_empty() {
        pairs.push(format!("BTC_{}", store.currency.code()));
    }
    let ledger = world.ledger()?;
    let mut rows: Vec<Value> = Vec::new();
    for pair in pairs {
        let Some((base, quote)) = pair.split_once('_') else {
            return Err(Refusal::field(
                "currencyPair",
                format!("Invalid pair {pair}"),
            ));
        };
        let currency = unit::known(quote).filter(|_| base == "BTC");
        let rate = currency.and_then(|currency| ledger.coins().rate(currency));
        let errors: &[&str] = if rate.is_some() {
            &[]
        } else {
            &["The rate provider returned no rate"]
        };
        rows.push(json!({
            "currencyPair": pair,
            "rate": rate.map(|rate| rate.write()),
            "errors": errors,
        }));
    }
    Ok(Answer::ok(json!(rows)))
}

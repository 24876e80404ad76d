//! BTCPay Server: our requests, and the answers that our tests make up, against the server's own OpenAPI document.

use crate::{
    btcpay::{Own, body_of, create, finish, own, own_with, query, query_refund, refund, untouched},
    btcpay_answers::{chain, invoice, listed},
    btcpay_refunds::{offer, payout, pull},
    documented::protocol,
};
use paydesk_channels::{Call, Examine, Exchange, SetUp as _, WireRequest, btcpay};
use paydesk_domain::{Memo, OfferStage, RateChoice};
use serde_json::{Value, json};

fn document() -> Option<Value> {
    let text = protocol("btcpay-openapi-trimmed.json")?;
    Some(serde_json::from_str(&text).unwrap())
}

/// What a value has that its schema does not allow: types, names, choices, limits and parts, which is all that the
/// document uses. The parts of an `allOf` are read as one, for each forbids the names of the others.
fn faults(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut parts = Vec::new();
    flatten(document, schema, &mut parts);
    if value.is_null() && parts.iter().any(|part| part["nullable"] == json!(true)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for part in &parts {
        let wanted = part["type"].as_str().unwrap_or_default();
        if !is_of(wanted, value) {
            found.push(format!("{at}: {value} is no {wanted}"));
        }
        if let Some(choices) = part["enum"].as_array()
            && !choices.contains(value)
        {
            found.push(format!("{at}: {value} is none of {choices:?}"));
        }
        let (number, most) = (value.as_f64(), part["maximum"].as_f64());
        if number.zip(most).is_some_and(|(number, most)| number > most) {
            found.push(format!("{at}: {value} is above {most:?}"));
        }
        for item in value.as_array().into_iter().flatten() {
            found.extend(faults(document, &part["items"], item, &format!("{at}[]")));
        }
        let required = part["required"].as_array().into_iter().flatten();
        let missing = required.filter(|name| value.get(name.as_str().unwrap()).is_none());
        found.extend(missing.map(|name| format!("{at}: {name} is missing")));
        let ways = part["anyOf"].as_array().or(part["oneOf"].as_array());
        if let Some(ways) = ways
            && !ways
                .iter()
                .any(|way| faults(document, way, value, at).is_empty())
        {
            found.push(format!("{at}: {value} fits no way"));
        }
    }
    let is_closed = parts
        .iter()
        .any(|part| part["additionalProperties"] == json!(false));
    for (name, inner) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        let known = parts.iter().map(|part| &part["properties"][name.as_str()]);
        let known: Vec<&Value> = known.filter(|schema| !schema.is_null()).collect();
        if known.is_empty() && is_closed {
            found.push(format!("{at} is not in the document"));
        }
        let inner = known
            .iter()
            .flat_map(|schema| faults(document, schema, inner, &at));
        found.extend(inner);
    }
    found
}

/// The schema with what it refers to and consists of.
fn flatten<'d>(document: &'d Value, schema: &'d Value, parts: &mut Vec<&'d Value>) {
    if let Some(name) = schema["$ref"].as_str() {
        let place = name.strip_prefix('#').unwrap();
        flatten(document, document.pointer(place).unwrap(), parts);
        return;
    }
    parts.push(schema);
    for part in schema["allOf"].as_array().into_iter().flatten() {
        flatten(document, part, parts);
    }
}

fn is_of(wanted: &str, value: &Value) -> bool {
    match wanted {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        "" => true,
        other => panic!("the document has a type {other}"),
    }
}

fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The document's path for ours, and its operation. It names an invoice without its store, as servers of 2.x alone do.
fn operation<'d>(document: &'d Value, request: &WireRequest) -> &'d Value {
    let (_, path) = request.url.split_once("https://pay.example").unwrap();
    let path = path.split('?').next().unwrap();
    let store = format!("/stores/{}", crate::btcpay::STORE);
    let bare = path.replace(&store, "");
    let fits = |template: &str, path: &str| {
        let (wanted, given) = (template.split('/'), path.split('/'));
        wanted.clone().count() == given.clone().count()
            && wanted
                .zip(given)
                .all(|(wanted, given)| wanted == given || wanted.starts_with('{'))
    };
    let method = request.method.to_lowercase();
    let paths = document["paths"].as_object().unwrap();
    let found = paths.iter().find(|(template, operations)| {
        operations.get(&method).is_some() && (fits(template, path) || fits(template, &bare))
    });
    let (_, operations) = found.unwrap_or_else(|| panic!("{method} {path} is not in the document"));
    &operations[method.as_str()]
}

fn check<C: Call>(document: &Value, call: &C, own: &Own)
where
    btcpay::BtcPay: Exchange<C>,
{
    let request = Exchange::<C>::encode(&btcpay::CONNECTOR, call, &own.cx()).unwrap();
    let operation = operation(document, &request);
    let known: Vec<&str> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|parameter| parameter["in"] == "query")
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    let (_, queries) = request.url.split_once('?').unwrap_or_default();
    for pair in queries.split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split('=').next().unwrap();
        // The server's source knows it of invoices too, says the reference; the document forgets it.
        let is_forgotten = request.url.contains("/invoices?") && name == "includeArchived";
        assert!(
            known.contains(&name) || is_forgotten,
            "{name} of {} is not in {known:?}",
            request.url
        );
    }
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(schema.is_null(), request.body.is_empty(), "{}", request.url);
    if !request.body.is_empty() {
        let faults = faults(document, schema, &body_of(&request), "");
        assert!(faults.is_empty(), "{}: {faults:?}", request.url);
    }
}

#[test]
fn our_requests_are_what_the_document_describes() {
    let Some(document) = document() else {
        return;
    };
    let own = own();
    check(&document, &create(), &own);
    let chosen = own_with(&[
        ("payment_methods", "BTC-CHAIN,BTC-LN"),
        ("speed_policy", "HighSpeed"),
    ]);
    check(&document, &create(), &chosen);
    check(&document, &query(None), &own);
    for question in 0..btcpay::CONNECTOR.questions() {
        check(&document, &Examine { question }, &own);
    }
    check(&document, &finish(None), &own);
    check(&document, &finish(Some(&untouched())), &own);
    for rate in [RateChoice::Amount, RateChoice::Now, RateChoice::Then] {
        check(&document, &refund("5.00", rate), &own);
    }
    let known = offer(OfferStage::Unclaimed);
    check(&document, &query_refund(None), &own);
    check(&document, &query_refund(Some(&known)), &own);
    let mut claims = query_refund(Some(&known));
    claims.refund.told = Some(Memo(serde_json::to_string(&known).unwrap()));
    check(&document, &claims, &own);
}

#[test]
fn a_mistake_would_be_seen() {
    let Some(document) = document() else {
        return;
    };
    let own = own();
    let request = Exchange::encode(&btcpay::CONNECTOR, &create(), &own.cx()).unwrap();
    let schema = named("CreateInvoiceRequest");
    let whole = body_of(&request);
    for (name, value) in [
        ("price", json!("5.00")),
        ("amount", json!(true)),
        ("currency", json!(840)),
        ("checkout", json!({ "speedPolicy": "Fast" })),
        ("checkout", json!({ "expiry": 15 })),
        ("checkout", json!({ "paymentTolerance": 101 })),
    ] {
        let mut other = whole.clone();
        other[name] = value.clone();
        let faults = faults(&document, &schema, &other, "");
        assert!(!faults.is_empty(), "{name} {value}");
    }
    let mark = json!({ "status": "Expired" });
    assert!(!faults(&document, &named("MarkInvoiceStatusRequest"), &mark, "").is_empty());
}

#[test]
fn the_answers_our_tests_make_up_are_the_documents() {
    let Some(document) = document() else {
        return;
    };
    let check = |schema: &str, value: &Value| {
        let faults = faults(&document, &named(schema), value, "");
        assert!(faults.is_empty(), "{schema}: {faults:?}");
    };
    check("InvoiceData", &invoice());
    let paid = [("0.00007765", "Settled")];
    let methods = [chain("0.00007765", "0", &paid)];
    for (status, extra) in [
        ("New", "PaidPartial"),
        ("Settled", "PaidOver"),
        ("Expired", "PaidLate"),
    ] {
        check(
            "InvoiceDataList",
            &json!([listed(status, extra, "5", &methods)]),
        );
    }
    check("PullPaymentDataList", &json!([pull("3cQm1", false)]));
    check("PayoutDataList", &json!([payout("Completed", "5.00")]));
    check(
        "ProblemDetails",
        &json!({ "code": "unauthenticated", "message": "no" }),
    );
    let fields = json!([{ "path": "amount", "message": "no" }]);
    check("ValidationProblemDetails", &fields);
}

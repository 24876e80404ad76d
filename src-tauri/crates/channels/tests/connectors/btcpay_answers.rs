//! BTCPay Server: what each believed answer about an invoice is taken to mean.

use crate::{
    btcpay::{INVOICE, Own, STORE, create, finish, from_host, own, query, untouched},
    shop::{NOW, reference, said},
};
use paydesk_channels::{Answer, Call, Channel, Exchange, Operation, btcpay};
use paydesk_domain::{
    Amiss, Amount, ClosedWhy, Confirmations, Decimal, Doubt, Outcome, PayerAction, PaymentFact,
    Timestamp,
};
use serde_json::{Value, json};

const SECONDS: i64 = NOW.0 / 1000;

/// A new invoice, as the answer to its create tells it.
pub(crate) fn invoice() -> Value {
    json!({
        "id": INVOICE, "storeId": STORE, "amount": "5.00", "paidAmount": "0", "currency": "USD",
        "type": "Standard", "checkoutLink": format!("https://pay.example/i/{INVOICE}"),
        "createdTime": SECONDS, "expirationTime": SECONDS + 900,
        "monitoringExpiration": SECONDS + 87_300, "status": "New", "additionalStatus": "None",
        "availableStatusesForManualMarking": ["Settled", "Invalid"], "archived": false,
        "metadata": { "orderId": reference().as_str(), "itemDesc": "tea" },
        "checkout": { "speedPolicy": "MediumSpeed", "paymentTolerance": 0.0 },
        "receipt": {},
    })
}

const CHAIN: &str = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";

pub(crate) fn chain(paid: &str, due: &str, payments: &[(&str, &str)]) -> Value {
    let payments: Vec<Value> = payments
        .iter()
        .zip(0_i64..)
        .map(|((value, status), at)| {
            json!({
                "id": format!("{}-{at}", "ab".repeat(32)), "receivedDate": SECONDS + 60 + at,
                "value": value, "fee": "0", "status": status, "destination": CHAIN,
            })
        })
        .collect();
    json!({
        "paymentMethodId": "BTC-CHAIN", "currency": "BTC", "destination": CHAIN,
        "paymentLink": format!("bitcoin:{CHAIN}?amount={due}"), "rate": "64392.23",
        "amount": "0.00007765", "due": due, "paymentMethodPaid": paid, "totalPaid": paid,
        "paymentMethodFee": "0", "activated": true, "payments": payments,
        "additionalData": { "keyPath": "0/1", "payjoinEnabled": false },
    })
}

fn lightning(due: &str) -> Value {
    json!({
        "paymentMethodId": "BTC-LN", "currency": "BTC", "destination": "lnbc77650n1pjq",
        "paymentLink": "lightning:lnbc77650n1pjq", "rate": "64392.23", "amount": "0.00007765",
        "due": due, "paymentMethodPaid": "0", "totalPaid": "0", "paymentMethodFee": "0",
        "activated": true, "payments": [], "additionalData": {},
    })
}

pub(crate) fn listed(status: &str, extra: &str, paid: &str, methods: &[Value]) -> Value {
    let mut invoice = invoice();
    invoice["status"] = json!(status);
    invoice["additionalStatus"] = json!(extra);
    invoice["paidAmount"] = json!(paid);
    invoice["paymentMethods"] = json!(methods);
    invoice
}

pub(crate) fn decode_at<C: Call>(
    own: &Own,
    now: Timestamp,
    call: &C,
    status: u16,
    body: &str,
) -> Outcome<Answer<C::Fact>>
where
    btcpay::BtcPay: Exchange<C>,
{
    let cx = own.cx_at(now);
    let reply = from_host(status, body);
    let proof = btcpay::CONNECTOR
        .authenticate(Operation::Query, reply, &cx)
        .unwrap();
    Exchange::<C>::decode(&btcpay::CONNECTOR, call, &proof, &cx)
}

fn asked(invoices: &[Value]) -> Outcome<Answer<PaymentFact>> {
    let body = json!(invoices).to_string();
    decode_at(&own(), NOW, &query(None), 200, &body)
}

fn fact(outcome: Outcome<Answer<PaymentFact>>) -> PaymentFact {
    match outcome {
        Outcome::Done(answer) => answer.fact,
        other => panic!("{other:?}"),
    }
}

fn learned(outcome: Outcome<Answer<PaymentFact>>) -> String {
    match outcome {
        Outcome::Done(answer) => answer.learned.unwrap().0,
        other => panic!("{other:?}"),
    }
}

/// In a few words, what is amiss too.
fn words(outcome: &Outcome<Answer<PaymentFact>>) -> String {
    match outcome {
        Outcome::Done(answer) => match &answer.fact {
            PaymentFact::PaidAmiss(paid, amiss) => {
                format!(
                    "{amiss:?} {} of {}",
                    paid.received.minor(),
                    paid.asked.minor()
                )
            }
            PaymentFact::Confirming(received, Confirmations { needed, seen: None }) => format!(
                "confirming {} needs {needed}",
                received.map_or(0, Amount::minor)
            ),
            PaymentFact::Closed(ClosedWhy::Refused { refusal }) => {
                format!("closed {}", refusal.code)
            }
            _ => said(outcome),
        },
        Outcome::Refused(_) | Outcome::Unknown(_) => said(outcome),
    }
}

#[test]
fn the_answer_to_a_create_shows_the_page_and_the_list_the_code() {
    let first = decode_at(&own(), NOW, &create(), 200, &invoice().to_string());
    assert_eq!(learned(first.clone()), untouched());
    let PaymentFact::Awaiting(PayerAction::ShowCode { text, coins }, until) = fact(first) else {
        panic!();
    };
    assert_eq!(text, format!("https://pay.example/i/{INVOICE}"));
    assert!(coins.unwrap().ways.is_empty());
    assert_eq!(until, Timestamp((SECONDS + 900) * 1000));

    let whole = listed(
        "New",
        "None",
        "0",
        &[chain("0", "0.00007765", &[]), lightning("0.00007765")],
    );
    let PaymentFact::Awaiting(PayerAction::ShowCode { text, coins }, _) = fact(asked(&[whole]))
    else {
        panic!();
    };
    let coins = coins.unwrap();
    assert_eq!(text, format!("bitcoin:{CHAIN}?amount=0.00007765"));
    assert_eq!(coins.ways.len(), 2);
    assert_eq!(coins.ways[0].rate, Decimal::parse("64392.23").unwrap());
    assert_eq!(coins.ways[1].text, "lightning:lnbc77650n1pjq");
    assert_eq!(coins.received, None);

    // A part was paid: the code asks for the rest.
    let part = [("0.00004659", "Settled")];
    let rest = listed(
        "New",
        "PaidPartial",
        "3.0000341",
        &[chain("0.00004659", "0.00003106", &part)],
    );
    let outcome = asked(&[rest]);
    assert!(learned(outcome.clone()).ends_with(":touched"));
    let PaymentFact::Awaiting(PayerAction::ShowCode { text, coins }, _) = fact(outcome) else {
        panic!();
    };
    assert_eq!(text, format!("bitcoin:{CHAIN}?amount=0.00003106"));
    assert_eq!(coins.unwrap().received.map(Amount::minor), Some(300));
}

#[test]
fn a_code_that_asks_for_something_else_is_not_shown() {
    let page = format!("https://pay.example/i/{INVOICE}");
    let check = |field: &str, value: Value| {
        let mut method = chain("0", "0.00007765", &[]);
        method[field] = value.clone();
        let outcome = asked(&[listed("New", "None", "0", &[method])]);
        let PaymentFact::Awaiting(PayerAction::ShowCode { text, .. }, _) = fact(outcome) else {
            panic!();
        };
        assert_eq!(text, page, "{field} {value}");
    };
    for link in [
        format!("bitcoin:{CHAIN}?amount=0.00007766"),
        format!("bitcoin:{CHAIN}"),
        format!("bitcoin:{CHAIN}?amount=0.00007765&amount=1"),
        "bitcoin:bc1qother?amount=0.00007765".to_owned(),
        format!("https:{CHAIN}?amount=0.00007765"),
        format!("javascript:{CHAIN}?amount=0.00007765"),
        format!("bitcoin:{CHAIN}?amount=0.00007765&x=\n"),
        format!("bitcoin:{CHAIN}?amount=0.00007765&x={}", "x".repeat(2048)),
        String::new(),
    ] {
        check("paymentLink", json!(link));
    }
    check("due", json!("0"));
    check("due", json!("-0.1"));
    check("activated", json!(false));
    check("paymentLink", Value::Null);
}

#[test]
fn every_state_has_its_meaning() {
    let sat = [("0.00007765", "Settled")];
    let seen = [("0.00007765", "Processing")];
    let part = [("0.00004659", "Settled")];
    let half_seen = [("0.00004659", "Settled"), ("0.00003106", "Processing")];
    let of = |payments: &[(&str, &str)]| vec![chain("0.00007765", "0", payments)];
    let none = || vec![chain("0", "0.00007765", &[])];
    let paid = "paid 500 received 500 by UZjzUbMBLBNYJUoVkWkVvM";
    for (status, extra, amount, methods, expected) in [
        ("New", "None", "0", none(), "awaiting show_code"),
        ("New", "PaidPartial", "3", of(&part), "awaiting show_code"),
        (
            "Processing",
            "None",
            "5",
            of(&seen),
            "confirming 500 needs 1",
        ),
        (
            "Processing",
            "PaidOver",
            "6.20",
            of(&seen),
            "confirming 620 needs 1",
        ),
        ("Settled", "None", "5.00", of(&sat), paid),
        // The smallest coin is worth more than nothing, and that is no overpayment.
        ("Settled", "None", "5.0000562", of(&sat), paid),
        ("Settled", "None", "5.03", of(&sat), paid),
        ("Settled", "PaidOver", "5.009", of(&sat), paid),
        ("Settled", "PaidOver", "6.20", of(&sat), "Over 620 of 500"),
        (
            "Settled",
            "PaidOver",
            "6.20",
            of(&seen),
            "confirming 620 needs 1",
        ),
        ("Settled", "PaidLate", "5", of(&sat), "Late 500 of 500"),
        ("Settled", "Marked", "5", of(&sat), paid),
        ("Settled", "Marked", "0", none(), "closed settled-by-hand"),
        ("Settled", "Marked", "3", of(&part), "Short 300 of 500"),
        // Never called paid for a fraction too little.
        ("Settled", "None", "4.9999", of(&sat), "Short 499 of 500"),
        ("Expired", "None", "0", none(), "closed expired"),
        ("Expired", "None", "0.004", of(&part), "closed expired"),
        ("Expired", "PaidPartial", "3", of(&part), "Short 300 of 500"),
        (
            "Expired",
            "PaidPartial",
            "5",
            of(&half_seen),
            "confirming 500 needs 1",
        ),
        ("Expired", "PaidLate", "5", of(&sat), "Late 500 of 500"),
        (
            "Expired",
            "PaidLate",
            "5",
            of(&seen),
            "confirming 500 needs 1",
        ),
        ("Expired", "PaidOver", "6.20", of(&sat), "Over 620 of 500"),
        ("Invalid", "Marked", "0", none(), "closed closed"),
        ("Invalid", "None", "0", none(), "closed Invalid"),
        // Money that came on an invoice we marked ourselves.
        ("Invalid", "Marked", "5", of(&sat), "Late 500 of 500"),
        ("Invalid", "Marked", "3", of(&part), "Short 300 of 500"),
        (
            "Invalid",
            "Marked",
            "5",
            of(&seen),
            "confirming 500 needs 1",
        ),
        ("Invalid", "PaidOver", "6.20", of(&sat), "Over 620 of 500"),
    ] {
        let outcome = asked(&[listed(status, extra, amount, &methods)]);
        assert_eq!(words(&outcome), expected, "{status} {extra} {amount}");
    }
    // The server stopped looking, and it was never confirmed.
    let body = json!([listed("Invalid", "None", "5", &of(&seen))]).to_string();
    let later = Timestamp(NOW.0 + 87_301_000);
    let outcome = decode_at(&own(), later, &query(None), 200, &body);
    assert_eq!(words(&outcome), "closed Invalid");
}

#[test]
fn what_was_paid_in_coins_is_kept_with_its_rate() {
    let sat = [("0.00007765", "Settled")];
    let methods = [chain("0.00007765", "0", &sat), lightning("0")];
    let PaymentFact::Paid(paid) = fact(asked(&[listed("Settled", "None", "5", &methods)])) else {
        panic!();
    };
    assert_eq!(paid.at, Timestamp((SECONDS + 60) * 1000));
    assert_eq!(paid.coins.len(), 1);
    let coins = &paid.coins[0];
    assert_eq!(
        (coins.method.as_str(), coins.coin.as_str()),
        ("BTC-CHAIN", "BTC")
    );
    assert_eq!(coins.amount.to_string(), "0.00007765");
    assert_eq!(coins.rate.to_string(), "64392.23");
    assert_eq!(coins.source, "https://pay.example");
    let PaymentFact::PaidAmiss(paid, Amiss::Short) =
        fact(asked(&[listed("Expired", "PaidPartial", "3", &methods)]))
    else {
        panic!();
    };
    assert_eq!(paid.coins.len(), 1);
}

#[test]
fn an_answer_about_something_else_concludes_nothing() {
    let sat = [("0.00007765", "Settled")];
    let whole = listed("Settled", "None", "5.00", &[chain("0.00007765", "0", &sat)]);
    let check = |field: &str, value: Value, doubt: &str| {
        let mut other = whole.clone();
        match field.split_once('.') {
            Some((outer, inner)) => other[outer][inner] = value.clone(),
            None => other[field] = value.clone(),
        }
        let expected = format!("unknown {doubt}");
        assert_eq!(words(&asked(&[other.clone()])), expected, "{field} {value}");
        let outcome = decode_at(&own(), NOW, &create(), 200, &other.to_string());
        assert_eq!(words(&outcome), expected, "create: {field} {value}");
    };
    for (field, value) in [
        ("storeId", json!("other")),
        ("amount", json!("5.01")),
        ("amount", json!("5.001")),
        ("amount", json!("4.999")),
        ("amount", json!("5e0")),
        ("currency", json!("EUR")),
        ("type", json!("TopUp")),
        ("metadata.orderId", json!("T7K2M02611210000AA1")),
        ("metadata.orderId", Value::Null),
        ("checkout.paymentTolerance", json!(5)),
    ] {
        check(field, value, "mismatch");
    }
    for (field, value) in [
        ("id", json!("../../x")),
        ("id", Value::Null),
        ("status", json!("Paid")),
        ("additionalStatus", json!("PaidTwice")),
        ("paidAmount", json!("-5")),
        ("paidAmount", json!(5)),
        ("paidAmount", Value::Null),
        ("expirationTime", json!("soon")),
        ("checkoutLink", json!("https://pay.example.org/i/x")),
        ("checkoutLink", json!("http://pay.example/i/x")),
        ("paymentMethods", json!({})),
    ] {
        check(field, value, "unreadable");
    }
    for (field, value) in [
        ("rate", json!("x")),
        ("paymentMethodPaid", json!("1e-5")),
        ("payments", json!([{ "status": "Sent" }])),
    ] {
        let mut other = whole.clone();
        other["paymentMethods"][0][field] = value;
        assert_eq!(words(&asked(&[other])), "unknown unreadable", "{field}");
    }
}

#[test]
fn a_create_that_arrived_twice_shows_one_and_loses_nothing() {
    let older = listed("New", "None", "0", &[chain("0", "0.00007765", &[])]);
    let mut younger = older.clone();
    younger["id"] = json!("Younger");
    younger["createdTime"] = json!(SECONDS + 1);
    for both in [
        [older.clone(), younger.clone()],
        [younger.clone(), older.clone()],
    ] {
        assert_eq!(learned(asked(&both)), untouched());
    }
    // The one that was shown stays the one.
    let memo = untouched().replace(INVOICE, "Younger");
    let body = json!([older, younger]).to_string();
    let outcome = decode_at(&own(), NOW, &query(Some(&memo)), 200, &body);
    assert!(learned(outcome).contains("Younger"));
    // A list without it is about something else.
    let body = json!([older]).to_string();
    let outcome = decode_at(&own(), NOW, &query(Some(&memo)), 200, &body);
    assert_eq!(words(&outcome), "unknown mismatch");
    // Money on the other one is for a person.
    let mut paid = younger.clone();
    paid["paidAmount"] = json!("5");
    assert_eq!(words(&asked(&[older.clone(), paid])), "unknown mismatch");
    let mut settled = younger;
    settled["status"] = json!("Settled");
    assert_eq!(words(&asked(&[older.clone(), settled])), "unknown mismatch");
    let crowd = vec![older; 17];
    assert_eq!(words(&asked(&crowd)), "unknown mismatch");
}

#[test]
fn nothing_found_is_never_an_end_until_it_is_watched() {
    assert_eq!(words(&asked(&[])), "not found");
    let outcome = decode_at(&own(), NOW, &finish(None), 200, "[]");
    assert_eq!(words(&outcome), "closed never_existed");
}

#[test]
fn an_ending_reads_the_invoice_that_it_marked() {
    let marked = |extra: &str, paid: &str, id: &str| {
        let mut invoice = invoice();
        invoice["status"] = json!("Invalid");
        invoice["additionalStatus"] = json!(extra);
        invoice["paidAmount"] = json!(paid);
        invoice["id"] = json!(id);
        let call = finish(Some(&untouched()));
        decode_at(&own(), NOW, &call, 200, &invoice.to_string())
    };
    assert_eq!(words(&marked("Marked", "0", INVOICE)), "closed closed");
    // Something came in the meantime. How much of it is confirmed the list tells, which is asked for next.
    let outcome = marked("Marked", "5", INVOICE);
    assert_eq!(words(&outcome), "Processing(None)");
    assert!(learned(outcome).ends_with(":touched"));
    assert_eq!(words(&marked("Marked", "0", "another")), "unknown mismatch");
    let list = json!([listed(
        "Expired",
        "None",
        "0",
        &[chain("0", "0.00007765", &[])]
    )]);
    let outcome = decode_at(&own(), NOW, &finish(None), 200, &list.to_string());
    assert_eq!(words(&outcome), "closed expired");
    let no = r#"[{"path":"Status","message":"Status can not be marked"}]"#;
    let outcome = decode_at(&own(), NOW, &finish(Some(&untouched())), 422, no);
    assert_eq!(words(&outcome), "refused validation-error FixSetup");
}

#[test]
fn only_the_servers_own_words_refuse() {
    let check = |status: u16, body: &str, expected: &str| {
        let outcome = decode_at(&own(), NOW, &create(), status, body);
        assert_eq!(words(&outcome), expected, "{status} {body}");
        let Outcome::Refused(_) = outcome else {
            return;
        };
        // The same words in a success, or in a fault, refuse nothing.
        for status in [200, 201, 302, 500, 502] {
            let outcome = decode_at(&own(), NOW, &create(), status, body);
            assert!(matches!(outcome, Outcome::Unknown(_)), "{status} {body}");
        }
    };
    let no = |code: &str| json!({ "code": code, "message": "no" }).to_string();
    check(
        401,
        &no("unauthenticated"),
        "refused unauthenticated FixSetup",
    );
    check(
        403,
        &no("missing-permission"),
        "refused missing-permission FixSetup",
    );
    check(
        404,
        &no("store-not-found"),
        "refused store-not-found FixSetup",
    );
    let fields = r#"[{"path":"checkout.paymentMethods[0]","message":"Invalid payment method"}]"#;
    check(422, fields, "refused validation-error FixSetup");
    check(
        404,
        &no("invoice-not-found"),
        "unknown server_fault invoice-not-found",
    );
    check(
        400,
        &no("something-new"),
        "unknown server_fault something-new",
    );
    check(400, &no("Expired"), "unknown server_fault Expired");
    check(403, "<html>Forbidden</html>", "unknown server_fault 403");
    check(
        404,
        r#"{"code":"store-not-found"}"#,
        "unknown server_fault 404",
    );
    check(422, "[]", "unknown server_fault 422");
    check(422, "[{}]", "unknown server_fault 422");
    check(200, "", "unknown unreadable");
    check(200, "null", "unknown unreadable");
    check(200, "[]", "unknown unreadable");
    assert_eq!(
        words(&decode_at(&own(), NOW, &query(None), 200, "{}")),
        "unknown unreadable"
    );
    let deep = "[".repeat(64);
    assert_eq!(
        words(&decode_at(&own(), NOW, &query(None), 200, &deep)),
        "unknown unreadable"
    );
}

#[test]
fn a_doubt_is_no_panic_whatever_stands_there() {
    use proptest::prelude::*;
    proptest!(|(body in "\\PC{0,200}", status in 200_u16..600)| {
        let body = format!("[{body}]");
        let outcome = decode_at(&own(), NOW, &query(None), status, &body);
        let is_paid = words(&outcome).starts_with("paid");
        prop_assert!(!is_paid);
    });
    let whole = json!([listed("Settled", "None", "5", &[])]).to_string();
    for cut in 0..whole.len() {
        let Some(part) = whole.get(..cut) else {
            continue;
        };
        let outcome = decode_at(&own(), NOW, &query(None), 200, part);
        assert_eq!(outcome, Outcome::Unknown(Doubt::Unreadable), "{cut}");
    }
}

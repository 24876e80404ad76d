//! BTCPay Server without a listener: lost answers, faults, truth, and the same bytes again.

use std::collections::BTreeMap;

use paydesk_sandbox::{
    Channel, Delivered, FaultKind, Offline, OfflineKeys, PhoneAct, Rhythm, WalletAct, WireAnswer,
    WireCall,
};
use serde_json::{Value, json};

use crate::till::{Till, strike};

/// What came back: status and JSON, or nothing.
type Seen = Option<(u16, Value)>;

fn ask(till: &Till, method: &str, path: &str, body: &Value, kind: Option<FaultKind>) -> Seen {
    let answer = raw(till, method, path, body, kind)?;
    let told = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    Some((answer.status, told))
}

fn raw(
    till: &Till,
    method: &str,
    path: &str,
    body: &Value,
    kind: Option<FaultKind>,
) -> Option<WireAnswer> {
    let key = &till.sandbox.merchant().btcpay.api_key;
    let headers = [
        ("Authorization".to_owned(), format!("token {key}")),
        ("Content-Type".to_owned(), "application/json".to_owned()),
    ];
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let call = WireCall {
        method,
        url: &format!("http://btcpay.localhost/api/v1/{path}"),
        headers: &headers,
        body: body.as_bytes(),
    };
    let kind = kind.and_then(|kind| strike(kind, true));
    let pending = till.sandbox.exchange(&call, kind, till.now());
    match till.sandbox.finish(pending, till.now()) {
        Delivered::Answer(answer) => Some(answer),
        Delivered::Cut | Delivered::CutShort(_) => None,
    }
}

fn invoices(till: &Till) -> String {
    format!(
        "stores/{}/invoices",
        till.sandbox.merchant().btcpay.store_id
    )
}

fn create(till: &Till, order_id: &str, kind: Option<FaultKind>) -> Seen {
    let asked = json!({
        "amount": "88.88",
        "metadata": { "orderId": order_id },
    });
    ask(till, "POST", &invoices(till), &asked, kind)
}

fn found(till: &Till, order_id: &str) -> Vec<Value> {
    let path = format!("{}?orderId={order_id}", invoices(till));
    let (status, rows) = ask(till, "GET", &path, &Value::Null, None).unwrap();
    assert_eq!(status, 200);
    rows.as_array().unwrap().clone()
}

fn link(till: &Till, invoice: &Value, place: usize) -> String {
    let path = format!(
        "invoices/{}/payment-methods",
        invoice["id"].as_str().unwrap()
    );
    let (_, ways) = ask(till, "GET", &path, &Value::Null, None).unwrap();
    ways[place]["paymentLink"].as_str().unwrap().to_owned()
}

#[test]
fn a_lost_answer_leaves_an_invoice_that_its_order_finds() {
    let till = Till::open(1);
    assert_eq!(create(&till, "LOST", Some(FaultKind::ReplyLost)), None);
    assert_eq!(found(&till, "LOST").len(), 1);
    assert_eq!(create(&till, "NEVER", Some(FaultKind::RequestLost)), None);
    assert!(found(&till, "NEVER").is_empty());
    create(&till, "TWICE", Some(FaultKind::AnswerTwice)).unwrap();
    assert_eq!(
        found(&till, "TWICE").len(),
        2,
        "nothing makes two of them one"
    );
    let (status, _) = create(&till, "BEFORE", Some(FaultKind::ServerErrorBefore)).unwrap();
    assert_eq!((status, found(&till, "BEFORE").len()), (502, 0));
    let (status, _) = create(&till, "AFTER", Some(FaultKind::ServerErrorAfter)).unwrap();
    assert_eq!((status, found(&till, "AFTER").len()), (502, 1));
    let (status, _) = create(&till, "LIMITED", Some(FaultKind::RateLimited)).unwrap();
    assert_eq!((status, found(&till, "LIMITED").len()), (429, 0));
    let (status, told) = create(&till, "FAILED", Some(FaultKind::SystemError)).unwrap();
    assert_eq!(
        (status, &told["code"], found(&till, "FAILED").len()),
        (500, &json!("generic-error"), 1)
    );
}

#[test]
fn answers_about_others_are_about_others() {
    let till = Till::open(2);
    create(&till, "EARLIER", None).unwrap();
    let (_, foreign) = create(&till, "STRUCK", Some(FaultKind::ForeignAnswer)).unwrap();
    assert_ne!(foreign["metadata"]["orderId"], "STRUCK");
    assert_ne!(foreign["id"], found(&till, "STRUCK")[0]["id"]);
    let (_, other) = create(&till, "STORE", Some(FaultKind::ForeignMerchant)).unwrap();
    assert_eq!(
        other["storeId"],
        till.sandbox.merchant().btcpay.other_store_id
    );
    let (_, old) = create(&till, "AGAIN", Some(FaultKind::Replayed)).unwrap();
    assert_eq!(old["metadata"]["orderId"], "EARLIER");
}

#[test]
fn the_truth_tells_money_in_both_currencies() {
    let till = Till::open(3);
    let (_, invoice) = create(&till, "TRUE", None).unwrap();
    let qr = link(&till, &invoice, 0);
    let paid = |sats| WalletAct::Send {
        sats,
        is_replaceable: true,
        is_stuck: false,
    };
    till.sandbox
        .wallet(&qr, paid(Some(10_000)), till.now())
        .unwrap();
    till.pass(1_000);
    till.sandbox
        .wallet(&qr, paid(Some(9_000)), till.now())
        .unwrap();
    till.sandbox
        .wallet(&qr, WalletAct::Replace { sats: 9_197 }, till.now())
        .unwrap();
    till.pass(60_000);
    let truth = till.sandbox.truth_of(Channel::Btcpay, "TRUE", till.now());
    let truth = serde_json::to_value(truth.unwrap()).unwrap();
    for (field, value) in [
        ("merchant", json!(till.sandbox.merchant().btcpay.store_id)),
        ("trade_no", invoice["id"].clone()),
        ("currency", json!("CNY")),
        ("asked", json!(8_888)),
        ("state", json!("paid")),
        ("charged", json!(8_888)),
        ("kept", json!(8_888)),
    ] {
        assert_eq!(truth[field], value, "{field}");
    }
    let told = |name: &str| -> Vec<Value> {
        let movements = truth["movements"].as_array().unwrap().iter();
        movements.map(|movement| movement[name].clone()).collect()
    };
    assert_eq!(told("sats"), [10_000, 9_000, 9_197]);
    assert_eq!(told("state"), ["success", "closed", "success"]);
    let counted = told("amount")[0].as_i64().unwrap() + told("amount")[2].as_i64().unwrap();
    assert_eq!(counted, 8_888, "what is counted adds up");
    assert_eq!(truth["coins"]["asked_sats"], 19_197);
    let all = till.sandbox.truth(till.now()).unwrap();
    assert!(all.balances.iter().all(|balances| balances.is_balanced));
    let own = all
        .balances
        .iter()
        .find(|own| own.channel == Channel::Btcpay);
    let own = own.unwrap();
    assert_eq!((own.merchant.get(), own.currency.code()), (19_197, "BTC"));
}

#[test]
fn any_phone_pays_what_the_code_asks() {
    let till = Till::open(4);
    let (_, invoice) = create(&till, "PHONE", None).unwrap();
    for (place, state) in [(1, "paid"), (0, "paid")] {
        let qr = link(&till, &invoice, place);
        if place == 0 {
            // The amount of a paid invoice is gone from its link.
            let screen = till.sandbox.phone(&qr, PhoneAct::Pay, till.now()).unwrap();
            assert_eq!(screen.state, "expired");
            continue;
        }
        let screen = till.sandbox.phone(&qr, PhoneAct::Scan, till.now()).unwrap();
        assert_eq!(screen.state, "scanned");
        let screen = till.sandbox.phone(&qr, PhoneAct::Pay, till.now()).unwrap();
        assert_eq!(
            (screen.state, screen.channel),
            (state, Some(Channel::Btcpay))
        );
    }
    assert_eq!(found(&till, "PHONE")[0]["status"], "Settled");
}

#[test]
fn events_are_handed_over_until_they_are_taken() {
    let till = Till::open(5);
    let asked = json!({ "url": "https://relay.example/n", "secret": "s" });
    let path = format!(
        "stores/{}/webhooks",
        till.sandbox.merchant().btcpay.store_id
    );
    ask(&till, "POST", &path, &asked, None).unwrap();
    create(&till, "TOLD", None).unwrap();
    let due = till.sandbox.notices(till.now()).unwrap();
    assert_eq!(
        (due.len(), due[0].url.as_str()),
        (1, "https://relay.example/n")
    );
    let headers: BTreeMap<String, String> = due[0].headers.iter().cloned().collect();
    let signed = paydesk_sandbox::verification::btcpay_signature(b"s", due[0].body.as_bytes());
    assert_eq!(headers["btcpay-sig"], signed);
    till.sandbox
        .notice_sent(&due[0].number, false, till.now())
        .unwrap();
    assert!(till.sandbox.notices(till.now()).unwrap().is_empty());
    till.pass(10_000);
    let again = till.sandbox.notices(till.now()).unwrap();
    assert_ne!(
        again[0].number, due[0].number,
        "another delivery of the same event"
    );
    till.sandbox
        .notice_sent(&again[0].number, true, till.now())
        .unwrap();
    till.pass(700_000);
    assert!(till.sandbox.notices(till.now()).unwrap().is_empty());
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let run = || {
        let till = Till::with(9, Rhythm::default(), &OfflineKeys::stand_in(7));
        let asked = json!({ "amount": "5.00", "currency": "USD", "metadata": { "orderId": "S" } });
        let made = raw(&till, "POST", &invoices(&till), &asked, None).unwrap();
        let invoice: Value = serde_json::from_slice(&made.body).unwrap();
        till.sandbox
            .wallet(&link(&till, &invoice, 1), WalletAct::PAY, till.now())
            .unwrap();
        let path = format!("invoices/{}", invoice["id"].as_str().unwrap());
        (made, raw(&till, "GET", &path, &Value::Null, None))
    };
    assert_eq!(run(), run());
    let other = Offline::new(10, Rhythm::default(), &OfflineKeys::stand_in(8));
    assert_ne!(
        other.merchant().btcpay.store_id,
        Till::open(9).sandbox.merchant().btcpay.store_id
    );
}

//! Stripe without a listener: the same calls give the same bytes, and the auditor's truth holds several currencies.

use paydesk_sandbox::{Behaviour, Channel, Delivered, FaultKind, PhoneAct, WireCall};
use serde_json::Value;

use crate::till::{Till, strike};

impl Till {
    fn stripe(
        &self,
        method: &str,
        target: &str,
        body: &str,
        key: &str,
        kind: Option<FaultKind>,
    ) -> Option<(u16, Value)> {
        let secret = &self.sandbox.merchant().stripe.secret_key;
        let headers = [
            ("Authorization".to_owned(), format!("Bearer {secret}")),
            ("Idempotency-Key".to_owned(), key.to_owned()),
        ];
        let url = format!("http://api.localhost{target}");
        let call = WireCall {
            method,
            url: &url,
            headers: &headers,
            body: body.as_bytes(),
        };
        let kind = kind.and_then(|kind| strike(kind, true));
        let pending = self.sandbox.exchange(&call, kind, self.now());
        match self.sandbox.finish(pending, self.now()) {
            Delivered::Answer(answer) => Some((
                answer.status,
                serde_json::from_slice(&answer.body).unwrap_or(Value::Null),
            )),
            Delivered::Cut | Delivered::CutShort(_) => None,
        }
    }
}

const SESSION: &str = "mode=payment&line_items[0][price_data][currency]=jpy&line_items[0][price_data][unit_amount]=500\
    &line_items[0][price_data][product_data][name]=tea&line_items[0][quantity]=1\
    &success_url=https%3A%2F%2Fshop.example%2F&metadata[order_id]=OFF1";

#[test]
fn a_session_is_paid_and_the_truth_names_the_order() {
    let till = Till::open(1);
    let lost = till.stripe(
        "POST",
        "/v1/checkout/sessions",
        SESSION,
        "k1",
        Some(FaultKind::ReplyLost),
    );
    assert_eq!(lost, None);
    let (status, session) = till
        .stripe("POST", "/v1/checkout/sessions", SESSION, "k1", None)
        .unwrap();
    assert_eq!(status, 200);
    let url = session["url"].as_str().unwrap();
    let screen = till.sandbox.phone(url, PhoneAct::Pay, till.now()).unwrap();
    assert_eq!(
        (screen.state, screen.currency.unwrap().code()),
        ("paid", "JPY")
    );
    let truth = till.truth_of(Channel::Stripe, "OFF1").unwrap();
    assert_eq!((truth.charged.get(), truth.currency.code()), (500, "JPY"));
    let all = till.sandbox.truth(till.now()).unwrap();
    assert_eq!(
        all.trades.len(),
        1,
        "the lost answer's session is the only one"
    );
    assert!(all.balances.iter().all(|sheet| sheet.is_balanced));
    assert!(
        all.balances
            .iter()
            .any(|sheet| sheet.currency.code() == "JPY" && sheet.merchant.get() == 500)
    );
}

#[test]
fn notices_of_stripe_are_handed_over() {
    let till = Till::open(2);
    till.sandbox
        .set_stripe_endpoint(Some("https://relay.example/n"), till.now())
        .unwrap();
    let (_, session) = till
        .stripe("POST", "/v1/checkout/sessions", SESSION, "k1", None)
        .unwrap();
    till.sandbox
        .phone(session["url"].as_str().unwrap(), PhoneAct::Pay, till.now())
        .unwrap();
    let due = till.sandbox.notices(till.now()).unwrap();
    assert!(
        due.iter()
            .all(|notice| notice.headers.len() == 2 && notice.url == "https://relay.example/n")
    );
    let kinds: Vec<String> = due
        .iter()
        .map(|notice| {
            serde_json::from_str::<Value>(&notice.body).unwrap()["type"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert!(
        kinds.contains(&"checkout.session.completed".to_owned()),
        "{kinds:?}"
    );
    for notice in &due {
        till.sandbox
            .notice_sent(&notice.number, true, till.now())
            .unwrap();
    }
    till.pass(3_600_000);
    assert_eq!(till.sandbox.notices(till.now()).unwrap(), []);
}

#[test]
fn a_late_customer_is_in_flight_until_the_answer_leaves() {
    let till = Till::open(3);
    till.sandbox
        .set_reader(true, Some(Behaviour::PaysLate), till.now())
        .unwrap();
    let body =
        "amount=1000&currency=usd&payment_method_types[0]=card_present&metadata[order_id]=LATE1";
    let (_, intent) = till
        .stripe("POST", "/v1/payment_intents", body, "k1", None)
        .unwrap();
    let reader = till.sandbox.merchant().stripe.reader.clone();
    let target = format!("/v1/terminal/readers/{reader}/process_payment_intent");
    let body = format!("payment_intent={}", intent["id"].as_str().unwrap());
    let secret = till.sandbox.merchant().stripe.secret_key.clone();
    let headers = [
        ("authorization".to_owned(), format!("Bearer {secret}")),
        ("idempotency-key".to_owned(), "k2".to_owned()),
    ];
    let call = WireCall {
        method: "POST",
        url: &target,
        headers: &headers,
        body: body.as_bytes(),
    };
    let pending = till.sandbox.exchange(&call, None, till.now());
    assert!(pending.wait_ms() > 0);
    let (status, busy) = till.stripe("POST", &target, &body, "k2", None).unwrap();
    assert_eq!(
        (status, &busy["error"]["code"]),
        (409, &Value::from("idempotency_key_in_use"))
    );
    till.pass(i64::try_from(pending.wait_ms()).unwrap());
    let Delivered::Answer(answer) = till.sandbox.finish(pending, till.now()) else {
        panic!("an answer")
    };
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(told["action"]["status"], "succeeded");
    let (_, again) = till.stripe("POST", &target, &body, "k2", None).unwrap();
    assert_eq!(again, told);
}

#[test]
fn the_same_seed_gives_the_same_answers() {
    let run = || {
        let till = Till::open(9);
        let (_, session) = till
            .stripe("POST", "/v1/checkout/sessions", SESSION, "k1", None)
            .unwrap();
        till.sandbox
            .phone(session["url"].as_str().unwrap(), PhoneAct::Pay, till.now())
            .unwrap();
        let events = till.stripe("GET", "/v1/events", "", "", None);
        (session, events)
    };
    assert_eq!(run(), run());
}

//! A Stripe account, its objects, and a driver of calls that plays the desk's part without a desk.

use crate::shop::{NOW, reference, reply};
use paydesk_channels::{
    AccountSettings, Answer, Call, Channel, Create, Cx, Exchange, Finish, Operation, Query,
    QueryRefund, RefundCall, Target, Tender, WireRequest, stripe,
};
use paydesk_domain::{
    Amount, ChannelRef, Currency, End, Money, Outcome, PaymentFact, RateChoice, RefundFact,
    Timestamp,
};
use paydesk_signing::{AccountKeys, Peer, Secret, WireReply};
use serde_json::{Value, json};

pub(crate) const TEST_KEY: &str = "sk_test_51Abc";
pub(crate) const SECRET: &str = "whsec_test_secret";
pub(crate) const READER: &str = "tmr_1";

/// One account.
pub(crate) struct Account {
    pub(crate) keys: AccountKeys,
    pub(crate) settings: AccountSettings,
}

impl Account {
    /// An account for trying out, with this key.
    pub(crate) fn with_key(key: &str, sandbox: bool) -> Account {
        let builder = AccountKeys::builder().bearer(Secret::new(key.to_owned()));
        Account {
            keys: builder.mac_secret(SECRET.as_bytes()).unwrap().build(),
            settings: AccountSettings {
                gateway: "https://api.stripe.com".to_owned(),
                sandbox,
                fields: [("account".to_owned(), "acct_1".to_owned())].into(),
            },
        }
    }

    pub(crate) fn test() -> Account {
        Account::with_key(TEST_KEY, true)
    }

    pub(crate) fn cx_at(&self, now: Timestamp) -> Cx<'_> {
        Cx {
            keys: &self.keys,
            account: &self.settings,
            now,
            nonce: [7; 16],
        }
    }

    pub(crate) fn cx(&self) -> Cx<'_> {
        self.cx_at(NOW)
    }
}

pub(crate) fn usd(minor: i64) -> Amount {
    Amount::from_minor(minor, Currency::from_code("USD").unwrap()).unwrap()
}

pub(crate) fn target(memo: Option<&str>) -> Target {
    Target {
        reference: reference(),
        sent_at: NOW,
        amount: usd(1999),
        channel_ref: None,
        memo: memo.map(|memo| paydesk_domain::Memo(memo.to_owned())),
        told: None,
    }
}

/// What an attempt remembers from before anything is sent, and once its page or intent is known.
pub(crate) const SHOWN: &str = "name=%E9%97%A8%E5%BA%97";
pub(crate) const SHOWN_MADE: &str = "name=%E9%97%A8%E5%BA%97&made=cs_test_1";
pub(crate) const AT_READER: &str = "reader=tmr_1";
pub(crate) const AT_READER_MADE: &str = "reader=tmr_1&made=pi_1";

pub(crate) fn create(tender: Tender) -> Create {
    let memo = paydesk_channels::Payments::before(&stripe::CONNECTOR, &tender, "门店");
    Create {
        reference: reference(),
        amount: usd(1999),
        tender,
        sent_at: NOW,
        expires: Timestamp(NOW.0 + 300_000),
        subject: "门店".to_owned(),
        operator: "wang".to_owned(),
        memo,
    }
}

pub(crate) fn at_reader() -> Tender {
    Tender::Reader {
        id: READER.to_owned(),
    }
}

pub(crate) fn query(memo: Option<&str>) -> Query {
    Query { of: target(memo) }
}

pub(crate) fn finish(memo: Option<&str>) -> Finish {
    Finish {
        of: target(memo),
        how: End::Close,
    }
}

fn paid_target() -> Target {
    Target {
        channel_ref: Some(ChannelRef("pi_1".to_owned())),
        ..target(Some(SHOWN_MADE))
    }
}

pub(crate) fn refund() -> RefundCall {
    RefundCall {
        of: paid_target(),
        paid: usd(1999),
        others: Money::zero(usd(1).currency()),
        reference: reference().refund(1).unwrap(),
        sent_at: NOW,
        amount: usd(800),
        reason: "退货".to_owned(),
        rate: RateChoice::default(),
    }
}

pub(crate) fn query_refund() -> QueryRefund {
    QueryRefund {
        of: paid_target(),
        refund: Target {
            reference: reference().refund(1).unwrap(),
            sent_at: NOW,
            amount: usd(800),
            channel_ref: None,
            memo: None,
            told: None,
        },
        offer: None,
    }
}

/// `object` with what `changes` say; null takes a member away.
pub(crate) fn changed(mut object: Value, changes: Value) -> Value {
    let whole = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match (whole.get_mut(name), value) {
            (_, Value::Null) => drop(whole.remove(name)),
            (Some(known @ Value::Object(_)), Value::Object(_)) => {
                *known = changed(known.take(), value.clone());
            }
            _ => drop(whole.insert(name.clone(), value.clone())),
        }
    }
    object
}

pub(crate) fn charge() -> Value {
    json!({
        "id": "ch_1", "object": "charge", "amount": 1999, "amount_captured": 1999,
        "amount_refunded": 0, "captured": true, "created": NOW.0 / 1000 + 30, "currency": "usd",
        "disputed": false, "livemode": false, "metadata": {}, "paid": true, "refunded": false,
        "status": "succeeded", "payment_intent": "pi_1",
        "payment_method_details": {"type": "card_present", "card_present": {"brand": "visa", "last4": "4242"}},
    })
}

/// The intent of a payment, in a state.
pub(crate) fn intent(status: &str) -> Value {
    let paid = status == "succeeded";
    json!({
        "id": "pi_1", "object": "payment_intent", "amount": 1999, "currency": "usd",
        "amount_received": if paid { 1999 } else { 0 }, "capture_method": "automatic",
        "confirmation_method": "automatic", "created": NOW.0 / 1000, "livemode": false,
        "metadata": {"paydesk_payment": reference().as_str()}, "status": status,
        "payment_method_types": ["card_present"],
        "latest_charge": if paid { charge() } else { Value::Null },
        "last_payment_error": null,
    })
}

/// The page of a payment, in a state.
pub(crate) fn session(status: &str, payment_status: &str) -> Value {
    let intent = match (status, payment_status) {
        ("complete", "paid") => intent("succeeded"),
        ("complete", _) => intent("processing"),
        _ => Value::Null,
    };
    json!({
        "id": "cs_test_1", "object": "checkout.session", "mode": "payment", "livemode": false,
        "amount_total": 1999, "currency": "usd", "client_reference_id": reference().as_str(),
        "metadata": {"paydesk_payment": reference().as_str()}, "created": NOW.0 / 1000,
        "expires_at": NOW.0 / 1000 + 2100, "payment_method_types": ["card"],
        "payment_status": payment_status, "status": status, "payment_intent": intent,
        "url": if status == "open" { json!("https://checkout.stripe.com/c/pay/cs_test_1#fid") } else { Value::Null },
    })
}

/// The reader, at this payment in this state, or at nothing.
pub(crate) fn reader(status: Option<&str>) -> Value {
    let action = status.map(|status| {
        json!({
            "type": "process_payment_intent", "status": status,
            "process_payment_intent": {"payment_intent": "pi_1"},
            "failure_code": if status == "failed" { json!("card_declined") } else { Value::Null },
        })
    });
    json!({
        "id": READER, "object": "terminal.reader", "livemode": false, "device_type": "bbpos_wisepos_e",
        "label": "1", "metadata": {}, "serial_number": "1", "status": "online", "action": action,
    })
}

pub(crate) fn refund_object(status: &str) -> Value {
    json!({
        "id": "re_1", "object": "refund", "amount": 800, "currency": "usd", "status": status,
        "created": NOW.0 / 1000 + 60, "payment_intent": "pi_1", "charge": charge(),
        "metadata": {
            "paydesk_payment": reference().as_str(),
            "paydesk_refund": reference().refund(1).unwrap().as_str(),
        },
    })
}

pub(crate) fn list(rows: &[Value], has_more: bool) -> Value {
    json!({"object": "list", "url": "/v1/x", "has_more": has_more, "data": rows})
}

/// An answer of the channel's host.
pub(crate) fn answer(status: u16, body: &Value) -> WireReply {
    WireReply {
        peer: Peer::TlsHost("api.stripe.com".to_owned()),
        ..reply(status, &[], body.to_string())
    }
}

pub(crate) fn ok(body: &Value) -> WireReply {
    answer(200, body)
}

/// A no with a code.
pub(crate) fn no(status: u16, code: &str) -> WireReply {
    let error = json!({"error": {"type": "invalid_request_error", "code": code, "message": "m"}});
    answer(status, &error)
}

/// What a call sent, and what it came to.
pub(crate) struct Driven<F> {
    pub(crate) sent: Vec<WireRequest>,
    pub(crate) outcome: Outcome<Answer<F>>,
    /// What was made durable on the way, and last.
    pub(crate) learned: Vec<String>,
}

impl<F> Driven<F> {
    /// `POST /v1/x`, without the query.
    pub(crate) fn paths(&self) -> Vec<String> {
        let short = |request: &WireRequest| {
            let path = request.url.strip_prefix("https://api.stripe.com").unwrap();
            let path = path.split('?').next().unwrap();
            format!("{} {path}", request.method)
        };
        self.sent.iter().map(short).collect()
    }
}

/// Drives a call over these answers as the desk does, at a moment.
pub(crate) fn drive_at<C: Call>(
    account: &Account,
    mut call: C,
    answers: Vec<WireReply>,
    now: Timestamp,
) -> Driven<C::Fact>
where
    stripe::Stripe: Exchange<C>,
{
    let connector = &stripe::CONNECTOR;
    let cx = account.cx_at(now);
    let (mut sent, mut learned) = (Vec::new(), Vec::new());
    let last = answers.len() - 1;
    for (at, answer) in answers.into_iter().enumerate() {
        let request = connector.encode(&call, &cx).unwrap();
        let proof = connector
            .authenticate(request.operation, answer, &cx)
            .unwrap();
        sent.push(request);
        if let Some(further) = connector.further(&call, &proof, &cx) {
            assert!(at < last, "the call goes on: {further:?}");
            learned.extend(further.learned.iter().map(|memo| memo.0.clone()));
            call.go_on(further);
            continue;
        }
        assert_eq!(at, last, "the call is over");
        let outcome = connector.decode(&call, &proof, &cx);
        if let Outcome::Done(Answer {
            learned: Some(memo),
            ..
        }) = &outcome
        {
            learned.push(memo.0.clone());
        }
        return Driven {
            sent,
            outcome,
            learned,
        };
    }
    unreachable!()
}

pub(crate) fn drive<C: Call>(account: &Account, call: C, answers: Vec<WireReply>) -> Driven<C::Fact>
where
    stripe::Stripe: Exchange<C>,
{
    drive_at(account, call, answers, NOW)
}

pub(crate) fn operations<F>(driven: &Driven<F>) -> Vec<Operation> {
    driven
        .sent
        .iter()
        .map(|request| request.operation)
        .collect()
}

/// The facts, for those who look closer.
pub(crate) fn payment(outcome: Outcome<Answer<PaymentFact>>) -> PaymentFact {
    match outcome {
        Outcome::Done(answer) => answer.fact,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn refund_fact(outcome: Outcome<Answer<RefundFact>>) -> RefundFact {
    match outcome {
        Outcome::Done(answer) => answer.fact,
        other => panic!("{other:?}"),
    }
}

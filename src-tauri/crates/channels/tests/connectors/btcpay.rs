//! BTCPay Server: requests, whom an answer is believed from, fields.

use crate::shop::{NOW, header, reference};
use paydesk_channels::{
    AccountSettings, Channel, Create, Cx, Exchange, FieldProblem, Finish, Operation, Query,
    QueryRefund, RefundCall, Target, Tender, WireRequest, btcpay,
};
use paydesk_domain::{
    Amount, ChannelRef, Currency, Doubt, End, Memo, Money, NotSent, RateChoice, RefundOffer,
    Timestamp,
};
use paydesk_signing::{AccountKeys, Forged, Peer, Secret, WireReply};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const STORE: &str = "9CiNzKoANXxmk5ayZngSXrHTiVvvgCrwrpFQd4m2K776";
pub(crate) const INVOICE: &str = "UZjzUbMBLBNYJUoVkWkVvM";
pub(crate) const KEY: &str = "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d";

/// An account of a server of its own.
pub(crate) struct Own {
    pub(crate) keys: AccountKeys,
    pub(crate) settings: AccountSettings,
}

pub(crate) fn filled(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
    let fields = fields.iter();
    fields
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

pub(crate) fn own() -> Own {
    own_with(&[])
}

pub(crate) fn own_with(more: &[(&str, &str)]) -> Own {
    let mut fields = filled(&[
        ("base_url", "https://pay.example/"),
        ("store_id", STORE),
        ("api_key", KEY),
        ("webhook_secret", "HelloWorld"),
    ]);
    fields.extend(filled(more));
    Own {
        keys: btcpay::account_keys(&fields).unwrap(),
        settings: AccountSettings {
            gateway: String::new(),
            sandbox: false,
            fields,
        },
    }
}

impl Own {
    pub(crate) fn cx(&self) -> Cx<'_> {
        self.cx_at(NOW)
    }

    pub(crate) fn cx_at(&self, now: Timestamp) -> Cx<'_> {
        Cx {
            keys: &self.keys,
            account: &self.settings,
            now,
            nonce: [1; 16],
        }
    }
}

pub(crate) fn money(text: &str, code: &str) -> Amount {
    let currency = Currency::from_code(code).unwrap();
    Amount::new(Money::parse(text, currency).unwrap()).unwrap()
}

pub(crate) fn create() -> Create {
    Create {
        reference: reference(),
        amount: money("5.00", "USD"),
        tender: Tender::ShowCode,
        sent_at: NOW,
        expires: Timestamp(NOW.0 + 900_000),
        subject: "茶 & \"tea\"".to_owned(),
        operator: "wang".to_owned(),
        memo: None,
    }
}

pub(crate) fn target(memo: Option<&str>) -> Target {
    Target {
        reference: reference(),
        sent_at: NOW,
        amount: money("5.00", "USD"),
        channel_ref: None,
        memo: memo.map(|memo| Memo(memo.to_owned())),
        told: None,
    }
}

/// What the connector remembers of the invoice while nothing was seen on it.
pub(crate) fn untouched() -> String {
    format!("invoice:{INVOICE}:{}:untouched", NOW.0 + 900_000)
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

pub(crate) fn refund(amount: &str, rate: RateChoice) -> RefundCall {
    RefundCall {
        of: Target {
            channel_ref: Some(ChannelRef(INVOICE.to_owned())),
            ..target(None)
        },
        paid: money("5.00", "USD"),
        others: Money::zero(Currency::from_code("USD").unwrap()),
        reference: reference().refund(1).unwrap(),
        sent_at: NOW,
        amount: money(amount, "USD"),
        reason: "goods_returned".to_owned(),
        rate,
    }
}

pub(crate) fn query_refund(offer: Option<&RefundOffer>) -> QueryRefund {
    QueryRefund {
        of: target(None),
        refund: Target {
            reference: reference().refund(1).unwrap(),
            ..target(None)
        },
        offer: offer.cloned(),
    }
}

/// An answer of the merchant's own host.
pub(crate) fn from_host(status: u16, body: &str) -> WireReply {
    WireReply {
        status,
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: body.as_bytes().to_vec(),
        peer: Peer::TlsHost("pay.example".to_owned()),
    }
}

pub(crate) fn body_of(request: &WireRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn encode<C: paydesk_channels::Call>(call: &C, own: &Own) -> Result<WireRequest, NotSent>
where
    btcpay::BtcPay: Exchange<C>,
{
    Exchange::<C>::encode(&btcpay::CONNECTOR, call, &own.cx())
}

#[test]
fn an_invoice_is_asked_for_with_our_number_in_it() {
    let own = own();
    let request = encode(&create(), &own).unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(request.operation, Operation::ShowCode);
    assert_eq!(
        request.url,
        format!("https://pay.example/api/v1/stores/{STORE}/invoices")
    );
    assert_eq!(
        header(&request, "Authorization"),
        Some(format!("token {KEY}").as_str())
    );
    assert_eq!(header(&request, "Content-Type"), Some("application/json"));
    assert_eq!(
        body_of(&request),
        json!({
            "amount": "5.00",
            "currency": "USD",
            "metadata": { "orderId": reference().as_str(), "itemDesc": "茶 & \"tea\"" },
            "checkout": {
                "expirationMinutes": 15,
                "monitoringMinutes": 1440,
                "paymentTolerance": 0,
                "speedPolicy": "MediumSpeed",
            },
        })
    );
    let own = own_with(&[
        ("payment_methods", "BTC-CHAIN, BTC-LN"),
        ("speed_policy", "LowSpeed"),
    ]);
    let body = body_of(&encode(&create(), &own).unwrap());
    assert_eq!(
        body["checkout"]["paymentMethods"],
        json!(["BTC-CHAIN", "BTC-LN"])
    );
    assert_eq!(body["checkout"]["speedPolicy"], "LowSpeed");
}

#[test]
fn sums_are_written_in_the_places_of_their_currency() {
    let own = own();
    for (text, code) in [("5", "JPY"), ("5.00", "EUR"), ("5.000", "KWD")] {
        let call = Create {
            amount: money(text, code),
            ..create()
        };
        let body = body_of(&encode(&call, &own).unwrap());
        assert_eq!(
            (body["amount"].as_str(), body["currency"].as_str()),
            (Some(text), Some(code))
        );
    }
}

#[test]
fn what_the_server_cannot_take_is_not_sent() {
    let check = |call: Create, own: &Own, what: &str| {
        let error = encode(&call, own).err();
        let what = what.to_owned();
        assert_eq!(error, Some(NotSent::Unsendable { what }));
    };
    let scanned = Create {
        tender: Tender::PayerCode(Secret::new("62".repeat(9))),
        ..create()
    };
    check(scanned, &own(), "tender");
    let foreign = Create {
        amount: money("5.00", "XCD"),
        ..create()
    };
    check(foreign, &own(), "currency");
    let short = Create {
        expires: Timestamp(NOW.0 + 29_000),
        ..create()
    };
    check(short, &own(), "expirationMinutes");
    check(create(), &own_with(&[("store_id", "")]), "store_id");
    check(create(), &own_with(&[("base_url", " ")]), "base_url");
}

#[test]
fn a_payment_is_found_by_its_order_number_alone() {
    let own = own();
    let wanted = format!(
        "https://pay.example/api/v1/stores/{STORE}/invoices?orderId={}&includeArchived=true&includePaymentMethods=true&take=17",
        reference()
    );
    for memo in [None, Some(untouched())] {
        let request = encode(&query(memo.as_deref()), &own).unwrap();
        assert_eq!(
            (request.method, request.url.as_str()),
            ("GET", wanted.as_str())
        );
        assert!(request.body.is_empty());
        assert!(header(&request, "Authorization").is_some());
    }
    // After a restart that lost the create's answer, an ending looks first.
    let request = encode(&finish(None), &own).unwrap();
    assert_eq!(
        (request.method, request.url.as_str()),
        ("GET", wanted.as_str())
    );
    assert_eq!(request.operation, Operation::Close);
}

#[test]
fn only_an_untouched_invoice_is_marked_invalid() {
    let own = own();
    let request = encode(&finish(Some(&untouched())), &own).unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(
        request.url,
        format!("https://pay.example/api/v1/stores/{STORE}/invoices/{INVOICE}/status")
    );
    assert_eq!(body_of(&request), json!({ "status": "Invalid" }));
    let touched = untouched().replace("untouched", "touched");
    for memo in [
        touched.as_str(),
        "invoice:../x:1:untouched",
        "invoice:a:b:c:d",
    ] {
        assert_eq!(
            encode(&finish(Some(memo)), &own).unwrap().method,
            "GET",
            "{memo}"
        );
    }
    // Over by itself: marking it would hide that it expired.
    let over = own.cx_at(Timestamp(NOW.0 + 900_000));
    let request =
        Exchange::<Finish>::encode(&btcpay::CONNECTOR, &finish(Some(&untouched())), &over);
    assert_eq!(request.unwrap().method, "GET");
}

#[test]
fn refunds_go_back_at_the_rate_that_was_chosen() {
    let own = own();
    let request = encode(&refund("2.50", RateChoice::Amount), &own).unwrap();
    assert_eq!(
        request.url,
        format!("https://pay.example/api/v1/stores/{STORE}/invoices/{INVOICE}/refund")
    );
    assert_eq!(
        body_of(&request),
        json!({
            "name": reference().refund(1).unwrap().as_str(),
            "description": "goods_returned",
            "payoutMethods": ["BTC-CHAIN"],
            "refundVariant": "Custom",
            "customAmount": "2.50",
            "customCurrency": "USD",
        })
    );
    for (rate, variant) in [
        (RateChoice::Then, "RateThen"),
        (RateChoice::Now, "CurrentRate"),
    ] {
        let body = body_of(&encode(&refund("5.00", rate), &own).unwrap());
        assert_eq!(body["refundVariant"], variant);
        assert_eq!(body.get("customAmount"), None);
        // The server knows both for the whole sum only.
        let what = "refundVariant".to_owned();
        let part = encode(&refund("2.50", rate), &own).err();
        assert_eq!(part, Some(NotSent::Unsendable { what }));
    }
    let own = own_with(&[("payout_methods", "BTC-LN")]);
    let body = body_of(&encode(&refund("5.00", RateChoice::Then), &own).unwrap());
    assert_eq!(body["payoutMethods"], json!(["BTC-LN"]));
    let unknown = RefundCall {
        of: target(None),
        ..refund("5.00", RateChoice::Amount)
    };
    let what = "invoiceId".to_owned();
    assert_eq!(
        encode(&unknown, &own).err(),
        Some(NotSent::Unsendable { what })
    );
}

#[test]
fn only_the_merchants_own_host_is_believed() {
    let mut own = own();
    let believe = |own: &Own, peer: Peer| {
        let reply = WireReply {
            peer,
            ..from_host(200, "{}")
        };
        Channel::authenticate(&btcpay::CONNECTOR, Operation::Query, reply, &own.cx()).map(drop)
    };
    let host = |name: &str| Peer::TlsHost(name.to_owned());
    assert_eq!(believe(&own, host("pay.example")), Ok(()));
    for other in [
        host("pay.example.org"),
        host(""),
        Peer::Unknown,
        Peer::SandboxHere,
    ] {
        assert_eq!(believe(&own, other), Err(Forged::WrongPeer));
    }
    for address in [
        "http://pay.example",
        "pay.example",
        "",
        "https://",
        "https://a@pay.example",
    ] {
        own.settings
            .fields
            .insert("base_url".to_owned(), address.to_owned());
        assert_eq!(
            believe(&own, host("pay.example")),
            Err(Forged::WrongPeer),
            "{address}"
        );
    }
    let address = "https://pay.example:8443/btcpay/";
    own.settings
        .fields
        .insert("base_url".to_owned(), address.to_owned());
    assert_eq!(believe(&own, host("pay.example:8443")), Ok(()));
    let request = encode(&create(), &own).unwrap();
    assert!(
        request
            .url
            .starts_with("https://pay.example:8443/btcpay/api/v1/stores/")
    );
    assert_eq!(
        btcpay::CONNECTOR
            .own_gateway(&own.settings.fields)
            .as_deref(),
        Some("https://pay.example:8443/btcpay")
    );
    // A sandbox is this machine and nobody else, whatever address stands in the field.
    own.settings.sandbox = true;
    own.settings.gateway = "http://127.0.0.1:4242".to_owned();
    assert_eq!(believe(&own, Peer::SandboxHere), Ok(()));
    assert_eq!(
        believe(&own, host("pay.example:8443")),
        Err(Forged::WrongPeer)
    );
    let request = encode(&create(), &own).unwrap();
    assert!(request.url.starts_with("http://127.0.0.1:4242/api/v1/"));
}

#[test]
fn an_unbelieved_reply_is_a_hint() {
    let hint = |status: u16, body: &str| btcpay::CONNECTOR.hint(&from_host(status, body));
    let no = r#"{"code":"unauthenticated","message":"no"}"#;
    assert_eq!(
        hint(401, no),
        Doubt::UnsignedRefusal {
            code: "unauthenticated".to_owned()
        }
    );
    assert_eq!(
        hint(404, "<html>"),
        Doubt::UnsignedRefusal {
            code: "404".to_owned()
        }
    );
    assert_eq!(
        hint(502, no),
        Doubt::ServerFault {
            code: "502".to_owned()
        }
    );
    assert_eq!(hint(200, "[]"), Doubt::Unauthenticated);
    assert!(
        btcpay::CONNECTOR
            .signature_complaint(no.as_bytes())
            .is_some()
    );
    assert!(btcpay::CONNECTOR.signature_complaint(b"{}").is_none());
}

#[test]
fn fields_are_looked_at_before_anything_is_sent() {
    let whole = own_with(&[
        ("payment_methods", "BTC-CHAIN,BTC-LN"),
        ("payout_methods", "BTC-LN"),
        ("speed_policy", "HighSpeed"),
    ])
    .settings
    .fields;
    let lines = btcpay::CONNECTOR.check_fields(&whole, false, NOW);
    assert!(lines.iter().all(|line| line.problem.is_none()), "{lines:?}");
    assert_eq!(lines.len(), 7);
    let check = |field: &str, value: &str, problem: FieldProblem| {
        let mut fields = whole.clone();
        fields.insert(field.to_owned(), value.to_owned());
        let lines = btcpay::CONNECTOR.check_fields(&fields, false, NOW);
        let line = lines.into_iter().find(|line| line.field == field);
        assert_eq!(
            line.and_then(|line| line.problem),
            Some(problem),
            "{field} {value}"
        );
    };
    for (field, value) in [
        ("base_url", "http://pay.example"),
        ("base_url", "http://abcdefghij.onion"),
        ("base_url", "pay.example"),
        ("base_url", "https://a@pay.example"),
        ("base_url", "https://pay.example/api/v1"),
        ("store_id", "short"),
        ("api_key", "token 1a2b"),
        ("webhook_secret", "short"),
        ("payment_methods", "BTC"),
        ("payout_methods", "bitcoin-chain"),
        ("speed_policy", "Fast"),
    ] {
        check(field, value, FieldProblem::Form);
    }
    for field in ["base_url", "store_id", "api_key"] {
        check(field, " ", FieldProblem::Missing);
    }
    let onion = filled(&[("base_url", "https://abcdefghij.onion")]);
    let lines = btcpay::CONNECTOR.check_fields(&onion, false, NOW);
    assert!(lines[0].problem.is_none());
}

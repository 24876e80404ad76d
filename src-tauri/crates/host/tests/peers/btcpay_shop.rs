//! A shop with an account of the simulated BTCPay Server, its customers and its owner.

use crate::counter::{Begun, Counter, amount};
use paydesk_channels::{Operation, Tender, WireRequest, btcpay};
use paydesk_domain::{Amiss, CoinOffer, Paid, PayerAction, PaymentFact};
use paydesk_sandbox::{Channel, WalletAct};
use serde_json::Value;

pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
pub(crate) const SECRET: &str = "HelloWorld";

pub(crate) type Shop = Counter<btcpay::BtcPay>;

pub(crate) fn open() -> Shop {
    open_with(&[])
}

pub(crate) fn open_with(more: &[(&'static str, &str)]) -> Shop {
    Counter::open(btcpay::CONNECTOR, |merchant| {
        let own = merchant.btcpay.clone();
        let mut fields = vec![
            ("base_url", "https://pay.example.com".to_owned()),
            ("store_id", own.store_id),
            ("api_key", own.api_key),
            ("webhook_secret", SECRET.to_owned()),
        ];
        for (name, value) in more {
            fields.retain(|(known, _)| known != name);
            fields.push((name, (*value).to_owned()));
        }
        fields
    })
}

#[track_caller]
pub(crate) fn offered(fact: &PaymentFact) -> &CoinOffer {
    match fact {
        PaymentFact::Awaiting(
            PayerAction::ShowCode {
                coins: Some(coins), ..
            },
            _,
        ) => coins,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(crate) fn link(fact: &PaymentFact, method: &str) -> String {
    let mut ways = offered(fact).ways.iter();
    let way = ways.find(|way| way.method == method);
    way.expect(method).text.clone()
}

#[track_caller]
pub(crate) fn paid(fact: PaymentFact) -> Paid {
    match fact {
        PaymentFact::Paid(paid) => paid,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(crate) fn amiss(fact: PaymentFact) -> (Paid, Amiss) {
    match fact {
        PaymentFact::PaidAmiss(paid, amiss) => (paid, amiss),
        other => panic!("{other:?}"),
    }
}

/// The customer's wallet sends; answers how many satoshi went.
pub(crate) fn send(shop: &Shop, qr: &str, act: WalletAct) -> i64 {
    let screen = shop.sandbox.wallet(qr, act, shop.moment()).unwrap();
    assert!(["sent", "replaced"].contains(&screen.state), "{screen:?}");
    screen.sats.unwrap()
}

pub(crate) const fn coins(sats: i64) -> WalletAct {
    WalletAct::Send {
        sats: Some(sats),
        is_replaceable: false,
        is_stuck: false,
    }
}

pub(crate) fn sats_due(fact: &PaymentFact) -> i64 {
    let due = offered(fact).ways.first().unwrap().due.to_string();
    let (whole, rest) = due.split_once('.').unwrap_or((&due, ""));
    format!("{whole}{rest:0<8}").parse().unwrap()
}

/// What the simulator's books say came, and what went back, in the order's currency.
pub(crate) fn moved(shop: &Shop, begun: &Begun) -> (i64, i64) {
    let number = begun.reference.as_str();
    let truth = shop
        .sandbox
        .truth_of(Channel::Btcpay, number, shop.moment())
        .unwrap()
        .expect("the invoice is known by our reference");
    assert_eq!(truth.currency.code(), begun.amount.currency().code());
    (truth.charged.get(), truth.returned.get())
}

/// An invoice, and what is shown for it once the list was asked: the answer to a create names no ways.
pub(crate) fn shown(shop: &Shop, count: u32, code: &str, minor: i64) -> (Begun, PaymentFact) {
    let (mut begun, fact) = shop.begin(count, amount(code, minor), Tender::ShowCode);
    assert!(matches!(fact, PaymentFact::Awaiting(..)), "{fact:?}");
    let fact = shop.query(&mut begun);
    (begun, fact)
}

pub(crate) fn settled(shop: &Shop, count: u32, minor: i64) -> Begun {
    let (mut begun, fact) = shown(shop, count, "USD", minor);
    send(shop, &link(&fact, "BTC-CHAIN"), WalletAct::PAY);
    shop.pass(2 * MINUTE_MS);
    paid(shop.query(&mut begun));
    begun
}

/// A call of the owner's, who has every right and no connector.
pub(crate) fn owner(shop: &Shop, method: &'static str, path: &str, body: &Value) -> (u16, Value) {
    let store = shop.settings.field("store_id");
    let key = &shop.sandbox.merchant().btcpay.api_key;
    let request = WireRequest {
        method,
        url: format!("http://127.0.0.1:4243/api/v1/stores/{store}/{path}"),
        headers: vec![
            ("authorization".to_owned(), format!("token {key}")),
            ("content-type".to_owned(), "application/json".to_owned()),
        ],
        body: match body {
            Value::Null => Vec::new(),
            body => body.to_string().into_bytes(),
        },
        operation: Operation::Account,
    };
    let reply = shop.send(&request, None).unwrap();
    let said = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
    (reply.status, said)
}

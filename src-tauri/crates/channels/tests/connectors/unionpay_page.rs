//! UnionPay's online banking: the form that a payer's browser posts, and what later calls say of such a payment.

use crate::shop::{NOW, Shop, cny, form, query, query_refund, reference, refund};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_channels::{Channel, Exchange, PageCall, Pages, WireRequest, unionpay};
use paydesk_domain::{Memo, NotSent, Timestamp};
use paydesk_signing::sha256_hex;

const FRONT: &str = "https://gateway.95516.com/gateway/api/frontTransReq.do";

fn pages() -> &'static dyn Pages {
    unionpay::CONNECTOR.pages().unwrap()
}

fn call() -> PageCall {
    PageCall {
        reference: reference(),
        amount: cny(8888),
        sent_at: NOW,
        expires: Timestamp(NOW.0 + 900_000),
        subject: "门店 & 收款={1/2}".to_owned(),
    }
}

/// The signed text of the form, the signature checked over it.
fn signed(shop: &Shop, mut fields: Vec<(String, String)>) -> String {
    let place = fields.iter().position(|(name, _)| name == "signature");
    let (_, signature) = fields.remove(place.unwrap());
    assert!(fields.iter().all(|(_, value)| !value.is_empty()));
    assert!(fields.is_sorted());
    let lines = fields.iter().map(|(name, value)| format!("{name}={value}"));
    let text = lines.collect::<Vec<_>>().join("&");
    let signature = STANDARD.decode(signature).unwrap();
    let key = shop.ours.public().unwrap();
    key.verify(sha256_hex(text.as_bytes()).as_bytes(), &signature)
        .unwrap();
    text
}

#[test]
fn a_page_is_a_signed_form_and_the_same_each_time() {
    let shop = Shop::unionpay();
    let page = pages().page(&call(), &shop.cx()).unwrap();
    let later = shop.cx_at(Timestamp(NOW.0 + 600_000));
    assert_eq!(pages().page(&call(), &later).unwrap(), page);
    assert_eq!(page.url, FRONT);
    let number = reference();
    assert_eq!(
        signed(&shop, page.fields),
        format!(
            "accessType=0&backUrl=https://relay.example/unionpay?a=1&bizType=000201&certId=69903319369&channelType=07\
             &currencyCode=156&encoding=UTF-8&frontUrl=https://relay.example/unionpay?a=1&merId=777290058167151\
             &orderDesc=门店  收款1/2&orderId={number}&payTimeout=20261121103922&signMethod=01&txnAmt=8888&txnSubType=01\
             &txnTime=20261121102422&txnType=01&version=5.1.0"
        )
    );
}

#[test]
fn the_browser_ends_where_the_shop_says() {
    let mut shop = Shop::unionpay();
    let front = "https://shop.example/thanks?a=1".to_owned();
    shop.settings
        .fields
        .insert("frontUrl".to_owned(), front.clone());
    // A browser has no terminal.
    shop.settings.fields.remove("termId");
    let page = pages().page(&call(), &shop.cx()).unwrap();
    assert!(page.fields.contains(&("frontUrl".to_owned(), front)));
    let mut what = |name: &str, value: &str| {
        shop.settings
            .fields
            .insert(name.to_owned(), value.to_owned());
        match pages().page(&call(), &shop.cx()) {
            Err(NotSent::Unsendable { what }) => what,
            _ => panic!("made"),
        }
    };
    assert_eq!(what("frontUrl", &"x".repeat(257)), "frontUrl");
    assert_eq!(what("backUrl", ""), "backUrl");
}

#[test]
fn what_follows_a_page_names_its_product() {
    let shop = Shop::unionpay();
    let memo: Option<Memo> = pages().memo();
    let c = &unionpay::CONNECTOR;
    let kind = |request: Result<WireRequest, NotSent>| {
        let fields = form(std::str::from_utf8(&request.unwrap().body).unwrap());
        let of = |name: &str| {
            let found = fields.iter().find(|(field, _)| field == name);
            found.map_or("", |(_, value)| value.as_str()).to_owned()
        };
        (of("bizType"), of("channelType"), of("termId"))
    };
    let (mut asked, mut back, mut of_back) = (query(), refund(), query_refund());
    let code = |channel: &str, terminal: &str| {
        ("000000".to_owned(), channel.to_owned(), terminal.to_owned())
    };
    assert_eq!(kind(c.encode(&asked, &shop.cx())), code("", ""));
    assert_eq!(kind(c.encode(&back, &shop.cx())), code("08", "0000000A"));
    assert_eq!(kind(c.encode(&of_back, &shop.cx())), code("", ""));
    asked.of.memo.clone_from(&memo);
    back.of.memo.clone_from(&memo);
    of_back.of.memo = memo;
    let page = |channel: &str| ("000201".to_owned(), channel.to_owned(), String::new());
    assert_eq!(kind(c.encode(&asked, &shop.cx())), page(""));
    assert_eq!(kind(c.encode(&back, &shop.cx())), page("07"));
    assert_eq!(kind(c.encode(&of_back, &shop.cx())), page(""));
}

//! UnionPay's front transaction, as a browser sees it.

use paydesk_sandbox::{Channel, State};

use crate::shop::Shop;
use crate::unionpay_till::{FRONT, Fields};

fn order(shop: &Shop, number: &str) -> Fields {
    shop.unionpay_form(&[
        ("txnType", "01"),
        ("txnSubType", "01"),
        ("bizType", "000201"),
        ("channelType", "07"),
        ("currencyCode", "156"),
        ("orderId", number),
        ("txnAmt", "8888"),
        ("orderDesc", "<b>茶&\"水\"</b>"),
        ("backUrl", "http://relay.example/n"),
        ("frontUrl", "https://shop.example/back?a=1&b=2"),
    ])
}

/// Value of the first such attribute behind a mark, read as a browser reads it.
fn attribute<'a>(page: &'a str, mark: &str, name: &str) -> Option<String> {
    let rest: &'a str = page.split_once(mark)?.1;
    let value = rest.split_once(&format!("{name}=\""))?.1.split_once('"')?.0;
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#13;", "\r"),
        ("&#10;", "\n"),
        ("&amp;", "&"),
    ];
    let mut value = value.to_owned();
    for (entity, character) in entities {
        value = value.replace(entity, character);
    }
    Some(value)
}

async fn choose(shop: &Shop, page: &str, act: &str) -> (u16, String) {
    let action = attribute(page, "<form ", "action").unwrap();
    let request = shop
        .client
        .post(shop.url(&action))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("act={act}"));
    let answer = shop.send(request).await.unwrap();
    (answer.status, answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payer_pays_on_the_page_and_goes_back_with_signed_fields() {
    let shop = Shop::open().await;
    let form = shop.unionpay_signed(order(&shop, "UPPAGE001"));
    let opened = shop.unionpay_send(FRONT, &form).await.unwrap();
    assert_eq!(opened.status, 200);
    assert!(opened.header("content-type").starts_with("text/html"));
    assert!(
        opened
            .header("content-security-policy")
            .contains("default-src 'none'")
    );
    assert!(opened.body.contains("88.88") && opened.body.contains("UPPAGE001"));
    assert!(opened.body.contains("&lt;b&gt;茶&amp;") && !opened.body.contains("<b>"));
    assert_eq!(
        shop.trade(Channel::Unionpay, "UPPAGE001").state,
        State::Waiting
    );

    let (status, left) = choose(&shop, &opened.body, "leave").await;
    assert_eq!(status, 200);
    assert!(left.contains("method=\"get\"") && !left.contains("signature"));
    assert_eq!(
        shop.trade(Channel::Unionpay, "UPPAGE001").state,
        State::Waiting
    );

    let (_, paid) = choose(&shop, &opened.body, "pay").await;
    let target = attribute(&paid, "<form ", "action").unwrap();
    assert_eq!(target, "https://shop.example/back?a=1&b=2");
    let told: Fields = paid
        .split("<input ")
        .skip(1)
        .map(|input| {
            let of = |name| attribute(input, "", name).unwrap();
            (of("name"), of("value"))
        })
        .collect();
    assert!(shop.unionpay_believes(&told), "{told:?}");
    assert_eq!(
        (told["txnSubType"].as_str(), told["bizType"].as_str()),
        ("01", "000201")
    );
    let (_, again) = choose(&shop, &opened.body, "pay").await;
    assert_eq!(again, paid);
    let trade = shop.trade(Channel::Unionpay, "UPPAGE001");
    assert_eq!((trade.state, trade.charges.len()), (State::Paid, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_forms_make_a_page_without_a_choice() {
    let shop = Shop::open().await;
    for (name, value, code) in [
        ("frontUrl", "", "[1300000]"),
        ("bizType", "000000", "[1000000]"),
        ("txnSubType", "07", "[1000000]"),
        ("txnAmt", "0", "[1000000]"),
    ] {
        let mut form = order(&shop, "UPPAGE002");
        form.insert(name.to_owned(), value.to_owned());
        let answer = shop.unionpay_send(FRONT, &shop.unionpay_signed(form)).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains(code), "{name}: {}", answer.body);
        assert!(!answer.body.contains("<form"));
    }
    let unsigned = shop.unionpay_send(FRONT, &order(&shop, "UPPAGE002")).await;
    assert!(unsigned.unwrap().body.contains("[1100000]"));
    assert!(!shop.has_trade("UPPAGE002"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_page_pays_nothing_and_a_script_is_no_way_back() {
    let shop = Shop::open().await;
    let mut form = order(&shop, "UPPAGE003");
    form.insert("frontUrl".to_owned(), "javascript:alert(1)".to_owned());
    let opened = shop.unionpay_send(FRONT, &shop.unionpay_signed(form)).await;
    let opened = opened.unwrap().body;
    shop.pass(15 * 60_000);
    let (status, late) = choose(&shop, &opened, "pay").await;
    assert_eq!(status, 200);
    assert!(!late.contains("javascript") && !late.contains("<form"));
    assert!(
        shop.trade(Channel::Unionpay, "UPPAGE003")
            .charges
            .is_empty()
    );
    let unknown = opened.replace("/gateway/front/", "/gateway/front/x");
    assert_eq!(choose(&shop, &unknown, "pay").await.0, 404);
    // A shown code is the phone's, not the page's.
    let (_, shown) = shop.unionpay_show("UPPAGE004", "1").await;
    assert!(shown["qrCode"].starts_with("https://"));
}

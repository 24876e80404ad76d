//! A channel's own notice, carried to the listener by a relay: the till has no address that a channel could reach.

use crate::shop::{ALL, Call, Shop, ask, exchange, fresh, parse};
use paydesk_console::contract::*;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Where a relay listens to the channel; it keeps the body of the first notice and acknowledges it.
async fn relayed(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    let mut part = [0; 8192];
    loop {
        let count = stream.read(&mut part).await.unwrap();
        assert!(count > 0, "cut off: {}", String::from_utf8_lossy(&request));
        request.extend_from_slice(&part[..count]);
        let text = String::from_utf8(request.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            value.trim().parse::<usize>().ok().filter(|_| is_length)
        });
        if body.len() >= length.unwrap() {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            return body.to_owned();
        }
    }
}

fn notice(account: &str, body: &str) -> Vec<u8> {
    let mut call = Call::new("POST", &format!("/notices/{account}"), body);
    let kind = "application/x-www-form-urlencoded;charset=UTF-8".to_owned();
    call.more.push(("Content-Type", kind));
    call.bytes(&[])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channels_own_notice_is_taken_through_a_relay_and_acknowledged_in_its_words() {
    let shop = Shop::demo("relay").await;
    let key = shop.key(&ALL).await;
    let relay = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let desk = shop.host.console().desk();
    let mut settings = desk.shop().unwrap();
    for account in &mut settings.accounts {
        if account.id.0 == "demo-unionpay" {
            let address = format!("http://{}/unionpay", relay.local_addr().unwrap());
            account.fields.insert("backUrl".to_owned(), address);
        }
    }
    desk.change_shop(settings).await.unwrap();
    let hears = ChangeInterface {
        hears_notices: Some(true),
        ..ChangeInterface::default()
    };
    let _on: InterfaceView = ask(&shop.host, "change_interface", hears).await.unwrap();

    let body = json!({ "amount_minor": 2468, "currency": "CNY", "channel": "unionpay" });
    let made = shop
        .call(&key, Call::post("/v1/orders", &fresh("told"), &body))
        .await;
    let order = made.body["order_id"].as_str().unwrap().to_owned();
    let shown = shop
        .until(&key, &order, |order| !order["shown_code"].is_null())
        .await;
    let pay = PhoneAct {
        qr: shown["shown_code"]["text"].as_str().unwrap().to_owned(),
        act: Act::Pay,
    };
    let _screen: PhoneScreen = ask(&shop.host, "sandbox_phone", pay).await.unwrap();
    let told = relayed(&relay).await;

    let altered = told.replace("2468", "2469");
    assert_ne!(altered, told);
    for (account, body, status, code) in [
        ("demo-unionpay", altered.as_str(), 403, "notice_forged"),
        ("demo-unionpay", "", 403, "notice_forged"),
        ("demo-alipay", &told, 403, "notice_forged"),
        ("demo-nobody", &told, 404, "notice_no_account"),
    ] {
        let bytes = exchange(shop.serving.address(), &notice(account, body)).await;
        let answer = parse(&bytes);
        assert_eq!((answer.status, answer.code()), (status, code), "{account}");
    }
    // It comes again, as channels do when an acknowledgement is lost.
    for _ in 0..3 {
        let bytes = exchange(shop.serving.address(), &notice("demo-unionpay", &told)).await;
        let answer = String::from_utf8(bytes).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
    }
    let paid = shop
        .until(&key, &order, |order| order["is_final"] == true)
        .await;
    assert_eq!(paid["state"], "paid", "{paid}");
    let named = OrderId { order_id: order };
    let detail: OrderDetail = ask(&shop.host, "order_detail", named).await.unwrap();
    let sources = |kind: &str| {
        let events = detail.timeline.iter().filter(|event| event.kind == kind);
        events.map(|event| event.source.clone()).collect::<Vec<_>>()
    };
    assert_eq!(sources("payment_paid"), ["channel_notice"], "{detail:#?}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_are_taken_no_faster_than_they_may_come_and_never_without_being_asked_for() {
    let shop = Shop::demo("flood").await;
    let once = notice("demo-alipay", "x");
    let answer = parse(&exchange(shop.serving.address(), &once).await);
    assert_eq!((answer.status, answer.code()), (503, "interface_off"));
    let hears = ChangeInterface {
        hears_notices: Some(true),
        ..ChangeInterface::default()
    };
    let _on: InterfaceView = ask(&shop.host, "change_interface", hears).await.unwrap();
    let begun = Instant::now();
    let mut taken = 0;
    loop {
        let answer = parse(&exchange(shop.serving.address(), &once).await);
        if answer.status == 429 {
            break;
        }
        assert_eq!(answer.code(), "notice_forged");
        taken += 1;
        assert!(begun.elapsed() < Duration::from_secs(60), "{taken}");
    }
    // A burst of ten seconds, and what came free meanwhile.
    let most = 201 + begun.elapsed().as_millis() / 50;
    assert!(taken <= most, "{taken} of {most}");
    shop.close().await;
}

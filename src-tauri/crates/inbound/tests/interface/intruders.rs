//! Who is not let in: unsigned, altered, played again, from a web page, too slow, too large, too often.

use crate::shop::{ALL, Call, Key, Shop, ask, fresh, parse};
use paydesk_console::contract::*;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

fn wish() -> serde_json::Value {
    json!({ "amount_minor": 4650, "currency": "CNY", "channel": "alipay" })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_altered_in_any_part_is_refused() {
    let shop = Shop::demo("altered").await;
    let key = shop.key(&ALL).await;
    let call = Call::post("/v1/orders", "a-1", &wish());
    let headers = call.signed(&key);
    let mut altered: Vec<(&str, Call)> = Vec::new();
    let bend = |bend: &dyn Fn(&mut Call)| {
        let mut bent = call.clone();
        bend(&mut bent);
        bent
    };
    altered.push(("body", bend(&|c| c.body = c.body.replace("4650", "4651"))));
    altered.push(("path", bend(&|c| c.target = "/v1/orders?x=1".to_owned())));
    altered.push(("method", bend(&|c| c.method = "GET")));
    for (what, bent) in altered {
        let answer = shop.send(&bent, &headers).await;
        assert_eq!(
            (answer.status, answer.code()),
            (401, "caller_signature"),
            "{what}"
        );
    }
    for place in 0..headers.len() {
        let name = headers[place].0.clone();
        let mut bent = headers.clone();
        let value = &mut bent[place].1;
        if name == "Paydesk-Timestamp" {
            // Still inside of the window.
            *value = (value.parse::<i64>().unwrap() + 1).to_string();
        } else {
            let last = value.pop().unwrap();
            value.push(if last == '1' { '2' } else { '1' });
        }
        let answer = shop.send(&call, &bent).await;
        let code = if name == "Paydesk-Key" {
            "caller_unknown"
        } else {
            "caller_signature"
        };
        assert_eq!((answer.status, answer.code()), (401, code), "{name}");
        let mut missing = headers.clone();
        missing.remove(place);
        let answer = shop.send(&call, &missing).await;
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
        let mut twice = headers.clone();
        twice.push(headers[place].clone());
        let answer = shop.send(&call, &twice).await;
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
    }
    // As it was signed it is taken, once.
    let taken = shop.send(&call, &headers).await;
    assert_eq!(taken.status, 201, "{taken:?}");
    let replayed = shop.send(&call, &headers).await;
    assert_eq!((replayed.status, replayed.code()), (401, "nonce_used"));
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_stamp_outside_of_the_window_or_before_the_start_is_refused() {
    let shop = Shop::demo("time").await;
    let key = shop.key(&ALL).await;
    for late in [-125, 125, -100_000] {
        let mut call = Call::get("/v1/orders");
        call.late = late;
        let answer = shop.call(&key, call).await;
        assert_eq!(
            (answer.status, answer.code()),
            (401, "timestamp_outside"),
            "{late}"
        );
    }
    let mut ahead = Call::get("/v1/orders");
    ahead.late = 100;
    assert_eq!(shop.call(&key, ahead).await.status, 200);
    // What was signed before the start may have been taken before it, and its nonce is forgotten.
    let mut before = Call::get("/v1/orders");
    before.late = -100;
    assert_eq!(shop.call(&key, before).await.code(), "timestamp_outside");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_what_it_may_and_no_more() {
    let shop = Shop::demo("rights").await;
    let maker = shop
        .limited(&[RightView::Create], Some("50.00"), 6_000)
        .await;
    let made = shop.create(&maker, "r-1", 5_000).await;
    assert_eq!(made.status, 201, "{made:?}");
    let above = shop.create(&maker, "r-2", 5_001).await;
    assert_eq!((above.status, above.code()), (403, "amount_above_limit"));
    let order = made.body["order_id"].as_str().unwrap();
    let asks = [
        Call::get(&format!("/v1/orders/{order}")),
        Call::get("/v1/orders"),
        Call::new("POST", &format!("/v1/orders/{order}/cancel"), ""),
        Call::post(&format!("/v1/orders/{order}/refunds"), "r-3", &json!({})),
    ];
    for call in asks {
        let answer = shop.call(&maker, call).await;
        assert_eq!((answer.status, answer.code()), (403, "right_missing"));
    }
    let reader = shop.key(&[RightView::List, RightView::Query]).await;
    assert_eq!(shop.create(&reader, "r-4", 1).await.code(), "right_missing");
    let revoked: InterfaceView = ask(
        &shop.host,
        "revoke_caller",
        CallerOf {
            caller_id: reader.id.clone(),
        },
    )
    .await
    .unwrap();
    assert!(
        revoked
            .callers
            .iter()
            .any(|caller| caller.id == reader.id && caller.revoked_at.is_some())
    );
    assert_eq!(
        shop.call(&reader, Call::get("/v1/orders")).await.code(),
        "caller_unknown"
    );
    let stranger = Key {
        id: "pk_00000000".to_owned(),
        secret: "sk".to_owned(),
    };
    assert_eq!(
        shop.call(&stranger, Call::get("/v1/orders")).await.code(),
        "caller_unknown"
    );
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_calls_than_a_key_may_make_wait_and_others_do_not() {
    let shop = Shop::demo("rate").await;
    let slow = shop.limited(&ALL, None, 12).await;
    let mut passed = 0;
    for _ in 0..6 {
        let answer = shop.call(&slow, Call::get("/v1/orders")).await;
        if answer.status == 200 {
            passed += 1;
        } else {
            assert_eq!((answer.status, answer.code()), (429, "too_many_calls"));
            assert!(answer.head.contains("retry-after: "), "{}", answer.head);
        }
    }
    assert!((2..=4).contains(&passed), "{passed}");
    let other = shop.key(&ALL).await;
    assert_eq!(shop.call(&other, Call::get("/v1/orders")).await.status, 200);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_page_and_another_name_are_refused() {
    let shop = Shop::demo("names").await;
    let key = shop.key(&ALL).await;
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
        "",
    ] {
        let mut call = Call::get("/v1/orders");
        call.host = host.to_owned();
        let answer = shop.call(&key, call).await;
        assert_eq!(
            (answer.status, answer.code()),
            (421, "host_not_allowed"),
            "{host}"
        );
    }
    for host in ["localhost", "localhost:8317", "[::1]:8317"] {
        let mut call = Call::get("/v1/orders");
        call.host = host.to_owned();
        assert_eq!(shop.call(&key, call).await.status, 200, "{host}");
    }
    for (name, value) in [
        ("Origin", "http://127.0.0.1"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
    ] {
        let mut call = Call::get("/v1/orders");
        call.more.push((name, value.to_owned()));
        let answer = shop.call(&key, call).await;
        assert_eq!(
            (answer.status, answer.code()),
            (403, "origin_not_allowed"),
            "{name}: {value}"
        );
    }
    let allow = ChangeInterface {
        hosts: Some(vec!["till.example".to_owned()]),
        ..ChangeInterface::default()
    };
    let _changed: InterfaceView = ask(&shop.host, "change_interface", allow).await.unwrap();
    let mut call = Call::get("/v1/orders");
    call.host = "till.example".to_owned();
    assert_eq!(shop.call(&key, call).await.status, 200);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_off_it_takes_nothing() {
    let shop = Shop::demo("off").await;
    let key = shop.key(&ALL).await;
    let off = ChangeInterface {
        is_on: Some(false),
        ..ChangeInterface::default()
    };
    let _changed: InterfaceView = ask(&shop.host, "change_interface", off).await.unwrap();
    let answer = shop.create(&key, "off-1", 1).await;
    assert_eq!((answer.status, answer.code()), (503, "interface_off"));
    let notice = shop
        .send(&Call::new("POST", "/notices/demo-alipay", "x"), &[])
        .await;
    assert_eq!((notice.status, notice.code()), (503, "interface_off"));
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_such_call_is_told_so() {
    let shop = Shop::demo("paths").await;
    let key = shop.key(&ALL).await;
    for (method, target, status, code) in [
        ("DELETE", "/v1/orders", 405, "method_not_allowed"),
        ("PROPFIND", "/v1/orders", 405, "method_not_allowed"),
        ("GET", "/", 404, "path_unknown"),
        ("GET", "/v1/orders/", 404, "path_unknown"),
        ("POST", "/v2/orders", 404, "path_unknown"),
    ] {
        let answer = shop.call(&key, Call::new(method, target, "")).await;
        assert_eq!(
            (answer.status, answer.code()),
            (status, code),
            "{method} {target}"
        );
    }
    let large = Call::post("/v1/orders", "l-1", &json!({ "note": "x".repeat(20_000) }));
    let answer = shop.call(&key, large).await;
    assert_eq!((answer.status, answer.code()), (413, "body_too_large"));
    let mut plain = Call::post("/v1/orders", "l-2", &wish());
    plain.more.clear();
    assert_eq!(shop.call(&key, plain).await.code(), "not_json");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_slowly_holds_a_connection_for_seconds_only() {
    let shop = Shop::demo("slow").await;
    let key = shop.key(&ALL).await;
    let call = Call::post("/v1/orders", "s-1", &wish());
    let bytes = call.bytes(&call.signed(&key));
    let until_body = bytes.len() - 10;
    let mut ends = Vec::new();
    for (what, sent) in [("headers", 40), ("body", until_body)] {
        let mut stream = TcpStream::connect(shop.serving.address()).await.unwrap();
        stream.write_all(&bytes[..sent]).await.unwrap();
        ends.push((what, stream, Instant::now()));
    }
    for (what, mut stream, begun) in ends {
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer));
        assert!(read.await.is_ok(), "{what}: still open");
        assert!(begun.elapsed() < Duration::from_secs(15), "{what}");
        if what == "body" {
            assert_eq!(parse(&answer).code(), "body_too_slow");
        }
    }
    assert_eq!(shop.create(&key, &fresh("s"), 1).await.status, 201);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_who_reads_nothing_nor_who_waits_for_news_holds_up_the_end() {
    let shop = Shop::demo("stuck").await;
    let key = shop.key(&ALL).await;
    // More answers than the system keeps for a peer that takes none of them.
    let mut stuck = TcpStream::connect(shop.serving.address()).await.unwrap();
    let asks = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1_000);
    stuck.write_all(asks.as_bytes()).await.unwrap();
    let order = shop.create(&key, "w-1", 100).await;
    let order = order.body["order_id"].as_str().unwrap().to_owned();
    let version = shop
        .until(&key, &order, |order| !order["shown_code"].is_null())
        .await["version"]
        .clone();
    let target = format!("/v1/orders/{order}?wait_ms=20000&past_version={version}");
    let call = Call::get(&target);
    let mut waiting = TcpStream::connect(shop.serving.address()).await.unwrap();
    waiting
        .write_all(&call.bytes(&call.signed(&key)))
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    let (stopped, answer) = tokio::join!(shop.serving_stopped(), async {
        let mut answer = Vec::new();
        waiting.read_to_end(&mut answer).await.unwrap();
        (parse(&answer), begun.elapsed())
    });
    let (answer, after) = answer;
    assert_eq!(
        (answer.status, &answer.body["order_id"]),
        (200, &json!(order))
    );
    assert!(after < Duration::from_secs(5), "{after:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(18),
        "{:?}",
        begun.elapsed()
    );
    assert!(
        begun.elapsed() > Duration::from_secs(8),
        "the peer was not stuck"
    );
    drop(stuck);
    stopped.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_told_and_nothing_listens() {
    let shop = Shop::demo("port").await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let change = ChangeInterface {
        port: Some(port),
        ..ChangeInterface::default()
    };
    let _changed: InterfaceView = ask(&shop.host, "change_interface", change).await.unwrap();
    let error = paydesk_inbound::serve(shop.host.console())
        .await
        .err()
        .unwrap();
    assert_eq!(error.code, ErrorCode::PortTaken);
    assert_eq!(
        (error.money, error.params["port"].clone()),
        (MoneyMark::NotMoved, port.to_string())
    );
    drop(taken);
    let serving = paydesk_inbound::serve(shop.host.console()).await.unwrap();
    assert!(serving.address().ip().is_loopback());
    serving.stop().await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_stands_in_no_file_but_the_vaults() {
    let shop = Shop::demo("secret").await;
    let key = shop.key(&ALL).await;
    assert_eq!(shop.create(&key, "k-1", 1).await.status, 201);
    let listed: InterfaceView = ask(&shop.host, "interface_settings", NoArgs {})
        .await
        .unwrap();
    assert!(
        !serde_json::to_string(&listed)
            .unwrap()
            .contains(&key.secret)
    );
    let mut seen = 0;
    let mut folders = vec![shop.folder.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "keys.json") {
                let bytes = std::fs::read(&path).unwrap();
                let found = bytes
                    .windows(key.secret.len())
                    .any(|part| part == key.secret.as_bytes());
                assert!(!found, "{}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 1, "{seen}");
    shop.close().await;
}

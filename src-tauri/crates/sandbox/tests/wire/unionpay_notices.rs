//! UnionPay's notices: to whom, what they say, how often, and how late on purpose.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use paydesk_sandbox::{Behaviour, Channel, PhoneAct, sample_code};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::shop::{Shop, fresh};
use crate::unionpay_till::{BACK, Fields, decoded};

/// The merchant's address: keeps what comes and answers with a status.
pub(crate) struct Relay {
    pub(crate) url: String,
    pub(crate) status: Arc<AtomicU16>,
    came: mpsc::UnboundedReceiver<String>,
}

impl Relay {
    pub(crate) async fn open(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/notify?shop=1", listener.local_addr().unwrap());
        let status = Arc::new(AtomicU16::new(status));
        let (coming, came) = mpsc::unbounded_channel();
        let answered = status.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                let mut part = [0; 8192];
                while let Ok(count @ 1..) = stream.read(&mut part).await {
                    request.extend_from_slice(&part[..count]);
                    if is_whole(&request) {
                        break;
                    }
                }
                let status = answered.load(Ordering::SeqCst);
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
                coming.send(String::from_utf8(request).unwrap()).unwrap();
            }
        });
        Self { url, status, came }
    }

    /// The next notice, as head and body.
    pub(crate) async fn next_raw(&mut self) -> (String, String) {
        let came = tokio::time::timeout(Duration::from_secs(20), self.came.recv());
        let request = came.await.expect("a notice").unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    /// The next notice, as head and fields.
    async fn next(&mut self) -> (String, Fields) {
        let (head, body) = self.next_raw().await;
        (head, decoded(&body))
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        value.trim().parse::<usize>().ok().filter(|_| is_length)
    });
    length.is_some_and(|length| body.len() >= length)
}

async fn show(shop: &Shop, number: &str, url: &str) -> Fields {
    let mut own = shop.unionpay_money(number, "250");
    own.retain(|(name, _)| *name != "backUrl");
    own.extend([
        ("txnType", "01"),
        ("txnSubType", "07"),
        ("backUrl", url),
        ("reqReserved", "门店1|乙 a+b"),
    ]);
    shop.unionpay(BACK, &own).await
}

/// What the sandbox remembers of a notice.
async fn kept(shop: &Shop, number: &str) -> Value {
    let (_, all) = shop.control("GET", "notices", Value::Null).await;
    let mut notices = all["notices"].as_array().unwrap().iter();
    let found = notices.find(|notice| notice["number"] == number);
    found.cloned().unwrap_or(Value::Null)
}

/// Waits until so many attempts are written down: that happens a moment after the answer.
async fn sent(shop: &Shop, number: &str, count: usize) -> Value {
    loop {
        let notice = kept(shop, number).await;
        let times = notice["sent_ms"].as_array().map_or(0, Vec::len);
        if times >= count {
            assert_eq!(times, count);
            return notice;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_is_told_in_a_form_that_verifies_once_decoded() {
    let shop = Shop::open().await;
    let mut relay = Relay::open(200).await;
    let answer = show(&shop, "UPTOLD001", &relay.url).await;
    assert_eq!(
        kept(&shop, "UPTOLD001").await,
        Value::Null,
        "nothing to tell yet"
    );
    shop.sandbox
        .phone(&answer["qrCode"], PhoneAct::Pay)
        .unwrap();
    let (head, told) = relay.next().await;
    assert!(
        head.starts_with("POST /notify?shop=1 HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("application/x-www-form-urlencoded"), "{head}");
    assert!(shop.unionpay_believes(&told), "{told:?}");
    for (name, value) in [
        ("orderId", "UPTOLD001"),
        ("queryId", &answer["queryId"]),
        ("respCode", "00"),
        ("txnType", "01"),
        ("txnSubType", "07"),
        ("txnAmt", "250"),
        ("settleAmt", "250"),
        ("settleDate", "1121"),
        ("exchangeRate", "0"),
        ("reqReserved", "门店1|乙 a+b"),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    let notice = sent(&shop, "UPTOLD001", 1).await;
    assert_eq!(
        (&notice["is_acknowledged"], &notice["due_ms"]),
        (&json!(true), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unacknowledged_notice_comes_five_times_and_only_then_never_again() {
    let shop = Shop::open().await;
    let mut relay = Relay::open(500).await;
    let answer = show(&shop, "UPAGAIN01", &relay.url).await;
    shop.sandbox
        .phone(&answer["qrCode"], PhoneAct::Pay)
        .unwrap();
    for (count, pause_min) in [(1, 1), (2, 2), (3, 4), (4, 5)] {
        relay.next().await;
        let notice = sent(&shop, "UPAGAIN01", count).await;
        let last = notice["sent_ms"][count - 1].as_i64().unwrap();
        assert_eq!(notice["due_ms"], last + pause_min * 60_000);
        shop.pass(pause_min * 60_000);
    }
    relay.next().await;
    assert_eq!(sent(&shop, "UPAGAIN01", 5).await["due_ms"], Value::Null);

    // A redirection acknowledges as well, and what was told once is not told after a restart.
    relay.status.store(302, Ordering::SeqCst);
    let answer = show(&shop, "UPAGAIN02", &relay.url).await;
    shop.sandbox
        .phone(&answer["qrCode"], PhoneAct::Pay)
        .unwrap();
    relay.next().await;
    assert_eq!(sent(&shop, "UPAGAIN02", 1).await["is_acknowledged"], true);
    let shop = shop.restart().await;
    assert_eq!(sent(&shop, "UPAGAIN01", 5).await["due_ms"], Value::Null);
    assert_eq!(sent(&shop, "UPAGAIN02", 1).await["due_ms"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_and_undos_are_told_and_failures_are_not() {
    let shop = Shop::open().await;
    let mut relay = Relay::open(200).await;
    let mut ids = Vec::new();
    for (number, customer) in [
        ("UPBACK001", Behaviour::Pays),
        ("UPBACK002", Behaviour::Pays),
        ("UPBACK003", Behaviour::RefusesPassword),
        ("UPBACK004", Behaviour::PaysAfterPassword),
    ] {
        let code = sample_code(Channel::Unionpay, customer, fresh());
        let mut own = shop.unionpay_money(number, "250");
        own.retain(|(name, _)| *name != "backUrl");
        own.extend([
            ("txnType", "01"),
            ("txnSubType", "06"),
            ("qrNo", &code),
            ("backUrl", &relay.url),
        ]);
        ids.push(shop.unionpay(BACK, &own).await["queryId"].clone());
        if customer == Behaviour::Pays {
            assert_eq!(relay.next().await.1["orderId"], number);
        }
    }
    // The password is typed without any call.
    shop.pass(6_000);
    assert_eq!(relay.next().await.1["orderId"], "UPBACK004");
    for (kind, id, number) in [
        ("04", &ids[0], "UPBACK001R1"),
        ("31", &ids[1], "UPBACK002U1"),
    ] {
        let own = [
            ("txnType", kind),
            ("txnSubType", "00"),
            ("orderId", number),
            ("txnAmt", "250"),
            ("channelType", "08"),
            ("backUrl", &relay.url),
            ("origQryId", id),
        ];
        assert_eq!(shop.unionpay(BACK, &own).await["respCode"], "00");
        shop.pass(3_000);
        let (_, told) = relay.next().await;
        assert!(shop.unionpay_believes(&told));
        assert_eq!(
            (told["txnType"].as_str(), told["orderId"].as_str()),
            (kind, number)
        );
    }
    assert_eq!(kept(&shop, "UPBACK003").await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_come_late_or_not_at_all_as_asked() {
    let shop = Shop::open().await;
    let mut relay = Relay::open(200).await;
    let late = json!({ "delay_ms": 90_000 });
    assert_eq!(shop.control("POST", "notices", late).await.0, 200);
    let negative = json!({ "delay_ms": -1 });
    assert_eq!(shop.control("POST", "notices", negative).await.0, 400);
    let answer = show(&shop, "UPLATE001", &relay.url).await;
    shop.sandbox
        .phone(&answer["qrCode"], PhoneAct::Pay)
        .unwrap();
    let paid_ms = shop
        .trade(Channel::Unionpay, "UPLATE001")
        .paid_ms()
        .unwrap();
    shop.pass(90_000);
    relay.next().await;
    let notice = sent(&shop, "UPLATE001", 1).await;
    assert_eq!(notice["sent_ms"][0], paid_ms + 90_000);

    let never = json!({ "delay_ms": null });
    assert_eq!(shop.control("POST", "notices", never).await.0, 200);
    let answer = show(&shop, "UPLATE002", &relay.url).await;
    shop.sandbox
        .phone(&answer["qrCode"], PhoneAct::Pay)
        .unwrap();
    // Several looks of the sandbox.
    let held_back = tokio::time::timeout(Duration::from_secs(1), relay.came.recv()).await;
    assert!(held_back.is_err(), "{held_back:?}");
    assert_eq!(kept(&shop, "UPLATE002").await["sent_ms"], json!([]));
    shop.sandbox.reset_faults();
    assert_eq!(relay.next().await.1["orderId"], "UPLATE002");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_beyond_loopback_is_never_called() {
    let shop = Shop::open().await;
    let answer = show(&shop, "UPFAR0001", "http://relay.example/n").await;
    shop.sandbox
        .phone(&answer["qrCode"], PhoneAct::Pay)
        .unwrap();
    let notice = sent(&shop, "UPFAR0001", 1).await;
    assert_eq!(notice["is_acknowledged"], false);
    assert!(notice["due_ms"].is_i64(), "it counts as unanswered");
}

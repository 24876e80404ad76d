//! What a channel tells by itself, beside what it answers: whatever comes first, again or late, the end is the same.
//! UnionPay's notices are the simulator's own, as they came to a relay; Alipay's are signed here with the channel's key.

use crate::counter::{Street, add, code_of, keyring, options, real, with};
use crate::till::{Till, folder};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_console::contract::*;
use paydesk_host::Host;
use paydesk_sandbox::{Behaviour, Channel, Trade};
use paydesk_signing::PrivateKey;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};

/// A till, and the channel's own key.
struct Corner {
    street: Street,
    till: Till,
    account: String,
    channel_key: PrivateKey,
}

/// What may reach the till about a payment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Word {
    /// An answer to a question, if there is one to be asked.
    Answer,
    /// A notice that it is paid; the number tells repetitions from new ones.
    Paid(u8),
    /// An older notice that the payer is at it.
    Waiting,
}

impl Corner {
    /// A till that asks when it is told to, and by itself after seconds; or never.
    async fn open(name: &str, asks: bool) -> Corner {
        let street = Street::open(name).await;
        let mut options = options(&folder(name), &keyring());
        options.resolve = asks;
        let folder = options.data.clone().unwrap();
        let till = Till {
            host: Host::open(options).await.unwrap(),
            folder,
        };
        let _status: AppStatus = till.ask("set_up", real(None)).await.unwrap();
        let account = add(&till, street.alipay()).await.unwrap().id;
        let keys = std::fs::read(street.folder().join("keys.json")).unwrap();
        let keys: serde_json::Value = serde_json::from_slice(&keys).unwrap();
        let pem = keys["alipay_gateway_private_key_pem"].as_str().unwrap();
        let channel_key = PrivateKey::read(pem.as_bytes()).unwrap();
        Corner {
            street,
            till,
            account,
            channel_key,
        }
    }

    /// A payment that went through and whose answer was lost.
    async fn lost(&self, channel: Channel, minor: i64) -> (String, Trade) {
        let code = code_of(channel, Behaviour::NoAnswerPaid);
        let order = self.till.charge(&code, minor).await.unwrap().order_id;
        let begun = Instant::now();
        loop {
            let trades = self.street.sandbox.ledger().unwrap().trades;
            let is_it = |trade: &&Trade| {
                trade.key.out_trade_no.starts_with(&order) && !trade.charges.is_empty()
            };
            if let Some(trade) = trades.iter().find(is_it) {
                return (order, trade.clone());
            }
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "{order} is not paid"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks the channel about all that is open of an order, and waits for the answers.
    async fn ask_channel(&self, order: &str) {
        let named = OrderId {
            order_id: order.to_owned(),
        };
        let _view: PaymentView = self.till.ask("check_now", named).await.unwrap();
        let is_paid = |view: &PaymentView| view.state == PayState::Paid;
        self.till.until(order, "paid by an answer", is_paid).await;
        for refund in self.till.detail(order).await.refunds {
            let is_done = |refund: &RefundView| refund.state == RefundStateView::Done;
            let done = self
                .till
                .until_refund(order, &refund.refund_id, "done", is_done);
            done.await;
        }
    }

    fn notice(&self, trade: &Trade, minor: i64, word: Word) -> Vec<u8> {
        let merchant = &self.street.merchant.alipay;
        let (id, status) = match word {
            Word::Paid(id) => (format!("n{id}"), "TRADE_SUCCESS"),
            Word::Answer | Word::Waiting => ("n0".to_owned(), "WAIT_BUYER_PAY"),
        };
        let yuan = format!("{}.{:02}", minor / 100, minor % 100);
        self.form(&[
            ("app_id", &merchant.app_id),
            ("gmt_payment", "2026-11-22 10:00:00"),
            ("notify_id", &id),
            ("notify_type", "trade_status_sync"),
            ("out_trade_no", &trade.key.out_trade_no),
            ("seller_id", &merchant.seller_id),
            ("total_amount", &yuan),
            ("trade_no", &trade.trade_no),
            ("trade_status", status),
        ])
    }

    /// A form in the order of its names, signed as the channel signs.
    fn form(&self, fields: &[(&str, &str)]) -> Vec<u8> {
        let text: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let signature = self.channel_key.sign(text.join("&").as_bytes()).unwrap();
        let mut body = text.join("&").replace(' ', "+");
        let signature = STANDARD.encode(signature);
        let signature = signature
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D");
        body.push_str(&format!("&sign_type=RSA2&sign={signature}"));
        body.into_bytes()
    }

    async fn deliver(
        &self,
        account: Option<&str>,
        body: Vec<u8>,
    ) -> Result<&'static str, ErrorCode> {
        let headers = vec![(
            "content-type".to_owned(),
            "application/x-www-form-urlencoded".to_owned(),
        )];
        let heard = self
            .till
            .host
            .console()
            .hear_notice(account, headers, body)
            .await;
        heard.map(|heard| heard.came_to).map_err(|error| error.code)
    }

    async fn say(&self, (order, trade): &(String, Trade), minor: i64, word: Word) {
        match word {
            Word::Answer => self.ask_channel(order).await,
            Word::Paid(_) | Word::Waiting => {
                let heard = self
                    .deliver(Some(&self.account), self.notice(trade, minor, word))
                    .await;
                assert_eq!(heard, Ok("recorded"), "{word:?}");
            }
        }
    }

    async fn close(self) {
        self.till.close().await;
        self.street.close().await;
    }
}

pub(crate) fn orders_of<W: Copy + Ord>(words: &[W]) -> BTreeSet<Vec<W>> {
    if words.is_empty() {
        return BTreeSet::from([Vec::new()]);
    }
    let mut all = BTreeSet::new();
    for (place, word) in words.iter().enumerate() {
        let rest: Vec<W> = [&words[..place], &words[place + 1..]].concat();
        for mut order in orders_of(&rest) {
            order.insert(0, *word);
            all.insert(order);
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_and_answers_in_any_order_and_number_come_to_the_same_end() {
    let corner = Corner::open("notices", true).await;
    let words = [
        Word::Answer,
        Word::Paid(1),
        Word::Paid(1),
        Word::Paid(2),
        Word::Waiting,
    ];
    let mut ends = BTreeSet::new();
    let orders = orders_of(&words);
    assert_eq!(orders.len(), 60);
    for (place, words) in orders.iter().enumerate() {
        // Every third: the rest is the domain's own test.
        if place % 3 != 0 {
            continue;
        }
        let minor = 1_000 + i64::try_from(place).unwrap();
        let lost = corner.lost(Channel::Alipay, minor).await;
        for word in words {
            corner.say(&lost, minor, *word).await;
        }
        let (order, trade) = lost;
        let detail = corner.till.detail(&order).await;
        let paid = detail
            .timeline
            .iter()
            .filter(|event| event.kind == "payment_paid");
        assert_eq!(detail.payment.channel_no, Some(trade.trade_no), "{words:?}");
        assert_eq!(
            detail.refundable.map(|money| money.minor),
            Some(minor.to_string())
        );
        ends.insert(format!(
            "{:?} {:?} paid {}",
            detail.row.status,
            detail.payment.state,
            paid.count()
        ));
    }
    assert_eq!(ends, BTreeSet::from(["Paid Paid paid 1".to_owned()]));
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_believed_by_its_signature_for_its_own_account_and_payment() {
    let corner = Corner::open("notice-lies", false).await;
    let (order, trade) = corner.lost(Channel::Alipay, 4_650).await;
    let genuine = corner.notice(&trade, 4_650, Word::Paid(1));
    let mut altered = genuine.clone();
    let place = altered.len() - 1;
    altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
    let mut unknown = trade.clone();
    unknown.key.out_trade_no = "WEB-4711".to_owned();
    let account = Some(corner.account.clone());
    let cases = [
        (account.clone(), altered, Err(ErrorCode::NoticeForged)),
        (
            account.clone(),
            b"sign=AAAA&sign_type=RSA2".to_vec(),
            Err(ErrorCode::NoticeForged),
        ),
        (account.clone(), Vec::new(), Err(ErrorCode::NoticeForged)),
        (
            Some("nobody".to_owned()),
            genuine.clone(),
            Err(ErrorCode::NoticeNoAccount),
        ),
        (
            account.clone(),
            corner.notice(&unknown, 4_650, Word::Paid(1)),
            Err(ErrorCode::NoticeNotOurs),
        ),
        // Genuine, and another amount than was asked for: the channel is asked instead.
        (
            account.clone(),
            corner.notice(&trade, 4_651, Word::Paid(1)),
            Ok("asked"),
        ),
    ];
    for (account, body, expected) in cases {
        assert_eq!(corner.deliver(account.as_deref(), body).await, expected);
        let view = corner.till.view(&order).await;
        assert!(view.paid_at.is_none(), "{expected:?}: {view:?}");
    }
    // Without a name it finds its account by itself.
    assert_eq!(corner.deliver(None, genuine).await, Ok("recorded"));
    assert_eq!(corner.till.view(&order).await.state, PayState::Paid);
    corner.close().await;
}

/// What may reach the till about a payment at UnionPay and its refund.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Told {
    /// An answer to a question, if there is one to be asked.
    Answer,
    /// The notice of the payment.
    Paid,
    /// The notice of the refund.
    Refunded,
}

/// Where a relay listens to the channel; it acknowledges whatever comes and keeps the forms.
pub(crate) struct Relay {
    pub(crate) address: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

/// A notice as it came.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Relay {
    pub(crate) async fn open() -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/notices", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                let mut part = [0; 8192];
                let heard = loop {
                    let count = stream.read(&mut part).await.unwrap();
                    assert!(count > 0, "a notice was cut off");
                    request.extend_from_slice(&part[..count]);
                    if let Some(heard) = whole(&request) {
                        break heard;
                    }
                };
                kept.lock().unwrap().push(heard);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(answer).await.unwrap();
            }
        });
        Relay { address, heard }
    }

    /// The first notice that fits, once it came.
    pub(crate) async fn first(&self, what: &str, fits: impl Fn(&str) -> bool) -> Heard {
        let begun = Instant::now();
        loop {
            let heard = self.heard.lock().unwrap().clone();
            if let Some(heard) = heard.iter().find(|heard| fits(&heard.body)) {
                return heard.clone();
            }
            let waited = begun.elapsed();
            assert!(waited < Duration::from_secs(60), "{what}: {heard:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The notice about an order's payment or refund, signed by the channel's side, once it came.
    async fn told(&self, order: &str, kind: &str) -> Vec<u8> {
        let is_it = |form: &str| {
            let mut fields = form.split('&');
            form.contains(&format!("orderId={order}"))
                && fields.any(|field| field == format!("txnType={kind}"))
        };
        let heard = self.first(&format!("{order}, {kind}"), is_it).await;
        heard.body.into_bytes()
    }
}

fn whole(request: &[u8]) -> Option<Heard> {
    let text = std::str::from_utf8(request).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        value.trim().parse::<usize>().ok().filter(|_| is_length)
    });
    (body.len() >= length?).then(|| Heard {
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

/// A lost payment and its refund, told of in this order; and what they came to.
async fn told_of(corner: &Corner, relay: &Relay, minor: i64, words: [&[Told]; 2]) -> String {
    let (order, _) = corner.lost(Channel::Unionpay, minor).await;
    let paid = relay.told(&order, "01").await;
    let mut refunded = None;
    for (part, words) in words.iter().enumerate() {
        if part == 1 {
            let named = OrderId {
                order_id: order.clone(),
            };
            let dialog: RefundDialog = corner.till.ask("prepare_refund", named).await.unwrap();
            let request = RequestRefund {
                currency: None,
                refund_intent: dialog.refund_intent,
                order_id: order.clone(),
                reference: None,
                amount_minor: "700".to_owned(),
                reason: "goods_returned".to_owned(),
                note: String::new(),
                in_cash: false,
                rate: None,
            };
            let _refund: RefundView = corner.till.ask("request_refund", request).await.unwrap();
            refunded = Some(relay.told(&order, "04").await);
        }
        for word in *words {
            let form = match word {
                Told::Answer => {
                    corner.ask_channel(&order).await;
                    continue;
                }
                Told::Paid => paid.clone(),
                Told::Refunded => refunded.clone().unwrap(),
            };
            let heard = corner.deliver(Some(&corner.account), form).await;
            assert_eq!(heard, Ok("recorded"), "{word:?} of {words:?}");
        }
    }
    let detail = corner.till.detail(&order).await;
    let count = |kind: &str| {
        let events = detail.timeline.iter().filter(|event| event.kind == kind);
        events.count()
    };
    format!(
        "{:?} {:?} {:?} paid {} refunded {} gone {}",
        detail.row.status,
        detail.payment.state,
        detail.refunds.iter().map(|it| it.state).collect::<Vec<_>>(),
        count("payment_paid"),
        count("refund_done"),
        minor - detail.refundable.unwrap().minor.parse::<i64>().unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn unionpays_notices_of_a_payment_and_its_refund_come_to_the_same_end_in_any_order() {
    let relay = Relay::open().await;
    let mut corner = Corner::open("union-notices", true).await;
    let draft = with(corner.street.unionpay(), "backUrl", &relay.address);
    corner.account = add(&corner.till, draft).await.unwrap().id;
    let before = orders_of(&[Told::Answer, Told::Paid, Told::Paid]);
    let after = orders_of(&[Told::Answer, Told::Paid, Told::Refunded, Told::Refunded]);
    assert_eq!((before.len(), after.len()), (3, 12));
    // All at once: the channel takes seconds over a refund.
    let (corner, relay) = (Arc::new(corner), Arc::new(relay));
    let mut telling = JoinSet::new();
    for (place, after) in after.into_iter().enumerate() {
        let before = before.iter().nth(place % before.len()).unwrap().clone();
        let (corner, relay) = (Arc::clone(&corner), Arc::clone(&relay));
        telling.spawn(async move {
            let minor = 2_000 + i64::try_from(place).unwrap();
            told_of(&corner, &relay, minor, [&before, &after]).await
        });
    }
    let ends: BTreeSet<String> = telling.join_all().await.into_iter().collect();
    let end = "PartRefunded Paid [Done] paid 1 refunded 1 gone 700".to_owned();
    assert_eq!(ends, BTreeSet::from([end]));
    Arc::into_inner(corner).unwrap().close().await;
}

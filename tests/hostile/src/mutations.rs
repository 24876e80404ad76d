//! Genuine signed answers, changed: bits, bytes, tokens, headers, and two answers spliced. Whatever is believed
//! after that must be, byte for byte, something the channel signed, and money only where it signed that.

use crate::{
    alipay, btcpay,
    peer::{Ask, Peer},
    random::Random,
    stripe, unionpay,
    verdict::Verdict,
    wechatpay,
};
use paydesk_signing::WireReply;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// One of the channels.
#[derive(Clone, Copy)]
pub(crate) struct Channel {
    pub(crate) name: &'static str,
    peer: fn() -> Peer,
    genuine: fn(&Peer) -> Vec<(Ask, WireReply)>,
    verdict: fn(&Peer, Ask, WireReply) -> Verdict,
    /// Calls to which one answer of the channel may be the right one alike.
    alike: &'static [&'static [Ask]],
}

/// A charge that is answered with the whole payment, and the question about it.
const MOVEMENT_OR_QUESTION: &[&[Ask]] =
    &[&[Ask::Charge, Ask::Query], &[Ask::Refund, Ask::QueryRefund]];

pub(crate) const CHANNELS: [Channel; 6] = [
    Channel {
        name: "alipay",
        peer: Peer::alipay,
        genuine: of_alipay,
        verdict: alipay::verdict,
        alike: MOVEMENT_OR_QUESTION,
    },
    Channel {
        // Its answers carry no signature that a change could break, and its webhooks conclude nothing.
        name: "btcpay notices",
        peer: Peer::btcpay,
        genuine: notices_of_btcpay,
        verdict: btcpay::notice_verdict,
        alike: &[&Ask::ALL],
    },
    Channel {
        // Its answers carry no signature that a change could break.
        name: "stripe notices",
        peer: Peer::stripe,
        genuine: notices_of_stripe,
        verdict: stripe::notice_verdict,
        alike: &[&Ask::ALL],
    },
    Channel {
        name: "wechatpay",
        peer: Peer::wechatpay,
        genuine: of_wechatpay,
        verdict: wechatpay::verdict,
        alike: MOVEMENT_OR_QUESTION,
    },
    Channel {
        name: "unionpay",
        peer: Peer::unionpay,
        genuine: of_unionpay,
        verdict: unionpay::verdict,
        // Whatever ends a payment asks about it first.
        alike: &[&[Ask::Close, Ask::Query, Ask::Reverse]],
    },
    Channel {
        name: "unionpay notices",
        peer: Peer::unionpay,
        genuine: notices_of_unionpay,
        verdict: unionpay::notice_verdict,
        // Nobody asked: what a notice is about, it says itself.
        alike: &[&Ask::ALL],
    },
];

/// Every kind of answer, paid and not.
fn of_alipay(peer: &Peer) -> Vec<(Ask, WireReply)> {
    let plain = Ask::ALL.map(|ask| (ask, alipay::genuine(ask)));
    let other = |status| alipay::genuine(Ask::Query).say("trade_status", status);
    let more = [
        (Ask::Query, other("WAIT_BUYER_PAY")),
        (Ask::Query, other("TRADE_CLOSED")),
        (
            Ask::Charge,
            alipay::genuine(Ask::Charge)
                .say("code", "10003")
                .without("gmt_payment"),
        ),
        (
            Ask::Charge,
            alipay::genuine(Ask::Charge)
                .say("out_trade_no", crate::peer::other_reference().as_str()),
        ),
        (
            Ask::Charge,
            alipay::genuine(Ask::Charge).say("total_amount", "0.01"),
        ),
        (
            Ask::Refund,
            alipay::genuine(Ask::Refund).say("refund_fee", "8.00"),
        ),
        (
            Ask::Refund,
            alipay::genuine(Ask::Refund).say("fund_change", "N"),
        ),
        (
            Ask::QueryRefund,
            alipay::genuine(Ask::QueryRefund).without("refund_status"),
        ),
    ];
    let all = plain.into_iter().chain(more);
    all.map(|(ask, content)| (ask, alipay::signed(peer, ask, &content.text())))
        .collect()
}

fn of_wechatpay(peer: &Peer) -> Vec<(Ask, WireReply)> {
    let mut all: Vec<_> = Ask::ALL
        .into_iter()
        .map(|ask| (ask, wechatpay::answer(peer, ask)))
        .collect();
    let state = |state| wechatpay::genuine(Ask::Query).say("trade_state", state);
    for content in [
        state("NOTPAY"),
        state("USERPAYING"),
        state("REVOKED"),
        state("SUCCESS").say("out_trade_no", crate::peer::other_reference().as_str()),
        state("SUCCESS").set(
            "amount",
            "{\"total\":1,\"payer_total\":1,\"currency\":\"CNY\"}",
        ),
    ] {
        let body = content.text();
        all.push((Ask::Query, wechatpay::signed(peer, 200, body.clone())));
        all.push((Ask::Charge, wechatpay::signed(peer, 200, body)));
    }
    let refund = wechatpay::genuine(Ask::Refund).say("status", "PROCESSING");
    all.push((Ask::Refund, wechatpay::signed(peer, 200, refund.text())));
    let refused = r#"{"code":"NOT_ENOUGH","message":"余额不足"}"#;
    all.push((Ask::Charge, wechatpay::signed(peer, 403, refused)));
    all
}

fn notices_of_btcpay(_: &Peer) -> Vec<(Ask, WireReply)> {
    let notices = btcpay::genuine_notices().into_iter();
    notices.map(|notice| (Ask::Query, notice)).collect()
}

fn notices_of_stripe(_: &Peer) -> Vec<(Ask, WireReply)> {
    let told = |ask, object: crate::content::Content| {
        let kind = match ask {
            Ask::QueryRefund => "refund.updated",
            _ => "payment_intent.succeeded",
        };
        (ask, stripe::posted(stripe::event(kind, &object).text()))
    };
    let intent = stripe::intent;
    let words = format!(
        "{{\"paydesk_payment\":\"{}\"}}",
        crate::peer::other_reference()
    );
    vec![
        (Ask::Query, stripe::genuine_notice(Ask::Query)),
        (Ask::QueryRefund, stripe::genuine_notice(Ask::QueryRefund)),
        told(Ask::Query, intent().say("status", "requires_action")),
        told(Ask::Query, intent().set("amount", "1")),
        told(Ask::Query, intent().set("metadata", &words)),
        told(Ask::Query, stripe::session(&intent())),
        told(Ask::QueryRefund, stripe::refund().say("status", "pending")),
    ]
}

fn of_unionpay(peer: &Peer) -> Vec<(Ask, WireReply)> {
    let genuine = |ask| unionpay::genuine(peer, ask);
    let other = |ask| genuine(ask).set("orderId", crate::peer::other_reference().as_str());
    let code = |ask, code| genuine(ask).set("origRespCode", code);
    let more = [
        (Ask::Query, code(Ask::Query, "05")),
        (Ask::Query, code(Ask::Query, "64")),
        (Ask::Query, genuine(Ask::Query).without("origRespCode")),
        (Ask::Query, genuine(Ask::Query).set("respCode", "34")),
        (Ask::Query, genuine(Ask::Query).set("txnAmt", "1")),
        (Ask::Query, other(Ask::Query)),
        (Ask::Reverse, genuine(Ask::Query).set("txnType", "00")),
        (Ask::Charge, genuine(Ask::Charge).set("respCode", "64")),
        (Ask::Charge, other(Ask::Charge)),
        (Ask::Refund, genuine(Ask::Refund).set("respCode", "36")),
        (Ask::QueryRefund, code(Ask::QueryRefund, "05")),
        (Ask::QueryRefund, other(Ask::QueryRefund)),
    ];
    let plain = Ask::ALL.map(|ask| (ask, genuine(ask)));
    let all = plain.into_iter().chain(more);
    all.map(|(ask, sheet)| (ask, unionpay::signed(peer, sheet)))
        .collect()
}

fn notices_of_unionpay(peer: &Peer) -> Vec<(Ask, WireReply)> {
    let told = |ask| unionpay::told(peer, ask);
    let posted = |sheet: unionpay::Sheet| unionpay::posted(peer, sheet);
    vec![
        (Ask::Query, unionpay::genuine_notice(peer, Ask::Query)),
        (
            Ask::QueryRefund,
            unionpay::genuine_notice(peer, Ask::QueryRefund),
        ),
        (Ask::Query, posted(told(Ask::Query).set("respCode", "05"))),
        (Ask::Query, posted(told(Ask::Query).set("txnAmt", "1"))),
        (Ask::Query, posted(told(Ask::Query).set("txnType", "31"))),
        (
            Ask::Query,
            posted(told(Ask::Query).set("orderId", crate::peer::other_reference().as_str())),
        ),
        (Ask::Query, posted(unionpay::genuine(peer, Ask::Charge))),
        (
            Ask::QueryRefund,
            posted(unionpay::genuine(peer, Ask::QueryRefund)),
        ),
    ]
}

/// What an enemy would like to read in an answer.
const WORDS: [&str; 38] = [
    "10000",
    "10003",
    "40004",
    "TRADE_SUCCESS",
    "TRADE_CLOSED",
    "WAIT_BUYER_PAY",
    "SUCCESS",
    "Success",
    "Y",
    "N",
    "88.88",
    "8888",
    "16.00",
    "800",
    "code",
    "sign",
    "trade_status",
    "trade_state",
    "out_trade_no",
    "total_amount",
    "00",
    "A6",
    "34",
    "04",
    "31",
    "156",
    "%30",
    "=",
    "&",
    "&origRespCode=00",
    "origRespCode",
    "orderId",
    "signature",
    "txnAmt",
    "null",
    "true",
    "{}",
    "[]",
];

/// A change of one reply.
fn change(random: &mut Random, reply: &mut WireReply, others: &[(Ask, WireReply)]) {
    let body = &mut reply.body;
    let at = random.below(body.len().max(1));
    match random.below(14) {
        0 | 1 if !body.is_empty() => body[at] ^= 1 << random.below(8),
        2 if !body.is_empty() => body[at] = random.byte(),
        3 => body.insert(at.min(body.len()), random.byte()),
        4 if !body.is_empty() => drop(body.remove(at)),
        5 if !body.is_empty() => body.truncate(at),
        6 if !body.is_empty() => {
            let end = (at + 1 + random.below(40)).min(body.len());
            let part = body[at..end].to_vec();
            let to = random.below(body.len());
            body.splice(to..to, part);
        }
        7 if !body.is_empty() => {
            let end = (at + 1 + random.below(40)).min(body.len());
            body.drain(at..end);
        }
        // The head of one answer on the tail of another.
        8 | 9 => {
            let other = &random.one(others).1;
            let from = random.below(other.body.len().max(1)).min(other.body.len());
            body.truncate(at);
            body.extend_from_slice(&other.body[from..]);
        }
        10 | 11 => tokens(random, body),
        12 => {
            let word = random.one(&WORDS).as_bytes();
            body.splice(at..at, word.iter().copied());
        }
        _ => headers(random, reply, others),
    }
}

/// Swaps two tokens of JSON or of a form, or puts a word in the place of one.
fn tokens(random: &mut Random, body: &mut Vec<u8>) {
    let marks: &[u8] = match body.first() {
        Some(b'{') => b"\"{}[],:",
        _ => b"&=",
    };
    let edges: Vec<usize> = body
        .iter()
        .enumerate()
        .filter(|(_, byte)| marks.contains(byte))
        .map(|(at, _)| at)
        .collect();
    if edges.len() < 4 {
        return;
    }
    let token = |random: &mut Random| {
        let n = random.below(edges.len() - 1);
        (edges[n] + 1, edges[n + 1])
    };
    let (one, other) = (token(random), token(random));
    let (first, second) = if one.0 <= other.0 {
        (one, other)
    } else {
        (other, one)
    };
    if random.below(3) == 0 {
        let word = random.one(&WORDS).as_bytes().to_vec();
        body.splice(first.0..first.1, word);
    } else if first.1 <= second.0 {
        let (left, right) = (
            body[first.0..first.1].to_vec(),
            body[second.0..second.1].to_vec(),
        );
        body.splice(second.0..second.1, left);
        body.splice(first.0..first.1, right);
    }
}

/// Only WeChat Pay has headers of worth; for all it may be the status that lies.
fn headers(random: &mut Random, reply: &mut WireReply, others: &[(Ask, WireReply)]) {
    if random.below(4) == 0 || reply.headers.is_empty() {
        reply.status = *random.one(&[200, 202, 204, 206, 302, 400, 404, 500]);
        return;
    }
    let at = random.below(reply.headers.len());
    match random.below(5) {
        0 => drop(reply.headers.remove(at)),
        1 => {
            let twin = reply.headers[at].clone();
            reply.headers.push(twin);
        }
        2 => reply.headers.clone_from(&random.one(others).1.headers),
        3 => {
            let value = &mut reply.headers[at].1;
            let to = random.below(value.len().max(1));
            if value.is_char_boundary(to) {
                value.insert(to, char::from(b'!' + random.byte() % 90));
            }
        }
        _ => {
            let mut bytes = reply.headers[at].1.clone().into_bytes();
            if !bytes.is_empty() {
                let to = random.below(bytes.len());
                bytes[to] ^= 1 << random.below(7);
            }
            reply.headers[at].1 = String::from_utf8_lossy(&bytes).into_owned();
        }
    }
}

/// What a run came to.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) changed: u64,
    /// Believed, and byte for byte what the channel signed: a change that changed nothing that counts.
    pub(crate) untouched: u64,
    pub(crate) accepted: u64,
    pub(crate) took: Duration,
}

/// Changes `count` answers on as many threads as there are processors.
pub(crate) fn run(channel: Channel, count: u64, seed: u64) -> Run {
    let begun = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let done = AtomicU64::new(0);
    let parts = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|n| {
                let done = &done;
                scope.spawn(move || work(channel, count, seed ^ (n << 48), done))
            })
            .collect();
        let ends = workers.into_iter().map(|it| it.join());
        ends.map(|end| {
            end.unwrap_or(Run {
                accepted: 1,
                ..Run::default()
            })
        })
        .collect::<Vec<_>>()
    });
    let mut whole = Run::default();
    for part in parts {
        whole.changed += part.changed;
        whole.untouched += part.untouched;
        whole.accepted += part.accepted;
    }
    whole.took = begun.elapsed();
    whole
}

fn work(channel: Channel, count: u64, seed: u64, done: &AtomicU64) -> Run {
    let peer = (channel.peer)();
    let genuine = (channel.genuine)(&peer);
    let mut signed: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut money: BTreeMap<&'static str, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for (ask, reply) in &genuine {
        let verdict = (channel.verdict)(&peer, *ask, reply.clone());
        let believed = verdict
            .believed
            .clone()
            .expect("a genuine answer is believed");
        if verdict.is_money() {
            money
                .entry(ask.operation().name())
                .or_default()
                .insert(believed.clone());
        }
        signed.insert(believed);
    }
    let (mut random, mut run) = (Random::new(seed), Run::default());
    while done.fetch_add(1, Ordering::Relaxed) < count {
        let (mut ask, original) = random.one(&genuine).clone();
        let mut reply = original.clone();
        while reply == original {
            for _ in 0..1 + random.below(3) {
                change(&mut random, &mut reply, &genuine);
            }
        }
        // Now and then it is handed in for another call.
        if random.below(8) == 0 {
            ask = *random.one(&Ask::ALL);
        }
        let kept = reply.clone();
        let verdict = (channel.verdict)(&peer, ask, reply);
        run.changed += 1;
        let alike = channel.alike.iter().find(|calls| calls.contains(&ask));
        let calls = alike.map_or(std::slice::from_ref(&ask), |calls| *calls);
        let is_paid_for = |believed: &Vec<u8>| {
            calls.iter().any(|ask| {
                money
                    .get(ask.operation().name())
                    .is_some_and(|of| of.contains(believed))
            })
        };
        match &verdict.believed {
            None => {}
            Some(believed) if !signed.contains(believed) => {
                tell(&mut run, channel, ask, &kept, "believed")
            }
            Some(believed) if verdict.is_money() && !is_paid_for(believed) => {
                tell(&mut run, channel, ask, &kept, "paid");
            }
            Some(_) => run.untouched += 1,
        }
    }
    run
}

fn tell(run: &mut Run, channel: Channel, ask: Ask, reply: &WireReply, what: &str) {
    run.accepted += 1;
    eprintln!(
        "ACCEPTED {} {ask:?} {what}: {} {:?} {}",
        channel.name,
        reply.status,
        reply.headers,
        String::from_utf8_lossy(&reply.body)
    );
}

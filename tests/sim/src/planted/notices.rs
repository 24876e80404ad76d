//! What a channel tells by itself, read by the production decoders: a bench of its own, because nothing in the
//! product listens yet. The truth is a list of trades; what was heard must hold each that is paid, and nothing else.

use crate::rng::Rng;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_channels::{AccountSettings, Cx, NoticeAbout, Notices, Query, Target};
use paydesk_domain::{
    Amount, BusinessDay, Currency, MerchantRef, Mode, OrderNumber, Outcome, PaymentFact, Timestamp,
};
use paydesk_signing::{Peer, TagKeys, WireReply};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use std::collections::{BTreeMap, BTreeSet};

const NOW: Timestamp = Timestamp(1_763_721_000_000);

const APP: &str = "2021000000000001";
const SELLER: &str = "2088000000000001";

/// One trade at the channel.
struct Trade {
    number: String,
    fen: i64,
    /// Whether the till has a row for it.
    is_known: bool,
    is_paid: bool,
    is_ours: bool,
}

/// What was heard: the paid ones of our rows, and numbers that nobody here knows.
#[derive(Default, PartialEq, Eq, Debug)]
struct Heard {
    paid: BTreeSet<String>,
    orphans: BTreeSet<String>,
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

fn trades(rng: &mut Rng) -> Vec<Trade> {
    let day = BusinessDay(20_261_121);
    let numbers = (1..=24_u32).filter_map(|counter| {
        let number = OrderNumber::compose(Mode::Demo, "7K2M", 0, day, counter)?;
        Some(number.attempt(1)?.to_string())
    });
    numbers
        .enumerate()
        .map(|(place, number)| Trade {
            // Another program of the same merchant numbers as it likes.
            number: match rng.below(4) {
                0 => format!("WEB-{place}-{:06}", rng.below(1_000_000)),
                _ => number,
            },
            fen: 1 + i64::try_from(rng.below(50_000)).unwrap_or(0),
            is_known: rng.below(2) == 0,
            is_paid: rng.below(3) > 0,
            is_ours: rng.below(6) > 0,
        })
        .map(|trade| Trade {
            is_known: trade.is_known && MerchantRef::parse(&trade.number).is_ok(),
            ..trade
        })
        .collect()
}

/// A notice as the channel posts it.
fn notice(trade: &Trade, state: &str, id: u64, keys: &TagKeys, is_forged: bool) -> WireReply {
    let (app, seller) = if trade.is_ours {
        (APP, SELLER)
    } else {
        ("2021000000000009", "2088000000000009")
    };
    let pairs = [
        ("app_id", app.to_owned()),
        ("charset", "utf-8".to_owned()),
        ("gmt_payment", "2025-11-21 10:24:20".to_owned()),
        ("notify_id", format!("n{id}")),
        ("notify_type", "trade_status_sync".to_owned()),
        ("out_trade_no", trade.number.clone()),
        ("seller_id", seller.to_owned()),
        ("total_amount", yuan(trade.fen)),
        ("trade_no", format!("20251121{}", trade.number)),
        ("trade_status", state.to_owned()),
    ];
    let signed: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut signature = keys.sign_as_peer(signed.join("&").as_bytes());
    if is_forged && let Some(byte) = signature.first_mut() {
        *byte ^= 1;
    }
    let encoded = |text: &str| percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string();
    let mut body: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    body.push("sign_type=RSA2".to_owned());
    body.push(format!("sign={}", encoded(&STANDARD.encode(signature))));
    WireReply {
        status: 0,
        headers: Vec::new(),
        body: body.join("&").into_bytes(),
        peer: Peer::Unknown,
    }
}

/// Hears notices in this order.
fn hear(posted: &[WireReply], trades: &[Trade], decoder: &dyn Notices, keys: &TagKeys) -> Heard {
    let fields = [("app_id", APP), ("seller_id", SELLER)];
    let account = AccountSettings {
        sandbox: false,
        gateway: "https://openapi.alipay.com/gateway.do".to_owned(),
        fields: fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    };
    let cx = Cx {
        keys,
        account: &account,
        now: NOW,
        nonce: [0; 16],
    };
    let rows: BTreeMap<&str, &Trade> = trades
        .iter()
        .filter(|trade| trade.is_known)
        .map(|trade| (trade.number.as_str(), trade))
        .collect();
    let mut heard = Heard::default();
    for reply in posted {
        let Ok(proof) = decoder.authenticate(reply.clone(), &cx) else {
            continue;
        };
        let Ok(NoticeAbout::Payment { reference }) =
            decoder.read(&proof, &cx).map(|notice| notice.about)
        else {
            continue;
        };
        let row = rows.get(reference.as_str());
        let target = row.and_then(|row| {
            Some(Target {
                reference: MerchantRef::parse(&reference).ok()?,
                sent_at: NOW,
                amount: Amount::from_minor(row.fen, Currency::CNY).ok()?,
                channel_ref: None,
                memo: None,
                told: None,
            })
        });
        let Some(of) = target else {
            heard.orphans.insert(reference);
            continue;
        };
        if let Outcome::Done(answer) = decoder.payment(&Query { of }, &proof, &cx)
            && matches!(answer.fact, PaymentFact::Paid(_))
        {
            heard.paid.insert(reference);
        }
    }
    heard
}

/// What is wrong with what was heard.
fn judged(heard: &Heard, trades: &[Trade]) -> Vec<String> {
    let mut found = Vec::new();
    for trade in trades {
        let number = &trade.number;
        let is_heard = heard.paid.contains(number) || heard.orphans.contains(number);
        if trade.is_ours && trade.is_paid && !is_heard {
            found.push(format!(
                "INV2: {number} is paid and nobody here knows of it"
            ));
        }
        if !trade.is_ours && is_heard {
            found.push(format!("INV15: {number} of another merchant was heard"));
        }
        if heard.paid.contains(number) && !trade.is_paid {
            found.push(format!("INV3: {number} is called paid and is not"));
        }
    }
    found
}

/// One channel's notices of a day: forged ones among them, each told several times and in any order.
pub(crate) fn told(seed: u64) -> Result<Vec<String>, String> {
    let mut rng = Rng::new(seed);
    let keys = TagKeys::new("notices");
    let decoder = paydesk_channels::by_id("alipay").and_then(|channel| channel.notices());
    let decoder = decoder.ok_or("Alipay tells nothing by itself")?;
    let trades = trades(&mut rng);
    let mut posted = Vec::new();
    for (trade, id) in trades.iter().zip(1_u64..) {
        posted.push(notice(trade, "WAIT_BUYER_PAY", id * 10, &keys, false));
        if trade.is_paid {
            posted.push(notice(trade, "TRADE_SUCCESS", id * 10 + 1, &keys, false));
        } else {
            posted.push(notice(trade, "TRADE_SUCCESS", id * 10 + 2, &keys, true));
        }
    }
    let heard = hear(&posted, &trades, decoder, &keys);
    let mut found = judged(&heard, &trades);
    let mut again: Vec<WireReply> = posted.iter().chain(&posted).cloned().collect();
    for place in (1..again.len()).rev() {
        again.swap(place, rng.place(place + 1));
    }
    if hear(&again, &trades, decoder, &keys) != heard {
        found.push("INV14: told twice and in another order they say something else".to_owned());
    }
    Ok(found)
}

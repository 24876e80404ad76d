//! Stripe as an enemy would answer it. Nothing is signed there: what is believed comes from its host, so the lies are
//! of another host, of other things than were asked about, and of notices, which alone carry a signature.

mod contents;
mod frames;
mod notices;

use crate::{
    case::{Case, Tally, play},
    content::Content,
    peer::{
        AMOUNT, Ask, NOW, Peer, REFUND, Signer, recorded, reference, refund_reference, settings,
        text,
    },
    verdict::{Verdict, judge, judge_notice},
};
use paydesk_channels::{Channel as _, stripe, stripe::CONNECTOR};
use paydesk_domain::{ChannelRef, Memo};
use paydesk_signing::{Peer as From, PrivateKey, WireReply};
use std::collections::BTreeMap;

pub(crate) use notices::{event, genuine_notice, posted};

pub(crate) const ACCOUNT: &str = "acct_1HostileShop";
pub(crate) const SECRET: &str = "whsec_5f1dhostile0shop";
pub(crate) const HOST: &str = "api.stripe.com";
/// What was made for the payment.
pub(crate) const SESSION: &str = "cs_live_a1hostile";
pub(crate) const INTENT: &str = "pi_3hostile";
/// The calls whose answer can say that money moved.
const MONEY: [Ask; 5] = [
    Ask::Show,
    Ask::Query,
    Ask::Close,
    Ask::Refund,
    Ask::QueryRefund,
];

impl Peer {
    /// A live account, whose payment is shown at a page that is known.
    pub(crate) fn stripe() -> Peer {
        let others = recorded("vectors/alipay_sdk_recorded.json");
        let key = text(&others["keys"], "app_private_pkcs1_b64");
        let fields: BTreeMap<String, String> = [
            ("secret_key", "sk_live_hostile"),
            ("webhook_secret", SECRET),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let signer = || Signer::read(&key);
        Peer {
            keys: stripe::account_keys(&fields, NOW).expect("a live key"),
            settings: settings("https://api.stripe.com", &[("account", ACCOUNT)]),
            quick: PrivateKey::read(key.as_bytes()).expect("a test key"),
            channel: signer(),
            stranger: signer(),
            shop: signer(),
            public: SECRET.to_owned(),
            key_name: String::new(),
            certificate: String::new(),
            memo: Some(Memo(format!("name=shop&made={SESSION}"))),
            channel_ref: Some(ChannelRef(INTENT.to_owned())),
        }
    }

    /// The same where nothing is remembered: it is looked for in the list of intents.
    fn forgetful() -> Peer {
        Peer {
            memo: None,
            channel_ref: None,
            ..Peer::stripe()
        }
    }
}

fn words(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<(&str, String)> = pairs
        .iter()
        .map(|(name, value)| (*name, format!("\"{value}\"")))
        .collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, raw)| (*name, &**raw)).collect();
    Content::of(&pairs).text()
}

fn charge() -> Content {
    Content::of(&[
        ("id", "\"ch_3hostile\""),
        ("object", "\"charge\""),
        ("created", "1795227861"),
        ("livemode", "true"),
        (
            "payment_method_details",
            "{\"type\":\"card\",\"card\":{\"brand\":\"visa\",\"last4\":\"4242\"}}",
        ),
    ])
}

/// The intent, paid.
pub(crate) fn intent() -> Content {
    let sum = AMOUNT.to_string();
    Content::of(&[
        ("id", &format!("\"{INTENT}\"")),
        ("object", "\"payment_intent\""),
        ("amount", &sum),
        ("amount_received", &sum),
        ("currency", "\"cny\""),
        ("description", "\"Shop out_trade_no\""),
        ("last_payment_error", "null"),
        ("latest_charge", &charge().text()),
        ("livemode", "true"),
        (
            "metadata",
            &words(&[("paydesk_payment", reference().as_str())]),
        ),
        ("status", "\"succeeded\""),
    ])
}

/// The page, with this intent.
pub(crate) fn session(intent: &Content) -> Content {
    let number = format!("\"{}\"", reference());
    Content::of(&[
        ("id", &format!("\"{SESSION}\"")),
        ("object", "\"checkout.session\""),
        ("amount_total", &AMOUNT.to_string()),
        ("client_reference_id", &number),
        ("currency", "\"cny\""),
        ("description", "\"Shop out_trade_no\""),
        ("livemode", "true"),
        ("mode", "\"payment\""),
        ("payment_intent", &intent.text()),
        ("payment_status", "\"paid\""),
        ("status", "\"complete\""),
        ("url", "null"),
    ])
}

/// The refund, done.
pub(crate) fn refund() -> Content {
    Content::of(&[
        ("id", "\"re_3hostile\""),
        ("object", "\"refund\""),
        ("amount", &REFUND.to_string()),
        ("charge", &charge().text()),
        ("created", "1795227862"),
        ("currency", "\"cny\""),
        ("description", "\"Shop out_trade_no\""),
        (
            "metadata",
            &words(&[
                ("paydesk_payment", reference().as_str()),
                ("paydesk_refund", refund_reference().as_str()),
            ]),
        ),
        ("payment_intent", &format!("\"{INTENT}\"")),
        ("status", "\"succeeded\""),
    ])
}

fn list(rows: &[&Content]) -> Content {
    let rows: Vec<String> = rows.iter().map(|row| row.text()).collect();
    Content::of(&[
        ("object", "\"list\""),
        ("data", &format!("[{}]", rows.join(","))),
        ("description", "\"Shop out_trade_no\""),
        ("has_more", "false"),
        ("url", "\"/v1/list\""),
    ])
}

/// What Stripe itself would say.
pub(crate) fn genuine(ask: Ask) -> Content {
    match ask {
        Ask::Refund => refund(),
        Ask::QueryRefund => list(&[&refund()]),
        _ => session(&intent()),
    }
}

/// The object that an answer is about, changed, in its answer.
fn with(ask: Ask, change: impl Fn(Content) -> Content) -> Content {
    match ask {
        Ask::Refund => change(refund()),
        Ask::QueryRefund => list(&[&change(refund())]),
        _ => change(session(&intent())),
    }
}

pub(crate) fn reply(body: impl Into<Vec<u8>>) -> WireReply {
    WireReply {
        status: 200,
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: body.into(),
        peer: From::TlsHost(HOST.to_owned()),
    }
}

pub(crate) fn verdict(peer: &Peer, ask: Ask, reply: WireReply) -> Verdict {
    judge(&CONNECTOR, peer, ask, reply)
}

pub(crate) fn notice_verdict(peer: &Peer, _: Ask, notice: WireReply) -> Verdict {
    judge_notice(CONNECTOR.notices().expect("notices"), peer, notice)
}

fn play_all(peer: &Peer, cases: &[Case]) -> Tally {
    play(peer, cases, &|ask, reply| verdict(peer, ask, reply))
}

/// A suite that refused the genuine answers would prove nothing.
pub(crate) fn suite(peer: &Peer) -> Tally {
    for ask in MONEY {
        let expected = match ask {
            Ask::Refund | Ask::QueryRefund => "refunded",
            _ => "paid",
        };
        let found = verdict(peer, ask, reply(genuine(ask).text()));
        assert_eq!(found.words, expected, "the genuine answer to {ask:?}");
    }
    let forgetful = Peer::forgetful();
    let found = verdict(&forgetful, Ask::Query, reply(list(&[&intent()]).text()));
    assert_eq!(found.words, "paid", "the genuine list of intents");
    let mut tally = play_all(peer, &frames::cases());
    tally.add(play_all(peer, &contents::cases()));
    tally.add(play_all(&forgetful, &contents::listed()));
    tally.add(notices::suite(peer));
    tally
}

//! UnionPay as an enemy would answer it. The genuine answers stand here; each file beside is one family of lies.

mod certificates;
mod contents;
mod frames;
mod issue;
mod notices;
mod signatures;
mod undo;

use crate::{
    case::{Case, Tally, play},
    peer::{
        AMOUNT, Ask, NOW, Peer, REFUND, Signer, recorded, reference, refund_reference, settings,
        text,
    },
    verdict::{Verdict, judge, judge_notice},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use issue::{CHAIN, gateway_card, pem, pinned};
use paydesk_channels::{Channel as _, unionpay, unionpay::CONNECTOR};
use paydesk_domain::Memo;
use paydesk_signing::{Peer as From, PrivateKey, WireReply, sha256_hex};
use std::collections::BTreeMap;

pub(crate) use notices::{genuine as genuine_notice, posted, told};

/// The moment of every call, as `txnTime`.
pub(crate) const MOMENT: &str = "20261121102422";
const MERCHANT: &str = "777290058167151";
/// The calls whose answer can say that money moved: all of them questions.
const MONEY: [Ask; 4] = [Ask::Query, Ask::Close, Ask::Reverse, Ask::QueryRefund];

const MALFORMED: &str = "forged: the reply is not";
const NO_SIGNATURE: &str = "forged: the reply carries no";
const NOT_THIS_PART: &str = "forged: the signature does not speak";
const UNKNOWN_KEY: &str = "forged: the signing key is unknown";
const WRONG: &str = "forged: the signature is wrong";

/// Fields as a case writes them: in an order of its own, doubled and empty ones included.
#[derive(Clone)]
pub(crate) struct Sheet(Vec<(String, String)>);

impl Sheet {
    fn of(fields: &[(&str, &str)]) -> Sheet {
        let fields = fields.iter();
        Sheet(
            fields
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    /// Changes a field, or adds it.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Sheet {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, held)) => value.clone_into(held),
            None => return self.and(name, value),
        }
        self
    }

    /// Adds a field, whether or not it is there.
    fn and(mut self, name: &str, value: &str) -> Sheet {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same in front of all others.
    fn in_front(mut self, name: &str, value: &str) -> Sheet {
        self.0.insert(0, (name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Sheet {
        self.0.retain(|(known, _)| known != name);
        self
    }

    fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// What UnionPay signs: every field with a value but the signature, sorted.
    fn text(&self) -> String {
        let mut fields: Vec<&(String, String)> = self
            .0
            .iter()
            .filter(|(name, value)| name != "signature" && !value.is_empty())
            .collect();
        fields.sort();
        joined(fields)
    }

    /// As an answer is sent.
    fn raw(&self) -> String {
        joined(&self.0)
    }

    /// As a notice is sent.
    fn form(&self) -> String {
        let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let parts = self.0.iter().map(|(name, value)| {
            let value: String = escaped(value);
            format!("{name}={value}")
        });
        parts.collect::<Vec<_>>().join("&")
    }

    /// With the signature of whoever holds `key` over its text.
    fn signed_by(self, sign: impl Fn(&[u8]) -> Vec<u8>) -> Sheet {
        let digest = sha256_hex(self.text().as_bytes());
        let signature = STANDARD.encode(sign(digest.as_bytes()));
        self.set("signature", &signature)
    }

    /// With the gateway's own signature.
    fn signed(self, peer: &Peer) -> Sheet {
        self.signed_by(|digest| peer.quick.sign(digest).expect("a signature"))
    }
}

fn joined<'f>(fields: impl IntoIterator<Item = &'f (String, String)>) -> String {
    let parts = fields
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"));
    parts.collect::<Vec<_>>().join("&")
}

impl Peer {
    /// An account that pinned a chain of this suite's own, so that a case may have anything issued.
    pub(crate) fn unionpay() -> Peer {
        let (own, others) = (
            recorded("own_vectors/unionpay_own.json"),
            recorded("vectors/alipay_sdk_recorded.json"),
        );
        let key = |name: &str| text(&own["keys"], name);
        let (middle, root) = pinned();
        let fields: BTreeMap<String, String> = [
            ("private_key", key("merchant_private_pkcs8_pem")),
            ("sign_cert", key("merchant_cert_pem")),
            ("middle_cert", middle),
            ("root_cert", root),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let channel = key("gateway_private_pkcs8_pem");
        Peer {
            keys: unionpay::account_keys(&fields, NOW).expect("the suite's own chain"),
            settings: settings(
                "https://gateway.95516.com",
                &[
                    ("merId", MERCHANT),
                    ("backUrl", "https://relay.example/unionpay"),
                    ("termId", "0000000A"),
                ],
            ),
            quick: PrivateKey::read(channel.as_bytes()).expect("a test key"),
            channel: Signer::read(&channel),
            stranger: Signer::read(&text(&others["keys"], "app_private_pkcs1_b64")),
            shop: Signer::read(&key("merchant_private_pkcs8_pem")),
            public: pem(&CHAIN.gateway.spki()),
            key_name: String::new(),
            certificate: pem(&gateway_card().issue(&CHAIN.gateway, &CHAIN.middle)),
            memo: None,
            channel_ref: None,
        }
    }

    /// The same while an undo may be on its way.
    fn undoing(memo: &str) -> Peer {
        Peer {
            memo: Some(Memo(memo.to_owned())),
            ..Peer::unionpay()
        }
    }
}

/// What UnionPay itself would say; not signed yet.
pub(crate) fn genuine(peer: &Peer, ask: Ask) -> Sheet {
    let (ours, refund) = (reference(), refund_reference());
    let (paid, given_back) = (AMOUNT.to_string(), REFUND.to_string());
    let order = |sub_type: &str| {
        Sheet::of(&[
            ("version", "5.1.0"),
            ("encoding", "UTF-8"),
            ("signMethod", "01"),
            ("accessType", "0"),
            ("bizType", "000000"),
            ("signPubKeyCert", &peer.certificate),
            ("merId", MERCHANT),
            ("orderId", ours.as_str()),
            ("txnTime", MOMENT),
            ("txnType", "01"),
            ("txnSubType", sub_type),
            ("txnAmt", &paid),
            ("currencyCode", "156"),
            ("respCode", "00"),
            ("respMsg", "成功[0000000]"),
            ("queryId", "782611211024226740281"),
        ])
    };
    let of_refund = || {
        order("00")
            .set("orderId", refund.as_str())
            .set("txnType", "04")
            .set("txnAmt", &given_back)
            .set("queryId", "782611211024226740283")
    };
    match ask {
        Ask::Charge => order("06"),
        Ask::Show => order("07").set(
            "qrCode",
            "https://qr.95516.com/00010000/62212345678901234567",
        ),
        Ask::Close | Ask::Query | Ask::Reverse => moved(order("06"), &paid),
        Ask::Refund => of_refund(),
        Ask::QueryRefund => moved(of_refund(), &given_back),
    }
}

/// With what only a question's answer has.
fn moved(sheet: Sheet, sum: &str) -> Sheet {
    sheet
        .set("origRespCode", "00")
        .set("origRespMsg", "成功[0000000]")
        .set("traceNo", "674028")
        .set("traceTime", "1121102423")
        .set("settleDate", "1121")
        .set("settleAmt", sum)
        .set("settleCurrencyCode", "156")
        .set("payCardNo", "6216***********0018")
}

pub(crate) fn reply(body: impl Into<Vec<u8>>) -> WireReply {
    WireReply {
        status: 200,
        headers: vec![(
            "Content-Type".to_owned(),
            "text/html;charset=UTF-8".to_owned(),
        )],
        body: body.into(),
        peer: From::Unknown,
    }
}

/// Fields that UnionPay itself signed, as an answer.
pub(crate) fn signed(peer: &Peer, sheet: Sheet) -> WireReply {
    reply(sheet.signed(peer).raw())
}

pub(crate) fn verdict(peer: &Peer, ask: Ask, reply: WireReply) -> Verdict {
    judge(&CONNECTOR, peer, ask, reply)
}

pub(crate) fn notice_verdict(peer: &Peer, _: Ask, notice: WireReply) -> Verdict {
    judge_notice(CONNECTOR.notices().expect("notices"), peer, notice)
}

/// The genuine answers and what they come to: a suite that refused these would prove nothing.
pub(crate) fn controls() -> [(Ask, &'static str); 7] {
    [
        (Ask::Charge, "awaiting"),
        (Ask::Close, "paid"),
        (Ask::Query, "paid"),
        (Ask::QueryRefund, "refunded"),
        (Ask::Refund, "accepted"),
        (Ask::Reverse, "paid"),
        (Ask::Show, "awaiting"),
    ]
}

fn cases() -> Vec<Case> {
    let mut all = signatures::cases();
    all.extend(certificates::cases());
    all.extend(frames::cases());
    all.extend(contents::cases());
    all
}

pub(crate) fn suite(peer: &Peer) -> Tally {
    for (ask, expected) in controls() {
        let found = verdict(peer, ask, signed(peer, genuine(peer, ask)));
        assert_eq!(found.words, expected, "the genuine answer to {ask:?}");
    }
    certificates::check_genuine(peer);
    let mut tally = play(peer, &cases(), &|ask, reply| verdict(peer, ask, reply));
    tally.add(undo::suite());
    tally.add(notices::suite(peer));
    tally
}

//! Foreign bytes: nothing panics, and nothing altered is believed.

use crate::shop::{NOW, Shop, charge, finish, query, query_refund, reference, refund, reply, show};
use paydesk_channels::{Channel, Exchange, Operation, alipay, wechatpay};
use paydesk_domain::End;
use paydesk_signing::{Authentic, WireReply};
use proptest::prelude::*;

const FLIPS: usize = 10_000;

/// A small generator of its own: the same changes on every run.
struct Changes(u64);

impl Changes {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

/// Changes 10,000 copies of a genuine body; none is believed.
fn never_believed(genuine: &WireReply, believe: &dyn Fn(WireReply) -> bool) {
    assert!(believe(genuine.clone()), "the genuine one");
    let mut changes = Changes(7);
    for round in 0..FLIPS {
        let mut bent = genuine.clone();
        let at = changes.next(bent.body.len());
        match round % 4 {
            0 => bent.body[at] ^= 1 << changes.next(8),
            1 => bent.body[at] = bent.body[at].wrapping_add(1 + changes.next(255) as u8),
            2 => drop(bent.body.remove(at)),
            _ => bent.body.insert(at, changes.next(256) as u8),
        }
        let same = bent.body == genuine.body;
        let text = String::from_utf8_lossy(&bent.body).into_owned();
        assert!(same || !believe(bent), "round {round}: {text}");
    }
}

#[test]
fn an_altered_answer_of_alipay_is_never_believed() {
    let shop = Shop::alipay();
    let content = format!(
        r#"{{"code":"10000","out_trade_no":"{}","trade_status":"TRADE_SUCCESS"}}"#,
        reference()
    );
    let genuine = shop.alipay_reply("alipay_trade_query_response", &content, &content);
    let meaning = |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body).unwrap();
    never_believed(&genuine, &|reply| {
        let exact = reply == genuine;
        match alipay::CONNECTOR.authenticate(Operation::Query, reply, &shop.cx()) {
            Err(_) => false,
            // Around the signed part JSON has blanks and escapes that change nothing; such a spelling
            // says the same under the same signature. Everything else must have been refused.
            Ok(answer) => {
                let spelling = answer.believed() == content.as_bytes()
                    && meaning(&answer.reply().body) == meaning(&genuine.body);
                exact || !spelling
            }
        }
    });
}

#[test]
fn an_altered_answer_of_wechatpay_is_never_believed() {
    let shop = Shop::wechatpay();
    let body = format!(
        r#"{{"appid":"wx1","mchid":"1900000001","out_trade_no":"{}","trade_state":"SUCCESS"}}"#,
        reference()
    );
    let genuine = shop.wechatpay_reply(200, &body, NOW);
    let believe = |reply: WireReply| {
        wechatpay::CONNECTOR
            .authenticate(Operation::Query, reply, &shop.cx())
            .is_ok()
    };
    never_believed(&genuine, &believe);
    for (place, (name, value)) in genuine.headers.iter().enumerate() {
        for at in 0..value.len() {
            let mut bent = genuine.clone();
            let mut bytes = value.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            bent.headers[place].1 = String::from_utf8(bytes).unwrap();
            assert!(!believe(bent), "{name} at {at}");
        }
    }
}

/// Reads the body as the answer to every call; whatever it is, nothing panics.
fn read_all(shop: &Shop, proof: &Authentic, alipay: bool) {
    let cx = shop.cx();
    macro_rules! with {
        ($connector:expr) => {
            drop($connector.decode(&charge("281234567890123456"), proof, &cx));
            drop($connector.decode(&show(), proof, &cx));
            drop($connector.decode(&query(), proof, &cx));
            drop($connector.decode(&finish(End::Close), proof, &cx));
            drop($connector.decode(&finish(End::Reverse), proof, &cx));
            drop($connector.decode(&refund(), proof, &cx));
            drop($connector.decode(&query_refund(), proof, &cx));
        };
    }
    if alipay {
        with!(alipay::CONNECTOR);
    } else {
        with!(wechatpay::CONNECTOR);
    }
}

/// JSON that looks like an answer, with values of every kind in the places that matter.
fn answers() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("[]".to_owned()),
        Just(r#"{"total":8888,"refund":800,"currency":"CNY"}"#.to_owned()),
        Just(format!("{:?}", reference().as_str())),
        "-?[0-9]{1,25}(\\.[0-9]{1,3})?".prop_filter("JSON numbers have no leading zero", |n| {
            let digits = n.trim_start_matches('-');
            !digits.starts_with('0') || digits.starts_with("0.") || digits == "0"
        }),
        "[ -!#-\\[\\]-~门]{0,12}".prop_map(|text| format!("\"{text}\"")),
        prop_oneof![
            Just("10000"),
            Just("10003"),
            Just("40004"),
            Just("88.88"),
            Just("SUCCESS"),
            Just("TRADE_SUCCESS"),
            Just("Y"),
            Just("2026-11-21 10:24:22"),
            Just("2026-11-21T10:24:22+08:00")
        ]
        .prop_map(|text| format!("\"{text}\"")),
    ];
    let names = proptest::sample::subsequence(
        vec![
            "code",
            "sub_code",
            "out_trade_no",
            "total_amount",
            "trade_no",
            "trade_status",
            "receipt_amount",
            "gmt_payment",
            "fund_change",
            "refund_fee",
            "refund_status",
            "refund_amount",
            "out_request_no",
            "appid",
            "mchid",
            "trade_state",
            "amount",
            "transaction_id",
            "success_time",
            "status",
            "out_refund_no",
            "code_url",
            "qr_code",
            "payer",
            "action",
        ],
        0..15,
    );
    names
        .prop_flat_map(move |names| {
            let count = names.len();
            (Just(names), proptest::collection::vec(value.clone(), count))
        })
        .prop_map(|(names, values)| {
            let members: Vec<String> = names
                .iter()
                .zip(values)
                .map(|(name, value)| format!("\"{name}\":{value}"))
                .collect();
            format!("{{{}}}", members.join(","))
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_make_a_connector_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), status in 100u16..600) {
        for shop in [Shop::alipay(), Shop::wechatpay()] {
            let mut wire = reply(status, &[("Wechatpay-Signature", "AAAA"), ("Wechatpay-Timestamp", "9"), ("Wechatpay-Nonce", ""), ("Wechatpay-Serial", "x")], String::new());
            wire.body.clone_from(&bytes);
            for channel in paydesk_channels::all() {
                prop_assert!(channel.authenticate(Operation::Query, wire.clone(), &shop.cx()).is_err());
                drop(channel.hint(&wire));
            }
        }
    }

    #[test]
    fn no_genuine_nonsense_makes_a_connector_panic(body in answers(), status in prop_oneof![Just(200u16), Just(202), Just(400), Just(404)]) {
        let shop = Shop::alipay();
        let wire = shop.alipay_reply("error_response", &body, &body);
        let proof = alipay::CONNECTOR.authenticate(Operation::Query, wire, &shop.cx()).unwrap();
        read_all(&shop, &proof, true);
        let shop = Shop::wechatpay();
        let proof = wechatpay::CONNECTOR.authenticate(Operation::Query, shop.wechatpay_reply(status, &body, NOW), &shop.cx()).unwrap();
        read_all(&shop, &proof, false);
    }
}

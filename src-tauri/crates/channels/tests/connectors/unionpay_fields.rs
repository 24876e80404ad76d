//! UnionPay: an account's fields, line by line, and answers with one bit changed.

use crate::{
    shop::{NOW, Shop, charge, finish, query, query_refund, reference, refund, reply, show},
    unionpay::{CODE, believed},
};
use paydesk_channels::{Channel, Exchange, FieldProblem, Operation, unionpay};
use paydesk_domain::{End, Memo, Timestamp};
use paydesk_signing::{ChainFault, KeyError, WireReply};
use proptest::prelude::*;
use std::collections::BTreeMap;

const FLIPS: usize = 10_000;

fn filled_in() -> BTreeMap<String, String> {
    let shop = Shop::unionpay();
    let key = |name: &str| shop.recorded["keys"][name].as_str().unwrap().to_owned();
    let mut fields = shop.settings.fields.clone();
    for (field, value) in [
        ("private_key", key("merchant_private_pkcs8_pem")),
        ("sign_cert", key("merchant_cert_pem")),
        ("middle_cert", key("middle_pem")),
        ("root_cert", key("root_pem")),
        ("frontUrl", "https://shop.example/thanks".to_owned()),
    ] {
        fields.insert(field.to_owned(), value);
    }
    fields
}

/// What is wrong, field by field.
fn problems(
    fields: &BTreeMap<String, String>,
    now: Timestamp,
) -> Vec<(&'static str, FieldProblem)> {
    let lines = unionpay::CONNECTOR.check_fields(fields, false, now);
    lines
        .into_iter()
        .filter_map(|line| line.problem.map(|problem| (line.field, problem)))
        .collect()
}

#[test]
fn an_account_that_is_filled_in_has_no_problem() {
    let fields = filled_in();
    assert_eq!(problems(&fields, NOW), []);
    let named: Vec<&str> = unionpay::CONNECTOR
        .check_fields(&fields, false, NOW)
        .iter()
        .map(|line| line.field)
        .collect();
    let known: Vec<&str> = unionpay::CONNECTOR
        .profile()
        .fields
        .iter()
        .map(|field| field.name)
        .collect();
    assert_eq!(named, known, "in the profile's order");
    assert!(unionpay::account_keys(&fields, NOW).is_ok());
}

#[test]
fn every_field_says_what_is_wrong_with_it() {
    let shop = Shop::unionpay();
    let key = |name: &str| shop.recorded["keys"][name].as_str().unwrap().to_owned();
    let with = |field: &str, value: &str| {
        let mut fields = filled_in();
        fields.insert(field.to_owned(), value.to_owned());
        problems(&fields, NOW)
    };
    for field in [
        "merId",
        "private_key",
        "sign_cert",
        "middle_cert",
        "root_cert",
        "backUrl",
        "termId",
    ] {
        assert_eq!(with(field, " "), [(field, FieldProblem::Missing)]);
    }
    for number in ["77729005816715", "7772900581671511", "77729005816715x"] {
        assert_eq!(with("merId", number), [("merId", FieldProblem::Form)]);
    }
    for address in [
        "relay.example/x",
        "ftp://relay.example",
        "https://relay.example/a b",
    ] {
        assert_eq!(with("backUrl", address), [("backUrl", FieldProblem::Form)]);
    }
    assert_eq!(with("frontUrl", ""), []);
    assert_eq!(
        with("frontUrl", "shop.example"),
        [("frontUrl", FieldProblem::Form)]
    );
    assert_eq!(with("termId", "1"), [("termId", FieldProblem::Form)]);
    assert_eq!(with("termId", "0000000A"), []);
    assert_eq!(
        with("sign_cert", &key("gateway_cert_pem")),
        [("sign_cert", FieldProblem::WrongPair)]
    );
    assert_eq!(
        with("private_key", &key("merchant_cert_pem")),
        [("private_key", FieldProblem::CertificateWherePrivate)]
    );
    assert_eq!(
        with("middle_cert", &key("root_pem")),
        [("middle_cert", FieldProblem::Chain(ChainFault::NoRoot))]
    );
    assert_eq!(
        with("root_cert", &key("middle_pem")),
        [("middle_cert", FieldProblem::Chain(ChainFault::NoRoot))]
    );
    assert_eq!(
        with("middle_cert", &key("merchant_cert_pem")),
        [("middle_cert", FieldProblem::OwnKey)]
    );
}

#[test]
fn keys_that_do_not_fit_make_no_account() {
    let shop = Shop::unionpay();
    let key = |name: &str| shop.recorded["keys"][name].as_str().unwrap().to_owned();
    let with = |field: &str, value: &str, now: Timestamp| {
        let mut fields = filled_in();
        fields.insert(field.to_owned(), value.to_owned());
        unionpay::account_keys(&fields, now).map(|_| ())
    };
    for field in ["private_key", "sign_cert", "middle_cert", "root_cert"] {
        assert_eq!(with(field, "", NOW), Err(KeyError::Missing), "{field}");
        assert!(with(field, "-", NOW).is_err(), "{field}");
    }
    let own = key("gateway_cert_pem");
    assert_eq!(with("sign_cert", &own, NOW), Err(KeyError::Wrong));
    assert_eq!(with("middle_cert", &own, NOW), Err(KeyError::Wrong));
    let later = Timestamp(2_400_000_000_000);
    assert_eq!(with("termId", "", later), Err(KeyError::Wrong));
}

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

/// The fields that a body says, the signature among them, with padding and all.
fn said(body: &[u8]) -> Option<Vec<String>> {
    let text = std::str::from_utf8(body).ok()?;
    let mut fields: Vec<String> = text.split('&').map(str::to_owned).collect();
    fields.sort();
    Some(fields)
}

#[test]
fn an_altered_answer_is_never_believed() {
    let shop = Shop::unionpay();
    let genuine = shop.unionpay_reply(&[
        ("merId", "777290058167151"),
        ("orderId", reference().as_str()),
        ("respCode", "00"),
        ("origRespCode", "00"),
        ("accSplitData", "{a=1}"),
    ]);
    assert!(believed(&shop, Operation::Query, genuine.clone()).is_ok());
    let mut changes = Changes(7);
    for round in 0..FLIPS {
        let mut bent: WireReply = genuine.clone();
        let at = changes.next(bent.body.len());
        match round % 4 {
            0 => bent.body[at] ^= 1 << changes.next(8),
            1 => bent.body[at] = bent.body[at].wrapping_add(1 + changes.next(255) as u8),
            2 => drop(bent.body.remove(at)),
            _ => bent.body.insert(at, changes.next(256) as u8),
        }
        let same = said(&bent.body) == said(&genuine.body);
        let text = String::from_utf8_lossy(&bent.body).into_owned();
        let refused = believed(&shop, Operation::Query, bent).is_err();
        assert!(same || refused, "round {round}: {text}");
    }
}

/// Answers whose fields hold anything in the places that matter.
fn answers() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let value = prop_oneof![
        Just("00".to_owned()),
        Just("34".to_owned()),
        Just("01".to_owned()),
        Just("31".to_owned()),
        Just("8888".to_owned()),
        Just("156".to_owned()),
        Just("777290058167151".to_owned()),
        Just("20261121102422".to_owned()),
        Just("1121102422".to_owned()),
        Just(reference().as_str().to_owned()),
        Just(format!("{}U1", reference())),
        "[0-9]{0,40}",
        "[ -%'-z~门]{0,12}",
    ];
    let names = proptest::sample::subsequence(
        vec![
            "merId",
            "orderId",
            "txnTime",
            "txnType",
            "txnSubType",
            "txnAmt",
            "currencyCode",
            "respCode",
            "origRespCode",
            "queryId",
            "qrCode",
            "traceTime",
            "settleAmt",
            "settleDate",
            "payCardNo",
            "fileName",
            "fileContent",
        ],
        0..17,
    );
    names.prop_flat_map(move |names| {
        let count = names.len();
        (Just(names), proptest::collection::vec(value.clone(), count))
            .prop_map(|(names, values)| names.into_iter().zip(values).collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_make_the_connector_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), status in 100u16..600) {
        let shop = Shop::unionpay();
        let mut wire = reply(status, &[], String::new());
        wire.body.clone_from(&bytes);
        let c = &unionpay::CONNECTOR;
        prop_assert!(c.authenticate(Operation::Query, wire.clone(), &shop.cx()).is_err());
        prop_assert!(c.notices().unwrap().authenticate(wire.clone(), &shop.cx()).is_err());
        drop(c.hint(&wire));
        prop_assert!(c.signature_complaint(&bytes).is_none());
        drop(c.bills().unwrap().open(&bytes, None));
    }

    #[test]
    fn no_genuine_nonsense_makes_the_connector_panic(fields in answers(), memo in prop_oneof![
        Just(None), Just(Some("undo:1:20261121102422:ready")), Just(Some("undo:4294967295:20261121102422:over"))
    ]) {
        let shop = Shop::unionpay();
        let cx = shop.cx();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let c = &unionpay::CONNECTOR;
        for operation in [Operation::Query, Operation::Close, Operation::Refund, Operation::ShowCode, Operation::BillFile] {
            let Ok(proof) = c.authenticate(operation, shop.unionpay_reply(&fields), &cx) else {
                continue;
            };
            let memo = memo.map(|memo| Memo(memo.to_owned()));
            let (mut ask, mut end) = (query(), finish(End::Reverse));
            ask.of.memo.clone_from(&memo);
            end.of.memo = memo;
            drop(c.decode(&charge(CODE), &proof, &cx));
            drop(c.decode(&show(), &proof, &cx));
            drop(c.decode(&ask, &proof, &cx));
            drop(c.decode(&finish(End::Close), &proof, &cx));
            drop(c.decode(&end, &proof, &cx));
            drop(c.decode(&refund(), &proof, &cx));
            drop(c.decode(&query_refund(), &proof, &cx));
            drop(c.bills().unwrap().decode_link(&proof));
            let notices = c.notices().unwrap();
            drop(notices.read(&proof, &cx));
            drop(notices.payment(&query(), &proof, &cx));
            drop(notices.refund(&query_refund(), &proof, &cx));
        }
    }
}

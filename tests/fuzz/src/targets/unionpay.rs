//! UnionPay: raw answers, posted notices, the certificate that comes with them, and settlement files in their layers.

use super::{
    answers::{OPERATIONS, reply as wire, with_operations},
    bills,
};
use crate::{
    peer::{NOW, Peer, create, finish, query, query_refund, reference, refund, refund_reference},
    seeds,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, Crc, write::ZlibEncoder};
use paydesk_channels::{
    Answer, Channel, Exchange, Operation, unionpay, unionpay::CONNECTOR, wire::archive,
};
use paydesk_domain::{End, Outcome, PaymentFact, RefundFact};
use paydesk_signing::{AccountKeys, Authentic, Certificate, Keys as _, PrivateKey, sha256_hex};
use serde_json::Value;
use std::{collections::BTreeMap, io::Write as _, sync::LazyLock};

/// The moment of every call, as `txnTime`.
const MOMENT: &str = "txnTime=20261121102422";
const MERCHANT: &str = "merId=777290058167151";

/// A payment's question answered, and a refund's.
fn contents() -> Vec<String> {
    let (ours, refund) = (reference(), refund_reference());
    let order = |number: &str, kind: &str, fen: u32| {
        format!(
            "accessType=0&bizType=000000&currencyCode=156&encoding=UTF-8&{MERCHANT}&orderId={number}&queryId=782611211024226740281&respCode=00&respMsg=成功[0000000]&txnAmt={fen}&{MOMENT}&{kind}"
        )
    };
    let moved =
        "&settleAmt=1&settleCurrencyCode=156&settleDate=1121&traceNo=674028&traceTime=1121102423";
    let paid = order(ours.as_str(), "txnSubType=06&txnType=01", 8888);
    let given_back = order(refund.as_str(), "txnSubType=00&txnType=04", 800);
    vec![
        format!("{paid}&origRespCode=00{moved}&payCardNo=6216***********0018"),
        format!("{paid}{moved}"),
        format!("{given_back}&origRespCode=00{moved}"),
        format!("{given_back}{moved}"),
        paid.replace("respCode=00", "respCode=34"),
        paid.replace("txnSubType=06", "txnSubType=07") + "&qrCode=https://qr.95516.com/1",
        paid + "&reqReserved={a=1&b=[2&3]}",
        given_back,
    ]
}

fn recorded() -> Vec<Vec<u8>> {
    let texts = ["string_to_sign", "raw_body", "form_body", "body"];
    seeds::texts(&seeds::vectors("unionpay"), &texts)
}

/// Without a signature that anybody could have made, nothing is believed; nor by a key of real certificates.
pub(super) fn reply_seeds() -> Vec<Vec<u8>> {
    let head = "version=5.1.0&signMethod=01&signature=AAAA&signPubKeyCert=stand-in-fuzz&";
    let mut found: Vec<Vec<u8>> = contents()
        .into_iter()
        .map(|content| format!("{head}{content}").into_bytes())
        .collect();
    found.extend(recorded());
    found
}

pub(super) fn reply(bytes: &[u8]) {
    let peer = Peer::of("unionpay");
    let came = wire(200, Vec::new(), bytes.to_vec());
    drop((CONNECTOR.hint(&came), CONNECTOR.signature_complaint(bytes)));
    let files = [Operation::BillLink, Operation::BillFile];
    for operation in OPERATIONS.map(|(it, _)| it).into_iter().chain(files) {
        let read = CONNECTOR.authenticate(operation, came.clone(), &peer.cx());
        assert!(read.is_err(), "believed");
    }
    let posted = notices().authenticate(came, &peer.cx());
    assert!(posted.is_err(), "believed a notice");
}

/// A field's name and value.
type Pair<'a> = (&'a [u8], &'a [u8]);

/// Names and values as they stand, each cut at its first equals sign.
fn pairs(content: &[u8]) -> Vec<Pair<'_>> {
    content
        .split(|byte| *byte == b'&')
        .map(|part| {
            let at = part.iter().position(|byte| *byte == b'=');
            let at = at.unwrap_or(part.len());
            (&part[..at], part.get(at + 1..).unwrap_or_default())
        })
        .collect()
}

/// The content with what the channel adds, signed by whoever stands in for it.
fn completed<'a>(peer: &Peer, content: &'a [u8], certificate: &'a str) -> (Vec<Pair<'a>>, String) {
    let mut all = pairs(content);
    for (name, value) in [
        ("signMethod", "01"),
        ("signPubKeyCert", certificate),
        ("version", "5.1.0"),
    ] {
        all.push((name.as_bytes(), value.as_bytes()));
    }
    let mut signed: Vec<_> = all.iter().filter(|(_, value)| !value.is_empty()).collect();
    signed.sort();
    let text: Vec<Vec<u8>> = signed
        .iter()
        .map(|(name, value)| [name, b"=".as_slice(), value].concat())
        .collect();
    let digest = sha256_hex(&text.join(&b'&'));
    (all, STANDARD.encode(peer.sign(digest.as_bytes())))
}

/// What money needs to stand on, each a field of its own.
fn assert_bound(proof: &Authentic, number: &str, fen: &str) {
    let text = String::from_utf8_lossy(proof.believed()).into_owned();
    let has = |part: &str| text.split('&').any(|it| it == part);
    let sums = text.split('&').filter_map(|it| it.strip_prefix("txnAmt="));
    let is_sum = sums
        .map(|sum| sum.trim_start_matches('0'))
        .any(|sum| sum == fen);
    assert!(
        has(&format!("orderId={number}")) && has(MOMENT) && has(MERCHANT),
        "another order: {text}"
    );
    assert!(is_sum && has("currencyCode=156"), "another sum: {text}");
}

/// Whether it says that the payment is paid; if so, of what.
fn pays(outcome: &Outcome<Answer<PaymentFact>>, proof: &Authentic) -> bool {
    let Outcome::Done(answer) = outcome else {
        return false;
    };
    let PaymentFact::Paid(paid) = &answer.fact else {
        return false;
    };
    assert_bound(proof, reference().as_str(), "8888");
    assert!(paid.asked.minor() == 8888 && paid.received.minor() == 8888);
    true
}

/// The same of a refund that is done.
fn gives_back(outcome: &Outcome<Answer<RefundFact>>, proof: &Authentic) -> bool {
    let is_done = matches!(
        outcome,
        Outcome::Done(answer) if matches!(answer.fact, RefundFact::Done { .. })
    );
    if is_done {
        assert_bound(proof, refund_reference().as_str(), "800");
    }
    is_done
}

pub(super) fn answer_seeds() -> Vec<Vec<u8>> {
    let all = with_operations(contents().into_iter().map(String::into_bytes).collect());
    // A payment by each of the three questions about it, a refund by its own.
    let money = all.iter().filter(|seed| heard(seed)).count();
    assert_eq!(money, 4, "genuine answers have to pay");
    all
}

/// The first byte says which call it answers; the rest are the fields, as UnionPay would sign them.
pub(super) fn answer(bytes: &[u8]) {
    heard(bytes);
}

/// Whether money moved by it.
fn heard(bytes: &[u8]) -> bool {
    let Some((first, content)) = bytes.split_first() else {
        return false;
    };
    let (operation, _) = OPERATIONS[usize::from(*first) % OPERATIONS.len()];
    let peer = Peer::of("unionpay");
    let name = peer.key_name();
    let (all, signature) = completed(&peer, content, &name);
    let mut body: Vec<Vec<u8>> = all
        .iter()
        .map(|(name, value)| [name, b"=".as_slice(), value].concat())
        .collect();
    body.push(format!("signature={signature}").into_bytes());
    let came = wire(200, Vec::new(), body.join(&b'&'));
    let cx = peer.cx();
    let Ok(proof) = CONNECTOR.authenticate(operation, came, &cx) else {
        return false;
    };
    let told = |outcome| pays(&outcome, &proof);
    match operation {
        Operation::Charge => {
            let paid = told(CONNECTOR.decode(&create(false), &proof, &cx));
            assert!(!paid, "the answer to a charge is never its end");
            false
        }
        Operation::ShowCode => {
            let paid = told(CONNECTOR.decode(&create(true), &proof, &cx));
            assert!(!paid, "nobody has scanned it yet");
            false
        }
        Operation::Query => told(CONNECTOR.decode(&query(), &proof, &cx)),
        Operation::Reverse => told(CONNECTOR.decode(&finish(End::Reverse), &proof, &cx)),
        Operation::Close => told(CONNECTOR.decode(&finish(End::Close), &proof, &cx)),
        Operation::Refund => {
            let outcome = CONNECTOR.decode(&refund(), &proof, &cx);
            assert!(
                !gives_back(&outcome, &proof),
                "the answer to a refund is never its end"
            );
            false
        }
        _ => gives_back(&CONNECTOR.decode(&query_refund(), &proof, &cx), &proof),
    }
}

fn notices() -> &'static dyn paydesk_channels::Notices {
    static UNIONPAY: unionpay::UnionPay = CONNECTOR;
    UNIONPAY.notices().expect("notices")
}

pub(super) fn notice_seeds() -> Vec<Vec<u8>> {
    let all: Vec<Vec<u8>> = contents().into_iter().map(String::into_bytes).collect();
    let money = all.iter().filter(|seed| noticed(seed)).count();
    assert_eq!(money, 2, "genuine notices have to pay");
    all
}

/// The fields, put into a form and signed.
pub(super) fn notice(bytes: &[u8]) {
    noticed(bytes);
}

/// Whether money moved by it.
fn noticed(bytes: &[u8]) -> bool {
    let peer = Peer::of("unionpay");
    let name = peer.key_name();
    let (all, signature) = completed(&peer, bytes, &name);
    let escaped = |bytes: &[u8]| {
        let parts = bytes.iter().map(|byte| format!("%{byte:02X}"));
        parts.collect::<String>()
    };
    let parts = all
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    let body = format!(
        "{}&signature={}",
        parts.collect::<Vec<_>>().join("&"),
        escaped(signature.as_bytes())
    );
    let cx = peer.cx();
    let mut is_money = false;
    for body in [body.into_bytes(), bytes.to_vec()] {
        if let Ok(proof) = notices().authenticate(wire(200, Vec::new(), body), &cx) {
            drop(notices().read(&proof, &cx));
            is_money |= pays(&notices().payment(&query(), &proof, &cx), &proof);
            is_money |= gives_back(&notices().refund(&query_refund(), &proof, &cx), &proof);
        }
    }
    is_money
}

/// An account over the chain made for these tests, the gateway's own certificate, and its signature over a digest.
struct Chain {
    keys: AccountKeys,
    issued: Certificate,
    signatures: Vec<Vec<u8>>,
}

const DIGEST: &[u8] = b"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

static CHAIN: LazyLock<Chain> = LazyLock::new(|| {
    let files = seeds::vectors("unionpay_own");
    let file = files
        .iter()
        .find(|file| file["keys"]["gateway_cert_pem"].is_string());
    let keys = &file.expect("the chain made for these tests")["keys"];
    let text = |name: &str| keys[name].as_str().expect("a key").to_owned();
    let fields: BTreeMap<String, String> = [
        ("private_key", "merchant_private_pkcs8_pem"),
        ("sign_cert", "merchant_cert_pem"),
        ("middle_cert", "middle_pem"),
        ("root_cert", "root_pem"),
    ]
    .map(|(field, name)| (field.to_owned(), text(name)))
    .into();
    let signed = |name: &str| {
        let key = PrivateKey::read(text(name).as_bytes()).expect("a key");
        key.sign(DIGEST).expect("a signature")
    };
    Chain {
        keys: unionpay::account_keys(&fields, NOW).expect("an account"),
        issued: Certificate::read(text("gateway_cert_pem").as_bytes()).expect("a certificate"),
        signatures: vec![
            signed("gateway_private_pkcs8_pem"),
            signed("merchant_private_pkcs8_pem"),
        ],
    }
});

pub(super) fn certificate_seeds() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut waiting = seeds::vectors("unionpay");
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(members) => waiting.extend(members.into_iter().map(|(_, value)| value)),
            Value::Array(items) => waiting.extend(items),
            Value::String(text) if text.contains("-----BEGIN CERTIFICATE") => {
                let body: String = text
                    .lines()
                    .filter(|line| !line.starts_with("-----"))
                    .collect();
                found.extend(STANDARD.decode(body));
                found.push(text.into_bytes());
            }
            _ => {}
        }
    }
    found.sort();
    found.dedup();
    let is_believed = |bytes: &Vec<u8>| believed(bytes) > 0;
    assert!(found.iter().any(is_believed), "the one that was issued");
    found
}

/// Whatever stands in the field, with the gateway's signature or the merchant's beside it.
pub(super) fn certificate(bytes: &[u8]) {
    believed(bytes);
}

/// How many of the signatures it was believed with.
fn believed(bytes: &[u8]) -> usize {
    let chain = &*CHAIN;
    let mut count = 0;
    for signature in &chain.signatures {
        let sent = chain
            .keys
            .verify_sent(bytes, NOW.0 / 1000, DIGEST, signature);
        if let Ok(by) = sent {
            let read = Certificate::read(bytes).expect("what was believed is a certificate");
            assert!(read == chain.issued, "a certificate that was never issued");
            assert_eq!(by, chain.issued.key_id());
            count += 1;
        }
    }
    count
}

/// One line of the detail, by the offsets of the layout.
fn line(fields: &[(usize, &str)]) -> Vec<u8> {
    let common = [
        (0, "S22"),
        (28, "674028"),
        (35, "1121102423"),
        (46, "621626*********0018"),
        (66, "000000008888"),
        (87, "782611211024226740281"),
        (112, "TA2B3061L000007XA1"),
        (166, "D000000000053"),
        (180, "C000000008835"),
        (215, "01"),
        (218, "06"),
        (221, "000000"),
        (293, "777290058167151"),
    ];
    let mut bytes = vec![b' '; 607];
    for (at, value) in common.iter().chain(fields) {
        bytes[*at..*at + value.len()].copy_from_slice(value.as_bytes());
    }
    bytes
}

fn detail() -> Vec<u8> {
    let (gbk, ..) = encoding_rs::GBK.encode("门店一号");
    let mut named = line(&[]);
    named[327..327 + gbk.len()].copy_from_slice(&gbk);
    let back = line(&[
        (35, "1121102500"),
        (66, "000000000800"),
        (87, "782611211025006740283"),
        (112, "TA2B3061L000007XA1R1"),
        (166, "C000000000005"),
        (180, "D000000000795"),
        (215, "04"),
        (271, "782611211024226740281"),
        (476, "TA2B3061L000007XA1"),
    ]);
    let undone = line(&[
        (35, "1121102600"),
        (112, "TA2B3061L000007XA1U1"),
        (215, "31"),
        (271, "782611211024226740281"),
        (476, "TA2B3061L000007XA1"),
    ]);
    let mut whole = [named, back, undone].join(b"\r\n".as_slice());
    whole.extend_from_slice(b"\r\n");
    whole
}

pub(super) fn bill_seeds() -> Vec<Vec<u8>> {
    let all = vec![line(&[]), detail()];
    assert!(all.iter().all(|file| bills::read("unionpay", file).is_ok()));
    all
}

pub(super) fn bill(bytes: &[u8]) {
    bills::check("unionpay", bytes);
}

/// A zip of one entry that is stored as it is.
fn zipped(name: &str, content: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(content);
    let size = (content.len() as u32).to_le_bytes();
    let common = [
        [20, 0, 0, 0, 0, 0, 0, 0, 0x75, 0x5b].as_slice(),
        &crc.sum().to_le_bytes(),
        &size,
        &size,
        &(name.len() as u16).to_le_bytes(),
        &[0, 0],
    ]
    .concat();
    let head = [b"PK\x03\x04", common.as_slice(), name.as_bytes(), content].concat();
    let listed = [
        b"PK\x01\x02\x14\x00",
        common.as_slice(),
        &[0; 14],
        name.as_bytes(),
    ]
    .concat();
    let end = [
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(),
        &(listed.len() as u32).to_le_bytes(),
        &(head.len() as u32).to_le_bytes(),
        &[0, 0],
    ]
    .concat();
    [head, listed, end].concat()
}

fn squeezed(bytes: &[u8]) -> Vec<u8> {
    let mut writer = ZlibEncoder::new(Vec::new(), Compression::fast());
    writer.write_all(bytes).expect("memory");
    writer.finish().expect("memory")
}

fn body(content: &[u8]) -> Vec<u8> {
    let content = STANDARD.encode(content);
    format!("fileContent={content}&fileName=777290058167151_20261121.zip&respCode=00&txnType=76")
        .into_bytes()
}

const NAME: &str = "INN26112188ZM_777290058167151.txt";

pub(super) fn file_seeds() -> Vec<Vec<u8>> {
    let zip = zipped(NAME, &detail());
    let whole = body(&squeezed(&zip));
    let lines = bills::read("unionpay", &whole).map(|(lines, _)| lines.len());
    assert_eq!(lines.ok(), Some(3), "a genuine file is read");
    let layers = [detail(), zip.clone(), squeezed(&zip), whole];
    (0..)
        .zip(layers)
        .map(|(layer, bytes)| [&[layer], bytes.as_slice()].concat())
        .collect()
}

/// The first byte says which layer the rest is: the detail, the zip, the squeezed zip, or the whole answer. What
/// is around it is put around it here.
pub(super) fn file(bytes: &[u8]) {
    let Some((layer, inner)) = bytes.split_first() else {
        return;
    };
    let whole = match layer % 4 {
        0 => body(&squeezed(&zipped(NAME, inner))),
        1 => body(&squeezed(inner)),
        2 => body(inner),
        _ => inner.to_vec(),
    };
    if let Ok(text) = bills::bills("unionpay").open(&whole, None) {
        assert!(text.bytes.len() as u64 <= archive::UNPACKED_BYTES_MAX);
        if layer.is_multiple_of(4) {
            assert_eq!(text.bytes, inner, "other bytes than were packed");
        }
    }
    // Line by line and streamed, with the same sums.
    drop(bills::read("unionpay", &whole));
}

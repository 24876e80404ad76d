//! UnionPay: a digest signed twice over, and certificates that come with the answers.

use crate::{
    check_same_bytes, check_signature,
    files::{Vectors, bytes, text},
};
use paydesk_signing::{
    AccountKeys, Authentic, Certificate, ChainFault, Forged, KeyError, Keys, Peer, PrivateKey,
    PublicKey, WireReply, sha256_hex, verify_chain, verify_pinned_chain,
};
use serde_json::Value;

/// 2023-11-14: the published gateway certificate has run out since.
const PUBLISHED_AT: i64 = 1_700_000_000;

fn is_channel(owner: &str) -> bool {
    owner.split('@').nth(2) == Some("中国银联股份有限公司")
}

/// One vector, whatever its kind: the text, its digest, and the signature over the digest.
struct Signed<'v> {
    id: &'v str,
    params: &'v Value,
    text: &'v str,
    digest: &'v str,
    signature: Vec<u8>,
}

impl Signed<'_> {
    fn is_answer(&self) -> bool {
        self.params["signPubKeyCert"].is_string()
    }

    /// The text is what the fields make of themselves, and the digest is its own.
    fn check_text(&self) {
        let mut fields: Vec<(&String, &str)> = self
            .params
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name, value.as_str().unwrap()))
            .filter(|(name, value)| *name != "signature" && !value.is_empty())
            .collect();
        fields.sort_unstable();
        let lines: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(lines.join("&"), self.text, "{}", self.id);
        assert_eq!(sha256_hex(self.text.as_bytes()), self.digest, "{}", self.id);
    }
}

struct Sides<'v> {
    merchant: PrivateKey,
    account: &'v dyn Fn(i64) -> Result<AccountKeys, KeyError>,
    at: i64,
}

fn check_all(vectors: &[Signed<'_>], sides: &Sides<'_>) -> (usize, usize) {
    let keys = (sides.account)(sides.at).unwrap();
    let (mut requests, mut answers) = (0, 0);
    for vector in vectors {
        vector.check_text();
        let digest = vector.digest.as_bytes();
        if vector.is_answer() {
            let sent = text(vector.params, "signPubKeyCert");
            let key = PublicKey::read(sent.as_bytes()).unwrap();
            check_signature(&key, digest, &vector.signature, vector.id);
            check_answer(vector, &keys, sides.at);
            answers += 1;
        } else {
            let public = sides.merchant.public().unwrap();
            check_same_bytes(&sides.merchant, digest, &vector.signature, vector.id);
            check_signature(&public, digest, &vector.signature, vector.id);
            requests += 1;
        }
    }
    (requests, answers)
}

/// Believed as it was signed; not with one byte changed, at another time, or without the certificate's own chain.
fn check_answer(vector: &Signed<'_>, keys: &AccountKeys, at: i64) {
    let id = vector.id;
    let sent = text(vector.params, "signPubKeyCert").as_bytes();
    let believe = |text: &[u8], at: i64, signature: &[u8]| {
        let reply = WireReply {
            status: 200,
            headers: Vec::new(),
            body: b"as it came".to_vec(),
            peer: Peer::Unknown,
        };
        Authentic::attested(reply, text.to_vec(), sent, signature, at, keys)
    };
    let genuine = vector.text.as_bytes();
    let proof = believe(genuine, at, &vector.signature).unwrap();
    assert_eq!(proof.believed(), genuine, "{id}");
    assert_eq!(proof.reply().body, b"as it came", "{id}: the evidence");
    let number = Certificate::read(sent).unwrap().key_id();
    assert_eq!(proof.by(), Some(&number), "{id}");
    for place in 0..genuine.len() {
        let mut bent = genuine.to_vec();
        bent[place] ^= 1 << (place % 8);
        let refused = believe(&bent, at, &vector.signature).unwrap_err();
        assert_eq!(refused, Forged::WrongSignature, "{id}: byte {place}");
    }
    for (at, why) in [(0, "before its time"), (2_400_000_000, "after its time")] {
        let refused = believe(genuine, at, &vector.signature).unwrap_err();
        assert_eq!(refused, Forged::UnknownKey, "{id}: {why}");
    }
    assert_eq!(
        believe(genuine, at, b"").unwrap_err(),
        Forged::WrongSignature,
        "{id}"
    );
    let without = AccountKeys::builder().build();
    assert_eq!(
        without.verify_sent(sent, at, vector.digest.as_bytes(), &vector.signature),
        Err(Forged::UnknownKey),
        "{id}: an account that pinned nothing"
    );
}

/// The published vectors, over the sandbox's public keys; how many requests and answers there were.
pub(crate) fn check_published(published: &Vectors, own: &Vectors) -> (usize, usize) {
    let certificates = published.at("certificates");
    let part = |name: &str| text(certificates, name).as_bytes();
    let account = |at: i64| {
        AccountKeys::builder()
            .private_key(part("merchant_sign_key_pem_pkcs8"))?
            .numbered_certificate(part("merchant_sign_cert_pem"))?
            .sent_certificates(
                part("test_middle_pem"),
                part("test_root_pem"),
                is_channel,
                at,
            )
            .map(paydesk_signing::AccountKeysBuilder::build)
    };
    let keys = account(PUBLISHED_AT).unwrap();
    assert_eq!(
        keys.signing_id().unwrap(),
        text(certificates, "merchant_cert_id")
    );
    let sides = Sides {
        merchant: PrivateKey::read(part("merchant_sign_key_pem_pkcs8")).unwrap(),
        account: &account,
        at: PUBLISHED_AT,
    };
    let signed = |vector| Signed {
        id: text(vector, "name"),
        params: &vector["params"],
        text: text(vector, "string_to_sign"),
        digest: text(vector, "sha256_hex"),
        signature: match vector["signature"].is_string() {
            true => bytes(vector, "signature"),
            false => bytes(&vector["params"], "signature"),
        },
    };
    let listed = published.list().iter().map(signed);
    let made = own.at("own_vectors").as_array().unwrap().iter().map(signed);
    let all: Vec<Signed<'_>> = listed.chain(made).collect();
    let checked = check_all(&all, &sides);

    // The authority signs with SHA-1: it holds where everything above the leaf is pinned, and nowhere else.
    let one = |name: &str| Certificate::read(part(name)).unwrap();
    let (leaf, middle, root) = (
        one("gateway_sign_leaf_pem"),
        [one("test_middle_pem")],
        [one("test_root_pem")],
    );
    assert_eq!(
        leaf.common_name(),
        text(certificates, "gateway_sign_leaf_cn")
    );
    assert_eq!(
        verify_pinned_chain(&leaf, &middle, &root, PUBLISHED_AT),
        Ok(())
    );
    assert_eq!(
        verify_chain(&leaf, &middle, &root, PUBLISHED_AT),
        Err(ChainFault::Unsigned)
    );
    let run_out = 1_795_227_862;
    assert_eq!(
        verify_pinned_chain(&leaf, &middle, &root, run_out),
        Err(ChainFault::Expired)
    );
    // The merchant's certificate stands under the same middle and is not the channel's.
    let merchant = PrivateKey::read(part("merchant_sign_key_pem_pkcs8")).unwrap();
    let signature = merchant.sign(b"digest").unwrap();
    assert_eq!(
        keys.verify_sent(
            part("merchant_sign_cert_pem"),
            PUBLISHED_AT,
            b"digest",
            &signature
        ),
        Err(Forged::UnknownKey)
    );
    checked
}

/// The vectors made for these tests, and certificates that must not be believed.
pub(crate) fn check_own(vectors: &Vectors) -> (usize, usize) {
    let keys = vectors.keys();
    let part = |name: &str| text(keys, name).as_bytes();
    let at = keys["at"].as_i64().unwrap();
    let account = |at: i64| {
        AccountKeys::builder()
            .private_key(part("merchant_private_pkcs8_pem"))?
            .numbered_certificate(part("merchant_cert_pem"))?
            .sent_certificates(part("middle_pem"), part("root_pem"), is_channel, at)
            .map(paydesk_signing::AccountKeysBuilder::build)
    };
    let sides = Sides {
        merchant: PrivateKey::read(part("merchant_private_pkcs8_pem")).unwrap(),
        account: &account,
        at,
    };
    let all: Vec<Signed<'_>> = vectors
        .list()
        .iter()
        .map(|vector| Signed {
            id: text(vector, "id"),
            params: &vector["params"],
            text: text(vector, "string_to_sign"),
            digest: text(vector, "sha256_hex"),
            signature: bytes(vector, "signature_b64"),
        })
        .collect();
    let checked = check_all(&all, &sides);
    foreign_certificates(keys, &account(at).unwrap(), at);
    wrong_accounts(keys, &account, at);
    checked
}

fn foreign_certificates(keys: &Value, account: &AccountKeys, at: i64) {
    let gateway = PrivateKey::read(text(keys, "gateway_private_pkcs8_pem").as_bytes()).unwrap();
    let signature = gateway.sign(b"digest").unwrap();
    let sent = |certificate: &[u8]| account.verify_sent(certificate, at, b"digest", &signature);
    let own = text(keys, "gateway_cert_pem");
    assert!(sent(own.as_bytes()).is_ok());
    let faulty = keys["faulty_gateway_certs"].as_object().unwrap();
    assert_eq!(faulty.len(), 6);
    for (what, certificate) in faulty {
        let refused = sent(certificate.as_str().unwrap().as_bytes());
        assert_eq!(refused, Err(Forged::UnknownKey), "{what}");
    }
    assert_eq!(
        sent(text(keys, "merchant_cert_pem").as_bytes()),
        Err(Forged::UnknownKey),
        "a merchant's"
    );
    let beside = |other: &str| format!("{own}{other}").into_bytes();
    let public = gateway.public().unwrap().to_pem();
    let behind = [der_of(own), vec![0x05, 0x00]].concat();
    for not_one in [
        b"-".to_vec(),
        Vec::new(),
        beside(text(keys, "middle_pem")),
        beside(&public),
        beside("-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"),
        format!("{public}{own}").into_bytes(),
        behind,
    ] {
        assert_eq!(sent(&not_one), Err(Forged::Malformed));
    }
    bent_certificates(own, &sent);
}

fn der_of(pem: &str) -> Vec<u8> {
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap()
}

/// One bit of the certificate changed, anywhere: it is not believed.
fn bent_certificates(pem: &str, sent: &dyn Fn(&[u8]) -> Result<paydesk_signing::KeyId, Forged>) {
    let der = der_of(pem);
    assert!(sent(&der).is_ok());
    for place in 0..der.len() {
        let mut bent = der.clone();
        bent[place] ^= 1 << (place % 8);
        assert!(sent(&bent).is_err(), "byte {place}");
    }
}

fn wrong_accounts(keys: &Value, account: &dyn Fn(i64) -> Result<AccountKeys, KeyError>, at: i64) {
    let part = |name: &str| text(keys, name).as_bytes();
    assert_eq!(account(2_400_000_000).unwrap_err(), KeyError::Wrong);
    let build = || AccountKeys::builder().private_key(part("merchant_private_pkcs8_pem"));
    let pinned = |between: &str, roots: &str| {
        let built = build()?.sent_certificates(part(between), part(roots), is_channel, at);
        built.map(|_| ())
    };
    assert_eq!(pinned("middle_pem", "root_pem"), Ok(()));
    for (between, roots) in [
        ("root_pem", "middle_pem"),
        ("gateway_cert_pem", "middle_pem"),
        ("root_pem", "root_pem"),
    ] {
        assert_eq!(
            pinned(between, roots),
            Err(KeyError::Wrong),
            "{between} under {roots}"
        );
    }
    let foreign = build()
        .unwrap()
        .numbered_certificate(part("gateway_cert_pem"));
    assert_eq!(foreign.unwrap_err(), KeyError::Wrong);
}

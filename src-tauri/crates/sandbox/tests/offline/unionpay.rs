//! UnionPay without a listener: stand-ins and RSA sign the same bytes, and notices are handed to the caller.

use std::collections::BTreeMap;

use paydesk_sandbox::{
    Behaviour, Channel, Delivered, FaultKind, OfflineKeys, Rhythm, WireCall, sample_code,
};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::till::{Till, strike};

type Fields = BTreeMap<String, String>;

const BACK: &str = "/gateway/api/backTransReq.do";
const NOW: &str = "20261121102212";

fn digest_of(fields: &Fields) -> String {
    let signed = fields
        .iter()
        .filter(|(name, value)| *name != "signature" && !value.is_empty());
    let pairs: Vec<String> = signed
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let text = pairs.join("&");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let bytes = digest.as_ref().iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// The public key inside a certificate, as PEM; a stand-in's text is its own key.
fn key_of(certificate: &str) -> String {
    if certificate.starts_with("stand-in:") {
        return certificate.to_owned();
    }
    use base64::Engine as _;
    let (_, pem) = x509_parser::pem::parse_x509_pem(certificate.as_bytes()).unwrap();
    // The reader of keys wants the bare key behind the SPKI.
    let key = pem.parse_x509().unwrap();
    let key = &key.public_key().subject_public_key.data;
    base64::engine::general_purpose::STANDARD.encode(key)
}

impl Till {
    fn unionpay(
        &self,
        path: &str,
        own: &[(&str, &str)],
        kind: Option<FaultKind>,
    ) -> Option<Fields> {
        let issued = &self.sandbox.merchant().unionpay;
        let common = [
            ("version", "5.1.0"),
            ("encoding", "UTF-8"),
            ("signMethod", "01"),
            ("accessType", "0"),
            ("bizType", "000000"),
            ("merId", &issued.mer_id),
            ("certId", &issued.cert_id),
            ("txnTime", NOW),
        ];
        let mut form: Fields = common
            .iter()
            .chain(own)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let digest = digest_of(&form);
        let signature = self.sign(&issued.merchant_private_key_pem, digest.as_bytes());
        form.insert("signature".to_owned(), signature);
        let part = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> = form
            .iter()
            .map(|(name, value)| format!("{name}={}", part(value)))
            .collect();
        let (url, body) = (format!("http://gateway.localhost{path}"), pairs.join("&"));
        let call = WireCall {
            method: "POST",
            url: &url,
            headers: &[],
            body: body.as_bytes(),
        };
        let kind = kind.and_then(|kind| strike(kind, true));
        let pending = self.sandbox.exchange(&call, kind, self.now());
        let Delivered::Answer(answer) = self.sandbox.finish(pending, self.now()) else {
            return None;
        };
        let body = String::from_utf8(answer.body).unwrap();
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        Some(
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    fn believes(&self, fields: &Fields) -> bool {
        let certificate = &fields["signPubKeyCert"];
        let own = &self.sandbox.merchant().unionpay.gateway_certificate_pem;
        certificate.replace("\r\n", "\n").trim_end() == own.trim_end()
            && self.verifies(
                &key_of(own),
                digest_of(fields).as_bytes(),
                &fields["signature"],
            )
    }

    fn charge(
        &self,
        number: &str,
        behaviour: Behaviour,
        kind: Option<FaultKind>,
    ) -> Option<Fields> {
        let code = sample_code(Channel::Unionpay, behaviour, self.fresh());
        let own = [
            ("txnType", "01"),
            ("txnSubType", "06"),
            ("channelType", "08"),
            ("currencyCode", "156"),
            ("termId", "00000001"),
            ("backUrl", "https://relay.example/n"),
            ("orderId", number),
            ("txnAmt", "1999"),
            ("qrNo", &code),
        ];
        self.unionpay(BACK, &own, kind)
    }
}

#[test]
fn stand_ins_and_rsa_sign_the_same_bytes() {
    for keys in [OfflineKeys::stand_in(7), OfflineKeys::rsa(7).unwrap()] {
        let till = Till::with(1, Rhythm::default(), &keys);
        let answer = till.charge("OFFLINE001", Behaviour::Pays, None).unwrap();
        assert!(till.believes(&answer), "{answer:?}");
        let asked = [
            ("txnType", "00"),
            ("txnSubType", "00"),
            ("orderId", "OFFLINE001"),
        ];
        let told = till
            .unionpay("/gateway/api/queryTrans.do", &asked, None)
            .unwrap();
        assert!(till.believes(&told));
        assert_eq!(told["origRespCode"], "00");
        for kind in [FaultKind::BadSignature, FaultKind::UnknownKey] {
            let forged = till
                .charge("OFFLINE002", Behaviour::Pays, Some(kind))
                .unwrap();
            assert!(!till.believes(&forged), "{kind:?}");
        }
        let lost = Some(FaultKind::ReplyLost);
        assert_eq!(till.charge("OFFLINE003", Behaviour::Pays, lost), None);
        let truth = till.truth_of(Channel::Unionpay, "OFFLINE003").unwrap();
        let merchant = &till.sandbox.merchant().unionpay.mer_id;
        assert_eq!((truth.charged.get(), &truth.merchant), (1999, merchant));
    }
}

#[test]
fn notices_are_handed_over_until_they_are_acknowledged() {
    let till = Till::open(3);
    till.charge("OFFLINE004", Behaviour::PaysAfterPassword, None)
        .unwrap();
    assert_eq!(till.sandbox.notices(till.now()).unwrap(), []);
    till.pass(6_000);
    let due = till.sandbox.notices(till.now()).unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].url, "https://relay.example/n");
    let told: Fields = due[0]
        .body
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| {
            let value = percent_decode_str(value).decode_utf8().unwrap();
            (name.to_owned(), value.into_owned())
        })
        .collect();
    assert!(till.believes(&told), "{told:?}");
    assert_eq!(
        (told["orderId"].as_str(), told["respCode"].as_str()),
        ("OFFLINE004", "00")
    );
    let number = &due[0].number;
    till.sandbox.notice_sent(number, false, till.now()).unwrap();
    assert_eq!(till.sandbox.notices(till.now()).unwrap(), []);
    till.pass(60_000);
    assert_eq!(
        till.sandbox.notices(till.now()).unwrap(),
        due,
        "a minute later"
    );
    till.sandbox.notice_sent(number, true, till.now()).unwrap();
    till.pass(3_600_000);
    assert_eq!(till.sandbox.notices(till.now()).unwrap(), []);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let run = || {
        let till = Till::open(9);
        let answer = till.charge("OFFLINE005", Behaviour::Pays, None);
        (answer, till.sandbox.notices(till.now()).unwrap())
    };
    assert_eq!(run(), run());
}

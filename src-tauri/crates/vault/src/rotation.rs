//! Several versions of an account's keys behind one set of abilities: the active one signs, older ones
//! still verify and open what was made for them.

use paydesk_signing::{AccountKeys, Forged, KeyError, KeyId, Keys};

/// The active keys and those not retired yet.
pub(crate) struct RotatingKeys {
    pub(crate) active: AccountKeys,
    pub(crate) older: Vec<AccountKeys>,
}

impl RotatingKeys {
    /// The active answer, or that of the first older version that can.
    fn first<T, E>(&self, ask: impl Fn(&AccountKeys) -> Result<T, E>) -> Result<T, E> {
        let answer = ask(&self.active);
        if answer.is_ok() {
            return answer;
        }
        let older = self.older.iter().find_map(|keys| ask(keys).ok());
        older.map_or(answer, Ok)
    }
}

impl Keys for RotatingKeys {
    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.active.sign(input)
    }

    fn verify(&self, by: &KeyId, input: &[u8], signature: &[u8]) -> Result<(), Forged> {
        self.first(|keys| keys.verify(by, input, signature))
    }

    fn mac(&self, input: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.active.mac(input)
    }

    fn open(&self, nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.first(|keys| keys.open(nonce, aad, sealed))
    }

    fn seal_field(&self, plain: &str) -> Result<String, KeyError> {
        self.active.seal_field(plain)
    }

    fn seal_content(&self, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.active.seal_content(plain)
    }

    fn open_content(&self, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.first(|keys| keys.open_content(sealed))
    }

    fn admit(&self, certificate: &[u8], unix_seconds: i64) -> Result<KeyId, Forged> {
        self.active.admit(certificate, unix_seconds)
    }

    fn verify_sent(
        &self,
        certificate: &[u8],
        unix_seconds: i64,
        input: &[u8],
        signature: &[u8],
    ) -> Result<KeyId, Forged> {
        self.first(|keys| keys.verify_sent(certificate, unix_seconds, input, signature))
    }

    fn authorize(&self, headers: &mut Vec<(String, String)>) -> Result<(), KeyError> {
        self.active.authorize(headers)
    }

    fn signing_id(&self) -> Result<String, KeyError> {
        self.active.signing_id()
    }

    fn root_id(&self) -> Result<String, KeyError> {
        self.active.root_id()
    }

    fn peer_id(&self) -> Option<KeyId> {
        self.active.peer_id()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use paydesk_signing::{Certificate, PrivateKey};

    #[test]
    fn contents_are_sealed_behind_the_wrapper_too_and_an_older_key_opens_its_own() {
        // Test keys: sixteen bytes each.
        let keys = |text: &[u8]| AccountKeys::builder().content_key(text).unwrap().build();
        let old = keys(b"AAAAAAAAAAAAAAAAAAAAAA==");
        let sealed_before = old.seal_content(b"{}").unwrap();
        let both = RotatingKeys {
            active: keys(b"AQEBAQEBAQEBAQEBAQEBAQ=="),
            older: vec![old],
        };
        let sealed = both.seal_content(b"{\"a\":1}").unwrap();
        assert_eq!(both.open_content(&sealed).unwrap(), b"{\"a\":1}");
        assert_eq!(both.open_content(&sealed_before).unwrap(), b"{}");
        assert_ne!(sealed, b"{\"a\":1}");
    }

    /// A wrapper that kept this to itself would believe nothing that UnionPay answers.
    #[test]
    fn a_certificate_that_is_sent_along_is_checked_behind_the_wrapper_too_and_by_an_older_pin() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../tests/fixtures/own_vectors/unionpay_own.json"
        );
        let vectors: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let part = |name: &str| vectors["keys"][name].as_str().unwrap().as_bytes();
        let at = vectors["keys"]["at"].as_i64().unwrap();
        let pinned = || {
            let (middle, root) = (part("middle_pem"), part("root_pem"));
            AccountKeys::builder()
                .sent_certificates(middle, root, |owner| owner.starts_with("041@"), at)
                .unwrap()
                .build()
        };
        let none = || AccountKeys::builder().build();
        let gateway = PrivateKey::read(part("gateway_private_pkcs8_pem")).unwrap();
        let signature = gateway.sign(b"digest").unwrap();
        let sent = |keys: &RotatingKeys, input: &[u8]| {
            keys.verify_sent(part("gateway_cert_pem"), at, input, &signature)
        };
        let number = Certificate::read(part("gateway_cert_pem"))
            .unwrap()
            .key_id();
        for (active, older, expected) in [
            (pinned(), vec![], Ok(number.clone())),
            (none(), vec![pinned()], Ok(number)),
            (none(), vec![none()], Err(Forged::UnknownKey)),
        ] {
            let keys = RotatingKeys { active, older };
            assert_eq!(sent(&keys, b"digest"), expected);
            assert!(sent(&keys, b"another").is_err());
        }
    }
}

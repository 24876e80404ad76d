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
}

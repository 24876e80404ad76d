//! A stand-in signer for simulation and tests: no RSA, but any changed bit fails.
//! It is marked in every id it gives, so nothing it signed can pass for the real thing.

use crate::{
    digest::{Mac, sha256},
    keys::{KeyError, Keys},
    proof::{Forged, KeyId},
};

/// A fast signer whose signatures are HMAC tags. Never for real accounts.
#[derive(Debug)]
pub struct TagKeys {
    ours: Mac,
    theirs: Mac,
    peer: KeyId,
}

impl TagKeys {
    /// The keys of a simulated account; the same name gives the same keys.
    #[must_use]
    pub fn new(name: &str) -> TagKeys {
        let side =
            |side: &str| Mac::from_digest(&sha256(format!("stand-in {side} {name}").as_bytes()));
        TagKeys {
            ours: side("shop"),
            theirs: side("channel"),
            peer: KeyId(format!("stand-in-{name}")),
        }
    }

    /// What the simulated channel does: signs an answer so that `verify` accepts it.
    #[must_use]
    pub fn sign_as_peer(&self, input: &[u8]) -> Vec<u8> {
        self.theirs.tag(input)
    }

    /// What the simulated channel does: checks a request of ours.
    #[must_use]
    pub fn is_ours(&self, input: &[u8], signature: &[u8]) -> bool {
        self.ours.verify(input, signature)
    }
}

impl Keys for TagKeys {
    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self.ours.tag(input))
    }

    fn verify(&self, by: &KeyId, input: &[u8], signature: &[u8]) -> Result<(), Forged> {
        if *by != self.peer {
            return Err(Forged::UnknownKey);
        }
        if self.theirs.verify(input, signature) {
            Ok(())
        } else {
            Err(Forged::WrongSignature)
        }
    }

    /// The certificate of a stand-in is the name of its key.
    fn verify_sent(
        &self,
        certificate: &[u8],
        _unix_seconds: i64,
        input: &[u8],
        signature: &[u8],
    ) -> Result<KeyId, Forged> {
        let name = std::str::from_utf8(certificate).map_err(|_| Forged::Malformed)?;
        let by = KeyId(name.to_owned());
        self.verify(&by, input, signature).map(|()| by)
    }

    fn mac(&self, input: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self.ours.tag(input))
    }

    fn open(&self, _nonce: &[u8], _aad: &[u8], _sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        Err(KeyError::Missing)
    }

    fn seal_field(&self, _plain: &str) -> Result<String, KeyError> {
        Err(KeyError::Missing)
    }

    fn authorize(&self, _headers: &mut Vec<(String, String)>) -> Result<(), KeyError> {
        Err(KeyError::Missing)
    }

    fn signing_id(&self) -> Result<String, KeyError> {
        Ok(self.peer.0.clone())
    }

    fn root_id(&self) -> Result<String, KeyError> {
        Err(KeyError::Missing)
    }

    fn peer_id(&self) -> Option<KeyId> {
        Some(self.peer.clone())
    }
}

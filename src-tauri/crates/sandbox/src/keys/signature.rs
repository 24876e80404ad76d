//! RSA signatures of both channels, by the `rsa` crate, and what stands in for them offline.
//!
//! Signing is blinded (`sign_with_rng` only), because the crate's plain signing is open to timing.
//! The product signs and verifies with another library; this one must never be shared with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::signature::{RandomizedSigner, SignatureEncoding, Verifier};
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha1::Sha1;
use sha2::Sha256;

use super::stand_in::StandIn;

/// The digest under a signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Digest {
    /// SHA-1, Alipay's legacy `RSA`.
    Sha1,
    /// SHA-256, Alipay's `RSA2` and WeChat Pay's only one.
    Sha256,
}

/// A key that the sandbox signs with.
#[derive(Clone)]
pub(crate) enum PrivateKey {
    Rsa(Box<RsaPrivateKey>),
    StandIn(Box<StandIn>),
}

/// A key that the sandbox verifies with.
#[derive(Clone)]
pub(crate) enum PublicKey {
    Rsa(RsaPublicKey),
    StandIn(Box<StandIn>),
}

impl PrivateKey {
    /// Signs and writes base64.
    pub(crate) fn sign(&self, digest: Digest, message: &[u8]) -> String {
        match self {
            Self::Rsa(key) => sign(key, digest, message),
            Self::StandIn(key) => STANDARD.encode(key.sign(message)),
        }
    }
}

impl PublicKey {
    /// Whether this base64 signature over the message was made by the key's owner.
    pub(crate) fn accepts(&self, digest: Digest, message: &[u8], signature: &str) -> bool {
        match self {
            Self::Rsa(key) => verify(key, digest, message, signature),
            Self::StandIn(key) => {
                digest == Digest::Sha256
                    && STANDARD
                        .decode(signature)
                        .is_ok_and(|signature| key.accepts(message, &signature))
            }
        }
    }
}

/// Signs and writes base64.
pub(crate) fn sign(key: &RsaPrivateKey, digest: Digest, message: &[u8]) -> String {
    let mut random = rand::rngs::OsRng;
    let signature = match digest {
        Digest::Sha1 => SigningKey::<Sha1>::new(key.clone())
            .sign_with_rng(&mut random, message)
            .to_vec(),
        Digest::Sha256 => SigningKey::<Sha256>::new(key.clone())
            .sign_with_rng(&mut random, message)
            .to_vec(),
    };
    STANDARD.encode(signature)
}

/// Whether this base64 signature over the message was made by the key's owner.
#[must_use]
pub fn verify(key: &RsaPublicKey, digest: Digest, message: &[u8], signature: &str) -> bool {
    let Ok(bytes) = STANDARD.decode(signature) else {
        return false;
    };
    let Ok(signature) = Signature::try_from(bytes.as_slice()) else {
        return false;
    };
    match digest {
        Digest::Sha1 => VerifyingKey::<Sha1>::new(key.clone()).verify(message, &signature),
        Digest::Sha256 => VerifyingKey::<Sha256>::new(key.clone()).verify(message, &signature),
    }
    .is_ok()
}

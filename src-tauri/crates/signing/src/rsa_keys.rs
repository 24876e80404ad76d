//! RSA keys: reading, signing, verifying, sealing a field. 2048 bits at least, SHA-256 only.
//! `rsa` reads, converts and generates; aws-lc-rs does every operation (the `rsa` crate's are not constant time).

use crate::{
    certificate::Certificate,
    digest::sha256_hex,
    keys::KeyError,
    material,
    proof::{Forged, KeyId},
    secret::Secret,
};
use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{
        KeyPair, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
        PrivateDecryptingKey, PublicEncryptingKey,
    },
    signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rsa::{
    RsaPrivateKey, RsaPublicKey,
    pkcs1::DecodeRsaPublicKey as _,
    pkcs8::{DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding},
    traits::PublicKeyParts as _,
};
use std::fmt;

/// Below this an RSA key is refused: SHA-256 signatures of both channels ask for it.
pub(crate) const RSA_BITS_MIN: usize = 2048;

/// A private RSA key that can sign, and never be read back.
pub struct PrivateKey(KeyPair);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(<redacted>)")
    }
}

impl PrivateKey {
    /// Reads PKCS#8 or PKCS#1, as DER, PEM of any label, or bare base64.
    ///
    /// # Errors
    /// `Malformed` when no private RSA key of at least 2048 bits is in it.
    pub fn read(bytes: &[u8]) -> Result<PrivateKey, KeyError> {
        let pair = material::blocks(bytes)?
            .iter()
            .find_map(|der| {
                KeyPair::from_pkcs8(der)
                    .or_else(|_| KeyPair::from_der(der))
                    .ok()
            })
            .ok_or(KeyError::Malformed)?;
        if pair.public_modulus_len() * 8 < RSA_BITS_MIN {
            return Err(KeyError::Malformed);
        }
        Ok(PrivateKey(pair))
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    ///
    /// # Errors
    /// `Malformed` should the library refuse the key.
    pub fn sign(&self, input: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                input,
                &mut signature,
            )
            .map_err(|_| KeyError::Malformed)?;
        Ok(signature)
    }

    /// Its public half.
    ///
    /// # Errors
    /// `Malformed` should the library refuse to write it.
    pub fn public(&self) -> Result<PublicKey, KeyError> {
        let der: PublicKeyX509Der<'_> = self
            .0
            .public_key()
            .as_der()
            .map_err(|_| KeyError::Malformed)?;
        PublicKey::read(der.as_ref())
    }

    /// Opens a field that the channel sealed for us: base64 of RSAES-OAEP with SHA-1.
    ///
    /// # Errors
    /// `Wrong` for every failure alike, so that the answer tells nothing about the padding.
    pub fn open_field(&self, sealed: &str) -> Result<Vec<u8>, KeyError> {
        let sealed = material::decode(sealed).map_err(|_| KeyError::Wrong)?;
        let der: Pkcs8V1Der<'_> = self.0.as_der().map_err(|_| KeyError::Malformed)?;
        let key =
            PrivateDecryptingKey::from_pkcs8(der.as_ref()).map_err(|_| KeyError::Malformed)?;
        let key = OaepPrivateDecryptingKey::new(key).map_err(|_| KeyError::Malformed)?;
        let mut plain = vec![0; key.min_output_size()];
        let opened = key
            .decrypt(&OAEP_SHA1_MGF1SHA1, &sealed, &mut plain, None)
            .map_err(|_| KeyError::Wrong)?;
        Ok(opened.to_vec())
    }
}

/// A public RSA key: verifies, and seals fields for its owner.
#[derive(Clone)]
pub struct PublicKey {
    spki: Vec<u8>,
    verifier: ParsedPublicKey,
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

impl PublicKey {
    /// Reads SPKI, PKCS#1 or a certificate, as DER, PEM of any label, or bare base64.
    ///
    /// # Errors
    /// `Malformed` when no public RSA key of at least 2048 bits is in it. A private key is refused
    /// too: it has no business where a public one is asked for.
    pub fn read(bytes: &[u8]) -> Result<PublicKey, KeyError> {
        if let Ok(certificate) = Certificate::read(bytes) {
            return PublicKey::from_spki(certificate.spki());
        }
        let blocks = material::blocks(bytes)?;
        let key = blocks
            .iter()
            .find_map(|der| {
                RsaPublicKey::from_public_key_der(der)
                    .or_else(|_| RsaPublicKey::from_pkcs1_der(der))
                    .ok()
            })
            .ok_or(KeyError::Malformed)?;
        PublicKey::checked(&key)
    }

    pub(crate) fn from_spki(spki: &[u8]) -> Result<PublicKey, KeyError> {
        PublicKey::checked(
            &RsaPublicKey::from_public_key_der(spki).map_err(|_| KeyError::Malformed)?,
        )
    }

    fn checked(key: &RsaPublicKey) -> Result<PublicKey, KeyError> {
        if key.n().bits() < RSA_BITS_MIN {
            return Err(KeyError::Malformed);
        }
        let spki = key
            .to_public_key_der()
            .map_err(|_| KeyError::Malformed)?
            .into_vec();
        let verifier = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &spki)
            .map_err(|_| KeyError::Malformed)?;
        Ok(PublicKey { spki, verifier })
    }

    /// Checks RSASSA-PKCS1-v1_5 with SHA-256.
    ///
    /// # Errors
    /// `WrongSignature`.
    pub fn verify(&self, input: &[u8], signature: &[u8]) -> Result<(), Forged> {
        self.verifier
            .verify_sig(input, signature)
            .map_err(|_| Forged::WrongSignature)
    }

    /// Seals one field for the key's owner: RSAES-OAEP with SHA-1, base64.
    ///
    /// # Errors
    /// `Malformed` when the text is too long (214 bytes for 2048 bits).
    pub fn seal_field(&self, plain: &str) -> Result<String, KeyError> {
        let key = PublicEncryptingKey::from_der(&self.spki).map_err(|_| KeyError::Malformed)?;
        let key = OaepPublicEncryptingKey::new(key).map_err(|_| KeyError::Malformed)?;
        let mut sealed = vec![0; key.ciphertext_size()];
        key.encrypt(&OAEP_SHA1_MGF1SHA1, plain.as_bytes(), &mut sealed, None)
            .map_err(|_| KeyError::Malformed)?;
        Ok(STANDARD.encode(sealed))
    }

    /// The SHA-256 of the key in SPKI form, hex: its name where the channel gives none.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        sha256_hex(&self.spki)
    }

    /// A key id made of the fingerprint, for channels that do not name their key.
    #[must_use]
    pub fn fingerprint_id(&self) -> KeyId {
        KeyId(format!(
            "SHA256-{}",
            self.fingerprint().get(..32).unwrap_or_default()
        ))
    }

    /// The key in SPKI form, single-line base64 as the Alipay console shows it.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.spki)
    }

    /// The key as PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let body = self.to_base64();
        let lines: Vec<&str> = (0..body.len())
            .step_by(64)
            .filter_map(|at| body.get(at..body.len().min(at + 64)))
            .collect();
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            lines.join("\n")
        )
    }
}

/// Makes a private key and writes it as PKCS#8 PEM. Randomness is the caller's.
///
/// # Errors
/// `Malformed` below 2048 bits or should the library fail.
pub fn generate_private_key<R: rand::CryptoRng + rand::RngCore>(
    random: &mut R,
    bits: usize,
) -> Result<Secret<String>, KeyError> {
    if bits < RSA_BITS_MIN {
        return Err(KeyError::Malformed);
    }
    let key = RsaPrivateKey::new(random, bits).map_err(|_| KeyError::Malformed)?;
    let pem = key
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|_| KeyError::Malformed)?;
    Ok(Secret::new(pem.as_str().to_owned()))
}

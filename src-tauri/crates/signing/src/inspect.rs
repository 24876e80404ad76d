//! What a pasted or dropped key is: said to a person before it is used, with the one form it is kept in.
//! Shows names, sizes and fingerprints only; the key itself leaves through [`Inspected::normalised`] alone.

use crate::{
    certificate::Certificate, digest::sha256_hex, keys::KeyError, material, material::MaterialKind,
    rsa_keys::PublicKey, rsa_keys::RSA_BITS_MIN, secret::Secret,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rsa::{
    RsaPrivateKey, RsaPublicKey,
    pkcs1::{DecodeRsaPrivateKey as _, DecodeRsaPublicKey as _},
    pkcs8::{
        DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding,
        ObjectIdentifier, PrivateKeyInfo, spki::SubjectPublicKeyInfoRef,
    },
    traits::PublicKeyParts as _,
};
use std::fmt;

/// `rsaEncryption`.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// How a key was written down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// Base64 without armour, as Alipay's console and tools show it.
    Base64,
    /// Bytes.
    Der,
    /// With `-----BEGIN`.
    Pem,
}

/// Which structure it has inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyForm {
    /// The older form of RSA keys.
    Pkcs1,
    /// The form of private keys that is kept here.
    Pkcs8,
    /// The form of public keys that is kept here.
    Spki,
    /// A certificate.
    X509,
}

/// Why it is not a key that can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InspectError {
    /// There is nothing.
    #[error("there is nothing")]
    Empty,
    /// A private key behind a password.
    #[error("the key is encrypted with a password")]
    Encrypted,
    /// No key, or one that is damaged.
    #[error("this is not a key")]
    NotAKey,
    /// A key of another kind: EC, SM2, Ed25519.
    #[error("this is not an RSA key")]
    NotRsa,
    /// A request for a certificate, not the certificate.
    #[error("this is a request for a certificate")]
    Request,
    /// Below 2048 bits.
    #[error("the key has {bits} bits, 2048 are needed")]
    TooShort {
        /// How many it has.
        bits: usize,
    },
}

/// What a certificate says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertificateFacts {
    /// The serial in upper-case hex: WeChat Pay's name of it.
    pub serial: String,
    /// Alipay's number of it.
    pub alipay_serial: String,
    /// The owner's common name; empty without one.
    pub common_name: String,
    /// Valid from, seconds since 1970.
    pub valid_from: i64,
    /// Valid to, seconds since 1970.
    pub valid_to: i64,
}

/// A key that was recognised.
pub struct Inspected {
    /// What it is.
    pub kind: MaterialKind,
    /// How it was written.
    pub encoding: Encoding,
    /// Its structure.
    pub form: KeyForm,
    /// The size of its modulus.
    pub bits: usize,
    /// SHA-256 of the public half in SPKI form, hex: equal for a private key and its public one.
    pub fingerprint: String,
    /// Every certificate of the file, in its order.
    pub certificates: Vec<CertificateFacts>,
    normalised: Secret<String>,
}

impl Inspected {
    /// PEM: PKCS#8 for a private key, SPKI for a public one, every certificate of a file.
    #[must_use]
    pub fn normalised(&self) -> &Secret<String> {
        &self.normalised
    }

    /// The first certificate.
    #[must_use]
    pub fn certificate(&self) -> Option<&CertificateFacts> {
        self.certificates.first()
    }
}

impl fmt::Debug for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspected")
            .field("kind", &self.kind)
            .field("encoding", &self.encoding)
            .field("form", &self.form)
            .field("bits", &self.bits)
            .field("fingerprint", &self.fingerprint)
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}

/// Says what a pasted text or dropped file is.
///
/// # Errors
/// `InspectError`; none of them holds a byte of it.
pub fn inspect(bytes: &[u8]) -> Result<Inspected, InspectError> {
    if bytes.trim_ascii().is_empty() {
        return Err(InspectError::Empty);
    }
    let encoding = encoding_of(bytes);
    refuse_labels(bytes)?;
    let blocks = material::blocks(bytes).map_err(|_: KeyError| InspectError::NotAKey)?;
    let mut certificates = Vec::new();
    let mut fault = InspectError::NotAKey;
    for der in &blocks {
        if let Some(found) = private_key(der, encoding)? {
            return Ok(found);
        }
        match public_key(der, encoding) {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(found) => fault = found,
        }
        if let Some(certificate) = Certificate::from_der(der) {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(fault);
    }
    of_certificates(&certificates, encoding)
}

fn encoding_of(bytes: &[u8]) -> Encoding {
    if bytes.first() == Some(&0x30) {
        Encoding::Der
    } else if bytes.windows(11).any(|part| part == b"-----BEGIN ") {
        Encoding::Pem
    } else {
        Encoding::Base64
    }
}

/// Labels that say at once why a file is of no use.
fn refuse_labels(bytes: &[u8]) -> Result<(), InspectError> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(());
    };
    let says = |words: &str| text.contains(words);
    if says("BEGIN ENCRYPTED PRIVATE KEY") || says("Proc-Type: 4,ENCRYPTED") {
        return Err(InspectError::Encrypted);
    }
    if says("CERTIFICATE REQUEST-----") {
        return Err(InspectError::Request);
    }
    if says("BEGIN EC PRIVATE KEY") || says("BEGIN OPENSSH PRIVATE KEY") {
        return Err(InspectError::NotRsa);
    }
    Ok(())
}

fn bits_checked(bits: usize) -> Result<usize, InspectError> {
    if bits < RSA_BITS_MIN {
        Err(InspectError::TooShort { bits })
    } else {
        Ok(bits)
    }
}

fn private_key(der: &[u8], encoding: Encoding) -> Result<Option<Inspected>, InspectError> {
    let (key, form) = match PrivateKeyInfo::try_from(der) {
        Ok(info) if info.algorithm.oid != RSA => return Err(InspectError::NotRsa),
        Ok(info) => match RsaPrivateKey::try_from(info) {
            Ok(key) => (key, KeyForm::Pkcs8),
            Err(_) => return Err(InspectError::NotAKey),
        },
        Err(_) => match RsaPrivateKey::from_pkcs1_der(der) {
            Ok(key) => (key, KeyForm::Pkcs1),
            Err(_) => return Ok(None),
        },
    };
    let bits = bits_checked(key.n().bits())?;
    let pem = key.to_pkcs8_pem(LineEnding::LF);
    let pem = pem.map_err(|_| InspectError::NotAKey)?;
    // The library that will sign with it must take it too.
    crate::PrivateKey::read(pem.as_bytes()).map_err(|_| InspectError::NotAKey)?;
    let spki = key.to_public_key().to_public_key_der();
    let spki = spki.map_err(|_| InspectError::NotAKey)?;
    Ok(Some(Inspected {
        kind: MaterialKind::PrivateKey,
        encoding,
        form,
        bits,
        fingerprint: sha256_hex(spki.as_bytes()),
        certificates: Vec::new(),
        normalised: Secret::new(pem.as_str().to_owned()),
    }))
}

fn public_key(der: &[u8], encoding: Encoding) -> Result<Option<Inspected>, InspectError> {
    let (key, form) = match RsaPublicKey::from_public_key_der(der) {
        Ok(key) => (key, KeyForm::Spki),
        Err(_) => match RsaPublicKey::from_pkcs1_der(der) {
            Ok(key) => (key, KeyForm::Pkcs1),
            Err(_) => {
                let other = SubjectPublicKeyInfoRef::try_from(der)
                    .is_ok_and(|info| info.algorithm.oid != RSA);
                return if other {
                    Err(InspectError::NotRsa)
                } else {
                    Ok(None)
                };
            }
        },
    };
    let bits = bits_checked(key.n().bits())?;
    let spki = key.to_public_key_der().map_err(|_| InspectError::NotAKey)?;
    let kept = PublicKey::read(spki.as_bytes()).map_err(|_| InspectError::NotAKey)?;
    Ok(Some(Inspected {
        kind: MaterialKind::PublicKey,
        encoding,
        form,
        bits,
        fingerprint: kept.fingerprint(),
        certificates: Vec::new(),
        normalised: Secret::new(kept.to_pem()),
    }))
}

/// The first certificate counts; a bundle may hold others, of other algorithms, behind it.
fn of_certificates(all: &[Certificate], encoding: Encoding) -> Result<Inspected, InspectError> {
    let usable = all
        .iter()
        .find_map(|certificate| RsaPublicKey::from_public_key_der(certificate.spki()).ok())
        .ok_or(InspectError::NotRsa)?;
    let first = all.first().ok_or(InspectError::NotAKey)?;
    // A bundle of roots may begin with one of another algorithm; a single certificate may not be one.
    let key = RsaPublicKey::from_public_key_der(first.spki()).unwrap_or(usable);
    let bits = bits_checked(key.n().bits())?;
    let spki = key.to_public_key_der().map_err(|_| InspectError::NotAKey)?;
    Ok(Inspected {
        kind: MaterialKind::Certificate,
        encoding,
        form: KeyForm::X509,
        bits,
        fingerprint: sha256_hex(spki.as_bytes()),
        certificates: all.iter().map(facts).collect(),
        normalised: Secret::new(all.iter().map(pem).collect()),
    })
}

fn facts(certificate: &Certificate) -> CertificateFacts {
    CertificateFacts {
        serial: certificate.serial().to_owned(),
        alipay_serial: certificate.alipay_serial(),
        common_name: certificate.common_name(),
        valid_from: certificate.valid_from(),
        valid_to: certificate.valid_to(),
    }
}

fn pem(certificate: &Certificate) -> String {
    let body = STANDARD.encode(certificate.der());
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for at in (0..body.len()).step_by(64) {
        text.push_str(body.get(at..body.len().min(at + 64)).unwrap_or_default());
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

//! Reading key files in every form that consoles hand out: DER, PEM of any label, bare base64.
//! Nothing here decides whether a key is strong enough, only what it is.

use crate::keys::KeyError;
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

/// Key files are a few KiB; a bundle of roots a few more. Larger input is not a key.
const MATERIAL_BYTES_MAX: usize = 256 * 1024;

/// Base64 with or without padding, as the consoles differ.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MaterialKind {
    /// One or more X.509 certificates.
    Certificate,
    /// An RSA private key, PKCS#1 or PKCS#8.
    PrivateKey,
    /// An RSA public key, PKCS#1 or SPKI.
    PublicKey,
}

/// The DER blocks of a file, in its order. Text around PEM blocks is skipped.
pub(crate) fn blocks(bytes: &[u8]) -> Result<Vec<Zeroizing<Vec<u8>>>, KeyError> {
    if bytes.len() > MATERIAL_BYTES_MAX {
        return Err(KeyError::Malformed);
    }
    // DER of all of these begins with a SEQUENCE; base64 of the same begins with 'M'.
    if bytes.first() == Some(&0x30) {
        return Ok(vec![Zeroizing::new(bytes.to_vec())]);
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| KeyError::Malformed)?
        .trim_start_matches('\u{feff}');
    if !text.contains("-----BEGIN ") {
        return Ok(vec![decode(text)?]);
    }
    let mut found = Vec::new();
    for block in text.split("-----BEGIN ").skip(1) {
        let (label, rest) = block.split_once("-----").ok_or(KeyError::Malformed)?;
        let (body, _) = rest
            .split_once(&format!("-----END {label}-----"))
            .ok_or(KeyError::Malformed)?;
        // An encrypted traditional key has header lines; without its password it is no key.
        if body.contains(':') {
            return Err(KeyError::Malformed);
        }
        found.push(decode(body)?);
    }
    Ok(found)
}

/// Standard base64 with white space anywhere and padding optional.
pub(crate) fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let packed: Zeroizing<String> =
        Zeroizing::new(text.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    if packed.is_empty() {
        return Err(KeyError::Malformed);
    }
    LENIENT
        .decode(packed.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| KeyError::Malformed)
}

/// Says what a file holds, whatever its name or label claims.
///
/// # Errors
/// `Malformed` when it is none of the kinds.
pub fn recognise(bytes: &[u8]) -> Result<MaterialKind, KeyError> {
    if crate::PrivateKey::read(bytes).is_ok() {
        return Ok(MaterialKind::PrivateKey);
    }
    if crate::Certificate::read(bytes).is_ok() {
        return Ok(MaterialKind::Certificate);
    }
    crate::PublicKey::read(bytes).map(|_| MaterialKind::PublicKey)
}

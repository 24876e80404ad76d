//! Writes the X.509 certificates of the sandbox: RSA keys, SHA-256 or SHA-1, three name parts.
//!
//! The channels only need a certificate that readers accept and that has an issuer, a serial and
//! a key, so the few DER elements are written here. It must never read a certificate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use rsa::pkcs8::EncodePublicKey;
use rsa::{RsaPrivateKey, RsaPublicKey};

use super::KeysError;
use super::signature::{self, Digest};

/// `sha1WithRSAEncryption` with its NULL parameter (RFC 3279 §2.2.1).
const SHA1_WITH_RSA: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00,
];
/// `sha256WithRSAEncryption` with its NULL parameter (RFC 4055 §5).
const SHA256_WITH_RSA: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00,
];

/// Common name and organisation; the country is always CN.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name<'a> {
    pub(crate) common: &'a str,
    pub(crate) organisation: &'a str,
}

impl Name<'_> {
    /// RFC 2253 style, the most specific part first, as Alipay's serial number digest wants it.
    fn text(self) -> String {
        format!("CN={},O={},C=CN", self.common, self.organisation)
    }

    fn der(self) -> Vec<u8> {
        let part = |attribute: u8, tag: u8, text: &str| {
            let oid = [0x06, 0x03, 0x55, 0x04, attribute];
            let pair = element(0x30, &[&oid, element(tag, &[text.as_bytes()]).as_slice()]);
            element(0x31, &[&pair])
        };
        // Country is a PrintableString, the others UTF8String (RFC 5280 appendix A.1).
        let country = part(6, 0x13, "CN");
        let organisation = part(10, 0x0c, self.organisation);
        let common = part(3, 0x0c, self.common);
        element(0x30, &[&country, &organisation, &common])
    }
}

/// What a certificate says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statement<'a> {
    pub(crate) issuer: Name<'a>,
    pub(crate) subject: Name<'a>,
    /// Positive, at most 16 bytes.
    pub(crate) serial: u128,
    /// Four-digit years, so that the validity fits UTCTime below 2050.
    pub(crate) from_year: u16,
    pub(crate) to_year: u16,
    /// Issues others without being a root.
    pub(crate) is_middle: bool,
    pub(crate) digest: Digest,
}

/// A certificate that names itself is a root. It says that it may issue others, as one in the middle does; readers
/// insist on it.
fn extensions(statement: &Statement<'_>) -> Vec<u8> {
    if !statement.is_middle && statement.issuer.text() != statement.subject.text() {
        return Vec::new();
    }
    const BASIC_CONSTRAINTS: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x13];
    const TRUE: [u8; 3] = [0x01, 0x01, 0xff];
    let is_authority = element(0x04, &[&element(0x30, &[&TRUE])]);
    let extension = element(0x30, &[&BASIC_CONSTRAINTS, &TRUE, &is_authority]);
    element(0xa3, &[&element(0x30, &[&extension])])
}

/// The certificate as PEM.
pub(crate) fn write(
    statement: &Statement<'_>,
    subject_key: &RsaPublicKey,
    issuer_key: &RsaPrivateKey,
) -> Result<String, KeysError> {
    let key = subject_key
        .to_public_key_der()
        .map_err(KeysError::encoding)?;
    let validity = element(
        0x30,
        &[&utc_time(statement.from_year), &utc_time(statement.to_year)],
    );
    let algorithm = match statement.digest {
        Digest::Sha1 => SHA1_WITH_RSA,
        Digest::Sha256 => SHA256_WITH_RSA,
    };
    let version = element(0xa0, &[&[0x02, 0x01, 0x02]]);
    let body = element(
        0x30,
        &[
            &version,
            &integer(statement.serial),
            algorithm,
            &statement.issuer.der(),
            &validity,
            &statement.subject.der(),
            key.as_bytes(),
            &extensions(statement),
        ],
    );
    let signature = signature::sign(issuer_key, statement.digest, &body);
    let signature = STANDARD.decode(signature).map_err(KeysError::encoding)?;
    // A bit string begins with the number of unused bits.
    let bits = element(0x03, &[&[0x00], &signature]);
    Ok(pem(&element(0x30, &[&body, algorithm, &bits])))
}

/// Alipay's serial number of a certificate: MD5 of issuer and decimal serial, in hex.
pub(crate) fn alipay_serial_number(statement: &Statement<'_>) -> String {
    let text = format!("{}{}", statement.issuer.text(), statement.serial);
    let digest = Md5::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn utc_time(year: u16) -> Vec<u8> {
    element(0x17, &[format!("{:02}0101000000Z", year % 100).as_bytes()])
}

fn integer(value: u128) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(15);
    let significant = bytes.get(first..).unwrap_or(&[0]);
    let is_negative = significant.first().is_some_and(|byte| byte & 0x80 != 0);
    let lead: &[u8] = if is_negative { &[0] } else { &[] };
    element(0x02, &[lead, significant])
}

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content: Vec<u8> = parts.concat();
    let mut written = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => written.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let first = length.iter().position(|byte| *byte != 0).unwrap_or(0);
            let significant = length.get(first..).unwrap_or(&[]);
            written.push(0x80 | u8::try_from(significant.len()).unwrap_or(0));
            written.extend_from_slice(significant);
        }
    }
    written.extend(content);
    written
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

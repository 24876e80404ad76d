//! X.509 certificates of channels and merchants: their numbers, their keys, and the chain to a pinned root.
//! No clock: the moment at which validity is judged is handed in.

use crate::{
    digest::hex,
    keys::KeyError,
    material,
    proof::{Forged, KeyId},
    rsa_keys::PublicKey,
};
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters,
};
use md5::{Digest as _, Md5};
use x509_parser::{certificate::X509Certificate, parse_x509_certificate, x509::X509Name};

/// RSA signatures with any digest; Alipay numbers only certificates signed this way.
const RSA_SIGNATURE_OIDS: &str = "1.2.840.113549.1.1";
/// Leaf, two intermediates, root: longer chains do not occur at these channels.
const CHAIN_LENGTH_MAX: usize = 4;

/// Why a chain does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChainFault {
    /// A certificate is not yet, or no longer, valid at the given moment.
    #[error("a certificate of the chain is not valid at this time")]
    Expired,
    /// An issuer is not allowed to sign certificates.
    #[error("an issuer of the chain is not a certificate authority")]
    NotAnAuthority,
    /// No way leads to one of the roots.
    #[error("the chain does not end at a trusted root")]
    NoRoot,
    /// A signature in the chain is wrong, or made with a weak algorithm.
    #[error("a signature of the chain is wrong or weak")]
    Unsigned,
}

/// One certificate, kept as DER and read when asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    der: Vec<u8>,
    spki: Vec<u8>,
    serial_decimal: String,
    serial: String,
    issuer: String,
    valid_from: i64,
    valid_to: i64,
}

impl Certificate {
    /// The first certificate of a file, as DER, PEM or bare base64.
    ///
    /// # Errors
    /// `Malformed` when there is none.
    pub fn read(bytes: &[u8]) -> Result<Certificate, KeyError> {
        Certificate::read_all(bytes)?
            .into_iter()
            .next()
            .ok_or(KeyError::Malformed)
    }

    /// Every certificate of a bundle that can be read, in the file's order. Entries with unknown
    /// algorithms (SM2, EC) must not fail the bundle; unreadable ones are left out.
    ///
    /// # Errors
    /// `Malformed` when the file itself is not a bundle.
    pub fn read_all(bytes: &[u8]) -> Result<Vec<Certificate>, KeyError> {
        Ok(material::blocks(bytes)?
            .iter()
            .filter_map(|der| Certificate::from_der(der))
            .collect())
    }

    pub(crate) fn from_der(der: &[u8]) -> Option<Certificate> {
        let (behind, parsed) = parse_x509_certificate(der).ok()?;
        if !behind.is_empty() {
            return None;
        }
        let raw = parsed.raw_serial();
        let significant = raw
            .strip_prefix(&[0])
            .filter(|rest| !rest.is_empty())
            .unwrap_or(raw);
        Some(Certificate {
            der: der.to_vec(),
            spki: parsed.public_key().raw.to_vec(),
            serial_decimal: parsed.tbs_certificate.serial.to_string(),
            serial: hex(significant).to_ascii_uppercase(),
            issuer: distinguished_name(parsed.issuer()),
            valid_from: parsed.validity().not_before.timestamp(),
            valid_to: parsed.validity().not_after.timestamp(),
        })
    }

    /// The serial as upper-case hex, leading zeros of the first byte kept: WeChat Pay's name of it.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The serial as a decimal number: UnionPay's `certId`.
    #[must_use]
    pub fn serial_decimal(&self) -> &str {
        &self.serial_decimal
    }

    /// Alipay's number of it: MD5 of the issuer's name and the decimal serial. A name, not a proof.
    #[must_use]
    pub fn alipay_serial(&self) -> String {
        hex(&Md5::digest(format!(
            "{}{}",
            self.issuer, self.serial_decimal
        )))
    }

    /// The public key inside.
    ///
    /// # Errors
    /// `Malformed` unless it is RSA of at least 2048 bits.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_spki(&self.spki)
    }

    /// Whether it is valid at this moment, seconds since 1970.
    #[must_use]
    pub fn is_valid_at(&self, unix_seconds: i64) -> bool {
        (self.valid_from..=self.valid_to).contains(&unix_seconds)
    }

    /// The moment after which it is no longer valid, seconds since 1970.
    #[must_use]
    pub fn valid_to(&self) -> i64 {
        self.valid_to
    }

    /// The moment before which it is not valid, seconds since 1970.
    #[must_use]
    pub fn valid_from(&self) -> i64 {
        self.valid_from
    }

    /// The owner's common name; empty without one, and where there are two, so that nobody is two owners. The channels
    /// write the merchant's number into it.
    #[must_use]
    pub fn common_name(&self) -> String {
        let parsed = self.parsed();
        let name = parsed.as_ref().and_then(|parsed| {
            let mut names = parsed.subject().iter_common_name();
            let name = names.next()?;
            let is_only = names.next().is_none();
            is_only.then(|| name.as_str().ok()).flatten()
        });
        name.unwrap_or_default().to_owned()
    }

    /// Whether its key may sign what is no certificate (RFC 5280, section 4.2.1.3): it names no use at all, or signing.
    #[must_use]
    pub fn is_for_signing(&self) -> bool {
        self.parsed().is_some_and(|parsed| {
            let usage = parsed.key_usage();
            usage.is_ok_and(|usage| {
                usage.is_none_or(|usage| {
                    usage.value.digital_signature() || usage.value.non_repudiation()
                })
            })
        })
    }

    /// Whether it may sign other certificates.
    #[must_use]
    pub fn is_authority(&self) -> bool {
        self.parsed().is_some_and(|parsed| parsed.is_ca())
    }

    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its number as the id of a verifying key.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        KeyId::of_serial(&self.serial)
    }

    /// Checks a signature made with the key inside.
    ///
    /// # Errors
    /// `UnknownKey` when the key cannot be used, `WrongSignature` when it does not fit.
    pub fn verify(&self, input: &[u8], signature: &[u8]) -> Result<(), Forged> {
        self.public_key()
            .map_err(|_| Forged::UnknownKey)?
            .verify(input, signature)
    }

    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn parsed(&self) -> Option<X509Certificate<'_>> {
        parse_x509_certificate(&self.der)
            .ok()
            .map(|(_, parsed)| parsed)
    }

    fn is_rsa_signed(&self) -> bool {
        self.parsed().is_some_and(|parsed| {
            parsed
                .signature_algorithm
                .algorithm
                .to_id_string()
                .starts_with(RSA_SIGNATURE_OIDS)
        })
    }
}

/// The name as Alipay writes it: most specific part first, no blanks, nothing escaped.
fn distinguished_name(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_attributes()
        .map(|attribute| {
            let oid = attribute.attr_type();
            let short = match oid.to_id_string().as_str() {
                "2.5.4.3" => "CN".to_owned(),
                "2.5.4.6" => "C".to_owned(),
                "2.5.4.7" => "L".to_owned(),
                "2.5.4.8" => "ST".to_owned(),
                "2.5.4.10" => "O".to_owned(),
                "2.5.4.11" => "OU".to_owned(),
                other => other.to_owned(),
            };
            format!("{short}={}", attribute.as_str().unwrap_or_default())
        })
        .collect();
    parts.reverse();
    parts.join(",")
}

/// Alipay's number of a root bundle: the numbers of its RSA-signed certificates, in file order.
///
/// # Errors
/// `Malformed` when there is none.
pub fn bundle_serial(bundle: &[u8]) -> Result<String, KeyError> {
    let numbers: Vec<String> = Certificate::read_all(bundle)?
        .iter()
        .filter(|certificate| certificate.is_rsa_signed())
        .map(Certificate::alipay_serial)
        .collect();
    if numbers.is_empty() {
        Err(KeyError::Malformed)
    } else {
        Ok(numbers.join("_"))
    }
}

/// Which digests the signatures of a chain may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Digests {
    /// SHA-256 and longer.
    Strong,
    /// SHA-1 too.
    WithSha1,
}

/// Follows `leaf` over `between` to one of `roots`, each link signed, allowed and valid at the moment.
/// A certificate in `roots` is trusted because the merchant pinned it; its own signature is not asked for.
///
/// # Errors
/// The first fault found on the way.
pub fn verify_chain(
    leaf: &Certificate,
    between: &[Certificate],
    roots: &[Certificate],
    unix_seconds: i64,
) -> Result<(), ChainFault> {
    follow(leaf, between, roots, unix_seconds, Digests::Strong)
}

/// The same of a chain of which the merchant pinned every certificate but the leaf: its links may be signed with
/// SHA-1, as those of UnionPay's authority (CFCA) are. What is pinned needs no signature to be known, so that the
/// leaf's alone stands on SHA-1; where anybody could send what stands between, this would not do.
///
/// # Errors
/// The first fault found on the way.
pub fn verify_pinned_chain(
    leaf: &Certificate,
    pinned_between: &[Certificate],
    roots: &[Certificate],
    unix_seconds: i64,
) -> Result<(), ChainFault> {
    follow(leaf, pinned_between, roots, unix_seconds, Digests::WithSha1)
}

fn follow(
    leaf: &Certificate,
    between: &[Certificate],
    roots: &[Certificate],
    unix_seconds: i64,
    digests: Digests,
) -> Result<(), ChainFault> {
    let mut current = leaf;
    for _ in 0..CHAIN_LENGTH_MAX {
        if !current.is_valid_at(unix_seconds) {
            return Err(ChainFault::Expired);
        }
        if roots.contains(current) && current != leaf {
            return Ok(());
        }
        let issuer = roots
            .iter()
            .chain(between)
            .find(|candidate| issued(candidate, current));
        let issuer = issuer.ok_or(ChainFault::NoRoot)?;
        check_link(issuer, current, digests)?;
        current = issuer;
    }
    Err(ChainFault::NoRoot)
}

/// Whether the names fit, byte for byte; a certificate that names itself is no way up.
fn issued(issuer: &Certificate, child: &Certificate) -> bool {
    let (Some(up), Some(down)) = (issuer.parsed(), child.parsed()) else {
        return false;
    };
    issuer != child && up.subject().as_raw() == down.issuer().as_raw()
}

fn check_link(
    issuer: &Certificate,
    child: &Certificate,
    digests: Digests,
) -> Result<(), ChainFault> {
    let (Some(up), Some(down)) = (issuer.parsed(), child.parsed()) else {
        return Err(ChainFault::NoRoot);
    };
    let signs = match up.key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.value.key_cert_sign()),
        Err(_) => false,
    };
    if !up.is_ca() || !signs {
        return Err(ChainFault::NotAnAuthority);
    }
    // One spelling only: the algorithm named twice alike, and the signature made of whole bytes.
    if down.signature_algorithm != down.tbs_certificate.signature
        || down.signature_value.unused_bits != 0
    {
        return Err(ChainFault::Unsigned);
    }
    let tbs: &[u8] = down.tbs_certificate.as_ref();
    let algorithm = named_algorithm(&child.der, tbs, digests).ok_or(ChainFault::Unsigned)?;
    ParsedPublicKey::new(algorithm, issuer.spki())
        .map_err(|_| ChainFault::Unsigned)?
        .verify_sig(tbs, &down.signature_value.data)
        .map_err(|_| ChainFault::Unsigned)
}

/// The algorithm named behind the signed part, in its one exact encoding (RFC 4055, section 5):
/// lenient readers take other tags there, and for the signature behind it. MD5 is absent on purpose, and SHA-1 but for [`verify_pinned_chain`].
fn named_algorithm(der: &[u8], tbs: &[u8], digests: Digests) -> Option<&'static RsaParameters> {
    // Every certificate here is longer than 255 bytes, so the outermost header has four.
    let rest = der.get(4..)?.strip_prefix(tbs)?;
    let rest = rest.strip_prefix(&[
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    ])?;
    match rest.get(..4)? {
        [0x05, 0x05, 0x00, 0x03] if digests == Digests::WithSha1 => {
            Some(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY)
        }
        [0x0b, 0x05, 0x00, 0x03] => Some(&RSA_PKCS1_2048_8192_SHA256),
        [0x0c, 0x05, 0x00, 0x03] => Some(&RSA_PKCS1_2048_8192_SHA384),
        [0x0d, 0x05, 0x00, 0x03] => Some(&RSA_PKCS1_2048_8192_SHA512),
        _ => None,
    }
}

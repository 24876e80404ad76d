//! The verification functions of all channels, open for recorded vectors.
//!
//! They are the ones that the gateways use. They must never look at a ledger.

pub use crate::keys::signature::{Digest, verify};
pub use crate::keys::{KeysError, read_public_key};

use crate::alipay::Parameters;
use crate::exchange::Call;
use crate::keys::signature::PublicKey;
use crate::unionpay::{Form, digest_of};
use crate::wechatpay::Authorization;

/// A recorded request as it stood on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// Path and query, exactly as sent; the absolute form is accepted.
    pub target: &'a str,
    /// The `Authorization` header, where the channel has one.
    pub authorization: Option<&'a str>,
    /// The body's bytes.
    pub body: &'a [u8],
}

impl Recorded<'_> {
    fn call(&self) -> Call {
        let origin_form = self.target.find("://").map_or(self.target, |at| {
            let rest = self.target.get(at.saturating_add(3)..).unwrap_or_default();
            rest.find('/')
                .and_then(|slash| rest.get(slash..))
                .unwrap_or("/")
        });
        let (path, query) = origin_form.split_once('?').unwrap_or((origin_form, ""));
        Call {
            method: self.method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: self.body.to_owned(),
        }
    }
}

/// The text that the gateway would verify, blank values dropped or kept.
#[must_use]
pub fn alipay_text_to_sign(recorded: &Recorded<'_>, keeps_blanks: bool) -> String {
    Parameters::read(&recorded.call()).text_to_sign(keeps_blanks)
}

/// Whether Alipay's gateway would accept the request's signature.
///
/// # Errors
/// When the key cannot be read.
pub fn alipay_accepts(
    recorded: &Recorded<'_>,
    public_key: &str,
    digest: Digest,
) -> Result<bool, KeysError> {
    let key = PublicKey::Rsa(read_public_key(public_key)?);
    Ok(Parameters::read(&recorded.call()).is_signed_by(&key, digest))
}

/// `BTCPay-Sig` of an event with these bytes.
#[must_use]
pub fn btcpay_signature(secret: &[u8], body: &[u8]) -> String {
    crate::btcpay::signature(secret, body)
}

/// The text that UnionPay's gateway would verify, and the digest of it that is signed in its place.
#[must_use]
pub fn unionpay_text_to_sign(recorded: &Recorded<'_>) -> (String, String) {
    let text = Form::read(&recorded.call()).text_to_sign();
    let digest = digest_of(&text);
    (text, digest)
}

/// Whether UnionPay's gateway would accept the request's signature; neither clock nor `certId` is asked.
///
/// # Errors
/// When the key cannot be read.
pub fn unionpay_accepts(recorded: &Recorded<'_>, public_key: &str) -> Result<bool, KeysError> {
    let key = PublicKey::Rsa(read_public_key(public_key)?);
    Ok(Form::read(&recorded.call()).is_signed_by(&key))
}

/// Whether WeChat Pay would accept the request's signature; the clock is not asked.
///
/// # Errors
/// When the key cannot be read.
pub fn wechatpay_accepts(recorded: &Recorded<'_>, public_key: &str) -> Result<bool, KeysError> {
    let key = PublicKey::Rsa(read_public_key(public_key)?);
    let fields = recorded
        .authorization
        .and_then(|header| header.split_once(' '));
    let read = fields.and_then(|(_, fields)| Authorization::read(fields));
    Ok(read.is_some_and(|read| read.is_signed_by(&key, &recorded.call())))
}

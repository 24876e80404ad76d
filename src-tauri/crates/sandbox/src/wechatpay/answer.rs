//! WeChat Pay's answer: HTTP status, JSON body, and the signature headers over the raw bytes.
//!
//! It must never decide what an answer says.

use crate::chance::Chance;
use crate::exchange::{Dress, Reply, spoil};
use crate::json::{Object, Solidus};
use crate::keys::signature::Digest;
use crate::keys::{Keys, WechatpayCredentials};
use crate::ledger::JournalError;

/// How old a stale answer is; readers refuse at 300 seconds.
const STALE_SECONDS: i64 = 301;

/// A merchant and an application of somebody else.
const OTHER_MERCHANT: &str = "1900009999";
const OTHER_APPLICATION: &str = "wx9999999999999999";
/// A certificate that nobody was issued.
const UNKNOWN_SERIAL: &str = "7BAD0000000000000000000000000BAD";

/// Which of the channel's keys signs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum SignedBy {
    /// The newest platform certificate.
    Certificate,
    /// Nobody: errors of the gateway in front.
    Nobody,
    /// The static public key of this id, asked for by `Wechatpay-Serial`.
    PublicKey(String),
}

/// An answer before it is signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) signed_by: SignedBy,
}

impl Answer {
    /// The same answer to another merchant, when it names one; else `None`.
    pub(crate) fn to_other_merchant(&self, own: &WechatpayCredentials) -> Option<Self> {
        let names_it = self.body.contains(&format!("\"{}\"", own.mchid));
        names_it.then(|| {
            let other = self.clone().about(&own.mchid, OTHER_MERCHANT);
            other.about(&own.appid, OTHER_APPLICATION)
        })
    }

    /// The same answer with another order's number.
    pub(crate) fn about(mut self, own: &str, other: &str) -> Self {
        self.body = self
            .body
            .replace(&format!("\"{own}\""), &format!("\"{other}\""));
        self
    }

    pub(crate) fn seal(&self, keys: &Keys, chance: &Chance, now_ms: i64, dress: Dress) -> Reply {
        let mut headers = vec![("request-id", format!("08{}", chance.letters(30)))];
        if !self.body.is_empty() {
            headers.push(("content-type", "application/json; charset=utf-8".to_owned()));
        }
        let signer = match &self.signed_by {
            SignedBy::Nobody => None,
            SignedBy::Certificate => keys.platforms().pop(),
            SignedBy::PublicKey(id) => keys.public_key(id),
        };
        if let Some(signer) = signer {
            let late = if dress.stale_time { STALE_SECONDS } else { 0 };
            let timestamp = now_ms.div_euclid(1000).saturating_sub(late).to_string();
            let nonce = chance.letters(32);
            let message = format!("{timestamp}\n{nonce}\n{}\n", self.body);
            let mut sign = signer.key.sign(Digest::Sha256, message.as_bytes());
            if dress.bad_signature || dress.unknown_key {
                sign = spoil(&sign);
            }
            let serial = if dress.unknown_key {
                UNKNOWN_SERIAL
            } else {
                &signer.name
            };
            headers.extend([
                ("wechatpay-timestamp", timestamp),
                ("wechatpay-nonce", nonce),
                ("wechatpay-serial", serial.to_owned()),
                ("wechatpay-signature", sign),
                (
                    "wechatpay-signature-type",
                    "WECHATPAY2-SHA256-RSA2048".to_owned(),
                ),
            ]);
        }
        Reply {
            status: self.status,
            headers,
            body: self.body.clone().into_bytes(),
        }
    }
}

/// Why a call is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: &str) -> Self {
        Self {
            status,
            code,
            message: message.to_owned(),
        }
    }

    pub(super) fn parameter(what: &str) -> Self {
        Self::new(400, "PARAM_ERROR", &format!("参数错误: {what}"))
    }

    pub(super) fn request(message: &str) -> Self {
        Self::new(400, "INVALID_REQUEST", message)
    }

    pub(super) fn system() -> Self {
        Self::new(500, "SYSTEM_ERROR", "系统异常，请用相同参数重新调用")
    }

    pub(super) fn body(&self) -> String {
        Object::new(Solidus::Plain)
            .text("code", self.code)
            .text("message", &self.message)
            .finish()
    }
}

/// What the ledger's disk refused has had no effect; the caller learns only that we failed.
impl From<JournalError> for Refusal {
    fn from(error: JournalError) -> Self {
        tracing::error!(%error, "the sandbox's ledger could not be written");
        Self::system()
    }
}

/// An object in WeChat Pay's spelling.
pub(super) fn object() -> Object {
    Object::new(Solidus::Plain)
}

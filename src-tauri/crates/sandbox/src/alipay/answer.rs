//! Alipay's answer: one node, its signature over the exact bytes, in the gateway's own order.
//!
//! It must never decide what an answer says.

use crate::exchange::{Dress, Reply, spoil};
use crate::json::{Object, Solidus};
use crate::keys::signature::Digest;
use crate::keys::{Keys, content};
use crate::ledger::JournalError;

/// A certificate that nobody was issued.
const UNKNOWN_CERTIFICATE: &str = "00000000000000000000000000000bad";

/// An answer before it is signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Answer {
    /// `alipay_trade_pay_response`, or `error_response`.
    pub(super) node: String,
    /// The node's value, compact JSON.
    pub(super) content: String,
    /// Without it the answer goes out unsigned.
    pub(super) signing: Option<Signing>,
}

/// How an answer is signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Signing {
    pub(super) digest: Digest,
    /// Named beside the node in certificate mode.
    pub(super) certificate: Option<String>,
    /// The content key, when the caller sealed the request.
    pub(super) seal_with: Option<String>,
}

impl Signing {
    /// Whether the caller is in certificate mode.
    pub(super) fn is_by_certificate(&self) -> bool {
        self.certificate.is_some()
    }
}

impl Answer {
    /// The same answer with another order's number.
    pub(crate) fn about(mut self, own: &str, other: &str) -> Self {
        self.content = self
            .content
            .replace(&format!("\"{own}\""), &format!("\"{other}\""));
        self
    }

    /// Nothing stands between the node's `}` and `,"sign"`: some clients cut at fixed places.
    pub(crate) fn seal(&self, keys: &Keys, dress: Dress) -> Reply {
        // A sealed content is a JSON text; the signature covers its quotes as well.
        let sealed = self
            .signing
            .as_ref()
            .and_then(|signing| signing.seal_with.as_deref())
            .and_then(|key| content::seal(key, &self.content))
            .map(|sealed| format!("\"{sealed}\""));
        let content = sealed.as_deref().unwrap_or(&self.content);
        let mut whole = Object::new(Solidus::Escaped).raw(&self.node, content);
        if let Some(signing) = &self.signing {
            let signed = content.as_bytes();
            let certified = keys.alipay_certificates().into_iter();
            let certified = certified
                .rev()
                .find(|it| Some(&it.name) == signing.certificate.as_ref());
            let key = certified
                .as_ref()
                .map_or(&keys.alipay_gateway, |it| &it.key);
            let mut sign = key.sign(signing.digest, signed);
            if dress.bad_signature || dress.unknown_key {
                sign = spoil(&sign);
            }
            let certificate = if dress.unknown_key {
                Some(UNKNOWN_CERTIFICATE)
            } else {
                signing.certificate.as_deref()
            };
            whole = whole.text_if("alipay_cert_sn", certificate);
            // The base64 text keeps its solidus: nobody signs the signature.
            whole = whole.raw("sign", &format!("\"{sign}\""));
        }
        Reply {
            status: 200,
            headers: vec![("content-type", "text/html;charset=utf-8".to_owned())],
            body: whole.finish().into_bytes(),
        }
    }
}

/// Why a call is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    code: &'static str,
    message: &'static str,
    sub_code: String,
    sub_message: String,
    out_trade_no: Option<String>,
}

impl Refusal {
    fn new(code: &'static str, message: &'static str, sub_code: &str, sub_message: &str) -> Self {
        Self {
            code,
            message,
            sub_code: sub_code.to_owned(),
            sub_message: sub_message.to_owned(),
            out_trade_no: None,
        }
    }

    /// Something that every call must carry is absent.
    pub(super) fn missing(sub_code: &str, sub_message: &str) -> Self {
        Self::new("40001", "Missing Required Arguments", sub_code, sub_message)
    }

    /// Something that every call carries is wrong.
    pub(super) fn invalid(sub_code: &str, sub_message: &str) -> Self {
        Self::new("40002", "Invalid Arguments", sub_code, sub_message)
    }

    /// The business does not allow it.
    pub(super) fn business(sub_code: &str, sub_message: &str) -> Self {
        Self::new("40004", "Business Failed", sub_code, sub_message)
    }

    /// The application has no right to this call.
    pub(super) fn not_allowed() -> Self {
        Self::new(
            "40006",
            "Insufficient Permissions",
            "isv.insufficient-isv-permissions",
            "ISV权限不足，建议在开发者中心检查对应功能是否已经添加",
        )
    }

    /// The content is not sealed with the application's key.
    pub(super) fn not_opened() -> Self {
        Self::new(
            "40003",
            "Insufficient Conditions",
            "isv.decryption-error-unknown",
            "解密出错，未知异常",
        )
    }

    /// The gateway itself failed: nobody knows what happened.
    pub(super) fn system() -> Self {
        Self::new(
            "20000",
            "Service Currently Unavailable",
            "isp.unknow-error",
            "系统繁忙",
        )
    }

    pub(super) fn of_trade(mut self, out_trade_no: &str) -> Self {
        self.out_trade_no = Some(out_trade_no.to_owned());
        self
    }

    pub(super) fn content(&self) -> String {
        Object::new(Solidus::Escaped)
            .text("code", self.code)
            .text("msg", self.message)
            .text("sub_code", &self.sub_code)
            .text("sub_msg", &self.sub_message)
            .text_if("out_trade_no", self.out_trade_no.as_deref())
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

/// The beginning of every successful answer.
pub(super) fn success() -> Object {
    Object::new(Solidus::Escaped)
        .text("code", "10000")
        .text("msg", "Success")
}

//! Alipay's further certificates in certificate mode: an answer names the certificate it is signed with, and one
//! that is not known is downloaded by that number. The answer that brings it is signed with it too, so the
//! certificate proves itself: it must lead to the merchant's root and be Alipay's own. Nothing else is believed.

use super::{envelope, request};
use crate::{Certificates, Cx, WireRequest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_domain::NotSent;
use paydesk_signing::{Forged, KeyId, WireReply};

/// An MD5 in hexadecimal.
const NUMBER_CHARS: usize = 32;
/// A certificate with its intermediates is a few KiB.
const TEXT_CHARS_MAX: usize = 64 * 1024;

impl Certificates for super::Alipay {
    fn named(&self, reply: &WireReply) -> Option<KeyId> {
        let number = envelope::certificate_named(&reply.body)?;
        let is_number =
            number.len() == NUMBER_CHARS && number.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_number.then_some(KeyId(number))
    }

    fn encode(&self, wanted: Option<&KeyId>, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        let wanted = wanted.ok_or_else(|| request::unsendable("alipay_cert_sn"))?;
        request::certificate(&wanted.0, cx)
    }

    fn open(
        &self,
        wanted: Option<&KeyId>,
        reply: &WireReply,
        cx: &Cx<'_>,
    ) -> Result<Vec<(String, String)>, Forged> {
        let content = envelope::claimed(&reply.body)?;
        let text = content.text("alipay_cert_content");
        let text = text.filter(|text| text.len() <= TEXT_CHARS_MAX);
        let (Some("10000"), Some(text)) = (content.text("code"), text) else {
            return Err(Forged::Malformed);
        };
        let packed: String = text.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(packed).map_err(|_| Forged::Malformed)?;
        let id = cx.keys.admit(&bytes, cx.now.0.div_euclid(1000))?;
        if wanted != Some(&id) {
            return Err(Forged::UnknownKey);
        }
        let pem = String::from_utf8(bytes).map_err(|_| Forged::Malformed)?;
        Ok(vec![(id.0, pem)])
    }

    fn field(&self) -> &'static str {
        "alipay_cert"
    }
}

//! WeChat Pay's platform certificates: asked for, opened with the content key, and only believed when the
//! answer is signed, by one of the certificates it brings or by a trusted key, and the content key's tag holds.

use super::{envelope, request};
use crate::{Certificates, Cx, WireRequest, wire::json::Json};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_domain::NotSent;
use paydesk_signing::{Certificate, Forged, KeyId, WireReply};

/// Two certificates are in use during a change; ten are no list of WeChat Pay's.
const CERTIFICATES_MAX: usize = 10;

impl Certificates for super::WechatPay {
    // The list holds every certificate in use.
    fn encode(&self, _wanted: Option<&KeyId>, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::certificates(cx)
    }

    fn open(
        &self,
        _wanted: Option<&KeyId>,
        reply: &WireReply,
        cx: &Cx<'_>,
    ) -> Result<Vec<(String, String)>, Forged> {
        if reply.status != 200 {
            return Err(Forged::Malformed);
        }
        let signed = envelope::signed(reply, cx.now)?;
        let content = Json::read(&reply.body).map_err(|_| Forged::Malformed)?;
        let Some(Json::Array(entries)) = content.get("data") else {
            return Err(Forged::Malformed);
        };
        if entries.is_empty() || entries.len() > CERTIFICATES_MAX {
            return Err(Forged::Malformed);
        }
        let opened = entries
            .iter()
            .map(|entry| open_one(entry, cx))
            .collect::<Result<Vec<_>, Forged>>()?;
        let signer = opened
            .iter()
            .find(|(certificate, _)| certificate.key_id() == signed.by);
        match signer {
            Some((signer, _)) => signer.verify(&signed.text, &signed.signature)?,
            // In public-key mode that key signs the list as well.
            None => cx.keys.verify(&signed.by, &signed.text, &signed.signature)?,
        }
        let now = cx.now.0.div_euclid(1000);
        let valid = opened
            .into_iter()
            .filter(|(certificate, _)| certificate.is_valid_at(now));
        Ok(valid
            .map(|(certificate, pem)| (certificate.key_id().0, pem))
            .collect())
    }

    fn field(&self) -> &'static str {
        "platform_certificates"
    }
}

fn open_one(entry: &Json, cx: &Cx<'_>) -> Result<(Certificate, String), Forged> {
    let sealed = entry.get("encrypt_certificate").ok_or(Forged::Malformed)?;
    let text = |name: &str| sealed.text(name).ok_or(Forged::Malformed);
    if text("algorithm")? != "AEAD_AES_256_GCM" {
        return Err(Forged::Malformed);
    }
    let aad = sealed.text("associated_data").unwrap_or_default();
    let bytes = STANDARD
        .decode(text("ciphertext")?.as_bytes())
        .map_err(|_| Forged::Malformed)?;
    let plain = cx
        .keys
        .open(text("nonce")?.as_bytes(), aad.as_bytes(), &bytes)
        .map_err(|_| Forged::WrongSignature)?;
    let certificate = Certificate::read(&plain).map_err(|_| Forged::Malformed)?;
    let pem = String::from_utf8(plain).map_err(|_| Forged::Malformed)?;
    // The list's own serial is a claim; the certificate's is what counts.
    let listed = entry.text("serial_no").map(KeyId::of_serial);
    if listed != Some(certificate.key_id()) {
        return Err(Forged::Malformed);
    }
    Ok((certificate, pem))
}

//! What the auditor needs of a demo folder's keys: its sealed bytes opened, and a channel's signature checked with
//! another library than the product's.

use base64::Engine as _;
use paydesk_auditor::Witness;
use paydesk_sandbox::MerchantCredentials;
use paydesk_vault::{FolderVault, OpenVault};
use rsa::RsaPublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;
use serde_json::Value;
use sha2::Sha256;
use std::path::Path;
use std::sync::Arc;

use crate::Trouble;

/// The keys of one demo folder.
pub(crate) struct FolderWitness {
    vault: Arc<OpenVault>,
    alipay: Vec<RsaPublicKey>,
    wechatpay: Vec<RsaPublicKey>,
}

impl FolderWitness {
    pub(crate) fn open(folder: &Path) -> Result<Self, Trouble> {
        let issued = MerchantCredentials::read(&folder.join("sandbox"))?;
        let public = |pem: &str| RsaPublicKey::from_public_key_pem(pem);
        Ok(Self {
            vault: FolderVault::open(folder)?.vault(),
            alipay: vec![public(&issued.alipay.gateway_public_key_pem)?],
            wechatpay: vec![
                public(&issued.wechatpay.public_key_pem)?,
                of_certificate(&issued.wechatpay.platform_certificate_pem)?,
            ],
        })
    }
}

fn of_certificate(pem: &str) -> Result<RsaPublicKey, Trouble> {
    let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes())?;
    let certificate = block.parse_x509()?;
    Ok(RsaPublicKey::from_public_key_der(
        certificate.public_key().raw,
    )?)
}

impl Witness for FolderWitness {
    fn unseal(&self, _till: usize, seq: i64, sealed: &[u8]) -> Option<Vec<u8>> {
        let place = format!("evidence|{seq}");
        self.vault.data_key().open(place.as_bytes(), sealed).ok()
    }

    fn is_signed(&self, channel: &str, record: &Value) -> bool {
        let Some(body) = record.get("body").and_then(Value::as_str) else {
            return false;
        };
        let (signed, keys) = match channel {
            "alipay" => (signed_alipay(body), &self.alipay),
            _ => (signed_wechatpay(record, body), &self.wechatpay),
        };
        let Some((message, signature)) = signed else {
            return false;
        };
        let Ok(signature) = Signature::try_from(signature.as_slice()) else {
            return false;
        };
        keys.iter().any(|key| {
            let key = VerifyingKey::<Sha256>::new(key.clone());
            key.verify(message.as_bytes(), &signature).is_ok()
        })
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// The value of `..._response` by the letter, and `sign` (alipay.md, answers).
fn signed_alipay(body: &str) -> Option<(String, Vec<u8>)> {
    let document: Value = serde_json::from_str(body).ok()?;
    let signature = base64(document.get("sign")?.as_str()?)?;
    let at = body.find("_response\":")?;
    let from = body.get(at..)?.find('{')?.checked_add(at)?;
    let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
    for (offset, letter) in body.get(from..)?.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '{' if !in_text => depth = depth.saturating_add(1),
            '}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            let end = from.checked_add(offset)?;
            return Some((body.get(from..=end)?.to_owned(), signature));
        }
    }
    None
}

/// Seconds, nonce and body, each with its line feed (wechatpay.md, answers).
fn signed_wechatpay(record: &Value, body: &str) -> Option<(String, Vec<u8>)> {
    let headers = record.get("headers")?.as_array()?;
    let header = |name: &str| {
        let its = |pair: &&Value| {
            let found = pair.get(0).and_then(Value::as_str);
            found.is_some_and(|found| found.eq_ignore_ascii_case(name))
        };
        headers.iter().find(its)?.get(1)?.as_str()
    };
    let signature = base64(header("wechatpay-signature")?)?;
    let (seconds, nonce) = (header("wechatpay-timestamp")?, header("wechatpay-nonce")?);
    Some((format!("{seconds}\n{nonce}\n{body}\n"), signature))
}

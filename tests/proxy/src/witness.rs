//! What the auditor needs of a demo folder's keys: its sealed bytes opened, and a channel's signature checked with
//! another library than the product's.

use paydesk_auditor::{Witness, signed_text};
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
    unionpay: Vec<RsaPublicKey>,
    wechatpay: Vec<RsaPublicKey>,
}

impl FolderWitness {
    pub(crate) fn open(folder: &Path) -> Result<Self, Trouble> {
        let issued = MerchantCredentials::read(&folder.join("sandbox"))?;
        let public = |pem: &str| RsaPublicKey::from_public_key_pem(pem);
        Ok(Self {
            vault: FolderVault::open(folder)?.vault(),
            alipay: vec![public(&issued.alipay.gateway_public_key_pem)?],
            unionpay: vec![of_certificate(&issued.unionpay.gateway_certificate_pem)?],
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
        let Some(signed) = signed_text(channel, record) else {
            return false;
        };
        let keys = match channel {
            "alipay" => &self.alipay,
            "unionpay" => &self.unionpay,
            "wechatpay" => &self.wechatpay,
            _ => return false,
        };
        let Ok(signature) = Signature::try_from(signed.signature.as_slice()) else {
            return false;
        };
        keys.iter().any(|key| {
            let key = VerifyingKey::<Sha256>::new(key.clone());
            key.verify(signed.message.as_bytes(), &signature).is_ok()
        })
    }
}

//! Keys of UnionPay: a test CA of root, middle and leaf, the gateway's key and the merchant's.
//!
//! Links are signed with SHA-1, as in the published test chain (protocol reference, "Signature"): whoever verifies
//! the sandbox's chain can verify that one. It must never hand out a certificate of a key that it did not make or was
//! not given.

use std::sync::Arc;

use rand::Rng as _;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde::{Deserialize, Serialize};

use super::certificate::{self, Name, Statement};
use super::issue::{fresh_keys, private_pem};
use super::signature::{Digest, PrivateKey, PublicKey};
use super::stand_in::{self, StandIn};
use super::{KeyFile, KeysError, Signer, private_key};
use crate::chance::Chance;

const ROOT: Name<'_> = Name {
    common: "Paydesk Sandbox UnionPay Root",
    organisation: "Paydesk Sandbox",
};
const MIDDLE: Name<'_> = Name {
    common: "Paydesk Sandbox UnionPay OCA1",
    organisation: "Paydesk Sandbox",
};

/// What a merchant gets from UnionPay.
#[derive(Clone, Default, Deserialize, Serialize)]
pub struct UnionpayCredentials {
    /// The merchant, 15 digits.
    pub mer_id: String,
    /// Serial number of the merchant's certificate in decimal, as requests carry it.
    pub cert_id: String,
    /// The merchant's private key, PKCS#8 PEM. A test key.
    pub merchant_private_key_pem: String,
    /// The merchant's certificate.
    pub merchant_certificate_pem: String,
    /// The certificate that answers carry today, to be believed only under the other two.
    pub gateway_certificate_pem: String,
    /// The certificate that issued it.
    pub middle_certificate_pem: String,
    /// The certificate at the end of the chain.
    pub root_certificate_pem: String,
}

/// What the folder keeps beside the merchant's side.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct UnionpayKeyFile {
    gateway_private_key_pem: String,
    middle_private_key_pem: String,
}

/// UnionPay's side: keys to sign with, and the merchant's to verify.
#[derive(Clone)]
pub(crate) struct UnionpayKeys {
    pub(crate) merchant: PublicKey,
    pub(crate) gateway: Arc<Signer>,
    /// Says that it is the gateway, under the middle's name; but the middle never signed it.
    pub(crate) stranger: Arc<Signer>,
    /// Issues certificates; stand-ins issue none.
    middle: Option<Box<RsaPrivateKey>>,
}

/// A stream of its own, so that what is drawn here changes no draw of the other channels.
pub(super) fn own_chance(seed: u64) -> Chance {
    Chance::seeded(seed ^ u64::from_be_bytes(*b"unionpay"))
}

/// Eleven digits, as `certId` has them.
fn serial(chance: &Chance) -> u128 {
    chance.with(|source| source.gen_range((1_u128 << 35)..(1_u128 << 36)))
}

fn says<'a>(issuer: Name<'a>, subject: Name<'a>, chance: &Chance) -> Statement<'a> {
    Statement {
        issuer,
        subject,
        serial: serial(chance),
        from_year: 2020,
        to_year: 2049,
        is_middle: false,
        digest: Digest::Sha1,
    }
}

/// The third part is what a till has to look for.
fn gateway_name(chance: &Chance) -> String {
    format!(
        "041@83{}@中国银联股份有限公司@{}",
        chance.digits(14),
        chance.digits(8)
    )
}

fn merchant_name(mer_id: &str) -> String {
    format!("041@{mer_id}@Paydesk Sandbox@00000001")
}

fn fresh_mer_id(chance: &Chance) -> String {
    format!("898{}", chance.digits(12))
}

/// Makes UnionPay's keys and the merchant's, and puts them into the file.
pub(super) fn add(file: &mut KeyFile, chance: &Chance) -> Result<(), KeysError> {
    let [root, middle, gateway, merchant] = fresh_keys(chance)?;
    let gateway_common = gateway_name(chance);
    let mer_id = fresh_mer_id(chance);
    let merchant_common = merchant_name(&mer_id);
    let own = |common| Name {
        common,
        organisation: "Paydesk Sandbox",
    };
    let public = |key: &RsaPrivateKey| key.to_public_key();
    let middle_says = Statement {
        is_middle: true,
        ..says(ROOT, MIDDLE, chance)
    };
    let merchant_says = says(MIDDLE, own(&merchant_common), chance);
    let gateway_says = says(MIDDLE, own(&gateway_common), chance);
    file.merchant.unionpay = UnionpayCredentials {
        cert_id: merchant_says.serial.to_string(),
        merchant_private_key_pem: private_pem(&merchant)?,
        merchant_certificate_pem: certificate::write(&merchant_says, &public(&merchant), &middle)?,
        gateway_certificate_pem: certificate::write(&gateway_says, &public(&gateway), &middle)?,
        middle_certificate_pem: certificate::write(&middle_says, &public(&middle), &root)?,
        root_certificate_pem: certificate::write(&says(ROOT, ROOT, chance), &public(&root), &root)?,
        mer_id,
    };
    file.unionpay = Some(UnionpayKeyFile {
        gateway_private_key_pem: private_pem(&gateway)?,
        middle_private_key_pem: private_pem(&middle)?,
    });
    Ok(())
}

impl UnionpayKeys {
    /// The file's keys. Alipay's gateway lends its key to the stranger: nobody has seen it under this name.
    pub(super) fn read(file: &KeyFile) -> Result<Self, KeysError> {
        let own = file.unionpay.as_ref();
        let own = own.ok_or_else(|| KeysError::encoding("no keys of UnionPay"))?;
        let issued = &file.merchant.unionpay;
        let merchant = private_key(&issued.merchant_private_key_pem)?;
        let stranger = private_key(&file.alipay_gateway_private_key_pem)?;
        let chance = Chance::seeded(0);
        let common = gateway_name(&chance);
        let name = Name {
            common: &common,
            organisation: "Paydesk Sandbox",
        };
        let stranger_says = says(MIDDLE, name, &chance);
        let stranger_pem =
            certificate::write(&stranger_says, &stranger.to_public_key(), &stranger)?;
        let signer = |pem: &str, key: RsaPrivateKey| {
            Arc::new(Signer {
                name: String::new(),
                pem: pem.to_owned(),
                key: PrivateKey::Rsa(Box::new(key)),
            })
        };
        Ok(Self {
            merchant: PublicKey::Rsa(merchant.to_public_key()),
            gateway: signer(
                &issued.gateway_certificate_pem,
                private_key(&own.gateway_private_key_pem)?,
            ),
            stranger: signer(&stranger_pem, stranger),
            middle: Some(Box::new(private_key(&own.middle_private_key_pem)?)),
        })
    }

    /// Keys that only stand in for RSA, and what the merchant is issued of them.
    pub(super) fn stand_in(chance: &Chance) -> (UnionpayCredentials, Self) {
        let [merchant, gateway, stranger, middle, root] = std::array::from_fn(|_| chance.secret());
        let credentials = UnionpayCredentials {
            mer_id: fresh_mer_id(chance),
            cert_id: serial(chance).to_string(),
            merchant_private_key_pem: stand_in::text(&merchant),
            merchant_certificate_pem: stand_in::text(&merchant),
            gateway_certificate_pem: stand_in::text(&gateway),
            middle_certificate_pem: stand_in::text(&middle),
            root_certificate_pem: stand_in::text(&root),
        };
        let signer = |key: &[u8; 32]| {
            Arc::new(Signer {
                name: String::new(),
                pem: stand_in::text(key),
                key: PrivateKey::StandIn(Box::new(StandIn::new(key))),
            })
        };
        let keys = Self {
            merchant: PublicKey::StandIn(Box::new(StandIn::new(&merchant))),
            gateway: signer(&gateway),
            stranger: signer(&stranger),
            middle: None,
        };
        (credentials, keys)
    }

    /// `certId` and certificate for a further key of the merchant.
    pub(super) fn merchant_certificate(
        &self,
        mer_id: &str,
        key: &RsaPublicKey,
        chance: &Chance,
    ) -> Result<(String, String), KeysError> {
        let middle = self.middle.as_ref();
        let middle =
            middle.ok_or_else(|| KeysError::encoding("stand-ins issue no certificates"))?;
        let common = merchant_name(mer_id);
        let name = Name {
            common: &common,
            organisation: "Paydesk Sandbox",
        };
        let merchant_says = says(MIDDLE, name, chance);
        let pem = certificate::write(&merchant_says, key, middle)?;
        Ok((merchant_says.serial.to_string(), pem))
    }
}

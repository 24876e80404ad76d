//! Keys that the merchant brings along instead of the first one, as a merchant does in a channel's console.
//!
//! Alipay has one application key at a time: the newest replaces the one before. WeChat Pay and UnionPay issue a
//! certificate for each and believe all of them. It must never see a private key.

use std::sync::PoisonError;

use serde::{Deserialize, Serialize};

use super::issue::merchant_certificate;
use super::{Kept, Keys, KeysError, PrivateKey, PublicKey, read_public_key, write};
use crate::chance::Chance;
use crate::ledger::Channel;

/// A key of the merchant as the channel keeps it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Registered {
    /// Where.
    pub channel: Channel,
    /// Serial number of the certificate that was issued for it, in decimal at UnionPay; empty at Alipay.
    pub serial: String,
    /// The certificate; empty at Alipay.
    pub certificate_pem: String,
    /// The public key, SPKI.
    pub public_key: String,
}

impl Registered {
    fn key(&self) -> Option<PublicKey> {
        read_public_key(&self.public_key).ok().map(PublicKey::Rsa)
    }
}

impl Keys {
    /// The key that speaks for the application in public-key mode.
    pub(crate) fn alipay_app(&self) -> PublicKey {
        let registered = self.registered();
        let mut keys = registered.iter().rev();
        let newest = keys.find(|key| key.channel == Channel::Alipay);
        newest
            .and_then(Registered::key)
            .unwrap_or_else(|| self.first_alipay_app.clone())
    }

    /// The merchant's key with this certificate serial.
    pub(crate) fn wechatpay_merchant(&self, serial: &str) -> Option<PublicKey> {
        if serial == self.merchant.wechatpay.merchant_serial {
            return Some(self.first_wechatpay_merchant.clone());
        }
        let registered = self.registered();
        let mut keys = registered.iter();
        keys.find(|key| key.channel == Channel::Wechatpay && key.serial == serial)?
            .key()
    }

    /// The merchant's key with this `certId`.
    pub(crate) fn unionpay_merchant(&self, cert_id: &str) -> Option<PublicKey> {
        if cert_id == self.merchant.unionpay.cert_id {
            return Some(self.unionpay.merchant.clone());
        }
        let registered = self.registered();
        let mut keys = registered.iter();
        keys.find(|key| key.channel == Channel::Unionpay && key.serial == cert_id)?
            .key()
    }

    /// What the merchant registered, oldest first.
    pub(super) fn registered(&self) -> Vec<Registered> {
        let registered = self.registered.read();
        registered.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Registers a public key of the merchant, in the file first.
    pub(crate) fn register(&self, channel: Channel, text: &str) -> Result<Registered, KeysError> {
        let key = read_public_key(text)?;
        let system;
        let chance = match &self.kept {
            Kept::File(..) => {
                system = Chance::system();
                &system
            }
            Kept::Memory { chance, .. } => chance,
        };
        let (serial, certificate_pem) = match channel {
            Channel::Alipay => Default::default(),
            Channel::Btcpay => {
                return Err(KeysError::encoding(
                    "BTCPay Server takes no keys of the merchant",
                ));
            }
            Channel::Stripe => {
                return Err(KeysError::encoding(
                    "Stripe knows its merchants by secret keys",
                ));
            }
            Channel::Unionpay => {
                let mer_id = &self.merchant.unionpay.mer_id;
                self.unionpay.merchant_certificate(mer_id, &key, chance)?
            }
            Channel::Wechatpay => {
                let platforms = self.platforms();
                let issuer = platforms.first().map(|signer| &signer.key);
                let Some(PrivateKey::Rsa(issuer)) = issuer else {
                    return Err(KeysError::encoding("stand-ins issue no certificates"));
                };
                merchant_certificate(&self.merchant.wechatpay.mchid, &key, issuer, chance)?
            }
        };
        let registered = Registered {
            channel,
            serial,
            certificate_pem,
            public_key: text.to_owned(),
        };
        if let Kept::File(file, path) = &self.kept {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.merchant_keys.push(registered.clone());
            if let Err(error) = write(path, &file) {
                file.merchant_keys.pop();
                return Err(error);
            }
        }
        let mut known = self
            .registered
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        known.push(registered.clone());
        Ok(registered)
    }
}

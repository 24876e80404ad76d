//! Keys of the sandbox: generated at the first start, kept in its folder, test keys for ever.
//!
//! Both sides' keys lie in one file, because the sandbox issues the merchant's as well. They must
//! never be used outside a sandbox, and the file says so.

pub(crate) mod content;
pub(crate) mod signature;

mod btcpay;
mod certificate;
mod issue;
mod registered;
mod stand_in;
mod stripe;
mod unionpay;

pub use btcpay::BtcpayCredentials;
pub use registered::Registered;
pub use stripe::StripeCredentials;
pub use unionpay::UnionpayCredentials;

use std::fmt::{self, Debug, Display};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde::{Deserialize, Serialize};

use crate::chance::Chance;
use issue::{
    alipay_gateway_certificate, fresh_rsa_key, generate, platform_certificate, private_pem,
    public_key_id, public_pem, serial, stand_in_credentials,
};
use signature::{PrivateKey, PublicKey};
use stand_in::StandIn;
use unionpay::{UnionpayKeyFile, UnionpayKeys};

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The disk refused.
    #[error("key file: {0}")]
    Disk(#[from] std::io::Error),
    /// A key or certificate could not be made, written or read.
    #[error("sandbox keys: {0}")]
    Encoding(String),
}

impl KeysError {
    fn encoding(reason: impl Display) -> Self {
        Self::Encoding(reason.to_string())
    }
}

/// What a merchant gets from Alipay in public-key mode.
#[derive(Clone, Deserialize, Serialize)]
pub struct AlipayCredentials {
    /// The application.
    pub app_id: String,
    /// The application's private key, PKCS#8 PEM. A test key.
    pub app_private_key_pem: String,
    /// The gateway's public key, SPKI PEM.
    pub gateway_public_key_pem: String,
    /// The merchant's account.
    pub seller_id: String,
    /// Encrypts contents when a call says so: base64 of 16 bytes. A test key.
    #[serde(default)]
    pub aes_key: String,
}

/// What a merchant gets from Alipay in certificate mode: a second application of the same account.
#[derive(Clone, Deserialize, Serialize)]
pub struct AlipayCertificateCredentials {
    /// The application.
    pub app_id: String,
    /// The application's private key, PKCS#8 PEM. A test key.
    pub app_private_key_pem: String,
    /// The application's certificate.
    pub app_certificate_pem: String,
    /// The gateway's certificate, which names the key of its answers.
    pub alipay_certificate_pem: String,
    /// The root certificates.
    pub alipay_root_certificate_pem: String,
    /// Serial number of the application's certificate, as requests carry it.
    pub app_cert_sn: String,
    /// Serial number of the gateway's certificate, as answers carry it.
    pub alipay_cert_sn: String,
    /// Serial numbers of the roots, as requests carry them.
    pub alipay_root_cert_sn: String,
    /// The merchant's account.
    pub seller_id: String,
    /// Encrypts contents when a call says so: base64 of 16 bytes. A test key.
    #[serde(default)]
    pub aes_key: String,
}

/// What a merchant gets from WeChat Pay.
#[derive(Clone, Deserialize, Serialize)]
pub struct WechatpayCredentials {
    /// The application bound to the merchant.
    pub appid: String,
    /// The merchant.
    pub mchid: String,
    /// Serial number of the merchant's certificate.
    pub merchant_serial: String,
    /// The merchant's private key, PKCS#8 PEM. A test key.
    pub merchant_private_key_pem: String,
    /// The merchant's certificate.
    pub merchant_certificate_pem: String,
    /// Opens resources such as the downloaded platform certificate.
    pub apiv3_key: String,
    /// Name of the static public key.
    pub public_key_id: String,
    /// The static public key, SPKI PEM.
    pub public_key_pem: String,
    /// Serial number of the platform certificate.
    pub platform_certificate_serial: String,
    /// The platform certificate.
    pub platform_certificate_pem: String,
}

/// Everything that the demo account of the product needs.
#[derive(Clone, Deserialize, Serialize)]
pub struct MerchantCredentials {
    /// Alipay, public-key mode.
    pub alipay: AlipayCredentials,
    /// Alipay, certificate mode.
    pub alipay_certificate: AlipayCertificateCredentials,
    /// BTCPay Server.
    #[serde(default)]
    pub btcpay: BtcpayCredentials,
    /// Stripe.
    #[serde(default)]
    pub stripe: StripeCredentials,
    /// UnionPay.
    #[serde(default)]
    pub unionpay: UnionpayCredentials,
    /// WeChat Pay.
    pub wechatpay: WechatpayCredentials,
}

impl Debug for MerchantCredentials {
    /// Names only: keys must not reach a log, not even test keys.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MerchantCredentials")
            .field("alipay_app_id", &self.alipay.app_id)
            .field("alipay_certificate_app_id", &self.alipay_certificate.app_id)
            .field("btcpay_store_id", &self.btcpay.store_id)
            .field("stripe_account", &self.stripe.account)
            .field("wechatpay_mchid", &self.wechatpay.mchid)
            .field("unionpay_mer_id", &self.unionpay.mer_id)
            .finish_non_exhaustive()
    }
}

/// The file: the merchant's side as issued, and the channels' private keys.
#[derive(Clone, Deserialize, Serialize)]
struct KeyFile {
    note: String,
    merchant: MerchantCredentials,
    alipay_gateway_private_key_pem: String,
    /// Issues Alipay's certificates; a folder of an older version has none, and cannot rotate them.
    #[serde(default)]
    alipay_root_private_key_pem: String,
    wechatpay_public_key_mode_private_key_pem: String,
    wechatpay_platform_private_key_pem: String,
    /// A folder of an older version has none, and gets some.
    #[serde(default)]
    unionpay: Option<UnionpayKeyFile>,
    /// What rotations added, oldest first.
    #[serde(default, alias = "wechatpay_rotated")]
    rotated: Vec<RotatedKey>,
    /// Keys that the merchant registered later, oldest first.
    #[serde(default)]
    merchant_keys: Vec<Registered>,
}

/// A key that a rotation made.
#[derive(Clone, Deserialize, Serialize)]
struct RotatedKey {
    what: Rotation,
    name: String,
    pem: String,
    private_key_pem: String,
}

/// What can be rotated.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// WeChat Pay: a second platform certificate; it signs from now on, and both are listed.
    PlatformCertificate,
    /// WeChat Pay: a second static public key; each signs for whoever asks for it by its id.
    PublicKey,
    /// Alipay: a further certificate of the same owner under the same root; it signs from now on. Its key is
    /// another one as well, so that nobody goes on by overlooking the number.
    AlipayCertificate,
    /// The same, but issued by a stranger under the root's name: whoever believes it believes anybody.
    AlipayStranger,
}

/// What a rotation issued.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Rotated {
    /// What was rotated.
    pub what: Rotation,
    /// Serial number of the certificate, or id of the public key.
    pub name: String,
    /// The certificate, or the public key.
    pub pem: String,
}

/// One of the keys that sign answers.
pub(crate) struct Signer {
    /// Serial number or id.
    pub(crate) name: String,
    /// Certificate or public key.
    pub(crate) pem: String,
    pub(crate) key: PrivateKey,
}

/// Keys as the channels use them: theirs to sign, the merchant's to verify.
pub(crate) struct Keys {
    pub(crate) merchant: MerchantCredentials,
    first_alipay_app: PublicKey,
    pub(crate) alipay_certificate_app: PublicKey,
    pub(crate) alipay_gateway: PrivateKey,
    first_wechatpay_merchant: PublicKey,
    platforms: RwLock<Vec<Arc<Signer>>>,
    public_keys: RwLock<Vec<Arc<Signer>>>,
    alipay_certificates: RwLock<Vec<Arc<Signer>>>,
    registered: RwLock<Vec<Registered>>,
    pub(crate) unionpay: UnionpayKeys,
    /// Issues Alipay's certificates; empty where nothing can be issued.
    alipay_root_private_key_pem: String,
    kept: Kept,
}

/// Where keys that a rotation makes are kept.
enum Kept {
    /// The file as it stands on the disk; held while a rotation rewrites it.
    File(Box<Mutex<KeyFile>>, PathBuf),
    /// Nowhere: a sandbox without a folder, with the source of its keys.
    Memory { chance: Chance, is_rsa: bool },
}

impl Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Keys")
            .field("merchant", &self.merchant)
            .finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the folder's keys, or makes them; a file without content keys, or without anything of a channel that came later, gets some.
    pub(crate) fn open(path: &Path) -> Result<Self, KeysError> {
        let mut file: KeyFile = match std::fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(KeysError::encoding)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut file = generate(&Chance::system())?;
                unionpay::add(&mut file, &Chance::system())?;
                write(path, &file)?;
                file
            }
            Err(error) => return Err(error.into()),
        };
        let merchant = &mut file.merchant;
        if merchant.alipay.aes_key.is_empty() || merchant.alipay_certificate.aes_key.is_empty() {
            let chance = Chance::system();
            merchant.alipay.aes_key = content::fresh_key(&chance);
            merchant.alipay_certificate.aes_key = content::fresh_key(&chance);
            write(path, &file)?;
        }
        if file.unionpay.is_none() {
            unionpay::add(&mut file, &Chance::system())?;
            write(path, &file)?;
        }
        if file.merchant.stripe.secret_key.is_empty() {
            file.merchant.stripe = StripeCredentials::fresh(&Chance::system());
            write(path, &file)?;
        }
        if file.merchant.btcpay.store_id.is_empty() {
            file.merchant.btcpay = BtcpayCredentials::fresh(&Chance::system());
            write(path, &file)?;
        }
        let kept = Kept::File(Box::new(Mutex::new(file.clone())), path.to_owned());
        Self::from_file(&file, kept)
    }

    /// RSA keys of this seed, of no folder. Eleven keys take over a second, so a copy is cheaper.
    pub(crate) fn seeded(seed: u64) -> Result<Self, KeysError> {
        let chance = Chance::seeded(seed);
        let mut file = generate(&chance)?;
        unionpay::add(&mut file, &unionpay::own_chance(seed))?;
        file.merchant.btcpay = BtcpayCredentials::fresh(&btcpay::own_chance(seed));
        file.merchant.stripe = StripeCredentials::fresh(&stripe::own_chance(seed));
        Self::from_file(
            &file,
            Kept::Memory {
                chance,
                is_rsa: true,
            },
        )
    }

    /// Keys that only stand in for RSA, of this seed and of no folder.
    pub(crate) fn stand_in(seed: u64) -> Self {
        let chance = Chance::seeded(seed);
        let mut issued = stand_in_credentials(&chance);
        let (credentials, unionpay) = UnionpayKeys::stand_in(&unionpay::own_chance(seed));
        issued.merchant.unionpay = credentials;
        issued.merchant.btcpay = BtcpayCredentials::fresh(&btcpay::own_chance(seed));
        issued.merchant.stripe = StripeCredentials::fresh(&stripe::own_chance(seed));
        let signer = |name: &str, pem: &str, key: Box<StandIn>| {
            let (name, pem) = (name.to_owned(), pem.to_owned());
            let key = PrivateKey::StandIn(key);
            RwLock::new(vec![Arc::new(Signer { name, pem, key })])
        };
        let own = &issued.merchant.wechatpay;
        let certified = &issued.merchant.alipay_certificate;
        Self {
            alipay_certificates: signer(
                &certified.alipay_cert_sn,
                &certified.alipay_certificate_pem,
                issued.alipay_gateway.clone(),
            ),
            alipay_root_private_key_pem: String::new(),
            unionpay,
            registered: RwLock::default(),
            first_alipay_app: PublicKey::StandIn(issued.alipay_app),
            alipay_certificate_app: PublicKey::StandIn(issued.alipay_certificate_app),
            alipay_gateway: PrivateKey::StandIn(issued.alipay_gateway),
            first_wechatpay_merchant: PublicKey::StandIn(issued.wechatpay_merchant),
            platforms: signer(
                &own.platform_certificate_serial,
                &own.platform_certificate_pem,
                issued.wechatpay_platform,
            ),
            public_keys: signer(
                &own.public_key_id,
                &own.public_key_pem,
                issued.wechatpay_public_key,
            ),
            kept: Kept::Memory {
                chance,
                is_rsa: false,
            },
            merchant: issued.merchant,
        }
    }

    /// The same keys for another sandbox without a folder; what either rotates is its own.
    pub(crate) fn copy(&self, seed: u64) -> Self {
        let signers = |signers: &RwLock<Vec<Arc<Signer>>>| {
            let known = signers.read().unwrap_or_else(PoisonError::into_inner);
            RwLock::new(known.clone())
        };
        Self {
            merchant: self.merchant.clone(),
            registered: RwLock::new(self.registered()),
            unionpay: self.unionpay.clone(),
            first_alipay_app: self.first_alipay_app.clone(),
            alipay_certificate_app: self.alipay_certificate_app.clone(),
            alipay_gateway: self.alipay_gateway.clone(),
            first_wechatpay_merchant: self.first_wechatpay_merchant.clone(),
            platforms: signers(&self.platforms),
            public_keys: signers(&self.public_keys),
            alipay_certificates: signers(&self.alipay_certificates),
            alipay_root_private_key_pem: self.alipay_root_private_key_pem.clone(),
            kept: Kept::Memory {
                chance: Chance::seeded(seed),
                is_rsa: matches!(self.alipay_gateway, PrivateKey::Rsa(_)),
            },
        }
    }

    fn from_file(file: &KeyFile, kept: Kept) -> Result<Self, KeysError> {
        let merchant = file.merchant.clone();
        let public_of = |pem: &str| private_key(pem).map(|key| PublicKey::Rsa(key.to_public_key()));
        let signer = |name: &str, pem: &str, private: &str| {
            Ok::<_, KeysError>(Arc::new(Signer {
                name: name.to_owned(),
                pem: pem.to_owned(),
                key: PrivateKey::Rsa(Box::new(private_key(private)?)),
            }))
        };
        let own = &merchant.wechatpay;
        let mut platforms = vec![signer(
            &own.platform_certificate_serial,
            &own.platform_certificate_pem,
            &file.wechatpay_platform_private_key_pem,
        )?];
        let mut public_keys = vec![signer(
            &own.public_key_id,
            &own.public_key_pem,
            &file.wechatpay_public_key_mode_private_key_pem,
        )?];
        let certified = &merchant.alipay_certificate;
        let mut alipay_certificates = vec![signer(
            &certified.alipay_cert_sn,
            &certified.alipay_certificate_pem,
            &file.alipay_gateway_private_key_pem,
        )?];
        for rotated in &file.rotated {
            let signers = match rotated.what {
                Rotation::PlatformCertificate => &mut platforms,
                Rotation::PublicKey => &mut public_keys,
                Rotation::AlipayCertificate | Rotation::AlipayStranger => &mut alipay_certificates,
            };
            signers.push(signer(
                &rotated.name,
                &rotated.pem,
                &rotated.private_key_pem,
            )?);
        }
        Ok(Self {
            unionpay: UnionpayKeys::read(file)?,
            registered: RwLock::new(file.merchant_keys.clone()),
            first_alipay_app: public_of(&merchant.alipay.app_private_key_pem)?,
            alipay_certificate_app: public_of(&merchant.alipay_certificate.app_private_key_pem)?,
            alipay_gateway: PrivateKey::Rsa(Box::new(private_key(
                &file.alipay_gateway_private_key_pem,
            )?)),
            first_wechatpay_merchant: public_of(&merchant.wechatpay.merchant_private_key_pem)?,
            platforms: RwLock::new(platforms),
            public_keys: RwLock::new(public_keys),
            alipay_certificates: RwLock::new(alipay_certificates),
            alipay_root_private_key_pem: file.alipay_root_private_key_pem.clone(),
            merchant,
            kept,
        })
    }

    /// The platform certificates, oldest first; the last one signs.
    pub(crate) fn platforms(&self) -> Vec<Arc<Signer>> {
        let platforms = self.platforms.read();
        platforms.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The static public key with this id.
    pub(crate) fn public_key(&self, id: &str) -> Option<Arc<Signer>> {
        let keys = self
            .public_keys
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        keys.iter().find(|signer| signer.name == id).cloned()
    }

    /// Alipay's certificates, oldest first; the last one signs in certificate mode.
    pub(crate) fn alipay_certificates(&self) -> Vec<Arc<Signer>> {
        let certificates = self.alipay_certificates.read();
        certificates.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a key beside the old ones, in the file first.
    pub(crate) fn rotate(&self, what: Rotation) -> Result<Rotated, KeysError> {
        let signer = match &self.kept {
            Kept::File(file, path) => {
                let (signer, private_key_pem) = self.fresh_signer(what, &Chance::system())?;
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.rotated.push(RotatedKey {
                    what,
                    name: signer.name.clone(),
                    pem: signer.pem.clone(),
                    private_key_pem,
                });
                if let Err(error) = write(path, &file) {
                    file.rotated.pop();
                    return Err(error);
                }
                signer
            }
            Kept::Memory {
                chance,
                is_rsa: true,
            } => self.fresh_signer(what, chance)?.0,
            Kept::Memory {
                chance,
                is_rsa: false,
            } => {
                let secret = chance.secret();
                Signer {
                    name: match what {
                        Rotation::AlipayCertificate | Rotation::AlipayStranger => {
                            format!("{:032x}", serial(chance))
                        }
                        Rotation::PlatformCertificate => format!("{:X}", serial(chance)),
                        Rotation::PublicKey => {
                            public_key_id(&self.merchant.wechatpay.mchid, chance)
                        }
                    },
                    pem: stand_in::text(&secret),
                    key: PrivateKey::StandIn(Box::new(StandIn::new(&secret))),
                }
            }
        };
        let rotated = Rotated {
            what,
            name: signer.name.clone(),
            pem: signer.pem.clone(),
        };
        let signers = match what {
            Rotation::PlatformCertificate => &self.platforms,
            Rotation::PublicKey => &self.public_keys,
            Rotation::AlipayCertificate | Rotation::AlipayStranger => &self.alipay_certificates,
        };
        let mut signers = signers.write().unwrap_or_else(PoisonError::into_inner);
        signers.push(Arc::new(signer));
        Ok(rotated)
    }

    /// A further RSA key and its private key as PEM.
    fn fresh_signer(&self, what: Rotation, chance: &Chance) -> Result<(Signer, String), KeysError> {
        let key = fresh_rsa_key(chance.fork())?;
        let (name, pem) = match what {
            Rotation::PlatformCertificate => platform_certificate(&key, chance)?,
            Rotation::PublicKey => (
                public_key_id(&self.merchant.wechatpay.mchid, chance),
                public_pem(&key.to_public_key())?,
            ),
            Rotation::AlipayCertificate => self.alipay_certificate(&key, chance)?,
            Rotation::AlipayStranger => alipay_gateway_certificate(&key, &key, chance)?,
        };
        let private_pem = private_pem(&key)?;
        let key = PrivateKey::Rsa(Box::new(key));
        Ok((Signer { name, pem, key }, private_pem))
    }

    fn alipay_certificate(
        &self,
        key: &RsaPrivateKey,
        chance: &Chance,
    ) -> Result<(String, String), KeysError> {
        if self.alipay_root_private_key_pem.is_empty() {
            return Err(KeysError::Encoding(
                "this folder was made before Alipay's certificates could be rotated".to_owned(),
            ));
        }
        let root = private_key(&self.alipay_root_private_key_pem)?;
        alipay_gateway_certificate(key, &root, chance)
    }
}

fn write(path: &Path, file: &KeyFile) -> Result<(), KeysError> {
    let text = serde_json::to_vec_pretty(file).map_err(KeysError::encoding)?;
    Ok(crate::files::replace(path, &text)?)
}

fn private_key(pem: &str) -> Result<RsaPrivateKey, KeysError> {
    RsaPrivateKey::from_pkcs8_pem(pem).map_err(KeysError::encoding)
}

/// Reads a public key: SPKI as PEM, or the bare base64 that consoles show.
///
/// # Errors
/// When the text is neither.
pub fn read_public_key(text: &str) -> Result<RsaPublicKey, KeysError> {
    use base64::Engine as _;
    if text.contains("-----BEGIN") {
        return RsaPublicKey::from_public_key_pem(text).map_err(KeysError::encoding);
    }
    let der = base64::engine::general_purpose::STANDARD
        .decode(text.trim())
        .map_err(KeysError::encoding)?;
    RsaPublicKey::from_public_key_der(&der).map_err(KeysError::encoding)
}

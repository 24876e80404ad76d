//! Keys of the sandbox: generated at the first start, kept in its folder, test keys for ever.
//!
//! Both sides' keys lie in one file, because the sandbox issues the merchant's as well. They must
//! never be used outside a sandbox, and the file says so.

pub(crate) mod content;
pub(crate) mod signature;

mod certificate;

use std::fmt::{self, Debug, Display};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;

use rand::Rng as _;
use rsa::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding,
};
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde::{Deserialize, Serialize};

use certificate::{Name, Statement};

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
            .field("wechatpay_mchid", &self.wechatpay.mchid)
            .finish_non_exhaustive()
    }
}

/// The file: the merchant's side as issued, and the channels' private keys.
#[derive(Deserialize, Serialize)]
struct KeyFile {
    note: String,
    merchant: MerchantCredentials,
    alipay_gateway_private_key_pem: String,
    /// Issues Alipay's certificates; a folder of an older version has none, and cannot rotate them.
    #[serde(default)]
    alipay_root_private_key_pem: String,
    wechatpay_public_key_mode_private_key_pem: String,
    wechatpay_platform_private_key_pem: String,
    /// What rotations added, oldest first.
    #[serde(default, alias = "wechatpay_rotated")]
    rotated: Vec<RotatedKey>,
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
    pub(crate) key: RsaPrivateKey,
}

/// Keys as the channels use them: theirs to sign, the merchant's to verify.
pub(crate) struct Keys {
    pub(crate) merchant: MerchantCredentials,
    pub(crate) alipay_app: RsaPublicKey,
    pub(crate) alipay_certificate_app: RsaPublicKey,
    pub(crate) alipay_gateway: RsaPrivateKey,
    pub(crate) wechatpay_merchant: RsaPublicKey,
    platforms: RwLock<Vec<Arc<Signer>>>,
    public_keys: RwLock<Vec<Arc<Signer>>>,
    alipay_certificates: RwLock<Vec<Arc<Signer>>>,
    /// The file as it stands on the disk; held while a rotation rewrites it.
    file: Mutex<KeyFile>,
    path: PathBuf,
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
    /// Reads the folder's keys, or makes them; a file without content keys gets some.
    pub(crate) fn open(path: &Path) -> Result<Self, KeysError> {
        let mut file: KeyFile = match std::fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(KeysError::encoding)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let file = generate()?;
                write(path, &file)?;
                file
            }
            Err(error) => return Err(error.into()),
        };
        let merchant = &mut file.merchant;
        if merchant.alipay.aes_key.is_empty() || merchant.alipay_certificate.aes_key.is_empty() {
            merchant.alipay.aes_key = content::fresh_key();
            merchant.alipay_certificate.aes_key = content::fresh_key();
            write(path, &file)?;
        }
        Self::from_file(file, path)
    }

    fn from_file(file: KeyFile, path: &Path) -> Result<Self, KeysError> {
        let merchant = file.merchant.clone();
        let public_of = |pem: &str| private_key(pem).map(|key| key.to_public_key());
        let signer = |name: &str, pem: &str, private: &str| {
            Ok::<_, KeysError>(Arc::new(Signer {
                name: name.to_owned(),
                pem: pem.to_owned(),
                key: private_key(private)?,
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
            alipay_app: public_of(&merchant.alipay.app_private_key_pem)?,
            alipay_certificate_app: public_of(&merchant.alipay_certificate.app_private_key_pem)?,
            alipay_gateway: private_key(&file.alipay_gateway_private_key_pem)?,
            wechatpay_merchant: public_of(&merchant.wechatpay.merchant_private_key_pem)?,
            platforms: RwLock::new(platforms),
            public_keys: RwLock::new(public_keys),
            alipay_certificates: RwLock::new(alipay_certificates),
            merchant,
            file: Mutex::new(file),
            path: path.to_owned(),
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
        let key = RsaPrivateKey::new(&mut rand::rngs::OsRng, 2048).map_err(KeysError::encoding)?;
        let (name, pem) = match what {
            Rotation::PlatformCertificate => platform_certificate(&key)?,
            Rotation::PublicKey => (
                public_key_id(&self.merchant.wechatpay.mchid),
                public_pem(&key.to_public_key())?,
            ),
            Rotation::AlipayCertificate => self.alipay_certificate(&key)?,
            Rotation::AlipayStranger => alipay_gateway_certificate(&key, &key)?,
        };
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.rotated.push(RotatedKey {
            what,
            name: name.clone(),
            pem: pem.clone(),
            private_key_pem: private_pem(&key)?,
        });
        if let Err(error) = write(&self.path, &file) {
            file.rotated.pop();
            return Err(error);
        }
        let signers = match what {
            Rotation::PlatformCertificate => &self.platforms,
            Rotation::PublicKey => &self.public_keys,
            Rotation::AlipayCertificate | Rotation::AlipayStranger => &self.alipay_certificates,
        };
        let signer = Signer {
            name: name.clone(),
            pem: pem.clone(),
            key,
        };
        let mut signers = signers.write().unwrap_or_else(PoisonError::into_inner);
        signers.push(Arc::new(signer));
        Ok(Rotated { what, name, pem })
    }

    fn alipay_certificate(&self, key: &RsaPrivateKey) -> Result<(String, String), KeysError> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.alipay_root_private_key_pem.is_empty() {
            return Err(KeysError::Encoding(
                "this folder was made before Alipay's certificates could be rotated".to_owned(),
            ));
        }
        alipay_gateway_certificate(key, &private_key(&file.alipay_root_private_key_pem)?)
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

const ALIPAY_ROOT: Name<'_> = Name {
    common: "Paydesk Sandbox Alipay Root",
    organisation: "Paydesk Sandbox",
};
const WECHATPAY_ROOT: Name<'_> = Name {
    common: "Paydesk Sandbox WeChat Pay Root",
    organisation: "Paydesk Sandbox",
};

/// Seven keys of 2048 bits take about a second on one core, so every core makes some.
fn fresh_keys() -> Result<[RsaPrivateKey; 7], KeysError> {
    let makers: Vec<_> = (0..7)
        .map(|_| thread::spawn(|| RsaPrivateKey::new(&mut rand::rngs::OsRng, 2048)))
        .collect();
    let mut keys = Vec::with_capacity(7);
    for maker in makers {
        let key = maker
            .join()
            .map_err(|_| KeysError::Encoding("a key maker died".to_owned()))?;
        keys.push(key.map_err(KeysError::encoding)?);
    }
    keys.try_into()
        .map_err(|_| KeysError::Encoding("seven keys were asked for".to_owned()))
}

fn generate() -> Result<KeyFile, KeysError> {
    let [
        app,
        certificate_app,
        gateway,
        root,
        merchant,
        public_mode,
        platform,
    ] = fresh_keys()?;
    let seller_id = format!("2088{}", digits(12));
    Ok(KeyFile {
        note: "Test keys of a Paydesk sandbox. Worthless anywhere else; never use them there."
            .to_owned(),
        merchant: MerchantCredentials {
            alipay: AlipayCredentials {
                app_id: format!("2021{}", digits(12)),
                app_private_key_pem: private_pem(&app)?,
                gateway_public_key_pem: public_pem(&gateway.to_public_key())?,
                seller_id: seller_id.clone(),
                aes_key: content::fresh_key(),
            },
            alipay_certificate: alipay_certificates(&certificate_app, &gateway, &root, seller_id)?,
            wechatpay: wechatpay_credentials(&merchant, &public_mode, &platform)?,
        },
        alipay_gateway_private_key_pem: private_pem(&gateway)?,
        alipay_root_private_key_pem: private_pem(&root)?,
        wechatpay_public_key_mode_private_key_pem: private_pem(&public_mode)?,
        wechatpay_platform_private_key_pem: private_pem(&platform)?,
        rotated: Vec::new(),
    })
}

/// Whom Alipay's own certificates name.
const ALIPAY_OWNER: &str = "Paydesk Sandbox Alipay Gateway";

fn issued_by_alipay(common: &str) -> Statement<'_> {
    Statement {
        issuer: ALIPAY_ROOT,
        subject: Name {
            common,
            organisation: "Paydesk Sandbox",
        },
        serial: serial(),
        from_year: 2020,
        to_year: 2049,
    }
}

/// Number and text of a further certificate of the gateway, signed by this key under the root's name.
fn alipay_gateway_certificate(
    key: &RsaPrivateKey,
    issuer: &RsaPrivateKey,
) -> Result<(String, String), KeysError> {
    let says = Statement {
        from_year: 2021,
        ..issued_by_alipay(ALIPAY_OWNER)
    };
    let text = certificate::write(&says, &key.to_public_key(), issuer)?;
    Ok((certificate::alipay_serial_number(&says), text))
}

fn alipay_certificates(
    app: &RsaPrivateKey,
    gateway: &RsaPrivateKey,
    root: &RsaPrivateKey,
    seller_id: String,
) -> Result<AlipayCertificateCredentials, KeysError> {
    let issued = issued_by_alipay;
    let root_says = Statement {
        subject: ALIPAY_ROOT,
        ..issued("")
    };
    let app_says = issued("Paydesk Sandbox App");
    let gateway_says = issued(ALIPAY_OWNER);
    let public = |key: &RsaPrivateKey| key.to_public_key();
    Ok(AlipayCertificateCredentials {
        app_id: format!("2021{}", digits(12)),
        app_private_key_pem: private_pem(app)?,
        app_certificate_pem: certificate::write(&app_says, &public(app), root)?,
        alipay_certificate_pem: certificate::write(&gateway_says, &public(gateway), root)?,
        alipay_root_certificate_pem: certificate::write(&root_says, &public(root), root)?,
        app_cert_sn: certificate::alipay_serial_number(&app_says),
        alipay_cert_sn: certificate::alipay_serial_number(&gateway_says),
        alipay_root_cert_sn: certificate::alipay_serial_number(&root_says),
        seller_id,
        aes_key: content::fresh_key(),
    })
}

fn wechatpay_credentials(
    merchant: &RsaPrivateKey,
    public_mode: &RsaPrivateKey,
    platform: &RsaPrivateKey,
) -> Result<WechatpayCredentials, KeysError> {
    let says = |subject| Statement {
        issuer: WECHATPAY_ROOT,
        subject,
        serial: serial(),
        from_year: 2020,
        to_year: 2049,
    };
    let mchid = format!("19{}", digits(8));
    let merchant_says = says(Name {
        common: &mchid,
        organisation: "Paydesk Sandbox",
    });
    let (platform_serial, platform_pem) = platform_certificate(platform)?;
    Ok(WechatpayCredentials {
        appid: format!("wx{}", digits(16)),
        merchant_serial: serial_hex(&merchant_says),
        merchant_private_key_pem: private_pem(merchant)?,
        merchant_certificate_pem: certificate::write(
            &merchant_says,
            &merchant.to_public_key(),
            platform,
        )?,
        apiv3_key: letters(32),
        public_key_id: public_key_id(&mchid),
        public_key_pem: public_pem(&public_mode.to_public_key())?,
        platform_certificate_serial: platform_serial,
        platform_certificate_pem: platform_pem,
        mchid,
    })
}

fn serial_hex(statement: &Statement<'_>) -> String {
    format!("{:X}", statement.serial)
}

fn public_key_id(mchid: &str) -> String {
    format!("PUB_KEY_ID_01{mchid}{}", digits(20))
}

/// Serial number and certificate. Self-signed with its own name: clients read the key and the
/// serial, and no chain exists.
fn platform_certificate(key: &RsaPrivateKey) -> Result<(String, String), KeysError> {
    let says = Statement {
        issuer: WECHATPAY_ROOT,
        subject: WECHATPAY_ROOT,
        serial: serial(),
        from_year: 2020,
        to_year: 2049,
    };
    let pem = certificate::write(&says, &key.to_public_key(), key)?;
    Ok((serial_hex(&says), pem))
}

fn private_pem(key: &RsaPrivateKey) -> Result<String, KeysError> {
    let pem = key
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(KeysError::encoding)?;
    Ok(pem.as_str().to_owned())
}

fn public_pem(key: &RsaPublicKey) -> Result<String, KeysError> {
    key.to_public_key_pem(LineEnding::LF)
        .map_err(KeysError::encoding)
}

fn digits(count: usize) -> String {
    let mut random = rand::rngs::OsRng;
    (0..count)
        .map(|_| char::from(b'0'.saturating_add(random.gen_range(0..10))))
        .collect()
}

/// Random letters and digits, also the control token.
pub(crate) fn letters(count: usize) -> String {
    rand::rngs::OsRng
        .sample_iter(rand::distributions::Alphanumeric)
        .take(count)
        .map(char::from)
        .collect()
}

/// Positive, 127 bits with the first of them set: every serial has the same width without leading zeros,
/// so that readers of the certificate write it exactly as it is given here.
fn serial() -> u128 {
    rand::rngs::OsRng.gen_range((1_u128 << 126)..(1_u128 << 127))
}

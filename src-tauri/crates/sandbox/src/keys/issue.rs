//! Makes keys and credentials: RSA with its certificates, or what stands in for it.
//!
//! Everything is drawn from the one source that it is given. It must never touch the disk.

use std::thread;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use rand::Rng as _;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::{RsaPrivateKey, RsaPublicKey};

use super::certificate::{self, Name, Statement};
use super::signature::Digest;
use super::stand_in::{self, StandIn};
use super::{
    AlipayCertificateCredentials, AlipayCredentials, BtcpayCredentials, KeyFile, KeysError,
    MerchantCredentials, StripeCredentials, UnionpayCredentials, WechatpayCredentials, content,
};
use crate::chance::{Chance, Source};

const ALIPAY_ROOT: Name<'_> = Name {
    common: "Paydesk Sandbox Alipay Root",
    organisation: "Paydesk Sandbox",
};
const WECHATPAY_ROOT: Name<'_> = Name {
    common: "Paydesk Sandbox WeChat Pay Root",
    organisation: "Paydesk Sandbox",
};

/// One key of 2048 bits. The library that the product signs with draws them several times as fast, but from no seed;
/// what is signed and checked with them is done by `rsa` alone.
pub(super) fn fresh_rsa_key(mut source: Source) -> Result<RsaPrivateKey, KeysError> {
    if let Source::Seeded(random) = &mut source {
        return RsaPrivateKey::new(random, 2048).map_err(KeysError::encoding);
    }
    let key = KeyPair::generate(KeySize::Rsa2048).map_err(KeysError::encoding)?;
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&key).map_err(KeysError::encoding)?;
    RsaPrivateKey::from_pkcs8_der(der.as_ref()).map_err(KeysError::encoding)
}

/// Makes some on every core.
pub(super) fn fresh_keys<const COUNT: usize>(
    chance: &Chance,
) -> Result<[RsaPrivateKey; COUNT], KeysError> {
    let makers: Vec<_> = (0..COUNT)
        .map(|_| {
            let source = chance.fork();
            thread::spawn(move || fresh_rsa_key(source))
        })
        .collect();
    let mut keys = Vec::with_capacity(COUNT);
    for maker in makers {
        let key = maker
            .join()
            .map_err(|_| KeysError::Encoding("a key maker died".to_owned()))?;
        keys.push(key?);
    }
    keys.try_into()
        .map_err(|_| KeysError::Encoding(format!("{COUNT} keys were asked for")))
}

/// Everything but UnionPay's keys, which a folder got later.
pub(super) fn generate(chance: &Chance) -> Result<KeyFile, KeysError> {
    let [
        app,
        certificate_app,
        gateway,
        root,
        merchant,
        public_mode,
        platform,
    ] = fresh_keys(chance)?;
    let seller_id = format!("2088{}", chance.digits(12));
    Ok(KeyFile {
        note: "Test keys of a Paydesk sandbox. Worthless anywhere else; never use them there."
            .to_owned(),
        merchant: MerchantCredentials {
            stripe: StripeCredentials::default(),
            alipay: AlipayCredentials {
                app_id: format!("2021{}", chance.digits(12)),
                app_private_key_pem: private_pem(&app)?,
                gateway_public_key_pem: public_pem(&gateway.to_public_key())?,
                seller_id: seller_id.clone(),
                aes_key: content::fresh_key(chance),
            },
            alipay_certificate: alipay_certificates(
                &certificate_app,
                &gateway,
                &root,
                seller_id,
                chance,
            )?,
            btcpay: BtcpayCredentials::default(),
            unionpay: UnionpayCredentials::default(),
            wechatpay: wechatpay_credentials(&merchant, &public_mode, &platform, chance)?,
        },
        alipay_gateway_private_key_pem: private_pem(&gateway)?,
        alipay_root_private_key_pem: private_pem(&root)?,
        wechatpay_public_key_mode_private_key_pem: private_pem(&public_mode)?,
        wechatpay_platform_private_key_pem: private_pem(&platform)?,
        unionpay: None,
        rotated: Vec::new(),
        merchant_keys: Vec::new(),
    })
}

/// Whom Alipay's own certificates name.
const ALIPAY_OWNER: &str = "Paydesk Sandbox Alipay Gateway";

fn issued_by_alipay<'a>(common: &'a str, chance: &Chance) -> Statement<'a> {
    Statement {
        issuer: ALIPAY_ROOT,
        subject: Name {
            common,
            organisation: "Paydesk Sandbox",
        },
        serial: serial(chance),
        from_year: 2020,
        to_year: 2049,
        is_middle: false,
        digest: Digest::Sha256,
    }
}

/// Number and text of a further certificate of the gateway, signed by this key under the root's name.
pub(super) fn alipay_gateway_certificate(
    key: &RsaPrivateKey,
    issuer: &RsaPrivateKey,
    chance: &Chance,
) -> Result<(String, String), KeysError> {
    let says = Statement {
        from_year: 2021,
        ..issued_by_alipay(ALIPAY_OWNER, chance)
    };
    let text = certificate::write(&says, &key.to_public_key(), issuer)?;
    Ok((certificate::alipay_serial_number(&says), text))
}

fn alipay_certificates(
    app: &RsaPrivateKey,
    gateway: &RsaPrivateKey,
    root: &RsaPrivateKey,
    seller_id: String,
    chance: &Chance,
) -> Result<AlipayCertificateCredentials, KeysError> {
    let issued = |common| issued_by_alipay(common, chance);
    let root_says = Statement {
        subject: ALIPAY_ROOT,
        ..issued("")
    };
    let app_says = issued("Paydesk Sandbox App");
    let gateway_says = issued(ALIPAY_OWNER);
    let public = |key: &RsaPrivateKey| key.to_public_key();
    Ok(AlipayCertificateCredentials {
        app_id: format!("2021{}", chance.digits(12)),
        app_private_key_pem: private_pem(app)?,
        app_certificate_pem: certificate::write(&app_says, &public(app), root)?,
        alipay_certificate_pem: certificate::write(&gateway_says, &public(gateway), root)?,
        alipay_root_certificate_pem: certificate::write(&root_says, &public(root), root)?,
        app_cert_sn: certificate::alipay_serial_number(&app_says),
        alipay_cert_sn: certificate::alipay_serial_number(&gateway_says),
        alipay_root_cert_sn: certificate::alipay_serial_number(&root_says),
        seller_id,
        aes_key: content::fresh_key(chance),
    })
}

fn wechatpay_credentials(
    merchant: &RsaPrivateKey,
    public_mode: &RsaPrivateKey,
    platform: &RsaPrivateKey,
    chance: &Chance,
) -> Result<WechatpayCredentials, KeysError> {
    let says = |subject| Statement {
        issuer: WECHATPAY_ROOT,
        subject,
        serial: serial(chance),
        from_year: 2020,
        to_year: 2049,
        is_middle: false,
        digest: Digest::Sha256,
    };
    let mchid = format!("19{}", chance.digits(8));
    let merchant_says = says(Name {
        common: &mchid,
        organisation: "Paydesk Sandbox",
    });
    let (platform_serial, platform_pem) = platform_certificate(platform, chance)?;
    Ok(WechatpayCredentials {
        appid: format!("wx{}", chance.digits(16)),
        merchant_serial: serial_hex(&merchant_says),
        merchant_private_key_pem: private_pem(merchant)?,
        merchant_certificate_pem: certificate::write(
            &merchant_says,
            &merchant.to_public_key(),
            platform,
        )?,
        apiv3_key: chance.letters(32),
        public_key_id: public_key_id(&mchid, chance),
        public_key_pem: public_pem(&public_mode.to_public_key())?,
        platform_certificate_serial: platform_serial,
        platform_certificate_pem: platform_pem,
        mchid,
    })
}

fn serial_hex(statement: &Statement<'_>) -> String {
    format!("{:X}", statement.serial)
}

pub(super) fn public_key_id(mchid: &str, chance: &Chance) -> String {
    format!("PUB_KEY_ID_01{mchid}{}", chance.digits(20))
}

/// Serial number and certificate. Self-signed with its own name: clients read the key and the
/// serial, and no chain exists.
pub(super) fn platform_certificate(
    key: &RsaPrivateKey,
    chance: &Chance,
) -> Result<(String, String), KeysError> {
    let says = Statement {
        issuer: WECHATPAY_ROOT,
        subject: WECHATPAY_ROOT,
        serial: serial(chance),
        from_year: 2020,
        to_year: 2049,
        is_middle: false,
        digest: Digest::Sha256,
    };
    let pem = certificate::write(&says, &key.to_public_key(), key)?;
    Ok((serial_hex(&says), pem))
}

pub(super) fn private_pem(key: &RsaPrivateKey) -> Result<String, KeysError> {
    let pem = key
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(KeysError::encoding)?;
    Ok(pem.as_str().to_owned())
}

pub(super) fn public_pem(key: &RsaPublicKey) -> Result<String, KeysError> {
    key.to_public_key_pem(LineEnding::LF)
        .map_err(KeysError::encoding)
}

/// Positive, 127 bits with the first of them set: every serial has the same width without leading zeros,
/// so that readers of the certificate write it exactly as it is given here.
pub(super) fn serial(chance: &Chance) -> u128 {
    chance.with(|source| source.gen_range((1_u128 << 126)..(1_u128 << 127)))
}

/// What a stand-in merchant is issued, and the channels' side of each key.
pub(super) struct StandInKeys {
    pub(super) merchant: MerchantCredentials,
    pub(super) alipay_app: Box<StandIn>,
    pub(super) alipay_certificate_app: Box<StandIn>,
    pub(super) alipay_gateway: Box<StandIn>,
    pub(super) wechatpay_merchant: Box<StandIn>,
    pub(super) wechatpay_platform: Box<StandIn>,
    pub(super) wechatpay_public_key: Box<StandIn>,
}

/// The fields of a merchant with keys that stand in for RSA.
pub(super) fn stand_in_credentials(chance: &Chance) -> StandInKeys {
    let [
        app,
        certificate_app,
        gateway,
        root,
        merchant,
        platform,
        public_mode,
    ] = std::array::from_fn(|_| chance.secret());
    let text = stand_in::text;
    let number = || format!("{:032x}", serial(chance));
    let seller_id = format!("2088{}", chance.digits(12));
    let mchid = format!("19{}", chance.digits(8));
    let merchant_credentials = MerchantCredentials {
        stripe: StripeCredentials::default(),
        alipay: AlipayCredentials {
            app_id: format!("2021{}", chance.digits(12)),
            app_private_key_pem: text(&app),
            gateway_public_key_pem: text(&gateway),
            seller_id: seller_id.clone(),
            aes_key: content::fresh_key(chance),
        },
        alipay_certificate: AlipayCertificateCredentials {
            app_id: format!("2021{}", chance.digits(12)),
            app_private_key_pem: text(&certificate_app),
            app_certificate_pem: text(&certificate_app),
            alipay_certificate_pem: text(&gateway),
            alipay_root_certificate_pem: text(&root),
            app_cert_sn: number(),
            alipay_cert_sn: number(),
            alipay_root_cert_sn: number(),
            seller_id,
            aes_key: content::fresh_key(chance),
        },
        btcpay: BtcpayCredentials::default(),
        unionpay: UnionpayCredentials::default(),
        wechatpay: WechatpayCredentials {
            appid: format!("wx{}", chance.digits(16)),
            merchant_serial: format!("{:X}", serial(chance)),
            merchant_private_key_pem: text(&merchant),
            merchant_certificate_pem: text(&merchant),
            apiv3_key: chance.letters(32),
            public_key_id: public_key_id(&mchid, chance),
            public_key_pem: text(&public_mode),
            platform_certificate_serial: format!("{:X}", serial(chance)),
            platform_certificate_pem: text(&platform),
            mchid,
        },
    };
    StandInKeys {
        merchant: merchant_credentials,
        alipay_app: Box::new(StandIn::new(&app)),
        alipay_certificate_app: Box::new(StandIn::new(&certificate_app)),
        alipay_gateway: Box::new(StandIn::new(&gateway)),
        wechatpay_merchant: Box::new(StandIn::new(&merchant)),
        wechatpay_platform: Box::new(StandIn::new(&platform)),
        wechatpay_public_key: Box::new(StandIn::new(&public_mode)),
    }
}

/// Serial number and certificate for a further key of the merchant. It ends a year sooner than the first
/// one, so that a person can tell them apart.
pub(super) fn merchant_certificate(
    mchid: &str,
    key: &RsaPublicKey,
    issuer: &RsaPrivateKey,
    chance: &Chance,
) -> Result<(String, String), KeysError> {
    let says = Statement {
        issuer: WECHATPAY_ROOT,
        subject: Name {
            common: mchid,
            organisation: "Paydesk Sandbox",
        },
        serial: serial(chance),
        from_year: 2020,
        to_year: 2048,
        is_middle: false,
        digest: Digest::Sha256,
    };
    let pem = certificate::write(&says, key, issuer)?;
    Ok((serial_hex(&says), pem))
}

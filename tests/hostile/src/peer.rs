//! The other side of the wire with keys of its own, an enemy between us with others, and the calls that they
//! answer. Everything here is a test key of the recorded vectors; nothing is believed by this module.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_channels::{
    AccountSettings, Create, Cx, Finish, Operation, Query, QueryRefund, RefundCall, Target, Tender,
};
use paydesk_domain::{
    Amount, BusinessDay, ChannelRef, Currency, End, Memo, MerchantRef, Mode, OrderNumber, Timestamp,
};
use paydesk_signing::{AccountKeys, KeyId, PrivateKey, Secret};
use rsa::{
    Pkcs1v15Sign, Pss, RsaPrivateKey, pkcs1::DecodeRsaPrivateKey as _,
    pkcs8::DecodePrivateKey as _, pkcs8::EncodePublicKey as _,
};
use serde_json::Value;
use sha2::Digest as _;
use std::path::PathBuf;

/// 2026-11-21 10:24:22 in China.
pub(crate) const NOW: Timestamp = Timestamp(1_795_227_862_000);
/// What the calls ask for.
pub(crate) const AMOUNT: i64 = 8888;
/// What is asked back.
pub(crate) const REFUND: i64 = 800;
/// The merchant's own number at Alipay.
pub(crate) const SELLER: &str = "2088000000000001";

/// Which call an answer pretends to answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ask {
    Charge,
    Close,
    Query,
    QueryRefund,
    Refund,
    Reverse,
    Show,
}

impl Ask {
    pub(crate) const ALL: [Ask; 7] = [
        Ask::Charge,
        Ask::Close,
        Ask::Query,
        Ask::QueryRefund,
        Ask::Refund,
        Ask::Reverse,
        Ask::Show,
    ];
    /// The calls whose answer can say that money moved.
    pub(crate) const MONEY: [Ask; 4] = [Ask::Charge, Ask::Query, Ask::Refund, Ask::QueryRefund];

    pub(crate) fn operation(self) -> Operation {
        match self {
            Ask::Charge => Operation::Charge,
            Ask::Close => Operation::Close,
            Ask::Query => Operation::Query,
            Ask::QueryRefund => Operation::QueryRefund,
            Ask::Refund => Operation::Refund,
            Ask::Reverse => Operation::Reverse,
            Ask::Show => Operation::ShowCode,
        }
    }
}

/// A key of the enemy's choice, for every way of signing that a sound reader must refuse.
pub(crate) struct Signer(RsaPrivateKey);

impl Signer {
    pub(crate) fn read(text: &str) -> Signer {
        let key = if text.contains("-----BEGIN ") {
            RsaPrivateKey::from_pkcs8_pem(text).ok()
        } else {
            let der = STANDARD.decode(text).expect("base64 of a test key");
            let pkcs8 = RsaPrivateKey::from_pkcs8_der(&der).ok();
            pkcs8.or_else(|| RsaPrivateKey::from_pkcs1_der(&der).ok())
        };
        Signer(key.expect("a test key"))
    }

    /// SHA-256 with PKCS#1 v1.5: the way of both channels.
    pub(crate) fn sha256(&self, text: &[u8]) -> Vec<u8> {
        let scheme = Pkcs1v15Sign::new::<sha2::Sha256>();
        self.sign(scheme, &sha2::Sha256::digest(text))
    }

    pub(crate) fn sha1(&self, text: &[u8]) -> Vec<u8> {
        let scheme = Pkcs1v15Sign::new::<sha1::Sha1>();
        self.sign(scheme, &sha1::Sha1::digest(text))
    }

    pub(crate) fn sha512(&self, text: &[u8]) -> Vec<u8> {
        let scheme = Pkcs1v15Sign::new::<sha2::Sha512>();
        self.sign(scheme, &sha2::Sha512::digest(text))
    }

    pub(crate) fn md5(&self, text: &[u8]) -> Vec<u8> {
        // DigestInfo of MD5, RFC 8017.
        let prefix = [
            0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05,
            0x05, 0x00, 0x04, 0x10,
        ];
        let scheme = Pkcs1v15Sign {
            hash_len: Some(16),
            prefix: prefix.into(),
        };
        self.sign(scheme, &md5::Md5::digest(text))
    }

    /// The digest padded without saying which digest it is.
    pub(crate) fn unnamed(&self, text: &[u8]) -> Vec<u8> {
        self.sign(Pkcs1v15Sign::new_unprefixed(), &sha2::Sha256::digest(text))
    }

    pub(crate) fn pss(&self, text: &[u8]) -> Vec<u8> {
        let digest = sha2::Sha256::digest(text);
        let signed = self.0.sign_with_rng(
            &mut rsa::rand_core::OsRng,
            Pss::new::<sha2::Sha256>(),
            &digest,
        );
        signed.expect("a signature")
    }

    /// A padded block of the enemy's making, raised to the private exponent as it is: the garbage that a
    /// reader of loose padding takes for a digest.
    pub(crate) fn loose_padding(&self, text: &[u8]) -> Vec<u8> {
        use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};
        let size = self.0.size();
        let info = [
            0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
            0x01, 0x05, 0x00, 0x04, 0x20,
        ];
        let mut block = vec![0x00, 0x01];
        block.extend([0xff; 8]);
        block.push(0x00);
        block.extend(info);
        block.extend(sha2::Sha256::digest(text));
        block.resize(size, 0x5a);
        let raised = rsa::BigUint::from_bytes_be(&block).modpow(self.0.d(), self.0.n());
        let bytes = raised.to_bytes_be();
        [vec![0; size - bytes.len()], bytes].concat()
    }

    /// The signature plus the modulus: the same number to a careless reader.
    pub(crate) fn beyond_the_modulus(&self, text: &[u8]) -> Vec<u8> {
        use rsa::traits::PublicKeyParts as _;
        let signature = rsa::BigUint::from_bytes_be(&self.sha256(text));
        (signature + self.0.n()).to_bytes_be()
    }

    pub(crate) fn modulus(&self) -> Vec<u8> {
        use rsa::traits::PublicKeyParts as _;
        self.0.n().to_bytes_be()
    }

    /// The public half, as certificates hold it.
    pub(crate) fn spki(&self) -> Vec<u8> {
        let spki = self.0.to_public_key().to_public_key_der();
        spki.expect("a public key").into_vec()
    }

    fn sign(&self, scheme: Pkcs1v15Sign, digest: &[u8]) -> Vec<u8> {
        self.0.sign(scheme, digest).expect("a signature")
    }
}

/// One account, and who may answer it.
pub(crate) struct Peer {
    /// What the shop believes in.
    pub(crate) keys: AccountKeys,
    pub(crate) settings: AccountSettings,
    /// The channel.
    pub(crate) channel: Signer,
    /// The same key with the product's own signing, which is quicker.
    pub(crate) quick: PrivateKey,
    /// Somebody whose key the shop has never seen.
    pub(crate) stranger: Signer,
    /// The shop itself.
    pub(crate) shop: Signer,
    /// The channel's public key as text: a secret to nobody.
    pub(crate) public: String,
    /// The name of the channel's key.
    pub(crate) key_name: String,
    /// The certificate that the channel sends along, where it does.
    pub(crate) certificate: String,
    /// What the payment's attempt remembers.
    pub(crate) memo: Option<Memo>,
    /// The channel's number of the payment, where refunds go by it.
    pub(crate) channel_ref: Option<ChannelRef>,
}

pub(crate) fn recorded(file: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures")
        .join(file);
    let bytes = std::fs::read(path).expect("the recorded vectors");
    serde_json::from_slice(&bytes).expect("the recorded vectors are JSON")
}

pub(crate) fn settings(gateway: &str, fields: &[(&str, &str)]) -> AccountSettings {
    let fields = fields.iter();
    AccountSettings {
        sandbox: false,
        gateway: gateway.to_owned(),
        fields: fields
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    }
}

pub(crate) fn text(keys: &Value, name: &str) -> String {
    keys[name]
        .as_str()
        .expect("a key of the vectors")
        .to_owned()
}

impl Peer {
    pub(crate) fn alipay() -> Peer {
        let (ours, others) = (
            recorded("vectors/alipay_sdk_recorded.json"),
            recorded("vectors/wechatpay_sdk_recorded.json"),
        );
        let key = |name: &str| text(&ours["keys"], name);
        let channel = key("alipay_gateway_private_pkcs8_b64");
        let builder = AccountKeys::builder()
            .private_key(key("app_private_pkcs1_b64").as_bytes())
            .and_then(|it| it.trust_unnamed(key("alipay_gateway_public_spki_b64").as_bytes()));
        Peer {
            keys: builder.expect("the vectors' keys").build(),
            settings: settings(
                "https://openapi.alipay.com/gateway.do",
                &[("app_id", "2021000000000001"), ("seller_id", SELLER)],
            ),
            quick: PrivateKey::read(channel.as_bytes()).expect("a test key"),
            channel: Signer::read(&channel),
            stranger: Signer::read(&text(&others["keys"], "platform_private_pkcs8_pem")),
            shop: Signer::read(&key("app_private_pkcs1_b64")),
            public: key("alipay_gateway_public_spki_b64"),
            key_name: String::new(),
            certificate: String::new(),
            memo: None,
            channel_ref: None,
        }
    }

    pub(crate) fn wechatpay() -> Peer {
        let (ours, others) = (
            recorded("vectors/wechatpay_sdk_recorded.json"),
            recorded("vectors/alipay_sdk_recorded.json"),
        );
        let key = |name: &str| text(&ours["keys"], name);
        let channel = key("platform_private_pkcs8_pem");
        let id = KeyId(key("public_key_id"));
        let build = || {
            AccountKeys::builder()
                .private_key(key("merchant_private_pkcs8_pem").as_bytes())?
                .merchant_certificate(key("merchant_cert_pem").as_bytes())?
                .resource_key(key("apiv3_key").as_bytes())?
                .trust(
                    KeyId::of_serial(&key("platform_serial")),
                    key("platform_cert_pem").as_bytes(),
                )?
                .trust(id.clone(), key("platform_public_pem").as_bytes())?
                .answers_with(id.clone())
        };
        Peer {
            keys: build().expect("the vectors' keys").build(),
            settings: settings(
                "https://api.mch.weixin.qq.com",
                &[("appid", "wx1"), ("mchid", "1900000001")],
            ),
            quick: PrivateKey::read(channel.as_bytes()).expect("a test key"),
            channel: Signer::read(&channel),
            stranger: Signer::read(&text(&others["keys"], "alipay_gateway_private_pkcs8_b64")),
            shop: Signer::read(&key("merchant_private_pkcs8_pem")),
            public: key("platform_public_pem"),
            key_name: id.0,
            certificate: String::new(),
            memo: None,
            channel_ref: None,
        }
    }

    pub(crate) fn cx(&self) -> Cx<'_> {
        Cx {
            keys: &self.keys,
            account: &self.settings,
            now: NOW,
            nonce: [0xAB; 16],
        }
    }
}

/// Our number of the payment.
pub(crate) fn reference() -> MerchantRef {
    numbered(7)
}

/// Our number of another payment.
pub(crate) fn other_reference() -> MerchantRef {
    numbered(8)
}

fn numbered(sequence: u32) -> MerchantRef {
    OrderNumber::compose(Mode::Demo, "A2B3", 0, BusinessDay(20_261_121), sequence)
        .and_then(|number| number.attempt(1))
        .expect("a number")
}

/// Our number of the refund.
pub(crate) fn refund_reference() -> MerchantRef {
    reference().refund(2).expect("a number")
}

fn cny(minor: i64) -> Amount {
    Amount::from_minor(minor, Currency::CNY).expect("an amount")
}

fn target() -> Target {
    Target {
        reference: reference(),
        sent_at: NOW,
        amount: cny(AMOUNT),
        channel_ref: None,
        memo: None,
        told: None,
    }
}

pub(crate) fn create(ask: Ask) -> Create {
    let code = Secret::new("281234567890123456".to_owned());
    Create {
        reference: reference(),
        amount: cny(AMOUNT),
        tender: match ask {
            Ask::Show => Tender::ShowCode,
            _ => Tender::PayerCode(code),
        },
        sent_at: NOW,
        expires: Timestamp(NOW.0 + 300_000),
        subject: "店".to_owned(),
        operator: "wang".to_owned(),
        memo: None,
    }
}

impl Peer {
    pub(crate) fn query(&self) -> Query {
        Query {
            of: self.remembered(),
        }
    }

    pub(crate) fn finish(&self, how: End) -> Finish {
        Finish {
            of: self.remembered(),
            how,
        }
    }

    fn remembered(&self) -> Target {
        Target {
            memo: self.memo.clone(),
            ..target()
        }
    }
}

impl Peer {
    fn paid(&self) -> Target {
        Target {
            channel_ref: self.channel_ref.clone(),
            ..target()
        }
    }

    /// The second refund of the payment; the first gave back as much.
    pub(crate) fn refund(&self) -> RefundCall {
        RefundCall {
            of: self.paid(),
            paid: cny(AMOUNT),
            others: cny(REFUND).money(),
            reference: refund_reference(),
            sent_at: NOW,
            amount: cny(REFUND),
            reason: "退货".to_owned(),
            rate: paydesk_domain::RateChoice::default(),
        }
    }

    pub(crate) fn query_refund(&self) -> QueryRefund {
        QueryRefund {
            of: self.paid(),
            refund: Target {
                reference: refund_reference(),
                amount: cny(REFUND),
                ..target()
            },
            offer: None,
        }
    }
}

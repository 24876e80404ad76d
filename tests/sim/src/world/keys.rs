//! The till's keys in a simulation: stand-ins for RSA on most days, real RSA on some, and a keyring that
//! outlives every crash.
//!
//! A stand-in signature is what the sandbox's text says (`keys/stand_in.rs`): HMAC-SHA-256 of the bytes that
//! RSA would sign, eight times in a row. Written from that text alone, with the product's libraries.

use super::channels::Channels;
use crate::disk::held;
use paydesk_desk::ports::{
    AccountStatus, BoxFuture, Custody, CustodyError, Mark, PeerKey, SecretFields, Vault, VaultKind,
    VaultStatus,
};
use paydesk_domain::{AccountId, Timestamp};
use paydesk_sandbox::{Channel, MerchantCredentials};
use paydesk_signing::{Forged, KeyError, KeyId, Keys, Mac, SealingKey, Secret};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

const MARK: &str = "stand-in:";

/// An RSA-2048 signature has 256 bytes, a tag 32.
const REPEATS: usize = 8;

/// Whose signature a stand-in account believes, and with what it signs.
struct StandIn {
    ours: Mac,
    signing_id: Option<String>,
    theirs: BTreeMap<KeyId, Mac>,
    peer: KeyId,
}

fn mac_of(text: &str) -> Result<Mac, KeyError> {
    let digits = text.strip_prefix(MARK).ok_or(KeyError::Malformed)?;
    let pairs = digits.as_bytes().chunks_exact(2);
    let bytes: Option<Vec<u8>> = pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    Mac::new(&bytes.ok_or(KeyError::Malformed)?)
}

impl StandIn {
    fn alipay(issued: &MerchantCredentials) -> Result<StandIn, KeyError> {
        let alipay = &issued.alipay;
        let peer = KeyId("stand-in".to_owned());
        Ok(StandIn {
            ours: mac_of(&alipay.app_private_key_pem)?,
            signing_id: None,
            theirs: BTreeMap::from([(peer.clone(), mac_of(&alipay.gateway_public_key_pem)?)]),
            peer,
        })
    }

    fn wechatpay(issued: &MerchantCredentials) -> Result<StandIn, KeyError> {
        let wechatpay = &issued.wechatpay;
        let peer = KeyId(wechatpay.public_key_id.clone());
        let certificate = KeyId::of_serial(&wechatpay.platform_certificate_serial);
        Ok(StandIn {
            ours: mac_of(&wechatpay.merchant_private_key_pem)?,
            signing_id: Some(wechatpay.merchant_serial.clone()),
            theirs: BTreeMap::from([
                (peer.clone(), mac_of(&wechatpay.public_key_pem)?),
                (certificate, mac_of(&wechatpay.platform_certificate_pem)?),
            ]),
            peer,
        })
    }
}

impl StandIn {
    /// UnionPay's key comes with each answer; its text stands where the certificate would.
    fn unionpay(issued: &MerchantCredentials) -> Result<StandIn, KeyError> {
        let unionpay = &issued.unionpay;
        let peer = KeyId(unionpay.gateway_certificate_pem.clone());
        Ok(StandIn {
            ours: mac_of(&unionpay.merchant_private_key_pem)?,
            signing_id: Some(unionpay.cert_id.clone()),
            theirs: BTreeMap::from([(peer.clone(), mac_of(&unionpay.gateway_certificate_pem)?)]),
            peer,
        })
    }

    /// None where nothing is signed and the key goes into a header: there is nothing to stand in for.
    fn of(channel: Channel, issued: &MerchantCredentials) -> Result<Option<StandIn>, KeyError> {
        match channel {
            Channel::Alipay => StandIn::alipay(issued).map(Some),
            Channel::Btcpay | Channel::Stripe => Ok(None),
            Channel::Unionpay => StandIn::unionpay(issued).map(Some),
            Channel::Wechatpay => StandIn::wechatpay(issued).map(Some),
        }
    }
}

impl Keys for StandIn {
    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self.ours.tag(input).repeat(REPEATS))
    }

    fn verify(&self, by: &KeyId, input: &[u8], signature: &[u8]) -> Result<(), Forged> {
        let key = self.theirs.get(by).ok_or(Forged::UnknownKey)?;
        if key.tag(input).repeat(REPEATS) == signature {
            Ok(())
        } else {
            Err(Forged::WrongSignature)
        }
    }

    fn verify_sent(
        &self,
        certificate: &[u8],
        _unix_seconds: i64,
        input: &[u8],
        signature: &[u8],
    ) -> Result<KeyId, Forged> {
        let text = std::str::from_utf8(certificate).map_err(|_| Forged::Malformed)?;
        let by = KeyId(text.to_owned());
        self.verify(&by, input, signature).map(|()| by)
    }

    fn mac(&self, _input: &[u8]) -> Result<Vec<u8>, KeyError> {
        Err(KeyError::Missing)
    }

    fn open(&self, _nonce: &[u8], _aad: &[u8], _sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        Err(KeyError::Missing)
    }

    fn seal_field(&self, _plain: &str) -> Result<String, KeyError> {
        Err(KeyError::Missing)
    }

    fn authorize(&self, _headers: &mut Vec<(String, String)>) -> Result<(), KeyError> {
        Err(KeyError::Missing)
    }

    fn signing_id(&self) -> Result<String, KeyError> {
        self.signing_id.clone().ok_or(KeyError::Missing)
    }

    fn root_id(&self) -> Result<String, KeyError> {
        Err(KeyError::Missing)
    }

    fn peer_id(&self) -> Option<KeyId> {
        Some(self.peer.clone())
    }
}

/// Which signatures a run uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signatures {
    /// RSA-2048 on both sides.
    Rsa,
    /// Keyed tags where any changed bit fails.
    StandIn,
}

/// The keyring of one shop: keys, the data key and the mark of Q24. Outlives every crash.
pub(crate) struct Keyring {
    accounts: BTreeMap<AccountId, Arc<dyn Keys>>,
    data: Arc<SealingKey>,
    made: Timestamp,
    mark: Mutex<Mark>,
}

impl Keyring {
    /// The keys that the sandbox issued to this shop.
    ///
    /// # Errors
    /// When a key cannot be read.
    pub(crate) fn new(
        issued: &MerchantCredentials,
        channels: &Channels,
        signatures: Signatures,
        data: [u8; 32],
        now: Timestamp,
    ) -> Result<Keyring, KeyError> {
        let mut accounts: BTreeMap<AccountId, Arc<dyn Keys>> = BTreeMap::new();
        for channel in channels.each() {
            let id = channel.id();
            let stand_in = match signatures {
                Signatures::StandIn => StandIn::of(channel, issued)?,
                Signatures::Rsa => None,
            };
            let keys: Arc<dyn Keys> = match stand_in {
                Some(stand_in) => Arc::new(stand_in),
                None => {
                    let product = paydesk_channels::by_id(id).ok_or(KeyError::Missing)?;
                    Arc::new(product.account_keys(&secret_fields(channel, issued), now)?)
                }
            };
            accounts.insert(account_id(id), keys);
        }
        Ok(Keyring {
            accounts,
            data: Arc::new(SealingKey::new(&data)?),
            made: now,
            mark: Mutex::new(Mark::default()),
        })
    }

    /// When it was made: every certificate of its accounts is valid then.
    #[must_use]
    pub(crate) fn made(&self) -> Timestamp {
        self.made
    }

    /// The keys of a channel's account.
    #[must_use]
    pub(crate) fn of_channel(&self, channel: &str) -> Option<&Arc<dyn Keys>> {
        self.accounts.get(&account_id(channel))
    }

    /// The mark of Q24.
    #[must_use]
    pub(crate) fn known_mark(&self) -> Mark {
        *held(&self.mark)
    }

    /// The data key.
    #[must_use]
    pub(crate) fn data(&self) -> &Arc<SealingKey> {
        &self.data
    }
}

/// The one account of a channel in a simulated shop.
#[must_use]
pub(crate) fn account_id(channel: &str) -> AccountId {
    AccountId(format!("sim-{channel}"))
}

pub(super) fn owned(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn secret_fields(channel: Channel, issued: &MerchantCredentials) -> BTreeMap<String, String> {
    let MerchantCredentials {
        alipay,
        btcpay,
        stripe,
        unionpay,
        wechatpay,
        ..
    } = issued;
    match channel {
        Channel::Alipay => owned(&[
            ("private_key", &alipay.app_private_key_pem),
            ("alipay_public_key", &alipay.gateway_public_key_pem),
        ]),
        Channel::Btcpay => owned(&[("api_key", &btcpay.api_key)]),
        Channel::Stripe => owned(&[
            ("secret_key", &stripe.secret_key),
            ("webhook_secret", &stripe.webhook_secret),
        ]),
        Channel::Unionpay => owned(&[
            ("private_key", &unionpay.merchant_private_key_pem),
            ("sign_cert", &unionpay.merchant_certificate_pem),
            ("middle_cert", &unionpay.middle_certificate_pem),
            ("root_cert", &unionpay.root_certificate_pem),
        ]),
        Channel::Wechatpay => owned(&[
            ("private_key", &wechatpay.merchant_private_key_pem),
            ("merchant_serial", &wechatpay.merchant_serial),
            ("public_key_id", &wechatpay.public_key_id),
            ("public_key", &wechatpay.public_key_pem),
            ("platform_certificates", &wechatpay.platform_certificate_pem),
            ("apiv3_key", &wechatpay.apiv3_key),
        ]),
    }
}

impl Vault for Keyring {
    fn keys(&self, account: &AccountId) -> Result<Arc<dyn Keys>, KeyError> {
        self.accounts.get(account).cloned().ok_or(KeyError::Missing)
    }

    fn data_key(&self) -> Result<Arc<SealingKey>, KeyError> {
        Ok(Arc::clone(&self.data))
    }
}

/// What the wizard and the lock screen would do: nobody is there in a simulation.
fn nobody<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T, CustodyError>> {
    Box::pin(async { Err(CustodyError::UnknownAccount) })
}

impl Custody for Keyring {
    fn status(&self) -> Result<VaultStatus, CustodyError> {
        Ok(VaultStatus::Open(VaultKind::Keyring))
    }

    fn kept_in(&self) -> Option<VaultKind> {
        Some(VaultKind::Keyring)
    }

    fn wait(&self) -> Duration {
        Duration::ZERO
    }

    fn unlock(
        &self,
        _passphrase: Option<Secret<String>>,
    ) -> BoxFuture<'_, Result<VaultStatus, CustodyError>> {
        Box::pin(async { self.status() })
    }

    fn lock(&self) {}

    fn go_real(
        &self,
        _passphrase: Option<Secret<String>>,
    ) -> BoxFuture<'_, Result<VaultStatus, CustodyError>> {
        nobody()
    }

    fn change_passphrase(
        &self,
        _old: Secret<String>,
        _new: Secret<String>,
    ) -> BoxFuture<'_, Result<(), CustodyError>> {
        nobody()
    }

    fn account(&self, _id: &AccountId) -> Option<AccountStatus> {
        None
    }

    fn try_out(&self, _channel: &str, _fields: &SecretFields) -> Result<Arc<dyn Keys>, KeyError> {
        Err(KeyError::Missing)
    }

    fn try_key<'a>(
        &'a self,
        _id: &'a AccountId,
        _key: &'a str,
    ) -> BoxFuture<'a, Result<Arc<dyn Keys>, CustodyError>> {
        nobody()
    }

    fn keep<'a>(
        &'a self,
        _id: &'a AccountId,
        _channel: &'a str,
        _fields: SecretFields,
    ) -> BoxFuture<'a, Result<(), CustodyError>> {
        nobody()
    }

    fn amend<'a>(
        &'a self,
        _id: &'a AccountId,
        _fields: SecretFields,
    ) -> BoxFuture<'a, Result<(), CustodyError>> {
        nobody()
    }

    fn refresh(&self) -> BoxFuture<'_, Result<(), CustodyError>> {
        Box::pin(async { Ok(()) })
    }

    fn forget<'a>(&'a self, _id: &'a AccountId) -> BoxFuture<'a, Result<(), CustodyError>> {
        nobody()
    }

    fn add_key<'a>(
        &'a self,
        _id: &'a AccountId,
        _fields: SecretFields,
    ) -> BoxFuture<'a, Result<String, CustodyError>> {
        nobody()
    }

    fn activate<'a>(
        &'a self,
        _id: &'a AccountId,
        _key: &'a str,
    ) -> BoxFuture<'a, Result<(), CustodyError>> {
        nobody()
    }

    fn retire<'a>(
        &'a self,
        _id: &'a AccountId,
        _key: &'a str,
    ) -> BoxFuture<'a, Result<(), CustodyError>> {
        nobody()
    }

    fn learn<'a>(
        &'a self,
        _id: &'a AccountId,
        _key: PeerKey,
    ) -> BoxFuture<'a, Result<(), CustodyError>> {
        nobody()
    }

    fn mark(&self) -> BoxFuture<'_, Result<Mark, CustodyError>> {
        Box::pin(async { Ok(*held(&self.mark)) })
    }

    fn set_mark(&self, mark: Mark) -> BoxFuture<'_, Result<(), CustodyError>> {
        Box::pin(async move {
            let mut known = held(&self.mark);
            if (mark.epoch, mark.events) > (known.epoch, known.events) {
                *known = mark;
            }
            Ok(())
        })
    }
}

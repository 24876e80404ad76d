//! The keys of a real (or sandbox) merchant account behind the [`Keys`] abilities.
//! Everything is read and checked once, when the account is built.

use crate::{
    certificate::{Certificate, bundle_serial, verify_chain, verify_pinned_chain},
    content::ContentKey,
    digest::Mac,
    keys::{KeyError, Keys},
    material,
    proof::{Forged, KeyId},
    resource::ResourceKey,
    rsa_keys::{PrivateKey, PublicKey},
    secret::Secret,
};
use std::{collections::BTreeMap, fmt};

/// WeChat Pay's content key: exactly 32 characters.
const RESOURCE_KEY_BYTES: usize = 32;

/// Abilities of one account.
#[derive(Default)]
pub struct AccountKeys {
    private: Option<PrivateKey>,
    signing_id: Option<String>,
    root_id: Option<String>,
    trusted: BTreeMap<KeyId, PublicKey>,
    peer: Option<KeyId>,
    mac: Option<Mac>,
    resource: Option<ResourceKey>,
    content: Option<ContentKey>,
    /// The word in front of a token, and the token.
    token: Option<(&'static str, Secret<String>)>,
    pinned: Option<Pinned>,
    senders: Option<Senders>,
}

/// What a certificate that comes with every answer is measured by (UnionPay).
struct Senders {
    between: Vec<Certificate>,
    roots: Vec<Certificate>,
    /// Whether the owner that a certificate names is the channel: the roots sign merchants' certificates as well.
    is_channel: fn(&str) -> bool,
}

impl Senders {
    fn check(&self, leaf: &Certificate, unix_seconds: i64) -> Result<(), Forged> {
        let is_usable = !leaf.is_authority() && leaf.is_for_signing();
        let is_theirs = is_usable && (self.is_channel)(&leaf.common_name());
        let leads = verify_pinned_chain(leaf, &self.between, &self.roots, unix_seconds);
        if is_theirs && leads.is_ok() {
            Ok(())
        } else {
            Err(Forged::UnknownKey)
        }
    }
}

/// What a further certificate of the channel is measured by.
struct Pinned {
    roots: Vec<Certificate>,
    /// The owner that the channel's own certificate names. The roots sign merchants' certificates as well,
    /// so that a chain alone does not make a certificate the channel's.
    owner: String,
}

impl Pinned {
    fn admits(&self, leaf: &Certificate, between: &[Certificate], unix_seconds: i64) -> bool {
        leaf.common_name() == self.owner
            && verify_chain(leaf, between, &self.roots, unix_seconds).is_ok()
    }
}

impl fmt::Debug for AccountKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountKeys")
            .field("signing_id", &self.signing_id)
            .field("peer", &self.peer)
            .field("trusted", &self.trusted.keys())
            .finish_non_exhaustive()
    }
}

impl AccountKeys {
    /// Begins with no ability at all.
    #[must_use]
    pub fn builder() -> AccountKeysBuilder {
        AccountKeysBuilder(AccountKeys::default())
    }

    /// The keys whose signatures are believed.
    pub fn trusted(&self) -> impl Iterator<Item = &KeyId> {
        self.trusted.keys()
    }
}

/// Builds [`AccountKeys`] from what the merchant was given.
#[derive(Debug)]
pub struct AccountKeysBuilder(AccountKeys);

impl AccountKeysBuilder {
    /// Our private key, in any form [`PrivateKey::read`] knows.
    ///
    /// # Errors
    /// `Malformed` when it cannot be read or is below 2048 bits.
    pub fn private_key(mut self, material: &[u8]) -> Result<Self, KeyError> {
        self.0.private = Some(PrivateKey::read(material)?);
        Ok(self)
    }

    /// The name under which the channel knows our key (WeChat Pay: merchant certificate serial).
    #[must_use]
    pub fn signing_id(mut self, id: impl Into<String>) -> Self {
        self.0.signing_id = Some(id.into());
        self
    }

    /// The merchant certificate that belongs to the private key; gives its serial as the signing id.
    ///
    /// # Errors
    /// `Wrong` when it belongs to another private key.
    pub fn merchant_certificate(mut self, material: &[u8]) -> Result<Self, KeyError> {
        let certificate = Certificate::read(material)?;
        self.check_pair(&certificate)?;
        self.0.signing_id = Some(certificate.serial().to_owned());
        Ok(self)
    }

    /// One of the channel's keys, under the id the channel gives it.
    ///
    /// # Errors
    /// `Malformed` when it cannot be read or is below 2048 bits.
    pub fn trust(mut self, id: KeyId, material: &[u8]) -> Result<Self, KeyError> {
        self.0.trusted.insert(id, PublicKey::read(material)?);
        Ok(self)
    }

    /// One of the channel's certificates, under its serial.
    ///
    /// # Errors
    /// `Malformed` when its key is not RSA of at least 2048 bits.
    pub fn trust_certificate(mut self, certificate: &Certificate) -> Result<Self, KeyError> {
        self.0
            .trusted
            .insert(certificate.key_id(), certificate.public_key()?);
        Ok(self)
    }

    /// The channel's one key where it gives no id (Alipay public-key mode): named by its
    /// fingerprint, and expected on every answer.
    ///
    /// # Errors
    /// `Malformed` when it cannot be read; `Wrong` when it is our own public key, a common mix-up.
    pub fn trust_unnamed(mut self, material: &[u8]) -> Result<Self, KeyError> {
        let key = PublicKey::read(material)?;
        if let Some(private) = &self.0.private
            && private.public()?.fingerprint() == key.fingerprint()
        {
            return Err(KeyError::Wrong);
        }
        let id = key.fingerprint_id();
        self.0.trusted.insert(id.clone(), key);
        self.0.peer = Some(id);
        Ok(self)
    }

    /// Which of the trusted keys the channel is asked to answer with.
    ///
    /// # Errors
    /// `Missing` when it is not among the trusted ones.
    pub fn answers_with(mut self, id: KeyId) -> Result<Self, KeyError> {
        if !self.0.trusted.contains_key(&id) {
            return Err(KeyError::Missing);
        }
        self.0.peer = Some(id);
        Ok(self)
    }

    /// Alipay certificate mode: our application certificate, Alipay's certificates (with their
    /// intermediates) and the root bundle, judged at the given moment. The first certificate says who the
    /// owner is; of the others those count that are the owner's, and the newest is expected to sign.
    ///
    /// # Errors
    /// `Wrong` when the application certificate belongs to another key or no chain holds.
    pub fn certificate_mode(
        mut self,
        application: &[u8],
        channel: &[u8],
        roots: &[u8],
        unix_seconds: i64,
    ) -> Result<Self, KeyError> {
        let ours = Certificate::read(application)?;
        self.check_pair(&ours)?;
        let theirs = Certificate::read_all(channel)?;
        let first = theirs.first().ok_or(KeyError::Malformed)?;
        let pinned = Pinned {
            roots: Certificate::read_all(roots)?,
            owner: first.common_name(),
        };
        let (between, leaves): (Vec<Certificate>, Vec<Certificate>) =
            theirs.into_iter().partition(Certificate::is_authority);
        let mut held: Vec<&Certificate> = leaves
            .iter()
            .filter(|leaf| pinned.admits(leaf, &between, unix_seconds))
            .collect();
        held.sort_by_key(|leaf| leaf.valid_from());
        for leaf in &held {
            let id = KeyId(leaf.alipay_serial());
            self.0.trusted.insert(id.clone(), leaf.public_key()?);
            self.0.peer = Some(id);
        }
        if held.is_empty() {
            return Err(KeyError::Wrong);
        }
        self.0.signing_id = Some(ours.alipay_serial());
        self.0.root_id = Some(bundle_serial(roots)?);
        self.0.pinned = Some(pinned);
        Ok(self)
    }

    /// The certificate that belongs to the private key, known to the channel by its decimal serial (UnionPay's
    /// `certId`).
    ///
    /// # Errors
    /// `Wrong` when it belongs to another private key.
    pub fn numbered_certificate(mut self, material: &[u8]) -> Result<Self, KeyError> {
        let certificate = Certificate::read(material)?;
        self.check_pair(&certificate)?;
        self.0.signing_id = Some(certificate.serial_decimal().to_owned());
        Ok(self)
    }

    /// Believes certificates that come with the channel's answers when they lead over one of `between` to one of
    /// `roots` and `is_channel` says so of the common name of their owner.
    ///
    /// # Errors
    /// `Wrong` when none of `between` leads to one of `roots` at the given moment.
    pub fn sent_certificates(
        mut self,
        between: &[u8],
        roots: &[u8],
        is_channel: fn(&str) -> bool,
        unix_seconds: i64,
    ) -> Result<Self, KeyError> {
        let senders = Senders {
            between: Certificate::read_all(between)?,
            roots: Certificate::read_all(roots)?,
            is_channel,
        };
        let leads = senders.between.iter().any(|middle| {
            let way = verify_pinned_chain(middle, &[], &senders.roots, unix_seconds);
            middle.is_authority() && way.is_ok()
        });
        if !leads {
            return Err(KeyError::Wrong);
        }
        self.0.senders = Some(senders);
        Ok(self)
    }

    /// The secret shared with the channel, for HMAC-SHA-256.
    ///
    /// # Errors
    /// `Malformed` when it is empty.
    pub fn mac_secret(mut self, secret: &[u8]) -> Result<Self, KeyError> {
        self.0.mac = Some(Mac::new(secret)?);
        Ok(self)
    }

    /// The content key (WeChat Pay's APIv3 key).
    ///
    /// # Errors
    /// `Malformed` unless it has 32 bytes.
    pub fn resource_key(mut self, key: &[u8]) -> Result<Self, KeyError> {
        if key.len() != RESOURCE_KEY_BYTES {
            return Err(KeyError::Malformed);
        }
        self.0.resource = Some(ResourceKey::new(key)?);
        Ok(self)
    }

    /// The key both sides seal whole contents with (Alipay's AES key), as the console shows it.
    ///
    /// # Errors
    /// `Malformed` unless it is base64 of 16 or 32 bytes.
    pub fn content_key(mut self, text: &[u8]) -> Result<Self, KeyError> {
        self.0.content = Some(ContentKey::read(text)?);
        Ok(self)
    }

    /// A bearer token, written into one request's headers at a time.
    #[must_use]
    pub fn bearer(self, token: Secret<String>) -> Self {
        self.token("Bearer", token)
    }

    /// A token behind another word than `Bearer` (BTCPay Server: `token`).
    #[must_use]
    pub fn token(mut self, scheme: &'static str, token: Secret<String>) -> Self {
        self.0.token = Some((scheme, token));
        self
    }

    /// The finished account.
    #[must_use]
    pub fn build(self) -> AccountKeys {
        self.0
    }

    /// Without a private key there is nothing the certificate could contradict yet, which would
    /// make the order of calls matter; so the key comes first.
    fn check_pair(&self, certificate: &Certificate) -> Result<(), KeyError> {
        let private = self.0.private.as_ref().ok_or(KeyError::Missing)?;
        if private.public()?.fingerprint() == certificate.public_key()?.fingerprint() {
            Ok(())
        } else {
            Err(KeyError::Wrong)
        }
    }
}

impl Keys for AccountKeys {
    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.private.as_ref().ok_or(KeyError::Missing)?.sign(input)
    }

    fn verify(&self, by: &KeyId, input: &[u8], signature: &[u8]) -> Result<(), Forged> {
        self.trusted
            .get(by)
            .ok_or(Forged::UnknownKey)?
            .verify(input, signature)
    }

    fn mac(&self, input: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self.mac.as_ref().ok_or(KeyError::Missing)?.tag(input))
    }

    fn open(&self, nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.resource
            .as_ref()
            .ok_or(KeyError::Missing)?
            .open(nonce, aad, sealed)
    }

    fn seal_field(&self, plain: &str) -> Result<String, KeyError> {
        let peer = self.peer.as_ref().and_then(|id| self.trusted.get(id));
        peer.ok_or(KeyError::Missing)?.seal_field(plain)
    }

    fn seal_content(&self, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.content.as_ref().ok_or(KeyError::Missing)?.seal(plain)
    }

    fn open_content(&self, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.content.as_ref().ok_or(KeyError::Missing)?.open(sealed)
    }

    fn authorize(&self, headers: &mut Vec<(String, String)>) -> Result<(), KeyError> {
        let (scheme, token) = self.token.as_ref().ok_or(KeyError::Missing)?;
        headers.push((
            "Authorization".to_owned(),
            format!("{scheme} {}", token.expose()),
        ));
        Ok(())
    }

    fn signing_id(&self) -> Result<String, KeyError> {
        self.signing_id.clone().ok_or(KeyError::Missing)
    }

    fn root_id(&self) -> Result<String, KeyError> {
        self.root_id.clone().ok_or(KeyError::Missing)
    }

    fn admit(&self, certificate: &[u8], unix_seconds: i64) -> Result<KeyId, Forged> {
        let pinned = self.pinned.as_ref().ok_or(Forged::UnknownKey)?;
        let all = Certificate::read_all(certificate).map_err(|_| Forged::Malformed)?;
        let (leaf, between) = all.split_first().ok_or(Forged::Malformed)?;
        let is_usable = leaf.public_key().is_ok() && !leaf.is_authority();
        if is_usable && pinned.admits(leaf, between, unix_seconds) {
            Ok(KeyId(leaf.alipay_serial()))
        } else {
            Err(Forged::WrongSignature)
        }
    }

    fn verify_sent(
        &self,
        certificate: &[u8],
        unix_seconds: i64,
        input: &[u8],
        signature: &[u8],
    ) -> Result<KeyId, Forged> {
        let senders = self.senders.as_ref().ok_or(Forged::UnknownKey)?;
        // One certificate alone: what stands beside it, readable or not, would be nobody's business.
        let all = material::blocks(certificate).map_err(|_| Forged::Malformed)?;
        let [der] = all.as_slice() else {
            return Err(Forged::Malformed);
        };
        let leaf = Certificate::from_der(der).ok_or(Forged::Malformed)?;
        senders.check(&leaf, unix_seconds)?;
        leaf.verify(input, signature)?;
        Ok(leaf.key_id())
    }

    fn peer_id(&self) -> Option<KeyId> {
        self.peer.clone()
    }
}

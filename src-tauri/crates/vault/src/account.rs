//! An account's secrets as they are stored: every version of its keys, and the channel's keys learned later.
//! Never shows a value; what may be shown is in [`AccountStatus`].

use crate::{
    AccountMaterial, VaultError,
    text::{PlainFields, SecretText},
};
use paydesk_desk::ports::{AccountStatus, KeyState, KeyStatus, PeerStatus, SecretFields};
use paydesk_domain::{AccountId, Timestamp};
use paydesk_signing::{AccountKeys, Certificate, KeyError, PrivateKey, PublicKey, sha256_hex};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// The field in which every connector keeps our private key, if it has one.
const PRIVATE_KEY: &str = "private_key";

/// Makes an account's abilities from its channel's name and its filled-in fields. Given by whoever
/// knows the connectors, so that this crate needs to know none.
pub type KeyMaker =
    Arc<dyn Fn(&str, &BTreeMap<String, String>) -> Result<AccountKeys, KeyError> + Send + Sync>;

/// What the wizard hands over: everything the connector needs to make the account's keys.
#[derive(Debug)]
pub struct AccountSecrets {
    /// The connector's short name.
    pub channel: String,
    /// The connector's own field names. Fields that are no secret, such as a certificate's serial,
    /// belong here too when the keys cannot be made without them.
    pub fields: SecretFields,
}

/// A key or certificate of the channel that came later than the account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LearnedKey {
    /// Its name at the channel.
    pub id: String,
    /// The account field it adds to, for example `platform_certificates`.
    pub field: String,
    /// The certificate, PEM.
    pub material: String,
}

/// One version, complete in itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredVersion {
    pub(crate) id: String,
    pub(crate) fingerprint: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) state: KeyState,
    pub(crate) fields: BTreeMap<String, SecretText>,
}

/// A learned key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredPeer {
    pub(crate) id: String,
    pub(crate) field: String,
    pub(crate) material: String,
    pub(crate) fingerprint: Option<String>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) learned_at: Timestamp,
}

/// An account, any channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredAccount {
    pub(crate) channel: String,
    pub(crate) versions: Vec<StoredVersion>,
    #[serde(default)]
    pub(crate) peers: Vec<StoredPeer>,
}

/// What stands under an account's name: the form of today, or the one the demo began with.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Stored {
    Account(StoredAccount),
    Direct(AccountMaterial),
}

impl Stored {
    pub(crate) fn status(&self) -> AccountStatus {
        match self {
            Stored::Account(account) => account.status(),
            Stored::Direct(_) => AccountStatus {
                channel: String::new(),
                fields: Vec::new(),
                keys: Vec::new(),
                peers: Vec::new(),
            },
        }
    }
}

impl StoredAccount {
    pub(crate) fn new(secrets: &AccountSecrets, now: Timestamp) -> StoredAccount {
        let version = StoredVersion::new(&secrets.fields, None, now, KeyState::Active);
        StoredAccount {
            channel: secrets.channel.clone(),
            versions: vec![version],
            peers: Vec::new(),
        }
    }

    pub(crate) fn active(&self) -> Option<&StoredVersion> {
        let is_active = |version: &&StoredVersion| version.state == KeyState::Active;
        self.versions.iter().find(is_active)
    }

    pub(crate) fn version(&self, id: &str) -> Result<&StoredVersion, VaultError> {
        let found = self.versions.iter().find(|version| version.id == id);
        found.ok_or(VaultError::UnknownKey)
    }

    /// A further version, made of the active one and what is new.
    pub(crate) fn add(
        &mut self,
        fields: &SecretFields,
        now: Timestamp,
    ) -> Result<String, VaultError> {
        let from = self.active().ok_or(VaultError::UnknownKey)?;
        let version = StoredVersion::new(fields, Some(&from.fields), now, KeyState::Waiting);
        let id = version.id.clone();
        if self.versions.iter().any(|known| known.id == id) {
            return Err(VaultError::KeyKnown);
        }
        self.versions.push(version);
        Ok(id)
    }

    /// Makes this version sign; the one that did becomes old.
    pub(crate) fn activate(&mut self, id: &str) -> Result<(), VaultError> {
        self.version(id)?;
        for version in &mut self.versions {
            if version.id == id {
                version.state = KeyState::Active;
            } else if version.state == KeyState::Active {
                version.state = KeyState::Old;
            }
        }
        Ok(())
    }

    /// Forgets a version that does not sign.
    pub(crate) fn retire(&mut self, id: &str) -> Result<(), VaultError> {
        if self.version(id)?.state == KeyState::Active {
            return Err(VaultError::KeyInUse);
        }
        self.versions.retain(|version| version.id != id);
        Ok(())
    }

    /// Changes fields that stay the same from one key to the next, in every version; an empty one goes.
    pub(crate) fn amend(&mut self, fields: &SecretFields) {
        for version in &mut self.versions {
            for (name, value) in fields {
                if value.expose().is_empty() {
                    version.fields.remove(name);
                    continue;
                }
                let value = SecretText::new(value.expose());
                version.fields.insert(name.clone(), value);
            }
            version.name_anew();
        }
    }

    pub(crate) fn learn(&mut self, key: &LearnedKey, now: Timestamp) {
        self.peers.retain(|peer| peer.id != key.id);
        let public = PublicKey::read(key.material.as_bytes()).ok();
        self.peers.push(StoredPeer {
            id: key.id.clone(),
            field: key.field.clone(),
            material: key.material.clone(),
            fingerprint: public.map(|public| grouped(&public.fingerprint())),
            expires_at: first_expiry(&key.material),
            learned_at: now,
        });
    }

    /// The abilities of one version, with every learned key beside the ones typed in.
    pub(crate) fn keys(
        &self,
        version: &StoredVersion,
        make: &KeyMaker,
    ) -> Result<AccountKeys, KeyError> {
        let mut plain = PlainFields(BTreeMap::new());
        for (name, value) in &version.fields {
            plain.0.insert(name.clone(), value.expose().to_owned());
        }
        for peer in &self.peers {
            let bundle = plain.0.entry(peer.field.clone()).or_default();
            if !bundle.is_empty() {
                bundle.push('\n');
            }
            bundle.push_str(&peer.material);
        }
        make(&self.channel, &plain.0)
    }

    fn status(&self) -> AccountStatus {
        let names = self.active().map(|version| version.fields.keys().cloned());
        AccountStatus {
            channel: self.channel.clone(),
            fields: names.map(Iterator::collect).unwrap_or_default(),
            keys: self.versions.iter().map(StoredVersion::status).collect(),
            peers: self.peers.iter().map(StoredPeer::status).collect(),
        }
    }
}

impl StoredVersion {
    fn new(
        fields: &SecretFields,
        from: Option<&BTreeMap<String, SecretText>>,
        now: Timestamp,
        state: KeyState,
    ) -> StoredVersion {
        let mut all = from.cloned().unwrap_or_default();
        for (name, value) in fields {
            all.insert(name.clone(), SecretText::new(value.expose().trim()));
        }
        let mut version = StoredVersion {
            id: String::new(),
            fingerprint: None,
            created_at: now,
            expires_at: None,
            state,
            fields: all,
        };
        version.name_anew();
        version.id = version.name();
        version
    }

    /// Fingerprint and expiry from what the fields hold.
    fn name_anew(&mut self) {
        let private = self.fields.get(PRIVATE_KEY);
        let private = private.and_then(|text| PrivateKey::read(text.expose().as_bytes()).ok());
        let public = private.and_then(|key| key.public().ok());
        self.fingerprint = public.map(|public| grouped(&public.fingerprint()));
        let expiries = self
            .fields
            .iter()
            .filter(|(name, _)| name.contains("cert") && !name.contains("root"));
        self.expires_at = expiries
            .filter_map(|(_, text)| first_expiry(text.expose()))
            .min();
    }

    /// The beginning of the fingerprint, made different by anything else that came with the key: a new
    /// content key or certificate for the same pair is another version. A digest over a 2048-bit key
    /// and the rest tells nothing about them; without a key pair it is the time.
    fn name(&self) -> String {
        let Some(fingerprint) = &self.fingerprint else {
            return format!("key-{}", self.created_at.0);
        };
        let mut all = String::new();
        for (name, text) in &self.fields {
            all.push_str(name);
            all.push('=');
            all.push_str(text.expose());
            all.push('\n');
        }
        let all = zeroize::Zeroizing::new(all);
        let digest = sha256_hex(all.as_bytes());
        let short: String = fingerprint
            .chars()
            .filter(char::is_ascii_hexdigit)
            .collect();
        let part = |text: &str, length| text.get(..length).unwrap_or_default().to_owned();
        format!("{}-{}", part(&short, 16), part(&digest, 8))
    }

    fn status(&self) -> KeyStatus {
        KeyStatus {
            id: self.id.clone(),
            fingerprint: self.fingerprint.clone(),
            created_at: self.created_at,
            expires_at: self.expires_at,
            state: self.state,
        }
    }
}

impl StoredPeer {
    fn status(&self) -> PeerStatus {
        PeerStatus {
            id: self.id.clone(),
            fingerprint: self.fingerprint.clone(),
            expires_at: self.expires_at,
            learned_at: self.learned_at,
        }
    }
}

/// When the first certificate in it expires.
fn first_expiry(material: &str) -> Option<Timestamp> {
    let certificates = Certificate::read_all(material.as_bytes()).ok()?;
    let seconds = certificates.iter().map(Certificate::valid_to).min()?;
    Some(Timestamp(seconds.saturating_mul(1000)))
}

/// Hex as people compare it: groups of four.
fn grouped(hex: &str) -> String {
    let mut text = String::with_capacity(hex.len() + hex.len() / 4);
    for (at, character) in hex.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push(' ');
        }
        text.push(character);
    }
    text
}

/// Names the account in an error about its keys.
pub(crate) fn key_error(id: &AccountId, source: KeyError) -> VaultError {
    VaultError::Key {
        account: id.0.clone(),
        source,
    }
}

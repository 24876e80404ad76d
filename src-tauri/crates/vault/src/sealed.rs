//! The vault of a machine without a keyring: one file, sealed with a passphrase.
//! Argon2id makes the key, AES-256-GCM seals; the heading with the costs is bound to the content.
//!
//! Layout: heading (one line of JSON), sealed content, SHA-256 of both. The digest is no proof, it only
//! tells a damaged file from a wrong passphrase before a person types for nothing.

use crate::{
    VaultError,
    account::Stored,
    attempts::Attempts,
    files::{self, FileLock},
    open_vault::{Contents, Shelf},
    text::SecretText,
};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_domain::{AccountId, Timestamp};
use paydesk_signing::{SealingKey, Secret, sha256};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The version of this layout.
const FORMAT: u32 = 1;
/// The largest vault anybody could have.
const LIMIT: u64 = 4 << 20;
const DIGEST: usize = 32;
/// Shorter passphrases protect nothing against whoever has the file.
pub(crate) const PASSPHRASE_MIN: usize = 8;

/// What guessing one passphrase costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Cost {
    /// 64 MiB, three passes; less in unoptimised builds, where the same would take many seconds.
    pub const DEFAULT: Cost = if cfg!(debug_assertions) {
        Cost {
            memory_kib: 8 * 1024,
            passes: 1,
        }
    } else {
        Cost {
            memory_kib: 64 * 1024,
            passes: 3,
        }
    };

    /// A file that asks for more than a till can give is not ours.
    fn is_sane(self) -> bool {
        (64..=1024 * 1024).contains(&self.memory_kib) && (1..=20).contains(&self.passes)
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heading {
    paydesk_vault: u32,
    kdf: String,
    cost: Cost,
    salt: String,
    /// Tells whether a passphrase is the right one without opening anything.
    check: String,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    data_key: SecretText,
    #[serde(alias = "epoch")]
    mark: u64,
    accounts: BTreeMap<String, Stored>,
}

pub(crate) struct SealedShelf {
    folder: PathBuf,
    path: PathBuf,
    heading: Heading,
    key: SealingKey,
}

/// Where the sealed file of a folder stands.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join("vault.sealed")
}

/// Whether the folder has one.
pub(crate) fn exists(folder: &Path) -> bool {
    path(folder).exists()
}

impl SealedShelf {
    /// A new file with this content.
    pub(crate) fn create(
        folder: &Path,
        passphrase: &Secret<String>,
        cost: Cost,
        contents: &Contents,
        mark: u64,
    ) -> Result<SealedShelf, VaultError> {
        let _lock = FileLock::take(folder)?;
        if exists(folder) {
            return Err(VaultError::Exists { path: path(folder) });
        }
        let (heading, key) = fresh_key(passphrase, cost)?;
        let shelf = SealedShelf {
            folder: folder.to_owned(),
            path: path(folder),
            heading,
            key,
        };
        let data_key = Zeroizing::new(STANDARD.encode(contents.data_key.as_ref()));
        let accounts = contents.accounts.iter();
        shelf.write(&Sealed {
            data_key: SecretText::new(&data_key),
            mark,
            accounts: accounts
                .map(|(id, stored)| (id.0.clone(), stored.clone()))
                .collect(),
        })?;
        Ok(shelf)
    }

    /// Opens the file. A wrong passphrase makes the next try wait, longer each time; the count stands
    /// beside the file, so it only slows down honest people.
    ///
    /// # Errors
    /// `WrongPassphrase`, `Tampered`, `NewerFormat`, `NeedsPassphrase` when there is no file.
    pub(crate) fn open(
        folder: &Path,
        passphrase: &Secret<String>,
        now: Timestamp,
    ) -> Result<SealedShelf, VaultError> {
        let path = path(folder);
        let (heading, _, _) = split(&path)?;
        let attempts = Attempts::beside(folder);
        attempts.begin(now)?;
        let key = derive(passphrase, &heading).ok_or_else(|| tampered(&path))?;
        if check_of(&key, &heading.salt) != heading.check {
            let wait = attempts.wait(now);
            return Err(VaultError::WrongPassphrase { wait });
        }
        let shelf = SealedShelf {
            folder: folder.to_owned(),
            path,
            heading,
            key,
        };
        shelf.read()?;
        attempts.succeeded()?;
        Ok(shelf)
    }

    /// Seals the same content under another passphrase, with a new salt and today's cost.
    pub(crate) fn change_passphrase(
        folder: &Path,
        old: &Secret<String>,
        new: &Secret<String>,
        cost: Cost,
        now: Timestamp,
    ) -> Result<SealedShelf, VaultError> {
        let mut shelf = SealedShelf::open(folder, old, now)?;
        let _lock = FileLock::take(folder)?;
        let content = shelf.read()?;
        (shelf.heading, shelf.key) = fresh_key(new, cost)?;
        shelf.write(&content)?;
        Ok(shelf)
    }

    fn read(&self) -> Result<Sealed, VaultError> {
        let (heading, line, body) = split(&self.path)?;
        if heading.check != self.heading.check {
            // Another process changed the passphrase.
            return Err(VaultError::NeedsPassphrase);
        }
        let opened = self.key.open(&line, &body);
        let plain = Zeroizing::new(opened.map_err(|_| tampered(&self.path))?);
        serde_json::from_slice(&plain).map_err(|_| tampered(&self.path))
    }

    fn write(&self, content: &Sealed) -> Result<(), VaultError> {
        let mut file = serde_json::to_vec(&self.heading).map_err(|_| VaultError::Sealing)?;
        file.push(b'\n');
        let plain = serde_json::to_vec(content).map_err(|_| VaultError::Sealing)?;
        let plain = Zeroizing::new(plain);
        let mut nonce = [0_u8; 12];
        rand::rngs::OsRng.fill_bytes(&mut nonce);
        let sealed = self.key.seal(nonce, &file, &plain);
        file.extend_from_slice(&sealed.map_err(|_| VaultError::Sealing)?);
        let digest = sha256(&file);
        file.extend_from_slice(&digest);
        files::write(&self.path, &file)
    }

    fn change(&self, how: impl FnOnce(&mut Sealed)) -> Result<(), VaultError> {
        let _lock = FileLock::take(&self.folder)?;
        let mut content = self.read()?;
        how(&mut content);
        self.write(&content)
    }
}

impl Shelf for SealedShelf {
    fn load(&self) -> Result<Contents, VaultError> {
        let content = self.read()?;
        let bytes = STANDARD.decode(content.data_key.expose());
        let bytes = Zeroizing::new(bytes.map_err(|_| tampered(&self.path))?);
        let data_key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| tampered(&self.path))?;
        let accounts = content.accounts.into_iter();
        Ok(Contents {
            data_key: Zeroizing::new(data_key),
            accounts: accounts
                .map(|(id, stored)| (AccountId(id), stored))
                .collect(),
        })
    }

    fn account(&self, id: &AccountId) -> Result<Option<Stored>, VaultError> {
        Ok(self.read()?.accounts.remove(&id.0))
    }

    fn set_account(&self, id: &AccountId, account: Option<&Stored>) -> Result<(), VaultError> {
        self.change(|content| match account {
            Some(account) => drop(content.accounts.insert(id.0.clone(), account.clone())),
            None => drop(content.accounts.remove(&id.0)),
        })
    }

    fn mark(&self) -> Result<u64, VaultError> {
        Ok(self.read()?.mark)
    }

    fn set_mark(&self, mark: u64) -> Result<(), VaultError> {
        self.change(|content| content.mark = mark)
    }
}

fn tampered(path: &Path) -> VaultError {
    VaultError::Tampered {
        path: path.to_owned(),
    }
}

/// Heading, its bytes, sealed content; after the digest was checked.
fn split(path: &Path) -> Result<(Heading, Vec<u8>, Vec<u8>), VaultError> {
    let damaged = || tampered(path);
    let bytes = files::read(path, LIMIT)?.ok_or(VaultError::NeedsPassphrase)?;
    let body = bytes.len().checked_sub(DIGEST).ok_or_else(damaged)?;
    let (content, digest) = bytes.split_at_checked(body).ok_or_else(damaged)?;
    if sha256(content).as_slice() != digest {
        return Err(damaged());
    }
    let end = content.iter().position(|byte| *byte == b'\n');
    let end = end.ok_or_else(damaged)?.saturating_add(1);
    let (line, sealed) = content.split_at_checked(end).ok_or_else(damaged)?;
    let heading: Heading = serde_json::from_slice(line).map_err(|_| damaged())?;
    if heading.paydesk_vault > FORMAT {
        return Err(VaultError::NewerFormat {
            found: heading.paydesk_vault,
            known: FORMAT,
        });
    }
    if heading.kdf != "argon2id" || !heading.cost.is_sane() {
        return Err(damaged());
    }
    Ok((heading, line.to_vec(), sealed.to_vec()))
}

fn fresh_key(passphrase: &Secret<String>, cost: Cost) -> Result<(Heading, SealingKey), VaultError> {
    if passphrase.expose().chars().count() < PASSPHRASE_MIN {
        return Err(VaultError::PassphraseTooShort {
            min: PASSPHRASE_MIN,
        });
    }
    let mut salt = [0_u8; 16];
    rand::rngs::OsRng.fill_bytes(&mut salt);
    let mut heading = Heading {
        paydesk_vault: FORMAT,
        kdf: "argon2id".to_owned(),
        cost,
        salt: STANDARD.encode(salt),
        check: String::new(),
    };
    let key = derive(passphrase, &heading).ok_or(VaultError::Sealing)?;
    heading.check = check_of(&key, &heading.salt);
    Ok((heading, key))
}

/// Every guess costs one Argon2id, with the check as much as without it.
fn check_of(key: &SealingKey, salt: &str) -> String {
    STANDARD.encode(key.mac("passphrase check", salt.as_bytes()))
}

fn derive(passphrase: &Secret<String>, heading: &Heading) -> Option<SealingKey> {
    let salt = STANDARD.decode(&heading.salt).ok()?;
    let cost = heading.cost;
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(32)).ok()?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut key = Zeroizing::new([0_u8; 32]);
    let from = passphrase.expose().as_bytes();
    argon.hash_password_into(from, &salt, key.as_mut()).ok()?;
    SealingKey::new(&key).ok()
}

#[cfg(test)]
#[path = "sealed_tests.rs"]
mod tests;

//! What the tests of this crate share: folders that vanish, generated TEST keys, a connector of our own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

use crate::{AccountSecrets, KeyMaker};
use paydesk_signing::{AccountKeys, KeyError, KeyId, PrivateKey, PublicKey, Secret};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, LazyLock},
};

/// A folder that is removed with everything in it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        let name = format!("paydesk-vault-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _gone = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

static KEYS: LazyLock<[String; 2]> = LazyLock::new(|| {
    let mut random = rand::rngs::OsRng;
    let mut key = || {
        let key = paydesk_signing::generate_private_key(&mut random, 2048).unwrap();
        key.expose().clone()
    };
    [key(), key()]
});

/// One of two generated test keys, PEM.
pub(crate) fn private_key(which: usize) -> String {
    KEYS[which].clone()
}

/// A line from the middle of a key, as it would appear in any file that holds it.
pub(crate) fn body_of(pem: &str) -> &str {
    pem.lines().nth(3).expect("a PEM file has lines")
}

pub(crate) fn public_of(pem: &str) -> String {
    let key = PrivateKey::read(pem.as_bytes()).unwrap();
    key.public().unwrap().to_base64()
}

pub(crate) fn peer_id(pem: &str) -> KeyId {
    let key = PrivateKey::read(pem.as_bytes()).unwrap();
    key.public().unwrap().fingerprint_id()
}

pub(crate) fn sign_with(pem: &str, input: &[u8]) -> Vec<u8> {
    PrivateKey::read(pem.as_bytes())
        .unwrap()
        .sign(input)
        .unwrap()
}

/// A connector with a private key, a serial, a content key and any number of peer keys, one a line.
pub(crate) fn maker() -> KeyMaker {
    Arc::new(|channel, fields: &BTreeMap<String, String>| {
        assert_eq!(channel, "testpay");
        let given = |name: &str| fields.get(name).ok_or(KeyError::Missing);
        let mut keys = AccountKeys::builder()
            .private_key(given("private_key")?.as_bytes())?
            .signing_id(given("serial")?.clone());
        if let Ok(key) = given("content_key") {
            keys = keys.resource_key(key.as_bytes())?;
        }
        for line in fields
            .get("peers")
            .into_iter()
            .flat_map(|text| text.lines())
        {
            let id = PublicKey::read(line.as_bytes())?.fingerprint_id();
            keys = keys.trust(id, line.as_bytes())?;
        }
        Ok(keys.build())
    })
}

pub(crate) fn secrets(private_key: &str, serial: &str) -> AccountSecrets {
    let field = |name: &str, value: &str| (name.to_owned(), Secret::new(value.to_owned()));
    AccountSecrets {
        channel: "testpay".to_owned(),
        fields: BTreeMap::from([
            field("private_key", private_key),
            field("serial", serial),
            field("content_key", "canary-content-key-0123456789abc"),
        ]),
    }
}

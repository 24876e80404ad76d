//! Keyrings for tests of whoever uses the vault: one that works, and that can be locked, missing or silent.
//! Compiled only with the feature `stand-ins`, which no program that ships turns on.

use crate::{Keyring, StoreMaker};
use keyring_core::{CredentialStore, Error, mock};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

/// How the keyring behaves from now on, for whoever connects to it anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mood {
    /// It works.
    Works,
    /// It is locked.
    Locked,
    /// There is none.
    Missing,
    /// It never answers.
    Hangs,
}

/// A keyring in memory. Every [`StandIn::keyring`] is another program's way to the same items.
pub struct StandIn {
    store: Arc<CredentialStore>,
    mood: Arc<AtomicU8>,
}

impl std::fmt::Debug for StandIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StandIn")
    }
}

impl StandIn {
    /// An empty one that works.
    ///
    /// # Errors
    /// The library's.
    pub fn new() -> keyring_core::Result<StandIn> {
        Ok(StandIn {
            store: mock::Store::new()?,
            mood: Arc::new(AtomicU8::new(0)),
        })
    }

    /// Changes how it behaves.
    pub fn set(&self, mood: Mood) {
        let number = match mood {
            Mood::Works => 0,
            Mood::Locked => 1,
            Mood::Missing => 2,
            Mood::Hangs => 3,
        };
        self.mood.store(number, Ordering::SeqCst);
    }

    /// A program's way to it, with some patience for each call.
    #[must_use]
    pub fn keyring(&self, patience: Duration) -> Arc<Keyring> {
        let (store, mood) = (Arc::clone(&self.store), Arc::clone(&self.mood));
        let make: StoreMaker = Arc::new(move || {
            let words = |words: &str| words.to_owned().into();
            match mood.load(Ordering::SeqCst) {
                1 => Err(Error::NoStorageAccess(words("SS error: prompt dismissed"))),
                2 => Err(Error::PlatformFailure(words(
                    "ServiceUnknown: not provided",
                ))),
                3 => {
                    std::thread::park_timeout(Duration::from_secs(3600));
                    Err(Error::NoStorageAccess(words("SS error: prompt dismissed")))
                }
                _ => Ok(Arc::clone(&store)),
            }
        });
        Arc::new(Keyring::new(make, patience))
    }
}

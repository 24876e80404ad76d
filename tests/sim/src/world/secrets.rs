//! What must never stand on a till's disk: the codes that payers showed there, and the keys.

use super::World;
use crate::disk::held;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// The secrets of a world, noted where they are made.
#[derive(Default)]
pub(crate) struct Secrets {
    codes: Mutex<BTreeMap<usize, Vec<Vec<u8>>>>,
    keys: Vec<Vec<u8>>,
}

impl Secrets {
    /// Those of a shop with these keys.
    pub(crate) fn of_keys(keys: &[&[u8]]) -> Secrets {
        Secrets {
            codes: Mutex::default(),
            keys: keys.iter().map(|key| key.to_vec()).collect(),
        }
    }

    /// A payer showed this code at a till.
    pub(crate) fn shown(&self, till: usize, code: &str) {
        let mut codes = held(&self.codes);
        codes
            .entry(till)
            .or_default()
            .push(code.as_bytes().to_vec());
    }

    /// The keys, and the codes shown at a till since it was asked last.
    fn at(&self, till: usize) -> Vec<Vec<u8>> {
        let codes = held(&self.codes).remove(&till).unwrap_or_default();
        self.keys.iter().cloned().chain(codes).collect()
    }
}

impl World {
    /// Looks through every file of every till (INV18).
    pub(super) fn look_for_secrets(&mut self) {
        for till in &self.tills {
            let secrets = self.ether.secrets().at(till.number);
            let image = till.machine.disk().image();
            for name in image.names() {
                let content = image.find(name).and_then(|file| image.content(file));
                let (bench, bytes) = (Arc::clone(&self.bench), content.unwrap_or_default());
                self.executor
                    .outside(bench.scan(till.number, name, bytes, &secrets));
            }
        }
    }
}

//! Where the sandbox draws keys, nonces and tokens from: the system, or a seed.
//!
//! A seeded source gives the same draws in the same order on every machine, so that a simulated
//! day can be repeated to the byte. It must never be seeded in a sandbox that listens.

use std::sync::{Mutex, PoisonError};

use rand::rngs::{OsRng, StdRng};
use rand::{CryptoRng, Error, Rng as _, RngCore, SeedableRng as _};

/// A source of draws, shared by all calls of one sandbox.
#[derive(Debug)]
pub(crate) struct Chance(Mutex<Source>);

/// The source itself, for makers of keys.
#[derive(Debug)]
pub(crate) enum Source {
    Seeded(Box<StdRng>),
    System,
}

impl RngCore for Source {
    fn next_u32(&mut self) -> u32 {
        match self {
            Self::Seeded(random) => random.next_u32(),
            Self::System => OsRng.next_u32(),
        }
    }

    fn next_u64(&mut self) -> u64 {
        match self {
            Self::Seeded(random) => random.next_u64(),
            Self::System => OsRng.next_u64(),
        }
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        match self {
            Self::Seeded(random) => random.fill_bytes(bytes),
            Self::System => OsRng.fill_bytes(bytes),
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        match self {
            Self::Seeded(random) => random.try_fill_bytes(bytes),
            Self::System => OsRng.try_fill_bytes(bytes),
        }
    }
}

/// Both are generators that `rand` holds fit for keys; a seeded one is worth what its seed is.
impl CryptoRng for Source {}

impl Chance {
    /// The system's randomness.
    pub(crate) fn system() -> Self {
        Self(Mutex::new(Source::System))
    }

    /// The stream that the seed names.
    pub(crate) fn seeded(seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed);
        Self(Mutex::new(Source::Seeded(Box::new(random))))
    }

    /// A source of its own for one maker, so that makers may run side by side and still agree.
    pub(crate) fn fork(&self) -> Source {
        self.with(|source| match source {
            Source::Seeded(random) => {
                Source::Seeded(Box::new(StdRng::seed_from_u64(random.next_u64())))
            }
            Source::System => Source::System,
        })
    }

    pub(crate) fn with<T>(&self, draw: impl FnOnce(&mut Source) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Digits.
    pub(crate) fn digits(&self, count: usize) -> String {
        self.with(|source| {
            (0..count)
                .map(|_| char::from(b'0'.saturating_add(source.gen_range(0..10))))
                .collect()
        })
    }

    /// Letters and digits, as in nonces and tokens.
    pub(crate) fn letters(&self, count: usize) -> String {
        self.with(|source| {
            source
                .sample_iter(rand::distributions::Alphanumeric)
                .take(count)
                .map(char::from)
                .collect()
        })
    }

    /// Letters and digits that nobody takes for one another, as in BTCPay Server's numbers.
    pub(crate) fn base58(&self, count: usize) -> String {
        const LETTERS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        self.with(|source| {
            (0..count)
                .filter_map(|_| LETTERS.get(source.gen_range(0..LETTERS.len())))
                .map(|letter| char::from(*letter))
                .collect()
        })
    }

    /// 32 bytes.
    pub(crate) fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        self.with(|source| source.fill_bytes(&mut secret));
        secret
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_names_its_stream_and_the_system_has_none() {
        let draw = |chance: Chance| (chance.letters(32), chance.digits(8), chance.secret());
        assert_eq!(draw(Chance::seeded(1)), draw(Chance::seeded(1)));
        assert_ne!(draw(Chance::seeded(1)), draw(Chance::seeded(2)));
        assert_ne!(draw(Chance::system()), draw(Chance::system()));
        assert_eq!(Chance::seeded(1).letters(32).len(), 32);
    }

    /// Short, because only the draws are looked at.
    #[test]
    fn keys_are_drawn_from_the_seed_as_well() {
        let key = |seed| rsa::RsaPrivateKey::new(&mut Chance::seeded(seed).fork(), 512);
        let (one, again) = (key(1).expect("a key"), key(1).expect("a key"));
        assert_eq!(one, again);
        assert_ne!(one, key(2).expect("a key"));
    }
}

//! Secrets in the operating system's keyring: Secret Service, Keychain or Credential Manager.
//! One item per folder and purpose; "no such item" is believed only after a probe was written and read.

mod items;
mod shelf;
#[cfg(test)]
mod tests;
mod thread;

pub(crate) use shelf::KeyringShelf;
pub use thread::{Keyring, StoreMaker};

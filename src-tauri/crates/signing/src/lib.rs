//! Keys, signatures, certificates, and the proofs built from them.
//! Pure: no socket, file, environment or clock; the only randomness is what RSA itself needs.
//! A key handed in can be used but never read back.

mod account;
mod certificate;
mod content;
mod digest;
mod inspect;
mod keys;
mod material;
pub mod mutants;
mod proof;
mod resource;
mod rsa_keys;
mod sealing;
mod secret;
mod stand_in;

pub use account::{AccountKeys, AccountKeysBuilder};
pub use certificate::{Certificate, ChainFault, bundle_serial, verify_chain, verify_pinned_chain};
pub use content::ContentKey;
pub use digest::{Mac, Sha1Pieces, Sha256Pieces, hex, is_same, sha1_hex, sha256, sha256_hex};
pub use inspect::{CertificateFacts, Encoding, InspectError, Inspected, KeyForm, inspect};
pub use keys::{KeyError, Keys};
pub use material::{MaterialKind, recognise};
pub use proof::{Authentic, Forged, KeyId, Peer, WireReply};
pub use resource::ResourceKey;
pub use rsa_keys::{PrivateKey, PublicKey, generate_private_key};
pub use sealing::SealingKey;
pub use secret::Secret;
pub use stand_in::TagKeys;

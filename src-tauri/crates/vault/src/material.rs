//! What an account's keys are made from. Lives between the wizard or sandbox and the vault, never longer.

use paydesk_signing::{AccountKeys, KeyError, KeyId};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A key with which the channel signs.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct PeerKey {
    /// Its name at the channel; none in plain public-key mode.
    pub id: Option<String>,
    /// The public key or certificate, in any form.
    pub material: String,
}

/// The secrets and trusted keys of one account, already sorted into roles: the form in which the demo's
/// generated keys come. Real accounts come as [`crate::AccountSecrets`].
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct AccountMaterial {
    /// Our private key, in any form.
    pub private_key: String,
    /// The name of our key at the channel: WeChat's merchant certificate serial.
    pub signing_id: Option<String>,
    /// Keys the channel signs with.
    pub peer_keys: Vec<PeerKey>,
    /// The one we ask it to sign with, if it can be asked.
    pub answers_with: Option<String>,
    /// WeChat's APIv3 key.
    pub resource_key: Option<String>,
}

impl AccountMaterial {
    /// Parses everything once.
    ///
    /// # Errors
    /// `Malformed` or `Wrong` when a key cannot be used.
    pub fn keys(&self) -> Result<AccountKeys, KeyError> {
        let mut builder = AccountKeys::builder().private_key(self.private_key.as_bytes())?;
        if let Some(id) = &self.signing_id {
            builder = builder.signing_id(id.clone());
        }
        for peer in &self.peer_keys {
            builder = match &peer.id {
                Some(id) => builder.trust(KeyId(id.clone()), peer.material.as_bytes())?,
                None => builder.trust_unnamed(peer.material.as_bytes())?,
            };
        }
        if let Some(id) = &self.answers_with {
            builder = builder.answers_with(KeyId(id.clone()))?;
        }
        if let Some(key) = &self.resource_key {
            builder = builder.resource_key(key.as_bytes())?;
        }
        Ok(builder.build())
    }
}

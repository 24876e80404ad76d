//! What one merchant account can do: abilities, never bytes.

use crate::proof::{Forged, KeyId};

/// Why a key could not be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// The vault is locked.
    #[error("the keys are locked")]
    Locked,
    /// The bytes are not a usable key: unreadable, too short, too weak.
    #[error("the key cannot be read, or is too weak")]
    Malformed,
    /// This account has no such key.
    #[error("the account has no such key")]
    Missing,
    /// The key does not fit: a tag does not match, a pair does not belong together.
    #[error("the key does not fit")]
    Wrong,
}

/// The abilities of one merchant account.
pub trait Keys: Send + Sync {
    /// Signs a request: RSASSA-PKCS1-v1_5 with SHA-256, raw signature bytes.
    ///
    /// # Errors
    /// `Missing` without a private key, `Locked` behind a closed vault.
    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, KeyError>;

    /// Checks a signature of the channel's key `by` over `input`.
    ///
    /// # Errors
    /// `UnknownKey` for a key we do not trust, `WrongSignature` otherwise.
    fn verify(&self, by: &KeyId, input: &[u8], signature: &[u8]) -> Result<(), Forged>;

    /// HMAC-SHA-256 under the secret shared with the channel.
    ///
    /// # Errors
    /// `Missing` when there is none.
    fn mac(&self, input: &[u8]) -> Result<Vec<u8>, KeyError>;

    /// Opens AES-256-GCM content of the channel.
    ///
    /// # Errors
    /// `Wrong` when a bit differs, `Missing` without the key.
    fn open(&self, nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError>;

    /// Seals one request field for the channel: RSAES-OAEP with SHA-1, base64.
    ///
    /// # Errors
    /// `Missing` without the channel's key, `Malformed` when the text is too long for it.
    fn seal_field(&self, plain: &str) -> Result<String, KeyError>;

    /// Seals a whole content for the channel under the content key both share (AES-CBC).
    /// Whoever wraps an account must hand this on: `Missing` means that contents are sent as they are.
    ///
    /// # Errors
    /// `Missing` when contents are not sealed.
    fn seal_content(&self, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let _ = plain;
        Err(KeyError::Missing)
    }

    /// Opens a whole content that the channel sealed. Only for bytes whose signature was checked.
    ///
    /// # Errors
    /// `Missing` without the key, `Wrong` when it does not open.
    fn open_content(&self, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let _ = sealed;
        Err(KeyError::Missing)
    }

    /// Writes a bearer token into the headers of this one request.
    ///
    /// # Errors
    /// `Missing` when the account has none.
    fn authorize(&self, headers: &mut Vec<(String, String)>) -> Result<(), KeyError>;

    /// The name under which the channel knows our signing key: WeChat's merchant certificate
    /// serial, Alipay's application certificate number. `Missing` means plain public-key mode.
    ///
    /// # Errors
    /// `Missing` when the key has no name.
    fn signing_id(&self) -> Result<String, KeyError>;

    /// The number of the root bundle that a certificate-mode request must name.
    ///
    /// # Errors
    /// `Missing` outside certificate mode.
    fn root_id(&self) -> Result<String, KeyError>;

    /// The number of a further certificate of the channel (with its intermediates), when it leads to the
    /// pinned roots and names the same owner as the certificate that is trusted already. Whoever wraps an
    /// account must hand this on.
    ///
    /// # Errors
    /// `UnknownKey` outside certificate mode, `Malformed` when it is no certificate, `WrongSignature` when it
    /// does not lead to a root, is not valid now, or is another's.
    fn admit(&self, certificate: &[u8], unix_seconds: i64) -> Result<KeyId, Forged> {
        let _ = (certificate, unix_seconds);
        Err(Forged::UnknownKey)
    }

    /// Checks a signature over `input` under the certificate that the channel sends along with it, and names that
    /// certificate. It must lead to the pinned ones, be valid at the moment and name the channel. Whoever wraps an
    /// account must hand this on.
    ///
    /// # Errors
    /// `UnknownKey` where no certificates are sent along or this one is not the channel's, `Malformed` when it is no
    /// certificate, `WrongSignature` when the signature does not fit.
    fn verify_sent(
        &self,
        certificate: &[u8],
        unix_seconds: i64,
        input: &[u8],
        signature: &[u8],
    ) -> Result<KeyId, Forged> {
        let _ = (certificate, unix_seconds, input, signature);
        Err(Forged::UnknownKey)
    }

    /// The key with which the channel is expected, or asked, to sign its answers.
    fn peer_id(&self) -> Option<KeyId>;
}

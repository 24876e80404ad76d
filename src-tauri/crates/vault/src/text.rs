//! Secret text that must be stored: wiped when dropped, never shown.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};
use zeroize::Zeroize;

/// A secret in the form in which it is stored. Only sealed files, the keyring and the demo's key file
/// ever see it serialized.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SecretText(String);

impl SecretText {
    pub(crate) fn new(text: &str) -> SecretText {
        SecretText(text.to_owned())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl Drop for SecretText {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Plain fields for the moment in which a connector reads them; wiped afterwards.
pub(crate) struct PlainFields(pub(crate) BTreeMap<String, String>);

impl Drop for PlainFields {
    fn drop(&mut self) {
        self.0.values_mut().for_each(Zeroize::zeroize);
    }
}

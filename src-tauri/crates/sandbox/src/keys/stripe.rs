//! What Stripe issues: keys in test mode, a secret for its notices, an account and its first reader.
//!
//! It must never issue a key that could be taken for one of live mode.

use serde::{Deserialize, Serialize};

use crate::chance::Chance;

/// What a merchant gets from Stripe.
#[derive(Clone, Default, Deserialize, Serialize)]
pub struct StripeCredentials {
    /// The account, `acct_…`.
    pub account: String,
    /// The key of calls, `sk_test_…`. A test key.
    pub secret_key: String,
    /// A key with less rights, `rk_test_…`: it may do what a till needs. A test key.
    pub restricted_key: String,
    /// Signs what is told to the merchant's address, `whsec_…`. A test secret.
    pub webhook_secret: String,
    /// The reader on the counter, `tmr_…`.
    pub reader: String,
    /// Where it stands, `tml_…`.
    pub location: String,
}

impl StripeCredentials {
    pub(super) fn fresh(chance: &Chance) -> Self {
        let own = |prefix: &str, count| format!("{prefix}{}", chance.letters(count));
        Self {
            account: own("acct_1", 15),
            secret_key: own("sk_test_", 99),
            restricted_key: own("rk_test_", 99),
            webhook_secret: own("whsec_", 32),
            reader: own("tmr_F", 13),
            location: own("tml_F", 13),
        }
    }
}

/// A stream of its own, so that what is drawn here changes no draw of the other channels.
pub(super) fn own_chance(seed: u64) -> Chance {
    Chance::seeded(seed ^ u64::from_be_bytes(*b"stripe__"))
}

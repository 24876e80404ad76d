//! What a merchant gets from a BTCPay Server: stores and keys. Nothing is signed there but webhooks.
//!
//! It must never be of use at a real server.

use serde::{Deserialize, Serialize};

use crate::chance::Chance;

/// What a merchant gets from BTCPay Server.
#[derive(Clone, Default, Deserialize, Serialize)]
pub struct BtcpayCredentials {
    /// The merchant's store.
    pub store_id: String,
    /// Its default currency.
    pub currency: String,
    /// May do everything that a shop does there.
    pub api_key: String,
    /// May make and see invoices and offer refunds that the owner has to approve, and nothing else.
    pub till_api_key: String,
    /// The store of somebody else on the same server.
    pub other_store_id: String,
    /// The default currency of that one.
    pub other_currency: String,
    /// Opens that one only.
    pub other_api_key: String,
}

impl BtcpayCredentials {
    pub(super) fn fresh(chance: &Chance) -> Self {
        let store_id = || chance.base58(44);
        let key = || {
            let bytes = chance.secret();
            let bytes = bytes.iter().take(20);
            bytes.map(|byte| format!("{byte:02x}")).collect()
        };
        Self {
            store_id: store_id(),
            currency: "CNY".to_owned(),
            api_key: key(),
            till_api_key: key(),
            other_store_id: store_id(),
            other_currency: "USD".to_owned(),
            other_api_key: key(),
        }
    }
}

/// A stream of its own, so that what is drawn here changes no draw of the other channels.
pub(super) fn own_chance(seed: u64) -> Chance {
    Chance::seeded(seed ^ u64::from_be_bytes(*b"btcpay!!"))
}

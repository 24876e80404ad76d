//! Who calls: a key, the store that it belongs to, and what it may do there.
//!
//! It must never tell a stranger whether a key is nearly right.

use sha2::{Digest as _, Sha256};

use super::answer::Refusal;
use crate::exchange::Call;
use crate::keys::Keys;
use crate::ledger::Currency;
use crate::ledger::unit;

pub(super) const CREATE_INVOICE: &str = "btcpay.store.cancreateinvoice";
pub(super) const MODIFY_INVOICES: &str = "btcpay.store.canmodifyinvoices";
pub(super) const VIEW_INVOICES: &str = "btcpay.store.canviewinvoices";
pub(super) const VIEW_SETTINGS: &str = "btcpay.store.canviewstoresettings";
pub(super) const MODIFY_WEBHOOKS: &str = "btcpay.store.webhooks.canmodifywebhooks";
pub(super) const OFFER_REFUND: &str = "btcpay.store.cancreatenonapprovedpullpayments";
pub(super) const ARCHIVE_PULLS: &str = "btcpay.store.canarchivepullpayments";
pub(super) const VIEW_PULLS: &str = "btcpay.store.canviewpullpayments";
pub(super) const MANAGE_PAYOUTS: &str = "btcpay.store.canmanagepayouts";
pub(super) const VIEW_PAYOUTS: &str = "btcpay.store.canviewpayouts";
const APPROVE_REFUND: &str = "btcpay.store.cancreatepullpayments";

/// Everything that a shop's key can have.
const ALL: [&str; 11] = [
    CREATE_INVOICE,
    MODIFY_INVOICES,
    VIEW_INVOICES,
    VIEW_SETTINGS,
    MODIFY_WEBHOOKS,
    OFFER_REFUND,
    APPROVE_REFUND,
    ARCHIVE_PULLS,
    VIEW_PULLS,
    MANAGE_PAYOUTS,
    VIEW_PAYOUTS,
];
/// What the narrow key has.
const NARROW: [&str; 5] = [
    CREATE_INVOICE,
    VIEW_INVOICES,
    VIEW_SETTINGS,
    OFFER_REFUND,
    VIEW_PULLS,
];

/// A shop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Store<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    /// Of invoices that name none.
    pub(super) currency: Currency,
}

/// The store with this id: the merchant's own, or the other one, which keeps another currency.
pub(super) fn store<'a>(keys: &'a Keys, id: &str) -> Result<Store<'a>, Refusal> {
    let own = &keys.merchant.btcpay;
    let stores = [
        (&own.store_id, "Paydesk Sandbox", &own.currency),
        (&own.other_store_id, "Another Shop", &own.other_currency),
    ];
    stores
        .into_iter()
        .find(|(known, ..)| *known == id)
        .map(|(id, name, currency)| Store {
            id,
            name,
            currency: unit::known(currency).unwrap_or(Currency::CNY),
        })
        .ok_or_else(|| Refusal::not_found("store-not-found", "store"))
}

/// Whose key it is.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) key: String,
    pub(super) label: &'static str,
    store_id: String,
    permissions: &'static [&'static str],
}

impl Caller {
    /// By `Authorization: token …`.
    pub(super) fn read(keys: &Keys, call: &Call) -> Result<Self, Refusal> {
        let header = call
            .header("authorization")
            .and_then(|header| header.split_once(' '));
        let given = header.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("token"));
        let given = given.map(|(_, key)| Sha256::digest(key.trim()));
        let own = &keys.merchant.btcpay;
        let known = [
            (&own.api_key, "shop", &own.store_id, ALL.as_slice()),
            (&own.till_api_key, "till", &own.store_id, NARROW.as_slice()),
            (
                &own.other_api_key,
                "other shop",
                &own.other_store_id,
                ALL.as_slice(),
            ),
        ];
        // Digests of equal length leave nothing to time.
        let mut known = known.into_iter();
        let found = known.find(|(key, ..)| given == Some(Sha256::digest(key.as_str())));
        let (key, label, store_id, permissions) = found.ok_or_else(Refusal::unauthenticated)?;
        Ok(Self {
            key: key.clone(),
            label,
            store_id: store_id.clone(),
            permissions,
        })
    }

    /// Whether it may do this in its own store.
    pub(super) fn may(&self, permission: &str) -> bool {
        self.permissions.contains(&permission)
    }

    /// It may do this in that store.
    pub(super) fn need(&self, store_id: &str, permission: &str) -> Result<(), Refusal> {
        if self.store_id == store_id && self.may(permission) {
            return Ok(());
        }
        Err(Refusal::missing_permission(permission))
    }

    /// What it may do, as keys are told of it.
    pub(super) fn scoped(&self) -> Vec<String> {
        let scoped = |permission: &&str| format!("{permission}:{}", self.store_id);
        self.permissions.iter().map(scoped).collect()
    }
}

//! The account that is tested, and which of its fields an answer speaks of.

use crate::shop::Account;
use paydesk_channels::{Channel, FieldCheck, FieldKind};
use paydesk_domain::Timestamp;
use paydesk_signing::Keys;
use std::sync::Arc;

/// What is tested, put together.
pub(super) struct Patient {
    pub(super) account: Account,
    pub(super) channel: &'static dyn Channel,
    pub(super) keys: Option<Arc<dyn Keys>>,
    /// The look at the fields, for a form.
    pub(super) fields: Option<Vec<FieldCheck>>,
    pub(super) expires: Option<Timestamp>,
    /// Where the certificate stands that runs out first.
    pub(super) expiring: Option<&'static str>,
    /// The fields that are filled in.
    pub(super) filled: Vec<String>,
}

impl Patient {
    /// The field that proves the channel's answers, as it is filled in.
    pub(super) fn peer_field(&self) -> Option<&'static str> {
        let mut fields = self.channel.profile().peer_fields.iter().copied();
        let first = fields.clone().next();
        fields
            .find(|name| self.filled.iter().any(|filled| filled == name))
            .or(first)
    }

    /// The number that names the merchant's application.
    pub(super) fn number_field(&self) -> Option<&'static str> {
        let mut fields = self.channel.profile().fields.iter();
        let number = fields.find(|field| field.kind == FieldKind::Text && !field.optional);
        number.map(|field| field.name)
    }

    /// Whether every request proves itself: by a key that signs it, or by one that is sent along.
    pub(super) fn signs(&self) -> bool {
        let mut fields = self.channel.profile().fields.iter();
        fields.any(|field| field.kind == FieldKind::PrivateKey)
    }

    /// The field with our own key.
    pub(super) fn own_key_field(&self) -> &'static str {
        let fields = self.channel.profile().fields;
        let private = fields
            .iter()
            .find(|field| field.kind == FieldKind::PrivateKey);
        let sent = || {
            fields
                .iter()
                .find(|field| field.is_secret() && !field.optional)
        };
        private
            .or_else(sent)
            .map_or("private_key", |field| field.name)
    }

    /// One of two texts: for a channel whose answers are signed, and for one whose answers its host vouches for.
    pub(super) fn told(&self, signed: &'static str, vouched: &'static str) -> &'static str {
        if self.channel.profile().peer_fields.is_empty() {
            vouched
        } else {
            signed
        }
    }

    /// The address, where a person can change it.
    pub(super) fn gateway_field(&self) -> Option<&'static str> {
        self.account.sandbox.then_some("gateway")
    }
}

//! The connectors, for whoever asks the desk about channels.

use paydesk_channels::{Channel, CodeMeaning};

/// What a code of a channel means: did money move, and which text explains it.
#[must_use]
pub fn meaning(channel: &str, code: &str) -> Option<&'static CodeMeaning> {
    paydesk_channels::by_id(channel).and_then(|c| c.meaning(code))
}

/// Every connector.
#[must_use]
pub fn channels() -> &'static [&'static dyn Channel] {
    paydesk_channels::all()
}

/// The connector with this short name.
#[must_use]
pub fn channel(id: &str) -> Option<&'static dyn Channel> {
    paydesk_channels::by_id(id)
}

/// Whether a channel issues bills that can be compared.
#[must_use]
pub fn has_bills(id: &str) -> bool {
    paydesk_channels::by_id(id).is_some_and(|channel| channel.bills().is_some())
}

/// The connector whose payers show codes of this form.
#[must_use]
pub fn channel_of_code(text: &str) -> Option<&'static dyn Channel> {
    paydesk_channels::by_payment_code(text)
}

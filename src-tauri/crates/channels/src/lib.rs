//! The connectors: pure codecs between our calls and each channel's wire.
//! No sockets, no time, no retries inside; no connector knows another.

mod bills;
mod calls;
mod channel;
mod field_check;
mod notices;

pub use bills::*;
pub use calls::*;
pub use channel::*;
pub use field_check::*;
pub use notices::*;

/// Names every connector once; the registry and the look-up by payment code come from the list.
macro_rules! channels {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*

        /// Every connector, in the order of their names.
        #[must_use]
        pub fn all() -> &'static [&'static dyn Channel] {
            &[$(&$module::CONNECTOR),*]
        }
    };
}

pub mod wire;

channels! { alipay, btcpay, stripe, unionpay, wechatpay }

/// The connector with this short name.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static dyn Channel> {
    all()
        .iter()
        .copied()
        .find(|channel| channel.profile().id == id)
}

/// The connector whose payers show codes of this form. It proposes a channel, nothing more.
#[must_use]
pub fn by_payment_code(text: &str) -> Option<&'static dyn Channel> {
    all()
        .iter()
        .copied()
        .find(|channel| channel.profile().codes.iter().any(|p| p.matches(text)))
}

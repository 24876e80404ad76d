//! The console: one list of commands, their bodies, coded errors.
//! Used by the window, the command line and the test host; knows none of them.

mod accounts;
mod bills;
mod callers;
mod cash;
mod choosing;
mod coins;
pub mod contract;
mod currencies;
mod demo;
mod errors;
mod export;
mod fees;
mod field_verdicts;
mod flows;
mod kept_files;
mod keys;
mod orders;
mod pay;
mod payouts;
mod readers;
mod receipts;
mod shop;
mod statement_words;
mod statements;
mod surroundings;
mod takings;
mod timeline;
mod views;
mod worklist;

pub use callers::{AddCaller, HeardNotice, KnownCaller};
pub use currencies::minor_units_like;
pub use errors::{coded, refused, refused_with, sentence, store_error, words};
pub use paydesk_domain::CASH;
pub use surroundings::{NewFile, ShownPage, Surroundings};

use contract::*;
use paydesk_desk::{Desk, Told};
use paydesk_domain::OrderNumber;
use std::sync::Arc;
use tokio::sync::broadcast;

/// The commands over one data folder.
#[derive(Clone)]
pub struct Console {
    desk: Arc<Desk>,
    surroundings: Arc<dyn Surroundings>,
    setting_up: Arc<tokio::sync::Mutex<()>>,
    exporting: export::Exporting,
    listening: Arc<std::sync::Mutex<contract::ListeningView>>,
}

impl Console {
    /// The commands of a desk.
    #[must_use]
    pub fn new(desk: Arc<Desk>, surroundings: Arc<dyn Surroundings>) -> Console {
        Console {
            desk,
            surroundings,
            setting_up: Arc::default(),
            exporting: export::Exporting::default(),
            listening: Arc::default(),
        }
    }

    /// The same commands over another desk: for measurements with another network.
    #[must_use]
    pub fn over(&self, desk: Arc<Desk>) -> Console {
        Console::new(desk, Arc::clone(&self.surroundings))
    }

    /// The desk behind it.
    #[must_use]
    pub fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// What moves, as the windows are told.
    #[must_use]
    pub fn events(&self) -> Events {
        Events(self.desk.listen())
    }
}

/// What moves, one after the other.
pub struct Events(broadcast::Receiver<Told>);

impl Events {
    /// The next one; `None` when the desk is gone. Who falls behind is told to look at everything.
    pub async fn next(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(Told::Order { number, version }) => {
                let version = u32::try_from(version).unwrap_or(u32::MAX);
                Some(Event::OrderChanged {
                    order_id: number.to_string(),
                    version,
                })
            }
            Ok(Told::Status) | Err(broadcast::error::RecvError::Lagged(_)) => {
                Some(Event::StatusChanged)
            }
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

macro_rules! dispatch {
    ($($(#[$doc:meta])* $name:ident: $args:ty => $answer:ty,)+) => {
        /// The names of every command.
        pub const COMMANDS: &[&str] = &[$(stringify!($name)),+];

        impl Console {
            /// Calls a command by its name, for hosts that speak JSON.
            ///
            /// # Errors
            /// `InvalidArguments` for an unknown name or arguments that do not fit; else the command's own.
            pub async fn call(&self, name: &str, args: serde_json::Value) -> Result<serde_json::Value, CommandError> {
                match name {
                    $(stringify!($name) => {
                        let args: $args = serde_json::from_value(args).map_err(|e| invalid(&e.to_string()))?;
                        let answer: $answer = self.$name(args).await?;
                        serde_json::to_value(answer).map_err(|e| internal(&e.to_string()))
                    })+
                    _ => Err(invalid("no such command")),
                }
            }
        }
    };
}
with_commands!(dispatch);

/// Arguments that do not fit; the text says which field, never its value: a pasted key that stands in
/// the wrong place must not come back in an error.
fn invalid(what: &str) -> CommandError {
    let named = ["missing field `", "unknown field `"];
    let names_a_field = named.iter().any(|start| what.starts_with(start));
    let mut parts = what.split('`');
    let what = match (parts.next(), parts.next()) {
        (Some(said), Some(field)) if names_a_field && is_name(field) => format!("{said}`{field}"),
        _ if is_name(what) => what.to_owned(),
        _ => "arguments".to_owned(),
    };
    refused_with(ErrorCode::InvalidArguments, &[("what", what)])
}

/// Whether it can only be the name of a field.
fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit();
    (1..=40).contains(&text.len()) && text.bytes().all(plain)
}

fn internal(what: &str) -> CommandError {
    tracing::error!(what, "the program has an error of its own");
    refused(ErrorCode::Internal)
}

pub(crate) fn number(text: &str) -> Result<OrderNumber, CommandError> {
    OrderNumber::parse(text).map_err(|_| refused(ErrorCode::OrderNotFound))
}

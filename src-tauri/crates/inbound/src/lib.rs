//! Everything that listens: the payment interface for other software, and channels' notices.
//!
//! It asks the console what the window asks, and must never hold a state of a payment, a database or a secret.
//! Off until a person switches it on; loopback unless a person allows more; whoever comes must sign.

mod door;
mod keeper;
mod limits;
mod memory;
mod notices;
mod orders;
mod payer;
mod refusal;
mod server;
mod signature;

pub use keeper::Keeper;
pub use limits::*;
pub use orders::ROUTES;
pub use refusal::{CODES, NEXT_STEPS};
pub use server::{Serving, serve, serve_on};
pub use signature::{SCHEME, Signed, base_string};

/// The description of the interface, as it is served.
pub const OPENAPI: &str = include_str!("../openapi.json");

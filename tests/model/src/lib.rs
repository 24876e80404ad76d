//! An exhaustive model of one sale: two attempts, refunds, crashes, and a network that may lose, repeat and
//! delay everything. The till's state is the real `paydesk-domain`; the desk around it and the channel are
//! small and abstract. It must never decide for the till: every move of an order is made by the domain.
#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::as_conversions,
    reason = "a checker: indices are bounds of the model, and a panic is a red run; \
              numbers of states are u32 and usize is 64 bits"
)]

pub mod check;
pub mod explore;
mod facts;
pub mod ledger;
pub mod moves;
mod refund_moves;
pub mod settle;
pub mod till;
pub mod words;
pub mod world;

pub use explore::{Found, Report, explore};
pub use moves::{Bound, Bug, Model};

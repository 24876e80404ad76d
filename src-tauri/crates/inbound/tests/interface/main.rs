//! The payment interface over real HTTP on loopback: a demo till, its store and its sandbox behind it.
//! Every answer is held against the committed OpenAPI document.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "tests"
)]

mod channels;
mod description;
mod intruders;
mod keeper;
mod notices;
mod orders;
mod payer;
mod schema;
mod shop;

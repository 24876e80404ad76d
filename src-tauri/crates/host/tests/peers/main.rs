//! A connector and its simulator, wire to wire: no desk and no network between them, and a clock of the test's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod btcpay;
mod btcpay_shop;
mod counter;
mod stripe;
mod stripe_shop;

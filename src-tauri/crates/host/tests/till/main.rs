//! The till end to end without a window: console, desk, store and network of the product against the sandbox.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "tests"
)]

mod accounts;
mod bad_bills;
mod bank_side;
mod bills;
mod broken_http;
mod btcpay;
mod cash;
mod choosing;
mod close;
mod codes;
mod counter;
mod currencies;
mod doctor;
mod doubts;
mod export;
mod fees;
mod flows;
mod notices;
mod older_copy;
mod pages;
mod past;
mod payments;
mod payouts;
mod readers;
mod refunds;
mod rotation;
mod secrets;
mod shop;
mod split;
mod statements;
mod stripe;
mod till;
mod workbooks;

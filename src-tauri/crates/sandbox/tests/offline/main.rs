//! The sandbox in the process, with signatures made from the text of its stand-ins and by RSA.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "tests: a failed assumption is a failed test"
)]

mod btcpay;
mod faults;
mod history;
mod rsa;
mod speed;
mod stripe;
mod till;
mod time;
mod truth;
mod unionpay;

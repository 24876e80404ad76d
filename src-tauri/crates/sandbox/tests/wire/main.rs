//! The sandbox over real HTTP, signed and verified by another library than its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "tests: a failed assumption is a failed test"
)]

mod alipay;
mod bills;
mod btcpay;
mod btcpay_hooks;
mod btcpay_refunds;
mod btcpay_till;
mod btcpay_wrong;
mod control;
mod customers;
mod durability;
mod faults;
mod hostile;
mod keys;
mod shop;
mod stripe;
mod stripe_books;
mod stripe_reader;
mod stripe_rules;
mod stripe_till;
mod unionpay;
mod unionpay_files;
mod unionpay_notices;
mod unionpay_page;
mod unionpay_till;
mod unionpay_wrong;
mod vectors;
mod wechatpay;

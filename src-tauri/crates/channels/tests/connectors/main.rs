//! The connectors from outside: requests by the byte, answers accepted and refused, and what each concludes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "tests"
)]

mod alipay;
mod alipay_answers;
mod altered;
mod btcpay;
mod btcpay_answers;
mod btcpay_document;
mod btcpay_notices;
mod btcpay_refunds;
mod code_tables;
mod documented;
mod field_checks;
mod notices;
mod openapi;
mod profiles;
mod replayed;
mod sealed;
mod shop;
mod stripe;
mod stripe_answers;
mod stripe_notices;
mod stripe_readers;
mod stripe_refunds;
mod stripe_shop;
mod unionpay;
mod unionpay_answers;
mod unionpay_fields;
mod unionpay_notices;
mod unionpay_page;
mod wechatpay;
mod wechatpay_answers;

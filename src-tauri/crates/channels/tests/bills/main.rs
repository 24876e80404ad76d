//! Bills from outside: every sample read exactly, every damage named, and the requests that fetch them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "tests"
)]

mod archives;
mod damage;
mod fetching;
mod quantity;
mod samples;
mod spellings;
mod stripe;
mod support;
mod unionpay;

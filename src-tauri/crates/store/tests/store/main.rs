//! The store's promises: numbers, races, the chain, sealed fields, damaged and newer files, search.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod bills;
mod damage;
mod drawer;
mod files;
mod flows;
mod lists;
mod orders;
mod shop;
mod statements;
mod takings;

//! Every parser of foreign bytes as a target: what it is given first, and what must hold for any bytes at all.
//!
//! A target panics when its property does not hold. Targets know nothing of who makes the bytes: the mutator of
//! this package, or libFuzzer in the workspace beside it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test program: a broken property ends it"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "it is about the machine's own time, memory and files"
)]

mod mutate;
mod peer;
mod seeds;
mod targets;
mod theirs;

pub use mutate::Mutator;
pub use targets::{TARGETS, by_name};

/// One parser.
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it holds, in a few words.
    pub holds: &'static str,
    /// Genuine inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Runs it once; a panic is a finding.
    pub run: fn(&[u8]),
}

//! Between a real till and a real sandbox: a TCP proxy on loopback that loses, delays, doubles, cuts and forges what
//! passes it, and an auditor's seat over the till's data folder.
//!
//! It knows nothing of the product but its files and the bytes it sends. It must never help a till, and never
//! change what it wrote.
#![allow(
    clippy::disallowed_methods,
    reason = "it is about the machine's own time"
)]

mod call;
mod control;
mod fault;
mod http;
mod judge;
mod passage;
mod witness;

pub use call::{Call, Kind};
pub use control::Control;
pub use fault::{Fault, Weather};
pub use judge::Judge;
pub use passage::{Passed, Proxy};

/// Why something could not be done.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// `CLOCK_MONOTONIC` in nanoseconds: one clock for all processes of this machine.
#[must_use]
pub fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

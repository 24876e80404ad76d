//! The floor of the deterministic simulation: a disk with faults under the production store, a clock and
//! a scheduler of its own, and machines that boot, die and boot again.
//!
//! It decides nothing about payments and checks none of them: that is the world built on it.
//! Everything follows from one seed, in one process at a time. See docs/adr/0015.

pub mod disk;
pub mod executor;
pub mod images;
pub mod life;
pub mod machine;
pub mod rng;
pub mod store;

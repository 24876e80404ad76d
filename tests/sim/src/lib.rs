//! The deterministic simulation: a disk with faults under the production store, a clock and a scheduler of
//! its own, machines that boot, die and boot again, and on this floor a world of tills, people and weather.
//!
//! It decides nothing about payments; the auditor, who shares nothing with the product, judges them.
//! Everything follows from one seed, in one process at a time. See docs/adr/0015.

mod crew;
pub mod days;
pub mod disk;
pub mod executor;
pub mod images;
pub mod life;
pub mod machine;
mod patience;
pub mod planted;
mod report;
pub mod rng;
pub mod shrink;
pub mod store;
pub mod world;

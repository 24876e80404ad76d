//! Crash images: every canonical use of the store, stopped at every step of its disk, by a kill or a
//! power cut, recovered, stopped again at every step of the recovery, and opened once more.
//!
//! A scenario runs once and its steps are recorded; an image is made by doing a beginning of them again.
//! After every stop the file must be whole and say exactly what was acknowledged.

mod check;
mod history;
mod migrations;
mod plan;
mod run;
mod scenarios;
pub(crate) mod stage;

pub use plan::{Plan, Spot};
pub use run::{Tally, run};

/// The names of all scenarios.
#[must_use]
pub fn scenarios() -> Vec<&'static str> {
    scenarios::SCENARIOS.iter().map(|it| it.name).collect()
}

/// A scenario's name, as it is kept.
///
/// # Errors
/// When there is none of that name.
pub fn scenario(name: &str) -> Result<&'static str, String> {
    let found = scenarios().into_iter().find(|it| *it == name);
    found.ok_or_else(|| format!("there is no scenario {name}"))
}

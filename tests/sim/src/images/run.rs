//! Makes images until there are enough, and counts.

use super::{
    check::{Found, check},
    history::{Allowed, History},
    plan::{Plan, Spot, Stop, shuffled},
    scenarios::{SCENARIOS, Scenario},
    stage::Stage,
};
use crate::{
    disk::{Model, Op, Recording, Survival, pin_randomness},
    rng::Rng,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many images were made and what was done to them.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Tally {
    /// Images opened and held against what is allowed.
    pub images: u64,
    /// Power cuts.
    pub cuts: u64,
    /// Kills.
    pub kills: u64,
    /// Acknowledged calls that were looked for in an image and found.
    pub acknowledged: u64,
    /// Un-synced sectors that were lost.
    pub lost_sectors: u64,
    /// Un-synced sectors that survived.
    pub kept_sectors: u64,
    /// Writes that were torn.
    pub torn_writes: u64,
    /// Names made or deleted that a cut undid.
    pub lost_names: u64,
    /// Images of a recovery that was stopped.
    pub second: u64,
    /// Images that were rebuilt from the log and compared.
    pub rebuilt: u64,
    /// Images by scenario.
    pub scenarios: BTreeMap<String, u64>,
    /// What was wrong, with how to see it again.
    pub bad: Vec<String>,
    /// How many stops of the plan are done.
    pub done: u64,
}

impl Tally {
    /// Adds another part's.
    pub fn add(&mut self, other: &Tally) {
        self.images += other.images;
        self.cuts += other.cuts;
        self.kills += other.kills;
        self.acknowledged += other.acknowledged;
        self.lost_sectors += other.lost_sectors;
        self.kept_sectors += other.kept_sectors;
        self.torn_writes += other.torn_writes;
        self.lost_names += other.lost_names;
        self.second += other.second;
        self.rebuilt += other.rebuilt;
        self.done += other.done;
        for (name, count) in &other.scenarios {
            *self.scenarios.entry(name.clone()).or_default() += count;
        }
        self.bad.extend(other.bad.iter().cloned());
    }
}

/// A scenario that was played.
struct Played {
    scenario: &'static Scenario,
    recording: Recording,
    history: History,
}

/// One image in this many is rebuilt from the log.
const REBUILT: u64 = 4;

/// After so many wrong images there is no need for more.
const BAD_MAX: usize = 20;

async fn play(scenario: &'static Scenario, seed: u64) -> Result<Played, String> {
    pin_randomness(seed);
    let stage = Stage::new(seed);
    let played = (scenario.play)(&stage).await;
    played.map_err(|why| format!("{} does not play: {why}", scenario.name))?;
    let recording = stage.disk.recorded();
    stage.process.die();
    stage.process.closed().await;
    Ok(Played {
        scenario,
        recording,
        history: stage.history(),
    })
}

/// The disk of a recording before one of its steps.
fn before(recording: &Recording, step: usize) -> Model {
    let mut model = recording.base.clone();
    let steps: &[Op] = recording.steps.get(..step).unwrap_or(&recording.steps);
    steps.iter().for_each(|op| model.apply(op));
    model
}

/// Goes on with a run; `told` hears from time to time how far it is.
///
/// # Errors
/// When a scenario cannot be played: the simulation itself is wrong, or the store fails without any fault.
pub async fn run(
    plan: &Plan,
    mut tally: Tally,
    told: &mut dyn FnMut(&Tally),
) -> Result<Tally, String> {
    let mut passed = 0;
    let mut seed = plan.seed;
    loop {
        let mut all = Vec::new();
        let wanted = |it: &&Scenario| plan.scenario.is_none_or(|name| name == it.name);
        for scenario in SCENARIOS.iter().filter(wanted) {
            all.push(play(scenario, seed).await?);
        }
        if let Some(only) = &plan.only {
            let one = all.iter().find(|it| it.scenario.name == only.scenario);
            if let Some(one) = one {
                let again = only.again.map(|step| vec![step]);
                stop(one, only.step, only.stop, plan, seed, again, &mut tally).await;
            }
            return Ok(tally);
        }
        let lengths: Vec<usize> = all.iter().map(|it| it.recording.steps.len()).collect();
        for (number, (scenario, step, how)) in (0_u64..).zip(shuffled(&lengths, seed)) {
            if number % plan.part.1 != plan.part.0 {
                continue;
            }
            passed += 1;
            if passed <= tally.done {
                continue;
            }
            if tally.images >= plan.count || tally.bad.len() >= BAD_MAX {
                return Ok(tally);
            }
            if let Some(played) = all.get(scenario) {
                stop(played, step, how, plan, seed, None, &mut tally).await;
            }
            tally.done += 1;
            told(&tally);
        }
        seed += 1;
    }
}

/// What one stop needs again and again.
struct Stopping<'a> {
    played: &'a Played,
    spot: Spot,
    seed: u64,
}

impl Stopping<'_> {
    fn chance(&self) -> Rng {
        let again = self.spot.again.map_or(0, |step| step + 1);
        let place = u64::try_from(self.spot.step * 100_000 + again).unwrap_or(0);
        Rng::new(self.seed).branch(place * 2 + u64::from(self.spot.stop == Stop::Cut))
    }

    /// One image: stopped, opened, compared, counted.
    async fn image(
        &self,
        mut model: Model,
        stop: Stop,
        allowed: &[Allowed],
        tally: &mut Tally,
    ) -> Option<(Model, Found)> {
        let mut rng = self.chance();
        match stop {
            Stop::Kill => tally.kills += 1,
            Stop::Cut => {
                let survival = Survival {
                    garbage_tail: rng.below(4) == 0,
                    ..Survival::drawn(&mut rng)
                };
                let cut = model.power_cut(&mut rng, survival);
                tally.cuts += 1;
                tally.lost_sectors += cut.lost_sectors;
                tally.kept_sectors += cut.kept_sectors;
                tally.torn_writes += cut.torn_writes;
                tally.lost_names += cut.lost_names;
            }
        }
        let name = self.played.scenario.name;
        let rebuilds = tally.images.is_multiple_of(REBUILT);
        tally.images += 1;
        tally.rebuilt += u64::from(rebuilds);
        tally.second += u64::from(self.spot.again.is_some());
        *tally.scenarios.entry(name.to_owned()).or_default() += 1;
        let is_migration = name.starts_with("migration");
        let image = model.clone();
        match check(model, allowed, is_migration, rebuilds, rng.next()).await {
            Ok(found) => {
                let step = u64::try_from(self.spot.step).unwrap_or(0);
                let step = self.played.recording.first + step;
                tally.acknowledged += self.played.history.acknowledged(step);
                Some((image, found))
            }
            Err(why) => {
                let why: String = why.chars().take(1200).collect();
                let (seed, spot) = (self.seed, &self.spot);
                let again = format!("paydesk-sim images --seed {seed} --only {spot}");
                tally.bad.push(format!("{why}\n    again: {again}"));
                None
            }
        }
    }
}

async fn stop(
    played: &Played,
    step: usize,
    how: Stop,
    plan: &Plan,
    seed: u64,
    only: Option<Vec<usize>>,
    tally: &mut Tally,
) {
    let mut stopping = Stopping {
        played,
        spot: Spot {
            scenario: played.scenario.name.to_owned(),
            step,
            stop: how,
            again: None,
        },
        seed,
    };
    let at = played.recording.first + u64::try_from(step).unwrap_or(0);
    let allowed = played.history.allowed(at);
    let model = before(&played.recording, step);
    let Some((image, found)) = stopping.image(model, how, &allowed, tally).await else {
        return;
    };
    // The recovery went on from the image; the second stop is a power cut, which is the harder one.
    let recovery = Recording {
        base: image,
        ..found.recording
    };
    let length = recovery.steps.len();
    let again = only.unwrap_or_else(|| match plan.again {
        None => (0..=length).collect(),
        Some(some) => {
            let mut rng = stopping.chance().branch(2);
            (0..some.min(length + 1))
                .map(|_| rng.place(length + 1))
                .collect()
        }
    });
    // What was read once stays.
    let read = [found.state];
    for step in again {
        stopping.spot.again = Some(step);
        let allowed = if step >= found.opening {
            &read[..]
        } else {
            &allowed
        };
        let model = before(&recovery, step);
        stopping.image(model, Stop::Cut, allowed, tally).await;
    }
}

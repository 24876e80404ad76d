//! Breadth first through every state, each kept whole and exactly once: no hash stands for a state,
//! so "all" means all. The first violation therefore has a shortest trace.

use crate::{
    check,
    moves::{Model, Move, Moves},
    world::World,
};
use std::{
    collections::HashSet,
    hash::{BuildHasherDefault, Hash, Hasher},
};

/// A violation and how to get there.
#[derive(Clone, Debug)]
pub struct Found {
    /// What does not hold.
    pub what: String,
    /// The moves from the start.
    pub trace: Vec<Move>,
}

/// What an exploration came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Different states.
    pub states: usize,
    /// Moves made.
    pub transitions: u64,
    /// Moves of the longest shortest trace.
    pub depth: usize,
    /// Different orders the domain made.
    pub orders: usize,
    /// Different steps the domain made.
    pub steps: usize,
    /// Different durable states from which the healed world was settled.
    pub settled: usize,
    /// Bytes of states, parents and index.
    pub bytes: usize,
    /// The bound on states was reached before the end.
    pub cut: bool,
    /// The first violation.
    pub found: Option<Found>,
}

/// Explores until a violation, the end, or `most` states.
pub fn explore(model: &mut Model, most: usize, mut progress: impl FnMut(usize, usize)) -> Report {
    let mut seen = Seen::new();
    let mut settled: HashSet<World, BuildHasherDefault<Mix>> = HashSet::default();
    let mut report = Report::default();
    let mut moves: Moves = Vec::new();
    seen.add(World::start(), 0);
    let mut at = 0;
    let mut level_end = 1;
    let mut broken = 0;
    while at < seen.worlds.len() {
        if at == level_end {
            report.depth += 1;
            level_end = seen.worlds.len();
            progress(report.depth, level_end);
        }
        let world = seen.worlds[at];
        let durable = model.durable(&world);
        let mut wrong = check::violation(&model.till, &world);
        if wrong.is_none() && settled.insert(durable) {
            wrong = model.settle(&durable);
        }
        if let Some(what) = wrong {
            let trace = seen.trace(model, at);
            report.found = Some(Found { what, trace });
            break;
        }
        model.moves(&world, &mut moves);
        if model.till.broken.len() > broken {
            broken = model.till.broken.len();
            let what = model.till.broken[broken - 1].2.clone();
            let trace = seen.trace(model, at);
            report.found = Some(Found { what, trace });
            break;
        }
        for (_, next) in &moves {
            report.transitions += 1;
            seen.add(*next, at);
        }
        at += 1;
        if seen.worlds.len() > most {
            report.cut = true;
            break;
        }
    }
    report.states = seen.worlds.len();
    report.orders = model.till.len();
    report.steps = model.till.steps_made();
    report.settled = settled.len();
    report.bytes = seen.bytes();
    report
}

/// Every state in the order it was found, where it came from, and an index by content.
struct Seen {
    worlds: Vec<World>,
    parents: Vec<u32>,
    index: Vec<u32>,
}

const FREE: u32 = u32::MAX;

impl Seen {
    fn new() -> Seen {
        Seen {
            worlds: Vec::new(),
            parents: Vec::new(),
            index: vec![FREE; 1 << 16],
        }
    }

    fn add(&mut self, world: World, parent: usize) {
        if self.worlds.len() * 2 >= self.index.len() {
            self.grow();
        }
        let mask = self.index.len() - 1;
        let mut place = hash(&world) as usize & mask;
        loop {
            let id = self.index[place];
            if id == FREE {
                break;
            }
            if self.worlds[id as usize] == world {
                return;
            }
            place = (place + 1) & mask;
        }
        self.index[place] = u32::try_from(self.worlds.len()).expect("fewer than 2^32 states");
        self.parents
            .push(u32::try_from(parent).expect("a state that is known"));
        self.worlds.push(world);
    }

    fn grow(&mut self) {
        let size = self.index.len() * 2;
        let mask = size - 1;
        let mut index = vec![FREE; size];
        for (id, world) in self.worlds.iter().enumerate() {
            let mut place = hash(world) as usize & mask;
            while index[place] != FREE {
                place = (place + 1) & mask;
            }
            index[place] = u32::try_from(id).expect("fewer than 2^32 states");
        }
        self.index = index;
    }

    fn bytes(&self) -> usize {
        self.worlds.capacity() * size_of::<World>()
            + self.parents.capacity() * 4
            + self.index.capacity() * 4
    }

    /// The moves from the start to a state, found again by making them.
    fn trace(&self, model: &mut Model, mut at: usize) -> Vec<Move> {
        let mut trace = Vec::new();
        let mut moves = Vec::new();
        while at != 0 {
            let parent = self.parents[at] as usize;
            model.moves(&self.worlds[parent], &mut moves);
            let step = moves.iter().find(|(_, next)| *next == self.worlds[at]);
            trace.push(step.expect("the move that was made").0);
            at = parent;
        }
        trace.reverse();
        trace
    }
}

fn hash(world: &World) -> u64 {
    let mut mix = Mix::default();
    world.hash(&mut mix);
    mix.finish()
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for word in self.words() {
            state.write_u64(word);
        }
    }
}

/// A quick hash that is the same in every run.
#[derive(Default)]
pub struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.write_u64(word as u64);
    }

    fn write_u64(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 29);
    }
}

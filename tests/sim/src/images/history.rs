//! What was sent to a store and what it acknowledged, and which states a crash may leave.
//!
//! A state is every fact that can be read back. After a crash it is exactly what was acknowledged, with or
//! without each call that was in flight, as a whole. Nothing else.

use std::collections::BTreeMap;

/// Everything that can be read back: name and value.
pub(super) type Facts = BTreeMap<String, String>;

#[derive(Clone, Debug)]
struct Sent {
    facts: Vec<(String, String)>,
    events: u64,
    at: u64,
    acknowledged: Option<u64>,
    is_refused: bool,
}

/// What was sent, in order.
#[derive(Clone, Default, Debug)]
pub(super) struct History(Vec<Sent>);

/// A state that is allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Allowed {
    pub(super) facts: Facts,
    pub(super) events: u64,
}

impl History {
    /// Sends at this step; gives its place.
    pub(super) fn send(&mut self, facts: Vec<(String, String)>, events: u64, at: u64) -> usize {
        self.0.push(Sent {
            facts,
            events,
            at,
            acknowledged: None,
            is_refused: false,
        });
        self.0.len() - 1
    }

    /// What it was is known only now.
    pub(super) fn learn(&mut self, place: usize, facts: Vec<(String, String)>, events: u64) {
        if let Some(sent) = self.0.get_mut(place) {
            sent.facts = facts;
            sent.events = events;
        }
    }

    /// The store said yes at this step.
    pub(super) fn acknowledge(&mut self, place: usize, at: u64) {
        if let Some(sent) = self.0.get_mut(place) {
            sent.acknowledged = Some(at);
        }
    }

    /// The store said no, and that nothing was changed.
    pub(super) fn refuse(&mut self, place: usize) {
        if let Some(sent) = self.0.get_mut(place) {
            sent.is_refused = true;
        }
    }

    /// How many calls were acknowledged before this step.
    pub(super) fn acknowledged(&self, step: u64) -> u64 {
        let count = self.0.iter().filter(|sent| sent.is_acknowledged(step));
        u64::try_from(count.count()).unwrap_or(u64::MAX)
    }

    /// The states a crash instead of this step may leave.
    pub(super) fn allowed(&self, step: u64) -> Vec<Allowed> {
        let mut allowed = vec![Allowed {
            facts: Facts::from([("epoch".to_owned(), "0".to_owned())]),
            events: 0,
        }];
        for sent in &self.0 {
            if sent.at > step || sent.is_refused {
                continue;
            }
            let with = allowed.iter().map(|state| sent.on(state));
            if sent.is_acknowledged(step) {
                allowed = with.collect();
            } else {
                let with: Vec<Allowed> = with.collect();
                allowed.extend(with);
            }
        }
        allowed
    }
}

impl Sent {
    fn is_acknowledged(&self, step: u64) -> bool {
        self.acknowledged.is_some_and(|at| at <= step)
    }

    fn on(&self, state: &Allowed) -> Allowed {
        let mut state = state.clone();
        state.facts.extend(self.facts.iter().cloned());
        state.events += self.events;
        state
    }
}

/// The first fact in which two states differ.
pub(super) fn difference(found: &Allowed, allowed: &Allowed) -> String {
    if found.events != allowed.events {
        return format!("{} events, allowed {}", found.events, allowed.events);
    }
    for (name, value) in &allowed.facts {
        match found.facts.get(name) {
            None => return format!("{name} is missing"),
            Some(other) if other != value => return format!("{name} is {other}, allowed {value}"),
            Some(_) => {}
        }
    }
    let extra = found
        .facts
        .keys()
        .find(|name| !allowed.facts.contains_key(*name));
    extra.map_or(String::new(), |name| format!("{name} was never sent"))
}

//! Answers that went out: what somebody on the way could have kept and sends again.
//!
//! A handful is enough for a replay. It must never keep an answer that was not whole and genuine.

use std::collections::VecDeque;

use crate::exchange::{Label, Operation, Reply};
use crate::ledger::Channel;

/// Answers kept at once: some of each operation.
const KEPT_MAX: usize = 64;

#[derive(Debug)]
struct Kept {
    channel: Channel,
    operation: Operation,
    reference: Option<String>,
    reply: Reply,
}

/// The latest answers, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Past {
    answers: VecDeque<Kept>,
}

impl Past {
    pub(crate) fn keep(&mut self, channel: Channel, label: &Label, reply: &Reply) {
        if self.answers.len() >= KEPT_MAX {
            self.answers.pop_front();
        }
        self.answers.push_back(Kept {
            channel,
            operation: label.operation,
            reference: label.reference().map(str::to_owned),
            reply: reply.clone(),
        });
    }

    /// An old answer to the same operation: the oldest about the same number that says something
    /// else than the fresh one, else the newest about another.
    pub(crate) fn find(&self, channel: Channel, label: &Label, fresh: &Reply) -> Option<&Reply> {
        let mut same = self
            .answers
            .iter()
            .filter(|kept| kept.channel == channel && kept.operation == label.operation);
        let about_it = |kept: &&Kept| {
            kept.reference.as_deref() == label.reference() && kept.reply.body != fresh.body
        };
        let other = |kept: &&Kept| kept.reference.as_deref() != label.reference();
        let found = same.clone().find(about_it);
        found.or_else(|| same.rfind(other)).map(|kept| &kept.reply)
    }
}

//! Notices of done transactions: to whom one is owed, how often it was sent, when it is sent again.
//!
//! Only UnionPay sends any, and only of successes (protocol reference, "Notification"). It must never send one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Channel, Event, JournalError, Ledger, TradeKey};

/// How long after one attempt the next follows, in minutes: five attempts in all.
const PAUSES_MIN: [i64; 4] = [1, 2, 4, 5];
const MINUTE_MS: i64 = 60_000;
/// Whoever looks for notices looks several times a second.
const RECENT_MS: i64 = 5 * MINUTE_MS;

/// What the merchant is told of one transaction.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Notice {
    /// The transaction's own number: of the payment, the refund or the undo.
    pub(crate) number: String,
    /// The payment.
    #[serde(flatten)]
    pub(crate) key: TradeKey,
    /// When the next attempt is due; none when nobody is to be told any more.
    pub(crate) due_ms: Option<i64>,
    /// When each attempt was made.
    pub(crate) sent_ms: Vec<i64>,
    /// Whether the merchant acknowledged it.
    pub(crate) is_acknowledged: bool,
}

/// All notices, and those that are still to be sent in the order of their time.
#[derive(Debug, Default)]
pub(super) struct Notices {
    by_number: BTreeMap<String, Notice>,
    agenda: BTreeSet<(i64, String)>,
}

impl Notices {
    /// The transaction is done: its first notice is due at once.
    pub(super) fn owe(&mut self, number: &str, key: &TradeKey, at_ms: i64) {
        self.agenda.insert((at_ms, number.to_owned()));
        let notice = Notice {
            number: number.to_owned(),
            key: key.clone(),
            due_ms: Some(at_ms),
            sent_ms: Vec::new(),
            is_acknowledged: false,
        };
        self.by_number.insert(number.to_owned(), notice);
    }

    pub(super) fn sent(&mut self, number: &str, at_ms: i64, is_acknowledged: bool) {
        let Some(notice) = self.by_number.get_mut(number) else {
            return;
        };
        if let Some(due_ms) = notice.due_ms.take() {
            self.agenda.remove(&(due_ms, number.to_owned()));
        }
        let pause = PAUSES_MIN.get(notice.sent_ms.len()).copied();
        notice.sent_ms.push(at_ms);
        notice.is_acknowledged |= is_acknowledged;
        let pause = pause.filter(|_| !notice.is_acknowledged);
        notice.due_ms = pause.map(|pause| at_ms.saturating_add(pause.saturating_mul(MINUTE_MS)));
        if let Some(due_ms) = notice.due_ms {
            self.agenda.insert((due_ms, number.to_owned()));
        }
    }
}

impl Ledger {
    /// Makes happen what payers of the channels that tell did within the last minutes, so that it can be told without
    /// waiting for a call. What is older waits for one all the same: it may belong to a past that is being played.
    pub(crate) fn settle_recent(&mut self, now_ms: i64) -> Result<(), JournalError> {
        let first = TradeKey::new(Channel::Alipay, "");
        let recent = self
            .agenda
            .range((now_ms.saturating_sub(RECENT_MS), first)..);
        let due: Vec<_> = recent
            .take_while(|(at_ms, _)| *at_ms <= now_ms)
            .filter(|(_, key)| matches!(key.channel, Channel::Stripe | Channel::Unionpay))
            .cloned()
            .collect();
        for (at_ms, key) in due {
            self.live_through(at_ms, key, now_ms)?;
        }
        self.settle_coins(now_ms.saturating_sub(RECENT_MS), now_ms)
    }

    pub(crate) fn notice(&self, number: &str) -> Option<&Notice> {
        self.notices.by_number.get(number)
    }

    /// Every notice, by the number of its transaction.
    pub(crate) fn notices(&self) -> impl Iterator<Item = &Notice> {
        self.notices.by_number.values()
    }

    /// Those that were due by then, the longest waiting first.
    pub(crate) fn due_notices(&self, by_ms: i64) -> impl Iterator<Item = &Notice> {
        let due = self.notices.agenda.iter();
        due.take_while(move |(due_ms, _)| *due_ms <= by_ms)
            .filter_map(|(_, number)| self.notices.by_number.get(number))
    }

    /// Writes down that a notice went out, and whether it was acknowledged.
    pub(crate) fn notice_sent(
        &mut self,
        number: &str,
        at_ms: i64,
        is_acknowledged: bool,
    ) -> Result<(), JournalError> {
        self.commit(vec![Event::Noticed {
            number: number.to_owned(),
            at_ms,
            is_acknowledged,
        }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due_after(attempts: &[(i64, bool)]) -> Option<i64> {
        let mut notices = Notices::default();
        notices.owe("N1", &TradeKey::new(Channel::Unionpay, "N1"), 0);
        for (at_ms, is_acknowledged) in attempts {
            notices.sent("N1", *at_ms, *is_acknowledged);
        }
        let due = notices.by_number["N1"].due_ms;
        assert_eq!(notices.agenda.first().map(|(at_ms, _)| *at_ms), due);
        due
    }

    #[test]
    fn a_notice_is_sent_five_times_unless_it_is_acknowledged() {
        let mut attempts = Vec::new();
        for due_ms in [0, 60_000, 180_000, 420_000, 720_000] {
            assert_eq!(due_after(&attempts), Some(due_ms));
            attempts.push((due_ms, false));
        }
        assert_eq!(due_after(&attempts), None);
        assert_eq!(due_after(&[(0, false), (60_000, true)]), None);
    }
}

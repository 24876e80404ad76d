//! How each channel is doing, as seen from this machine: last answer, clock skew, reachable or not.
//! Kept in memory only; it proposes words for the screen and decides nothing about a payment.

use crate::Desk;
use paydesk_domain::{ChannelId, Timestamp};
use std::time::Duration;

/// What happened at the last contact.
pub(crate) enum Contact {
    /// An answer that proved itself, with the channel's own date.
    Answered {
        date: Option<String>,
        took: Duration,
    },
    /// No answer after the send.
    Silent,
    /// An answer that did not prove itself. Its date is a hint worth showing: with a clock that is
    /// minutes off, no answer of a channel with a time window can prove itself.
    Unbelieved {
        date: Option<String>,
        took: Duration,
    },
    /// No connection could be opened.
    Unreachable,
}

/// A channel as seen from here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Health {
    /// Last authenticated answer.
    pub last_success: Option<Timestamp>,
    /// Last contact that failed, if it failed after the last success.
    pub failing_since: Option<Timestamp>,
    /// The last failure was that no connection could be opened.
    pub unreachable: bool,
    /// This machine's clock minus the channel's, milliseconds.
    pub skew_ms: Option<i64>,
}

/// Beyond this the screen warns and channels with time windows refuse to sign (Q18).
pub const SKEW_LIMIT_MS: i64 = 60_000;

impl Desk {
    /// Every channel that was contacted since the start.
    #[must_use]
    pub fn health(&self, channel: &ChannelId) -> Health {
        self.health
            .lock()
            .map(|all| all.get(channel).copied().unwrap_or_default())
            .unwrap_or_default()
    }

    pub(crate) fn note_contact(&self, channel: &ChannelId, contact: Contact, now: Timestamp) {
        let Ok(mut all) = self.health.lock() else {
            return;
        };
        let health = all.entry(channel.clone()).or_default();
        let before = *health;
        match contact {
            Contact::Answered { date, took } => {
                health.last_success = Some(now);
                health.failing_since = None;
                health.unreachable = false;
                health.skew_ms = date
                    .as_deref()
                    .and_then(|text| skew(text, now, took))
                    .or(health.skew_ms);
            }
            Contact::Silent => {
                health.failing_since = health.failing_since.or(Some(now));
                health.unreachable = false;
            }
            Contact::Unbelieved { date, took } => {
                health.failing_since = health.failing_since.or(Some(now));
                health.unreachable = false;
                health.skew_ms = date
                    .as_deref()
                    .and_then(|text| skew(text, now, took))
                    .or(health.skew_ms);
            }
            Contact::Unreachable => {
                health.failing_since = health.failing_since.or(Some(now));
                health.unreachable = true;
            }
        }
        let shown = |h: &Health| {
            (
                h.failing_since.is_some(),
                h.unreachable,
                h.skew_ms.is_some_and(|s| s.abs() > SKEW_LIMIT_MS),
            )
        };
        let changed = shown(&before) != shown(health);
        drop(all);
        if changed {
            self.tell_status();
        }
    }
}

/// The moment of a `Date` header.
pub(crate) fn moment_of(date: &str) -> Option<Timestamp> {
    let date = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(Timestamp(date.timestamp().as_millisecond()))
}

/// The `Date` header has whole seconds; the answer was made about half a round trip ago.
pub(crate) fn skew(date: &str, now: Timestamp, took: Duration) -> Option<i64> {
    let half = i64::try_from(took.as_millis() / 2).ok()?;
    Some(now.0 - half - moment_of(date)?.0)
}

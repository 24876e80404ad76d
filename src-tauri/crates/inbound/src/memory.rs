//! What the listener remembers of callers for a few minutes: their nonces and their rate. Bounded, and lost with the
//! process: that is why nothing that was signed before its start is taken.

use crate::limits::{CLOCK_WINDOW_MS, NONCES_MAX};
use std::collections::{HashMap, HashSet, VecDeque};

/// Thousandths of a millisecond, so that a rate of 60,000 a minute is still exact.
const MICROS: i64 = 1_000;

/// Calls may come at once that otherwise come within this time.
const BURST_MS: i64 = 10_000;

/// A rate that may be used up in bursts, as the time at which the next call would be due (GCRA).
#[derive(Debug, Default)]
pub(crate) struct Rate {
    due: i64,
}

impl Rate {
    /// Takes one call, or says in how many milliseconds it may come again.
    pub(crate) fn take(&mut self, per_minute: u32, now_ms: i64) -> Result<(), i64> {
        let now = now_ms.saturating_mul(MICROS);
        let apart = (60_000 * MICROS) / i64::from(per_minute.max(1));
        // A single call is always within the burst.
        let ahead = (BURST_MS * MICROS).max(apart) - apart;
        // A clock that was set back must not lock anybody out for longer than a burst.
        let due = self.due.clamp(now, now.saturating_add(ahead + apart));
        let wait = due - now - ahead;
        if wait > 0 {
            return Err(wait.div_euclid(MICROS) + 1);
        }
        self.due = due.saturating_add(apart);
        Ok(())
    }
}

/// Why a nonce is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NonceFault {
    /// No more can be remembered.
    Full,
    /// It came before.
    Used,
}

/// The nonces of one key, for as long as a request with one could be played again.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    known: HashSet<[u8; 16]>,
    /// In the order in which they came, each with the moment from which its request is too old.
    until: VecDeque<(i64, [u8; 16])>,
}

impl Nonces {
    /// Takes a nonce, by the digest of it, that came inside of the window.
    pub(crate) fn take(&mut self, nonce: [u8; 16], now_ms: i64) -> Result<(), NonceFault> {
        while let Some((until, old)) = self.until.front().copied() {
            if until > now_ms {
                break;
            }
            self.until.pop_front();
            self.known.remove(&old);
        }
        if self.known.contains(&nonce) {
            return Err(NonceFault::Used);
        }
        if self.known.len() >= NONCES_MAX {
            return Err(NonceFault::Full);
        }
        // Its time stamp may be a window ahead, and is taken until a window later.
        let until = now_ms.saturating_add(2 * CLOCK_WINDOW_MS + 1);
        self.known.insert(nonce);
        self.until.push_back((until, nonce));
        Ok(())
    }
}

/// What is remembered of one key.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    pub(crate) nonces: Nonces,
    pub(crate) rate: Rate,
}

/// What is remembered of every key that has signed once.
pub(crate) type Memory = HashMap<String, Remembered>;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::as_conversions, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever order requests come in and however the clock goes on, none that is still inside of the window
        /// is taken twice.
        #[test]
        fn no_nonce_is_taken_twice_while_its_request_is_in_the_window(
            steps in prop::collection::vec((0_u8..12, 0_i64..90_000, -CLOCK_WINDOW_MS..=CLOCK_WINDOW_MS), 1..200)
        ) {
            let mut nonces = Nonces::default();
            let mut now = 1_763_721_000_000_i64;
            let mut taken: Vec<(u8, i64)> = Vec::new();
            for (name, later, off) in steps {
                now += later;
                let signed_at = now + off;
                let ended = nonces.take([name; 16], now);
                // The same request again has the time stamp it was signed with.
                let replayed = taken.iter().any(|(known, at)| *known == name && (now - at).abs() <= CLOCK_WINDOW_MS);
                if replayed {
                    prop_assert_eq!(ended, Err(NonceFault::Used));
                }
                if ended.is_ok() {
                    taken.push((name, signed_at));
                }
            }
        }

        #[test]
        fn a_rate_lets_no_more_through_than_it_says(
            per_minute in 1_u32..5_000,
            gaps in prop::collection::vec(0_i64..500, 1..400)
        ) {
            let mut rate = Rate::default();
            let (mut now, begun) = (1_763_721_000_000_i64, 1_763_721_000_000_i64);
            let mut passed = 0_i64;
            for gap in gaps {
                now += gap;
                passed += i64::from(rate.take(per_minute, now).is_ok());
                let most = (i64::from(per_minute) * (now - begun + BURST_MS)) / 60_000 + 1;
                prop_assert!(passed <= most, "{passed} of {most}");
            }
        }
    }

    #[test]
    fn more_nonces_than_can_be_remembered_are_refused_and_none_is_forgotten() {
        let mut nonces = Nonces::default();
        for n in 0..NONCES_MAX as u128 {
            nonces.take(n.to_be_bytes(), 0).unwrap();
        }
        assert_eq!(nonces.take([255; 16], 1), Err(NonceFault::Full));
        assert_eq!(nonces.take(7_u128.to_be_bytes(), 2), Err(NonceFault::Used));
        nonces.take([255; 16], 2 * CLOCK_WINDOW_MS + 1).unwrap();
    }

    #[test]
    fn a_refused_call_says_when_it_may_come_again() {
        let mut rate = Rate::default();
        // Six in a minute: one at once, the next ten seconds later.
        rate.take(6, 0).unwrap();
        let wait = rate.take(6, 0).unwrap_err();
        assert!((9_999..=10_001).contains(&wait), "{wait}");
        rate.take(6, wait).unwrap();
    }
}

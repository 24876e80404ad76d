//! What a till cannot know any more because an older copy of its folder was put back.

use crate::{Audited, Auditor, Trade, books};
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};

/// States in which an ending is known to have been sent.
const KNOWS_ITS_ENDING: [&str; 4] = ["ending", "watching", "closed", "paid_late"];

impl Auditor {
    /// Takes what was sent or told and is not in these books for forgotten.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) async fn forget(
        &mut self,
        connection: &mut SqliteConnection,
        till: usize,
        versions: &BTreeMap<String, i64>,
        known: &BTreeSet<String>,
    ) -> Audited {
        let forgotten = self.history.forget(till, versions, known);
        self.numbers.forgot(till, &forgotten);
        self.forgotten.extend(forgotten);
        // An ending that was sent and is forgotten may still arrive: then the bill alone tells of it.
        let ended: Vec<String> = self.history.ended_by(till).cloned().collect();
        for reference in ended {
            let kept = books::state_of(connection, &reference).await?;
            let Some((state, remembers)) = kept else {
                continue;
            };
            // An undo that has a name of its own is known by that name alone.
            let has_name = |trade: Trade| trade.channel == "unionpay";
            let is_named = self.oracle.trade(&reference).is_some_and(has_name);
            let is_nameless = state == "ending" && is_named && !remembers;
            if is_nameless || !KNOWS_ITS_ENDING.contains(&state.as_str()) {
                self.forgotten.insert(reference);
            }
        }
        Ok(())
    }

    /// Whether a till forgot something about this payment.
    pub(crate) fn is_half_forgotten(&self, payment: &str) -> bool {
        let from = self.forgotten.range(payment.to_owned()..).next();
        from.is_some_and(|forgotten| forgotten.starts_with(payment))
    }
}

//! What of RELIABILITY §2.2 and of the state machines a world met.

use super::{Mishap, World};
use std::collections::BTreeMap;

/// States in which nothing is open: what still arrives is late or a duplicate (Q19).
const SETTLED: [&str; 5] = [
    "closed",
    "paid",
    "paid_late accepted",
    "paid_late returning",
    "paid_late undecided",
];

impl World {
    /// Rows and cells of this world, into its outcome.
    pub(super) fn count_coverage(&mut self) {
        let bench = std::sync::Arc::clone(&self.bench);
        let met = self.executor.outside(async move { bench.coverage().await });
        let mut rows: BTreeMap<String, u64> = self
            .ether
            .rows()
            .into_iter()
            .map(|(row, count)| (row.to_owned(), count))
            .collect();
        let moved = |from: &str, to: &str| -> u64 {
            let its = met.moves.iter().filter(|(name, _)| {
                name.split_once(" -> ")
                    .is_some_and(|(one, other)| one.starts_with(from) && other.starts_with(to))
            });
            its.map(|(_, count)| count).sum()
        };
        let happened = |mishap: Mishap| {
            let count = self.outcome.mishaps.get(mishap.name());
            count.copied().unwrap_or(0)
        };
        let late = moved("payment ending", "paid_late") + moved("payment closed", "paid_late");
        let settled: u64 = SETTLED
            .iter()
            .filter_map(|state| met.payments.get(*state))
            .flat_map(BTreeMap::values)
            .sum();
        for (row, count) in [
            ("Q13", moved("payment watching", "paid_late")),
            ("Q14", late),
            ("Q15", self.outcome.old_pictures),
            (
                "Q17",
                moved("refund accepted", "failed") + moved("refund done", "failed"),
            ),
            ("Q18", happened(Mishap::Clock) + happened(Mishap::Years)),
            ("Q19", settled),
            ("Q21", self.outcome.disk_errors()),
            ("A6", self.outcome.split),
        ] {
            *rows.entry(row.to_owned()).or_default() += count;
        }
        rows.retain(|_, count| *count > 0);
        self.outcome.rows = rows;
        self.outcome.payments = met.payments;
        self.outcome.refund_cells = met.refunds;
        self.outcome.moves = met.moves;
    }
}

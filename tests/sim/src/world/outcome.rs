//! What a world came to, in numbers, and the sum of many.

use paydesk_auditor::Cells;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a world came to.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The seed it came from; of a sum, the first.
    pub seed: u64,
    /// Days of one till.
    pub till_days: u64,
    /// Sales begun.
    pub sales: u64,
    /// Sales refused before anything was sent.
    pub refused: u64,
    /// Charges tried again after an error of the store.
    pub tried_again: u64,
    /// Refunds asked for.
    pub refunds: u64,
    /// Refunds the till refused.
    pub refunds_refused: u64,
    /// Double clicks.
    pub double_clicks: u64,
    /// Parts of orders that were begun.
    #[serde(default)]
    pub parts: u64,
    /// Orders that were paid in parts.
    #[serde(default)]
    pub split: u64,
    /// Old pictures scanned.
    pub old_pictures: u64,
    /// Pages of a channel that were opened for a payer.
    pub pages: u64,
    /// Late money decided about.
    pub decided: u64,
    /// Calls to the channels.
    pub calls: u64,
    /// Faults on the wire by name.
    pub ills: BTreeMap<String, u64>,
    /// Processes killed at an await or a step of the disk.
    pub kills: u64,
    /// Power cuts.
    pub power_cuts: u64,
    /// Boots that died.
    pub deaths_in_recovery: u64,
    /// Programs quit in the middle of the day.
    pub quits: u64,
    /// What happened to machines, by name.
    pub mishaps: BTreeMap<String, u64>,
    /// Older copies of a folder that were put back.
    pub older_copies: u64,
    /// Bits that turned in closed databases, by who found them.
    pub rot: BTreeMap<String, u64>,
    /// Bills looked at.
    pub bills: u64,
    /// Differences they showed.
    pub bill_differences: u64,
    /// Worlds with real signatures, and with stand-ins.
    pub worlds: BTreeMap<String, u64>,
    /// Bytes that the programs logged, and secrets looked for in them and in every file.
    pub logged: u64,
    /// See `logged`.
    pub secrets: u64,
    /// Rows of RELIABILITY §2.2 by name.
    pub rows: BTreeMap<String, u64>,
    /// States of payments by what they met.
    pub payments: Cells,
    /// States of refunds by what they met.
    pub refund_cells: Cells,
    /// Moves of states.
    pub moves: BTreeMap<String, u64>,
    /// Audits.
    pub audits: u64,
    /// The disks' counters.
    pub disk: BTreeMap<String, u64>,
    /// A hash over everything that happened.
    pub hash: u64,
    /// What was broken, with the day it was found on.
    pub violations: Vec<String>,
    /// What books and ledger tell of it.
    pub told: Vec<String>,
}

impl Outcome {
    /// Adds another world's.
    pub fn add(&mut self, other: Outcome) {
        for (sum, more) in [
            (&mut self.till_days, other.till_days),
            (&mut self.sales, other.sales),
            (&mut self.refused, other.refused),
            (&mut self.tried_again, other.tried_again),
            (&mut self.refunds, other.refunds),
            (&mut self.refunds_refused, other.refunds_refused),
            (&mut self.double_clicks, other.double_clicks),
            (&mut self.parts, other.parts),
            (&mut self.split, other.split),
            (&mut self.old_pictures, other.old_pictures),
            (&mut self.pages, other.pages),
            (&mut self.decided, other.decided),
            (&mut self.calls, other.calls),
            (&mut self.kills, other.kills),
            (&mut self.power_cuts, other.power_cuts),
            (&mut self.deaths_in_recovery, other.deaths_in_recovery),
            (&mut self.quits, other.quits),
            (&mut self.older_copies, other.older_copies),
            (&mut self.logged, other.logged),
            (&mut self.secrets, other.secrets),
            (&mut self.bills, other.bills),
            (&mut self.bill_differences, other.bill_differences),
            (&mut self.audits, other.audits),
        ] {
            *sum += more;
        }
        for (sums, more) in [
            (&mut self.ills, other.ills),
            (&mut self.disk, other.disk),
            (&mut self.mishaps, other.mishaps),
            (&mut self.worlds, other.worlds),
            (&mut self.rot, other.rot),
            (&mut self.rows, other.rows),
            (&mut self.moves, other.moves),
        ] {
            for (name, count) in more {
                *sums.entry(name).or_default() += count;
            }
        }
        for (cells, more) in [
            (&mut self.payments, other.payments),
            (&mut self.refund_cells, other.refund_cells),
        ] {
            for (state, events) in more {
                let known = cells.entry(state).or_default();
                for (event, count) in events {
                    *known.entry(event).or_default() += count;
                }
            }
        }
        self.hash = self.hash.rotate_left(7) ^ other.hash;
        self.violations.extend(other.violations);
    }

    /// Faults of every kind: a run without one proves nothing.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.ills.values().sum::<u64>() + self.kills + self.power_cuts + self.disk_errors()
    }

    /// Errors of disks that nobody died of.
    #[must_use]
    pub fn disk_errors(&self) -> u64 {
        let errors = self
            .disk
            .iter()
            .filter(|(name, _)| name.starts_with("injected_"));
        errors.map(|(_, count)| count).sum()
    }

    /// The numbers for a terminal.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("till-days            {}", self.till_days),
            format!("sales                {}", self.sales),
            format!(
                "refunds              {} asked, {} refused by the till",
                self.refunds, self.refunds_refused
            ),
            format!("late money decided   {}", self.decided),
            format!("old pictures paid    {}", self.old_pictures),
            format!("pages opened         {}", self.pages),
            format!("double clicks        {}", self.double_clicks),
            format!(
                "paid in parts        {} orders, {} parts begun",
                self.split, self.parts
            ),
            format!("calls                {}", self.calls),
            format!("faults on the wire   {}", self.ills.values().sum::<u64>()),
            format!("kills                {}", self.kills),
            format!("power cuts           {}", self.power_cuts),
            format!("deaths in recovery   {}", self.deaths_in_recovery),
            format!("quits                {}", self.quits),
            format!("disk errors          {}", self.disk_errors()),
            format!("older copies         {}", self.older_copies),
            format!(
                "bills compared       {}, {} differences",
                self.bills, self.bill_differences
            ),
            format!(
                "secrets looked for   {} in files and in {} bytes of log",
                self.secrets, self.logged
            ),
            format!("audits               {}", self.audits),
            format!("violations           {}", self.violations.len()),
            format!("history              {:016x}", self.hash),
        ];
        let by_name = self.worlds.iter().chain(&self.mishaps).chain(&self.ills);
        lines.extend(by_name.map(|(name, count)| format!("  {name:36} {count}")));
        let rot = self.rot.iter();
        lines.extend(
            rot.map(|(found, count)| format!("  {:36} {count}", format!("bit rot: {found}"))),
        );
        let errors = self
            .disk
            .iter()
            .filter(|(name, _)| name.starts_with("injected_"));
        lines.extend(errors.map(|(name, count)| format!("  {name:36} {count}")));
        lines
    }
}

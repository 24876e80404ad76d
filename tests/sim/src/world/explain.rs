//! What the books and the ledger tell of an order in which something was found.

use super::{World, beginning};
use paydesk_desk::ports::Store as _;
use paydesk_domain::OrderNumber;

impl World {
    /// What the books tell of the orders in which something was found.
    pub(super) fn explain(&mut self) {
        let found = self.bench.found();
        for violation in found.iter().take(6) {
            let words = violation.found.split_whitespace();
            let number = words
                .filter_map(|word| word.get(..18))
                .find_map(|word| OrderNumber::parse(word).ok());
            let open = self
                .tills
                .get(violation.till)
                .and_then(|till| till.open.first());
            let (Some(number), Some(open)) = (number, open.cloned()) else {
                continue;
            };
            let asked = number.clone();
            let events = self.executor.finish(open.process.id, async move {
                open.process.store.timeline(&asked).await
            });
            self.outcome.told.push(format!("{violation}"));
            for event in events.ok().and_then(Result::ok).unwrap_or_default() {
                let part = |at: &str| event.body.pointer(at).cloned().unwrap_or_default();
                let since = event.at.since(beginning(self.plan.seed)).as_secs_f32();
                self.outcome.told.push(format!(
                    "  {since:9.3} {} {} {} fact {} change {} doubt {} forged {} -> {}",
                    event.seq,
                    event.kind.name(),
                    part("/operation"),
                    part("/fact"),
                    part("/change"),
                    part("/doubt"),
                    part("/forged"),
                    part("/after/payment/state"),
                ));
            }
            let till = self.tills.get(violation.till);
            let state = till.map(|till| {
                let (open, clock) = (till.open.len(), till.machine.clock().offset_ms());
                format!(
                    "{open} open, clock {clock} ms off, at {:?}",
                    self.executor.elapsed()
                )
            });
            self.outcome
                .told
                .push(format!("  {}", state.unwrap_or_default()));
            let truth = self.ether.trade(number.as_str());
            self.outcome.told.push(format!("  the channel: {truth}"));
        }
    }
}

//! Figures, their spread and their goals.

use paydesk_tally::Tally;
use std::time::Duration;

/// Durations of one kind, ordered.
pub(crate) struct Spread(Vec<Duration>);

impl Spread {
    /// From measurements in any order.
    pub(crate) fn of(mut measured: Vec<Duration>) -> Self {
        measured.sort_unstable();
        Self(measured)
    }

    /// The measurement that `percent` of all do not exceed; zero when there is none.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let at = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(at).copied().unwrap_or_default()
    }

    /// How many.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

/// A line of the table.
struct Line {
    name: String,
    figure: String,
    goal: String,
    is_met: Option<bool>,
    measured: Option<Duration>,
}

/// Everything that was measured.
#[derive(Default)]
pub(crate) struct Table(Vec<Line>);

impl Table {
    /// A figure without a goal.
    pub(crate) fn report(&mut self, name: &str, figure: String) {
        self.0.push(Line {
            name: name.to_owned(),
            figure,
            goal: String::new(),
            is_met: None,
            measured: None,
        });
    }

    /// A figure that must not exceed its goal.
    pub(crate) fn judge(&mut self, name: &str, figure: String, goal: String, is_met: bool) {
        self.0.push(Line {
            name: name.to_owned(),
            figure,
            goal,
            is_met: Some(is_met),
            measured: None,
        });
    }

    /// A duration that must stay below its goal, with its ratio to it.
    pub(crate) fn judge_time(&mut self, name: &str, measured: Duration, goal: Duration) {
        let ratio = measured.as_secs_f64() / goal.as_secs_f64();
        let figure = format!("{} ({ratio:.2} of the goal)", ms(measured));
        self.judge(name, figure, format!("< {}", ms(goal)), measured < goal);
        if let Some(line) = self.0.last_mut() {
            line.measured = Some(measured);
        }
    }

    /// Every spread as one line of three percentiles.
    pub(crate) fn report_spread(&mut self, name: &str, spread: &Spread) {
        let [half, most, nearly_all] = [50, 95, 99].map(|it| ms(spread.percentile(it)));
        let figure = format!(
            "p50 {half}  p95 {most}  p99 {nearly_all}  of {}",
            spread.count()
        );
        self.report(name, figure);
    }

    /// Prints the table.
    pub(crate) fn print(&self) {
        let width = self
            .0
            .iter()
            .map(|it| it.name.chars().count())
            .max()
            .unwrap_or(0);
        for line in &self.0 {
            let verdict = match line.is_met {
                Some(true) => format!("  goal {}: met", line.goal),
                Some(false) => format!("  goal {}: MISSED", line.goal),
                None => String::new(),
            };
            println!("{:width$}  {}{verdict}", line.name, line.figure);
        }
    }

    /// The same for the report: its durations in milliseconds, what was judged as met or not.
    pub(crate) fn tally(&self, part: &str, command: &str) -> Tally {
        let mut tally = Tally::new(part, command);
        for line in &self.0 {
            if let Some(measured) = line.measured {
                tally.row("ms", &line.name, measured.as_secs_f64() * 1_000.0);
            }
            if let Some(is_met) = line.is_met {
                tally.row("met", &line.name, f64::from(u8::from(is_met)));
            }
            tally.texts.insert(line.name.clone(), line.figure.clone());
        }
        tally
    }

    /// Whether no goal is missed.
    pub(crate) fn all_met(&self) -> bool {
        self.0.iter().all(|it| it.is_met != Some(false))
    }
}

/// Milliseconds to a microsecond's tenth place, for people.
pub(crate) fn ms(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measurements() {
        let spread = Spread::of((1..=200).rev().map(Duration::from_millis).collect());
        assert_eq!(spread.percentile(50), Duration::from_millis(100));
        assert_eq!(spread.percentile(95), Duration::from_millis(190));
        assert_eq!(Spread::of(Vec::new()).percentile(50), Duration::ZERO);
    }

    #[test]
    fn a_missed_goal_is_a_failure() {
        let mut table = Table::default();
        table.judge_time("x", Duration::from_millis(9), Duration::from_millis(10));
        assert!(table.all_met());
        table.judge_time("x", Duration::from_millis(10), Duration::from_millis(10));
        assert!(!table.all_met());
    }
}

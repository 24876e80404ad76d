//! What a process holds in memory over time, and whether that grows.

use paydesk_proxy::Trouble;
use std::time::Duration;

/// Judged is the second half of a run. Caches fill, and the allocator keeps what the largest burst needed: on a
/// busy machine that goes on for eight minutes, in steps, and stays. What leaks leaks in the second half too.
const MINUTE: Duration = Duration::from_secs(60);

/// When the judged part begins.
pub(crate) fn warm_up(length: Duration) -> Duration {
    (length / 2).max(MINUTE)
}

/// Growth up to the larger of these is noise: pages of the allocator, a burst that is under way.
const NOISE_KIB: f64 = 4.0 * 1024.0;
const NOISE_PART: f64 = 0.10;

/// A steady growth that would be seen in a day, whatever the noise.
const STEADY_KIB_A_MINUTE: f64 = 512.0;

/// What the process held at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Since the start.
    pub(crate) at: Duration,
    /// Anonymous memory, KiB: heap and stacks, without pages of files.
    pub(crate) heap_kib: f64,
    /// All resident memory, KiB.
    pub(crate) resident_kib: f64,
}

/// Looks at a process.
pub(crate) fn look(process: u32, at: Duration) -> Result<Sample, Trouble> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let words = line.map(|line| line.trim().trim_end_matches("kB").trim());
        words.and_then(|text| text.parse::<f64>().ok())
    };
    Ok(Sample {
        at,
        heap_kib: field("RssAnon:").ok_or("no RssAnon")?,
        resident_kib: field("VmRSS:").ok_or("no VmRSS")?,
    })
}

/// Begin and end, and what lies between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth {
    /// The middle of the first minute after the warm-up, KiB of heap.
    pub(crate) begin_kib: f64,
    /// The middle of the last minute, KiB of heap.
    pub(crate) end_kib: f64,
    /// The most, KiB of heap.
    pub(crate) most_kib: f64,
    /// All resident memory at the end, KiB.
    pub(crate) resident_kib: f64,
    /// Least squares over everything after the warm-up.
    pub(crate) kib_a_minute: f64,
}

impl Growth {
    /// Of a run; `None` when it was too short to tell.
    pub(crate) fn of(samples: &[Sample]) -> Option<Growth> {
        let last = samples.last()?;
        if last.at < 3 * MINUTE {
            return None;
        }
        let begins = warm_up(last.at);
        let warm: Vec<Sample> = samples
            .iter()
            .filter(|it| it.at >= begins)
            .copied()
            .collect();
        let begin = warm.iter().filter(|it| it.at < begins + MINUTE);
        let end = warm.iter().filter(|it| it.at + MINUTE >= last.at);
        Some(Growth {
            begin_kib: middle(begin)?,
            end_kib: middle(end)?,
            most_kib: samples.iter().map(|it| it.heap_kib).fold(0.0, f64::max),
            resident_kib: last.resident_kib,
            kib_a_minute: slope(&warm) * 60.0,
        })
    }

    /// Whether the end is no larger than the begin, but for noise, and nothing grows steadily.
    pub(crate) fn is_flat(&self) -> bool {
        let grown = self.end_kib - self.begin_kib;
        grown <= NOISE_KIB.max(NOISE_PART * self.begin_kib)
            && self.kib_a_minute <= STEADY_KIB_A_MINUTE
    }
}

fn middle<'a>(samples: impl Iterator<Item = &'a Sample>) -> Option<f64> {
    let mut all: Vec<f64> = samples.map(|it| it.heap_kib).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

/// KiB a second.
fn slope(samples: &[Sample]) -> f64 {
    let count = paydesk_tally::number(samples.len());
    let mean = |of: fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (mean_at, mean_kib) = (mean(|it| it.at.as_secs_f64()), mean(|it| it.heap_kib));
    let along = |it: &Sample| it.at.as_secs_f64() - mean_at;
    let above: f64 = samples
        .iter()
        .map(|it| along(it) * (it.heap_kib - mean_kib))
        .sum();
    let below: f64 = samples.iter().map(|it| along(it) * along(it)).sum();
    if below > 0.0 { above / below } else { 0.0 }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn run(minutes: u64, kib: impl Fn(f64) -> f64) -> Option<Growth> {
        let samples: Vec<Sample> = (0..=minutes * 12)
            .map(|n| {
                let at = Duration::from_secs(5 * n);
                Sample {
                    at,
                    heap_kib: kib(at.as_secs_f64() / 60.0),
                    resident_kib: 0.0,
                }
            })
            .collect();
        Growth::of(&samples)
    }

    #[test]
    fn a_leak_is_told_from_a_warm_up() {
        // 30 MiB are reached in the first minute and kept.
        let warm = run(10, |minute| 30_720.0 * minute.min(1.0)).unwrap();
        assert!(warm.is_flat() && warm.kib_a_minute.abs() < 1.0);
        // What fills for eight minutes and stays is none; two thirds of a MiB a minute are one.
        let filled = run(20, |minute| 8_192.0 + 1_792.0 * minute.min(8.0)).unwrap();
        assert!(filled.is_flat() && filled.kib_a_minute.abs() < 1.0);
        assert!(
            !run(20, |minute| 22_528.0 + 680.0 * minute)
                .unwrap()
                .is_flat()
        );
        // A MiB a minute is a leak.
        let leak = run(10, |minute| 30_720.0 + 1_024.0 * minute).unwrap();
        assert!(!leak.is_flat());
        assert!((leak.kib_a_minute - 1_024.0).abs() < 1.0);
        assert!(run(2, |_| 1.0).is_none());
    }
}

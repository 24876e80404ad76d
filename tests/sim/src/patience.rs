//! Something that stands still: nothing inside it can notice that, so a thread beside it does.
//!
//! It goes by the processor's time, not by the clock on the wall: on a busy machine a world is slow, and a process
//! that somebody stopped and let go on again has done nothing wrong.

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    time::Duration,
};

/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Whoever used nearly nothing in so many looks in a row waits for what never comes.
const LOOKS: u32 = 150;

/// What the looking itself may have used meanwhile.
const NOTHING: Duration = Duration::from_millis(50);

/// As long as it is there, something is expected to end.
pub(crate) struct Patience {
    _until: mpsc::Sender<()>,
}

impl Patience {
    /// Calls `ended` with the reason when this process uses nothing any more, or more than `most`, while it is
    /// still there.
    pub(crate) fn of(most: Duration, ended: impl FnOnce(&str) + Send + 'static) -> Patience {
        Patience::with(LOOK, most, used, ended)
    }

    fn with(
        look: Duration,
        most: Duration,
        used: impl Fn() -> Option<Duration> + Send + 'static,
        ended: impl FnOnce(&str) + Send + 'static,
    ) -> Patience {
        let (until, over) = mpsc::channel();
        std::thread::spawn(move || {
            let begun = used().unwrap_or_default();
            let (mut known, mut still, mut looks) = (begun, 0, 0_u32);
            while over.recv_timeout(look) == Err(RecvTimeoutError::Timeout) {
                looks += 1;
                // Where nobody tells what was used, time goes on as on the wall.
                let now = used().unwrap_or(begun + look * looks);
                still = if now.saturating_sub(known) > NOTHING {
                    known = now;
                    0
                } else {
                    still + 1
                };
                if still >= LOOKS {
                    return ended("waits for what never comes");
                }
                if now.saturating_sub(begun) > most {
                    return ended("never comes to an end");
                }
            }
        });
        Patience { _until: until }
    }
}

/// The processor's time that this process has used, as Linux tells it in hundredths of a second.
fn used() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in brackets may hold anything; times stand twelve words behind it.
    let (_, rest) = told.rsplit_once(')')?;
    let mut times = rest.split_whitespace().skip(11);
    let mut hundredths = || times.next()?.parse::<u64>().ok();
    Some(Duration::from_millis(10) * u32::try_from(hundredths()? + hundredths()?).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    /// What is said of something that uses so much between two looks, if anything is within its time.
    fn word_of(each: Duration, most: Duration, work: Duration) -> Option<String> {
        let (send, told) = mpsc::channel();
        let looks = std::sync::atomic::AtomicU32::new(0);
        let used = move || Some(each * looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let say = move |why: &str| send.send(why.to_owned()).expect("somebody listens");
        let held = Patience::with(Duration::from_micros(10), most, used, say);
        let word = told.recv_timeout(work).ok();
        drop(held);
        word
    }

    #[test]
    fn what_stands_still_or_runs_in_circles_is_told_and_what_works_is_not() {
        let (little, much) = (Duration::from_micros(1), Duration::from_millis(100));
        let still = word_of(little, LONG, LONG);
        assert_eq!(still.as_deref(), Some("waits for what never comes"));
        let circles = word_of(much, much * 20, LONG);
        assert_eq!(circles.as_deref(), Some("never comes to an end"));
        assert_eq!(word_of(much, LONG * 24, Duration::from_millis(100)), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_used_something() {
        let mut sum = 0_u64;
        while used().expect("Linux tells") < Duration::from_millis(20) {
            sum = (0..1_000_000).fold(sum, |sum, one| sum.wrapping_mul(31) ^ one);
        }
        assert_ne!(sum, 1);
    }
}

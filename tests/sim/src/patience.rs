//! Something that stands still: nothing inside it can notice that, so a thread beside it does.

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    time::Duration,
};

/// As long as it is there, something is expected to end.
pub(crate) struct Patience {
    _until: mpsc::Sender<()>,
}

impl Patience {
    /// Calls `ended` when it is still there after so long.
    pub(crate) fn of(most: Duration, ended: impl FnOnce() + Send + 'static) -> Patience {
        let (until, over) = mpsc::channel();
        std::thread::spawn(move || {
            if over.recv_timeout(most) == Err(RecvTimeoutError::Timeout) {
                ended();
            }
        });
        Patience { _until: until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word_of(patience: Duration, work: Duration) -> bool {
        let (send, told) = mpsc::channel();
        let held = Patience::of(patience, move || send.send(()).expect("somebody listens"));
        let in_time = told.recv_timeout(work);
        drop(held);
        in_time.is_ok()
    }

    #[test]
    fn what_stands_still_is_told_and_what_ends_is_not() {
        let (short, long) = (Duration::from_millis(1), Duration::from_secs(60));
        assert!(word_of(short, long));
        assert!(!word_of(long, short));
    }
}

//! How far a bill's file has been read, and a person's wish to stop: for files that take their time.

use crate::{
    Desk, DeskError,
    ports::{BillSource, ReadSeek},
};
use std::{
    io::{self, Read, Seek, SeekFrom},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// The file that is being read, of which there is one at a time.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    is_busy: AtomicBool,
    is_stopped: AtomicBool,
    at: AtomicU64,
    length: AtomicU64,
}

/// How far a file has been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadSoFar {
    /// Bytes of the file that were read, packed as it may be; it begins anew where the file is read again.
    pub bytes: u64,
    /// Bytes that the file has.
    pub of: u64,
}

/// A file that is looked at while it is read.
struct Watched {
    source: Arc<dyn BillSource>,
    reading: Arc<Reading>,
}

impl BillSource for Watched {
    fn open(&self) -> io::Result<Box<dyn ReadSeek + Send>> {
        let mut file = self.source.open()?;
        let length = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        self.reading.at.store(0, Ordering::Relaxed);
        self.reading.length.store(length, Ordering::Relaxed);
        Ok(Box::new(WatchedFile {
            file,
            at: 0,
            reading: Arc::clone(&self.reading),
        }))
    }

    fn version(&self) -> io::Result<String> {
        self.source.version()
    }
}

struct WatchedFile {
    file: Box<dyn ReadSeek + Send>,
    at: u64,
    reading: Arc<Reading>,
}

impl Read for WatchedFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.reading.is_stopped.load(Ordering::Relaxed) {
            return Err(io::Error::other("it was stopped"));
        }
        let count = self.file.read(into)?;
        self.at += u64::try_from(count).unwrap_or(0);
        self.reading.at.fetch_max(self.at, Ordering::Relaxed);
        Ok(count)
    }
}

impl Seek for WatchedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.file.seek(to)?;
        Ok(self.at)
    }
}

impl Reading {
    fn begin(this: &Arc<Reading>) -> Busy<'_> {
        this.at.store(0, Ordering::Relaxed);
        this.length.store(0, Ordering::Relaxed);
        this.is_stopped.store(false, Ordering::Relaxed);
        this.is_busy.store(true, Ordering::Relaxed);
        Busy(this)
    }

    fn so_far(&self) -> Option<ReadSoFar> {
        self.is_busy.load(Ordering::Relaxed).then(|| ReadSoFar {
            bytes: self.at.load(Ordering::Relaxed),
            of: self.length.load(Ordering::Relaxed),
        })
    }

    fn stop(&self) {
        if self.is_busy.load(Ordering::Relaxed) {
            self.is_stopped.store(true, Ordering::Relaxed);
        }
    }
}

/// While it lives, a file is being read.
pub(super) struct Busy<'d>(&'d Arc<Reading>);

impl Busy<'_> {
    /// The same file, looked at.
    pub(super) fn watch(&self, source: Arc<dyn BillSource>) -> Arc<dyn BillSource> {
        Arc::new(Watched {
            source,
            reading: Arc::clone(self.0),
        })
    }

    /// What came of it; whatever failed after a person's wish to stop is that wish.
    pub(super) fn verdict<T>(&self, outcome: Result<T, DeskError>) -> Result<T, DeskError> {
        let is_stopped = self.0.is_stopped.load(Ordering::Relaxed);
        outcome.map_err(|error| match is_stopped {
            true => DeskError::BillStopped,
            false => error,
        })
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.is_busy.store(false, Ordering::Relaxed);
        self.0.is_stopped.store(false, Ordering::Relaxed);
    }
}

impl Desk {
    pub(super) fn begin_reading(&self) -> Busy<'_> {
        Reading::begin(&self.reading)
    }

    /// How far the bill's file has been read that is being looked at or imported; `None` while none is.
    #[must_use]
    pub fn bill_reading(&self) -> Option<ReadSoFar> {
        self.reading.so_far()
    }

    /// Asks to read no further: what is being looked at is not compared, what is being imported is not kept.
    pub fn stop_bill_reading(&self) {
        self.reading.stop();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "it tests")]
mod tests {
    use super::*;
    use crate::ports::BytesSource;

    #[test]
    fn a_file_tells_how_far_it_is_and_is_read_no_further_than_wished() {
        let reading = Arc::new(Reading::default());
        reading.stop();
        assert_eq!(reading.so_far(), None);
        let busy = Reading::begin(&reading);
        let source = busy.watch(Arc::new(BytesSource([7; 100].into())));
        let mut file = source.open().unwrap();
        let mut part = [0; 40];
        file.read_exact(&mut part).unwrap();
        file.rewind().unwrap();
        let so_far = ReadSoFar { bytes: 40, of: 100 };
        assert_eq!(reading.so_far(), Some(so_far));
        assert_eq!(busy.verdict(Ok(1)).unwrap(), 1);
        reading.stop();
        assert!(file.read(&mut part).is_err());
        let failed: Result<(), _> = busy.verdict(Err(DeskError::PreviewGone));
        assert!(matches!(failed, Err(DeskError::BillStopped)));
        drop(busy);
        assert_eq!(reading.so_far(), None);
        // A page of what was looked at can still be read.
        assert_eq!(source.open().unwrap().read(&mut part).unwrap(), 40);
    }
}

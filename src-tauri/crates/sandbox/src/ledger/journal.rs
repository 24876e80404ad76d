//! The ledger's journal: one JSON list of events per line, on disk before it counts.
//!
//! One line is one transaction. A line without its line feed is a torn write of a process that
//! died before it answered, so it is dropped; damage anywhere else is an error. It must never
//! interpret an event.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Serialize, de::DeserializeOwned};

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A line in the middle does not read as a list of events.
    #[error("journal {path}, line {line}: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from one.
        line: usize,
        /// What the reader found.
        reason: String,
    },
    /// The disk refused.
    #[error("journal {path}: {source}")]
    Disk {
        /// The file.
        path: PathBuf,
        /// The disk's own words.
        source: std::io::Error,
    },
    /// An earlier write failed and could not be undone, so the tail of the file is unknown.
    #[error("journal {path} is unusable after a failed write")]
    Poisoned {
        /// The file.
        path: PathBuf,
    },
}

/// Where transactions go.
#[derive(Debug)]
pub(crate) enum Journal {
    /// A file, for a ledger that outlives its process.
    File(JournalFile),
    /// Nowhere: the ledger ends with its owner, and is the only memory of itself.
    Memory,
}

/// The open file.
#[derive(Debug)]
pub(crate) struct JournalFile {
    file: File,
    path: PathBuf,
    length: u64,
    poisoned: bool,
}

impl Journal {
    /// Opens the file and reads every transaction in it.
    pub(crate) fn open<E: DeserializeOwned>(
        path: &Path,
    ) -> Result<(Self, Vec<Vec<E>>), JournalError> {
        let disk = |source| JournalError::Disk {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = crate::files::private(&mut options)
            .open(path)
            .map_err(disk)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(disk)?;
        let whole = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let mut transactions = Vec::new();
        for (index, line) in text
            .get(..whole)
            .unwrap_or(&[])
            .split(|byte| *byte == b'\n')
            .enumerate()
        {
            if line.is_empty() {
                continue;
            }
            let events = serde_json::from_slice(line).map_err(|reason| JournalError::Damaged {
                path: path.to_owned(),
                line: index.saturating_add(1),
                reason: reason.to_string(),
            })?;
            transactions.push(events);
        }
        let length = u64::try_from(whole).unwrap_or(0);
        file.set_len(length).map_err(disk)?;
        file.seek(SeekFrom::End(0)).map_err(disk)?;
        file.sync_all().map_err(disk)?;
        Ok((
            Self::File(JournalFile {
                file,
                path: path.to_owned(),
                length,
                poisoned: false,
            }),
            transactions,
        ))
    }

    /// Refuses a journal whose tail is unknown.
    pub(crate) fn check(&self) -> Result<(), JournalError> {
        match self {
            Self::File(file) if file.poisoned => Err(JournalError::Poisoned {
                path: file.path.clone(),
            }),
            Self::File(_) | Self::Memory => Ok(()),
        }
    }

    /// The ledger knows more than the disk does, and has to stop.
    pub(crate) fn poison(&mut self) {
        if let Self::File(file) = self {
            file.poisoned = true;
        }
    }

    /// Writes one transaction and waits until it is where this journal keeps it.
    pub(crate) fn append<E: Serialize>(&mut self, events: &[E]) -> Result<(), JournalError> {
        match self {
            Self::File(file) => file.append(events),
            Self::Memory => Ok(()),
        }
    }
}

impl JournalFile {
    /// Writes one transaction and waits until it is on the disk.
    fn append<E: Serialize>(&mut self, events: &[E]) -> Result<(), JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned {
                path: self.path.clone(),
            });
        }
        let mut line = serde_json::to_vec(events).map_err(|reason| JournalError::Disk {
            path: self.path.clone(),
            source: reason.into(),
        })?;
        line.push(b'\n');
        let written = self
            .file
            .write_all(&line)
            .and_then(|()| self.file.sync_data());
        if let Err(source) = written {
            // Half a line would swallow the next one, so the file goes back to its last whole line.
            let undone = self
                .file
                .set_len(self.length)
                .and_then(|()| self.file.seek(SeekFrom::End(0)))
                .and_then(|_| self.file.sync_data());
            self.poisoned = undone.is_err();
            return Err(JournalError::Disk {
                path: self.path.clone(),
                source,
            });
        }
        self.length = self
            .length
            .saturating_add(u64::try_from(line.len()).unwrap_or(0));
        Ok(())
    }
}

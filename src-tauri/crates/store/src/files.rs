//! What the store asks of the file system itself, beside SQLite.
//!
//! It must never touch the database file: closing it would let SQLite's own locks go.

use std::{
    fs::{File, OpenOptions},
    io::{Error, ErrorKind, Read, Seek, SeekFrom, Write},
    path::Path,
};

/// A file system; another one than the system's for the simulation.
pub trait Files: Send + Sync {
    /// SQLite's name of it; `None` for the system's own.
    fn vfs(&self) -> Option<&str>;

    /// Writes what a file holds once more and syncs it; then its folder, so that a file that is gone stays
    /// gone too.
    ///
    /// # Errors
    /// The system's.
    fn write_again(&self, file: &Path) -> Result<(), Error>;
}

/// The system's own files.
pub struct SystemFiles;

const BLOCK: usize = 64 * 1024;

impl Files for SystemFiles {
    fn vfs(&self) -> Option<&str> {
        None
    }

    fn write_again(&self, file: &Path) -> Result<(), Error> {
        match OpenOptions::new().read(true).write(true).open(file) {
            Ok(open) => same_again(open)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        sync_folder(file)
    }
}

fn same_again(mut file: File) -> Result<(), Error> {
    let mut block = vec![0; BLOCK];
    let mut at = 0;
    loop {
        let length = file.read(&mut block)?;
        let Some(same) = block.get(..length).filter(|same| !same.is_empty()) else {
            return file.sync_all();
        };
        file.seek(SeekFrom::Start(at))?;
        file.write_all(same)?;
        at = file.stream_position()?;
    }
}

#[cfg(unix)]
fn sync_folder(file: &Path) -> Result<(), Error> {
    file.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// A folder cannot be opened as a file here; its names are the file system's own care.
#[cfg(not(unix))]
fn sync_folder(_file: &Path) -> Result<(), Error> {
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_file_stays_as_it_is_and_a_missing_one_stays_missing() {
        let name = format!("paydesk-files-{}", std::process::id());
        let file = std::env::temp_dir().join(name);
        for length in [0, 1, BLOCK, 3 * BLOCK + 7] {
            let content: Vec<u8> = (0..=250).cycle().take(length).collect();
            std::fs::write(&file, &content).unwrap();
            SystemFiles.write_again(&file).unwrap();
            assert_eq!(std::fs::read(&file).unwrap(), content);
        }
        std::fs::remove_file(&file).unwrap();
        SystemFiles.write_again(&file).unwrap();
        assert!(!file.exists());
    }
}

//! Files of a vault: written whole, by this user only readable, one process at a time.

use crate::VaultError;
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// How often a process looks whether another has finished writing: five seconds in all.
const LOCK_TRIES: u32 = 250;

pub(crate) fn fault(path: &Path) -> impl Fn(io::Error) -> VaultError {
    let path = path.to_owned();
    move |source| VaultError::File {
        path: path.clone(),
        source,
    }
}

/// Reads a file of a sane size; `None` when there is none.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, VaultError> {
    match fs::metadata(path) {
        Ok(about) if about.len() > limit => Err(VaultError::Damaged {
            path: path.to_owned(),
        }),
        Ok(_) => fs::read(path).map(Some).map_err(fault(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault(path)(error)),
    }
}

/// Writes beside, syncs, renames, syncs the folder: a crash leaves the old file or the new one.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = path.with_file_name(name);
    // A left-over may have other rights than ours: it is made anew.
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fault(&fresh)(error)),
        Ok(()) | Err(_) => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(&fresh).map_err(fault(&fresh))?;
    out.write_all(bytes)
        .and_then(|()| out.sync_all())
        .map_err(fault(&fresh))?;
    drop(out);
    fs::rename(&fresh, path).map_err(fault(path))?;
    sync_folder(path)
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> Result<(), VaultError> {
    let folder = path.parent().unwrap_or(path);
    let opened = fs::File::open(folder).and_then(|folder| folder.sync_all());
    opened.map_err(fault(folder))
}

/// Renames are durable on other systems without it, and folders cannot be opened there.
#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> Result<(), VaultError> {
    Ok(())
}

/// Held while a file is read, changed and written, by one process or thread at a time.
pub(crate) struct FileLock(#[allow(dead_code, reason = "unlocks when dropped")] fs::File);

impl FileLock {
    pub(crate) fn take(folder: &Path) -> Result<FileLock, VaultError> {
        let path: PathBuf = folder.join("vault.lock");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let file = options.open(&path).map_err(fault(&path))?;
        for _ in 0..LOCK_TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(FileLock(file)),
                Err(fs::TryLockError::Error(error)) => return Err(fault(&path)(error)),
                Err(fs::TryLockError::WouldBlock) => pause(),
            }
        }
        Err(fault(&path)(io::ErrorKind::TimedOut.into()))
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "waits for another process of this machine; there is no runtime here"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

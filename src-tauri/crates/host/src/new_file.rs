//! Files that appear whole or not at all: written beside their place, made durable, then renamed.
//! Knows nothing of what is written.

use paydesk_console::NewFile;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// Few large writes: a file of a million orders is 150 MB.
const BUFFER: usize = 256 * 1024;

/// A file on its way.
struct Pending {
    /// `None` once everything is handed to the system.
    writer: Option<BufWriter<File>>,
    /// Where it is written.
    beside: PathBuf,
    /// Where it will be.
    target: PathBuf,
    replace: bool,
}

/// Begins a file.
///
/// # Errors
/// The system's; `AlreadyExists` where there is one and `replace` is not asked for.
pub(crate) fn begin(target: &Path, replace: bool) -> io::Result<Box<dyn NewFile>> {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    match fs::symlink_metadata(target) {
        // What is no plain file is never replaced: a folder, a device, a link to somewhere else.
        Ok(found) if replace && !found.is_file() => return Err(ErrorKind::IsADirectory.into()),
        Ok(_) if !replace => return Err(ErrorKind::AlreadyExists.into()),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let name = target.file_name().ok_or(ErrorKind::InvalidFilename)?;
    let folder = target.parent().ok_or(ErrorKind::NotFound)?;
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}-{n}.part", std::process::id()));
    let beside = folder.join(beside);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)
        .map_err(|error| match error.kind() {
            // Left by a process of the same number that was killed; not the name the person chose.
            ErrorKind::AlreadyExists => io::Error::other(error),
            _ => error,
        })?;
    Ok(Box::new(Pending {
        writer: Some(BufWriter::with_capacity(BUFFER, file)),
        beside,
        target: target.to_owned(),
        replace,
    }))
}

impl Pending {
    fn writer(&mut self) -> io::Result<&mut BufWriter<File>> {
        self.writer
            .as_mut()
            .ok_or_else(|| io::Error::other("the file is finished"))
    }

    fn give_its_name(&self) -> io::Result<()> {
        if self.replace {
            return fs::rename(&self.beside, &self.target);
        }
        // A link is refused where a file came meanwhile; a rename would replace it.
        match fs::hard_link(&self.beside, &self.target) {
            // Its first name is taken away when this is dropped.
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
            // Memory sticks have no links: a look just before is the best there is.
            Err(_) if self.target.try_exists()? => Err(ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(&self.beside, &self.target),
        }
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer()?.flush()
    }
}

impl NewFile for Pending {
    fn keep(mut self: Box<Self>) -> io::Result<()> {
        self.flush()?;
        self.writer()?.get_ref().sync_all()?;
        // Windows renames no open file.
        drop(self.writer.take());
        self.give_its_name()?;
        // The name is durable with its folder; where a folder cannot be opened, the system sees to it.
        if let Some(Ok(folder)) = self.target.parent().map(File::open)
            && let Err(error) = folder.sync_all()
        {
            tracing::warn!(%error, "the folder of a new file could not be synced");
        }
        Ok(())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // What is buffered is not wanted any more, and must not fail a second time.
        if let Some(writer) = self.writer.take() {
            drop(writer.into_parts());
        }
        match fs::remove_file(&self.beside) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "a part of a file could not be removed"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("paydesk-files-{}-{name}", std::process::id()));
        let _absent = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_and_leaves_nothing_beside_it() {
        let folder = folder("whole");
        let target = folder.join("a.csv");
        let mut file = begin(&target, false).unwrap();
        file.write_all(b"one").unwrap();
        assert!(!target.exists(), "not before it is whole");
        file.keep().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"one");
        assert_eq!(names(&folder), ["a.csv"]);
        let mut file = begin(&target, true).unwrap();
        file.write_all(b"two").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"one");
        file.keep().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"two");
        assert_eq!(names(&folder), ["a.csv"]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_given_up_leaves_nothing() {
        let folder = folder("dropped");
        let mut file = begin(&folder.join("a.csv"), false).unwrap();
        file.write_all(&[b'x'; BUFFER + 1]).unwrap();
        drop(file);
        assert_eq!(names(&folder), Vec::<String>::new());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_is_there_is_replaced_on_request_alone() {
        let folder = folder("exists");
        let target = folder.join("a.csv");
        // Not there at the start, but at the end.
        let file = begin(&target, false).unwrap();
        fs::write(&target, b"theirs").unwrap();
        assert_eq!(file.keep().unwrap_err().kind(), ErrorKind::AlreadyExists);
        let kind = |replace, target: &Path| begin(target, replace).err().map(|e| e.kind());
        assert_eq!(kind(false, &target), Some(ErrorKind::AlreadyExists));
        fs::create_dir(folder.join("b.csv")).unwrap();
        assert_eq!(
            kind(true, &folder.join("b.csv")),
            Some(ErrorKind::IsADirectory)
        );
        assert_eq!(
            kind(true, &folder.join("absent").join("c.csv")),
            Some(ErrorKind::NotFound)
        );
        assert_eq!(fs::read(&target).unwrap(), b"theirs");
        assert_eq!(names(&folder), ["a.csv", "b.csv"]);
        fs::remove_dir_all(folder).unwrap();
    }
}

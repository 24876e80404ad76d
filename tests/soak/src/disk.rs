//! The disk under the books: which file system it is, and what one page and one fsync cost on it.

use paydesk_proxy::Trouble;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Measurements of each.
const ROUNDS: usize = 200;

/// The type of the file system that holds this folder, by the longest mount point above it.
pub(crate) fn file_system(folder: &Path) -> Result<String, Trouble> {
    let folder = folder.canonicalize()?;
    let mounts = std::fs::read_to_string("/proc/mounts")?;
    let mut best = (0, String::from("unknown"));
    for line in mounts.lines() {
        let mut words = line.split(' ').skip(1);
        let (Some(point), Some(kind)) = (words.next(), words.next()) else {
            continue;
        };
        if folder.starts_with(point) && point.len() >= best.0 {
            best = (point.len(), kind.to_owned());
        }
    }
    Ok(best.1)
}

/// Whether what is written there outlives the machine's power.
pub(crate) fn is_real(file_system: &str) -> bool {
    !matches!(file_system, "ramfs" | "tmpfs" | "unknown")
}

/// Appends of 4 KiB, each with an fsync: sorted microseconds.
pub(crate) fn probe(folder: &Path) -> Result<Vec<u32>, Trouble> {
    let file = folder.join("fsync.probe");
    let mut probe = File::create(&file)?;
    let mut took = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        probe.write_all(&[7; 4096])?;
        probe.sync_data()?;
        took.push(u32::try_from(began.elapsed().as_micros())?);
    }
    std::fs::remove_file(file)?;
    took.sort_unstable();
    Ok(took)
}

//! The container of an XLS file: a compound file (MS-CFB), sectors chained as files once were on a disk. Every chain is
//! followed at most as long as there are sectors, so that one that bites its own tail ends.

use crate::{Reason, StatementFault};

const SIGNATURE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
const HEADER_BYTES: usize = 512;
const ENTRY_BYTES: usize = 128;
/// In the header: sectors of the table of chains, and where more of them are listed.
const FIRST_TABLE_AT: usize = 76;
const TABLES_IN_HEADER: usize = 109;
/// Numbers from here on name no sector.
const NO_SECTOR: u32 = 0xffff_fffa;
/// Streams and storages of a workbook.
const ENTRIES_MAX: usize = 4096;

fn broken() -> StatementFault {
    StatementFault::of_file(Reason::Archive)
}

/// Whether a file is a compound file.
pub(crate) fn is_one(file: &[u8]) -> bool {
    file.starts_with(SIGNATURE)
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

struct Container<'f> {
    file: &'f [u8],
    sector_bytes: usize,
    chains: Vec<u32>,
}

impl<'f> Container<'f> {
    fn sector(&self, sector: u32) -> Option<&'f [u8]> {
        let at = usize::try_from(sector).ok()?.checked_add(1)?;
        let from = at.checked_mul(self.sector_bytes)?;
        let rest = self.file.get(from..)?;
        // The last sector may be cut to what it holds.
        Some(rest.get(..self.sector_bytes).unwrap_or(rest))
    }

    /// The bytes of a chain; no more than `most`.
    fn chain(&self, first: u32, most: usize) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let (mut sector, mut count) = (first, 0_usize);
        while sector < NO_SECTOR && bytes.len() < most {
            count += 1;
            if count > self.chains.len() {
                return None;
            }
            bytes.extend_from_slice(self.sector(sector)?);
            sector = *self.chains.get(usize::try_from(sector).ok()?)?;
        }
        bytes.truncate(most);
        Some(bytes)
    }
}

/// One stream of the directory.
struct Entry {
    name: String,
    first: u32,
    size: usize,
}

fn entries(directory: &[u8]) -> Vec<Entry> {
    let entry = |bytes: &[u8]| {
        let length = usize::from(u16_at(bytes, 64)?).checked_sub(2)?.min(62);
        let units = bytes.get(..length)?.chunks_exact(2);
        let units = units.filter_map(|unit| u16_at(unit, 0)).collect::<Vec<_>>();
        Some(Entry {
            name: String::from_utf16_lossy(&units),
            first: u32_at(bytes, 116)?,
            size: usize::try_from(u32_at(bytes, 120)?).ok()?,
        })
    };
    directory
        .chunks_exact(ENTRY_BYTES)
        .take(ENTRIES_MAX)
        .filter_map(entry)
        .collect()
}

/// The stream that holds the workbook.
///
/// # Errors
/// `Archive`, `Encrypted`, or `NotAStatement` where there is none.
pub(super) fn workbook(file: &[u8]) -> Result<Vec<u8>, StatementFault> {
    let sector_bytes = match u16_at(file, 30) {
        Some(9) => 512,
        Some(12) => 4096,
        _ => return Err(broken()),
    };
    let mut container = Container {
        file,
        sector_bytes,
        chains: Vec::new(),
    };
    container.chains = chains(&container).ok_or_else(broken)?;
    let directory = u32_at(file, 48)
        .and_then(|first| container.chain(first, ENTRIES_MAX * ENTRY_BYTES))
        .ok_or_else(broken)?;
    let entries = entries(&directory);
    if entries.iter().any(|entry| entry.name == "EncryptedPackage") {
        return Err(StatementFault::of_file(Reason::Encrypted));
    }
    let named = |name: &str| entries.iter().find(|entry| entry.name == name);
    let stream = named("Workbook").or_else(|| named("Book"));
    let Some(stream) = stream else {
        return Err(StatementFault::of_file(Reason::NotAStatement));
    };
    let is_small = u32_at(file, 56).is_none_or(|smallest| {
        usize::try_from(smallest).is_ok_and(|smallest| stream.size < smallest)
    });
    let bytes = if is_small {
        let root = entries.first().ok_or_else(broken)?;
        small(&container, root, stream)
    } else {
        container.chain(stream.first, stream.size)
    };
    let bytes = bytes.ok_or_else(broken)?;
    if bytes.len() < stream.size {
        return Err(StatementFault::of_file(Reason::Truncated));
    }
    Ok(bytes)
}

/// The table of chains, sector by sector: the first of them are listed in the header, the others in sectors of their own.
fn chains(container: &Container<'_>) -> Option<Vec<u32>> {
    let file = container.file;
    let sectors = file.len().checked_sub(HEADER_BYTES)? / container.sector_bytes + 1;
    let mut tables: Vec<u32> = (0..TABLES_IN_HEADER)
        .filter_map(|n| u32_at(file, FIRST_TABLE_AT + n * 4))
        .collect();
    let (mut next, mut count) = (u32_at(file, 68)?, 0);
    while next < NO_SECTOR {
        count += 1;
        if count > sectors {
            return None;
        }
        let list = container.sector(next)?;
        let last = container.sector_bytes - 4;
        tables.extend((0..last / 4).filter_map(|n| u32_at(list, n * 4)));
        next = u32_at(list, last)?;
    }
    let mut chains = Vec::new();
    for table in tables.into_iter().filter(|table| *table < NO_SECTOR) {
        let bytes = container.sector(table)?;
        chains.extend((0..bytes.len() / 4).filter_map(|n| u32_at(bytes, n * 4)));
        // Each number stands for one sector; a list that names one table again has no end.
        if chains.len() > sectors + container.sector_bytes {
            return None;
        }
    }
    Some(chains)
}

/// A stream below the smallest size lies in sectors of 64 bytes inside of the root's stream.
fn small(container: &Container<'_>, root: &Entry, stream: &Entry) -> Option<Vec<u8>> {
    const SMALL: usize = 64;
    let inner = container.chain(root.first, root.size)?;
    let table = container.chain(u32_at(container.file, 60)?, container.file.len())?;
    let (mut sector, mut bytes) = (stream.first, Vec::new());
    while sector < NO_SECTOR && bytes.len() < stream.size {
        let at = usize::try_from(sector).ok()?;
        let from = at.checked_mul(SMALL)?;
        let rest = inner.get(from..)?;
        bytes.extend_from_slice(rest.get(..SMALL).unwrap_or(rest));
        if bytes.len() > inner.len() {
            return None;
        }
        sector = u32_at(&table, at.checked_mul(4)?)?;
    }
    bytes.truncate(stream.size);
    Some(bytes)
}

//! Archives as the channels pack their bills: zip, gzip, or none. Unpacked in memory, within limits, one entry.
//! Nothing is ever written anywhere by a name that an archive gives.

use crate::BillFault;
use encoding_rs::GB18030;
use flate2::bufread::GzDecoder;
use memchr::memmem;
use std::{
    borrow::Cow,
    io::{Cursor, ErrorKind, Read},
};
use zip::{ZipArchive, read::ZipFile, result::ZipError};

/// Larger files are no bill of a day.
pub const PACKED_BYTES_MAX: usize = 32 << 20;
/// The most that is unpacked, and the most that is read as it is: two hundred thousand lines. A bill is held in
/// memory while it is compared, so this and its lines are what a hostile file can cost.
pub const UNPACKED_BYTES_MAX: u64 = 64 << 20;
/// The channels put two entries into an archive.
pub const ENTRIES_MAX: usize = 64;
/// Text packs about twenty to one; a bomb packs a thousand to one.
const RATIO_MAX: u64 = 100;
/// Below this the ratio says nothing.
const RATIO_FROM: u64 = 16 << 20;
/// The record at the end of every whole zip, and where it counts the entries.
const ZIP_END: &[u8] = b"PK\x05\x06";
const ZIP_COUNT_AT: usize = 10;
/// In front of it where the archive is larger than a bill's can be.
const ZIP64_MARK: &[u8] = b"PK\x06\x07";
const ZIP64_MARK_BACK: usize = 20;

fn broken(what: &'static str) -> BillFault {
    BillFault::Archive(what)
}

fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(ZIP_END)
}

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// The bytes of the bill in `file`. Of a zip's entries the one that `rank` values most, by its name;
/// the only one there is whatever it is called.
///
/// # Errors
/// `TooLarge`, `Bomb`, `LeadsOut`, `Nested`, `Encrypted`, `Several`, `Archive`, `Truncated`, or `WrongChannel` when no
/// entry is a bill.
pub fn unpack(file: &[u8], rank: fn(&str) -> u8) -> Result<Vec<u8>, BillFault> {
    let packed = is_zip(file) || is_gzip(file);
    if packed && file.len() > PACKED_BYTES_MAX {
        return Err(BillFault::TooLarge);
    }
    let bytes = if is_zip(file) {
        unzip(file, rank)?
    } else if is_gzip(file) {
        let mut reader = GzDecoder::new(file);
        let bytes = limited(&mut reader, 0, file.len())?;
        if !reader.into_inner().is_empty() {
            return Err(broken("something follows its end"));
        }
        bytes
    } else {
        if u64::try_from(file.len()).map_or(true, |length| length > UNPACKED_BYTES_MAX) {
            return Err(BillFault::TooLarge);
        }
        file.to_vec()
    };
    if packed && (is_zip(&bytes) || is_gzip(&bytes)) {
        return Err(BillFault::Nested);
    }
    Ok(bytes)
}

fn unzip(file: &[u8], rank: fn(&str) -> u8) -> Result<Vec<u8>, BillFault> {
    let end = memmem::rfind(file, ZIP_END);
    let whole = end.is_some();
    let fault = |error: ZipError| match error {
        _ if !whole => BillFault::Truncated,
        ZipError::CompressionMethodNotSupported(_) | ZipError::UnsupportedArchive(_) => {
            broken("it is packed in a way that no channel uses")
        }
        _ => broken("it is damaged"),
    };
    // Looked at before the archive's list is read: that may have a million entries.
    let count = end.map_or(0, |end| entry_count(file, end));
    if count > ENTRIES_MAX {
        return Err(broken("it has too many entries"));
    }
    if end.is_some_and(|end| is_zip64(file, end)) {
        return Err(broken("it is packed in a way that no channel uses"));
    }
    let mut archive = ZipArchive::new(Cursor::new(file)).map_err(fault)?;
    // Entries of one name are one to the reader, and a choice to whoever made them.
    if archive.len() != count {
        return Err(broken("its entries are not those that it counts"));
    }
    let mut names: Vec<(usize, u8)> = Vec::new();
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(fault)?;
        let name = entry_name(entry.name_raw());
        check_entry(&entry, &name)?;
        if !entry.is_dir() {
            names.push((at, rank(&name)));
        }
    }
    let best = names.iter().map(|(_, rank)| *rank).max().unwrap_or(0);
    let mut chosen = names.iter().filter(|(_, rank)| *rank == best);
    let (Some((at, _)), others) = (chosen.next(), chosen.next().is_some()) else {
        return Err(broken("it is empty"));
    };
    match (best, others) {
        (0, true) => return Err(BillFault::WrongChannel),
        (_, true) => return Err(BillFault::Several),
        (_, false) => {}
    }
    let mut entry = archive.by_index(*at).map_err(fault)?;
    let declared = entry.size();
    limited(&mut entry, declared, file.len())
}

/// How many entries the archive's end counts.
fn entry_count(file: &[u8], end: usize) -> usize {
    let at = end.saturating_add(ZIP_COUNT_AT);
    match file.get(at..at.saturating_add(2)) {
        Some([low, high]) => usize::from(u16::from_le_bytes([*low, *high])),
        _ => 0,
    }
}

fn is_zip64(file: &[u8], end: usize) -> bool {
    let mark = end.checked_sub(ZIP64_MARK_BACK);
    mark.and_then(|at| file.get(at..))
        .is_some_and(|rest| rest.starts_with(ZIP64_MARK))
}

/// GBK without a mark is what the channels write; tools that zip again write UTF-8, marked or not.
fn entry_name(raw: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(raw) {
        return Cow::Borrowed(text);
    }
    GB18030
        .decode_without_bom_handling_and_without_replacement(raw)
        .unwrap_or_else(|| String::from_utf8_lossy(raw))
}

fn check_entry<R: Read + ?Sized>(entry: &ZipFile<'_, R>, name: &str) -> Result<(), BillFault> {
    let outside = name.starts_with('/')
        || name.contains(['\\', '\0'])
        || name.get(1..2) == Some(":")
        || name.split('/').any(|part| part == "..");
    if outside {
        return Err(BillFault::LeadsOut);
    }
    if entry.encrypted() {
        return Err(BillFault::Encrypted);
    }
    if entry.is_symlink() {
        return Err(broken("an entry is a link"));
    }
    let lower = name.to_ascii_lowercase();
    if [".zip", ".gz", ".rar", ".7z", ".tar"]
        .iter()
        .any(|end| lower.ends_with(end))
    {
        return Err(BillFault::Nested);
    }
    Ok(())
}

/// Reads to the end, but never past what a bill of this packed size can be. What is declared is a hint only.
fn limited(reader: &mut dyn Read, declared: u64, packed: usize) -> Result<Vec<u8>, BillFault> {
    let packed = u64::try_from(packed).unwrap_or(u64::MAX);
    let most = packed
        .saturating_mul(RATIO_MAX)
        .clamp(RATIO_FROM, UNPACKED_BYTES_MAX);
    let mut bytes = Vec::with_capacity(usize::try_from(declared.min(most)).unwrap_or_default());
    let read = reader.take(most + 1).read_to_end(&mut bytes);
    match read.map(u64::try_from) {
        Ok(Ok(length)) if length <= most => Ok(bytes),
        Ok(_) if most == UNPACKED_BYTES_MAX => Err(BillFault::TooLarge),
        Ok(_) => Err(BillFault::Bomb),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(BillFault::Truncated),
        Err(_) => Err(broken("it is damaged")),
    }
}

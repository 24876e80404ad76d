//! Archives as the channels pack their bills: zip, gzip, or none. Unpacked while they are read, within limits, one entry.
//! Nothing is ever written anywhere by a name that an archive gives.

use super::stream::{ByReading, BySeeking, Skip, fault_of};
use crate::BillFault;
use encoding_rs::GB18030;
use flate2::bufread::GzDecoder;
use memchr::memmem;
use std::{
    borrow::Cow,
    io::{self, BufRead as _, BufReader, Cursor, Read, Seek, SeekFrom},
};
use zip::{ZipArchive, read::ZipFile, result::ZipError};

/// How large a bill's file may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Packed.
    packed: u64,
    /// Unpacked, or as it is where it is not packed.
    unpacked: u64,
}

/// The most that is unpacked into memory: two hundred thousand lines.
pub const UNPACKED_BYTES_MAX: u64 = 64 << 20;
/// Of a file that is held in memory: with its lines this is what a hostile file can cost.
pub const HELD: Limits = Limits {
    packed: 32 << 20,
    unpacked: UNPACKED_BYTES_MAX,
};
/// Of a file that streams past: ten million lines. No more than a block of it is ever held.
pub const STREAMED: Limits = Limits {
    packed: 512 << 20,
    unpacked: 4 << 30,
};
/// The channels put two entries into an archive.
pub const ENTRIES_MAX: usize = 64;
/// Text packs about twenty to one; a bomb packs a thousand to one.
const RATIO_MAX: u64 = 100;
/// Below this the ratio says nothing.
const RATIO_FROM: u64 = 16 << 20;
/// The record at the end of every whole zip, and where it counts the entries.
const ZIP_END: &[u8] = b"PK\x05\x06";
const ZIP_COUNT_AT: usize = 10;
/// Where its end is looked for.
const ZIP_TAIL_BYTES: u64 = 1 << 20;
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

/// A file that can be read anywhere.
pub trait ReadSeek: Read + Seek {}

impl<F: Read + Seek> ReadSeek for F {}

/// The bytes of the bill in `file`. Of a zip's entries the one that `rank` values most, by its name;
/// the only one there is whatever it is called.
///
/// # Errors
/// `TooLarge`, `Bomb`, `LeadsOut`, `Nested`, `Encrypted`, `Several`, `Archive`, `Truncated`, or `WrongChannel` when no
/// entry is a bill.
pub fn unpack(file: &[u8], rank: fn(&str) -> u8) -> Result<Vec<u8>, BillFault> {
    let mut bytes = Vec::new();
    open(&mut Cursor::new(file), HELD, rank, &mut |unpacked| {
        let read = unpacked.read_to_end(&mut bytes);
        read.map(|_| ()).map_err(|error| fault_of(&error))
    })?;
    Ok(bytes)
}

/// The same while it is read: `act` is given the bill from its beginning.
///
/// # Errors
/// As [`unpack`], and those of `act`.
pub fn open(
    file: &mut dyn ReadSeek,
    limits: Limits,
    rank: fn(&str) -> u8,
    act: &mut dyn FnMut(&mut dyn Skip) -> Result<(), BillFault>,
) -> Result<(), BillFault> {
    let length = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    let mut start = Vec::new();
    file.rewind().map_err(unreadable)?;
    (&mut *file)
        .take(4)
        .read_to_end(&mut start)
        .map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    let packed = is_zip(&start) || is_gzip(&start);
    let most = if packed {
        limits.packed
    } else {
        limits.unpacked
    };
    if length > most {
        return Err(BillFault::TooLarge);
    }
    if is_zip(&start) {
        return unzip(file, length, limits, rank, act);
    }
    if !packed {
        return act(&mut BySeeking(file));
    }
    let mut limited = Limited::new(GzDecoder::new(BufReader::new(file)), limits, length);
    if let Err(fault) = act(&mut ByReading(&mut limited)) {
        return Err(rest_of(&mut limited).unwrap_or(fault));
    }
    let is_over = limited.is_over;
    let mut behind = limited.inner.into_inner();
    if is_over && !behind.fill_buf().map_err(unreadable)?.is_empty() {
        return Err(broken("something follows its end"));
    }
    Ok(())
}

fn unreadable(_error: io::Error) -> BillFault {
    broken("it cannot be read")
}

fn unzip(
    file: &mut dyn ReadSeek,
    length: u64,
    limits: Limits,
    rank: fn(&str) -> u8,
    act: &mut dyn FnMut(&mut dyn Skip) -> Result<(), BillFault>,
) -> Result<(), BillFault> {
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(length.saturating_sub(ZIP_TAIL_BYTES)))
        .map_err(unreadable)?;
    file.read_to_end(&mut tail).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    let end = memmem::rfind(&tail, ZIP_END);
    let whole = end.is_some();
    let fault = |error: ZipError| match error {
        _ if !whole => BillFault::Truncated,
        ZipError::CompressionMethodNotSupported(_) | ZipError::UnsupportedArchive(_) => {
            broken("it is packed in a way that no channel uses")
        }
        _ => broken("it is damaged"),
    };
    // Looked at before the archive's list is read: that may have a million entries.
    let count = end.map_or(0, |end| entry_count(&tail, end));
    if count > ENTRIES_MAX {
        return Err(broken("it has too many entries"));
    }
    if end.is_some_and(|end| is_zip64(&tail, end)) {
        return Err(broken("it is packed in a way that no channel uses"));
    }
    let mut archive = ZipArchive::new(file).map_err(fault)?;
    // Entries of one name are one to the reader, and a choice to whoever made them.
    if archive.len() != count {
        return Err(broken("its entries are not those that it counts"));
    }
    let at = chosen(&mut archive, rank, &fault)?;
    let entry = archive.by_index(at).map_err(fault)?;
    let mut limited = Limited::new(entry, limits, length);
    let read = act(&mut ByReading(&mut limited));
    read.map_err(|fault| rest_of(&mut limited).unwrap_or(fault))
}

/// What is wrong with the rest of an archive whose bill cannot be read: that is why, then. No more of it is unpacked
/// than would be held.
fn rest_of(archive: &mut dyn Read) -> Option<BillFault> {
    let mut rest = archive.take(UNPACKED_BYTES_MAX);
    let read = io::copy(&mut rest, &mut io::sink());
    read.err().map(|error| fault_of(&error))
}

/// Which entry is the bill.
fn chosen<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    rank: fn(&str) -> u8,
    fault: &dyn Fn(ZipError) -> BillFault,
) -> Result<usize, BillFault> {
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
        (0, true) => Err(BillFault::WrongChannel),
        (_, true) => Err(BillFault::Several),
        (_, false) => Ok(*at),
    }
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

/// Never goes past what a bill of this packed size can be. What an archive declares is not asked.
struct Limited<R> {
    inner: R,
    most: u64,
    unpacked: u64,
    read: u64,
    is_over: bool,
}

impl<R: Read> Limited<R> {
    fn new(inner: R, limits: Limits, packed: u64) -> Limited<R> {
        let most = packed.saturating_mul(RATIO_MAX);
        Limited {
            inner,
            most: most.clamp(RATIO_FROM, limits.unpacked),
            unpacked: limits.unpacked,
            read: 0,
            is_over: false,
        }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        let is_first = self.read == 0 && count > 0;
        self.read += u64::try_from(count).unwrap_or(u64::MAX);
        self.is_over = count == 0 && !into.is_empty();
        if self.read > self.most {
            let fault = if self.most == self.unpacked {
                BillFault::TooLarge
            } else {
                BillFault::Bomb
            };
            return Err(io::Error::other(fault));
        }
        let start = into.get(..count).unwrap_or_default();
        if is_first && (is_zip(start) || is_gzip(start)) {
            return Err(io::Error::other(BillFault::Nested));
        }
        Ok(count)
    }
}

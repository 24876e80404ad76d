//! Zip, gzip and zlib as the channels write them: raw deflate with fixed codes (RFC 1950, 1951, 1952).
//!
//! Written here, so that no archive is made and opened by the same library. It must never read one.

use std::collections::HashMap;

use crate::clock::alipay_time;

/// One file of an archive; the name is bytes, because the channel writes GBK without a flag.
#[derive(Clone, Debug)]
pub(super) struct ZipEntry {
    pub(super) name: Vec<u8>,
    pub(super) content: Vec<u8>,
}

/// An archive of deflated files; with `spoils` every checksum is wrong by one bit.
pub(super) fn zip(entries: &[ZipEntry], written_ms: i64, spoils: bool) -> Vec<u8> {
    let (time, date) = dos_time(written_ms);
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let packed = deflate(&entry.content);
        let offset = length32(archive.len());
        let mut head = Vec::new();
        // Version 2.0, no flags, deflate.
        for half in [20, 0, 8, time, date] {
            head.extend_from_slice(&u16::to_le_bytes(half));
        }
        let crc = crc32(&entry.content) ^ u32::from(spoils);
        for word in [crc, length32(packed.len()), length32(entry.content.len())] {
            head.extend_from_slice(&word.to_le_bytes());
        }
        head.extend_from_slice(&length16(entry.name.len()).to_le_bytes());
        head.extend_from_slice(&[0, 0]);
        archive.extend_from_slice(b"PK\x03\x04");
        archive.extend_from_slice(&head);
        archive.extend_from_slice(&entry.name);
        archive.extend_from_slice(&packed);
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend_from_slice(&head);
        // No comment, disk 0, no internal attributes; a regular file of its owner.
        directory.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x01]);
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(&entry.name);
    }
    let (count, start) = (length16(entries.len()), length32(archive.len()));
    let size = length32(directory.len());
    archive.append(&mut directory);
    archive.extend_from_slice(b"PK\x05\x06\x00\x00\x00\x00");
    archive.extend_from_slice(&count.to_le_bytes());
    archive.extend_from_slice(&count.to_le_bytes());
    archive.extend_from_slice(&size.to_le_bytes());
    archive.extend_from_slice(&start.to_le_bytes());
    archive.extend_from_slice(&[0, 0]);
    archive
}

/// One gzip member, without a name and a time.
pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3];
    member.extend(deflate(content));
    member.extend_from_slice(&crc32(content).to_le_bytes());
    member.extend_from_slice(&length32(content.len()).to_le_bytes());
    member
}

/// A zlib stream of one block (RFC 1950): window of 32 KiB, no dictionary.
pub(crate) fn zlib(content: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x9c];
    stream.extend(deflate(content));
    stream.extend_from_slice(&adler32(content).to_be_bytes());
    stream
}

/// Adler-32 (RFC 1950 §8.2).
fn adler32(content: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (low, high) = content.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % MODULUS;
        (low, (high + low) % MODULUS)
    });
    (high << 16) | low
}

/// A bill stays far below 4 GiB.
fn length32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn length16(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// Time and date of MS-DOS, in the channel's zone.
fn dos_time(at_ms: i64) -> (u16, u16) {
    let text = alipay_time(at_ms);
    let part = |from: usize, to: usize| {
        let digits = text
            .get(from..to)
            .and_then(|digits| digits.parse::<u16>().ok());
        digits.unwrap_or(0)
    };
    let time = (part(11, 13) << 11) | (part(14, 16) << 5) | (part(17, 19) / 2);
    let date = (part(0, 4).saturating_sub(1980) << 9) | (part(5, 7) << 5) | part(8, 10);
    (time, date)
}

/// CRC-32 of IEEE 802.3, reflected, bit by bit over a small table.
fn crc32(content: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256_u32)
        .map(|byte| (0..8).fold(byte, |rest, _| (rest >> 1) ^ (0xedb8_8320 * (rest & 1))))
        .collect();
    let crc = content.iter().fold(u32::MAX, |crc, byte| {
        let at = usize::try_from((crc ^ u32::from(*byte)) & 0xff).unwrap_or(0);
        (crc >> 8) ^ table.get(at).copied().unwrap_or(0)
    });
    !crc
}

/// The shortest and longest repeat, and how far back one may lie (RFC 1951 §2).
const REPEAT_MIN: usize = 3;
const REPEAT_MAX: usize = 258;
const WINDOW: usize = 32_768;

/// Length codes from 257 and distance codes from 0: first value and number of extra bits.
const LENGTHS: [(usize, u32); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
const DISTANCES: [(usize, u32); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];

/// One block with fixed codes; the last place of every three bytes is where a repeat is looked for.
fn deflate(content: &[u8]) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.low_first(0b011, 3);
    let mut seen: HashMap<[u8; REPEAT_MIN], usize> = HashMap::new();
    let mut at = 0;
    while let Some(rest) = content.get(at..).filter(|rest| !rest.is_empty()) {
        let three = rest.first_chunk::<REPEAT_MIN>();
        let earlier = three.and_then(|three| seen.insert(*three, at));
        let repeat = earlier
            .filter(|from| at.saturating_sub(*from) <= WINDOW)
            .and_then(|from| Some((at.saturating_sub(from), content.get(from..)?)))
            .map(|(distance, old)| (distance, common_length(old, rest)));
        let step = match repeat {
            Some((distance, length)) => {
                let code = |table: &[(usize, u32)], value| coded(table, value);
                let (symbol, extra, width) = code(&LENGTHS, length);
                bits.symbol(symbol.saturating_add(257));
                bits.low_first(extra, width);
                let (symbol, extra, width) = code(&DISTANCES, distance);
                bits.high_first(symbol, 5);
                bits.low_first(extra, width);
                length
            }
            None => {
                bits.symbol(rest.first().copied().map_or(0, u32::from));
                1
            }
        };
        for inner in at.saturating_add(1)..at.saturating_add(step) {
            if let Some(three) = content.get(inner..).and_then(|rest| rest.first_chunk()) {
                seen.insert(*three, inner);
            }
        }
        at = at.saturating_add(step);
    }
    bits.symbol(256);
    bits.finish()
}

fn common_length(old: &[u8], new: &[u8]) -> usize {
    let same = old.iter().zip(new).take(REPEAT_MAX);
    same.take_while(|(old, new)| old == new).count()
}

/// Place in the table, the rest above its first value, and how many bits that takes.
fn coded(table: &[(usize, u32)], value: usize) -> (u32, u32, u32) {
    let place = table
        .iter()
        .rposition(|(first, _)| *first <= value)
        .unwrap_or(0);
    let (first, width) = table.get(place).copied().unwrap_or_default();
    (
        length32(place),
        length32(value.saturating_sub(first)),
        width,
    )
}

/// Bits packed from the low end of each byte.
#[derive(Debug, Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn low_first(&mut self, value: u32, width: u32) {
        for place in 0..width {
            self.held |= ((value >> place) & 1) << self.count;
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(u8::try_from(self.held).unwrap_or(0));
                (self.held, self.count) = (0, 0);
            }
        }
    }

    fn high_first(&mut self, value: u32, width: u32) {
        for place in (0..width).rev() {
            self.low_first((value >> place) & 1, 1);
        }
    }

    /// The fixed code of a literal, the end or a length (RFC 1951 §3.2.6).
    fn symbol(&mut self, symbol: u32) {
        match symbol {
            0..144 => self.high_first(0x30 + symbol, 8),
            144..256 => self.high_first(0x190 + symbol - 144, 9),
            256..280 => self.high_first(symbol - 256, 7),
            _ => self.high_first(0xc0 + symbol - 280, 8),
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(u8::try_from(self.held).unwrap_or(0));
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_are_the_known_ones() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn the_codes_are_those_that_zlib_reads() {
        // Both were opened by zlib; the conformance clients open whole bills.
        assert_eq!(deflate(b"a"), [0x4b, 0x04, 0x00]);
        assert_eq!(deflate(b"aaaaaaaaaaaa"), [0x4b, 0x44, 0x02, 0x00]);
    }
}

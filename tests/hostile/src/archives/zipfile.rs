//! A zip put together by hand, so that every field may lie: names, sizes, sums, methods, flags, offsets, counts.

use flate2::{Compression, write::DeflateEncoder};
use std::io::Write as _;

/// One entry as its two headers describe it; what differs between them is a lie.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) local_name: Option<Vec<u8>>,
    /// The bytes as they stand in the file.
    pub(crate) packed: Vec<u8>,
    pub(crate) size: u32,
    pub(crate) crc: u32,
    pub(crate) method: u16,
    pub(crate) local_method: Option<u16>,
    pub(crate) flags: u16,
    /// Version made by: the upper byte says on which system.
    pub(crate) made_by: u16,
    pub(crate) outside: u32,
    pub(crate) extra: Vec<u8>,
    pub(crate) packed_size: Option<u32>,
    pub(crate) local_sizes: Option<(u32, u32, u32)>,
    pub(crate) descriptor: Vec<u8>,
    /// Where the central header says that the local one stands.
    pub(crate) at: Option<u32>,
    /// Only the central header is written.
    pub(crate) is_shadow: bool,
}

pub(crate) fn deflated(content: &[u8]) -> Vec<u8> {
    let mut writer = DeflateEncoder::new(Vec::new(), Compression::fast());
    writer.write_all(content).expect("memory");
    writer.finish().expect("memory")
}

/// The sum of the zip format.
pub(crate) fn crc(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}

impl Entry {
    /// An honest entry.
    pub(crate) fn of(name: &[u8], content: &[u8]) -> Entry {
        Entry {
            name: name.to_vec(),
            local_name: None,
            packed: deflated(content),
            size: content.len() as u32,
            crc: crc(content),
            method: 8,
            local_method: None,
            flags: 0,
            made_by: 20,
            outside: 0,
            extra: Vec::new(),
            packed_size: None,
            local_sizes: None,
            descriptor: Vec::new(),
            at: None,
            is_shadow: false,
        }
    }

    /// The same, not packed at all.
    pub(crate) fn stored(name: &[u8], content: &[u8]) -> Entry {
        Entry {
            packed: content.to_vec(),
            method: 0,
            ..Entry::of(name, b"")
        }
        .sized(content)
    }

    fn sized(mut self, content: &[u8]) -> Entry {
        self.size = content.len() as u32;
        self.crc = crc(content);
        self
    }

    fn packed_size(&self) -> u32 {
        self.packed_size.unwrap_or(self.packed.len() as u32)
    }

    fn local(&self) -> Vec<u8> {
        let name = self.local_name.as_ref().unwrap_or(&self.name);
        let (crc, packed, size) =
            self.local_sizes
                .unwrap_or((self.crc, self.packed_size(), self.size));
        let mut bytes = b"PK\x03\x04".to_vec();
        for word in [
            20,
            self.flags,
            self.local_method.unwrap_or(self.method),
            0,
            0x21,
        ] {
            bytes.extend(u16::to_le_bytes(word));
        }
        for word in [crc, packed, size] {
            bytes.extend(u32::to_le_bytes(word));
        }
        bytes.extend(u16::to_le_bytes(name.len() as u16));
        bytes.extend(u16::to_le_bytes(self.extra.len() as u16));
        [&bytes, name, &self.extra, &self.packed, &self.descriptor]
            .map(Vec::as_slice)
            .concat()
    }

    fn central(&self, at: u32) -> Vec<u8> {
        let mut bytes = b"PK\x01\x02".to_vec();
        for word in [self.made_by, 20, self.flags, self.method, 0, 0x21] {
            bytes.extend(u16::to_le_bytes(word));
        }
        for word in [self.crc, self.packed_size(), self.size] {
            bytes.extend(u32::to_le_bytes(word));
        }
        for word in [self.name.len(), self.extra.len(), 0, 0, 0] {
            bytes.extend(u16::to_le_bytes(word as u16));
        }
        bytes.extend(self.outside.to_le_bytes());
        bytes.extend(self.at.unwrap_or(at).to_le_bytes());
        [&bytes, &self.name, &self.extra]
            .map(Vec::as_slice)
            .concat()
    }
}

/// What the end of the archive says of it.
#[derive(Clone, Default)]
pub(crate) struct End {
    pub(crate) count: Option<u16>,
    pub(crate) size: Option<u32>,
    pub(crate) at: Option<u32>,
    pub(crate) disk: u16,
    pub(crate) comment: Vec<u8>,
    pub(crate) comment_size: Option<u16>,
    pub(crate) in_front: Vec<u8>,
    pub(crate) behind: Vec<u8>,
    /// A zip64 record with a locator: count, size and place of the directory.
    pub(crate) large: Option<(u64, u64, u64)>,
}

pub(crate) fn archive(entries: &[Entry], end: &End) -> Vec<u8> {
    let mut bytes = end.in_front.clone();
    let mut central = Vec::new();
    for entry in entries {
        central.extend(entry.central(bytes.len() as u32));
        if !entry.is_shadow {
            bytes.extend(entry.local());
        }
    }
    let at = bytes.len() as u32;
    bytes.extend(&central);
    if let Some((count, size, place)) = end.large {
        let record = bytes.len() as u64;
        bytes.extend(b"PK\x06\x06");
        bytes.extend(44_u64.to_le_bytes());
        bytes.extend([45, 0, 45, 0]);
        bytes.extend([0; 8]);
        for word in [count, count, size, place] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(b"PK\x06\x07");
        bytes.extend([0; 4]);
        bytes.extend(record.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
    }
    let count = end.count.unwrap_or(entries.len() as u16);
    bytes.extend(b"PK\x05\x06");
    for word in [end.disk, end.disk, count, count] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(end.size.unwrap_or(central.len() as u32).to_le_bytes());
    bytes.extend(end.at.unwrap_or(at).to_le_bytes());
    bytes.extend(
        end.comment_size
            .unwrap_or(end.comment.len() as u16)
            .to_le_bytes(),
    );
    bytes.extend(&end.comment);
    bytes.extend(&end.behind);
    bytes
}

/// A run of one byte, packed as small as deflate can say it, written by hand: 13 bits for 258 bytes.
pub(crate) fn run_of(byte: u8, length: u64) -> Vec<u8> {
    let mut bits = Bits::default();
    // One block, the last, with the fixed codes of RFC 1951.
    bits.push(1, 1);
    bits.push(1, 2);
    bits.literal(byte);
    for _ in 0..(length.saturating_sub(1)) / 258 {
        // Length 258 is code 285: eight bits; distance 1 is code 0: five bits.
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
    }
    bits.code(0, 7);
    bits.finish()
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u64, count: u32) {
        self.held |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// Huffman codes go in with their first bit first.
    fn code(&mut self, value: u64, count: u32) {
        for at in (0..count).rev() {
            self.push(value >> at & 1, 1);
        }
    }

    fn literal(&mut self, byte: u8) {
        if byte < 144 {
            self.code(0x30 + u64::from(byte), 8);
        } else {
            self.code(0x190 + u64::from(byte) - 144, 9);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.held as u8);
        }
        self.bytes
    }
}

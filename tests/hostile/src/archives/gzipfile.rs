//! A gzip member put together by hand: flags, extra fields, sums and lengths may lie.

use super::zipfile::{crc, deflated};

#[derive(Clone, Default)]
pub(crate) struct Member {
    pub(crate) packed: Vec<u8>,
    pub(crate) sum: u32,
    pub(crate) length: u32,
    pub(crate) flags: u8,
    pub(crate) method: u8,
    /// Whatever the flags announce: extra field, name, comment, sum of the header.
    pub(crate) header: Vec<u8>,
}

impl Member {
    pub(crate) fn of(content: &[u8]) -> Member {
        Member {
            packed: deflated(content),
            sum: crc(content),
            length: content.len() as u32,
            method: 8,
            ..Member::default()
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0x1f, 0x8b, self.method, self.flags, 0, 0, 0, 0, 0, 3];
        bytes.extend(&self.header);
        bytes.extend(&self.packed);
        bytes.extend(self.sum.to_le_bytes());
        bytes.extend(self.length.to_le_bytes());
        bytes
    }
}

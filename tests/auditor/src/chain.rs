//! The event log's hash chain, computed anew from its description.
//!
//! Every column in table order, each as its length (8 bytes, big endian) and its bytes; numbers as 8 bytes big
//! endian; an absent column as the length 2^64 - 1. SHA-256 over that is the record's hash.

use sha2::{Digest, Sha256};

/// One row of the log.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) kind: String,
    pub(crate) number: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) actor: String,
    pub(crate) at: i64,
    pub(crate) day: i64,
    pub(crate) body: String,
    pub(crate) evidence: Option<Vec<u8>>,
    pub(crate) prev: Vec<u8>,
    pub(crate) hash: Vec<u8>,
}

/// The hash before the first record.
pub(crate) const GENESIS: [u8; 32] = [0; 32];

pub(crate) fn hash_of(row: &Row) -> Vec<u8> {
    let (seq, at, day) = (
        row.seq.to_be_bytes(),
        row.at.to_be_bytes(),
        row.day.to_be_bytes(),
    );
    let columns: [Option<&[u8]>; 10] = [
        Some(&seq),
        Some(row.kind.as_bytes()),
        row.number.as_deref().map(str::as_bytes),
        row.subject.as_deref().map(str::as_bytes),
        Some(row.actor.as_bytes()),
        Some(&at),
        Some(&day),
        Some(row.body.as_bytes()),
        row.evidence.as_deref(),
        Some(&row.prev),
    ];
    let mut digest = Sha256::new();
    for column in columns {
        let length = column.map_or(u64::MAX, |bytes| {
            u64::try_from(bytes.len()).unwrap_or(u64::MAX)
        });
        digest.update(length.to_be_bytes());
        digest.update(column.unwrap_or_default());
    }
    digest.finalize().to_vec()
}

//! Where a movement stands among the bill's lines, by a hash of its kind and reference: one look instead of twenty.
//! Two references of one hash stand beside each other, and whoever looks compares them.

use paydesk_domain::LineKind;
use std::hash::{DefaultHasher, Hasher};

/// The hash of a movement. The keys of the hash are fixed: the same lines are found in the same order everywhere.
pub(crate) fn hash_of(kind: LineKind, reference: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write_u8(u8::from(kind == LineKind::Refund));
    hasher.write(reference.as_bytes());
    hasher.finish()
}

/// Places by hash.
#[derive(Default)]
pub(crate) struct Index {
    /// How far a hash is shifted to give its bucket.
    shift: u32,
    /// Where each bucket begins; one more than there are buckets.
    starts: Vec<u32>,
    /// Hash and place, in the order of the hashes.
    entries: Vec<(u64, u32)>,
}

impl Index {
    /// From entries in the order of their hashes.
    pub(crate) fn new(entries: Vec<(u64, u32)>) -> Index {
        let bits = entries.len().max(2).ilog2();
        let shift = 64 - bits;
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        let mut at = 0_u32;
        let mut rest = entries.iter().peekable();
        for bucket in 0..1_u64 << bits {
            starts.push(at);
            while rest.next_if(|(hash, _)| hash >> shift == bucket).is_some() {
                at = at.saturating_add(1);
            }
        }
        starts.push(at);
        Index {
            shift,
            starts,
            entries,
        }
    }

    /// The places of this hash, in their order.
    pub(crate) fn places(&self, hash: u64) -> impl Iterator<Item = usize> {
        let bucket = usize::try_from(hash >> self.shift).unwrap_or(usize::MAX);
        let bound = |at: usize| {
            let bound = self.starts.get(at).copied().unwrap_or(0);
            usize::try_from(bound).unwrap_or(0)
        };
        let range = bound(bucket)..bound(bucket.saturating_add(1));
        let found = self.entries.get(range).unwrap_or_default();
        (found.iter())
            .filter(move |(its, _)| *its == hash)
            .filter_map(|(_, place)| usize::try_from(*place).ok())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_and_nothing_else() {
        for count in [0_u32, 1, 2, 3, 1_000] {
            let of = |n: u32| hash_of(LineKind::Payment, &n.to_string());
            let mut entries: Vec<(u64, u32)> = (0..count).map(|n| (of(n), n)).collect();
            entries.sort_unstable();
            let index = Index::new(entries);
            for n in 0..count {
                let place = usize::try_from(n).unwrap();
                assert_eq!(index.places(of(n)).collect::<Vec<_>>(), [place], "{count}");
            }
            assert_eq!(index.places(of(count)).count(), 0);
            assert_eq!(index.places(u64::MAX).count(), 0);
        }
        assert_eq!(Index::default().places(7).count(), 0);
    }
}

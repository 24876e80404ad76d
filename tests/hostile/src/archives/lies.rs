//! Headers, sizes, sums, offsets and counts that do not fit what stands beside them; files that were cut or bent.

use super::{
    gzipfile::Member,
    kinds::{Stock, bill, genuine, plain},
    zipfile::{End, archive},
};
use crate::random::Random;

pub(crate) fn cut_zip(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let mut file = plain(&[genuine(random, stock)]);
    let at = 4 + random.below(file.len() - 5);
    file.truncate(at);
    file
}

pub(crate) fn cut_gzip(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let mut file = Member::of(bill(random, stock)).bytes();
    let at = 2 + random.below(file.len() - 3);
    file.truncate(at);
    file
}

pub(crate) fn wrong_sums(random: &mut Random, stock: &Stock) -> Vec<u8> {
    if random.below(2) == 0 {
        let mut member = Member::of(bill(random, stock));
        member.sum ^= 1 << random.below(32);
        return member.bytes();
    }
    let mut entry = genuine(random, stock);
    entry.crc ^= 1 << random.below(32);
    plain(&[entry])
}

pub(crate) fn sizes(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let mut entry = genuine(random, stock);
    let numbers = [
        0,
        1,
        100,
        entry.size - 1,
        entry.size + 1,
        1 << 26,
        u32::MAX - 1,
        u32::MAX,
    ];
    match random.below(3) {
        0 => entry.size = *random.one(&numbers),
        1 => entry.packed_size = Some(*random.one(&numbers)),
        _ => {
            entry.size = *random.one(&numbers);
            entry.packed_size = Some(*random.one(&numbers));
        }
    }
    plain(&[entry])
}

pub(crate) fn headers_differ(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let mut entry = genuine(random, stock);
    match random.below(4) {
        0 => entry.local_name = Some(b"../../other".to_vec()),
        1 => entry.local_method = Some(*random.one(&[0, 8, 12, 99])),
        2 => {
            entry.local_sizes = Some((
                random.next() as u32,
                random.next() as u32,
                random.next() as u32,
            ))
        }
        _ => entry.local_name = Some(vec![b'a'; random.below(60_000)]),
    }
    plain(&[entry])
}

pub(crate) fn zip64(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let mut entry = genuine(random, stock);
    let huge = [
        0_u64,
        1,
        u64::from(u32::MAX),
        1 << 40,
        u64::MAX,
        u64::MAX - 1,
        i64::MAX as u64,
    ];
    let mut end = End::default();
    if random.below(2) == 0 {
        let words: Vec<u8> = (0..random.below(4))
            .flat_map(|_| random.one(&huge).to_le_bytes())
            .collect();
        entry.extra = [
            &[1, 0],
            (words.len() as u16).to_le_bytes().as_slice(),
            &words,
        ]
        .concat();
        entry.size = u32::MAX;
        entry.packed_size = (random.below(2) == 0).then_some(u32::MAX);
    }
    if random.below(2) == 0 {
        end.large = Some((*random.one(&huge), *random.one(&huge), *random.one(&huge)));
        end.count = Some(u16::MAX);
        end.size = Some(u32::MAX);
        end.at = Some(u32::MAX);
    }
    archive(&[entry], &end)
}

pub(crate) fn descriptors(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let mut entry = genuine(random, stock);
    entry.flags |= 1 << 3;
    entry.local_sizes = Some((0, 0, 0));
    let mut words = b"PK\x07\x08".to_vec();
    for _ in 0..3 {
        words.extend((random.next() as u32).to_le_bytes());
    }
    words.truncate(random.below(words.len() + 1));
    entry.descriptor = words;
    if random.below(2) == 0 {
        // Only the descriptor would know where the content ends.
        entry.packed_size = Some(0);
        entry.size = 0;
    }
    plain(&[entry])
}

pub(crate) fn offsets(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let mut entry = genuine(random, stock);
    let mut end = End::default();
    let numbers = [0, 1, 30, 1 << 20, u32::MAX - 1, u32::MAX];
    if random.below(2) == 0 {
        entry.at = Some(*random.one(&numbers));
    } else {
        end.at = Some(*random.one(&numbers));
        end.size = (random.below(2) == 0).then_some(*random.one(&numbers));
    }
    archive(&[entry], &end)
}

pub(crate) fn counts(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let entries = vec![genuine(random, stock); 1 + random.below(3)];
    let end = End {
        count: Some(*random.one(&[0, 1, 2, 3, 64, 65, 1000, u16::MAX])),
        disk: *random.one(&[0, 0, 1, u16::MAX]),
        ..End::default()
    };
    archive(&entries, &end)
}

pub(crate) fn two_ends(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let (one, other) = (
        plain(&[genuine(random, stock)]),
        plain(&[genuine(random, stock)]),
    );
    let end = |comment: Vec<u8>, size: Option<u16>| End {
        comment,
        comment_size: size,
        ..End::default()
    };
    let entry = genuine(random, stock);
    match random.below(4) {
        0 => [one, other].concat(),
        1 => archive(&[entry], &end(other, None)),
        2 => archive(
            &[entry],
            &end(b"PK\x05\x06".repeat(1 + random.below(4000)), None),
        ),
        _ => archive(
            &[entry],
            &end(vec![b'x'; random.below(70_000)], Some(random.next() as u16)),
        ),
    }
}

pub(crate) fn around(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let noise: Vec<u8> = (0..1 + random.below(5000)).map(|_| random.byte()).collect();
    let end = |front: &[u8], behind: &[u8]| End {
        in_front: front.to_vec(),
        behind: behind.to_vec(),
        ..End::default()
    };
    match random.below(3) {
        0 => archive(
            &[genuine(random, stock)],
            &end(&[b"PK\x03\x04", noise.as_slice()].concat(), b""),
        ),
        1 => archive(&[genuine(random, stock)], &end(b"", &noise)),
        _ => [Member::of(bill(random, stock)).bytes(), noise].concat(),
    }
}

pub(crate) fn gzip_headers(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let mut member = Member::of(bill(random, stock));
    member.flags = random.byte();
    member.header = (0..random.below(400)).map(|_| random.byte()).collect();
    if random.below(2) == 0 {
        // A name as a traversal would have it, which nobody asks for.
        member.flags = 8;
        member.header = format!("../../../{}/x\0", stock.aim).into_bytes();
    }
    if random.below(8) == 0 {
        member.method = random.byte();
    }
    member.bytes()
}

pub(crate) fn gzip_lengths(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let mut member = Member::of(bill(random, stock));
    member.length = member.length.wrapping_add(1 + random.below(1 << 30) as u32);
    member.bytes()
}

fn flip(random: &mut Random, mut file: Vec<u8>) -> Vec<u8> {
    for _ in 0..1 + random.below(6) {
        let at = 4 + random.below(file.len() - 4);
        match random.below(3) {
            0 => file[at] ^= 1 << random.below(8),
            1 => file[at] = random.byte(),
            _ => file[at] = *random.one(&[0, 0xff, b'P', b'K', b'/']),
        }
    }
    file
}

pub(crate) fn flipped_zip(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let file = plain(&[genuine(random, stock)]);
    flip(random, file)
}

pub(crate) fn flipped_gzip(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let file = Member::of(bill(random, stock)).bytes();
    flip(random, file)
}

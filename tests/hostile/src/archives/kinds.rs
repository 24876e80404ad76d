//! The kinds of harmful archives. Each is a family: every number drawn gives another member of it.

use super::{
    gzipfile::Member,
    lies::*,
    names::*,
    texts::*,
    zipfile::{End, Entry, archive, crc, run_of},
};
use crate::random::Random;

/// What archives are made of.
pub(crate) struct Stock {
    /// Genuine bills: Alipay's in GBK, WeChat Pay's in UTF-8.
    pub(crate) bills: [Vec<u8>; 2],
    /// A folder beside the one the reader works in: nothing may ever appear there.
    pub(crate) aim: String,
}

pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) make: fn(&mut Random, &Stock) -> Vec<u8>,
    /// Whether it may be read after all, as the genuine bill that is in it and nothing else.
    pub(crate) may_read: bool,
}

const fn refused(name: &'static str, make: fn(&mut Random, &Stock) -> Vec<u8>) -> Kind {
    Kind {
        name,
        make,
        may_read: false,
    }
}

const fn either(name: &'static str, make: fn(&mut Random, &Stock) -> Vec<u8>) -> Kind {
    Kind {
        name,
        make,
        may_read: true,
    }
}

pub(crate) const KINDS: [Kind; 35] = [
    refused("bomb in a zip", zip_bomb),
    refused("bomb in a gzip", gzip_bomb),
    refused("bomb of many gzip members", gzip_members),
    refused("bomb that declares little", lying_bomb),
    refused("bomb of overlapping entries", overlapping),
    refused("nested archives", nested),
    refused("an archive in itself", quine),
    refused("many entries", many_entries),
    refused("a directory of a million entries", long_directory),
    either("names that lead out", traversal),
    either("names in mixed charsets", charsets),
    refused("links and devices", links),
    refused("encrypted entries", encrypted),
    refused("unknown methods", methods),
    refused("truncated zip", cut_zip),
    refused("truncated gzip", cut_gzip),
    refused("wrong sums", wrong_sums),
    either("sizes that lie", sizes),
    either("headers that differ", headers_differ),
    either("zip64 that lies", zip64),
    either("data descriptors that lie", descriptors),
    either("offsets that lie", offsets),
    either("counts that lie", counts),
    either("two ends", two_ends),
    either("something in front or behind", around),
    either("gzip headers that lie", gzip_headers),
    refused("gzip lengths that lie", gzip_lengths),
    either("flipped bits in a zip", flipped_zip),
    either("flipped bits in a gzip", flipped_gzip),
    refused("two bills in one", two_bills),
    refused("a line without end", long_line),
    refused("titles without end", wide_titles),
    refused("short rows without end", short_rows),
    refused("as many rows as fit", small_rows),
    refused("noise behind the mark of an archive", noise),
];

/// Entry names as the channels write them: GBK without a mark.
pub(crate) fn bill_name() -> Vec<u8> {
    encoding_rs::GBK
        .encode("20886_20241126_业务明细.csv")
        .0
        .into_owned()
}

pub(crate) fn bill<'s>(random: &mut Random, stock: &'s Stock) -> &'s [u8] {
    &stock.bills[random.below(stock.bills.len())]
}

pub(crate) fn plain(entries: &[Entry]) -> Vec<u8> {
    archive(entries, &End::default())
}

/// A genuine zip of a genuine bill.
pub(crate) fn genuine(random: &mut Random, stock: &Stock) -> Entry {
    let content = bill(random, stock);
    Entry::of(&bill_name(), content)
}

fn bomb(random: &mut Random) -> (Vec<u8>, u64) {
    let size = 17 << 20 | (random.below(48) as u64) << 20 | random.below(1 << 20) as u64;
    let byte = *random.one(b"0 ,\n\0`#");
    (run_of(byte, size), size)
}

fn zip_bomb(random: &mut Random, _: &Stock) -> Vec<u8> {
    let (packed, size) = bomb(random);
    let entry = Entry {
        packed,
        size: size as u32,
        ..Entry::of(&bill_name(), b"")
    };
    plain(&[entry])
}

fn gzip_bomb(random: &mut Random, _: &Stock) -> Vec<u8> {
    let (packed, size) = bomb(random);
    let member = Member {
        packed,
        length: size as u32,
        ..Member::of(b"")
    };
    member.bytes()
}

fn gzip_members(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let one = Member::of(bill(random, stock)).bytes();
    let empty = Member::of(b"").bytes();
    let mut file = one.clone();
    for _ in 0..1 + random.below(2000) {
        file.extend(if random.below(10) == 0 { &one } else { &empty });
    }
    file
}

fn lying_bomb(random: &mut Random, _: &Stock) -> Vec<u8> {
    let (packed, _) = bomb(random);
    let size = random.below(100_000) as u32;
    let entry = Entry {
        packed,
        size,
        local_sizes: Some((0, 1, size)),
        ..Entry::of(&bill_name(), b"")
    };
    plain(&[entry])
}

fn overlapping(random: &mut Random, _: &Stock) -> Vec<u8> {
    let (packed, size) = bomb(random);
    let whole = Entry {
        packed,
        size: size as u32,
        ..Entry::of(&bill_name(), b"")
    };
    let shadow = |n: usize| Entry {
        name: format!("{n}_.csv").into_bytes(),
        local_name: Some(bill_name()),
        packed_size: Some(whole.packed.len() as u32),
        at: Some(0),
        is_shadow: true,
        ..whole.clone()
    };
    let shadows = 1 + random.below(60);
    let entries: Vec<Entry> = std::iter::once(whole.clone())
        .chain((0..shadows).map(shadow))
        .collect();
    plain(&entries)
}

fn nested(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let mut file = plain(&[genuine(random, stock)]);
    for _ in 0..1 + random.below(30) {
        let names: [&[u8]; 5] = [b"a.zip", b"b.csv", b"c.tar.GZ", b"d.7z", b"e.rar"];
        let name = random.one(&names);
        file = match random.below(3) {
            0 => Member::of(&file).bytes(),
            1 => plain(&[Entry::of(name, &file)]),
            _ => plain(&[Entry::stored(name, &file)]),
        };
    }
    file
}

/// An archive whose entry is the archive's own beginning: unpacked it would never end.
fn quine(random: &mut Random, _: &Stock) -> Vec<u8> {
    let name = bill_name();
    let mut entry = Entry::stored(&name, b"");
    let whole = plain(std::slice::from_ref(&entry));
    entry.packed.clone_from(&whole);
    entry.size = whole.len() as u32;
    // The entry begins at the archive's first byte: the header is its own content.
    entry.at = Some(0);
    entry.crc = crc(&whole);
    if random.below(2) == 0 {
        entry.packed_size = Some(whole.len() as u32 * (2 + random.below(100) as u32));
    }
    plain(&[entry])
}

fn many_entries(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let count = 65 + random.below(3000);
    let content = bill(random, stock);
    let one = Entry::of(b"", &content[..content.len().min(50)]);
    let entries: Vec<Entry> = (0..count)
        .map(|n| Entry {
            name: format!("{n}_业务明细.csv").into_bytes(),
            ..one.clone()
        })
        .collect();
    plain(&entries)
}

/// Central headers without end, with a count that says so, hides it, or is too small a field for it.
fn long_directory(random: &mut Random, _: &Stock) -> Vec<u8> {
    let count = [70_000, 200_000, 600_000][random.below(3)] as u64;
    let one = Entry {
        at: Some(0),
        ..Entry::stored(b"a", b"x")
    };
    let first = plain(std::slice::from_ref(&one));
    let (local, header) = (32, 47);
    let mut file = first[..local].to_vec();
    let central = first[local..local + header].to_vec();
    for _ in 0..count {
        file.extend(&central);
    }
    let size = count * central.len() as u64;
    let end = End {
        in_front: file,
        count: Some(*random.one(&[u16::MAX, 2, count as u16])),
        size: Some(if random.below(2) == 0 {
            u32::MAX
        } else {
            size as u32
        }),
        at: Some(if random.below(2) == 0 {
            u32::MAX
        } else {
            local as u32
        }),
        large: (random.below(3) > 0).then_some((count, size, local as u64)),
        ..End::default()
    };
    archive(&[], &end)
}

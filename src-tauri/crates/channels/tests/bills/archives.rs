//! Archives: what a tool or an enemy may do to one.

use crate::support::{bills, bytes, fault, gbk, gzipped, lines, named, read, sample, zipped};
use std::io::Write as _;
use zip::{ZipWriter, write::SimpleFileOptions};

fn bill() -> Vec<u8> {
    gbk(&lines("alipay-trade-detail"))
}

fn plain_zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn the_same_bill_packed_again_has_the_same_content() {
    let original = bytes(&sample("alipay-trade-zip"), "zip_b64");
    let content = |file: &[u8]| bills("alipay").open(file, None).unwrap().content_sha256;
    let expected = content(&original);
    let unix = lines("alipay-trade-detail").join("\n");
    let unix = encoding_rs::GBK.encode(&unix).0.into_owned();
    for file in [
        bill(),
        unix.clone(),
        zipped(&[("a_业务明细.csv", &bill())]),
        plain_zip(&[("renamed.csv", &unix)]),
        plain_zip(&[("folder/20241126_业务明细.csv", &bill())]),
        plain_zip(&[("x_业务明细(汇总).csv", b"x"), ("x_业务明细.csv", &bill())]),
        gzipped(&bill()),
    ] {
        assert_eq!(content(&file), expected);
    }
    let mut other = lines("alipay-trade-detail");
    other[11] = other[11].replace("05:46:49", "05:46:50");
    assert_ne!(content(&gbk(&other)), expected);
    let wechatpay = bytes(&sample("wechat-all"), "bytes_b64");
    let of = |file: &[u8]| bills("wechatpay").open(file, None).unwrap().content_sha256;
    let bare = lines("wechat-all").join("\n").into_bytes();
    for file in [bare.clone(), gzipped(&bare), plain_zip(&[("a.csv", &bare)])] {
        assert_eq!(of(&file), of(&wechatpay));
    }
}

#[test]
fn the_list_is_found_wherever_it_stands_in_the_archive() {
    let summary = gbk(&lines("alipay-trade-summary"));
    for entries in [
        [
            ("1_业务明细(汇总).csv", &summary),
            ("1_业务明细.csv", &bill()),
        ],
        [
            ("1_业务明细.csv", &bill()),
            ("1_业务明细(汇总).csv", &summary),
        ],
        [
            ("1_业务明细_1.csv", &bill()),
            ("1_业务明细(汇总)_1.csv", &summary),
        ],
    ] {
        let entries = entries.map(|(name, content)| (name, content.as_slice()));
        assert_eq!(read("alipay", &zipped(&entries)).unwrap().1.len(), 3);
    }
}

#[test]
fn a_bomb_is_stopped_before_it_unpacks() {
    let zeros = vec![b'0'; 24 << 20];
    for file in [zipped(&[("a_业务明细.csv", &zeros)]), gzipped(&zeros)] {
        assert!(file.len() < 200_000);
        for channel in ["alipay", "wechatpay"] {
            assert_eq!(named(&fault(channel, &file)), "Bomb");
        }
    }
    // What an archive declares of itself is not believed.
    let mut liar = zipped(&[("a_业务明细.csv", &zeros)]);
    let size = u32::try_from(zeros.len()).unwrap().to_le_bytes();
    for at in 0..liar.len() - 4 {
        if liar[at..at + 4] == size {
            liar[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
        }
    }
    let refused = named(&fault("alipay", &liar));
    assert!(refused.starts_with("archive: "), "{refused}");
}

#[test]
fn too_many_entries_are_refused() {
    let names: Vec<String> = (0..65).map(|n| format!("{n}.csv")).collect();
    let entries: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), b"x".as_slice()))
        .collect();
    assert_eq!(
        named(&fault("alipay", &plain_zip(&entries))),
        "archive: it has too many entries"
    );
}

#[test]
fn a_name_that_leads_out_is_refused() {
    for name in [
        "../业务明细.csv",
        "a/../../业务明细.csv",
        "/etc/业务明细.csv",
        "a\\..\\业务明细.csv",
        "C:/业务明细.csv",
    ] {
        // The writer cleans names itself, so it gets one of the same length.
        let harmless: String = name
            .chars()
            .map(|c| if c.is_ascii() { 'q' } else { c })
            .collect();
        let mut archive = plain_zip(&[(&harmless, &bill())]);
        for at in 0..archive.len() - harmless.len() {
            if archive[at..].starts_with(harmless.as_bytes()) {
                archive[at..at + name.len()].copy_from_slice(name.as_bytes());
            }
        }
        assert_eq!(named(&fault("alipay", &archive)), "LeadsOut", "{name}");
    }
}

#[test]
fn archives_inside_archives_are_refused() {
    let inner = zipped(&[("a_业务明细.csv", &bill())]);
    for file in [
        plain_zip(&[("a.zip", &inner)]),
        plain_zip(&[("a_业务明细.csv", &inner)]),
        gzipped(&inner),
        gzipped(&gzipped(&bill())),
        plain_zip(&[("a_业务明细.csv", &bill()), ("b.tar.GZ", &inner)]),
    ] {
        assert_eq!(named(&fault("alipay", &file)), "Nested");
    }
}

#[test]
fn a_broken_archive_is_told_from_a_cut_one() {
    let whole = bytes(&sample("alipay-trade-zip"), "zip_b64");
    for end in [30, whole.len() / 2, whole.len() - 30] {
        assert_eq!(named(&fault("alipay", &whole[..end])), "Truncated", "{end}");
    }
    let packed = bytes(&sample("wechat-all"), "gzip_b64");
    for end in [5, packed.len() / 2, packed.len() - 1] {
        assert_eq!(
            named(&fault("wechatpay", &packed[..end])),
            "Truncated",
            "{end}"
        );
    }
    let trailing = [packed.clone(), packed.clone()].concat();
    assert_eq!(
        named(&fault("wechatpay", &trailing)),
        "archive: something follows its end"
    );
    let mut refused = 0;
    for at in 0..packed.len() {
        let mut bent = packed.clone();
        bent[at] ^= 0x10;
        refused += usize::from(read("wechatpay", &bent).is_err());
    }
    // The header's time, system and flags carry no content.
    assert!(
        refused >= packed.len() - 10,
        "{refused} of {}",
        packed.len()
    );
    assert_eq!(
        named(&fault("alipay", &plain_zip(&[]))),
        "archive: it is empty"
    );
    let two = zipped(&[("a_业务明细.csv", &bill()), ("b_业务明细.csv", &bill())]);
    assert_eq!(named(&fault("alipay", &two)), "Several");
    let neither = plain_zip(&[("a.txt", b"x"), ("b.txt", b"x")]);
    assert_eq!(named(&fault("alipay", &neither)), "WrongChannel");
}

#[test]
fn what_an_archive_counts_is_what_it_has() {
    // Two entries of one name are one to the reader: which of them is the enemy's choice.
    let mut archive = plain_zip(&[("a_业务明细.csv", &bill()), ("b_业务明细.csv", b"x")]);
    for at in 0..archive.len() - 2 {
        if archive[at..].starts_with(b"b_\xe4") {
            archive[at] = b'a';
        }
    }
    let twice = "archive: its entries are not those that it counts";
    assert_eq!(named(&fault("alipay", &archive)), twice);
    // An archive larger than four gigabytes, or one that says so.
    let mut large = plain_zip(&[("a_业务明细.csv", &bill())]);
    let end = large.len() - 22;
    large.splice(end..end, [b"PK\x06\x07".as_slice(), &[0; 16]].concat());
    let way = "archive: it is packed in a way that no channel uses";
    assert_eq!(named(&fault("alipay", &large)), way);
}

#[test]
fn titles_and_cells_without_end_cost_nothing() {
    let wide = ",x".repeat(2 << 20);
    let mut alipay = lines("alipay-trade-detail");
    alipay[5].push_str(&wide);
    let mut wechatpay = lines("wechat-all");
    wechatpay[0].push_str(&wide);
    let narrow = |mut file: Vec<String>, row: usize| {
        file[row].push_str(&",`1".repeat(2 << 20));
        file
    };
    for (channel, file) in [
        ("alipay", gbk(&alipay)),
        ("alipay", gbk(&narrow(lines("alipay-trade-detail"), 6))),
        ("wechatpay", crate::support::utf8(&wechatpay)),
        (
            "wechatpay",
            crate::support::utf8(&narrow(lines("wechat-all"), 1)),
        ),
    ] {
        let fault = named(&fault(channel, &file));
        assert!(fault.starts_with("cell "), "{channel}: {fault}");
    }
}

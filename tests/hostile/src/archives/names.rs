//! Entries by what they are called and what they are said to be: paths that lead out, charsets, links, passwords.

use super::{
    kinds::{Stock, bill, bill_name, genuine, plain},
    zipfile::{Entry, crc},
};
use crate::random::Random;

pub(crate) fn traversal(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let aim = stock.aim.as_str();
    let front = [
        "../",
        "../../",
        "../../../../../../../../",
        "a/../../",
        "./../",
        "..\\",
        "..\\..\\",
        "a\\..\\..\\",
        "/",
        "//",
        "C:\\",
        "C:/",
        "c:",
        "\\\\host\\share\\",
        "file:///",
        "~/",
        "%2e%2e/",
        "%2e%2e%2f",
        "..%c0%af",
        "．．／",
        "…/",
        "..;/",
        ".../",
        "....//",
        "a/./../../",
        "CON/",
        "NUL",
        "..\u{202e}/",
        "..\0/",
        "\0../",
        " ../",
        "../ ",
        "..\u{2215}",
        "\u{feff}../",
    ];
    let middle = ["", "etc/", "tmp/", "a/b/c/", "AppData\\Roaming\\"];
    let back = [
        "业务明细.csv",
        "x_业务明细.csv",
        "passwd",
        "a.csv",
        ".bashrc",
        "业务明细.csv/",
        "a.csv\0.txt",
        "a.csv:stream",
    ];
    let name = match random.below(6) {
        0 => format!("{aim}/{}", random.one(&back)),
        1 => format!("{}{aim}/{}", random.one(&front), random.one(&back)),
        2 => format!(
            "{}{}",
            random.one(&front).repeat(1 + random.below(2000)),
            random.one(&back)
        ),
        _ => format!(
            "{}{}{}",
            random.one(&front),
            random.one(&middle),
            random.one(&back)
        ),
    };
    let mut name = if random.below(3) == 0 {
        encoding_rs::GBK.encode(&name).0.into_owned()
    } else {
        name.into_bytes()
    };
    name.truncate(usize::from(u16::MAX));
    let content = bill(random, stock);
    let entry = if random.below(2) == 0 {
        Entry::of(&name, content)
    } else {
        Entry::stored(&name, content)
    };
    let second = Entry {
        name: bill_name(),
        local_name: Some(name),
        ..entry.clone()
    };
    match random.below(3) {
        0 => plain(&[entry]),
        1 => plain(&[genuine(random, stock), entry]),
        _ => plain(&[second]),
    }
}

pub(crate) fn charsets(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let text = *random.one(&[
        "业务明细.csv",
        "業務明細.csv",
        "業務.csv",
        "счёт.csv",
        "فاتورة.csv",
        "🧾.csv",
        "a\u{301}.csv",
    ]);
    let mut name = match random.below(6) {
        0 => encoding_rs::GBK.encode(text).0.into_owned(),
        1 => encoding_rs::BIG5.encode(text).0.into_owned(),
        2 => encoding_rs::SHIFT_JIS.encode(text).0.into_owned(),
        3 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        4 => (0..1 + random.below(60)).map(|_| random.byte()).collect(),
        _ => text.as_bytes().to_vec(),
    };
    if random.below(4) == 0 {
        name.extend("/../业务明细.csv".as_bytes());
    }
    let mut entry = Entry::of(&name, bill(random, stock));
    // A mark that says UTF-8, true or not, and a second name in a field of its own.
    entry.flags = if random.below(2) == 0 { 1 << 11 } else { 0 };
    if random.below(2) == 0 {
        let other = "../../x_业务明细.csv".as_bytes();
        let mut field = vec![1];
        field.extend(crc(&name).to_le_bytes());
        field.extend(other);
        entry.extra = [
            &0x7075_u16.to_le_bytes(),
            &(field.len() as u16).to_le_bytes(),
            field.as_slice(),
        ]
        .concat();
    }
    plain(&[entry])
}

pub(crate) fn links(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let target = format!("{}/secret", stock.aim);
    // Link, character device, block device, pipe, socket; on Unix, macOS.
    let mode: u32 = *random.one(&[0o120_777, 0o120_000, 0o120_644]);
    let entry = Entry {
        made_by: *random.one(&[3 << 8 | 20, 3 << 8 | 63]),
        outside: mode << 16,
        ..Entry::stored(&bill_name(), target.as_bytes())
    };
    match random.below(3) {
        0 => plain(&[entry]),
        1 => plain(&[entry, genuine(random, stock)]),
        _ => {
            let device = [0o020_666_u32, 0o060_666, 0o010_666, 0o140_777];
            let odd = Entry {
                outside: random.one(&device) << 16,
                ..entry.clone()
            };
            plain(&[odd])
        }
    }
}

pub(crate) fn encrypted(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let mut entry = genuine(random, stock);
    entry.flags = *random.one(&[1, 1 | 1 << 3, 1 | 1 << 6, 1 | 1 << 11, 1 | 1 << 13]);
    if random.below(2) == 0 {
        entry.packed = (0..entry.packed.len() + 12)
            .map(|_| random.byte())
            .collect();
    }
    if random.below(3) == 0 {
        // AES as other tools write it.
        entry.method = 99;
        entry.extra = vec![0x01, 0x99, 7, 0, 2, 0, b'A', b'E', 3, 8, 0];
    }
    if random.below(3) == 0 {
        plain(&[entry, genuine(random, stock)])
    } else {
        plain(&[entry])
    }
}

pub(crate) fn methods(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let mut entry = genuine(random, stock);
    entry.method = *random.one(&[
        1,
        2,
        3,
        4,
        5,
        6,
        9,
        10,
        12,
        14,
        16,
        18,
        19,
        93,
        94,
        95,
        96,
        97,
        98,
        1000,
        u16::MAX,
    ]);
    plain(&[entry])
}

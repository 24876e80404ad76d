//! Sound archives of texts that are made to harm whoever reads them.

use super::{
    gzipfile::Member,
    kinds::{Stock, bill, bill_name, plain},
    zipfile::{Entry, deflated},
};
use crate::random::Random;

pub(crate) fn two_bills(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let one = bill(random, stock);
    let twice = [one, one].concat();
    match random.below(3) {
        0 => plain(&[
            Entry::of("a_业务明细.csv".as_bytes(), one),
            Entry::of("b_业务明细.csv".as_bytes(), one),
        ]),
        1 => plain(&[Entry::of(&bill_name(), &twice)]),
        _ => Member::of(&twice).bytes(),
    }
}

/// Under the sixteen megabytes from which on the ratio tells a bomb.
fn below_the_ratio(random: &mut Random) -> usize {
    (4 << 20) + random.below(11 << 20)
}

/// A part of the genuine bill, then a run of one piece, packed as a gzip or as a zip.
fn grown(
    random: &mut Random,
    stock: &Stock,
    head: fn(&[u8]) -> usize,
    piece: &[u8],
    size: usize,
) -> Vec<u8> {
    let content = bill(random, stock);
    let mut text = content[..head(content)].to_vec();
    while text.len() < size {
        text.extend_from_slice(piece);
    }
    if random.below(2) == 0 {
        Member::of(&text).bytes()
    } else {
        plain(&[Entry::of(&bill_name(), &text)])
    }
}

fn lines(content: &[u8], count: usize) -> usize {
    let ends = content
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n');
    ends.map(|(at, _)| at + 1)
        .nth(count)
        .unwrap_or(content.len())
}

pub(crate) fn long_line(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let pieces: [&[u8]; 6] = [b"x", b",", b",`", b"\t ", b"0", b"\""];
    let piece = random.one(&pieces);
    let size = below_the_ratio(random);
    // Behind the titles: five lines of Alipay's lead and its titles, or one line of WeChat Pay's.
    grown(
        random,
        stock,
        |content| lines(content, if content.starts_with(b"#") { 5 } else { 0 }),
        piece,
        size,
    )
}

pub(crate) fn wide_titles(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let pieces: [&[u8]; 3] = [b",", b",a", b",()"];
    let piece = random.one(&pieces);
    let size = below_the_ratio(random);
    grown(
        random,
        stock,
        |content| lines(content, if content.starts_with(b"#") { 5 } else { 0 }) - 2,
        piece,
        size,
    )
}

pub(crate) fn short_rows(random: &mut Random, stock: &Stock) -> Vec<u8> {
    let size = below_the_ratio(random);
    let content = random.one(&stock.bills).clone();
    let from = lines(&content, if content.starts_with(b"#") { 5 } else { 0 });
    let row = content[from..lines(&content[from..], 0) + from].to_vec();
    let mut text = content[..from].to_vec();
    while text.len() < size {
        text.extend_from_slice(&row);
    }
    Member::of(&text).bytes()
}

/// As many rows as fit, each as short as a row can be, and totals that are not theirs: what is held until the
/// totals are compared is what it costs.
pub(crate) fn small_rows(random: &mut Random, _: &Stock) -> Vec<u8> {
    let count = [1_000, 1_000, 1_000, 390_000, 900_000][random.below(5)];
    let mut text = String::from(
        "#支付宝业务明细查询\r\n#账号：[20880211096256330156]\r\n#起始日期：[2024年11月26日 00:00:00]   终止日期：[2024年11月27日 00:00:00]\r\n#----业务明细列表----\r\n支付宝交易号,商户订单号,业务类型,完成时间,订单金额,商家实收,服务费\r\n",
    );
    for n in 0..count {
        text.push_str(&format!("{n},{n},交易,2024-11-26 10:00:03,1,1,0\n"));
    }
    text.push_str("#----业务明细列表结束----\r\n#交易合计：1笔，商家实收共1.00元\r\n#退款合计：0笔，商家实收退款共0.00元\r\n");
    let text = encoding_rs::GBK.encode(&text).0;
    Member::of(&text).bytes()
}

pub(crate) fn noise(random: &mut Random, _: &Stock) -> Vec<u8> {
    let marks: [&[u8]; 4] = [
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\x1f\x8b",
        b"\x1f\x8b\x08\x00",
    ];
    let mut file = random.one(&marks).to_vec();
    file.extend((0..random.below(20_000)).map(|_| random.byte()));
    if random.below(4) == 0 {
        file.extend(deflated(b"x"));
        file.extend(b"PK\x05\x06");
        file.extend([0; 18]);
    }
    file
}

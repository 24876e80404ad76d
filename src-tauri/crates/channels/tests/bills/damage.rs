//! What is wrong with a bill, by its name: nothing of such a file is kept.

use crate::support::{
    account, bills, bytes, fault, file, gbk, lines, named, read, sample, told, utf8,
};
use paydesk_channels::{AccountSettings, BillDigest, BillFault, BillLink};
use proptest::prelude::*;

const BOTH: [(&str, &str); 2] = [
    ("alipay", "alipay-trade-detail"),
    ("wechatpay", "wechat-all"),
];

#[test]
fn a_file_that_ends_early_is_never_read() {
    for (channel, id) in BOTH {
        let whole = bytes(&sample(id), "bytes_b64");
        let complete = read(channel, &whole).unwrap();
        for end in 0..whole.len() {
            match read(channel, &whole[..end]) {
                // Behind the last total nothing but blanks, or Alipay's note of the export, is missing.
                Ok(read) => {
                    assert_eq!((&read.1, &read.2), (&complete.1, &complete.2));
                    assert!(whole.len() - end < 60, "{channel} {end}");
                }
                Err(BillFault::Truncated | BillFault::Totals(_) | BillFault::WrongChannel) => {}
                Err(BillFault::Encoding(_)) if channel == "alipay" => {}
                Err(other) => panic!("{channel} cut at {end}: {other:?}"),
            }
        }
        for share in [3, 2] {
            let cut = &whole[..whole.len() * (share - 1) / share];
            assert_eq!(named(&fault(channel, cut)), "Truncated", "{channel}");
        }
    }
}

#[test]
fn a_bill_in_another_encoding_is_named_so() {
    let alipay = lines("alipay-trade-detail");
    assert_eq!(named(&fault("alipay", &utf8(&alipay))), "encoding 1");
    let wechatpay = lines("wechat-all");
    assert_eq!(named(&fault("wechatpay", &gbk(&wechatpay))), "encoding 1");
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(
            wechatpay
                .join("\n")
                .encode_utf16()
                .flat_map(u16::to_le_bytes),
        )
        .collect();
    assert_eq!(named(&fault("wechatpay", &utf16)), "encoding 1");
    // One bad byte in the middle.
    for (channel, id) in BOTH {
        let mut bad = bytes(&sample(id), "bytes_b64");
        let word = if channel == "alipay" {
            encoding_rs::GBK.encode("测试商品").0.into_owned()
        } else {
            "测试商品".as_bytes().to_vec()
        };
        let at = bad.windows(word.len()).position(|w| w == word).unwrap();
        bad[at] = 0xff;
        let row = if channel == "alipay" { 6 } else { 2 };
        assert_eq!(named(&fault(channel, &bad)), format!("encoding {row}"));
    }
}

#[test]
fn a_bill_of_another_channel_or_of_nobody_is_refused() {
    let of = |id: &str, field: &str| bytes(&sample(id), field);
    for (channel, file) in [
        ("alipay", of("wechat-all", "bytes_b64")),
        ("alipay", of("wechat-all", "gzip_b64")),
        ("wechatpay", of("alipay-trade-detail", "bytes_b64")),
        ("wechatpay", of("alipay-trade-zip", "zip_b64")),
        ("alipay", b"a,b,c\n1,2,3\n".to_vec()),
        ("wechatpay", b"a,b,c\n1,2,3\n".to_vec()),
        ("wechatpay", br#"{"code":"NO_AUTH"}"#.to_vec()),
        ("alipay", b"<html><body>x</body></html>".to_vec()),
        ("wechatpay", vec![0; 100]),
        ("alipay", vec![0xff; 100]),
    ] {
        assert_eq!(named(&fault(channel, &file)), "WrongChannel", "{channel}");
    }
    for channel in ["alipay", "wechatpay"] {
        assert_eq!(named(&fault(channel, b"")), "Truncated");
    }
}

#[test]
fn a_bill_of_another_merchant_is_refused() {
    for (channel, id, field, other) in [
        (
            "alipay",
            "alipay-trade-detail",
            "seller_id",
            "2088021109625634",
        ),
        ("wechatpay", "wechat-all", "mchid", "1900000002"),
    ] {
        let text = bills(channel)
            .open(&bytes(&sample(id), "bytes_b64"), None)
            .unwrap();
        let mut account: AccountSettings = account(channel);
        account.fields.insert(field.to_owned(), other.to_owned());
        let read = bills(channel).read(&text, &account, &mut |_| {});
        assert_eq!(read.unwrap_err(), BillFault::WrongMerchant, "{channel}");
    }
}

#[test]
fn the_day_is_told_so_that_another_can_be_refused() {
    let mut lines = lines("alipay-trade-detail");
    lines[2] = lines[2]
        .replace("11月26日", "11月25日")
        .replace("11月27日", "11月26日");
    let text = bills("alipay").open(&gbk(&lines), None).unwrap();
    assert_eq!(text.day.unwrap().to_string(), "2024-11-25");
    // A file of a month is no bill of a day.
    lines[2] = lines[2].replace("11月26日", "11月30日");
    let opened = bills("alipay").open(&gbk(&lines), None);
    assert_eq!(opened.unwrap_err(), BillFault::WrongKind);
}

#[test]
fn totals_that_are_not_the_sum_of_the_lines_are_refused() {
    for (channel, id, from, to) in [
        (
            "alipay",
            "alipay-trade-detail",
            "#交易合计：2笔",
            "#交易合计：3笔",
        ),
        (
            "alipay",
            "alipay-trade-detail",
            "商家实收共98.88元",
            "商家实收共98.87元",
        ),
        (
            "alipay",
            "alipay-trade-detail",
            "商家优惠共0.00元",
            "商家优惠共0.01元",
        ),
        (
            "alipay",
            "alipay-trade-detail",
            "#退款合计：1笔",
            "#退款合计：0笔",
        ),
        (
            "alipay",
            "alipay-trade-detail",
            "退款共-20.00元",
            "退款共-20.01元",
        ),
        ("wechatpay", "wechat-all", "`2,`88.88", "`3,`88.88"),
        ("wechatpay", "wechat-all", "`2,`88.88", "`2,`88.89"),
        ("wechatpay", "wechat-all", "`0.41000", "`0.41001"),
        ("wechatpay", "wechat-all", "`88.88,`20.00", "`88.88,`20.01"),
    ] {
        let mut lines = lines(id);
        let changed = lines.iter().rposition(|line| line.contains(from)).unwrap();
        lines[changed] = lines[changed].replace(from, to);
        assert_eq!(
            named(&fault(channel, &file(channel, &lines))),
            "totals",
            "{to}"
        );
    }
}

#[test]
fn a_doubled_file_and_doubled_lines_are_refused() {
    for (channel, id) in BOTH {
        let once = lines(id);
        let twice = [once.clone(), once.clone()].concat();
        let again = format!("doubled {}", once.len() + 1);
        assert_eq!(named(&fault(channel, &file(channel, &twice))), again);
        let glued = [file(channel, &once), file(channel, &once)].concat();
        assert_eq!(named(&fault(channel, &glued)), again);
        let noted = [once.clone(), vec!["checked by hand".to_owned()]].concat();
        let behind = format!("goes on {}", once.len() + 1);
        assert_eq!(named(&fault(channel, &file(channel, &noted))), behind);
        let row = if channel == "alipay" { 5 } else { 1 };
        let mut repeated = once.clone();
        repeated.insert(row, once[row].clone());
        // As a person counts: the line behind the one it repeats.
        let expected = format!("row {} repeats {}", row + 2, row + 1);
        assert_eq!(named(&fault(channel, &file(channel, &repeated))), expected);
    }
}

#[test]
fn a_cell_that_cannot_be_read_is_named() {
    for (channel, id, from, to, expected) in [
        (
            "alipay",
            "alipay-trade-detail",
            "10.00,10.00",
            "10.0x,10.00",
            "cell 7 订单金额",
        ),
        (
            "alipay",
            "alipay-trade-detail",
            "10.00,10.00",
            "10.001,10.00",
            "cell 7 订单金额",
        ),
        (
            "alipay",
            "alipay-trade-detail",
            "10.00,10.00",
            "-10.00,10.00",
            "cell 7 订单金额",
        ),
        (
            "alipay",
            "alipay-trade-detail",
            ",交易,测试商品,2024-11-26 11",
            ",其他,测试商品,2024-11-26 11",
            "cell 7 业务类型",
        ),
        (
            "alipay",
            "alipay-trade-detail",
            "2024-11-26 11:00:08",
            "2024-11-26 25:00:08",
            "cell 7 完成时间",
        ),
        (
            "alipay",
            "alipay-trade-detail",
            "-0.06,0.00,测试商品",
            "-0.06",
            "cell 7 支付宝交易号",
        ),
        (
            "wechatpay",
            "wechat-all",
            "`SUCCESS,`OTHERS",
            "`NOVEL,`OTHERS",
            "cell 2 交易状态",
        ),
        (
            "wechatpay",
            "wechat-all",
            "`SUCCESS,`OTHERS,`CNY",
            "`SUCCESS,`OTHERS,`USD",
            "cell 2 货币种类",
        ),
        (
            "wechatpay",
            "wechat-all",
            "`0.53000,",
            "`0.530000,",
            "cell 2 手续费",
        ),
        (
            "wechatpay",
            "wechat-all",
            "2024-11-26 10:00:03",
            "2024-11-26T10:00:03",
            "cell 2 交易时间",
        ),
        (
            "wechatpay",
            "wechat-all",
            "`ORIGINAL,`SUCCESS",
            "`ORIGINAL,`NOVEL",
            "cell 3 退款状态",
        ),
    ] {
        let mut lines = lines(id);
        let changed = lines.iter().position(|line| line.contains(from)).unwrap();
        lines[changed] = lines[changed].replace(from, to);
        assert_eq!(
            named(&fault(channel, &file(channel, &lines))),
            expected,
            "{to}"
        );
    }
}

#[test]
fn the_digest_of_the_channel_is_of_the_unpacked_file() {
    let sample = sample("wechat-all");
    let link = |digest: &str| BillLink {
        url: String::new(),
        digest: Some(BillDigest::Sha1(digest.to_owned())),
    };
    let plain = sample["sha1_of_plain"].as_str().unwrap();
    for field in ["bytes_b64", "gzip_b64"] {
        let file = bytes(&sample, field);
        let opened = bills("wechatpay").open(&file, Some(&link(plain)));
        assert!(opened.is_ok(), "{field}");
        let upper = link(&plain.to_ascii_uppercase());
        assert!(bills("wechatpay").open(&file, Some(&upper)).is_ok());
        for other in [sample["sha1_of_gzip"].as_str().unwrap(), &plain[1..], ""] {
            let opened = bills("wechatpay").open(&file, Some(&link(other)));
            assert_eq!(opened.unwrap_err(), BillFault::Digest, "{field} {other}");
        }
    }
}

#[test]
fn refunds_tell_how_far_they_came() {
    for (state, expected) in [
        ("SUCCESS", "Done"),
        ("PROCESSING", "Pending"),
        ("FAIL", "Failed"),
        ("CHANGE", "Failed"),
    ] {
        let mut lines = lines("wechat-all");
        lines[2] = lines[2].replace("`ORIGINAL,`SUCCESS", &format!("`ORIGINAL,`{state}"));
        let (_, read, totals) = read("wechatpay", &utf8(&lines)).unwrap();
        assert!(told(&read[1]).contains(expected), "{}", told(&read[1]));
        assert_eq!(totals.refunds, u64::from(state == "SUCCESS"));
    }
    // A reversal has no number of ours.
    let mut lines = lines("wechat-all");
    lines[2] = lines[2]
        .replace("`REFUND,", "`REVOKED,")
        .replace("`RF-1,", "`0,");
    let (_, read, _) = read("wechatpay", &utf8(&lines)).unwrap();
    assert!(told(&read[1]).starts_with("3 Refund POS-20241126-0001 - "));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for channel in ["alipay", "wechatpay"] {
            for head in [b"".as_slice(), b"PK\x03\x04", &[0x1f, 0x8b, 8, 0]] {
                prop_assert!(read(channel, &[head, &bytes].concat()).is_err());
            }
        }
    }

    #[test]
    fn a_changed_byte_never_panics_and_never_changes_a_sum(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        for (channel, id) in BOTH {
            let mut changed = bytes(&sample(id), "bytes_b64");
            let (_, _, totals) = read(channel, &changed).unwrap();
            let at = at.index(changed.len());
            changed[at] = byte;
            if let Ok((_, _, other)) = read(channel, &changed) {
                prop_assert_eq!((other.payments, other.refunds), (totals.payments, totals.refunds));
            }
        }
    }
}

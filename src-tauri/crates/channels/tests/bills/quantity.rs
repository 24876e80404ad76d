//! A bill of 100,000 lines: read exactly, and quickly enough that a person does not wait.

use crate::support::{gbk, gzipped, lines, read, utf8, zipped};
use std::time::Instant;

/// Without optimisation a tenth is enough to see that they are read exactly.
const LINES: i64 = if cfg!(debug_assertions) {
    10_000
} else {
    100_000
};

fn alipay() -> Vec<u8> {
    let sample = lines("alipay-trade-detail");
    let mut file: Vec<String> = sample[..5].to_vec();
    for n in 0..LINES {
        file.push(
            sample[6]
                .replace("0500000002", &format!("05{n:08}"))
                .replace("-0002", &format!("-{n:06}")),
        );
    }
    file.push(sample[8].clone());
    file.push(format!(
        "#交易合计：{LINES}笔，商家实收共{}.00元，商家优惠共0.00元",
        LINES * 10
    ));
    file.push("#退款合计：0笔，商家实收退款共0.00元，商家优惠退款共0.00元".to_owned());
    zipped(&[("a_业务明细.csv", &gbk(&file))])
}

fn wechatpay() -> Vec<u8> {
    let sample = lines("wechat-all");
    let mut file: Vec<String> = sample[..1].to_vec();
    for n in 0..LINES {
        file.push(
            sample[1]
                .replace("1000000001", &format!("10{n:08}"))
                .replace("-0001", &format!("-{n:06}")),
        );
    }
    file.push(sample[3].clone());
    let paid = format!("{}.{:02}", LINES * 8888 / 100, LINES * 8888 % 100);
    file.push(format!(
        "`{LINES}.0,`{paid},`0.00,`0.00,`{}.00000,`{paid},`0.00",
        LINES * 53 / 100
    ));
    gzipped(&utf8(&file))
}

#[test]
#[allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "measures, and prints the figure"
)]
fn many_lines_are_read_while_a_person_blinks() {
    for (channel, file, paid) in [
        ("alipay", alipay(), LINES * 1000),
        ("wechatpay", wechatpay(), LINES * 8888),
    ] {
        let begun = Instant::now();
        let (text, lines, totals) = read(channel, &file).unwrap();
        let took = begun.elapsed();
        eprintln!(
            "{channel}: {} lines, {} MiB unpacked from {} KiB, read in {} ms",
            lines.len(),
            text.bytes.len() >> 20,
            file.len() >> 10,
            took.as_millis()
        );
        assert_eq!((lines.len(), totals.paid.minor()), (LINES as usize, paid));
        // Without optimisation it takes many times as long; the figure that counts is the release build's.
        let most = if cfg!(debug_assertions) {
            60_000
        } else {
            1_000
        };
        assert!(took.as_millis() < most, "{channel}: {took:?}");
    }
}

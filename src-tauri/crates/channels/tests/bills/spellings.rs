//! The same bill in other spellings: line ends, brackets, column orders, older titles, texts with separators.

use crate::support::{file, gbk, lines, read, told, utf8};

#[test]
fn line_ends_padding_and_marks_do_not_matter() {
    for (channel, id) in [
        ("alipay", "alipay-trade-detail"),
        ("wechatpay", "wechat-all"),
    ] {
        let written = lines(id);
        let (_, expected, totals) = read(channel, &file(channel, &written)).unwrap();
        let encode = |text: String| -> Vec<u8> {
            if channel == "alipay" {
                encoding_rs::GBK.encode(&text).0.into_owned()
            } else {
                text.into_bytes()
            }
        };
        for text in [
            written.join("\n"),
            written.join("\n") + "\n\n\n",
            written.join("\r\n"),
        ] {
            let (_, lines, sums) = read(channel, &encode(text)).unwrap();
            assert_eq!((lines, sums), (expected.clone(), totals));
        }
    }
    // Exports of other tools pad the marks to the width of the table.
    let padded: Vec<String> = lines("alipay-trade-detail")
        .into_iter()
        .map(|line| {
            if line.starts_with('#') {
                line + ",,,,,,"
            } else {
                line
            }
        })
        .collect();
    assert_eq!(read("alipay", &gbk(&padded)).unwrap().1.len(), 3);
}

#[test]
fn columns_are_found_by_their_titles() {
    let mut lines = lines("alipay-trade-detail");
    let (_, expected, totals) = read("alipay", &gbk(&lines)).unwrap();
    // Half-width brackets, another order, and a column more.
    for line in lines.iter_mut().skip(4).take(4) {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        cells.reverse();
        cells.insert(3, "x".to_owned());
        *line = cells.join(",");
    }
    lines[4] = lines[4].replace('（', "(").replace('）', ")");
    let (_, found, sums) = read("alipay", &gbk(&lines)).unwrap();
    assert_eq!((found, sums), (expected, totals));
}

#[test]
fn titles_of_older_wechat_pay_bills_are_known() {
    let text = [
        "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,代金券或立减优惠金额,微信退款单号,商户退款单号,退款金额,代金券或立减优惠退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率",
        "`2014-11-10 16:33:45,`wx2421b1c4370ec43b,`1900000001,`0,`1000,`1001690740201411100005734289,`1415640626,`085e9858e3ba5186aafcbaed1,`MICROPAY,`SUCCESS,`CFT,`CNY,`0.01,`0.0,`0,`0,`0,`0,`,`,`被扫支付测试,`订单额外描述,`0,`0.60%",
        "`2014-11-10 16:46:14,`wx2421b1c4370ec43b,`1900000001,`0,`1000,`1002780740201411100005729794,`1415635270,`085e9858e90ca40c0b5aee463,`MICROPAY,`REFUND,`CFT,`CNY,`0,`0.0,`2002780740201411100005729795,`R1,`0.01,`0.0,`ORIGINAL,`SUCCESS,`被扫支付测试,`,`0,`0.60%",
        "总交易单数,总交易额,总退款金额,总代金券或立减优惠退款金额,手续费总金额",
        "`2.0,`0.01,`0.01,`0.0,`0.00000",
    ];
    let (text, lines, totals) = read("wechatpay", text.join("\r\n").as_bytes()).unwrap();
    assert_eq!(text.day.unwrap().to_string(), "2014-11-10");
    assert!(told(&lines[0]).contains("Payment 1415640626 - 1001690740201411100005734289 0.01"));
    assert!(told(&lines[1]).contains("Refund 1415635270 R1 1002780740201411100005729794 0.01"));
    assert_eq!((totals.paid.minor(), totals.refunded.minor()), (1, 1));
}

#[test]
fn separators_inside_texts_move_no_column() {
    for name in ["茶,大杯,加糖", ",", "a,,b", "2024,x", "0.00,0.00"] {
        let mut lines = lines("alipay-trade-detail");
        let (_, expected, _) = read("alipay", &gbk(&lines)).unwrap();
        // The name of the goods, and the note at the end.
        lines[6] = lines[6].replace("测试商品", name);
        let (_, found, _) = read("alipay", &gbk(&lines)).unwrap();
        assert_eq!(found, expected, "{name}");
    }
    for name in ["茶,大杯", "`", "a`b", "a,`b", "茶\\ 大杯", ",`,`", "`,"] {
        let mut lines = lines("wechat-all");
        let (_, expected, _) = read("wechatpay", &utf8(&lines)).unwrap();
        lines[1] = lines[1].replace("测试商品", name);
        let (_, found, _) = read("wechatpay", &utf8(&lines)).unwrap();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_count_may_be_a_decimal_and_fees_are_rounded_once_per_line() {
    let mut lines = lines("wechat-all");
    let last = lines.len() - 1;
    lines[last] = lines[last]
        .replace("`2,", "`2.0,")
        .replace("`0.41000", "`0.40998");
    lines[1] = lines[1].replace("`0.53000", "`0.53499");
    lines[2] = lines[2].replace("`-0.12000", "`-0.12501");
    let (_, read, totals) = read("wechatpay", &utf8(&lines)).unwrap();
    assert_eq!((read[0].fee.minor(), read[1].fee.minor()), (53, -13));
    assert_eq!(totals.fee.minor(), 40);
}

#[test]
fn a_day_without_lines_is_a_bill_too() {
    let mut alipay = lines("alipay-trade-detail");
    alipay.drain(5..8);
    alipay[6] = "#交易合计：0笔，商家实收共0.00元，商家优惠共0.00元".to_owned();
    alipay[7] = "#退款合计：0笔，商家实收退款共0.00元，商家优惠退款共0.00元".to_owned();
    let (text, lines_read, totals) = read("alipay", &gbk(&alipay)).unwrap();
    assert!(text.day.is_some());
    assert_eq!((lines_read.len(), totals.payments), (0, 0));
    let mut wechatpay = lines("wechat-all");
    wechatpay.drain(1..3);
    wechatpay[2] = "`0,`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00".to_owned();
    let (text, lines_read, _) = read("wechatpay", &utf8(&wechatpay)).unwrap();
    assert_eq!((text.day, lines_read.len()), (None, 0));
}

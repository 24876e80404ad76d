//! Every sample: what it is, its first and last line, and its sums.

use crate::support::{account, bills, bytes, named, read, sample, told};
use paydesk_channels::{BillFault, FlowLine};
use paydesk_domain::{BillKind, ChannelDay};

const DAY: ChannelDay = ChannelDay(20_241_126);
/// 2024-11-26 00:00:00 in China.
const MIDNIGHT: i64 = 1_732_550_400_000;

fn at(hours: i64, minutes: i64, seconds: i64) -> i64 {
    MIDNIGHT + ((hours * 60 + minutes) * 60 + seconds) * 1000
}

#[test]
fn alipays_trades_are_read_exactly_bare_and_zipped() {
    for (id, field) in [
        ("alipay-trade-detail", "bytes_b64"),
        ("alipay-trade-zip", "zip_b64"),
    ] {
        let (text, lines, totals) = read("alipay", &bytes(&sample(id), field)).unwrap();
        assert_eq!((text.kind, text.day), (BillKind::Trade, Some(DAY)), "{id}");
        assert_eq!(lines.len(), 3, "{id}");
        assert_eq!(
            told(&lines[0]),
            format!(
                "6 Payment POS-20241126-0001 - 2024112622001400000500000001 88.88 fee 0.53 Done {}",
                at(10, 0, 3)
            )
        );
        assert_eq!(
            told(&lines[2]),
            format!(
                "8 Refund POS-20241126-0001 RF-1 2024112622001400000500000001 20.00 fee -0.12 Done {}",
                at(15, 20, 10)
            )
        );
        assert_eq!(
            (totals.payments, totals.paid.minor(), totals.refunds),
            (2, 9888, 1)
        );
        assert_eq!((totals.refunded.minor(), totals.fee.minor()), (2000, 47));
    }
}

#[test]
fn wechat_pays_trades_are_read_exactly_plain_and_packed() {
    let digests: Vec<String> = ["bytes_b64", "gzip_b64"]
        .iter()
        .map(|field| {
            let (text, lines, totals) =
                read("wechatpay", &bytes(&sample("wechat-all"), field)).unwrap();
            assert_eq!((text.kind, text.day), (BillKind::Trade, Some(DAY)));
            let told: Vec<String> = lines.iter().map(told).collect();
            assert_eq!(
                told,
                [
                    format!(
                        "2 Payment POS-20241126-0001 - 4200000920202411261000000001 88.88 fee 0.53 Done {}",
                        at(10, 0, 3)
                    ),
                    format!(
                        "3 Refund POS-20241126-0001 RF-1 4200000920202411261000000001 20.00 fee -0.12 Done {}",
                        at(15, 20, 10)
                    ),
                ]
            );
            assert_eq!((totals.payments, totals.paid.minor()), (1, 8888));
            assert_eq!((totals.refunds, totals.refunded.minor()), (1, 2000));
            assert_eq!(totals.fee.minor(), 41);
            text.content_sha256
        })
        .collect();
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn wechat_pays_partial_files_are_read_too() {
    let (text, lines, totals) =
        read("wechatpay", &bytes(&sample("wechat-success"), "gzip_b64")).unwrap();
    assert_eq!((text.day, lines.len()), (Some(DAY), 1));
    assert_eq!((totals.paid.minor(), totals.fee.minor()), (8888, 53));
    let (_, lines, totals) =
        read("wechatpay", &bytes(&sample("wechat-refund"), "gzip_b64")).unwrap();
    assert_eq!(
        told(&lines[0]),
        format!(
            "2 Refund POS-20241126-0001 RF-1 4200000920202411261000000001 20.00 fee -0.12 Done {}",
            at(15, 20, 10)
        )
    );
    assert_eq!((totals.refunded.minor(), totals.fee.minor()), (2000, -12));
}

#[test]
fn movements_of_the_account_are_read_by_both() {
    for (channel, id, field, first, last) in [
        (
            "alipay",
            "alipay-account-detail",
            "bytes_b64",
            "6 300000000000001 POS-20241126-0001 在线支付 8888 108888",
            "8 300000000000003 POS-20241126-0001 交易退款 -2000 106835",
        ),
        (
            "alipay",
            "alipay-signcustomer-zip",
            "zip_b64",
            "6 300000000000001 POS-20241126-0001 在线支付 8888 108888",
            "8 300000000000003 POS-20241126-0001 交易退款 -2000 106835",
        ),
        (
            "wechatpay",
            "wechat-fundflow",
            "gzip_b64",
            "2 1009900000000000001 4200000920202411261000000001 交易 8888 108888",
            "4 1009900000000000003 RF-1 退款 -1988 106847",
        ),
    ] {
        let text = bills(channel)
            .open(&bytes(&sample(id), field), None)
            .unwrap();
        assert_eq!(
            (text.kind, text.day),
            (BillKind::FundFlow, Some(DAY)),
            "{id}"
        );
        let mut told = Vec::new();
        let totals = bills(channel)
            .read_flow(&text, &account(channel), &mut |line: FlowLine| {
                told.push(format!(
                    "{} {} {} {} {} {}",
                    line.row,
                    line.entry,
                    line.reference,
                    line.name,
                    line.change.minor(),
                    line.balance.minor()
                ));
            })
            .unwrap();
        assert_eq!(
            (told.first().unwrap().as_str(), told.len()),
            (first, 3),
            "{id}"
        );
        assert_eq!(told.last().unwrap(), last, "{id}");
        assert_eq!((totals.incomes, totals.income.minor()), (1, 8888), "{id}");
        assert_eq!(totals.expenses, 2, "{id}");
        // It is no bill of trades.
        let read = bills(channel).read(&text, &account(channel), &mut |_| {});
        assert_eq!(read.unwrap_err(), BillFault::WrongKind, "{id}");
    }
}

#[test]
fn a_summary_is_no_bill() {
    for id in ["alipay-trade-summary", "alipay-account-summary"] {
        let opened = bills("alipay").open(&bytes(&sample(id), "bytes_b64"), None);
        assert_eq!(named(&opened.unwrap_err()), "WrongKind", "{id}");
    }
}

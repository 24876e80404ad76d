//! Bills: tables, and the archives they come in.

use crate::{peer::Peer, seeds};
use paydesk_channels::{BillFault, Bills, Brief, by_id, wire::archive};
use paydesk_domain::{BillKind, Currency, Totals};

pub(super) fn alipay_seeds() -> Vec<Vec<u8>> {
    seeds::bills("alipay").0
}

pub(super) fn wechatpay_seeds() -> Vec<Vec<u8>> {
    seeds::bills("wechat").0
}

pub(super) fn archive_seeds() -> Vec<Vec<u8>> {
    [seeds::bills("alipay").1, seeds::bills("wechat").1].concat()
}

pub(super) fn bills(channel: &str) -> &'static dyn Bills {
    by_id(channel)
        .and_then(|channel| channel.bills())
        .expect("bills")
}

pub(super) type Read = Result<(Vec<String>, String), BillFault>;

/// Every line in words, with the totals.
pub(super) fn read(channel: &str, file: &[u8]) -> Read {
    let (bills, account) = (bills(channel), Peer::of(channel).settings);
    let text = bills.open(file, None)?;
    let mut lines = Vec::new();
    match text.kind {
        BillKind::FundFlow => {
            let mut sums = (0_i64, 0_i64);
            let totals = bills.read_flow(&text, &account, &mut |line| {
                let change = line.change.minor();
                if change >= 0 {
                    sums.0 += change
                } else {
                    sums.1 -= change
                }
                lines.push(format!("{line:?}"));
            })?;
            assert_eq!(
                (totals.income.minor(), totals.expense.minor()),
                sums,
                "totals of {}",
                lines.len()
            );
            Ok((lines, format!("{totals:?}")))
        }
        _ => {
            let mut sums = Totals::zero(Currency::CNY);
            let totals = bills.read(&text, &account, &mut |line| {
                paydesk_channels::wire::bill::add(&mut sums, &Brief::of(&line, 0)).expect("a sum");
                lines.push(format!("{line:?}"));
            })?;
            assert_eq!(format!("{totals:?}"), format!("{sums:?}"));
            // The same while it streams past.
            let (mut count, mut file) = (0, std::io::Cursor::new(file));
            let end = bills.stream(&mut file, None, &account, &mut |_| {
                count += 1;
                Ok(())
            })?;
            assert_eq!((end.totals, count), (totals, lines.len()), "streamed");
            Ok((lines, format!("{totals:?}")))
        }
    }
}

pub(super) fn check(channel: &str, bytes: &[u8]) {
    // An archive is another target's.
    if bytes.starts_with(b"PK") || bytes.starts_with(&[0x1f, 0x8b]) {
        return;
    }
    if let Ok(first) = read(channel, bytes) {
        // With the ends of lines made equal it is the same bill.
        let bare: Vec<u8> = bytes
            .iter()
            .copied()
            .filter(|byte| *byte != b'\r')
            .collect();
        let is_plain = !bytes
            .windows(2)
            .any(|two| two[0] == b'\r' && two[1] != b'\n')
            && bytes.last() != Some(&b'\r');
        if is_plain {
            assert_eq!(read(channel, &bare).ok(), Some(first), "line ends matter");
        }
    }
}

pub(super) fn alipay(bytes: &[u8]) {
    check("alipay", bytes);
}

pub(super) fn wechatpay(bytes: &[u8]) {
    check("wechatpay", bytes);
}

pub(super) fn archives(bytes: &[u8]) {
    let rank = |name: &str| u8::from(name.contains("业务明细") && !name.contains("汇总"));
    if let Ok(unpacked) = archive::unpack(bytes, rank) {
        assert!(unpacked.len() as u64 <= archive::UNPACKED_BYTES_MAX);
        let packed = bytes.starts_with(b"PK\x03\x04")
            || bytes.starts_with(b"PK\x05\x06")
            || bytes.starts_with(&[0x1f, 0x8b]);
        if packed {
            assert!(
                !unpacked.starts_with(b"PK\x03\x04") && !unpacked.starts_with(&[0x1f, 0x8b]),
                "nested"
            );
        } else {
            assert_eq!(unpacked, bytes);
        }
    }
}

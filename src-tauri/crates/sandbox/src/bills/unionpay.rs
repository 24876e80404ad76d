//! UnionPay's settlement file: GBK, CRLF, fields of fixed width in bytes with a blank after each.
//!
//! Widths and names follow the protocol reference, "Settlement files". No real file was seen: the transaction codes
//! in front and the letters before amounts are this sandbox's own reading of it. It must never decide which lines
//! there are.

use super::lines::{Line, LineKind, less};
use super::{BillFlaw, Sheet, archive, gbk};
use crate::clock::{day_start_ms, day_text};
use crate::ledger::{Fen, Kind};

/// Widths of the fields of a line, in bytes: 566, with a blank between each two 607.
const WIDTHS: [usize; 42] = [
    3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21,
    15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
];
/// Who takes the merchant's transactions, and who sends them.
const ACQUIRER: &str = "00000000898";
/// A grocery of 5411, a terminal that scans.
const CATEGORY: &str = "5411";
const TERMINAL_KIND: &str = "08";
const CARD: &str = "6216***********0018";

/// One field: text is filled with blanks behind, a number with noughts in front.
enum Cell {
    Amount(Fen),
    Number(String),
    /// Letter and twelve digits: `C` comes to the merchant, `D` goes.
    Signed(char, Fen),
    Text(String),
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

impl Cell {
    fn write(self, width: usize) -> Vec<u8> {
        match self {
            Self::Amount(amount) => format!("{:0>width$}", amount.get()).into_bytes(),
            Self::Number(digits) => format!("{digits:0>width$}").into_bytes(),
            Self::Signed(letter, amount) => {
                let digits = width.saturating_sub(1);
                format!("{letter}{:0>digits$}", amount.get()).into_bytes()
            }
            Self::Text(text) => fitted(&text, width),
        }
    }
}

/// What does not fit is left out by whole characters, since a character has two bytes.
fn fitted(text: &str, width: usize) -> Vec<u8> {
    let mut written = Vec::with_capacity(width);
    for character in text.chars() {
        let bytes = gbk::encode(character.encode_utf8(&mut [0; 4]));
        if written.len() + bytes.len() > width {
            break;
        }
        written.extend(bytes);
    }
    written.resize(width, b' ');
    written
}

/// The zip: the details, and the adjustments, of which the sandbox makes none.
pub(super) fn zip(sheet: &Sheet<'_>, lines: &[Line], flaw: Option<BillFlaw>) -> Vec<u8> {
    let day = day_text(sheet.day).replace('-', "");
    let day = day.get(2..).unwrap_or_default();
    let name = |kind: &str| format!("INN{day}88{kind}_{}.txt", sheet.holder.account).into_bytes();
    let entries = [
        archive::ZipEntry {
            name: name("ZM"),
            content: lines.iter().flat_map(|line| detail(sheet, line)).collect(),
        },
        archive::ZipEntry {
            name: name("ZME"),
            content: Vec::new(),
        },
    ];
    let morning_ms = day_start_ms(sheet.day.saturating_add(1)).saturating_add(9 * 3_600_000);
    archive::zip(&entries, morning_ms, flaw == Some(BillFlaw::DigestWrong))
}

fn detail(sheet: &Sheet<'_>, line: &Line) -> Vec<u8> {
    let mut written = Vec::new();
    for (cell, width) in cells(sheet, line).into_iter().zip(WIDTHS) {
        written.extend(cell.write(width));
        written.push(b' ');
    }
    // The last field is the only one without a blank behind it.
    written.pop();
    written.extend_from_slice(b"\r\n");
    written
}

fn cells(sheet: &Sheet<'_>, line: &Line) -> [Cell; 42] {
    let terms = line.unionpay.as_ref();
    let own = |id: &str, from: usize, to: usize| id.get(from..to).unwrap_or_default().to_owned();
    let is_payment = line.is_payment();
    let (code, kind, usual_sub) = match line.kind {
        LineKind::Payment => ("S22", "01", usual_sub_type(line.paid_by)),
        LineKind::Refund => ("S30", "04", "00"),
        LineKind::Reversal => ("S31", "31", "00"),
    };
    let (number, id) = if is_payment {
        (&line.out_trade_no, &line.trade_no)
    } else {
        (&line.refund_no, &line.refund_id)
    };
    // What the merchant gets, or gives, and the fee the other way round.
    let (way, fee_way) = if is_payment { ('C', 'D') } else { ('D', 'C') };
    let net = less(line.amount, line.fee);
    let of_original = |value: &str| text(if is_payment { "" } else { value });
    let zero = || Cell::Signed('C', Fen::ZERO);
    let account = sheet.holder.account;
    let sub_type = terms.map_or(usual_sub, |terms| &terms.sub_type);
    let biz_type = terms.map_or("000000", |terms| &terms.biz_type);
    let reserved = terms.and_then(|terms| terms.reserved.as_deref());
    [
        text(code),
        text(ACQUIRER),
        text(ACQUIRER),
        Cell::Number(own(id, 14, 20)),
        Cell::Number(own(id, 4, 14)),
        text(CARD),
        Cell::Amount(line.amount),
        text(CATEGORY),
        text(TERMINAL_KIND),
        text(id),
        text(""),
        text(number),
        text("01"),
        Cell::Number(if is_payment {
            String::new()
        } else {
            own(&line.trade_no, 14, 20)
        }),
        Cell::Number(if is_payment {
            String::new()
        } else {
            own(&line.trade_no, 4, 14)
        }),
        Cell::Signed(fee_way, line.fee),
        Cell::Signed(way, net),
        text("0001"),
        text(""),
        text(kind),
        text(sub_type),
        text(biz_type),
        text("01"),
        text(""),
        text(""),
        text(""),
        of_original(&line.trade_no),
        text(account),
        text(""),
        text(""),
        text(""),
        zero(),
        Cell::Signed(way, net),
        text(line.origin.terminal_id.as_deref().unwrap_or_default()),
        text(reserved.unwrap_or_default()),
        zero(),
        zero(),
        Cell::Number(String::new()),
        text(""),
        text(""),
        of_original(&line.out_trade_no),
        text(""),
    ]
}

fn usual_sub_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Code => "06",
        Kind::Page => "01",
        Kind::Qr => "07",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_and_blanks_make_a_line_of_607_bytes() {
        assert_eq!(WIDTHS.iter().sum::<usize>(), 566);
        assert_eq!(WIDTHS.len() - 1, 41);
    }

    #[test]
    fn text_is_cut_between_characters_and_filled_with_blanks() {
        assert_eq!(fitted("门店1", 6), b"\xc3\xc5\xb5\xea1 ");
        assert_eq!(fitted("门店1", 3), b"\xc3\xc5 ");
        assert_eq!(Cell::Signed('D', Fen::new(53)).write(13), b"D000000000053");
        assert_eq!(Cell::Amount(Fen::new(8888)).write(12), b"000000008888");
    }
}

//! OFX: the samples, of which four are wrong, and tags that are closed, not closed, or empty.
//! Values are those of the Python package ofxtools 0.9.5 where it reads the file, otherwise read by hand.

use crate::{samples::sample, summaries, words};
use jiff::civil::date;
use paydesk_bank::{StatementFile, read};

const SAMPLES: [(&str, &[&str]); 6] = [
    (
        "anzcc",
        &["1234123412341234 AUD –→-123.45 1× -5.50 not stated"],
    ),
    (
        "bank_medium",
        &["12300 000012345678 CAD –→382.34 3× -345.27 not stated"],
    ),
    ("checking", &["1452687~7 USD –→100.99 3× -59.50 not stated"]),
    (
        "multiple_accounts",
        &[
            "9100 USD –→111.00 0× 0.00 not stated",
            "9200 USD –→222.00 0× 0.00 not stated",
        ],
    ),
    (
        "ofx-v102-empty-tags",
        &["12345678 AUD –→– 1× 12.34 not stated"],
    ),
    ("suncorp", &["123456789 AUD –→1234.12 1× -16.85 not stated"]),
];

const REFUSED: [(&str, &str); 4] = [
    ("bank_small", "line 11: STMTRS: missing"),
    ("date_missing", "line 33: DTPOSTED: missing"),
    ("decimal_error", "line 36: DTPOSTED: not a date"),
    (
        "error_message",
        "line 23: CODE: the bank gave an error instead of a statement: 2000",
    ),
];

fn bytes(name: &str) -> Option<Vec<u8>> {
    sample(&format!("ofx/{name}.ofx"))
}

#[test]
fn every_sample_is_read_or_refused_at_its_line() {
    for (name, expected) in SAMPLES {
        let Some(bytes) = bytes(name) else {
            return;
        };
        let file = read(&bytes).unwrap();
        assert_eq!(summaries(&file), expected, "{name}");
        assert!(file.accept().is_ok());
    }
    for (name, expected) in REFUSED {
        let Some(bytes) = bytes(name) else {
            return;
        };
        assert_eq!(words(read(&bytes)), expected, "{name}");
    }
}

#[test]
fn the_wrong_samples_are_refused_for_each_of_their_faults() {
    let (Some(dates), Some(decimals)) = (bytes("date_missing"), bytes("decimal_error")) else {
        return;
    };
    let (dates, decimals) = (
        String::from_utf8(dates).unwrap(),
        String::from_utf8(decimals).unwrap(),
    );
    // One fault after the other is mended.
    let dated = dates.replacen("<TRNAMT>", "<DTPOSTED>20110501</DTPOSTED><TRNAMT>", 1);
    assert_eq!(words(read(dated.as_bytes())), "line 40: DTPOSTED: missing");
    let dated = dated.replace("<DTPOSTED></DTPOSTED>", "<DTPOSTED>20110502</DTPOSTED>");
    assert_eq!(
        words(read(dated.as_bytes())),
        "line 50: DTPOSTED: not a date"
    );
    let dated = dated.replace("20120231", "20120229");
    assert_eq!(
        summaries(&read(dated.as_bytes()).unwrap()),
        ["192639749 USD –→0.00 3× 320.00 not stated"]
    );
    let decimals = decimals.replace("201120000000", "20110501");
    assert_eq!(
        words(read(decimals.as_bytes())),
        "line 37: TRNAMT: not an amount"
    );
}

#[test]
fn a_movement_has_its_number_name_and_words() {
    let (Some(medium), Some(suncorp), Some(checking)) =
        (bytes("bank_medium"), bytes("suncorp"), bytes("checking"))
    else {
        return;
    };
    let file = read(&medium).unwrap();
    let statement = &file.statements[0];
    assert_eq!(statement.account.bank, "160000100");
    assert_eq!(
        (statement.from, statement.to),
        (Some(date(2009, 4, 1)), Some(date(2009, 5, 23)))
    );
    let line = &statement.lines[0];
    assert_eq!(line.booked, date(2009, 4, 1));
    assert_eq!(line.bank_reference, "0000123456782009040100001");
    assert_eq!(line.counterparty, "MCDONALD'S #112");
    assert_eq!(line.text, "POS MERCHANDISE;MCDONALD'S #112");
    assert_eq!(line.code, "POS");
    assert_eq!(line.row, 15);
    assert_eq!(statement.lines[1].our_reference, "");
    let file = read(&suncorp).unwrap();
    let line = &file.statements[0].lines[0];
    assert_eq!(line.counterparty, "EFTPOS WDL HANDYWAY ALDI STORE");
    assert_eq!(line.row, 35);
    let file = read(&checking).unwrap();
    assert_eq!(file.statements[0].lines[2].our_reference, "319");
}

const HEADER: &str = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n";

fn statement(movements: &str) -> String {
    format!(
        "{HEADER}<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>CNY\n\
         <BANKACCTFROM><BANKID>B<ACCTID>A1</BANKACCTFROM>\n<BANKTRANLIST>\n{movements}</BANKTRANLIST>\
         </STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    )
}

const MOVEMENT: &str = "<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261120<TRNAMT>1.50<FITID>F1<NAME>A & B &lt;C&gt; M\u{fc}ller<MEMO></STMTTRN>\n";

#[test]
fn tags_are_read_closed_open_or_empty() {
    let open = statement(MOVEMENT);
    let closed = statement(
        "<STMTTRN><MEMO></MEMO><TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>20261120235959.000[+8:CST]</DTPOSTED>\
         <TRNAMT>+1,50</TRNAMT><FITID>F1</FITID><PAYEE><NAME>A &amp; B &#60;C> Müller</NAME></PAYEE><MEMO/></STMTTRN>\n",
    );
    let western: Vec<u8> = open.chars().map(|letter| letter as u8).collect();
    let [open, closed] = [&western[..], closed.as_bytes()].map(|file| read(file).unwrap());
    assert_eq!(open.encoding, "windows-1252");
    assert_eq!(open.statements, closed.statements);
    let line = &open.statements[0].lines[0];
    assert_eq!(line.counterparty, "A & B <C> Müller");
    assert_eq!(line.amount.to_string(), "1.50 CNY");
}

#[test]
fn wrong_movements_are_refused_at_their_line() {
    for (from, to, expected) in [
        (
            "1.50",
            "1.505",
            "line 10: TRNAMT: more decimals than the currency has",
        ),
        ("1.50", "1,234.50", "line 10: TRNAMT: not an amount"),
        ("<TRNAMT>1.50", "<TRNAMT>", "line 10: TRNAMT: missing"),
        ("20261120", "20261320", "line 10: DTPOSTED: not a date"),
        ("20261120", "2026112", "line 10: DTPOSTED: not a date"),
        (
            "<MEMO>",
            "<CURRENCY><CURRATE>7<CURSYM>USD</CURRENCY>",
            "line 10: CURSYM: USD in a statement of CNY",
        ),
        ("<CURDEF>CNY", "<CURDEF>", "line 7: CURDEF: missing"),
        (
            "<CURDEF>CNY",
            "<CURDEF>XYZ",
            "line 7: CURDEF: `XYZ` is not a currency of ISO 4217",
        ),
        ("<ACCTID>A1", "", "line 7: ACCTID: missing"),
        (
            "<OFX>",
            "<!DOCTYPE OFX [<!ENTITY a \"b\">]><OFX>",
            "line 7: a document type definition, which no bank sends",
        ),
    ] {
        let text = statement(MOVEMENT).replace(from, to);
        assert_eq!(words(read(text.as_bytes())), expected, "{to}");
    }
}

#[test]
fn a_file_cut_doubled_or_deep_is_refused() {
    let whole = statement(MOVEMENT);
    let end = whole.trim_end().len();
    for cut in 0..end {
        assert!(
            read(whole.get(..cut).unwrap_or_default().as_bytes())
                .and_then(StatementFile::accept)
                .is_err(),
            "cut at {cut}"
        );
    }
    assert_eq!(
        words(read(whole.repeat(2).as_bytes())),
        "line 12: the file goes on after its end"
    );
    let body = whole.strip_prefix(HEADER).unwrap();
    let inner = body.replace("<OFX>", "").replace("</OFX>", "");
    let twice = format!("{HEADER}<OFX>{}</OFX>", inner.repeat(2));
    assert_eq!(
        words(read(twice.as_bytes())),
        "line 12: the same again as at line 7"
    );
    let unclosed = whole.replace("</STMTTRN>", "");
    assert!(read(unclosed.as_bytes()).is_err());
    let deep = whole.replace("<BANKTRANLIST>", &"<A>".repeat(40)) + "</A>";
    assert_eq!(
        words(read(deep.as_bytes())),
        "line 9: A: nested deeper than any statement"
    );
}

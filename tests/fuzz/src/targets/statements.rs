//! Bank statements: every format from any bytes. What is read has to add up where it says that it does, by sums of
//! this file and not of the reader.

use crate::seeds;
use paydesk_bank::{StatementFile, read, read_as};
use paydesk_domain::{BalanceCheck, BankStatement};

/// Samples, and one of our own where there are none.
fn with(own: &str, folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let mut found = seeds::files(folder, ending);
    found.push(own.as_bytes().to_vec());
    found
}

pub(super) fn camt_seeds() -> Vec<Vec<u8>> {
    let balance = |kind: &str, amount: &str| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-20</Dt></Dt></Bal>"
        )
    };
    let own = format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><Stmt><Id>1</Id><Acct><Id><IBAN>X</IBAN></Id></Acct>{}{}<Ntry><Amt Ccy=\"CNY\">1.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-20</Dt></BookgDt></Ntry></Stmt></BkToCstmrStmt></Document>",
        balance("OPBD", "10.00"),
        balance("CLBD", "8.50"),
    );
    with(&own, "camt", "xml")
}

pub(super) fn mt940_seeds() -> Vec<Vec<u8>> {
    let own = ":20:X\n:25:B/1\n:28C:1/1\n:60F:C261120CNY10,00\n:61:2611201120DR1,50NTRFX//Y\n:86:166?20EREF+Z?32N\n:62F:C261120CNY8,50\n-\n";
    with(own, "mt940", "sta")
}

pub(super) fn ofx_seeds() -> Vec<Vec<u8>> {
    let own = "OFXHEADER:100\nCHARSET:1252\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>CNY<BANKACCTFROM><ACCTID>1</BANKACCTFROM><BANKTRANLIST><STMTTRN><TRNTYPE>POS<DTPOSTED>20261120<TRNAMT>-1.50<FITID>1<NAME>A &amp; B</STMTTRN></BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n";
    with(own, "ofx", "ofx")
}

pub(super) fn table_seeds() -> Vec<Vec<u8>> {
    let own = "账号：6225,户名：某店\n交易日期,交易时间,摘要,收入金额,支出金额,余额,对方户名\n2026-11-20,093005,货款,\"1,000.00\",,\"1,100.00\",支付宝\n2026-11-20,093006,手续费,-,1.00,\"1,099.00\",\n合计,,,\"1,000.00\",1.00,,\n";
    let mut found = with(own, "cn-bank", "csv");
    let (gbk, ..) = encoding_rs::GB18030.encode(own);
    found.push(gbk.into_owned());
    found
}

pub(super) fn workbook_seeds() -> Vec<Vec<u8>> {
    ["xlsx", "xls"]
        .into_iter()
        .flat_map(|kind| seeds::files("bank_workbooks", kind))
        .collect()
}

/// Holds what a statement says of itself against sums made here.
fn check_statement(statement: &BankStatement, rows: u64) {
    let sum: i128 = statement
        .lines
        .iter()
        .map(|line| i128::from(line.amount.minor()))
        .sum();
    for line in &statement.lines {
        assert_eq!(line.amount.currency(), statement.currency, "currency");
        assert!((1..=rows).contains(&line.row), "row {} of {rows}", line.row);
    }
    let balances = statement.opening.zip(statement.closing);
    match (statement.check, balances) {
        (BalanceCheck::Holds, Some((opening, closing))) => {
            let expected = i128::from(opening.amount.minor()) + sum;
            assert_eq!(
                expected,
                i128::from(closing.amount.minor()),
                "it does not hold"
            );
            assert_eq!(opening.amount.currency(), closing.amount.currency());
        }
        (
            BalanceCheck::Differs {
                expected, stated, ..
            },
            Some((opening, closing)),
        ) => {
            assert_ne!(expected, stated, "it does hold");
            assert_eq!(stated, closing.amount);
            let found = i128::from(opening.amount.minor()) + sum;
            assert_eq!(found, i128::from(expected.minor()));
        }
        (BalanceCheck::Holds | BalanceCheck::Differs { .. }, None) => panic!("nothing to hold"),
        (
            BalanceCheck::Total {
                expected, stated, ..
            },
            _,
        ) => assert_ne!(expected, stated),
        _ => {}
    }
}

fn check(file: &StatementFile, rows: u64) {
    assert!(!file.statements.is_empty(), "a file without a statement");
    for statement in &file.statements {
        check_statement(statement, rows);
    }
    let contradicts = file.statements.iter().any(|statement| {
        matches!(
            statement.check,
            BalanceCheck::Differs { .. }
                | BalanceCheck::OtherCurrency { .. }
                | BalanceCheck::Total { .. }
        )
    });
    assert_eq!(file.clone().accept().is_err(), contradicts, "accept");
}

fn rows_of(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1
}

fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0")
}

/// In words, where a line end inside of a text is one.
fn words(file: &StatementFile) -> String {
    format!("{:?}", file.statements).replace("\\r", "")
}

pub(super) fn text(bytes: &[u8]) {
    // A workbook is another target's.
    if is_workbook(bytes) {
        return;
    }
    let Ok(file) = read(bytes) else {
        return;
    };
    check(&file, rows_of(bytes));
    // In UTF-16 a line end is two bytes.
    if file.encoding.starts_with("UTF-16") {
        return;
    }
    let is_plain = !bytes
        .windows(2)
        .any(|two| two[0] == b'\r' && two[1] != b'\n')
        && bytes.last() != Some(&b'\r');
    if is_plain {
        let bare: Vec<u8> = bytes
            .iter()
            .copied()
            .filter(|byte| *byte != b'\r')
            .collect();
        let again = read(&bare).map(|again| words(&again));
        assert_eq!(again, Ok(words(&file)), "line ends matter");
    }
    let nul = [bytes, b"\0"].concat();
    assert!(read(&nul).is_err(), "a NUL byte is no text");
}

pub(super) fn table(bytes: &[u8]) {
    if is_workbook(bytes) {
        return;
    }
    text(bytes);
    if let Ok(file) = read(bytes)
        && let Some(table) = file.tables.first()
    {
        let again = read_as(bytes, &table.template);
        assert_eq!(
            again.as_ref(),
            Ok(&file),
            "another file by its own template"
        );
    }
}

pub(super) fn workbook(bytes: &[u8]) {
    if !is_workbook(bytes) {
        return;
    }
    if let Ok(file) = read(bytes) {
        check(&file, 1 << 20);
        assert_eq!(read(bytes), Ok(file), "read twice");
    }
}

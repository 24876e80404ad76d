//! camt.052, camt.053 and camt.054: the samples, and the rules of ISO 20022 that they do not show.

use crate::{is_as_stated, money, reason, samples::sample, summaries, words};
use jiff::civil::date;
use paydesk_bank::{Reason, read};
use paydesk_domain::{BankLine, StatementFormat};

/// What each sample holds, and why it is refused where it does not add up.
const SAMPLES: [(&str, &[&str], Option<&str>); 7] = [
    (
        "camt053.v2.minimal.xml",
        &["NL26VAYB8060476890 EUR 18.15→-27.00 1× 8.85 -27.00 SEK at 54"],
        Some("line 54: SEK in a statement of EUR"),
    ),
    (
        "camt053.v4.xml",
        &["NL26VAYB8060476890 EUR 18.15→-27.00 1× 8.85 -27.00 SEK at 74"],
        Some("line 74: SEK in a statement of EUR"),
    ),
    (
        "camt053.v2.multi.statement.xml",
        &[
            "NL26VAYB8060476890 EUR 18.15→27.00 1× 8.85 holds",
            "NL26VAYB8060476890 EUR 27.00→20.00 1× -7.00 holds",
        ],
        None,
    ),
    (
        "camt053.v2.five.decimals.xml",
        &["NL26VAYB8060476890 EUR 18.15→27.05 1× 8.85 differs at 49"],
        Some(
            "line 49: the opening balance and the movements come to 27.00 EUR, the file says 27.05 EUR",
        ),
    ),
    (
        "camt053.v2.all-balance-types.xml",
        &["CH2801234000123456789 EUR 1.01→4.04 1× 8.85 differs at 68"],
        Some(
            "line 68: the opening balance and the movements come to 9.86 EUR, the file says 4.04 EUR",
        ),
    ),
    (
        "camt052.v8.xml",
        &["CH2801234000123456789 SEK –→– 1× -200000.00 not stated"],
        None,
    ),
    (
        "camt054.v8.xml",
        &["CH2801234000123456789 SEK –→– 1× -200000.00 not stated"],
        None,
    ),
];

#[test]
fn every_sample_is_read_and_those_that_do_not_add_up_are_refused() {
    for (name, expected, refused) in SAMPLES {
        let Some(bytes) = sample(&format!("camt/{name}")) else {
            return;
        };
        is_as_stated(name, read(&bytes).unwrap(), expected, refused);
    }
}

#[test]
fn a_message_without_a_statement_is_refused() {
    if let Some(bytes) = sample("camt/camt053.v2.wrong.xml") {
        assert_eq!(words(read(&bytes)), "line 3: Stmt: missing");
    }
}

#[test]
fn version_2_and_version_4_give_the_same_line() {
    let (Some(two), Some(four)) = (
        sample("camt/camt053.v2.minimal.xml"),
        sample("camt/camt053.v4.xml"),
    ) else {
        return;
    };
    let (two, four) = (read(&two).unwrap(), read(&four).unwrap());
    let (two, four) = (&two.statements[0], &four.statements[0]);
    assert_eq!((two.format, two.row), (StatementFormat::Camt053, 26));
    assert_eq!((four.format, four.row), (StatementFormat::Camt053, 30));
    assert_eq!(two.reference, "253EURNL26VAYB8060476890");
    assert_eq!(two.sequence, "12312");
    assert_eq!(two.opening.unwrap().date, Some(date(2014, 12, 30)));
    // `FrToDt` says 2007 although the entry is of 2014: what is stated is kept.
    assert_eq!(two.from, Some(date(2007, 10, 18)));
    assert_eq!(four.account.holder, "FINPETROL");
    assert_eq!(four.account.bank, "AAAA BANKEN");

    let mut line = BankLine::new(90, date(2014, 12, 31), money("8.85", "EUR"));
    line.value = Some(date(2015, 1, 2));
    line.our_reference = "4654654654654654".to_owned();
    line.counterparty = "NAME NAME".to_owned();
    line.counterparty_account = "NL56AGDH9619008421".to_owned();
    line.text = "4654654654654654".to_owned();
    line.code = "544".to_owned();
    assert_eq!(two.lines, [line.clone()]);
    line.row = 110;
    line.bank_reference = "AAAASESS-FP-CN_98765/01".to_owned();
    line.code = "PAYM/0001/0005".to_owned();
    assert_eq!(four.lines, [line]);
}

#[test]
fn the_other_side_of_a_debit_is_the_creditor() {
    let Some(bytes) = sample("camt/camt053.v2.multi.statement.xml") else {
        return;
    };
    let file = read(&bytes).unwrap();
    // The credit names a creditor only, who is the account's holder.
    let credit = &file.statements[0].lines[0];
    assert_eq!(credit.counterparty, "");
    assert_eq!(credit.end_to_end, "000000001");
    let debit = &file.statements[1].lines[0];
    assert_eq!(debit.counterparty, "Company Name 2");
    assert_eq!(debit.counterparty_account, "NL56AGDH9619008421");
    assert_eq!(debit.end_to_end, "000000002");
    assert_eq!(debit.text, "Transaction Description 2");
    assert_eq!(debit.row, 145);
}

#[test]
fn a_batch_is_one_movement_with_its_parts() {
    let Some(bytes) = sample("camt/camt054.v8.xml") else {
        return;
    };
    let file = read(&bytes).unwrap();
    let statement = &file.statements[0];
    assert_eq!(statement.account.bank, "UBSWCHZH80A");
    assert!(!statement.format.is_final());
    let line = &statement.lines[0];
    assert_eq!(line.our_reference, "UXC06170000006PI00001");
    assert_eq!(line.bank_reference, "ACSR160617103200001");
    assert_eq!(line.code, "PMNT/ICDT/DMCT");
    assert_eq!(line.text, "Order");
    let parts: Vec<_> = line
        .parts
        .iter()
        .map(|part| {
            let amount = part.amount.unwrap().to_string();
            (amount, part.end_to_end.as_str(), part.counterparty.as_str())
        })
        .collect();
    let expected = [
        (
            "-3.10 CHF",
            "UXC06170000006PI00001EE00001",
            "Example Creditor 3 - V1",
        ),
        (
            "-3.20 CHF",
            "UXC06170000006PI00001EE00002",
            "Example Creditor 3 - V2",
        ),
        (
            "-3.20 CHF",
            "UXC06170000006PI00001EE00002",
            "Example Creditor 3 - V3",
        ),
    ];
    assert_eq!(
        parts,
        expected.map(|(amount, reference, name)| (amount.to_owned(), reference, name))
    );
    assert_eq!(
        line.parts[2].text,
        "Unstructured Remittance Information V3 block 1 Unstructured Remittance Information V3 block 2 \
         Ref number V3 block 1 Ref number V3 block 2"
    );
}

/// A statement of version 8 around these entries.
pub(crate) fn statement(closing: &str, entries: &str) -> String {
    let balance = |kind: &str, amount: &str| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">{amount}</Amt>\
             <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-20</Dt></Dt></Bal>\n"
        )
    };
    format!(
        "<Stmt>\n<Id>S1</Id><Acct><Id><Othr><Id>6225</Id></Othr></Id><Ccy>CNY</Ccy></Acct>\n{}{}{entries}</Stmt>\n",
        balance("OPBD", "100.00"),
        balance("CLBD", closing),
    )
}

pub(crate) fn document(statements: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\n\
         <BkToCstmrStmt><GrpHdr/>\n{statements}</BkToCstmrStmt></Document>\n"
    )
}

pub(crate) fn entry(amount: &str, direction: &str, more: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"CNY\">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{more}\
         <BookgDt><Dt>2026-11-20</Dt></BookgDt></Ntry>\n"
    )
}

const BOOKED: &str = "<Sts><Cd>BOOK</Cd></Sts>";

#[test]
fn only_booked_entries_count_and_a_reversal_is_not_turned_round() {
    let reversal = format!("<RvslInd>true</RvslInd>{BOOKED}");
    let entries = [
        entry("10.00", "CRDT", BOOKED),
        entry("5.00", "CRDT", "<Sts><Cd>PDNG</Cd></Sts>"),
        entry("1.00", "DBIT", "<Sts>INFO</Sts>"),
        entry("4.00", "DBIT", &reversal),
    ];
    let file = read(document(&statement("106.00", &entries.concat())).as_bytes()).unwrap();
    assert_eq!(summaries(&file), ["6225 CNY 100.00→106.00 2× 6.00 holds"]);
    assert_eq!(file.statements[0].not_booked, 2);
    assert!(file.statements[0].lines[1].is_reversal);
}

#[test]
fn a_prefix_an_encoding_and_references_to_characters_change_nothing() {
    let entry = entry(
        "1.00",
        "CRDT",
        &format!(
            "{BOOKED}<NtryDtls><TxDtls><RltdPties><Dbtr><Pty><Nm>M&#252;ller &amp; S\u{f6}hne</Nm></Pty></Dbtr></RltdPties></TxDtls></NtryDtls>"
        ),
    );
    let text = document(&statement("101.00", &entry))
        .replace("version=\"1.0\"", "version='1.0' encoding='ISO-8859-1'")
        .replace("<Document xmlns=", "<n:Document xmlns:n=")
        .replace("</Document>", "</n:Document>");
    let bytes: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
    let file = read(&bytes).unwrap();
    assert_eq!(file.encoding, "windows-1252");
    assert_eq!(file.statements[0].lines[0].counterparty, "Müller & Söhne");
}

#[test]
fn each_wrong_entry_is_refused_at_its_line() {
    let good = entry("1.00", "CRDT", BOOKED);
    for (bad, expected) in [
        (
            good.replace("1.00", "1.005"),
            "line 9: Amt: more decimals than the currency has",
        ),
        (good.replace("1.00", "1,00"), "line 9: Amt: not an amount"),
        (good.replace("1.00", "-1.00"), "line 9: Amt: not an amount"),
        (
            good.replace("CNY", "USD"),
            "line 9: Amt: USD in a statement of CNY",
        ),
        (
            good.replace("CNY", "DEM"),
            "line 9: Amt: `DEM` is not a currency of ISO 4217",
        ),
        (
            good.replace("CRDT", "BOTH"),
            "line 9: CdtDbtInd: this breaks the rules of the format",
        ),
        (
            good.replace("11-20", "02-30"),
            "line 9: BookgDt: not a date",
        ),
        (good.replace("BookgDt", "Other"), "line 9: BookgDt: missing"),
        (
            good.replace("<Amt", "<Am").replace("/Amt", "/Am"),
            "line 9: Amt: missing",
        ),
    ] {
        let text = document(&statement("102.00", &format!("{good}{bad}")));
        assert_eq!(words(read(text.as_bytes())), expected);
    }
}

#[test]
fn a_wrong_closing_balance_and_a_doubled_statement_are_refused() {
    let one = statement("101.00", &entry("1.00", "CRDT", BOOKED));
    let (row, refused) = reason(read(document(&one.repeat(2)).as_bytes()));
    assert_eq!((row, refused), (10, Reason::Doubled { first: 4 }));
    let wrong = document(&one.replace(">101.00", ">101.01"));
    let (row, refused) = reason(read(wrong.as_bytes()).unwrap().accept());
    let expected = money("101.00", "CNY");
    let stated = money("101.01", "CNY");
    assert_eq!((row, refused), (7, Reason::Balance { expected, stated }));
}

//! MT940 and MT942: the samples of many banks, and every oddity of `:61:` and `:86:` that they show.
//! Counts are those of the Python package mt-940 5.1.1, sums and lines were added up by a script over the text.

use crate::{is_as_stated, samples::sample, summaries, words};
use jiff::civil::date;
use paydesk_bank::{StatementFile, read};
use paydesk_domain::{BankLine, StatementFormat};

/// What each sample holds, and why it is refused where it does not add up.
const SAMPLES: [(&str, &[&str], Option<&str>); 12] = [
    (
        "betterplace-sepa_snippet",
        &[
            "0194787400888 EUR 766656.49→1125250.40 4× 358593.91 holds",
            "0194791600888 EUR -1970431.87→-4472049.09 7× -2501917.30 differs at 55",
        ],
        Some(
            "line 55: the opening balance and the movements come to -4472349.17 EUR, the file says -4472049.09 EUR",
        ),
    ),
    (
        "betterplace-with_binary_character",
        &[
            "0000007055 EUR 380115.77→199929.02 3× -180186.75 holds",
            "0000007304 EUR 130073.19→131193.19 1× 1120.00 holds",
        ],
        None,
    ),
    (
        "jejik-abnamro",
        &[
            "517852257 EUR 3236.28→876.84 8× -321.44 differs at 27",
            "517852257 EUR 2876.84→1849.75 2× -24.49 differs at 40",
        ],
        Some(
            "line 27: the opening balance and the movements come to 2914.84 EUR, the file says 876.84 EUR",
        ),
    ),
    (
        "jejik-generic",
        &[
            "11111111 EUR 100.00→90.00 1× -10.00 holds",
            "11111111 EUR 90.00→80.00 1× -10.00 holds",
        ],
        None,
    ),
    (
        "jejik-ing",
        &["0001234567 EUR 0.00→3.47 7× -45.59 differs at 26"],
        Some(
            "line 26: the opening balance and the movements come to -45.59 EUR, the file says 3.47 EUR",
        ),
    ),
    (
        "jejik-rabobank-iban",
        &[
            "NL71RABO0123456789 EUR 1000.00→965.00 2× -35.00 holds",
            "NL71RABO0123456789 EUR 965.00→930.00 2× -35.00 holds",
        ],
        None,
    ),
    (
        "mbank-mt942",
        &["PL29114010810000267002001002 PLN –→– 3× 0.03 not stated"],
        None,
    ),
    (
        "self-february_30",
        &["1020304050 EUR 1200.00→1194.00 1× -6.00 holds"],
        None,
    ),
    (
        "self-malformed_details",
        &["1020304050 EUR 12345.12→12345.98 1× -233.15 differs at 15"],
        Some(
            "line 15: the opening balance and the movements come to 12111.97 EUR, the file says 12345.98 EUR",
        ),
    ),
    (
        "self-mt942",
        &["GJB0291077111 EUR –→– 1× -0.42 total differs at 11"],
        Some("line 11: the lines come to 0.42 EUR, the file says 2.30 EUR"),
    ),
    (
        "self-transaction_details_wrapped",
        &["1020304050 EUR 1200.00→1194.00 1× -6.00 holds"],
        None,
    ),
    (
        "self-whitespace",
        &["1020304050 EUR 12345.12→12345.98 1× -233.15 differs at 9"],
        Some(
            "line 9: the opening balance and the movements come to 12111.97 EUR, the file says 12345.98 EUR",
        ),
    ),
];

fn bytes(name: &str) -> Option<Vec<u8>> {
    sample(&format!("mt940/{name}.sta"))
}

fn file(name: &str) -> Option<StatementFile> {
    bytes(name).map(|bytes| read(&bytes).unwrap())
}

#[test]
fn every_sample_is_read_and_those_that_do_not_add_up_are_refused() {
    for (name, expected, refused) in SAMPLES {
        let Some(file) = file(name) else {
            return;
        };
        is_as_stated(name, file, expected, refused);
    }
}

#[test]
fn a_currency_that_is_no_more_is_refused_and_the_rest_of_that_file_is_sound() {
    let Some(bytes) = bytes("cmxl-mt940") else {
        return;
    };
    assert_eq!(
        words(read(&bytes)),
        "line 4: :60F:: `DEM` is not a currency of ISO 4217"
    );
    let text = String::from_utf8(bytes).unwrap().replace("DEM", "EUR");
    let file = read(text.as_bytes()).unwrap();
    assert_eq!(
        summaries(&file),
        [
            "76198810 EUR 84349.74→84437.04 11× 87.30 holds",
            "1234567 EUR 2187.95→4387.95 2× 2200.00 holds",
            "320000546101 PLN 40000.00→50040.00 3× 10040.00 holds",
        ]
    );
    let line = &file.statements[2].lines[0];
    assert_eq!(
        line.counterparty,
        "HUTA SZKLA TOPIC ULPRZEMYSLOWA 67 32-669 WROCLAW"
    );
    assert_eq!(line.counterparty_account, "PL08106000760000777777777777");
    assert_eq!(line.code, "FMSC 020 Wyplata-(dysp/przel)");
    assert_eq!(file.statements[0].sequence, "27/01");
}

#[test]
fn a_movement_behind_the_end_of_a_statement_is_refused() {
    let Some(bytes) = bytes("self-multiline") else {
        return;
    };
    assert_eq!(words(read(&bytes)), "line 38: :20:: missing");
    let text = String::from_utf8(bytes).unwrap();
    let whole = text.split("\n-\n").next().unwrap();
    let file = read(whole.as_bytes()).unwrap();
    assert_eq!(
        summaries(&file),
        ["\"NUMERO DE COMPTE IBAN 2\" EUR 16.40→11.40 1× -5.00 holds"]
    );
    let line = &file.statements[0].lines[0];
    assert_eq!(line.our_reference, "REFERENCE DO 111");
    assert_eq!(line.bank_reference, "MUL0408041114005");
    assert_eq!(
        line.counterparty,
        "NOM DU DO / BENEFICIAIRE 11NOM DU DO / BENEFICIAIRE 22"
    );
    assert!(
        line.text
            .starts_with("/OCMT/EUR4,5//IACC/D3/ LIGNE111111111")
    );
}

#[test]
fn the_german_order_gives_references_name_and_account() {
    let Some(file) = file("betterplace-sepa_snippet") else {
        return;
    };
    let lines = &file.statements[0].lines;
    let first = &lines[0];
    assert_eq!(
        (first.row, first.booked, first.value),
        (5, date(2007, 9, 4), Some(date(2007, 9, 7)))
    );
    assert_eq!(first.amount.to_string(), "50990.05 EUR");
    assert_eq!(first.bank_reference, "0724710333343453");
    assert_eq!(first.our_reference, "");
    assert_eq!(first.end_to_end, "EndToEndId TFNR 22 004 00001");
    assert_eq!(first.counterparty, "KARL KAUFMANN");
    assert_eq!(first.counterparty_account, "DE14508800500194785000");
    assert_eq!(first.text, "Verw CTSc-01 BC-PPP TFNr 22 004");
    assert_eq!(first.code, "NTRF 166 GUTSCHRIFT");
    assert_eq!(lines[3].our_reference, "TFNr 01022 MSGID CTSc-01 EBB");
    assert_eq!(lines[3].amount.minor(), -150_000);
    let returned = &file.statements[1].lines[0];
    assert_eq!(returned.end_to_end, "TFNR 40001 00005");
    assert_eq!(returned.our_reference, "TFNr 40001 MSGID");
    assert_eq!(
        returned.text,
        "MTLG:Grund nicht spezifiziert Reject aus SEPA-Ueberweisungsauftrag"
    );
}

#[test]
fn the_dutch_order_gives_references_name_and_account() {
    let Some(file) = file("jejik-rabobank-iban") else {
        return;
    };
    let lines = &file.statements[0].lines;
    assert_eq!(lines[0].end_to_end, "01-01-2013 12:00 0030000987654321");
    assert_eq!(lines[0].our_reference, "");
    assert_eq!(lines[0].counterparty, "CONTRA ACCOUNT HOLDER");
    assert_eq!(lines[0].counterparty_account, "NL70ABNA0987654321");
    assert_eq!(lines[1].counterparty, "JOHN DOE");
    assert_eq!(lines[1].text, "P001234567 Reference 201301234");
}

#[test]
fn an_interim_report_says_that_it_is_one() {
    let (Some(interim), Some(last)) = (file("mbank-mt942"), file("self-february_30")) else {
        return;
    };
    let interim = &interim.statements[0];
    assert_eq!(interim.format, StatementFormat::Mt942);
    assert_eq!(interim.lines[2].bank_reference, "MB170119012121");
    assert!(
        interim.lines[2]
            .text
            .contains("OD: JAN NOWAK UL. NIJAKA 1 M 2 31-234 KRAKOW")
    );
    // 30 February of a leap year is its 29th.
    let line = &last.statements[0].lines[0];
    assert_eq!(
        (line.value, line.booked),
        (Some(date(2016, 2, 29)), date(2016, 3, 1))
    );
}

fn statement(entries: &str, closing: &str) -> String {
    format!(":20:X\n:25:BANK/123\n:28C:1/1\n:60F:C260101EUR100,00\n{entries}\n:62F:{closing}\n-\n")
}

fn line(entry: &str) -> BankLine {
    let file = read(statement(entry, "C260131EUR0,00").as_bytes()).unwrap();
    file.statements[0].lines[0].clone()
}

#[test]
fn every_form_of_a_movement_is_read() {
    for (entry, amount, is_reversal, booked) in [
        (
            ":61:240312    DD212,39NTRFX",
            -21_239,
            false,
            date(2024, 3, 12),
        ),
        (":61:260102C1,NTRFX", 100, false, date(2026, 1, 2)),
        (":61:260102RC1,5NTRFX", -150, true, date(2026, 1, 2)),
        (":61:260102RD1,5NTRFX", 150, true, date(2026, 1, 2)),
        (":61:260102RDR1,5NTRFX", 150, true, date(2026, 1, 2)),
        (":61:2601021229CR1,50NTRFX", 150, false, date(2025, 12, 29)),
        (":61:2512310102CR1,50NTRFX", 150, false, date(2026, 1, 2)),
        (
            ":61:2402290229DR000000000001,50S103X",
            -150,
            false,
            date(2024, 2, 29),
        ),
        (":61:9912311231CR1,50NTRFX", 150, false, date(1999, 12, 31)),
    ] {
        let found = line(entry);
        assert_eq!(
            (found.amount.minor(), found.is_reversal, found.booked),
            (amount, is_reversal, booked),
            "{entry}"
        );
        assert_eq!(found.our_reference, "X");
    }
}

#[test]
fn each_wrong_field_is_refused_at_its_line() {
    for (entry, expected) in [
        (":61:261302C1,00NTRFX", "line 5: :61:: not a date"),
        (":61:260431C1,00NTRFX", "line 5: :61:: not a date"),
        (":61:2601021302C1,00NTRFX", "line 5: :61:: not a date"),
        (
            ":61:260102X1,00NTRFX",
            "line 5: :61:: this breaks the rules of the format",
        ),
        (":61:260102C1.00NTRFX", "line 5: :61:: not an amount"),
        (":61:260102C100NTRFX", "line 5: :61:: not an amount"),
        (
            ":61:260102C1,005NTRFX",
            "line 5: :61:: more decimals than the currency has",
        ),
        (
            ":61:260102C1,00NTR",
            "line 5: :61:: this breaks the rules of the format",
        ),
        (
            ":61:260102C99999999999999999999,00NTRFX",
            "line 5: :61:: not an amount",
        ),
        (
            ":60F:C260101EUR100,00",
            "line 5: :60F:: this breaks the rules of the format",
        ),
    ] {
        let text = statement(entry, "C260131EUR101,00");
        assert_eq!(words(read(text.as_bytes())), expected, "{entry}");
    }
    let whole = statement(":61:260102C1,00NTRFX", "C260131EUR101,00");
    for (from, to, expected) in [
        (
            ":60F:C",
            ":60F:X",
            "line 4: :60F:: this breaks the rules of the format",
        ),
        (":60F:C260101EUR100,00\n", "", "line 4: :60F:: missing"),
        (":25:BANK/123\n", "", "line 1: :25:: missing"),
        (
            ":62F:C260131EUR101,00\n",
            "",
            "line 6: :62F:: the file ends early",
        ),
        ("EUR101,00", "USD101,00", ""),
    ] {
        let found = read(whole.replace(from, to).as_bytes());
        match expected {
            "" => assert_eq!(
                words(found.unwrap().accept()),
                "line 6: USD in a statement of EUR"
            ),
            expected => assert_eq!(words(found), expected),
        }
    }
}

#[test]
fn a_floor_limit_in_another_currency_is_refused() {
    let text = statement(":34F:USD0,\n:61:260102C1,00NTRFX", "C260131EUR101,00");
    assert_eq!(
        words(read(text.as_bytes())),
        "line 5: :34F:: USD in a statement of EUR"
    );
}

#[test]
fn a_statement_twice_or_cut_is_refused() {
    let whole = statement(":61:260102C1,00NTRFX\n:86:WORDS", "C260131EUR101,00");
    assert!(read(whole.as_bytes()).unwrap().accept().is_ok());
    assert_eq!(
        words(read(whole.repeat(2).as_bytes())),
        "line 9: the same again as at line 1"
    );
    // Up to the last digit of the closing balance: what lacks less is whole, or smaller and contradicts itself.
    let end = whole.find(":62F:").unwrap() + ":62F:C260131EUR101,".len();
    for cut in 0..end {
        let read = read(&whole.as_bytes()[..cut]);
        assert!(
            read.and_then(StatementFile::accept).is_err(),
            "cut at {cut}"
        );
    }
}

#[test]
fn swift_blocks_transports_and_western_letters_are_read() {
    let text = statement(
        ":61:260102C1,00NTRFX\n:86:Überweisung Müller",
        "C260131EUR101,00",
    );
    let bytes: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
    let file = read(&bytes).unwrap();
    assert_eq!(file.encoding, "windows-1252");
    assert_eq!(file.statements[0].lines[0].text, "Überweisung Müller");
    let chinese = text.replace("Überweisung Müller", "货款 支付宝");
    let (bytes, ..) = encoding_rs::GB18030.encode(&chinese);
    let file = read(&bytes).unwrap();
    assert_eq!(file.encoding, "gb18030");
    assert_eq!(file.statements[0].lines[0].text, "货款 支付宝");
    let blocks = format!(
        "{{1:F01AAAABBCCAXXX0000000000}}{{2:I940AAAABBCCXXXXN}}{{4:\n{}}}",
        text.trim_end()
    );
    let file = read(blocks.replace('\n', "\r\n").as_bytes()).unwrap();
    assert_eq!(summaries(&file), ["123 EUR 100.00→101.00 1× 1.00 holds"]);
    assert_eq!(file.statements[0].row, 2);
}

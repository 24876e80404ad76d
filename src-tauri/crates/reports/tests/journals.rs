//! Entries balance whatever the figures, and every template writes the same money.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

use jiff::civil::date;
use paydesk_domain::{Currency, Money};
use paydesk_reports::{
    AccountMap, AccountRole, DayFigures, ExportError, Exported, Heading, JournalEntry, JournalLine,
    JournalTemplate, LedgerAccount, ListFormat, Side, write_journal,
};
use paydesk_texts::Language;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn cny(minor: i64) -> Money {
    Money::from_minor(minor, Currency::CNY)
}

fn figures(parts: [i64; 7]) -> DayFigures {
    let [gross, refunds, fees, reserve, rounding, difference, to_bank] = parts.map(cny);
    DayFigures {
        day: date(2026, 11, 20),
        channel: "alipay".to_owned(),
        account: "前台".to_owned(),
        gross,
        refunds,
        fees,
        reserve,
        rounding,
        difference,
        to_bank,
    }
}

fn entry(parts: [i64; 7]) -> JournalEntry {
    JournalEntry::of_day(&figures(parts), &AccountMap::default(), Language::Chinese).unwrap()
}

fn written(template: JournalTemplate, entries: &[JournalEntry]) -> (Vec<u8>, Exported) {
    let format = ListFormat::Csv { has_bom: false };
    let heading = Heading::default();
    write_journal(
        Vec::new(),
        template,
        format,
        Language::Chinese,
        &heading,
        entries,
    )
    .unwrap()
}

/// 58.50 taken, 2.00 back, 0.34 fees, 1.00 short on the bill, 40.00 in the bank.
const DAY: [i64; 7] = [5_850, 200, 34, 0, 0, 100, 4_000];

fn sum_of(entry: &JournalEntry, side: Side) -> i128 {
    let lines = entry.lines().iter().filter(|line| line.side == side);
    lines.map(|line| i128::from(line.amount.minor())).sum()
}

proptest! {
    #[test]
    fn debit_is_credit_whatever_the_figures(
        parts in proptest::array::uniform7(-1_000_000_000_000_i64..1_000_000_000_000)
    ) {
        let entry = entry(parts);
        prop_assert_eq!(sum_of(&entry, Side::Debit), sum_of(&entry, Side::Credit));
        prop_assert_eq!(i128::from(entry.sum().minor()), sum_of(&entry, Side::Debit));
        prop_assert!(entry.lines().iter().all(|line| line.amount.minor() > 0));
        for template in [
            JournalTemplate::Generic,
            JournalTemplate::Kingdee,
            JournalTemplate::YonyouT,
            JournalTemplate::YonyouU8,
            JournalTemplate::Beancount,
        ] {
            let (bytes, exported) = written(template, std::slice::from_ref(&entry));
            let (debit, credit) = read_back(template, &bytes);
            prop_assert_eq!(debit, credit);
            prop_assert_eq!(debit, i128::from(entry.sum().minor()), "{:?}", template);
            if let Some(totals) = exported.totals.first() {
                prop_assert_eq!(totals.sum("debit"), Some(entry.sum()));
            }
        }
    }

    #[test]
    fn figures_that_do_not_fit_are_an_error_and_never_an_entry(
        parts in proptest::array::uniform7(any::<i64>())
    ) {
        let made = JournalEntry::of_day(&figures(parts), &AccountMap::default(), Language::English);
        if let Ok(entry) = made {
            prop_assert_eq!(sum_of(&entry, Side::Debit), sum_of(&entry, Side::Credit));
        }
    }
}

/// Debit and credit of a file, read by its own rules.
fn read_back(template: JournalTemplate, bytes: &[u8]) -> (i128, i128) {
    let minor = |text: &str| {
        if text.is_empty() {
            0
        } else {
            i128::from(Money::parse(text, Currency::CNY).unwrap().minor())
        }
    };
    let (mut debit, mut credit) = (0, 0);
    match template {
        JournalTemplate::Beancount => {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            for line in text.lines().filter(|line| line.starts_with("  ")) {
                let amount = minor(line.split_whitespace().nth(1).unwrap());
                if amount > 0 {
                    debit += amount
                } else {
                    credit -= amount
                }
            }
        }
        JournalTemplate::YonyouU8 => {
            let (text, _, damaged) = encoding_rs::GBK.decode(bytes);
            assert!(!damaged);
            for line in text.lines().skip(1) {
                let fields: Vec<&str> = line.split(',').collect();
                assert_eq!(fields.len(), 12, "{line}");
                debit += minor(fields[6]);
                credit += minor(fields[7]);
            }
        }
        JournalTemplate::Generic | JournalTemplate::Kingdee | JournalTemplate::YonyouT => {
            let mut reader = csv::Reader::from_reader(bytes);
            let titles = reader.headers().unwrap().clone();
            let at = |title: &str| titles.iter().position(|t| t == title).unwrap();
            let (left, right) = (at("借方金额"), at("贷方金额"));
            for record in reader.records() {
                let record = record.unwrap();
                debit += minor(&record[left]);
                credit += minor(&record[right]);
            }
        }
    }
    (debit, credit)
}

#[test]
fn a_day_is_booked_gross_with_refunds_fees_and_differences_as_lines_of_their_own() {
    let entry = entry(DAY);
    let said: Vec<(AccountRole, Side, i64, &str)> = entry
        .lines()
        .iter()
        .map(|line| {
            (
                line.role,
                line.side,
                line.amount.minor(),
                line.account.code.as_str(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            (AccountRole::Bank, Side::Debit, 4_000, "1002"),
            (AccountRole::InTransit, Side::Debit, 1_516, "101201"),
            (AccountRole::Fees, Side::Debit, 34, "6603"),
            (AccountRole::Differences, Side::Debit, 100, "1221"),
            (AccountRole::Refunds, Side::Debit, 200, "6001"),
            (AccountRole::Revenue, Side::Credit, 5_850, "6001"),
        ]
    );
    assert!(entry.lines()[1].text.contains("支付宝"));
}

#[test]
fn an_entry_that_does_not_balance_cannot_be_made() {
    let line = |side, minor| JournalLine {
        role: AccountRole::Bank,
        account: LedgerAccount {
            code: "1002".to_owned(),
            name: "银行存款".to_owned(),
        },
        side,
        amount: cny(minor),
        text: String::new(),
    };
    let lines = vec![line(Side::Debit, 100), line(Side::Credit, 99)];
    let refused = JournalEntry::new(date(2026, 11, 20), String::new(), lines, Currency::CNY);
    assert!(matches!(refused, Err(ExportError::Unbalanced { .. })));
}

#[test]
fn each_program_gets_its_own_columns() {
    let day = entry(DAY);
    let check = |template, expected: &str| {
        let (bytes, exported) = written(template, std::slice::from_ref(&day));
        let (text, ..) = match template {
            JournalTemplate::YonyouU8 => encoding_rs::GBK.decode(&bytes),
            _ => encoding_rs::UTF_8.decode(&bytes),
        };
        let golden = text.replace('\r', "");
        assert_eq!(golden, expected, "{template:?}");
        assert_eq!(exported.rows, 6);
        assert_eq!(
            written(template, std::slice::from_ref(&day)).0,
            bytes,
            "same bytes"
        );
    };
    check(
        JournalTemplate::YonyouU8,
        include_str!("golden/journal-yonyou-u8.txt"),
    );
    check(
        JournalTemplate::YonyouT,
        include_str!("golden/journal-yonyou-t.csv"),
    );
    check(
        JournalTemplate::Kingdee,
        include_str!("golden/journal-kingdee.csv"),
    );
    check(
        JournalTemplate::Generic,
        include_str!("golden/journal-generic.csv"),
    );
    check(
        JournalTemplate::Beancount,
        include_str!("golden/journal.beancount"),
    );
}

#[test]
fn a_map_that_no_program_would_import_is_refused_by_name() {
    let with = |code: &str, name: &str| {
        let account = LedgerAccount {
            code: code.to_owned(),
            name: name.to_owned(),
        };
        AccountMap::new(
            BTreeMap::from([(AccountRole::Fees, account)]),
            BTreeMap::new(),
        )
    };
    assert!(with("5603.01", "财务费用").is_ok());
    for (code, name, field) in [
        ("", "财务费用", "code"),
        ("66 03", "财务费用", "code"),
        ("=1+1", "财务费用", "code"),
        ("-6603", "财务费用", "code"),
        ("6603,1", "财务费用", "code"),
        ("6603", " ", "name"),
        ("6603", "a\nb", "name"),
    ] {
        let fault = with(code, name).unwrap_err();
        assert_eq!(
            (fault.role, fault.field),
            (AccountRole::Fees, field),
            "{code:?} {name:?}"
        );
    }
}

#[test]
fn words_cannot_break_out_of_a_field_of_the_text_file() {
    let mut day = figures(DAY);
    day.channel = "a,b\r\n\u{1f370}".to_owned();
    let entry = JournalEntry::of_day(&day, &AccountMap::default(), Language::English).unwrap();
    let (bytes, _) = written(JournalTemplate::YonyouU8, &[entry]);
    let (debit, credit) = read_back(JournalTemplate::YonyouU8, &bytes);
    assert_eq!((debit, credit), (5_850, 5_850));
}

//! Statements as banks write them: every sample of the shared folder, and files made to harm.
//! What a sample holds was read from it by hand or by another program, never from what this reader says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "tests"
)]

mod camt;
mod hostile;
mod mt940;
mod ofx;
mod samples;
mod tables;
mod workbooks;

use paydesk_bank::{Reason, StatementFault, StatementFile};
use paydesk_domain::{BalanceCheck, BankStatement, Currency, Money};

fn currency(code: &str) -> Currency {
    Currency::from_code(code).unwrap()
}

fn money(text: &str, code: &str) -> Money {
    Money::parse(text, currency(code)).unwrap()
}

/// Account, currency, opening and closing balance, number of movements, their sum, and whether it adds up.
fn summary(statement: &BankStatement) -> String {
    let balance = |balance: Option<paydesk_domain::BankBalance>| match balance {
        Some(balance) => balance.amount.to_decimal(),
        None => "–".to_owned(),
    };
    let check = match statement.check {
        BalanceCheck::Differs { row, .. } => format!("differs at {row}"),
        BalanceCheck::Holds => "holds".to_owned(),
        BalanceCheck::NotStated => "not stated".to_owned(),
        BalanceCheck::OtherCurrency { row, stated } => format!("{stated} at {row}"),
        BalanceCheck::RunningBreaks { row } => format!("breaks at {row}"),
        BalanceCheck::Total { row, .. } => format!("total differs at {row}"),
    };
    format!(
        "{} {} {}→{} {}× {} {check}",
        statement.account.number,
        statement.currency,
        balance(statement.opening),
        balance(statement.closing),
        statement.lines.len(),
        statement.sum().unwrap().to_decimal(),
    )
}

/// What a sample holds, and why importing it is refused, where it is.
fn is_as_stated(name: &str, file: StatementFile, holds: &[&str], refused: Option<&str>) {
    assert_eq!(summaries(&file), holds, "{name}");
    let accepted = file.accept();
    match refused {
        Some(refused) => assert_eq!(words(accepted), refused, "{name}"),
        None => assert_eq!(accepted.unwrap().len(), holds.len(), "{name}"),
    }
}

fn summaries(file: &StatementFile) -> Vec<String> {
    file.statements.iter().map(summary).collect()
}

/// The refusal in words: `line: field: reason`.
fn words<T: std::fmt::Debug>(refused: Result<T, StatementFault>) -> String {
    refused.unwrap_err().to_string()
}

fn reason<T: std::fmt::Debug>(refused: Result<T, StatementFault>) -> (u64, Reason) {
    let fault = refused.unwrap_err();
    (fault.row, fault.reason)
}

#[test]
fn every_reason_has_a_text_in_both_languages_that_uses_what_it_is_given() {
    let (cny, usd) = (currency("CNY"), currency("USD"));
    let sum = Money::zero(cny);
    let (expected, stated) = (sum, sum);
    let reasons = [
        Reason::Amount,
        Reason::Archive,
        Reason::Balance { expected, stated },
        Reason::Binary,
        Reason::Bomb,
        Reason::Columns,
        Reason::Currencies {
            left: cny,
            right: usd,
        },
        Reason::Currency("DEM".to_owned()),
        Reason::Date,
        Reason::Doubled { first: 1 },
        Reason::Dtd,
        Reason::Encoding,
        Reason::Encrypted,
        Reason::GoesOn,
        Reason::Missing,
        Reason::Nested,
        Reason::NotAStatement,
        Reason::Refused("2000".to_owned()),
        Reason::Syntax,
        Reason::TooLarge,
        Reason::TooPrecise,
        Reason::Total { expected, stated },
        Reason::Truncated,
    ];
    for language in ["zh-CN", "en"] {
        let path = format!(
            "{}/../../../ui/messages/{language}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let catalogue = std::fs::read_to_string(path).unwrap();
        for reason in &reasons {
            let key = format!("\"error_{}\": \"", reason.code());
            let line = catalogue.lines().find(|line| line.contains(&key));
            let text = line.unwrap_or_else(|| panic!("{key} in {language}"));
            let text = text.split_once(": ").unwrap().1;
            let params = StatementFault::at(7, "x", reason.clone()).params();
            let filled = params.iter().fold(text.to_owned(), |text, (name, value)| {
                text.replace(&format!("{{{name}}}"), value)
            });
            assert!(!filled.contains('{'), "{filled}");
        }
    }
}

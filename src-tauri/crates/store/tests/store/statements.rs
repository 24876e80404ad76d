//! Bank statements: kept whole with their file, closed to whoever reads the database, and missed when they change.

use crate::shop::{DAY, folder, open, tamper};
use jiff::civil::{Date, date};
use paydesk_desk::ports::{
    Actor, BankFile, EventKind, KeptStatement, LineName, NewEvent, NewStatement, NewStatements,
    StatementStore, StoreError,
};
use paydesk_domain::{
    BalanceCheck, BankAccount, BankLine, BankStatement, Currency, Money, StatementFormat, Timestamp,
};
use paydesk_store::SqliteStore;
use serde_json::json;

const PAYER: &str = "阿波罗贸易行";

fn line(row: u64, booked: Date, minor: i64) -> BankLine {
    let mut line = BankLine::new(row, booked, Money::from_minor(minor, Currency::CNY));
    PAYER.clone_into(&mut line.counterparty);
    line
}

fn statement(lines: Vec<BankLine>) -> BankStatement {
    BankStatement {
        format: StatementFormat::Sheet,
        row: 1,
        reference: String::new(),
        sequence: String::new(),
        account: BankAccount::default(),
        currency: Currency::CNY,
        from: Some(date(2026, 11, 19)),
        to: Some(date(2026, 11, 20)),
        opening: None,
        closing: None,
        lines,
        not_booked: 0,
        check: BalanceCheck::NotStated,
    }
}

fn two_days() -> BankStatement {
    statement(vec![
        line(7, date(2026, 11, 19), 120_450),
        line(8, date(2026, 11, 20), -350),
    ])
}

fn of_file(bytes: &[u8], content: &str, compared_with: i64, said: BankStatement) -> NewStatements {
    let file = BankFile {
        name: "icbc.csv".to_owned(),
        sha256: paydesk_signing::sha256_hex(bytes),
        encoding: "gb18030".to_owned(),
        bytes: bytes.into(),
    };
    NewStatements {
        file,
        statements: vec![NewStatement {
            account: "6222".to_owned(),
            content_sha256: content.to_owned(),
            layout: "columns".to_owned(),
            told_before: vec![None; said.lines.len()],
            statement: said,
        }],
        compared_with,
        event: NewEvent {
            kind: EventKind::StatementImported,
            order: None,
            subject: None,
            actor: Actor::Operator("收银员 1".to_owned()),
            at: Timestamp(2_000),
            day: DAY,
            body: json!({ "file": "icbc.csv" }),
            evidence: None,
        },
        by: "收银员 1".to_owned(),
    }
}

async fn kept(store: &SqliteStore, new: NewStatements) -> KeptStatement {
    let mut kept = store.import_statements(new).await.unwrap();
    assert_eq!(kept.len(), 1);
    kept.remove(0)
}

#[tokio::test]
async fn a_statement_comes_back_as_it_was_and_its_payers_stand_nowhere_in_clear() {
    let folder = folder("statements");
    let store = open(&folder).await.unwrap();
    let bytes = format!("交易日期,对方户名\n2026-11-19,{PAYER}\n").repeat(20_000);
    let new = of_file(bytes.as_bytes(), "c1", 0, two_days());
    let file = new.file.clone();
    let first = kept(&store, new).await;
    assert_eq!((first.lines, first.told_before), (2, 0));
    assert_eq!(store.statements().await.unwrap(), vec![first.clone()]);
    assert_eq!(store.statement_file(first.id).await.unwrap(), Some(file));

    let lines = store.statement_lines(first.id, 0, 10).await.unwrap();
    let said: Vec<BankLine> = lines.into_iter().map(|kept| kept.line).collect();
    assert_eq!(said, two_days().lines);
    assert_eq!(
        store.statement_lines(first.id, 1, 10).await.unwrap().len(),
        1
    );
    let nineteenth = date(2026, 11, 19);
    let of_day = |account| store.bank_lines(account, Currency::CNY, nineteenth, nineteenth);
    assert_eq!(of_day("6222").await.unwrap().len(), 1);
    assert_eq!(of_day("6223").await.unwrap().len(), 0);

    // The same movement told again carries the name of the line that told it first.
    let mut again = of_file(b"again", "c2", first.id, two_days());
    let told = LineName {
        statement: first.id,
        n: 1,
    };
    again.statements[0].told_before = vec![None, Some(told)];
    let second = kept(&store, again).await;
    assert_eq!(second.told_before, 1);
    let lines = store.statement_lines(second.id, 0, 10).await.unwrap();
    assert_eq!(
        (lines[0].told_before, lines[1].told_before),
        (None, Some(told))
    );
    assert_eq!(store.examine().await.unwrap(), Vec::<String>::new());

    store.close().await;
    let database = std::fs::read(folder.join("paydesk.db")).unwrap();
    let found = |word: &str| {
        database
            .windows(word.len())
            .any(|part| part == word.as_bytes())
    };
    assert!(!found(PAYER), "a payer is readable in the file");
    assert!(database.len() < bytes.len(), "it is packed");
}

#[tokio::test]
async fn what_was_compared_with_older_statements_is_not_kept() {
    let store = open(&folder("statements-stale")).await.unwrap();
    let first = kept(&store, of_file(b"a", "c1", 0, two_days())).await;
    let stale = store
        .import_statements(of_file(b"b", "c2", 0, two_days()))
        .await;
    assert_eq!(stale, Err(StoreError::Stale));
    // The same content is never kept twice.
    let same = of_file(b"c", "c1", first.id, two_days());
    assert_eq!(store.import_statements(same).await, Err(StoreError::Stale));
    assert_eq!(store.statements().await.unwrap(), vec![first]);
    assert_eq!(store.examine().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_statement_that_changed_is_missed() {
    let cases: [(&str, &'static str, &str); 7] = [
        (
            "amount",
            "UPDATE bank_lines SET amount_minor = 120451 WHERE n = 0",
            "bank statement 1",
        ),
        (
            "line",
            "DELETE FROM bank_lines WHERE n = 1",
            "bank statement 1",
        ),
        (
            "sealed",
            "UPDATE bank_lines SET sealed = zeroblob(64) WHERE n = 0",
            "bank statement 1",
        ),
        (
            "swapped",
            "UPDATE bank_lines SET sealed = (SELECT l.sealed FROM bank_lines l WHERE l.n = 1) WHERE n = 0",
            "bank statement 1",
        ),
        (
            "account",
            "UPDATE bank_statements SET account = '6223'",
            "bank statement 1",
        ),
        (
            "gone",
            "DELETE FROM bank_lines; DELETE FROM bank_statements",
            "a bank statement is gone",
        ),
        (
            "file",
            "UPDATE bank_files SET packed = zeroblob(64)",
            "file of bank statements 1",
        ),
    ];
    for (name, change, found) in cases {
        let folder = folder(&format!("statement-damage-{name}"));
        let store = open(&folder).await.unwrap();
        kept(&store, of_file(b"a", "c1", 0, two_days())).await;
        store.close().await;
        tamper(&folder, change).await;
        let store = open(&folder).await.unwrap();
        assert_eq!(
            store.examine().await.unwrap(),
            vec![found.to_owned()],
            "{name}"
        );
        store.close().await;
    }
}

//! Statements as workbooks, saved by LibreOffice from the banks' own tables and imported through the contract: the
//! same movements as the table's, once.

use crate::{
    statements::{import, lines, open, samples},
    till::Till,
};
use paydesk_console::contract::*;
use std::{path::Path, process::Command};

/// Days are day, month, year there, as the samples have them after their year.
const FILTER: &str = "--infilter=CSV:44,34,76,1,,2057";

/// The tables that nothing speaks against, and how many movements they tell.
const TABLES: [(&str, u32); 5] = [
    ("abc-debit", 5),
    ("boc-debit", 17),
    ("bocom-debit", 6),
    ("cmb-debit", 5),
    ("hsbchk-debit", 10),
];

const KINDS: [(&str, &str); 2] = [
    ("xlsx", "xlsx:Calc MS Excel 2007 XML"),
    ("xls", "xls:MS Excel 97"),
];

/// Saves the tables as workbooks; `false` where LibreOffice is not installed.
#[allow(clippy::print_stderr, reason = "says what was not done")]
fn saved(samples: &Path, folder: &Path) -> bool {
    std::fs::create_dir_all(folder).unwrap();
    let tables = TABLES.iter().map(|(name, _)| {
        let text = std::fs::read_to_string(samples.join(format!("cn-bank/{name}.csv"))).unwrap();
        let file = folder.join(format!("{name}.csv"));
        // LibreOffice takes a tab behind a quote for part of the text.
        std::fs::write(&file, text.replace("\"\t,", "\",")).unwrap();
        file
    });
    let tables: Vec<_> = tables.collect();
    KINDS.iter().all(|(_, filter)| {
        let profile = folder.join("profile");
        let ended = Command::new("soffice")
            .arg(format!(
                "-env:UserInstallation=file://{}",
                profile.display()
            ))
            .args(["--headless", FILTER, "--convert-to", filter, "--outdir"])
            .arg(folder)
            .args(&tables)
            .output();
        match ended {
            Ok(output) => {
                assert!(output.status.success(), "{output:?}");
                true
            }
            Err(error) => {
                eprintln!("skipped: no soffice ({error})");
                false
            }
        }
    })
}

/// Day and amount of each kept movement, statement by statement.
async fn kept(till: &Till, imported: &ImportedStatements) -> Vec<(String, String)> {
    let mut kept = Vec::new();
    for statement in &imported.statements {
        let lines = lines(till, &statement.id, "").await;
        let of_line = |line: BankLineView| (line.booked, line.amount.minor);
        kept.extend(lines.rows.into_iter().map(of_line));
    }
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_tells_the_movements_of_its_table_and_none_of_them_twice() {
    let Some(samples) = samples() else { return };
    let folder = crate::till::folder("workbooks-saved");
    if !saved(&samples, &folder) {
        return;
    }
    for (name, count) in TABLES {
        let table = Till::demo(&format!("workbook-{name}")).await;
        let read = |end: &str| std::fs::read(folder.join(format!("{name}.{end}"))).unwrap();
        let looked = open(&table, name, &read("csv")).await.unwrap();
        let told = import(&table, &looked.preview).await.unwrap();
        let told = kept(&table, &told).await;
        assert_eq!(told.len(), usize::try_from(count).unwrap(), "{name}");
        table.close().await;

        let till = Till::demo(&format!("workbook-{name}-saved")).await;
        for (place, (kind, _)) in KINDS.iter().enumerate() {
            let looked = open(&till, &format!("{name}.{kind}"), &read(kind))
                .await
                .unwrap();
            assert_eq!(looked.refusal, None, "{name}.{kind}");
            let new: u32 = looked.statements.iter().map(|it| it.new_lines).sum();
            let imported = import(&till, &looked.preview).await.unwrap();
            if place == 0 {
                assert_eq!(new, count, "{name}.{kind}");
                assert_eq!(kept(&till, &imported).await, told, "{name}.{kind}");
            } else {
                assert_eq!(new, 0, "{name}.{kind}: the other workbook told them all");
            }
        }
        till.close().await;
    }
    std::fs::remove_dir_all(folder).unwrap();
}

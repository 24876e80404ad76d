//! Statements of banks through the contract: every sample is imported or refused with its reason, no movement counts
//! twice, and what is refused leaves nothing behind.

use crate::till::Till;
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_console::contract::*;
use std::path::{Path, PathBuf};

/// What is expected of a sample: so many statements and lines, or this refusal.
type Expected = Result<(usize, u32), ErrorCode>;

/// The samples of other projects, where the shared folder is at hand.
pub(crate) fn samples() -> Option<PathBuf> {
    let asked = std::env::var("PAYDESK_SHARED").ok();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let shared = asked
        .as_ref()
        .map_or_else(|| root.join("../shared"), PathBuf::from);
    let samples = shared.join("samples");
    assert!(
        asked.is_none() || samples.is_dir(),
        "PAYDESK_SHARED is set, but has no samples"
    );
    samples.is_dir().then_some(samples)
}

pub(crate) async fn open(
    till: &Till,
    name: &str,
    bytes: &[u8],
) -> Result<StatementFileView, CommandError> {
    let open = OpenStatement {
        name: name.to_owned(),
        file: STANDARD.encode(bytes),
        columns: None,
        template: None,
        account: Some("演示账户".to_owned()),
    };
    till.ask("open_statement", open).await
}

pub(crate) async fn import(till: &Till, preview: &str) -> Result<ImportedStatements, CommandError> {
    let preview = preview.to_owned();
    till.ask("import_statement", StatementPreviewId { preview })
        .await
}

/// Opens and imports a file that nothing speaks against.
async fn taken(till: &Till, name: &str, text: &str) -> StatementFileView {
    let looked = open(till, name, text.as_bytes()).await.unwrap();
    assert_eq!(looked.refusal, None, "{name}");
    import(till, &looked.preview).await.unwrap();
    looked
}

pub(crate) async fn list(till: &Till) -> StatementList {
    till.ask("list_statements", NoArgs {}).await.unwrap()
}

pub(crate) async fn lines(till: &Till, id: &str, search: &str) -> BankLines {
    let of = StatementName::Kept { id: id.to_owned() };
    let asked = BankLinesOf {
        of,
        search: search.to_owned(),
        from: 0,
        limit: 200,
    };
    till.ask("bank_lines", asked).await.unwrap()
}

/// The lines of a table of a Chinese bank, each with the balance after it.
fn table(rows: &[(&str, i64, &str)]) -> String {
    let mut text = "账号: 6222000011112222\n记账日期,交易金额,余额,对方户名,摘要\n".to_owned();
    let mut balance = 100_000;
    for (day, minor, from) in rows {
        balance += minor;
        let yuan = |minor: i64| {
            let sign = if minor < 0 { "-" } else { "" };
            format!("{sign}{}.{:02}", minor.abs() / 100, minor.abs() % 100)
        };
        text += &format!("{day},{},{},{from},货款\n", yuan(*minor), yuan(balance));
    }
    text
}

const DAYS: [(&str, i64, &str); 4] = [
    ("2026-11-18", 120_450, "财付通支付科技有限公司"),
    ("2026-11-19", 5_000, "茶叶批发部"),
    ("2026-11-19", 5_000, "茶叶批发部"),
    ("2026-11-20", -350, "工商银行"),
];

/// What becomes of each sample; its own balances speak against some of them.
const SAMPLES: [(&str, Expected); 39] = [
    ("camt/camt052.v8.xml", Ok((1, 1))),
    (
        "camt/camt053.v2.all-balance-types.xml",
        Err(ErrorCode::StatementBalance),
    ),
    (
        "camt/camt053.v2.five.decimals.xml",
        Err(ErrorCode::StatementBalance),
    ),
    (
        "camt/camt053.v2.minimal.xml",
        Err(ErrorCode::StatementCurrencies),
    ),
    ("camt/camt053.v2.multi.statement.xml", Ok((2, 2))),
    (
        "camt/camt053.v2.wrong.xml",
        Err(ErrorCode::StatementMissing),
    ),
    ("camt/camt053.v4.xml", Err(ErrorCode::StatementCurrencies)),
    ("camt/camt054.v8.xml", Ok((1, 1))),
    ("cn-bank/abc-debit.csv", Ok((1, 5))),
    ("cn-bank/boc-debit.csv", Ok((1, 17))),
    ("cn-bank/bocom-debit.csv", Ok((1, 6))),
    ("cn-bank/cmb-debit.csv", Ok((1, 5))),
    ("cn-bank/hsbchk-debit.csv", Ok((2, 10))),
    ("cn-bank/icbc-credit.csv", Err(ErrorCode::StatementTotal)),
    ("cn-bank/icbc-debit-v1.csv", Err(ErrorCode::StatementAmount)),
    (
        "cn-wallet/alipay-personal.csv",
        Err(ErrorCode::StatementUnknown),
    ),
    (
        "cn-wallet/wechat-personal.csv",
        Err(ErrorCode::StatementUnknown),
    ),
    (
        "mt940/betterplace-sepa_snippet.sta",
        Err(ErrorCode::StatementBalance),
    ),
    ("mt940/betterplace-with_binary_character.sta", Ok((2, 4))),
    ("mt940/cmxl-mt940.sta", Err(ErrorCode::StatementCurrency)),
    ("mt940/jejik-abnamro.sta", Err(ErrorCode::StatementBalance)),
    ("mt940/jejik-generic.sta", Ok((2, 2))),
    ("mt940/jejik-ing.sta", Err(ErrorCode::StatementBalance)),
    ("mt940/jejik-rabobank-iban.sta", Ok((2, 4))),
    ("mt940/mbank-mt942.sta", Ok((1, 3))),
    ("mt940/self-february_30.sta", Ok((1, 1))),
    (
        "mt940/self-malformed_details.sta",
        Err(ErrorCode::StatementBalance),
    ),
    ("mt940/self-mt942.sta", Err(ErrorCode::StatementTotal)),
    ("mt940/self-multiline.sta", Err(ErrorCode::StatementMissing)),
    ("mt940/self-transaction_details_wrapped.sta", Ok((1, 1))),
    (
        "mt940/self-whitespace.sta",
        Err(ErrorCode::StatementBalance),
    ),
    ("ofx/anzcc.ofx", Ok((1, 1))),
    ("ofx/bank_medium.ofx", Ok((1, 3))),
    ("ofx/bank_small.ofx", Err(ErrorCode::StatementMissing)),
    ("ofx/checking.ofx", Ok((1, 3))),
    ("ofx/date_missing.ofx", Err(ErrorCode::StatementMissing)),
    ("ofx/decimal_error.ofx", Err(ErrorCode::StatementDate)),
    ("ofx/error_message.ofx", Err(ErrorCode::StatementRefused)),
    ("ofx/multiple_accounts.ofx", Ok((2, 0))),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_is_imported_once_or_refused_with_its_reason() {
    let Some(samples) = samples() else { return };
    let till = Till::demo("statement-samples").await;
    for (name, expected) in SAMPLES {
        let bytes = std::fs::read(samples.join(name)).unwrap();
        let before = list(&till).await.statements.len();
        let taken = match open(&till, name, &bytes).await {
            Ok(looked) if looked.refusal.is_none() => {
                let imported = import(&till, &looked.preview).await.unwrap();
                let count: u32 = imported.statements.iter().map(|it| it.lines).sum();
                let again = open(&till, name, &bytes).await.unwrap();
                let known = |it: &LookedStatementView| it.known_since.is_some();
                assert!(again.statements.iter().all(known), "{name}");
                assert_eq!(
                    import(&till, &again.preview).await.unwrap().came,
                    0,
                    "{name}"
                );
                Ok((imported.statements.len(), count))
            }
            Ok(looked) => Err(looked.refusal.unwrap()),
            Err(error) => Err(error),
        };
        if let Err(error) = &taken {
            assert!(error.params.contains_key("row"), "{name}: {error:?}");
            assert_eq!(list(&till).await.statements.len(), before, "{name}");
        }
        assert_eq!(taken.map_err(|error| error.code), expected, "{name}");
    }
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_statement_in_other_bytes_is_known() {
    let till = Till::demo("statement-again").await;
    let first = taken(&till, "a.csv", &table(&DAYS)).await;
    assert_eq!(first.statements[0].new_lines, 4);
    assert_eq!(first.statements[0].head.proof.check, "holds");
    let mut newest_first: Vec<String> = table(&DAYS).lines().map(str::to_owned).collect();
    newest_first[2..].reverse();
    let others = [
        table(&DAYS).replace('\n', "\r\n"),
        format!("\u{feff}{}", table(&DAYS)),
        newest_first.join("\n"),
    ];
    for other in others {
        let again = open(&till, "b.csv", other.as_bytes()).await.unwrap();
        assert!(again.statements[0].known_since.is_some(), "{other}");
        assert_eq!(import(&till, &again.preview).await.unwrap().came, 0);
    }
    assert_eq!(list(&till).await.statements.len(), 1);
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn periods_that_overlap_double_no_movement_and_lose_none() {
    let till = Till::demo("statement-overlap").await;
    // Saved at noon of the nineteenth: only one of two equal movements had come.
    taken(&till, "noon.csv", &table(&DAYS[..2])).await;
    let whole = taken(&till, "whole.csv", &table(&DAYS)).await;
    let statement = &whole.statements[0];
    assert_eq!(
        (statement.lines, statement.told_before, statement.new_lines),
        (4, 2, 2)
    );
    let kept = list(&till).await.statements;
    let counted: u32 = kept.iter().map(|it| it.lines - it.told_before).sum();
    assert_eq!(counted, 4);
    let shown = lines(&till, &kept[0].id, "").await;
    let verdicts: Vec<&str> = shown.rows.iter().map(|row| row.verdict.as_str()).collect();
    assert_eq!(verdicts, ["told_before", "told_before", "new", "new"]);
    assert_eq!(lines(&till, &kept[0].id, "财付通").await.total, 1);
    assert_eq!(lines(&till, &kept[0].id, "-3.50").await.total, 1);
    assert_eq!(lines(&till, &kept[0].id, "nobody").await.total, 0);
    till.close().await;
}

fn camt(kind: &str, day: &str, balances: &str, entries: &[(&str, &str)]) -> String {
    let (outer, inner) = match kind {
        "052" => ("BkToCstmrAcctRpt", "Rpt"),
        _ => ("BkToCstmrStmt", "Stmt"),
    };
    let entry = |(amount, reference): &(&str, &str)| {
        format!(
            "<Ntry><Amt Ccy=\"CNY\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef></Ntry>"
        )
    };
    let entries: String = entries.iter().map(entry).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.02\"><{outer}><GrpHdr><MsgId>M</MsgId><CreDtTm>{day}T18:00:00</CreDtTm></GrpHdr><{inner}><Id>{kind}-{day}</Id><FrToDt><FrDtTm>{day}T00:00:00</FrDtTm><ToDtTm>{day}T23:59:59</ToDtTm></FrToDt><Acct><Id><Othr><Id>6222000011112222</Id></Othr></Id><Ccy>CNY</Ccy></Acct>{balances}{entries}</{inner}></{outer}></Document>"
    )
}

fn balance(kind: &str, amount: &str, day: &str) -> String {
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_day_counts_until_its_statement_tells_it_finally() {
    let till = Till::demo("statement-running").await;
    let day = "2026-11-20";
    let morning = camt("052", day, "", &[("10.00", "B1")]);
    let evening = camt("052", day, "", &[("10.00", "B1"), ("20.00", "B2")]);
    let of_bank = balance("OPBD", "100.00", day) + &balance("CLBD", "135.00", day);
    // The bank's final words and references may be others.
    let last = camt(
        "053",
        day,
        &of_bank,
        &[("10.00", "X1"), ("20.00", "X2"), ("5.00", "X3")],
    );
    taken(&till, "morning.xml", &morning).await;
    let later = taken(&till, "evening.xml", &evening).await;
    assert_eq!(
        (
            later.statements[0].told_before,
            later.statements[0].new_lines
        ),
        (1, 1)
    );
    let running = list(&till).await.statements[0].id.clone();
    assert_eq!(
        lines(&till, &running, "20.00").await.rows[0].verdict,
        "running"
    );

    let last = taken(&till, "last.xml", &last).await;
    assert_eq!(
        (last.statements[0].new_lines, last.statements[0].replaces),
        (3, 2)
    );
    assert_eq!(
        lines(&till, &running, "20.00").await.rows[0].verdict,
        "told_finally"
    );
    // A running day that comes after its statement counts no more.
    let late = camt(
        "052",
        day,
        "",
        &[("10.00", "B1"), ("20.00", "B2"), ("5.00", "B3")],
    );
    let late = open(&till, "late.xml", late.as_bytes()).await.unwrap();
    assert_eq!(
        (
            late.statements[0].told_finally,
            late.statements[0].new_lines
        ),
        (1, 0)
    );
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_kind_of_file_tells_the_same_movements_once() {
    let till = Till::demo("statement-other-kind").await;
    let day = "2026-11-18";
    taken(&till, "a.csv", &table(&DAYS[..1])).await;
    let of_bank = balance("OPBD", "1000.00", day) + &balance("CLBD", "2204.50", day);
    let same = taken(
        &till,
        "a.xml",
        &camt("053", day, &of_bank, &[("1204.50", "B1")]),
    )
    .await;
    assert_eq!(
        (same.statements[0].told_before, same.statements[0].new_lines),
        (1, 0)
    );
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_doubled_or_changed_is_refused_and_leaves_nothing() {
    let till = Till::demo("statement-refused").await;
    let whole = table(&DAYS);
    let day = "2026-11-20";
    let wrong = balance("OPBD", "100.00", day) + &balance("CLBD", "111.00", day);
    let wrong = camt("053", day, &wrong, &[("10.00", "B1")]);
    let right = balance("OPBD", "100.00", day) + &balance("CLBD", "110.00", day);
    let right = camt("053", day, &right, &[("10.00", "B1")]);
    let cases: [(&str, String, ErrorCode); 6] = [
        ("balance", wrong, ErrorCode::StatementBalance),
        (
            "cut",
            right[..right.len() - 40].to_owned(),
            ErrorCode::StatementTruncated,
        ),
        (
            "doubled",
            format!("{whole}{whole}"),
            ErrorCode::StatementDoubled,
        ),
        (
            "amount",
            whole.replace("50.00,", "5O.00,"),
            ErrorCode::StatementAmount,
        ),
        (
            "mixed up",
            format!("{right}{whole}"),
            ErrorCode::StatementGoesOn,
        ),
        ("nothing", "hello".to_owned(), ErrorCode::StatementUnknown),
    ];
    for (name, file, code) in cases {
        let refused = match open(&till, name, file.as_bytes()).await {
            Ok(looked) => {
                let refused = import(&till, &looked.preview).await.unwrap_err();
                assert_eq!(
                    looked.refusal.map(|it| it.code),
                    Some(refused.code),
                    "{name}"
                );
                refused
            }
            Err(refused) => refused,
        };
        assert_eq!(
            (refused.code, refused.money),
            (code, MoneyMark::NotMoved),
            "{name}"
        );
        let [chinese, english] = paydesk_console::words(&refused);
        assert!(
            !chinese.contains('{') && !english.contains('{'),
            "{english}"
        );
    }
    assert_eq!(list(&till).await.statements, Vec::new());
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_nobody_knows_is_read_by_columns_that_are_kept_for_the_next() {
    let till = Till::demo("statement-columns").await;
    let sheet = |day: &str| format!("本月明细\n何时,多少,谁,为何\n{day},12.50,茶叶批发部,货款\n");
    let first = sheet("2026-11-18");
    let unknown = open(&till, "odd.csv", first.as_bytes()).await.unwrap_err();
    assert_eq!(unknown.code, ErrorCode::StatementUnknown);
    let file = STANDARD.encode(&first);
    let sheets: BankSheets = till
        .ask("bank_sheet", BankSheetOf { file: file.clone() })
        .await
        .unwrap();
    assert_eq!(
        sheets.sheets[0].rows[1].cells,
        ["何时", "多少", "谁", "为何"]
    );

    let columns: BankColumns = serde_json::from_value(serde_json::json!({
        "booked": "何时", "amount": "多少", "counterparty": "谁", "text": ["为何"], "default_currency": "CNY",
    }))
    .unwrap();
    let open_as = OpenStatement {
        name: "odd.csv".to_owned(),
        file,
        columns: Some(columns.clone()),
        template: None,
        account: None,
    };
    let looked: StatementFileView = till.ask("open_statement", open_as).await.unwrap();
    let nameless = looked.refusal.map(|it| it.code);
    assert_eq!(nameless, Some(ErrorCode::StatementAccount));
    let refused = import(&till, &looked.preview).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::StatementAccount);

    let template = BankTemplate {
        name: "村镇银行".to_owned(),
        account: String::new(),
        columns,
    };
    let kept: StatementList = till.ask("save_bank_template", template).await.unwrap();
    assert_eq!(kept.templates.len(), 1);
    let next = OpenStatement {
        name: "next.csv".to_owned(),
        file: STANDARD.encode(sheet("2026-11-19")),
        columns: None,
        template: None,
        account: None,
    };
    let next: StatementFileView = till.ask("open_statement", next).await.unwrap();
    assert_eq!(
        (next.template.as_str(), next.refusal.clone()),
        ("村镇银行", None)
    );
    assert_eq!(next.statements[0].head.account, "村镇银行");
    import(&till, &next.preview).await.unwrap();
    let name = "村镇银行".to_owned();
    let left: StatementList = till
        .ask("remove_bank_template", BankTemplateName { name })
        .await
        .unwrap();
    assert_eq!((left.templates.len(), left.statements.len()), (0, 1));
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_file_is_taken_out_exactly_as_it_came() {
    let till = Till::demo("statement-taken-out").await;
    let came = encoding_rs::GB18030.encode(&table(&DAYS)).0.into_owned();
    let looked = open(&till, "icbc.csv", &came).await.unwrap();
    assert_eq!(looked.encoding, "gb18030");
    import(&till, &looked.preview).await.unwrap();
    let id = list(&till).await.statements[0].id.clone();
    let folder = till.folder.join("out");
    std::fs::create_dir_all(&folder).unwrap();
    let save = |to: &Path, id: &str| SaveKeptFile {
        file: KeptFileName::Statement { id: id.to_owned() },
        to: to.display().to_string(),
        replace: false,
    };
    let saved: SavedFile = till
        .ask("save_kept_file", save(&folder, &id))
        .await
        .unwrap();
    assert_eq!(std::fs::read(folder.join("icbc.csv")).unwrap(), came);
    assert_eq!(saved.sha256, looked.sha256);
    for (to, id, code) in [
        (folder.clone(), id.as_str(), ErrorCode::ExportFileExists),
        (
            folder.join("run.sh"),
            id.as_str(),
            ErrorCode::ExportNameWrong,
        ),
        (
            PathBuf::from("icbc.csv"),
            id.as_str(),
            ErrorCode::ExportNameWrong,
        ),
        (folder.join("b.csv"), "99", ErrorCode::KeptFileMissing),
    ] {
        let refused = till.ask::<_, SavedFile>("save_kept_file", save(&to, id));
        assert_eq!(refused.await.unwrap_err().code, code);
    }
    till.close().await;
}

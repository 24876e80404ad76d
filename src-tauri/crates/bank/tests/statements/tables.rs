//! Tables of Chinese banks: every layout of the samples recognised without being named, in each encoding, and what is
//! wrong in a table refused at its row. Counts and sums were computed by a script over Python's `csv`.

use crate::{is_as_stated, money, reason, samples::sample, summaries, words};
use jiff::civil::{date, time};
use paydesk_bank::{
    AmountColumns, DateOrder, Reason, StatementFault, StatementFile, Table, Template, read, read_as,
};
use paydesk_domain::{BankLine, Currency};

/// What each sample holds. The samples of most banks were made anonymous line by line: their balances do not follow
/// from each other, and the sums of ICBC's are not those of its lines.
const SAMPLES: [(&str, &[&str], Option<&str>); 6] = [
    ("abc-debit", &[" CNY –→– 5× -2355.88 breaks at 3"], None),
    (
        "boc-debit",
        &["3167 CNY 2813.58→3240.28 17× 426.70 holds"],
        None,
    ),
    ("bocom-debit", &[" CNY –→– 6× -102.75 breaks at 2"], None),
    ("cmb-debit", &[" CNY –→– 5× -779.14 breaks at 4"], None),
    (
        "hsbchk-debit",
        &[
            " HKD –→– 9× 9478.95 breaks at 7",
            " CNY 0.00→12500.00 1× 12500.00 holds",
        ],
        None,
    ),
    (
        "icbc-credit",
        &["1234****5678 CNY –→– 9× 4257.88 total differs at 18"],
        Some("line 18: the lines come to 4621.01 CNY, the file says 1234.56 CNY"),
    ),
];

fn bytes(name: &str) -> Option<Vec<u8>> {
    sample(&format!("cn-bank/{name}.csv"))
}

fn file(name: &str) -> Option<StatementFile> {
    bytes(name).map(|bytes| read(&bytes).unwrap())
}

#[test]
fn every_bank_is_recognised_without_being_named() {
    for (name, expected, refused) in SAMPLES {
        let Some(file) = file(name) else {
            return;
        };
        is_as_stated(name, file, expected, refused);
    }
}

#[test]
fn a_balance_that_is_no_number_is_refused_and_the_rest_of_that_file_is_read() {
    let Some(bytes) = bytes("icbc-debit-v1") else {
        return;
    };
    assert_eq!(words(read(&bytes)), "line 8: 余额: not an amount");
    let text = String::from_utf8(bytes).unwrap();
    let file = read(text.replace("xx,yyyy.zz", "").as_bytes()).unwrap();
    assert_eq!(
        summaries(&file),
        ["1234****9876 CNY –→– 11× -1399.34 total differs at 20"]
    );
    let whole = text
        .replace("xx,yyyy.zz", "")
        .replace(
            "人民币合计,,,,,,,,\"1,234.56",
            "人民币合计,,,,,,,,\"2,841.74",
        )
        .replace("9,876.54", "4,241.08");
    let file = read(whole.as_bytes()).unwrap();
    let table = file.tables[0].clone();
    assert_eq!((table.titles_row, table.skipped), (7, 1));
    let statement = &file.accept().unwrap()[0];
    let mut line = BankLine::new(14, date(2023, 2, 28), money("341.58", "CNY"));
    line.text = "蚂蚁基金赎回到银行 支付宝".to_owned();
    line.counterparty = "支付宝（中国）网络技术有限公司".to_owned();
    assert_eq!(statement.lines[6], line);
}

#[test]
fn wallet_bills_are_no_bank_statements() {
    for (name, expected) in [
        (
            "wechat-personal",
            "line 17: 当前状态: this is not a bank statement in a known format",
        ),
        (
            "alipay-personal",
            "line 25: 交易状态: this is not a bank statement in a known format",
        ),
    ] {
        let Some(bytes) = sample(&format!("cn-wallet/{name}.csv")) else {
            return;
        };
        assert_eq!(words(read(&bytes)), expected);
    }
}

#[test]
fn a_line_of_each_bank_says_what_its_row_says() {
    let (Some(boc), Some(abc), Some(bocom), Some(cmb), Some(hsbc)) = (
        file("boc-debit"),
        file("abc-debit"),
        file("bocom-debit"),
        file("cmb-debit"),
        file("hsbchk-debit"),
    ) else {
        return;
    };
    let line = &boc.statements[0].lines[7];
    assert_eq!(
        (line.row, line.booked, line.time),
        (10, date(2025, 8, 12), Some(time(16, 49, 29, 0)))
    );
    assert_eq!(line.amount, money("-2600.00", "CNY"));
    assert_eq!(line.balance, Some(money("3973.11", "CNY")));
    assert_eq!(line.counterparty, "上海十企业管理顾问有限公司");
    assert_eq!(line.counterparty_account, "3101******6787");
    assert_eq!(line.code, "跨行转账");
    assert_eq!(line.text, "数据有限公司");
    assert_eq!(boc.statements[0].account.bank, "中国银行交易流水明细单");
    assert_eq!(boc.statements[0].lines[0].text, "");

    let lines = &abc.statements[0].lines;
    assert_eq!(
        (lines[0].time, lines[2].time),
        (Some(time(12, 34, 56, 0)), None)
    );
    assert_eq!(lines[0].bank_reference, "369396693");
    assert_eq!(lines[3].bank_reference, "");
    assert_eq!(
        lines[1].text,
        "财付通 UA01234123412341234微信支付-北京一卡通"
    );
    assert_eq!(lines[4].amount.minor(), 0);

    let line = &bocom.statements[0].lines[5];
    assert_eq!(line.amount, money("-100.79", "CNY"));
    assert_eq!(line.counterparty, "京东肯特瑞基金销售有限公司");
    assert_eq!(bocom.statements[0].lines[3].amount, money("10.00", "CNY"));

    assert_eq!(
        cmb.statements[0].lines[4].counterparty,
        "抖音电商商家888888888"
    );
    let dollars = &hsbc.statements[0];
    assert_eq!(dollars.lines[8].booked, date(2025, 3, 1));
    assert_eq!(
        (dollars.from, dollars.to),
        (Some(date(2025, 3, 1)), Some(date(2025, 3, 24)))
    );
}

#[test]
fn the_same_text_in_each_encoding_gives_the_same_lines() {
    let Some(bytes) = bytes("boc-debit") else {
        return;
    };
    let expected = read(&bytes).unwrap().statements;
    let text = String::from_utf8(bytes).unwrap();
    let (gbk, ..) = encoding_rs::GB18030.encode(&text);
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, encoding) in [
        (gbk.into_owned(), "gb18030"),
        ([b"\xef\xbb\xbf", text.as_bytes()].concat(), "UTF-8"),
        ([b"\xff\xfe", &wide[..]].concat(), "UTF-16LE"),
        (text.replace('\n', "\r\n").into_bytes(), "UTF-8"),
    ] {
        let file = read(&bytes).unwrap();
        assert_eq!(file.encoding, encoding);
        assert_eq!(file.statements, expected);
    }
    for separator in ['\t', ';', '|'] {
        let other =
            table(&["2026-11-20,货款,1.00,,101.00,支付宝"]).replace(',', &separator.to_string());
        let file = read(other.as_bytes()).unwrap();
        assert_eq!(
            summaries(&file),
            ["6225 8888 CNY 100.00→101.00 1× 1.00 holds"]
        );
    }
}

const TITLES: &str = "交易日期,摘要,收入金额,支出金额,余额,对方户名";

fn table(rows: &[&str]) -> String {
    format!(
        "账号：6225 8888,户名：某店\n\n{TITLES}\n{}\n",
        rows.join("\n")
    )
}

fn found(rows: &[&str]) -> Result<StatementFile, StatementFault> {
    read(table(rows).as_bytes())
}

#[test]
fn sums_notes_and_blank_rows_are_no_movements() {
    let file = found(&[
        "2026-11-20,货款,\"１,０００.00\",,1100.00,支付宝",
        "",
        "本页小计,,5.00,,,",
        "2026-11-21,手续费,-,1.00,1099.00,-----",
        "人民币合计,,\"1,000.00\",1.00,,",
        "备注：以上内容仅供参考",
    ])
    .unwrap();
    assert_eq!(
        summaries(&file),
        ["6225 8888 CNY 100.00→1099.00 2× 999.00 holds"]
    );
    let table = file.tables[0].clone();
    assert_eq!((table.titles_row, table.skipped), (3, 3));
    let statement = &file.accept().unwrap()[0];
    assert_eq!(statement.account.holder, "某店");
    assert_eq!(statement.lines[1].counterparty, "");
    assert_eq!(statement.lines[1].row, 7);
}

#[test]
fn wrong_rows_are_refused_with_their_row_and_column() {
    let good = "2026-11-20,货款,1.00,,101.00,支付宝";
    for (bad, expected) in [
        ("2026-02-30,货款,1.00,,,", "line 5: 交易日期: not a date"),
        (",货款,1.00,,,", "line 5: 交易日期: not a date"),
        ("2026-11-20,货款,1.0O,,,", "line 5: 收入金额: not an amount"),
        (
            "2026-11-20,货款,1.005,,,",
            "line 5: 收入金额: more decimals than the currency has",
        ),
        ("2026-11-20,货款,,,,", "line 5: 收入金额: missing"),
        (
            "2026-11-20,货款,1.00,2.00,,",
            "line 5: 支出金额: this breaks the rules of the format",
        ),
        ("2026-11-20,货款,1.00,,1.x,", "line 5: 余额: not an amount"),
        (
            "2026-11-20,货,款,1.00,,102.00,支付宝",
            "line 5: this breaks the rules of the format",
        ),
        (
            "2026-11-20,货,款,1.00,,102.00",
            "line 5: 收入金额: not an amount",
        ),
        (
            "2026-11-20,货款,1.00,,102.00,支付宝,x",
            "line 5: this breaks the rules of the format",
        ),
        (
            "2026-11-20,\"货款,1.00,,102.00,支付宝",
            "line 5: the file ends early",
        ),
    ] {
        assert_eq!(words(found(&[good, bad])), expected, "{bad}");
    }
    assert_eq!(words(found(&[])), "line 3: 交易日期: missing");
    assert_eq!(
        words(read(table(&[good]).replace("收入金额,", "甲,").as_bytes())),
        "line 3: 金额: no column for this"
    );
    assert_eq!(
        words(read(b"Date,Amount,Balance\n2026-11-20,1.00,2.00\n")),
        "line 1: 币种: no column for this"
    );
    let coins = table(&[good])
        .replace("余额", "币种")
        .replace("101.00", "贝壳");
    assert_eq!(
        words(read(coins.as_bytes())),
        "line 4: 币种: `贝壳` is not a currency of ISO 4217"
    );
}

#[test]
fn a_table_twice_with_wrong_sums_or_missing_rows_is_told() {
    let rows = [
        "2026-11-20,货款,1.00,,101.00,支付宝",
        "2026-11-20,货款,1.00,,102.00,支付宝",
    ];
    // The same amount twice on one day is two movements.
    assert_eq!(
        summaries(&found(&rows).unwrap()),
        ["6225 8888 CNY 100.00→102.00 2× 2.00 holds"]
    );
    let twice = found(&[rows[0], rows[1], TITLES, rows[0], rows[1]]);
    assert_eq!(reason(twice), (6, Reason::Doubled { first: 3 }));
    // The titles of a new page.
    let pages = found(&[rows[0], TITLES, rows[1]]).unwrap();
    assert_eq!(
        summaries(&pages),
        ["6225 8888 CNY 100.00→102.00 2× 2.00 holds"]
    );
    let wrong = found(&[rows[0], rows[1], "合计,,3.00,,,"]).unwrap();
    let expected = money("2.00", "CNY");
    let stated = money("3.00", "CNY");
    assert_eq!(
        reason(wrong.accept()),
        (6, Reason::Total { expected, stated })
    );
    let filtered = found(&[rows[0], "2026-11-22,货款,1.00,,109.00,支付宝"]).unwrap();
    assert_eq!(
        summaries(&filtered),
        ["6225 8888 CNY –→– 2× 2.00 breaks at 5"]
    );
    assert!(filtered.accept().is_ok());
    let newest_first = found(&[rows[1], rows[0]]).unwrap();
    assert_eq!(
        summaries(&newest_first),
        ["6225 8888 CNY 100.00→102.00 2× 2.00 holds"]
    );
}

#[test]
fn red_ink_takes_back_and_a_column_of_minuses_is_money_out() {
    let amounts = |rows: &[&str]| {
        let file = found(rows).unwrap();
        let lines = file.statements[0].lines.iter();
        lines.map(|line| line.amount.minor()).collect::<Vec<_>>()
    };
    let red = ["2026-11-20,手续费,,1.00,,", "2026-11-21,冲正,,-1.00,,"];
    assert_eq!(amounts(&red), [-100, 100]);
    let minuses = ["2026-11-20,手续费,,-1.00,,", "2026-11-21,货款,5.00,,,"];
    assert_eq!(amounts(&minuses), [-100, 500]);
    // Balances tell which of the two it is.
    let goods = "2026-11-20,货款,5.00,,105.00,";
    let red_ink = [goods, "2026-11-21,冲正,,-1.00,106.00,"];
    assert_eq!(amounts(&red_ink), [500, 100]);
    let fee = [goods, "2026-11-21,手续费,,-1.00,104.00,"];
    assert_eq!(amounts(&fee), [500, -100]);
    let directed = |first: &str| {
        let text = format!(
            "日期,金额,借贷\n2026-11-20,{first},借\n2026-11-21,-2.00,借\n2026-11-22,5.00,贷\n"
        );
        let file = read(text.as_bytes()).unwrap();
        let lines = file.statements[0].lines.iter();
        lines.map(|line| line.amount.minor()).collect::<Vec<_>>()
    };
    assert_eq!(directed("1.00"), [-100, 200, 500]);
    assert_eq!(directed("-1.00"), [-100, -200, 500]);
}

fn template(table: Table) -> Template {
    table.template
}

#[test]
fn a_guess_is_a_template_that_can_be_kept_and_given() {
    let Some(bytes) = bytes("bocom-debit") else {
        return;
    };
    let guessed = read(&bytes).unwrap();
    let template = template(guessed.tables[0].clone());
    let expected = AmountColumns::Direction {
        amount: "交易金额".to_owned(),
        direction: "借贷".to_owned(),
    };
    assert_eq!(template.amount, expected);
    let json = serde_json::to_string(&template).unwrap();
    let kept: Template = serde_json::from_str(&json).unwrap();
    assert_eq!(kept, template);
    assert_eq!(read_as(&bytes, &kept).unwrap(), guessed);
    // A column of the template that the bank no longer has.
    let text = String::from_utf8(bytes)
        .unwrap()
        .replace("对方户名", "名称");
    assert_eq!(
        words(read_as(text.as_bytes(), &kept)),
        "line 1: 对方户名: no column for this"
    );
}

#[test]
fn a_template_reads_what_no_guess_can() {
    let text = "Tag;Betrag;W\n03/04/2025;1.50;x\n05/04/2025;-2.50;x\n";
    assert_eq!(reason(read(text.as_bytes())), (0, Reason::NotAStatement));
    let mut template = Template {
        booked: "Tag".to_owned(),
        time: None,
        value: None,
        amount: AmountColumns::Signed {
            amount: "Betrag".to_owned(),
        },
        balance: None,
        currency: None,
        account: None,
        counterparty: None,
        counterparty_account: None,
        bank_reference: None,
        our_reference: None,
        code: None,
        text: vec!["W".to_owned()],
        default_currency: Some(Currency::CNY),
        date_order: None,
    };
    // No day is past the twelfth: nothing says which part is the month.
    assert_eq!(
        words(read_as(text.as_bytes(), &template)),
        "line 2: Tag: not a date"
    );
    for (order, expected) in [
        (DateOrder::DayFirst, date(2025, 4, 3)),
        (DateOrder::MonthFirst, date(2025, 3, 4)),
    ] {
        template.date_order = Some(order);
        let file = read_as(text.as_bytes(), &template).unwrap();
        assert_eq!(file.statements[0].lines[0].booked, expected);
        assert_eq!(summaries(&file), [" CNY –→– 2× -1.00 not stated"]);
    }
}

#[test]
fn a_hundred_thousand_rows_are_read_to_the_last() {
    let rows = (1..=100_000).map(|n| format!("2026-11-20,第{n}笔,1.00,,{n}.00,支付宝"));
    let file = read(
        table(
            &rows
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
        )
        .as_bytes(),
    );
    let file = file.unwrap();
    assert_eq!(
        summaries(&file),
        ["6225 8888 CNY 0.00→100000.00 100000× 100000.00 holds"]
    );
    assert_eq!(file.statements[0].lines[99_999].row, 100_003);
}

#[test]
fn more_movements_than_a_statement_has_are_refused() {
    let row = "2026-11-20,x,1.00,,,\n";
    let text = format!("{TITLES}\n{}", row.repeat(400_001));
    assert_eq!(reason(read(text.as_bytes())), (400_002, Reason::TooLarge));
}

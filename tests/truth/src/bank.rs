//! The bank's statement, in one of three forms: camt.053, MT940, and a table as Chinese banks export it (GBK).

use crate::files::yuan;
use crate::settle::Movement;
use jiff::civil::Date;

/// Name and content of a file.
pub(crate) fn file(seed: u64, movements: &[Movement]) -> (&'static str, Vec<u8>) {
    match seed % 3 {
        0 => ("statement.xml", camt(movements).into_bytes()),
        1 => ("statement.sta", mt940(movements).into_bytes()),
        _ => (
            "statement.csv",
            encoding_rs::GBK.encode(&sheet(movements)).0.into_owned(),
        ),
    }
}

/// MT940 has no Chinese letters.
pub(crate) fn is_latin(seed: u64) -> bool {
    seed % 3 == 1
}

const OPENING: i64 = 1_000_000;

fn span(movements: &[Movement]) -> (Date, Date) {
    let first = movements.first().map_or(Date::MIN, |it| it.booked);
    (first, movements.last().map_or(first, |it| it.booked))
}

fn closing(movements: &[Movement]) -> i64 {
    OPENING + movements.iter().map(|it| it.amount).sum::<i64>()
}

fn sign(amount: i64, plus: &'static str, minus: &'static str) -> &'static str {
    if amount < 0 { minus } else { plus }
}

fn camt(movements: &[Movement]) -> String {
    let (first, last) = span(movements);
    let balance = |code: &str, amount: i64, date: Date| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">{}</Amt>\
             <CdtDbtInd>{}</CdtDbtInd><Dt><Dt>{date}</Dt></Dt></Bal>",
            yuan(amount.abs()),
            sign(amount, "CRDT", "DBIT")
        )
    };
    let entry = |it: &Movement| {
        let side = sign(it.amount, "CRDT", "DBIT");
        let party = sign(it.amount, "Dbtr", "Cdtr");
        format!(
            "<Ntry><Amt Ccy=\"CNY\">{}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts>BOOK</Sts>\
             <BookgDt><Dt>{date}</Dt></BookgDt><ValDt><Dt>{date}</Dt></ValDt><AcctSvcrRef>BK{id:06}</AcctSvcrRef>\
             <NtryDtls><TxDtls><RltdPties><{party}><Nm>{payer}</Nm></{party}></RltdPties>\
             <RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n",
            yuan(it.amount.abs()),
            date = it.booked,
            id = it.id,
            payer = it.payer,
            text = it.text
        )
    };
    let entries: String = movements.iter().map(entry).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt>\n\
         <GrpHdr><MsgId>T1</MsgId><CreDtTm>{last}T20:00:00</CreDtTm></GrpHdr>\n\
         <Stmt><Id>1</Id><ElctrncSeqNb>1</ElctrncSeqNb><CreDtTm>{last}T20:00:00</CreDtTm>\n\
         <Acct><Id><Othr><Id>6222020200112233445</Id></Othr></Id><Ccy>CNY</Ccy></Acct>\n\
         {}\n{}\n{entries}</Stmt></BkToCstmrStmt></Document>\n",
        balance("OPBD", OPENING, first),
        balance("CLBD", closing(movements), last)
    )
}

fn mt940(movements: &[Movement]) -> String {
    let (first, last) = span(movements);
    let short = |date: Date| date.strftime("%y%m%d").to_string();
    let comma = |amount: i64| yuan(amount.abs()).replace('.', ",");
    let mut lines = vec![
        ":20:STARTUMS".to_owned(),
        ":25:6222020200112233445".to_owned(),
        ":28C:1/1".to_owned(),
        format!(
            ":60F:{}{}CNY{}",
            sign(OPENING, "C", "D"),
            short(first),
            comma(OPENING)
        ),
    ];
    for it in movements {
        lines.push(format!(
            ":61:{}{}{}{}NTRFNONREF//BK{:06}",
            short(it.booked),
            it.booked.strftime("%m%d"),
            sign(it.amount, "C", "D"),
            comma(it.amount),
            it.id
        ));
        lines.push(format!(
            ":86:166?00GUTSCHRIFT{}?32{}",
            purpose(&it.text),
            cut(&it.payer, 27)
        ));
        if let (Some(rest), Some(line)) = (it.payer.get(27..), lines.last_mut()) {
            line.push_str("?33");
            line.push_str(rest);
        }
    }
    let end = closing(movements);
    lines.push(format!(
        ":62F:{}{}CNY{}",
        sign(end, "C", "D"),
        short(last),
        comma(end)
    ));
    lines.push("-".to_owned());
    lines.join("\r\n")
}

fn cut(text: &str, length: usize) -> &str {
    text.get(..length).unwrap_or(text)
}

/// Sub-fields of 27 letters.
fn purpose(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let parts = letters.chunks(27).zip(20..30);
    parts
        .map(|(part, number)| format!("?{number}{}", part.iter().collect::<String>()))
        .collect()
}

fn sheet(movements: &[Movement]) -> String {
    let mut lines = vec![
        "账户明细查询,,,,,,,".to_owned(),
        "账号,6222020200112233445,币种,人民币,,,,".to_owned(),
        "交易日期,收入金额,支出金额,账户余额,币种,对方户名,交易流水号,摘要".to_owned(),
    ];
    let mut balance = OPENING;
    for it in movements {
        balance += it.amount;
        let (came, went) = match it.amount {
            amount if amount < 0 => (String::new(), yuan(-amount)),
            amount => (yuan(amount), String::new()),
        };
        lines.push(format!(
            "{},{came},{went},{},CNY,{},BK{:06},{}",
            it.booked,
            yuan(balance),
            it.payer,
            it.id,
            it.text
        ));
    }
    lines.push(String::new());
    lines.join("\r\n")
}

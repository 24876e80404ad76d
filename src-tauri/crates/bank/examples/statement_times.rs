//! Prints how long a statement of 100,000 movements takes in each text format, with its making left out:
//! `cargo run --release -p paydesk-bank --example statement_times [movements]`.
#![allow(clippy::print_stdout, reason = "it prints its figures")]
#![allow(clippy::disallowed_methods, reason = "it measures")]

use std::{error::Error, fmt::Write, time::Instant};

/// Every movement brings one yuan.
fn camt(movements: u32) -> Result<String, std::fmt::Error> {
    let balance = |kind: &str, amount: u32| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">{amount}.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-20</Dt></Dt></Bal>\n"
        )
    };
    let mut text = format!(
        "<?xml version=\"1.0\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><Stmt><Id>1</Id><Acct><Id><Othr><Id>6225</Id></Othr></Id><Ccy>CNY</Ccy></Acct>\n{}{}",
        balance("OPBD", 0),
        balance("CLBD", movements),
    );
    for n in 0..movements {
        writeln!(
            text,
            "<Ntry><Amt Ccy=\"CNY\">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-20</Dt></BookgDt><AcctSvcrRef>B{n}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>E{n}</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>支付宝</Nm></Pty></Dbtr></RltdPties><RmtInf><Ustrd>货款 {n}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        )?;
    }
    text.push_str("</Stmt></BkToCstmrStmt></Document>\n");
    Ok(text)
}

fn mt940(movements: u32) -> Result<String, std::fmt::Error> {
    let mut text = String::from(":20:X\n:25:B/6225\n:28C:1/1\n:60F:C261120CNY0,00\n");
    for n in 0..movements {
        writeln!(
            text,
            ":61:2611201120CR1,00NTRFR{n}//B{n}\n:86:166?00GUTSCHRIFT?20EREF+E{n}?32NAME"
        )?;
    }
    writeln!(text, ":62F:C261120CNY{movements},00\n-")?;
    Ok(text)
}

fn ofx(movements: u32) -> Result<String, std::fmt::Error> {
    let mut text = String::from(
        "OFXHEADER:100\nENCODING:UTF-8\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>CNY<BANKACCTFROM><ACCTID>6225</BANKACCTFROM><BANKTRANLIST>\n",
    );
    for n in 0..movements {
        writeln!(
            text,
            "<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261120<TRNAMT>1.00<FITID>B{n}<NAME>NAME<MEMO>WORDS {n}</STMTTRN>"
        )?;
    }
    text.push_str("</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n");
    Ok(text)
}

fn table(movements: u32) -> Result<String, std::fmt::Error> {
    let mut text = String::from("交易日期,交易时间,摘要,收入金额,支出金额,余额,对方户名,流水号\n");
    for n in 0..movements {
        writeln!(
            text,
            "2026-11-20,09:30:05,货款 {n},\"1.00\t\",,{}.00,支付宝（中国）网络技术有限公司,L{n}",
            n + 1
        )?;
    }
    Ok(text)
}

fn main() -> Result<(), Box<dyn Error>> {
    let movements = match std::env::args().nth(1) {
        Some(number) => number.parse()?,
        None => 100_000,
    };
    let files = [
        ("camt.053", camt(movements)?.into_bytes()),
        ("MT940", mt940(movements)?.into_bytes()),
        ("OFX", ofx(movements)?.into_bytes()),
        ("CSV, UTF-8", table(movements)?.into_bytes()),
        (
            "CSV, GB18030",
            encoding_rs::GB18030
                .encode(&table(movements)?)
                .0
                .into_owned(),
        ),
    ];
    for (name, bytes) in files {
        let began = Instant::now();
        let statements = paydesk_bank::read(&bytes)?.accept()?;
        let took = began.elapsed();
        let lines: usize = statements.iter().map(|one| one.lines.len()).sum();
        println!(
            "{name:<14} {lines} movements, {} MiB: {} ms",
            bytes.len() >> 20,
            took.as_millis()
        );
    }
    Ok(())
}

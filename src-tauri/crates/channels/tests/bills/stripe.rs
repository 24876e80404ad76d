//! Stripe's reports: how a day's is looked for, made and fetched, every column by its title, every damage named.
//! No report of a real account is published: these are written from the columns that were seen in use.

use crate::support::zipped;
use paydesk_channels::{
    AccountSettings, BillAnswer, BillFault, BillLink, BillText, Bills, Channel as _, Cx, Operation,
    Span, WireRequest, stripe,
};
use paydesk_domain::{
    BillKind, BillLine, ChannelDay, Doubt, LineKind, LineState, Memo, NotSent, Outcome, Timestamp,
    Totals,
};
use paydesk_signing::{AccountKeys, Authentic, Peer, Secret, WireReply};
use serde_json::{Value, json};
use std::io::Cursor;

/// 2026-11-21 10:24:22 in China.
const NOW: Timestamp = Timestamp(1_795_227_862_000);
const DAY: ChannelDay = ChannelDay(20_261_121);
const PAYMENT: &str = "TA2B3061L000007XA1";

fn bills() -> &'static dyn Bills {
    static CONNECTOR: stripe::Stripe = stripe::CONNECTOR;
    CONNECTOR.bills().unwrap()
}

fn account() -> AccountSettings {
    AccountSettings {
        sandbox: false,
        gateway: "https://api.stripe.com".to_owned(),
        fields: [("account".to_owned(), "acct_1".to_owned())].into(),
    }
}

const TITLES: &str = "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,available_on_utc,charge_id,payment_intent_id,payment_metadata[paydesk_payment],refund_metadata[paydesk_refund]";

/// A row: moment, sums, category, source.
fn row(at: &str, sums: [&str; 3], category: &str, source: &str) -> String {
    let [gross, fee, net] = sums;
    format!(
        "txn_{source},{at},usd,{gross},{fee},{net},{category},{source},2026-11-24 00:00:00,ch_1,pi_1,{PAYMENT},"
    )
}

fn sample() -> String {
    let rows = [
        row(
            "2026-11-20 17:00:01",
            ["19.99", "0.88", "19.11"],
            "charge",
            "ch_1",
        ),
        row(
            "2026-11-21 02:00:00",
            ["-8.00", "0.00", "-8.00"],
            "refund",
            "re_1",
        ),
        row(
            "2026-11-21 03:00:00",
            ["8.00", "0.00", "8.00"],
            "refund_failure",
            "re_1",
        ),
        row(
            "2026-11-21 04:00:00",
            ["-20.00", "15.00", "-35.00"],
            "dispute",
            "du_1",
        ),
        row(
            "2026-11-21 05:00:00",
            ["20.00", "0.00", "20.00"],
            "dispute_reversal",
            "du_1",
        ),
        row(
            "2026-11-21 06:00:00",
            ["-2.50", "0.00", "-2.50"],
            "fee",
            "fee_1",
        ),
        row(
            "2026-11-21 07:00:00",
            ["1.00", "0.00", "1.00"],
            "some_new_kind",
            "x_1",
        ),
    ];
    format!("{TITLES}\n{}\n", rows.join("\n"))
}

fn opened(file: &[u8]) -> Result<BillText, BillFault> {
    bills().open(file, None)
}

fn read(text: &str) -> Result<(Vec<BillLine>, Totals), BillFault> {
    let text = opened(text.as_bytes())?;
    let mut lines = Vec::new();
    let totals = bills().read(&text, &account(), &mut |line| lines.push(line))?;
    Ok((lines, totals))
}

#[test]
fn every_column_is_read_by_its_title() {
    let text = opened(sample().as_bytes()).unwrap();
    // Five in the afternoon in UTC is the next day here.
    assert_eq!((text.kind, text.day), (BillKind::Trade, Some(DAY)));
    let (lines, totals) = read(&sample()).unwrap();
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line.row,
                line.kind,
                line.amount.minor(),
                line.fee.minor(),
                line.state,
                line.reference(),
            )
        })
        .collect();
    use LineKind::{Payment, Refund};
    use LineState::{Done, Failed};
    assert_eq!(
        told,
        [
            (2, Payment, 1999, 88, Done, PAYMENT),
            (3, Refund, 800, 0, Done, "re_1"),
            (4, Refund, 800, 0, Failed, "re_1"),
            (5, Refund, 2000, 1500, Done, "du_1"),
            (6, Payment, 2000, 0, Done, "du_1"),
        ]
    );
    assert_eq!(lines[0].transaction, "pi_1");
    assert_eq!(lines[0].at, Timestamp(1_795_194_001_000));
    assert_eq!(lines[0].amount.currency().code(), "USD");
    assert_eq!(
        (
            totals.payments,
            totals.paid.minor(),
            totals.refunds,
            totals.refunded.minor()
        ),
        (2, 3999, 2, 2800)
    );
    assert_eq!(totals.fee.minor(), 1588);
}

#[test]
fn a_refund_is_named_by_our_number_where_the_report_has_it() {
    let number = format!("{PAYMENT}R1");
    let named = row(
        "2026-11-21 02:00:00",
        ["-8.00", "0.00", "-8.00"],
        "refund",
        "re_1",
    ) + &number;
    let (lines, _) = read(&format!("{TITLES}\n{named}\n")).unwrap();
    assert_eq!(
        (lines[0].reference(), lines[0].payment.as_str()),
        (number.as_str(), PAYMENT)
    );
}

#[test]
fn other_orders_marks_and_ends_of_lines_read_alike() {
    let (expected, totals) = read(&sample()).unwrap();
    let turned: Vec<String> = sample()
        .lines()
        .map(|line| {
            let mut cells: Vec<String> =
                line.split(',').map(|cell| format!("\"{cell}\"")).collect();
            cells.reverse();
            cells.join(",")
        })
        .collect();
    let crlf = sample().replace('\n', "\r\n");
    let marked = format!("\u{feff}{}", sample());
    let with_text = sample()
        .lines()
        .enumerate()
        .map(|(at, line)| match at {
            0 => format!("description,{line}"),
            _ => format!("\"a, \"\"b\"\"\",{line}"),
        })
        .collect::<Vec<_>>();
    for file in [turned.join("\n"), crlf, marked, with_text.join("\n")] {
        assert_eq!(read(&file).unwrap(), (expected.clone(), totals), "{file}");
    }
    let zip = zipped(&[("report.csv", sample().as_bytes())]);
    assert_eq!(opened(&zip).unwrap().bytes, sample().into_bytes());
}

#[test]
fn currencies_are_read_in_their_own_decimals_and_never_mixed() {
    let yen = sample()
        .replace(",usd,", ",jpy,")
        .replace("0.88,19.11", "1,18")
        .replace("19.99", "19");
    let yen = yen.replace("-2.50", "-3").replace(".00", "");
    let (lines, totals) = read(&yen).unwrap();
    assert_eq!(
        (lines[0].amount.minor(), totals.paid.currency().code()),
        (19, "JPY")
    );
    let dinars = format!(
        "{TITLES}\n{}\n",
        row(
            "2026-11-21 02:00:00",
            ["1.230", "0.120", "1.110"],
            "charge",
            "ch_1"
        )
        .replace("usd", "kwd")
    );
    assert_eq!(read(&dinars).unwrap().0[0].amount.minor(), 1230);
    let second = sample().replacen(
        "txn_re_1,2026-11-21 02:00:00,usd",
        "txn_re_1,2026-11-21 02:00:00,eur",
        1,
    );
    let cell = |row, column: &str| BillFault::Cell {
        row,
        column: column.to_owned(),
    };
    assert_eq!(read(&second).unwrap_err(), cell(3, "currency"));
    let none = format!("{TITLES}\n");
    let (lines, totals) = read(&none).unwrap();
    assert!(lines.is_empty() && totals.payments == 0);
}

#[test]
fn every_damage_is_named() {
    let cell = |row, column: &str| BillFault::Cell {
        row,
        column: column.to_owned(),
    };
    let with = |from: &str, to: &str| sample().replacen(from, to, 1);
    let cut = sample().split_at(sample().len() - 30).0.to_owned();
    for (file, fault) in [
        (with("19.99", "19,99"), cell(2, "balance_transaction_id")),
        (with("19.99", "abc"), cell(2, "gross")),
        (with("19.99", "19.999"), cell(2, "gross")),
        (with("0.88", "0.89"), cell(2, "net")),
        (with("19.11", ""), cell(2, "net")),
        (
            with("2026-11-20 17:00:01", "20.11.2026"),
            cell(2, "created_utc"),
        ),
        (with("usd", "us"), cell(2, "currency")),
        (with("ch_1", "\"ch_1"), cell(2, "balance_transaction_id")),
        (cut, BillFault::Truncated),
        (String::new(), BillFault::WrongChannel),
        ("a,b\n".to_owned(), BillFault::WrongChannel),
        (
            "ID,Type,Source,Amount,Fee,Net,Currency,Created (UTC),Available On (UTC)\n".to_owned(),
            BillFault::WrongKind,
        ),
        (with(",net,", ",other,"), BillFault::WrongKind),
    ] {
        let found = read(&file);
        let found = found.map(|_| ()).unwrap_err();
        let is_empty = file.is_empty();
        assert!(
            found == fault || (is_empty && found == BillFault::Truncated),
            "{found:?} against {fault:?}: {file}"
        );
    }
    let mut wrong = sample().into_bytes();
    let at = wrong.len() - 5;
    wrong[at] = 0xff;
    assert!(matches!(
        opened(&wrong).and_then(|text| bills().read(&text, &account(), &mut |_| {}).map(|_| ())),
        Err(BillFault::Encoding(8) | BillFault::Truncated)
    ));
}

#[test]
fn another_channels_titles_are_another_channels_in_any_encoding() {
    // 交易时间 in GBK, and a text in UTF-16.
    let gbk = b"\xbd\xbb\xd2\xd7\xca\xb1\xbc\xe4,\xb6\xa9\xb5\xa5\r\n1,2\r\n";
    for file in [gbk.as_slice(), b"\xff\xfe\x00\x01\n1\n"] {
        assert_eq!(opened(file).err(), Some(BillFault::WrongChannel));
    }
}

#[test]
fn what_streams_past_is_what_is_read_and_lines_are_found_again() {
    let (lines, totals) = read(&sample()).unwrap();
    for file in [
        sample().into_bytes(),
        zipped(&[("a.csv", sample().as_bytes())]),
    ] {
        let mut briefs = Vec::new();
        let end = bills()
            .stream(
                &mut Cursor::new(file.as_slice()),
                None,
                &account(),
                &mut |brief| {
                    briefs.push((
                        brief.row,
                        brief.offset,
                        brief.amount,
                        brief.reference.to_vec(),
                    ));
                    Ok(())
                },
            )
            .unwrap();
        assert_eq!((end.day, end.totals), (Some(DAY), totals));
        assert_eq!(end.content_sha256, opened(&file).unwrap().content_sha256);
        assert_eq!(briefs.len(), lines.len());
        for (brief, line) in briefs.iter().zip(&lines) {
            assert_eq!((brief.0, brief.2), (line.row, line.amount));
            assert_eq!(brief.3, line.reference().as_bytes());
        }
        for (from, brief) in briefs.iter().enumerate() {
            let mut spans = std::iter::once(Span {
                row: brief.0,
                offset: brief.1,
                lines: 2,
            });
            let mut found = Vec::new();
            bills()
                .lines_at(&mut Cursor::new(file.as_slice()), &mut spans, &mut |line| {
                    found.push(line);
                })
                .unwrap();
            let expected: Vec<_> = lines.iter().skip(from).take(2).cloned().collect();
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn made_up_bytes_never_break_the_reader() {
    use proptest::prelude::*;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let cut = (0..sample().len(), any::<u8>(), 0..sample().len());
    runner
        .run(&cut, |(at, byte, end)| {
            let mut bytes = sample().into_bytes();
            bytes[at] = byte;
            bytes.truncate(end);
            let mut sum = 0_i64;
            if let Ok(text) = opened(&bytes) {
                let read = bills().read(&text, &account(), &mut |line| {
                    assert!(line.amount.minor() >= 0);
                    sum += line.amount.minor();
                });
                drop(read);
            }
            prop_assert!(sum >= 0);
            Ok(())
        })
        .unwrap();
}

fn keys() -> AccountKeys {
    let key = Secret::new("rk_live_1".to_owned());
    AccountKeys::builder().bearer(key).build()
}

fn proof(status: u16, body: &Value) -> Authentic {
    let reply = WireReply {
        status,
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
        peer: Peer::TlsHost("api.stripe.com".to_owned()),
    };
    Authentic::from_peer(reply, "api.stripe.com").unwrap()
}

/// The run of a day, in a state.
fn run(day: ChannelDay, status: &str) -> Value {
    let (from, to) = day.bounds_of_china().unwrap();
    let url = "https://files.stripe.com/v1/files/file_1/contents";
    json!({
        "id": format!("frr_{}", day.0), "object": "reporting.report_run", "status": status,
        "error": if status == "failed" { json!("The data is not there.") } else { Value::Null },
        "report_type": "balance_change_from_activity.itemized.3",
        "parameters": {"interval_start": from.0 / 1000, "interval_end": to.0 / 1000},
        "result": if status == "succeeded" { json!({"url": url}) } else { Value::Null },
    })
}

fn list(rows: &[Value]) -> Value {
    json!({"object": "list", "has_more": false, "data": rows})
}

fn cx<'a>(keys: &'a AccountKeys, account: &'a AccountSettings) -> Cx<'a> {
    Cx {
        keys,
        account,
        now: NOW,
        nonce: [0; 16],
    }
}

/// The exchanges of one question for a day's report.
fn asked(answers: &[Value]) -> (Vec<WireRequest>, Outcome<BillAnswer>) {
    let (keys, account) = (keys(), account());
    let cx = cx(&keys, &account);
    let (mut sent, mut told): (Vec<WireRequest>, Option<Memo>) = (Vec::new(), None);
    for answer in answers {
        let request = match &told {
            None => bills().encode_link(DAY, BillKind::Trade, &cx),
            Some(told) => bills().encode_further(DAY, BillKind::Trade, told, &cx),
        };
        sent.push(request.unwrap());
        let proof = proof(200, answer);
        match bills().further_link(DAY, BillKind::Trade, told.as_ref(), &proof) {
            Some(further) => told = Some(further),
            None => return (sent, bills().decode_link(&proof)),
        }
    }
    panic!("the question goes on: {told:?}");
}

#[test]
fn a_days_report_is_looked_for_and_made_where_there_is_none() {
    let short = |sent: &[WireRequest]| -> Vec<String> {
        let path = |url: &str| {
            url.split('?')
                .next()
                .unwrap()
                .replace("https://api.stripe.com", "")
        };
        sent.iter()
            .map(|one| format!("{} {}", one.method, path(&one.url)))
            .collect()
    };
    let runs = "/v1/reporting/report_runs";
    let other = run(ChannelDay(20_261_120), "succeeded");
    for there in [vec![], vec![other.clone()], vec![run(DAY, "failed")]] {
        let (sent, answer) = asked(&[list(&there), run(DAY, "pending")]);
        assert_eq!(
            short(&sent),
            [format!("GET {runs}"), format!("POST {runs}")]
        );
        assert_eq!(answer, Outcome::Done(BillAnswer::NotYet));
        let body = String::from_utf8(sent[1].body.clone()).unwrap();
        // 2026-11-20 16:00 UTC to the same a day later: the day of China.
        for part in [
            "interval_start%5D=1795190400",
            "interval_end%5D=1795276800",
            "columns%5D%5B0%5D=balance_transaction_id",
        ] {
            assert!(body.contains(part), "{part}: {body}");
        }
    }
    let (sent, answer) = asked(&[list(&[other, run(DAY, "pending")]), run(DAY, "succeeded")]);
    assert_eq!(
        short(&sent),
        [format!("GET {runs}"), format!("GET {runs}/frr_20261121")]
    );
    let Outcome::Done(BillAnswer::Ready(link)) = answer else {
        panic!("{answer:?}")
    };
    let (keys, account) = (keys(), account());
    let file = bills().encode_file(&link, &cx(&keys, &account)).unwrap();
    assert_eq!(file.operation, Operation::BillFile);
    assert_eq!(
        file.url,
        "https://files.stripe.com/v1/files/file_1/contents"
    );
    let elsewhere = BillLink {
        url: "https://files.stripe.com.example/x".to_owned(),
        digest: None,
    };
    let refused = bills().encode_file(&elsewhere, &cx(&keys, &account));
    assert!(matches!(refused, Err(NotSent::Unsendable { .. })));
    assert!(
        bills()
            .encode_link(DAY, BillKind::FundFlow, &cx(&keys, &account))
            .is_err()
    );
}

#[test]
fn what_is_no_report_is_none() {
    let decoded = |status, body: &Value| bills().decode_link(&proof(status, body));
    let refused = |code: &str| Outcome::Done(BillAnswer::Refused(code.to_owned()));
    let fault = |code: &str| {
        Outcome::Unknown(Doubt::ServerFault {
            code: code.to_owned(),
        })
    };
    let error = |code: &str| json!({"error": {"type": "invalid_request_error", "code": code}});
    let without = json!({"object": "reporting.report_run", "status": "succeeded", "result": null});
    for (status, body, expected) in [
        (200, run(DAY, "failed"), refused("report_failed")),
        (200, without, Outcome::Unknown(Doubt::Unreadable)),
        (
            200,
            json!({"object": "charge", "status": "succeeded"}),
            Outcome::Unknown(Doubt::Unreadable),
        ),
        (
            400,
            error("parameter_missing"),
            refused("parameter_missing"),
        ),
        (
            403,
            error("more_permissions_required"),
            refused("more_permissions_required"),
        ),
        (400, error("novel"), fault("novel")),
        (500, json!({}), fault("500")),
    ] {
        assert_eq!(decoded(status, &body), expected, "{body}");
    }
}

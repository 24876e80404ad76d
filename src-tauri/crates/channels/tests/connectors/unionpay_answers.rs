//! UnionPay: what each believed answer and notice is taken to mean.

use crate::{
    shop::{
        NOW, Shop, charge, finish, query, query_refund, reference, refund, said, said_of_refund,
        show,
    },
    unionpay::{CODE, believed},
};
use paydesk_channels::{Answer, Call, Channel, Exchange, Finish, Operation, Query, unionpay};
use paydesk_domain::{End, Memo, Outcome, PaymentFact, Timestamp};
use paydesk_signing::WireReply;

/// `name=value` joined by `;`, the reference for `{no}`.
fn signed(shop: &Shop, content: &str) -> WireReply {
    let content = content.replace("{no}", reference().as_str());
    let fields: Vec<(&str, &str)> = content
        .split(';')
        .map(|part| part.split_once('=').unwrap())
        .collect();
    shop.unionpay_reply(&fields)
}

fn decode<C: Call>(
    shop: &Shop,
    operation: Operation,
    call: &C,
    content: &str,
) -> Outcome<Answer<C::Fact>>
where
    unionpay::UnionPay: Exchange<C>,
{
    let proof = believed(shop, operation, signed(shop, content)).unwrap();
    Exchange::<C>::decode(&unionpay::CONNECTOR, call, &proof, &shop.cx())
}

pub(crate) const CHARGED: &str = "merId=777290058167151;orderId={no};txnTime=20261121102422;txnType=01;txnSubType=06;txnAmt=8888;currencyCode=156;respCode=00;respMsg=成功[0000000];queryId=782611211024226740281";
pub(crate) const PAID: &str = "merId=777290058167151;orderId={no};txnTime=20261121102422;txnType=01;txnSubType=06;txnAmt=8888;currencyCode=156;respCode=00;origRespCode=00;queryId=782611211024226740281;traceTime=1121102423;settleAmt=8888;settleCurrencyCode=156;settleDate=1121;payCardNo=6216***********0018";

/// Every field that binds an answer, and a value that is another's.
pub(crate) const BINDING: [(&str, &str); 6] = [
    ("merId=777290058167151", "merId=777290058167152"),
    ("orderId={no}", "orderId=POS20261121"),
    ("txnTime=20261121102422", "txnTime=20261121102423"),
    ("txnAmt=8888", "txnAmt=8887"),
    ("currencyCode=156", "currencyCode=840"),
    ("txnType=01;", "txnType=;"),
];

/// What a question is answered about an order that is not there.
fn absent() -> String {
    let paid = PAID.replace("origRespCode=00;", "");
    paid.replace(";respCode=00", ";respCode=34")
}

#[test]
fn the_answer_to_a_charge() {
    let shop = Shop::unionpay();
    let check = |content: &str, expected: &str| {
        let outcome = decode(&shop, Operation::Charge, &charge(CODE), content);
        assert_eq!(said(&outcome), expected, "{content}");
    };
    let code = |code: &str| CHARGED.replace("respCode=00", &format!("respCode={code}"));
    check(CHARGED, "awaiting enter_password");
    for (ours, other) in BINDING {
        check(&CHARGED.replace(ours, other), "unknown mismatch");
        // A refusal must name what it refuses, too.
        check(&code("64").replace(ours, other), "unknown mismatch");
    }
    check(
        &CHARGED.replace("txnSubType=06", "txnSubType="),
        "unknown mismatch",
    );
    check(
        &CHARGED.replace("txnAmt=8888", "txnAmt=08888x"),
        "unknown mismatch",
    );
    check(
        &CHARGED.replace("txnAmt=8888;currencyCode=156;", ""),
        "awaiting enter_password",
    );
    check(&code(""), "unknown unreadable");
    check(&code("<64>"), "unknown unreadable");
    for doubtful in [
        "01", "02", "03", "04", "05", "06", "34", "37", "42", "60", "83", "99", "A6", "ZZ",
    ] {
        check(&code(doubtful), &format!("unknown server_fault {doubtful}"));
    }
    check(&code("12"), "unknown duplicate 12");
    for (no, expected) in [
        ("10", "refused 10 FixSetup"),
        ("11", "refused 11 FixSetup"),
        ("30", "refused 30 AskPayer"),
        ("33", "refused 33 AskPayer"),
        ("64", "refused 64 AskPayer"),
        ("39", "refused 39 GiveUp"),
    ] {
        check(&code(no), expected);
    }
}

#[test]
fn the_answer_to_a_shown_code() {
    let mut shop = Shop::unionpay();
    let shown = CHARGED.replace("txnSubType=06", "txnSubType=07");
    let with = |code: &str| format!("{shown};qrCode={code}");
    let check = |shop: &Shop, content: &str, expected: &str| {
        let outcome = decode(shop, Operation::ShowCode, &show(), content);
        assert_eq!(said(&outcome), expected, "{content}");
    };
    let code = with("https://qr.95516.com/00010000/0123456789?a=1=2");
    check(&shop, &code, "awaiting show_code");
    for (ours, other) in BINDING {
        check(&shop, &code.replace(ours, other), "unknown mismatch");
    }
    check(&shop, &shown, "unknown unreadable");
    for foreign in [
        "https://qr.95516.com.example/1",
        "http://qr.95516.com/1",
        "x",
    ] {
        check(&shop, &with(foreign), "unknown unreadable");
    }
    check(
        &shop,
        &code.replace("respCode=00", "respCode=31"),
        "refused 31 FixSetup",
    );
    shop.settings.gateway = "http://127.0.0.1:4040".to_owned();
    check(&shop, &with("https://127.0.0.1/1"), "awaiting show_code");
    check(&shop, &with(&"x".repeat(513)), "unknown unreadable");
}

#[test]
fn the_answer_to_a_query() {
    let shop = Shop::unionpay();
    let check = |content: &str, expected: &str| {
        let outcome = decode(&shop, Operation::Query, &query(), content);
        assert_eq!(said(&outcome), expected, "{content}");
    };
    let order = |code: &str| PAID.replace("origRespCode=00", &format!("origRespCode={code}"));
    let asked = |code: &str| PAID.replace(";respCode=00", &format!(";respCode={code}"));
    let paid = "paid 8888 received 8888 by 782611211024226740281";
    check(PAID, paid);
    check(&order("A6"), paid);
    check(&PAID.replace("txnType=01", "txnType=00"), paid);
    for (ours, other) in BINDING {
        check(&PAID.replace(ours, other), "unknown mismatch");
        check(&order("64").replace(ours, other), "unknown mismatch");
        check(&asked("34").replace(ours, other), "unknown mismatch");
    }
    // Money is concluded only with the sum and its currency.
    check(&PAID.replace("txnAmt=8888;", ""), "unknown mismatch");
    check(&PAID.replace("currencyCode=156;", ""), "unknown mismatch");
    check(
        &PAID.replace("queryId=782611211024226740281;", ""),
        "unknown unreadable",
    );
    check(
        &PAID.replace("settleCurrencyCode=156", "settleCurrencyCode=840"),
        "unknown mismatch",
    );
    check(
        &PAID.replace("traceTime=1121102423", "traceTime=0230102423"),
        "unknown unreadable",
    );
    // The first answer to the charge, played again, is no word about it.
    check(CHARGED, "unknown mismatch");
    for running in ["03", "04", "05", "83"] {
        check(&order(running), "awaiting enter_password");
    }
    for (failed, expected) in [
        ("64", "closed refused 64"),
        ("01", "closed refused 01"),
        ("60", "closed refused 60"),
        ("39", "closed refused 39"),
    ] {
        check(&order(failed), expected);
    }
    for doubtful in ["02", "06", "12", "34", "37", "42", "98", "99", "ZZ"] {
        check(
            &order(doubtful),
            &format!("unknown server_fault {doubtful}"),
        );
    }
    check(&absent(), "not found");
    // What is not there cannot have been paid.
    check(&asked("34"), "unknown mismatch");
    // A question that failed says nothing of the order, whatever stands beside it.
    for code in [
        "01", "02", "03", "05", "06", "10", "11", "37", "64", "99", "A6",
    ] {
        check(&asked(code), &format!("unknown server_fault {code}"));
    }
}

#[test]
fn what_the_channel_says_of_the_payment_is_kept() {
    let shop = Shop::unionpay();
    let paid = |content: &str| {
        let Outcome::Done(answer) = decode(&shop, Operation::Query, &query(), content) else {
            panic!()
        };
        let PaymentFact::Paid(paid) = answer.fact else {
            panic!()
        };
        paid
    };
    assert_eq!(paid(PAID).at, Timestamp(NOW.0 + 1000));
    assert_eq!(paid(PAID).payer.as_deref(), Some("6216***********0018"));
    assert_eq!(
        paid(&PAID.replace("traceTime=1121102423", "traceTime=")).at,
        NOW
    );
    let whole = PAID.replace("***********", "00000000000");
    assert_eq!(
        paid(&whole).payer,
        None,
        "a number that is not masked is not kept"
    );
}

fn ending(memo: Option<&str>) -> Finish {
    let mut call = finish(End::Reverse);
    call.of.memo = memo.map(|memo| Memo(memo.to_owned()));
    call
}

/// What an ending's answer says and what is remembered with it.
fn heard(shop: &Shop, call: &Finish, content: &str, after: i64) -> String {
    let cx = shop.cx_at(Timestamp(NOW.0 + after));
    let reply = signed(shop, content);
    let proof = unionpay::CONNECTOR
        .authenticate(Operation::Reverse, reply, &cx)
        .unwrap();
    let outcome = Exchange::<Finish>::decode(&unionpay::CONNECTOR, call, &proof, &cx);
    let memo = match &outcome {
        Outcome::Done(answer) => answer.learned.clone(),
        _ => None,
    };
    let said = said(&outcome);
    memo.map_or(said.clone(), |memo| format!("{said} | {}", memo.0))
}

#[test]
fn an_ending_asks_first_and_undoes_what_went_through() {
    let shop = Shop::unionpay();
    let check = |memo: Option<&str>, content: &str, after: i64, expected: &str| {
        assert_eq!(
            heard(&shop, &ending(memo), content, after),
            expected,
            "{memo:?} {content}"
        );
    };
    let paid = "paid 8888 received 8888 by 782611211024226740281";
    let order = |code: &str| PAID.replace("origRespCode=00", &format!("origRespCode={code}"));
    let none = absent();
    check(
        None,
        PAID,
        18_000,
        &format!("{paid} | undo:1:20261121102440:ready"),
    );
    let over = Some("undo:3:20261121102430:over");
    check(
        over,
        PAID,
        18_000,
        &format!("{paid} | undo:4:20261121102440:ready"),
    );
    check(None, &none, 18_000, "closed never_existed");
    check(None, &order("05"), 18_000, "Processing(None)");
    check(None, &order("64"), 18_000, "closed refused 64");
    check(None, &order("99"), 18_000, "unknown server_fault 99");
    check(None, CHARGED, 18_000, "unknown mismatch");
    for (ours, other) in BINDING {
        check(None, &PAID.replace(ours, other), 18_000, "unknown mismatch");
    }

    let ready = Some("undo:1:20261121102440:ready");
    let undo = "merId=777290058167151;orderId={no}U1;txnTime=20261121102440;txnType=31;txnSubType=00;txnAmt=8888;currencyCode=156;respCode=00;queryId=782611211024406740282";
    let said = |code: &str| undo.replace("respCode=00", &format!("respCode={code}"));
    let asked = "Processing(None) | undo:1:20261121102440:asked";
    check(ready, undo, 20_000, asked);
    check(ready, &said("12"), 20_000, asked);
    for doubtful in ["01", "03", "05", "34", "60", "99", "ZZ"] {
        check(
            ready,
            &said(doubtful),
            20_000,
            &format!("unknown server_fault {doubtful}"),
        );
    }
    for refused in ["35", "36", "39", "10"] {
        let expected = format!("{} | undo:1:20261121102440:over", end_refused(refused));
        check(ready, &said(refused), 20_000, &expected);
    }
    for (ours, other) in [
        ("merId=777290058167151", "merId=777290058167152"),
        ("{no}U1", "{no}U2"),
        ("{no}U1", "{no}"),
        ("20261121102440", "20261121102441"),
        ("txnAmt=8888", "txnAmt=1"),
        ("currencyCode=156", "currencyCode=840"),
        ("txnType=31", "txnType=01"),
    ] {
        check(
            ready,
            &undo.replace(ours, other),
            20_000,
            "unknown mismatch",
        );
    }
    // An answer about the payment is none about its undo.
    check(ready, PAID, 20_000, "unknown mismatch");

    let taken_in = Some("undo:1:20261121102440:asked");
    let state = |code: &str| format!("{undo};origRespCode={code}");
    for memo in [ready, taken_in] {
        check(memo, &state("00"), 20_000, "closed reversed");
        check(memo, &state("05"), 20_000, "Processing(None)");
        let expected = format!("{} | undo:1:20261121102440:over", end_refused("35"));
        check(memo, &state("35"), 20_000, &expected);
        check(memo, &state("99"), 20_000, "unknown server_fault 99");
        check(
            memo,
            &state("00").replace("txnAmt=8888;", ""),
            20_000,
            "unknown mismatch",
        );
    }
    check(taken_in, undo, 20_000, "unknown mismatch");
    // Not heard of: on its way, lost, or lost for so long that a person decides.
    let nothing = said("34").replace("txnType=31", "txnType=00");
    check(taken_in, &nothing, 600_000, "unknown server_fault 34");
    check(ready, &nothing, 20_000, "unknown server_fault 34");
    check(
        ready,
        &nothing,
        120_000,
        "Processing(None) | undo:1:20261121102440:over",
    );
    let expected = format!("{} | undo:1:20261121102440:over", end_refused("34"));
    check(ready, &nothing, 600_000, &expected);
}

fn end_refused(code: &str) -> String {
    let advice = if code == "10" { "FixSetup" } else { "GiveUp" };
    format!("EndRefused(Refusal {{ code: {code:?}, advice: {advice} }})")
}

#[test]
fn a_code_ends_by_itself_and_a_question_tells_how() {
    let shop = Shop::unionpay();
    let check = |content: &str, expected: &str| {
        let outcome = decode(&shop, Operation::Close, &finish(End::Close), content);
        assert_eq!(said(&outcome), expected, "{content}");
    };
    check(PAID, "paid 8888 received 8888 by 782611211024226740281");
    check(&absent(), "closed never_existed");
    check(
        &PAID.replace("origRespCode=00", "origRespCode=05"),
        "Processing(None)",
    );
    check(
        &PAID.replace("origRespCode=00", "origRespCode=69"),
        "closed refused 69",
    );
}

#[test]
fn a_question_about_an_undone_payment_is_answered_by_its_undo() {
    let shop = Shop::unionpay();
    let undo = "merId=777290058167151;orderId={no}U1;txnTime=20261121102440;txnType=31;txnAmt=8888;currencyCode=156;respCode=00;queryId=1;origRespCode=";
    let check = |stage: &str, content: &str, expected: &str| {
        let mut call: Query = query();
        call.of.memo = Some(Memo(format!("undo:1:20261121102440:{stage}")));
        let outcome = decode(&shop, Operation::Query, &call, content);
        assert_eq!(said(&outcome), expected, "{content}");
    };
    for stage in ["ready", "asked"] {
        check(stage, &format!("{undo}00"), "closed reversed");
        check(stage, &format!("{undo}05"), "Processing(None)");
        check(stage, &format!("{undo}35"), "Processing(None)");
        check(stage, PAID, "unknown mismatch");
    }
    check(
        "over",
        PAID,
        "paid 8888 received 8888 by 782611211024226740281",
    );
    check("over", &format!("{undo}00"), "unknown mismatch");
}

pub(crate) const REFUNDED: &str = "merId=777290058167151;orderId={no}R1;txnTime=20261121102422;txnType=04;txnSubType=00;txnAmt=800;currencyCode=156;respCode=00;queryId=782611211025006740283";

#[test]
fn the_answer_to_a_refund() {
    let shop = Shop::unionpay();
    let check = |content: &str, expected: &str| {
        let outcome = decode(&shop, Operation::Refund, &refund(), content);
        assert_eq!(said_of_refund(&outcome), expected, "{content}");
    };
    let code = |code: &str| REFUNDED.replace("respCode=00", &format!("respCode={code}"));
    check(REFUNDED, "accepted");
    for (ours, other) in [
        ("merId=777290058167151", "merId=777290058167152"),
        ("{no}R1", "{no}R2"),
        ("{no}R1", "{no}"),
        ("20261121102422", "20261121102423"),
        ("txnAmt=800", "txnAmt=80"),
        ("currencyCode=156", "currencyCode=840"),
        ("txnType=04", "txnType="),
    ] {
        check(&REFUNDED.replace(ours, other), "unknown mismatch");
        check(&code("36").replace(ours, other), "unknown mismatch");
    }
    check(&code("36"), "refused 36 GiveUp");
    check(&code("35"), "refused 35 GiveUp");
    check(&code("10"), "refused 10 FixSetup");
    check(&code("12"), "unknown duplicate 12");
    for doubtful in ["01", "03", "05", "34", "60", "99", "ZZ"] {
        check(&code(doubtful), &format!("unknown server_fault {doubtful}"));
    }
    // The same answer to the same refund, long after its beginning: its moment is what is refused.
    let later = shop.cx_at(Timestamp(NOW.0 + 3_600_000));
    let reply = signed(&shop, &code("10"));
    let proof = unionpay::CONNECTOR
        .authenticate(Operation::Refund, reply, &later)
        .unwrap();
    let outcome = unionpay::CONNECTOR.decode(&refund(), &proof, &later);
    assert_eq!(said_of_refund(&outcome), "refused REFUND_STALE TryAgain");
}

#[test]
fn the_answer_to_a_refund_query() {
    let shop = Shop::unionpay();
    let check = |content: &str, expected: &str| {
        let outcome = decode(&shop, Operation::QueryRefund, &query_refund(), content);
        assert_eq!(said_of_refund(&outcome), expected, "{content}");
    };
    let state = |code: &str| format!("{REFUNDED};traceTime=1121102500;origRespCode={code}");
    check(&state("00"), "done 782611211025006740283 true");
    check(&state("A6"), "done 782611211025006740283 true");
    check(&state("05"), "accepted");
    check(&state("36"), "failed 36 ByHand");
    check(&state("64"), "failed 64 NewReference");
    check(&state("01"), "failed 01 NewReference");
    check(&state("99"), "unknown server_fault 99");
    check(&state("00").replace("txnAmt=800;", ""), "unknown mismatch");
    check(&state("00").replace("{no}R1", "{no}R2"), "unknown mismatch");
    check(
        &state("00").replace("txnAmt=800", "txnAmt=801"),
        "unknown mismatch",
    );
    check(
        &state("00").replace("traceTime=1121102500", "traceTime=0230102500"),
        "unknown unreadable",
    );
    check(REFUNDED, "unknown mismatch");
    check(&REFUNDED.replace("respCode=00", "respCode=34"), "not found");
    check(
        &REFUNDED.replace("respCode=00", "respCode=06"),
        "unknown server_fault 06",
    );
}

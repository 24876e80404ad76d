//! The demo's bank: it pays what was really traded, tells it on its statement, and payouts are found there.

use crate::{
    bad_bills::{given, support},
    counter::{Street, add, keyring, shop, with},
    statements::{import, lines, list, open},
    till::Till,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_console::contract::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_bank_of_the_demo_pays_what_was_traded_and_tells_it_in_two_forms() {
    let options = paydesk_host::HostOptions {
        data: Some(crate::till::folder("statement-demo")),
        resolve: true,
        ..paydesk_host::HostOptions::default()
    };
    let till = Till::set_up_with(options, 12).await;
    let ask = |form: &str| DemoStatementOf {
        form: form.to_owned(),
        from: None,
        to: None,
    };
    let csv: DemoStatement = till
        .ask("sandbox_bank_statement", ask("csv"))
        .await
        .unwrap();
    let looked = open(&till, &csv.name, &STANDARD.decode(csv.file).unwrap())
        .await
        .unwrap();
    let statement = &looked.statements[0];
    assert_eq!(
        (looked.encoding.as_str(), &looked.refusal),
        ("gb18030", &None)
    );
    assert_eq!(statement.head.proof.check, "holds");
    assert!(statement.lines >= 10, "{}", statement.lines);
    import(&till, &looked.preview).await.unwrap();
    // The same movements in another form count once.
    let camt: DemoStatement = till
        .ask("sandbox_bank_statement", ask("camt053"))
        .await
        .unwrap();
    let again = open(&till, &camt.name, &STANDARD.decode(camt.file).unwrap())
        .await
        .unwrap();
    let again = &again.statements[0];
    assert_eq!(again.head.proof.check, "holds");
    assert_eq!((again.new_lines, again.told_before), (0, statement.lines));
    let id = list(&till).await.statements[0].id.clone();
    assert!(lines(&till, &id, "财付通支付科技有限公司").await.total >= 5);
    assert!(
        lines(&till, &id, "支付宝（中国）网络技术有限公司")
            .await
            .total
            >= 5
    );
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payouts_of_the_demo_are_found_on_its_banks_statement() {
    let options = paydesk_host::HostOptions {
        data: Some(crate::till::folder("payouts-demo")),
        resolve: true,
        ..paydesk_host::HostOptions::default()
    };
    let till = Till::set_up_with(options, 12).await;
    let before: PayoutList = till.ask("payouts", NoArgs {}).await.unwrap();
    assert_eq!(
        (before.payouts.len(), before.days, before.statements),
        (0, 0, 0)
    );
    let days: DayList = till
        .ask("reconcile_days", DaysOf { account_id: None })
        .await
        .unwrap();
    for account in days.accounts {
        let asked = AccountOf {
            account_id: account.id,
        };
        let _begun: BillRunStatus = till.ask("fetch_missing_bills", asked).await.unwrap();
        loop {
            let status: BillRunStatus = till.ask("bill_run", NoArgs {}).await.unwrap();
            if status.run.unwrap().is_over {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    let waiting: PayoutList = till.ask("payouts", NoArgs {}).await.unwrap();
    assert!(waiting.days >= 20, "{}", waiting.days);
    assert!(waiting.payouts.iter().all(|it| it.lines.is_empty()));
    assert_eq!(
        waiting.flows, waiting.days,
        "the fund-flow bills came beside"
    );
    assert!(waiting.payouts.iter().any(|it| it.arrival == "overdue"));

    let ask = DemoStatementOf {
        form: "csv".to_owned(),
        from: None,
        to: None,
    };
    let csv: DemoStatement = till.ask("sandbox_bank_statement", ask).await.unwrap();
    let looked = open(&till, &csv.name, &STANDARD.decode(csv.file).unwrap())
        .await
        .unwrap();
    import(&till, &looked.preview).await.unwrap();
    let list: PayoutList = till.ask("payouts", NoArgs {}).await.unwrap();
    let last = list
        .payouts
        .iter()
        .filter_map(|it| it.arrived_on.as_ref())
        .max();
    let last = last.expect("some came").clone();
    for payout in &list.payouts {
        let is_due = payout.expected_on <= last;
        let wanted = if is_due { "arrived" } else { "expected" };
        assert_eq!(payout.arrival, wanted, "{payout:?}");
        assert_eq!(payout.difference, None, "{payout:?}");
        let says = |name: &str| payout.reasons.iter().any(|reason| reason.name == name);
        assert!(!is_due || (says("amount_equal") && says("merchant_number") && says("period")));
    }
    // Friday, Saturday and Sunday come together.
    let days = list
        .payouts
        .iter()
        .flat_map(|it| &it.parts)
        .map(|it| it.days.len());
    assert_eq!(days.max(), Some(3));
    assert_eq!((list.candidates.len(), list.other), (0, 0));
    decisions_are_recorded_and_undone(&till, &list).await;
    till.close().await;
}

/// A match that is rejected leaves its days waiting; accepted by hand they came; undone, it is as it was.
async fn decisions_are_recorded_and_undone(till: &Till, list: &PayoutList) {
    let mut came = list.payouts.iter().filter(|it| it.lines.len() == 1);
    let of = came.next().unwrap();
    let line = of.lines[0].clone();
    let decide = |ruling: &str, remark: &str| DecidePayout {
        ruling: ruling.to_owned(),
        lines: vec![BankLineRef {
            statement: line.statement.clone(),
            place: line.place,
        }],
        parts: of
            .parts
            .iter()
            .map(|part| DecidedDays {
                account_id: part.account_id.clone(),
                days: part.days.clone(),
            })
            .collect(),
        remark: remark.to_owned(),
    };
    let ask =
        async |decided: DecidePayout| till.ask::<_, PayoutList>("decide_payout", decided).await;
    let same = |list: &PayoutList| {
        let mut same = list.payouts.iter().filter(|it| it.parts == of.parts);
        same.next().unwrap().clone()
    };
    let code = |refused: Result<PayoutList, CommandError>| refused.unwrap_err().code;
    assert_eq!(
        code(ask(decide("rejected", " ")).await),
        ErrorCode::ReasonRequired
    );
    assert_eq!(code(ask(decide("undone", "")).await), ErrorCode::PayoutGone);

    let rejected = ask(decide("rejected", "另一笔货款")).await.unwrap();
    assert_eq!(same(&rejected).lines, []);
    assert_eq!(rejected.rejected[0].decision.remark, "另一笔货款");
    assert_eq!(
        code(ask(decide("accepted", "x")).await),
        ErrorCode::PayoutGone
    );
    ask(decide("undone", "")).await.unwrap();

    let accepted = ask(decide("accepted", "银行回单")).await.unwrap();
    let by_hand = same(&accepted);
    assert_eq!(
        (by_hand.arrival.as_str(), &by_hand.lines),
        ("arrived", &of.lines)
    );
    assert_eq!((by_hand.net, by_hand.difference), (of.net.clone(), None));
    assert_eq!(by_hand.decision.unwrap().remark, "银行回单");
    assert_eq!(accepted.payouts.len(), list.payouts.len());
    assert_eq!(ask(decide("undone", "")).await.unwrap(), *list);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_of_the_last_minutes_that_came_with_the_next_day_explains_what_is_missing() {
    let (street, keyring) = (Street::open("cut-off").await, keyring());
    let till = shop("cut-off", &keyring).await;
    let draft = with(street.alipay(), "seller_id", "2088021109625633");
    let account = add(&till, draft).await.unwrap().id;
    let asked = DaysOf {
        account_id: Some(account.clone()),
    };
    let days: DayList = till.ask("reconcile_days", asked).await.unwrap();
    let (next, day) = (&days.days[5].day, &days.days[6].day);
    // The channel's sample as the bill of that day, its second payment five minutes before midnight.
    let words = |day: &str| {
        let parts: Vec<&str> = day.split('-').collect();
        format!("{}年{}月{}日", parts[0], parts[1], parts[2])
    };
    let told: Vec<String> = support::lines("alipay-trade-detail")
        .iter()
        .map(|line| {
            line.replace("2024-11-26 11:00:08", "2024-11-26 23:55:08")
                .replace("2024-11-26", day)
                .replace("2024年11月26日", &words(day))
                .replace("2024年11月27日", &words(next))
        })
        .collect();
    let bill = OpenBill {
        account_id: account,
        day: Some(day.clone()),
        file: given(&support::file("alipay", &told)),
    };
    let preview: BillPreview = till.ask("open_bill", bill).await.unwrap();
    let preview = PreviewId {
        preview: preview.preview,
    };
    let _kept: ReconciledDay = till.ask("import_bill", preview).await.unwrap();
    // 98.88 less 20.00 less fees of 0.47 is owed; 10.00 less 0.06 did not come with it.
    let period = day.replace('-', "");
    let table = format!(
        "账号: 6222\n记账日期,交易金额,余额,对方户名,摘要\n{next},68.47,168.47,支付宝（中国）网络技术有限公司,商户2088021109625633结算{period}\n"
    );
    let looked = open(&till, "bank.csv", table.as_bytes()).await.unwrap();
    assert_eq!(looked.refusal, None);
    import(&till, &looked.preview).await.unwrap();
    let list: PayoutList = till.ask("payouts", NoArgs {}).await.unwrap();
    let [payout] = list.payouts.as_slice() else {
        panic!("{:?}", list.payouts)
    };
    let last = payout.terms.last().unwrap();
    assert_eq!(
        (
            payout.arrival.as_str(),
            last.name.as_str(),
            last.amount.minor.as_str()
        ),
        ("arrived", "cut_off", "-994"),
        "{payout:?}"
    );
    assert_eq!(payout.difference, None);
    till.close().await;
    street.close().await;
}

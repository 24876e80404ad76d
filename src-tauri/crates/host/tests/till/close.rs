//! Differences worked off and a day signed: what fits is decided, what does not says why, a signed day stands.

use crate::till::{Till, folder, traded};
use paydesk_console::contract::*;
use paydesk_host::HostOptions;

async fn shop(name: &str) -> Till {
    let options = HostOptions {
        data: Some(folder(name)),
        resolve: false,
        ..HostOptions::default()
    };
    Till::set_up_with(options, 3).await
}

/// The day that is to be signed, with the bills of every account kept.
async fn yesterday(till: &Till) -> String {
    let overview: DayOverview = till
        .ask("day_overview", CloseDayOf { day: None })
        .await
        .unwrap();
    for day in traded(&overview.accounts) {
        let ask = DayOf {
            account_id: day.account.id.clone(),
            day: overview.day.clone(),
        };
        let preview: BillPreview = till.ask("fetch_bill", ask).await.unwrap();
        let ask = PreviewId {
            preview: preview.preview,
        };
        let _kept: ReconciledDay = till.ask("import_bill", ask).await.unwrap();
    }
    overview.day
}

fn all(day: &str, state: Option<&str>) -> WorkQuery {
    WorkQuery {
        day_from: day.to_owned(),
        day_to: day.to_owned(),
        account_id: None,
        code: None,
        state: state.map(ToOwned::to_owned),
        owner: None,
    }
}

async fn page(till: &Till, query: WorkQuery) -> WorkPageView {
    let ask = WorkPageOf {
        query,
        from: 0,
        limit: 200,
    };
    till.ask("worklist", ask).await.unwrap()
}

fn named(item: &WorkItemView) -> ItemRef {
    ItemRef {
        account_id: item.account_id.clone(),
        day: item.day.clone(),
        item: item.item.clone(),
    }
}

async fn decide(till: &Till, items: Vec<ItemRef>, act: ActArgs, remark: &str) -> Weighing {
    let ask = Decide {
        target: WorkTarget::Items { items },
        act,
        remark: remark.to_owned(),
        proof: None,
        dry_run: false,
    };
    till.ask("decide", ask).await.unwrap()
}

async fn overview(till: &Till, day: &str) -> DayOverview {
    let day = Some(day.to_owned());
    till.ask("day_overview", CloseDayOf { day }).await.unwrap()
}

async fn sign(till: &Till, day: &str) -> Result<DayOverview, CommandError> {
    let ask = SignDay {
        day: day.to_owned(),
        checked: true,
    };
    till.ask("sign_day", ask).await
}

fn reason(weighing: &Weighing) -> &str {
    assert_eq!(
        (weighing.fits, weighing.unfit_count),
        (0, 1),
        "{weighing:?}"
    );
    &weighing.unfit[0].reason
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_does_not_fit_says_why_and_one_that_fits_can_be_undone() {
    let till = shop("worklist").await;
    let day = yesterday(&till).await;
    let found = page(&till, all(&day, None)).await;
    let total = u32::try_from(found.items.len()).unwrap();
    assert!(total >= 5, "{found:?}");
    assert_eq!((found.counts.open, found.counts.settled), (total, 0));
    let mut names: Vec<_> = found
        .items
        .iter()
        .map(|item| (&item.account_id, &item.item))
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), found.items.len(), "each has its own name");

    let lost = found
        .items
        .iter()
        .find(|item| item.difference.code == "missing_channel");
    let lost = named(lost.unwrap());
    let one = || vec![lost.clone()];
    assert_eq!(
        reason(&decide(&till, one(), ActArgs::Fee, "").await),
        "remark_missing"
    );
    assert_eq!(
        reason(&decide(&till, one(), ActArgs::WrittenOff, "small").await),
        "above_limit"
    );
    assert_eq!(
        reason(&decide(&till, one(), ActArgs::Added, "ours").await),
        "not_missing_ours"
    );
    let itself = ActArgs::Linked { to: lost.clone() };
    assert_eq!(
        reason(&decide(&till, one(), itself, "same").await),
        "no_pair"
    );
    assert_eq!(
        page(&till, all(&day, Some("open"))).await.counts.open,
        total
    );

    let dry = Decide {
        target: WorkTarget::All {
            query: all(&day, Some("open")),
        },
        act: ActArgs::Exception,
        remark: "asked the channel".to_owned(),
        proof: None,
        dry_run: true,
    };
    let dry: Weighing = till.ask("decide", dry).await.unwrap();
    assert_eq!((dry.fits, dry.unfit_count), (total, 0));
    assert_eq!(
        page(&till, all(&day, Some("open"))).await.counts.open,
        total
    );

    assert_eq!(
        decide(&till, one(), ActArgs::Fee, "agreed by telephone")
            .await
            .fits,
        1
    );
    let settled = page(&till, all(&day, Some("settled"))).await;
    assert_eq!(settled.items.len(), 1);
    assert_eq!(settled.items[0].act.as_deref(), Some("fee"));
    assert_eq!(settled.items[0].decisions[0].remark, "agreed by telephone");
    assert_eq!(
        reason(&decide(&till, one(), ActArgs::Exception, "no").await),
        "decided"
    );

    let undone: Weighing = till
        .ask("undo_decision", UndoOf { items: one() })
        .await
        .unwrap();
    assert_eq!(undone.fits, 1);
    assert_eq!(
        page(&till, all(&day, Some("open"))).await.counts.open,
        total
    );
    let given = GiveTo {
        target: WorkTarget::Items { items: one() },
        owner: "会计 1".to_owned(),
    };
    let _given: Weighing = till.ask("give_to", given).await.unwrap();
    let owned = WorkQuery {
        owner: Some("会计 1".to_owned()),
        ..all(&day, None)
    };
    assert_eq!(page(&till, owned).await.items.len(), 1);
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_day_stands_until_it_is_opened_again_with_a_reason() {
    let till = shop("signed-day").await;
    let day = yesterday(&till).await;
    let before = overview(&till, &day).await;
    assert!(before.counts.open > 0 && !before.signed);
    let error = sign(&till, &day).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::DayOpen);
    assert_eq!(error.params["count"], before.counts.open.to_string());

    let rest = Decide {
        target: WorkTarget::All {
            query: all(&day, Some("open")),
        },
        act: ActArgs::Exception,
        remark: "asked the channel".to_owned(),
        proof: Some(ProofFile {
            name: "mail.txt".to_owned(),
            file: "c2VlbiBieSB1cw==".to_owned(),
        }),
        dry_run: false,
    };
    let done: Weighing = till.ask("decide", rest).await.unwrap();
    assert_eq!(done.fits, before.counts.open);
    let signed = sign(&till, &day).await.unwrap();
    assert!(signed.signed);
    let first = signed.closes[0].clone();
    let record: serde_json::Value = serde_json::from_str(&first.record).unwrap();
    let carried = record["carried"].as_array().unwrap();
    assert_eq!(carried.len(), usize::try_from(before.counts.open).unwrap());
    assert!(
        carried
            .iter()
            .all(|one| one["remark"] == "asked the channel")
    );

    let items = page(&till, all(&day, None)).await.items;
    let locked = decide(&till, vec![named(&items[0])], ActArgs::Noted, "late").await;
    assert_eq!(reason(&locked), "day_locked");
    let ask = DayOf {
        account_id: items[0].account_id.clone(),
        day: day.clone(),
    };
    let again: Result<DayOverview, _> = till.ask("compare_day_again", ask).await;
    assert_eq!(again.unwrap_err().code, ErrorCode::DayLocked);
    assert_eq!(sign(&till, &day).await.unwrap_err().params["why"], "signed");

    let open = |reason: &str| ReopenDay {
        day: day.clone(),
        reason: reason.to_owned(),
    };
    let refused: Result<DayOverview, _> = till.ask("reopen_day", open(" ")).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::ReasonRequired);
    let opened: DayOverview = till
        .ask("reopen_day", open("the channel answered"))
        .await
        .unwrap();
    assert!(!opened.signed);
    let second = sign(&till, &day).await.unwrap();
    assert_eq!(second.closes.len(), 2, "both versions are kept");
    assert_eq!(second.closes[0].version, 2);
    assert_eq!(
        second.closes[0].record, first.record,
        "the same facts, the same bytes"
    );
    assert_eq!(second.closes[0].sha256, first.sha256);
    assert_ne!(second.closes[0].head, first.head, "the log went on");
    let why = second.closes[1].reopened.as_ref().unwrap();
    assert_eq!(why.reason, "the channel answered");
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bridge_leads_from_our_books_to_the_bill() {
    let till = shop("bridge").await;
    let day = yesterday(&till).await;
    let found = overview(&till, &day).await;
    let minor = |money: &MoneyView| money.minor.parse::<i64>().unwrap();
    for bridge in &found.bridges {
        let steps: i64 = bridge.steps.iter().map(|step| minor(&step.amount)).sum();
        let way = minor(&bridge.bill.net) - minor(&bridge.books.net);
        assert_eq!(way, steps + minor(&bridge.rest), "{bridge:?}");
        assert_eq!(
            minor(&bridge.rest),
            0,
            "fees are known: nothing is left over"
        );
    }
    let hours: i64 = found.hours.iter().map(|hour| minor(&hour.taken)).sum();
    let paid: i64 = found
        .bridges
        .iter()
        .map(|bridge| minor(&bridge.bill.paid))
        .sum();
    assert_eq!(hours, paid);

    let account_id = found.accounts[0].account.id.clone();
    let ask = DayOf {
        account_id,
        day: day.clone(),
    };
    let again: DayOverview = till.ask("compare_day_again", ask).await.unwrap();
    assert_eq!(again.bridges, found.bridges, "nothing was said since");
    till.close().await;
}

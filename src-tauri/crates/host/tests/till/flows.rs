//! Fund-flow bills: fetched beside the trade bill or dropped as files, looked at, kept once; a signed day takes none.

use crate::till::{Till, folder};
use base64::{Engine as _, engine::general_purpose::STANDARD};
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

async fn days(till: &Till, account: &str) -> DayList {
    let asked = DaysOf {
        account_id: Some(account.to_owned()),
    };
    till.ask("reconcile_days", asked).await.unwrap()
}

fn of(account: &str, day: &str) -> DayOf {
    DayOf {
        account_id: account.to_owned(),
        day: day.to_owned(),
    }
}

fn sum_of(flow: &FlowView, sort: &str) -> i64 {
    let found = flow.sums.iter().find(|it| it.sort == sort);
    found.map_or(0, |it| it.sum.minor.parse().unwrap())
}

async fn keep_trade(till: &Till, account: &str, day: &str) -> ReconciledDay {
    let bill: BillPreview = till.ask("fetch_bill", of(account, day)).await.unwrap();
    let preview = PreviewId {
        preview: bill.preview,
    };
    till.ask("import_bill", preview).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fund_flow_bill_is_fetched_looked_at_and_kept_once() {
    let till = shop("flow-fetch").await;
    for account in ["demo-alipay", "demo-wechatpay"] {
        let list = days(&till, account).await;
        // Yesterday, or until the channel has made its bills the day before.
        let newest = list.days.iter().find(|it| it.flow_missing).unwrap();
        assert!(!newest.flow);
        let day = newest.day.clone();
        let looked: FlowPreviewView = till.ask("fetch_flow", of(account, &day)).await.unwrap();
        assert!(looked.rows > 5 && looked.known_since.is_none());
        assert!(sum_of(&looked.flow, "payment") > 0 && sum_of(&looked.flow, "fee") < 0);
        let none: Result<KeptFlowView, _> = till.ask("kept_flow", of(account, &day)).await;
        assert_eq!(none.unwrap_err().code, ErrorCode::BillEmpty, "nothing kept");
        // Every line has a verdict: what it is.
        let lines = FlowMovesOf {
            of: FlowName::LookedAt {
                preview: looked.preview.clone(),
            },
            sort: None,
            from: 0,
            limit: 200,
        };
        let lines: FlowMoves = till.ask("flow_moves", lines).await.unwrap();
        assert_eq!(lines.total, looked.rows);
        let change = |it: &FlowMoveView| it.change.minor.parse::<i64>().unwrap();
        let all: i64 = lines.moves.iter().map(change).sum();
        let sums = looked.flow.sums.iter();
        let sums: i64 = sums.map(|it| it.sum.minor.parse::<i64>().unwrap()).sum();
        assert_eq!(all, sums);

        let import = || PreviewId {
            preview: looked.preview.clone(),
        };
        let kept: KeptFlowView = till.ask("import_flow", import()).await.unwrap();
        assert_eq!(kept.flow.bill_net, None, "the trade bill is not here yet");
        let trade = keep_trade(&till, account, &day).await;
        let kept_now: KeptFlowView = till.ask("kept_flow", of(account, &day)).await.unwrap();
        assert_eq!(kept_now.id, kept.id);
        assert_eq!(kept_now.flow.bill_net, Some(trade.result.bill.net.clone()));
        assert_eq!(
            kept_now.flow.trade, trade.result.bill.net,
            "both say the same"
        );
        let again: FlowPreviewView = till.ask("fetch_flow", of(account, &day)).await.unwrap();
        assert!(again.known_since.is_some());
        let same: KeptFlowView = till.ask("import_flow", import()).await.unwrap();
        assert_eq!(same.id, kept.id, "kept once");
        // All its lines are read again from the file that is kept.
        let lines_kept = FlowMovesOf {
            of: FlowName::Kept {
                account_id: account.to_owned(),
                day: day.clone(),
            },
            sort: Some("payment".to_owned()),
            from: 0,
            limit: 200,
        };
        let payments: FlowMoves = till.ask("flow_moves", lines_kept).await.unwrap();
        let paid: i64 = payments.moves.iter().map(change).sum();
        assert_eq!(paid, sum_of(&kept.flow, "payment"));
        let list = days(&till, account).await;
        let now = list.days.iter().find(|it| it.day == day).unwrap();
        assert!(now.flow && !now.flow_missing);
    }
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_fund_flow_bill_is_told_by_its_content_and_is_the_same_with_other_line_ends() {
    let till = shop("flow-drop").await;
    let account = "demo-wechatpay";
    let day = days(&till, account).await.days[1].day.clone();
    let looked: FlowPreviewView = till.ask("fetch_flow", of(account, &day)).await.unwrap();
    let kept: KeptFlowView = till
        .ask(
            "import_flow",
            PreviewId {
                preview: looked.preview,
            },
        )
        .await
        .unwrap();
    let out = folder("flow-drop-out");
    std::fs::create_dir_all(&out).unwrap();
    let save = SaveKeptFile {
        file: KeptFileName::Flow { id: kept.id },
        to: out.to_str().unwrap().to_owned(),
        replace: false,
    };
    let saved: SavedFile = till.ask("save_kept_file", save).await.unwrap();
    let bytes = std::fs::read(&saved.file).unwrap();
    let plain = unpacked(&bytes);
    let text = String::from_utf8(plain).unwrap();
    assert!(text.contains("资金流水单号"), "{text}");
    let other_ends = text.replace("\r\n", "\n");
    let drop_in = |content: &str| DroppedBill {
        file: GivenFile::Content {
            name: "fund flow.csv".to_owned(),
            base64: STANDARD.encode(content),
        },
    };
    let found: LookedFile = till
        .ask("recognise_bill", drop_in(&other_ends))
        .await
        .unwrap();
    let LookedFile::FundFlow(found) = found else {
        panic!("{found:?}")
    };
    assert_eq!((found.account_id.as_str(), &found.day), (account, &day));
    assert!(found.known_since.is_some(), "recognised by its lines");
    // A cell that was changed by hand is refused by the file's own totals, and nothing is kept.
    let changed = other_ends.replacen("`收入,`", "`收入,`1", 1);
    let refused: Result<LookedFile, _> = till.ask("recognise_bill", drop_in(&changed)).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::BillTotals);
    std::fs::remove_dir_all(out).unwrap();
    till.close().await;
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    use std::io::Read as _;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return bytes.to_vec();
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_end(&mut plain)
        .unwrap();
    plain
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fund_flow_bill_whose_digest_is_wrong_is_not_kept_and_a_signed_day_takes_none() {
    let till = shop("flow-refused").await;
    let account = "demo-wechatpay";
    let day = days(&till, account).await.days[2].day.clone();
    till.fault("bill_digest_wrong", true).await;
    let wrong: Result<FlowPreviewView, _> = till.ask("fetch_flow", of(account, &day)).await;
    assert_eq!(wrong.unwrap_err().code, ErrorCode::BillDigest);
    till.fault("bill_digest_wrong", false).await;

    for account in ["demo-alipay", "demo-wechatpay"] {
        keep_trade(&till, account, &day).await;
    }
    let looked: FlowPreviewView = till.ask("fetch_flow", of(account, &day)).await.unwrap();
    let import = || PreviewId {
        preview: looked.preview.clone(),
    };
    let sign = SignDay {
        day: day.clone(),
        checked: true,
    };
    let signed: DayOverview = till.ask("sign_day", sign).await.unwrap();
    assert!(signed.signed);
    let locked: Result<KeptFlowView, _> = till.ask("import_flow", import()).await;
    assert_eq!(locked.unwrap_err().code, ErrorCode::DayLocked);
    let row = &days(&till, account).await.days[2];
    assert!(!row.flow && !row.flow_missing, "a signed day wants none");
    let open = ReopenDay {
        day: day.clone(),
        reason: "资金账单后到".to_owned(),
    };
    let _opened: DayOverview = till.ask("reopen_day", open).await.unwrap();
    let kept: Result<KeptFlowView, _> = till.ask("import_flow", import()).await;
    assert!(kept.is_ok());
    till.close().await;
}

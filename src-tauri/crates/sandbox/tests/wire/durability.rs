//! The truth survives: replay, torn lines, one process per folder, files for their owner only.

use std::io::Write as _;
use std::sync::Arc;

use paydesk_sandbox::{
    Behaviour, Channel, JournalError, MerchantCredentials, SandboxConfig, SandboxError, State,
};
use serde_json::json;

use crate::shop::{Folder, Shop};

#[tokio::test(flavor = "multi_thread")]
async fn everything_about_money_survives_a_restart() {
    let shop = Shop::open().await;
    shop.alipay_pay("S1", "10.00", Behaviour::Pays).await;
    let refund = json!({ "out_trade_no": "S1", "out_request_no": "R1", "refund_amount": "4" });
    shop.alipay("alipay.trade.refund", refund).await;
    shop.alipay_pay("S2", "1", Behaviour::PaysAfterPassword)
        .await;
    shop.wechatpay_pay("S00003", 500, Behaviour::Pays).await;
    shop.wechatpay_refund("S00003", "R3", 200, 500).await;
    let content = json!({ "out_trade_no": "S4", "total_amount": "5", "subject": "扫码" });
    shop.alipay("alipay.trade.precreate", content).await;
    let taken = json!({ "channel": "alipay", "withdraw_fen": 100 });
    shop.control("POST", "merchant", taken).await;
    let view = |shop: &Shop| serde_json::to_value(shop.sandbox.ledger().unwrap()).unwrap();
    let before = view(&shop);
    let credentials = serde_json::to_value(shop.merchant()).unwrap();

    let shop = shop.restart().await;
    assert_eq!(view(&shop), before);
    assert_eq!(serde_json::to_value(shop.merchant()).unwrap(), credentials);
    let read = MerchantCredentials::read(&shop.folder.0).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), credentials);

    // What was under way goes on: the password, the refund.
    shop.pass(6_000);
    assert_eq!(shop.trade(Channel::Alipay, "S2").state, State::Paid);
    let refund = shop.trade(Channel::Wechatpay, "S00003").refunds.remove(0);
    assert!(refund.settled_ms.is_some());
    let again = shop.alipay_pay("S1", "10.00", Behaviour::Pays).await;
    assert_eq!(again["sub_code"], "ACQ.TRADE_HAS_SUCCESS");
    let settled = view(&shop);
    let shop = shop.restart().await;
    assert_eq!(view(&shop), settled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_last_line_is_dropped_and_a_damaged_one_is_told() {
    let shop = Shop::open().await;
    shop.alipay_pay("T1", "1", Behaviour::Pays).await;
    let (folder, clock) = (shop.folder.clone(), shop.clock.clone());
    let path = folder.0.join("ledger.jsonl");
    shop.sandbox.stop().await;
    let append = |text: &str| {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    append(r#"[{"event":"charged","key":{"channel":"alipay","out"#);
    let shop = Shop::open_in(folder.clone(), clock).await;
    assert_eq!(shop.trade(Channel::Alipay, "T1").charges.len(), 1);
    shop.alipay_pay("T2", "1", Behaviour::Pays).await;
    let shop = shop.restart().await;
    assert!(shop.has_trade("T2"), "the line after the torn one is whole");
    shop.sandbox.stop().await;
    append("[{\"event\":\"nonsense\"}]\n");
    let refused = paydesk_sandbox::start(SandboxConfig::new(&folder.0, 0)).await;
    assert!(matches!(
        refused,
        Err(SandboxError::Journal(JournalError::Damaged { line: 3, .. }))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_serves_a_folder_and_one_program_a_port() {
    let shop = Shop::open().await;
    let second = paydesk_sandbox::start(SandboxConfig::new(&shop.folder.0, 0)).await;
    assert!(matches!(second, Err(SandboxError::FolderLocked { .. })));
    let other = Arc::new(Folder::new());
    let port = shop.sandbox.address().port();
    let taken = paydesk_sandbox::start(SandboxConfig::new(&other.0, port)).await;
    assert!(matches!(taken, Err(SandboxError::PortInUse { port: told }) if told == port));
    assert!(shop.sandbox.address().ip().is_loopback());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_card_tells_the_next_process_where_to_go() {
    let shop = Shop::open().await;
    let card = shop.folder.0.join("sandbox.json");
    let told: serde_json::Value = serde_json::from_slice(&std::fs::read(&card).unwrap()).unwrap();
    assert_eq!(told["port"], shop.sandbox.address().port());
    assert_eq!(told["control_token"], shop.sandbox.control_token());
    assert_eq!(told["pid"], std::process::id());
    #[cfg(unix)]
    for name in ["sandbox.json", "ledger.jsonl", "sandbox.lock"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(shop.folder.0.join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    shop.sandbox.stop().await;
    assert!(!card.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_tills_at_once_charge_each_number_once() {
    let shop = Arc::new(Shop::open().await);
    let mut tills = tokio::task::JoinSet::new();
    for till in 0..50 {
        let shop = shop.clone();
        // Five tills fight over each number.
        let number = format!("MANY{}", till / 5);
        tills.spawn(async move { shop.alipay_pay(&number, "1", Behaviour::Pays).await });
    }
    let mut paid = 0;
    while let Some(node) = tills.join_next().await {
        paid += usize::from(node.unwrap()["code"] == "10000");
    }
    assert_eq!(paid, 10);
    let ledger = shop.sandbox.ledger().unwrap();
    assert!(ledger.trades.iter().all(|trade| trade.charges.len() == 1));
    assert_eq!(ledger.trades.len(), 10);
}

//! Canaries: what must stay secret is in no file of the folder but the two that hold keys.

use crate::till::{Till, folder, take};
use paydesk_console::contract::*;
use paydesk_host::HostOptions;
use std::path::{Path, PathBuf};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_keys_and_payers_are_in_no_log_database_or_receipt() {
    let data = folder("secrets");
    let log = paydesk_host::logs::start(&data);
    let options = HostOptions {
        data: Some(data.clone()),
        resolve: true,
        ..HostOptions::default()
    };
    let till = Till::set_up(options).await;
    let mut canaries = vec!["159****5620".to_owned()];
    for (n, fault) in ["bad_signature", "garbage", "unsigned_refusal", "none"]
        .into_iter()
        .enumerate()
    {
        if fault != "none" {
            till.fault(fault, true).await;
        }
        let (alipay, wechatpay) = till.codes("00").await;
        for (m, code) in [alipay, wechatpay].into_iter().enumerate() {
            let minor = 500 + i64::try_from(n * 2 + m).unwrap();
            let order = till.charge(&code, minor).await.unwrap().order_id;
            till.until(&order, "answered", |v| v.state != PayState::Waiting)
                .await;
            let save = ReceiptOf {
                order_id: order,
                refund_id: None,
                action: ReceiptAction::Save,
            };
            let _receipt: Receipt = till.ask("receipt", save).await.unwrap();
            canaries.push(code);
        }
        till.fault("all", false).await;
    }
    let mut odd = serde_json::to_value(take(&canaries[1], 1)).unwrap();
    odd["amount_minor"] = serde_json::json!(canaries[1]);
    let refused = till
        .host
        .console()
        .call("take_payment", odd)
        .await
        .unwrap_err();
    assert!(!format!("{refused:?}").contains(&canaries[1]));
    let keys = std::fs::read_to_string(data.join("keys.json")).unwrap();
    let keys: serde_json::Value = serde_json::from_str(&keys).unwrap();
    canaries.push(keys["data_key"].as_str().unwrap().to_owned());
    for account in keys["accounts"].as_object().unwrap().values() {
        let pem = account["versions"][0]["fields"]["private_key"]
            .as_str()
            .unwrap();
        canaries.extend(
            pem.lines()
                .filter(|l| l.len() == 64)
                .take(3)
                .map(str::to_owned),
        );
    }
    assert!(canaries.len() >= 16, "{}", canaries.len());
    // The log must have been there to be clean; another test of the same process may own it.
    let logged = log.is_some();
    drop(log);
    let mut seen_log = false;
    for file in files(&data) {
        let own = file.strip_prefix(&data).unwrap();
        // The keys' own files, and the sandbox: the other side of the wire, with its own books.
        if own == Path::new("keys.json") || own.starts_with("sandbox") {
            continue;
        }
        seen_log |= own.starts_with("logs") && std::fs::metadata(&file).unwrap().len() > 0;
        let bytes = std::fs::read(&file).unwrap();
        let is_receipt = own.starts_with("receipts");
        for canary in &canaries {
            // A receipt is the customer's own: it names the masked payer, never the code.
            if is_receipt && canary == &canaries[0] {
                continue;
            }
            let found = bytes.windows(canary.len()).any(|w| w == canary.as_bytes());
            assert!(!found, "a secret is in {}", own.display());
        }
    }
    assert!(!logged || seen_log, "no log was written");
    till.close().await;
}

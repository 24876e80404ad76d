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
        let fields = &account["versions"][0]["fields"];
        // A key that signs has lines, one that is sent along is a word.
        let Some(pem) = fields["private_key"].as_str() else {
            let word = fields["secret_key"].as_str().or(fields["api_key"].as_str());
            canaries.push(word.unwrap().to_owned());
            continue;
        };
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

/// Everything that was answered, and every error, as text.
struct Heard<'t> {
    till: &'t Till,
    all: std::cell::RefCell<String>,
}

impl Heard<'_> {
    async fn ask(&self, name: &str, args: serde_json::Value) -> Option<serde_json::Value> {
        let answer = self.till.host.console().call(name, args).await;
        let mut all = self.all.borrow_mut();
        all.push_str(&format!("{answer:?}"));
        match answer {
            Ok(value) => {
                all.push_str(&value.to_string());
                Some(value)
            }
            Err(error) => {
                all.push_str(&serde_json::to_string(&error).unwrap());
                all.extend(paydesk_console::words(&error));
                None
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pasted_keys_and_passphrases_come_back_nowhere() {
    use crate::counter::*;
    use paydesk_sandbox::Channel;
    use paydesk_vault::stand_ins::Mood;
    use serde_json::json;
    let (street, keyring) = (Street::open("canary").await, keyring());
    let passphrase = "PASSPHRASE-CANARY-9921";
    for (name, mood) in [
        ("canary-keyring", Mood::Works),
        ("canary-sealed", Mood::Missing),
    ] {
        keyring.set(mood);
        let data = folder(name);
        let log = paydesk_host::logs::start(&data);
        let till = open(options(&data, &keyring)).await;
        let heard = Heard {
            till: &till,
            all: std::cell::RefCell::default(),
        };
        let set_up = serde_json::to_value(real(Some(passphrase))).unwrap();
        assert!(heard.ask("set_up", set_up).await.is_some());
        let merchant = &street.merchant;
        let mut canaries = vec![
            passphrase.to_owned(),
            "WRONG-CANARY-1177".to_owned(),
            merchant.wechatpay.apiv3_key.clone(),
        ];
        for pem in [
            &merchant.alipay.app_private_key_pem,
            &merchant.wechatpay.merchant_private_key_pem,
        ] {
            let body = pem.lines().filter(|line| line.len() == 64);
            canaries.extend(body.skip(2).take(3).map(str::to_owned));
        }
        for draft in [street.alipay(), street.wechatpay()] {
            paste_everywhere(&heard, serde_json::to_value(draft).unwrap()).await;
        }
        charge_paid(&till, Channel::Alipay, 1_200).await;
        charge_paid(&till, Channel::Wechatpay, 1_300).await;
        heard.ask("list_accounts", json!({})).await.unwrap();
        heard.ask("lock_keys", json!({})).await.unwrap();
        let wrong = json!({ "passphrase": canaries[1] });
        heard.ask("unlock_keys", wrong).await;
        let right = json!({ "passphrase": passphrase });
        heard.ask("unlock_keys", right).await.unwrap();
        let change = json!({ "old": canaries[1], "new": "x" });
        heard.ask("change_passphrase", change).await;
        let said = heard.all.borrow().clone();
        assert!(said.len() > 2_000);
        for canary in &canaries {
            assert!(!said.contains(canary), "a secret came back in an answer");
        }
        // While it runs, with the write-ahead log still there; and after the end.
        nowhere_in(&data, &canaries);
        let logged = log.is_some();
        till.host.close().await;
        drop(log);
        nowhere_in(&data, &canaries);
        assert!(!data.join("keys.json").exists());
        assert!(
            !logged
                || files(&data.join("logs"))
                    .iter()
                    .any(|f| f.metadata().unwrap().len() > 0)
        );
        std::fs::remove_dir_all(data).unwrap();
    }
    street.close().await;
}

/// Adds an account, and then pastes its key wherever a person might by mistake.
async fn paste_everywhere(heard: &Heard<'_>, draft: serde_json::Value) {
    use serde_json::json;
    let secret = draft["fields"]["private_key"].clone();
    heard
        .ask("check_account", json!({ "draft": draft }))
        .await
        .unwrap();
    let subject = json!({ "subject": { "draft": draft } });
    heard.ask("test_account", subject).await.unwrap();
    let add = json!({ "draft": draft, "label": "", "rate_millionths": null });
    let added = heard.ask("add_account", add.clone()).await.unwrap();
    // Mistakes: kept twice, in the wrong field, of the wrong type, as a name, as an address.
    assert!(heard.ask("add_account", add).await.is_none());
    let id = added["id"].clone();
    let same = draft["fields"]["apiv3_key"].clone();
    if same.is_string() {
        let mut twice = draft.clone();
        twice["fields"]["store_out_id"] = same;
        twice["fields"]["mchid"] = json!("1900009998");
        let add = json!({ "draft": twice, "label": "", "rate_millionths": null });
        assert!(heard.ask("add_account", add).await.is_none());
    }
    for fields in [
        json!({ "app_id": secret }),
        json!({ "store_id": secret }),
        json!(secret),
        json!({ secret.as_str().unwrap(): "x" }),
        json!({ "aes_key": secret, "apiv3_key": secret }),
    ] {
        let change = json!({ "account_id": id, "fields": fields });
        assert!(heard.ask("change_account", change).await.is_none());
        let odd = json!({ "channel": "alipay", "sandbox": true, "fields": fields });
        heard.ask("check_account", json!({ "draft": odd })).await;
    }
    let odd = json!({ "channel": secret, "sandbox": secret, "fields": {} });
    assert!(
        heard
            .ask("check_account", json!({ "draft": odd }))
            .await
            .is_none()
    );
    let odd = json!({
        "channel": "alipay", "sandbox": true, "gateway": secret, "fields": {},
    });
    assert!(
        heard
            .ask("check_account", json!({ "draft": odd }))
            .await
            .is_none()
    );
    assert!(
        heard
            .ask("remove_account", json!({ "account_id": secret }))
            .await
            .is_none()
    );
}

fn nowhere_in(data: &Path, canaries: &[String]) {
    let all = files(data);
    assert!(all.iter().any(|file| file.ends_with("paydesk.db")));
    for file in all {
        let bytes = std::fs::read(&file).unwrap();
        for canary in canaries {
            let found = bytes.windows(canary.len()).any(|w| w == canary.as_bytes());
            assert!(!found, "a secret is in {}", file.display());
        }
    }
}

//! An older copy of a folder that is put back: read only until its doubts are asked about, then a new epoch.

use crate::counter::*;
use crate::till::{Till, folder};
use paydesk_console::contract::*;
use paydesk_sandbox::{Behaviour, Channel};
use std::time::{Duration, Instant};

/// The folder with everything in it, as a backup program copies it.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else {
            std::fs::copy(source, target).unwrap();
        }
    }
}

/// Until an older copy has asked about everything it holds open.
async fn until_asked_about(till: &Till) {
    let begun = Instant::now();
    loop {
        let status: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
        if !status.older_copy {
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "still an older copy"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_put_back_charges_nothing_before_its_doubts_are_asked_about() {
    let (street, keyring) = (Street::open("older").await, keyring());
    let till = shop("older", &keyring).await;
    add(&till, street.alipay()).await.unwrap();
    let silent = code_of(Channel::Alipay, Behaviour::NoAnswerPaid);
    let doubt = till.charge(&silent, 700).await.unwrap().order_id;
    let place = till.folder.clone();
    tokio::time::sleep(Duration::from_millis(500)).await;
    till.host.close().await;
    let backup = folder("older-backup");
    copy(&place, &backup);
    let till = open(options(&place, &keyring)).await;
    let before = charge_paid(&till, Channel::Alipay, 800).await;
    till.until(&doubt, "paid", |view| view.state == PayState::Paid)
        .await;
    assert_eq!(before.order_id.as_bytes()[5], b'0');
    till.host.close().await;

    std::fs::remove_dir_all(&place).unwrap();
    copy(&backup, &place);
    // Nobody resolves: it stays read only.
    let quiet = paydesk_host::HostOptions {
        resolve: false,
        ..options(&place, &keyring)
    };
    let till = open(quiet).await;
    let status: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
    assert!(status.older_copy && status.open_doubts == 1);
    let fresh = code_of(Channel::Alipay, Behaviour::Pays);
    let error = till.charge(&fresh, 900).await.unwrap_err();
    assert_eq!(
        (error.code, error.money),
        (ErrorCode::OlderCopy, MoneyMark::NotMoved)
    );
    till.host.close().await;
    // Asked about, it goes on in a new epoch, so that no number is used twice.
    let till = open(options(&place, &keyring)).await;
    till.until(&doubt, "paid", |view| view.state == PayState::Paid)
        .await;
    until_asked_about(&till).await;
    let after = charge_paid(&till, Channel::Alipay, 1_000).await;
    assert_eq!(after.order_id.as_bytes()[5], b'1', "{}", after.order_id);
    till.host.close().await;
    let till = open(options(&place, &keyring)).await;
    let status: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
    assert!(!status.older_copy);
    till.host.close().await;
    // The same copy once more: an epoch that has drawn numbers is never begun again.
    std::fs::remove_dir_all(&place).unwrap();
    copy(&backup, &place);
    let till = open(options(&place, &keyring)).await;
    until_asked_about(&till).await;
    let again = charge_paid(&till, Channel::Alipay, 1_100).await;
    assert_eq!(again.order_id.as_bytes()[5], b'2', "{}", again.order_id);
    till.close().await;
    std::fs::remove_dir_all(backup).unwrap();
    street.close().await;
}

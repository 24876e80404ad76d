//! The channel changes its keys: a payment under way resolves by itself, and nobody else can make us trust one.

use crate::counter::*;
use crate::till::Till;
use paydesk_console::contract::*;
use paydesk_sandbox::{Behaviour, Channel, Fault, FaultKind, Rotation, Scope};
use std::time::Duration;

async fn peers(till: &Till) -> Vec<String> {
    let list: AccountList = till.ask("list_accounts", NoArgs {}).await.unwrap();
    let peers = list.accounts.into_iter().flat_map(|account| account.peers);
    peers.map(|peer| peer.id).collect()
}

/// A serial as a number: leading zeros are a matter of spelling.
fn number(serial: &str) -> String {
    serial.trim_start_matches('0').to_owned()
}

fn asked_for_keys(street: &Street) -> usize {
    let requests = street.sandbox.requests(0);
    let asked = requests.iter().filter(|it| it.operation == "certificates");
    asked.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_change_in_the_middle_of_a_payment_are_learned_and_it_is_decided() {
    let (street, keyring) = (Street::open("rotate").await, keyring());
    let till = shop("rotate", &keyring).await;
    let given = &street.merchant.wechatpay;
    let draft = with(
        without(street.wechatpay(), &["public_key_id", "public_key"]),
        "platform_certificates",
        &given.platform_certificate_pem,
    );
    add(&till, draft).await.unwrap();
    charge_paid(&till, Channel::Wechatpay, 1_100).await;
    assert_eq!(asked_for_keys(&street), 0, "nobody asks without need");

    // The customer is typing the password when the channel changes its certificate.
    let code = code_of(Channel::Wechatpay, Behaviour::PaysAfterPassword);
    let order = till.charge(&code, 1_200).await.unwrap().order_id;
    till.until(&order, "waiting", |view| {
        view.state == PayState::CustomerPaying
    })
    .await;
    let rotated = street
        .sandbox
        .rotate(Rotation::PlatformCertificate)
        .unwrap();
    till.until(&order, "paid", |view| view.state == PayState::Paid)
        .await;
    assert_eq!(peers(&till).await, [number(&rotated.name)]);
    assert_eq!(asked_for_keys(&street), 1);
    let forged = till.detail(&order).await.timeline;
    assert!(
        forged.iter().any(|event| event.kind == "forged_reply"),
        "what was not believed is on record: {forged:#?}"
    );
    charge_paid(&till, Channel::Wechatpay, 1_300).await;

    // Learned for good, beside the one that was pasted.
    let kept = till.folder.clone();
    till.host.close().await;
    let till = open(options(&kept, &keyring)).await;
    assert_eq!(peers(&till).await, [number(&rotated.name)]);
    charge_paid(&till, Channel::Wechatpay, 1_400).await;
    assert_eq!(asked_for_keys(&street), 1);
    till.close().await;
    street.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_who_moves_to_another_public_key_keeps_being_answered() {
    let (street, keyring) = (Street::open("moves").await, keyring());
    let till = shop("moves", &keyring).await;
    let given = &street.merchant.wechatpay;
    // The channel does not know this id any more and signs with its certificate instead.
    let old = street.wechatpay();
    let draft = with(
        old,
        "public_key_id",
        "PUB_KEY_ID_0119000000012024112600000000000000",
    );
    let account = add(&till, draft).await.unwrap().id;
    let code = code_of(Channel::Wechatpay, Behaviour::Pays);
    let order = till.charge(&code, 2_100).await.unwrap().order_id;
    till.until(&order, "paid", |view| view.state == PayState::Paid)
        .await;
    assert_eq!(
        peers(&till).await,
        [number(&given.platform_certificate_serial)]
    );
    // The new public key beside the certificate.
    let rotated = street.sandbox.rotate(Rotation::PublicKey).unwrap();
    let change = ChangeAccount {
        account_id: account,
        label: None,
        rate: None,
        rates: None,
        charges: None,
        paused: None,
        fields: Some(pasted(&[
            ("public_key_id", &rotated.name),
            ("public_key", &rotated.pem),
        ])),
        key: None,
    };
    let _view: AccountView = till.ask("change_account", change).await.unwrap();
    charge_paid(&till, Channel::Wechatpay, 2_200).await;
    assert_eq!(asked_for_keys(&street), 1);
    till.close().await;
    street.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_keys_that_does_not_prove_itself_changes_nothing() {
    let (street, keyring) = (Street::open("forged-list").await, keyring());
    let till = shop("forged-list", &keyring).await;
    let given = &street.merchant.wechatpay;
    let draft = with(
        without(street.wechatpay(), &["public_key_id", "public_key"]),
        "platform_certificates",
        &given.platform_certificate_pem,
    );
    add(&till, draft).await.unwrap();
    let code = code_of(Channel::Wechatpay, Behaviour::PaysAfterPassword);
    let order = till.charge(&code, 3_100).await.unwrap().order_id;
    till.until(&order, "waiting", |view| {
        view.state == PayState::CustomerPaying
    })
    .await;
    street
        .sandbox
        .rotate(Rotation::PlatformCertificate)
        .unwrap();
    let bad = Fault {
        scope: Scope::Query,
        ..Fault::always(FaultKind::BadSignature)
    };
    street.sandbox.set_fault(bad);
    let begun = std::time::Instant::now();
    while asked_for_keys(&street) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "never asked");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert!(peers(&till).await.is_empty(), "nothing forged is learned");
    let view = till.view(&order).await;
    assert!(
        !matches!(view.state, PayState::Paid | PayState::Failed),
        "{view:#?}"
    );
    assert_eq!(asked_for_keys(&street), 1, "not again within minutes");
    street.sandbox.clear_fault(FaultKind::BadSignature);
    let kept = till.folder.clone();
    till.host.close().await;
    // A new start may ask again; then it is decided.
    let till = open(options(&kept, &keyring)).await;
    till.until(&order, "decided", |view| {
        matches!(
            view.state,
            PayState::Paid | PayState::Reversed | PayState::Closed
        )
    })
    .await;
    assert_eq!(peers(&till).await.len(), 1);
    till.close().await;
    street.close().await;
}

fn alipay_by_certificate(street: &Street) -> AccountDraft {
    let given = &street.merchant.alipay_certificate;
    let mut draft = street.alipay();
    draft.fields = pasted(&[
        ("app_id", &given.app_id),
        ("seller_id", &given.seller_id),
        ("private_key", &given.app_private_key_pem),
        ("app_cert", &given.app_certificate_pem),
        ("alipay_cert", &given.alipay_certificate_pem),
        ("alipay_root_cert", &given.alipay_root_certificate_pem),
        // Contents are sealed too: the answer that brings a certificate comes open all the same.
        ("aes_key", &given.aes_key),
    ]);
    draft
}

/// Charges somebody who types a password, and waits until that is known.
async fn waiting(till: &Till, minor: i64) -> String {
    let code = code_of(Channel::Alipay, Behaviour::PaysAfterPassword);
    let order = till.charge(&code, minor).await.unwrap().order_id;
    till.until(&order, "waiting", |view| {
        view.state == PayState::CustomerPaying
    })
    .await;
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn alipays_certificate_that_changes_in_the_middle_of_a_payment_is_fetched_and_it_is_decided()
{
    let (street, keyring) = (Street::open("alipay-cert").await, keyring());
    let till = shop("alipay-cert", &keyring).await;
    add(&till, alipay_by_certificate(&street)).await.unwrap();
    charge_paid(&till, Channel::Alipay, 1_100).await;
    assert_eq!(asked_for_keys(&street), 0, "nobody asks without need");

    let order = waiting(&till, 1_200).await;
    let rotated = street.sandbox.rotate(Rotation::AlipayCertificate).unwrap();
    till.until(&order, "paid", |view| view.state == PayState::Paid)
        .await;
    assert_eq!(peers(&till).await, std::slice::from_ref(&rotated.name));
    assert_eq!(asked_for_keys(&street), 1);
    let timeline = till.detail(&order).await.timeline;
    assert!(
        timeline.iter().any(|event| event.kind == "forged_reply"),
        "what was not believed is on record: {timeline:#?}"
    );
    charge_paid(&till, Channel::Alipay, 1_300).await;

    // Kept for good, beside the one that was pasted.
    let kept = till.folder.clone();
    till.host.close().await;
    let till = open(options(&kept, &keyring)).await;
    assert_eq!(peers(&till).await, [rotated.name]);
    charge_paid(&till, Channel::Alipay, 1_400).await;
    assert_eq!(asked_for_keys(&street), 1);
    // And once more: the third beside the second.
    let order = waiting(&till, 1_500).await;
    let third = street.sandbox.rotate(Rotation::AlipayCertificate).unwrap();
    till.until(&order, "paid", |view| view.state == PayState::Paid)
        .await;
    assert!(peers(&till).await.contains(&third.name));
    till.close().await;
    street.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_alipays_that_does_not_lead_to_the_root_is_refused() {
    let (street, keyring) = (Street::open("alipay-stranger").await, keyring());
    let till = shop("alipay-stranger", &keyring).await;
    add(&till, alipay_by_certificate(&street)).await.unwrap();
    let order = waiting(&till, 2_100).await;
    street.sandbox.rotate(Rotation::AlipayStranger).unwrap();
    let begun = std::time::Instant::now();
    while asked_for_keys(&street) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "never asked");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert!(peers(&till).await.is_empty(), "a stranger is not learned");
    let view = till.view(&order).await;
    assert!(
        !matches!(view.state, PayState::Paid | PayState::Failed),
        "{view:#?}"
    );
    assert_eq!(asked_for_keys(&street), 1, "not again within minutes");
    // The channel signs with a certificate of its own again, and a new start may ask again.
    let rotated = street.sandbox.rotate(Rotation::AlipayCertificate).unwrap();
    let kept = till.folder.clone();
    till.host.close().await;
    let till = open(options(&kept, &keyring)).await;
    till.until(&order, "decided", |view| {
        matches!(
            view.state,
            PayState::Paid | PayState::Reversed | PayState::Closed
        )
    })
    .await;
    assert_eq!(peers(&till).await, [rotated.name]);
    till.close().await;
    street.close().await;
}

//! Accounts in a real folder: added, tested, charged, locked, changed, removed.

use crate::counter::*;
use crate::till::{Till, folder};
use paydesk_console::contract::*;
use paydesk_sandbox::{Behaviour, Channel};
use paydesk_signing::Secret;
use paydesk_vault::stand_ins::Mood;
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

async fn test(till: &Till, subject: TestSubject) -> AccountTest {
    till.ask("test_account", TestAccount { subject })
        .await
        .unwrap()
}

async fn accounts(till: &Till) -> AccountList {
    till.ask("list_accounts", NoArgs {}).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_tested_added_and_charges_also_after_a_restart() {
    let (street, keyring) = (Street::open("added").await, keyring());
    let till = shop("added", &keyring).await;
    for draft in [
        street.alipay(),
        street.btcpay(),
        street.stripe(),
        street.unionpay(),
        street.wechatpay(),
    ] {
        let check = CheckAccount {
            draft: draft.clone(),
            account_id: None,
        };
        let checked: AccountCheck = till.ask("check_account", check).await.unwrap();
        assert!(checked.ready, "{checked:#?}");
        let tested = test(&till, TestSubject::Draft(draft.clone())).await;
        assert!(tested.lines.len() == 10, "{tested:#?}");
        assert!(
            tested.lines.iter().all(|line| line.state == TestState::Ok),
            "{tested:#?}"
        );
        let added = add(&till, draft.clone()).await.unwrap();
        assert_eq!((added.state, added.sandbox), (AccountState::Ready, true));
        // A key that is sent along has no pair to compare.
        let is_pair = !["btcpay", "stripe"].contains(&draft.channel.as_str());
        assert_eq!(added.keys[0].fingerprint.is_some(), is_pair);
        let again = add(&till, draft).await.unwrap_err();
        assert_eq!(again.code, ErrorCode::AccountExists);
    }
    let view = charge_paid(&till, Channel::Alipay, 1_200).await;
    assert!(
        view.order_id.starts_with('T'),
        "the number says that no money moved"
    );
    let asked = ReceiptOf {
        order_id: view.order_id,
        refund_id: None,
        action: ReceiptAction::Preview,
    };
    let receipt: Receipt = till.ask("receipt", asked).await.unwrap();
    assert!(format!("{receipt:?}").contains(">DEMO<"), "{receipt:?}");
    let folder = till.folder.clone();
    till.host.close().await;
    assert!(!folder.join("keys.json").exists(), "no plain file");

    let till = open(options(&folder, &keyring)).await;
    let status: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
    assert_eq!(status.keys, KeysState::Open);
    assert!(
        status
            .channels
            .iter()
            .all(|c| c.sandbox && c.account_id.is_some())
    );
    charge_paid(&till, Channel::Wechatpay, 3_400).await;
    charge_paid(&till, Channel::Alipay, 5_600).await;
    charge_paid(&till, Channel::Unionpay, 7_800).await;
    for account in accounts(&till).await.accounts {
        let tested = test(&till, TestSubject::Account(account.id)).await;
        assert!(tested.passed, "{tested:#?}");
    }
    till.close().await;
    street.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn live_and_sandbox_cannot_be_mixed_up() {
    let (street, keyring) = (Street::open("mixed").await, keyring());
    let till = shop("mixed", &keyring).await;
    let refused = async |draft: AccountDraft| add(&till, draft).await.unwrap_err().code;
    let live = AccountDraft {
        sandbox: false,
        ..street.alipay()
    };
    assert_eq!(refused(live.clone()).await, ErrorCode::GatewayNotAllowed);
    for gateway in [
        "https://openapi.alipay.com/gateway.do",
        "https://api.mch.weixin.qq.com",
        "http://192.0.2.1/gateway.do",
        "https://127.0.0.1@example.com/",
    ] {
        let draft = AccountDraft {
            gateway: Some(gateway.to_owned()),
            ..street.alipay()
        };
        assert_eq!(
            refused(draft).await,
            ErrorCode::GatewayNotAllowed,
            "{gateway}"
        );
    }
    // Stripe tries out at the host of the real payments: there the key alone tells the two apart.
    let test_key = street.merchant.stripe.secret_key.clone();
    let live_key = test_key.replace("sk_test_", "sk_live_");
    let stripe = with(street.stripe(), "secret_key", &live_key);
    assert_eq!(refused(stripe).await, ErrorCode::AccountFieldWrong);
    let stripe = |sandbox: bool, key: &str| AccountDraft {
        sandbox,
        gateway: None,
        ..with(street.stripe(), "secret_key", key)
    };
    assert_eq!(
        refused(stripe(false, &test_key)).await,
        ErrorCode::AccountFieldWrong
    );
    for (sandbox, key) in [(true, &test_key), (false, &live_key)] {
        let added = add(&till, stripe(sandbox, key)).await.unwrap();
        assert_eq!(
            (added.sandbox, added.gateway.as_str()),
            (sandbox, "https://api.stripe.com")
        );
        let other = if sandbox { &live_key } else { &test_key };
        let change = json!({ "account_id": added.id, "fields": { "secret_key": other } });
        let refused = till.ask::<_, AccountView>("change_account", change).await;
        assert_eq!(refused.unwrap_err().code, ErrorCode::AccountFieldWrong);
    }
    // A live account says so, and its orders would be real ones.
    let live = AccountDraft {
        gateway: None,
        ..live
    };
    let added = add(&till, live).await.unwrap();
    assert_eq!(
        (added.sandbox, added.gateway.as_str()),
        (false, "https://openapi.alipay.com/gateway.do")
    );
    till.close().await;
    // No account of any kind comes into a demo.
    let demo = Till::demo("mixed-demo").await;
    let error = add(&demo, street.alipay()).await.unwrap_err();
    assert_eq!(
        (error.code, error.money),
        (ErrorCode::RealOnly, MoneyMark::NotMoved)
    );
    demo.close().await;
    street.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_is_locked_missing_or_silent_shows_the_doubts_and_sends_nothing() {
    let (street, keyring) = (Street::open("moods").await, keyring());
    let till = shop("moods", &keyring).await;
    let account = add(&till, street.alipay()).await.unwrap().id;
    let folder = till.folder.clone();
    let silent = code_of(Channel::Alipay, Behaviour::NoAnswerPaid);
    let order = till.charge(&silent, 800).await.unwrap().order_id;
    tokio::time::sleep(Duration::from_millis(500)).await;
    till.host.close().await;
    let asked = street.sandbox.requests(0).len();
    for (mood, state, code) in [
        (Mood::Locked, KeysState::Locked, ErrorCode::KeysLocked),
        (
            Mood::Missing,
            KeysState::NoKeyring,
            ErrorCode::KeyringMissing,
        ),
        (Mood::Hangs, KeysState::Hanging, ErrorCode::KeyringHanging),
    ] {
        keyring.set(mood);
        let begun = Instant::now();
        let till = open(options(&folder, &keyring)).await;
        assert!(begun.elapsed() < Duration::from_secs(4), "{mood:?}");
        let status: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
        assert_eq!((status.keys, status.open_doubts), (state, 1), "{mood:?}");
        assert!(!till.detail(&order).await.timeline.is_empty());
        let fresh = code_of(Channel::Alipay, Behaviour::Pays);
        let error = till.charge(&fresh, 900).await.unwrap_err();
        let refused = (error.code, error.money);
        assert_eq!(refused, (ErrorCode::KeysLocked, MoneyMark::NotMoved));
        let listed = accounts(&till).await;
        assert_eq!(listed.accounts[0].state, AccountState::KeysLocked);
        let error = unlock(&till, None).await.unwrap_err();
        assert_eq!((error.code, error.money), (code, MoneyMark::NotMoved));
        let removed = AccountOf {
            account_id: account.clone(),
        };
        let error = till.ask::<_, AccountList>("remove_account", removed).await;
        assert_eq!(error.unwrap_err().code, ErrorCode::AccountInDoubt);
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        till.host.close().await;
    }
    assert_eq!(street.sandbox.requests(0).len(), asked, "nothing was sent");
    // Unlocked while it runs: what was open goes on by itself.
    keyring.set(Mood::Locked);
    let till = open(options(&folder, &keyring)).await;
    keyring.set(Mood::Works);
    let status = unlock(&till, None).await.unwrap();
    assert_eq!(status.state, KeysState::Open);
    till.until(&order, "paid", |view| view.state == PayState::Paid)
        .await;
    charge_paid(&till, Channel::Alipay, 1_000).await;
    // Locked by a person: the same, without any keyring being asked.
    let locked: KeysStatus = till.ask("lock_keys", NoArgs {}).await.unwrap();
    assert_eq!(locked.state, KeysState::Locked);
    let fresh = code_of(Channel::Alipay, Behaviour::Pays);
    let error = till.charge(&fresh, 900).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::KeysLocked);
    unlock(&till, None).await.unwrap();
    charge_paid(&till, Channel::Alipay, 1_100).await;
    till.close().await;
    street.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_a_passphrase_seals_the_keys_and_wrong_ones_wait_longer_and_longer() {
    let (street, keyring) = (Street::open("sealed").await, keyring());
    keyring.set(Mood::Missing);
    let till = open(options(&folder("sealed"), &keyring)).await;
    let ask = async |passphrase| {
        let set_up = till.ask::<_, AppStatus>("set_up", real(passphrase));
        set_up.await.map_err(|error| error.code)
    };
    assert_eq!(ask(None).await.unwrap_err(), ErrorCode::KeyringMissing);
    let short = ask(Some("short")).await.unwrap_err();
    assert_eq!(short, ErrorCode::PassphraseTooShort);
    assert_eq!(ask(Some(PASSPHRASE)).await.unwrap().keys, KeysState::Open);
    let status: KeysStatus = till.ask("keys_status", NoArgs {}).await.unwrap();
    assert_eq!(status.kept_in, Some(KeysKept::Sealed));
    add(&till, street.wechatpay()).await.unwrap();
    charge_paid(&till, Channel::Wechatpay, 700).await;
    let folder = till.folder.clone();
    till.host.close().await;

    let till = open(options(&folder, &keyring)).await;
    let status: KeysStatus = till.ask("keys_status", NoArgs {}).await.unwrap();
    assert_eq!(
        (status.state, status.asks_passphrase),
        (KeysState::Locked, true)
    );
    assert_eq!(
        unlock(&till, None).await.unwrap_err().code,
        ErrorCode::KeysLocked
    );
    let mut waits = Vec::new();
    for _ in 0..4 {
        let error = unlock(&till, Some("wrong passphrase")).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::PassphraseWrong);
        waits.push(error.params["seconds"].parse::<u64>().unwrap());
    }
    assert!(waits[0] == 0 && waits[3] > 0, "{waits:?}");
    let status: KeysStatus = till.ask("keys_status", NoArgs {}).await.unwrap();
    assert!(status.wait_seconds > 0);
    let early = unlock(&till, Some(PASSPHRASE)).await.unwrap_err();
    assert_eq!(
        early.code,
        ErrorCode::PassphraseWrong,
        "too early, even the right one"
    );
    tokio::time::sleep(Duration::from_secs(u64::from(status.wait_seconds))).await;
    unlock(&till, Some(PASSPHRASE)).await.unwrap();
    charge_paid(&till, Channel::Wechatpay, 800).await;
    till.host.close().await;
    // Hosts without a window are given the passphrase at the start.
    let given = paydesk_host::HostOptions {
        passphrase: Some(Arc::new(Secret::new(PASSPHRASE.to_owned()))),
        ..options(&folder, &keyring)
    };
    let till = open(given).await;
    charge_paid(&till, Channel::Wechatpay, 900).await;
    till.close().await;
    street.close().await;
}

async fn unlock(till: &Till, passphrase: Option<&str>) -> Result<KeysStatus, CommandError> {
    let passphrase = passphrase.map(|text| Pasted::new(text.to_owned()));
    till.ask("unlock_keys", UnlockKeys { passphrase }).await
}

/// A change of nothing.
fn change(id: &str) -> ChangeAccount {
    ChangeAccount {
        account_id: id.to_owned(),
        label: None,
        rate: None,
        rates: None,
        charges: None,
        paused: None,
        fields: None,
        key: None,
    }
}

async fn ask(till: &Till, change: ChangeAccount) -> Result<AccountView, CommandError> {
    till.ask("change_account", change).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_accounts_one_charges_and_merchant_numbers_never_change() {
    let (street, keyring) = (Street::open("two").await, keyring());
    let till = shop("two", &keyring).await;
    let first = add(&till, street.alipay()).await.unwrap();
    // Another merchant's: it charges only when a person says so.
    let second = with(street.alipay(), "app_id", "2021007777777777");
    let second = add(&till, second).await.unwrap();
    assert!(first.charges && !second.charges);
    let moved = ChangeAccount {
        charges: Some(true),
        label: Some("二楼".to_owned()),
        rate: Some(AccountRate {
            rate_millionths: Some(3_800),
        }),
        ..change(&second.id)
    };
    let moved = ask(&till, moved).await.unwrap();
    assert!(moved.charges && moved.label == "二楼" && moved.rate_millionths == Some(3_800));
    let status: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
    let charging = status.channels.iter().find(|c| c.id == "alipay").unwrap();
    assert_eq!(charging.account_id.as_deref(), Some(second.id.as_str()));
    // An optional secret comes and goes; what the keys need cannot be emptied.
    let fields = async |name: &str, value: &str| {
        let changed = ChangeAccount {
            fields: Some(pasted(&[(name, value)])),
            ..change(&first.id)
        };
        ask(&till, changed).await
    };
    let kept = fields("aes_key", "MDEyMzQ1Njc4OWFiY2RlZg==")
        .await
        .unwrap()
        .kept;
    assert!(kept.contains(&"aes_key".to_owned()));
    let kept = fields("aes_key", "").await.unwrap().kept;
    assert!(!kept.contains(&"aes_key".to_owned()));
    let error = fields("alipay_public_key", "").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::AccountFieldWrong);
    let numbers = ChangeAccount {
        fields: Some(pasted(&[("app_id", "2021000000000000")])),
        ..change(&first.id)
    };
    let error = ask(&till, numbers).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::AccountFieldWrong);
    assert_eq!(error.params["problem"], "check_fixed");
    till.close().await;
    street.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_account_takes_no_payments_and_hands_them_to_the_next() {
    let (street, keyring) = (Street::open("paused").await, keyring());
    let till = shop("paused", &keyring).await;
    let first = add(&till, street.alipay()).await.unwrap();
    let second = with(street.alipay(), "app_id", "2021007777777777");
    let second = add(&till, second).await.unwrap();
    let paused = async |id: &str, paused| {
        let change = ChangeAccount {
            paused: Some(paused),
            ..change(id)
        };
        ask(&till, change).await.unwrap()
    };
    let charging = async || {
        let status: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
        let alipay = status.channels.into_iter().find(|c| c.id == "alipay");
        alipay.and_then(|channel| channel.account_id)
    };
    let view = paused(&first.id, true).await;
    assert!(view.paused && !view.charges);
    assert_eq!(charging().await.as_deref(), Some(second.id.as_str()));
    // None is left: nothing is charged, and that is said.
    paused(&second.id, true).await;
    assert_eq!(charging().await, None);
    let fresh = code_of(Channel::Alipay, Behaviour::Pays);
    let error = till.charge(&fresh, 900).await.unwrap_err();
    let refused = (error.code, error.money);
    assert_eq!(
        refused,
        (ErrorCode::ChannelNotConnected, MoneyMark::NotMoved)
    );
    // Back again, it charges; so it does when a person says that payments go to it.
    assert!(paused(&first.id, false).await.charges);
    charge_paid(&till, Channel::Alipay, 700).await;
    let chosen = ChangeAccount {
        charges: Some(true),
        ..change(&second.id)
    };
    let chosen = ask(&till, chosen).await.unwrap();
    assert!(chosen.charges && !chosen.paused);
    till.close().await;
    street.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_change_without_a_pause() {
    let (street, keyring) = (Street::open("rotation").await, keyring());
    let till = shop("rotation", &keyring).await;
    let account = add(&till, street.alipay()).await.unwrap();
    let step = async |step| {
        let changed = ChangeAccount {
            key: Some(step),
            ..change(&account.id)
        };
        ask(&till, changed).await
    };
    let public = street.merchant.alipay.gateway_public_key_pem.clone();
    let fields = pasted(&[("private_key", &public)]);
    let error = step(KeyStep::Add { fields }).await.unwrap_err();
    assert_eq!(error.params["problem"], "check_public_where_private");
    // A new key waits, is tested, signs; the old one is retired.
    let key = paydesk_signing::generate_private_key(&mut rand::rngs::OsRng, 2048).unwrap();
    let fields = pasted(&[("private_key", key.expose())]);
    let added = step(KeyStep::Add { fields }).await.unwrap();
    let waiting = added.keys.iter().find(|k| k.state == KeyStateView::Waiting);
    let key_id = waiting.unwrap().id.clone();
    let waiting_fingerprint = waiting.unwrap().fingerprint.clone().unwrap();
    let account_id = account.id.clone();
    let subject = TestSubject::Key {
        account_id,
        key_id: key_id.clone(),
    };
    let tested = test(&till, subject).await;
    assert!(!tested.passed, "the channel does not have this key yet");
    charge_paid(&till, Channel::Alipay, 700).await;
    // Registered in the channel's console, it is believed, and the one before no more.
    let public = paydesk_signing::PrivateKey::read(key.expose().as_bytes()).unwrap();
    let public = public.public().unwrap().to_base64();
    street.sandbox.register(Channel::Alipay, &public).unwrap();
    let subject = TestSubject::Key {
        account_id: account.id.clone(),
        key_id: key_id.clone(),
    };
    assert!(test(&till, subject).await.passed);
    let old = account.keys[0].id.clone();
    let in_use = step(KeyStep::Retire {
        key_id: old.clone(),
    })
    .await;
    assert_eq!(in_use.unwrap_err().code, ErrorCode::KeyInUse);
    let active = step(KeyStep::Activate {
        key_id: key_id.clone(),
    })
    .await
    .unwrap();
    assert_eq!(active.keys.len(), 2);
    charge_paid(&till, Channel::Alipay, 750).await;
    let left = step(KeyStep::Retire { key_id: old }).await.unwrap();
    assert_eq!(left.keys.len(), 1);
    charge_paid(&till, Channel::Alipay, 800).await;
    // Each step is on record, by fingerprint: the first key's, the second's, never a key.
    let ask_events = ShopEventsOf {
        below: None,
        limit: 100,
    };
    let found: ShopEvents = till.ask("shop_events", ask_events).await.unwrap();
    let steps: Vec<(&str, &str)> = (found.events.iter().rev())
        .filter(|event| event.kind == "keys_changed")
        .map(|event| {
            (
                event.params["how"].as_str(),
                event.params["fingerprint"].as_str(),
            )
        })
        .collect();
    let first = account.keys[0].fingerprint.clone().unwrap();
    let second = waiting_fingerprint.as_str();
    assert_ne!(first, second);
    let expected = [
        ("account_added", first.as_str()),
        ("added", second),
        ("activated", second),
        ("retired", first.as_str()),
    ];
    assert_eq!(steps, expected);
    let all = serde_json::to_string(&found).unwrap();
    let secret: String = key.expose().lines().skip(1).take(1).collect();
    assert!(!all.contains(&secret) && !all.contains("PRIVATE"), "{all}");
    till.close().await;
    street.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_key_shows_its_serial_only_once_it_signs() {
    let (street, keyring) = (Street::open("serials").await, keyring());
    let till = shop("serials", &keyring).await;
    let account = add(&till, street.wechatpay()).await.unwrap();
    let step = async |step| {
        let changed = ChangeAccount {
            key: Some(step),
            ..change(&account.id)
        };
        ask(&till, changed).await.unwrap()
    };
    let first = street.merchant.wechatpay.merchant_serial.as_str();
    let second = "7B1F0C3D5E6A798012345678901234567890ABCD";
    let key = paydesk_signing::generate_private_key(&mut rand::rngs::OsRng, 2048).unwrap();
    let fields = pasted(&[("private_key", key.expose()), ("merchant_serial", second)]);
    let added = step(KeyStep::Add { fields }).await;
    assert_eq!(added.shown["merchant_serial"], first);
    let (old, new) = (account.keys[0].id.clone(), &added.keys[1].id);
    let key_id = new.clone();
    let active = step(KeyStep::Activate { key_id }).await;
    assert_eq!(active.shown["merchant_serial"], second);
    // Back to the one before, and forward again.
    let key_id = old.clone();
    let back = step(KeyStep::Activate { key_id }).await;
    assert_eq!(back.shown["merchant_serial"], first);
    let key_id = new.clone();
    step(KeyStep::Activate { key_id }).await;
    let left = step(KeyStep::Retire { key_id: old }).await;
    assert_eq!(left.shown["merchant_serial"], second);
    till.close().await;
    street.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_in_doubt_stays() {
    let (street, keyring) = (Street::open("stays").await, keyring());
    let till = shop("stays", &keyring).await;
    let first = add(&till, street.alipay()).await.unwrap();
    add(&till, street.wechatpay()).await.unwrap();
    let silent = code_of(Channel::Alipay, Behaviour::NoAnswerPaid);
    let order = till.charge(&silent, 800).await.unwrap().order_id;
    let remove = || AccountOf {
        account_id: first.id.clone(),
    };
    let removed = till.ask::<_, AccountList>("remove_account", remove());
    assert_eq!(removed.await.unwrap_err().code, ErrorCode::AccountInDoubt);
    till.until(&order, "paid", |view| view.state == PayState::Paid)
        .await;
    let left: AccountList = till.ask("remove_account", remove()).await.unwrap();
    assert_eq!(left.accounts.len(), 1);
    let fresh = code_of(Channel::Alipay, Behaviour::Pays);
    let error = till.charge(&fresh, 900).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ChannelNotConnected);
    till.close().await;
    street.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_added_by_another_process_charges_here_too() {
    let (street, keyring) = (Street::open("beside").await, keyring());
    let window = shop("beside", &keyring).await;
    let beside = open(options(&window.folder, &keyring)).await;
    add(&beside, street.alipay()).await.unwrap();
    let begun = Instant::now();
    while accounts(&window).await.accounts.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(10), "not seen");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    charge_paid(&window, Channel::Alipay, 1_200).await;
    beside.host.close().await;
    window.close().await;
    street.close().await;
}

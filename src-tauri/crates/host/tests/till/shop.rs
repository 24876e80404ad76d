//! First run, settings, damaged folders.

use crate::till::{Till, folder};
use paydesk_console::contract::*;
use paydesk_desk::ports::StoreError;
use paydesk_host::{Host, HostError, HostOptions};

#[tokio::test(flavor = "multi_thread")]
async fn a_real_folder_can_charge_nothing_yet() {
    let keyring = crate::counter::keyring();
    let till = crate::counter::open(crate::counter::options(&folder("real"), &keyring)).await;
    let before: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
    assert_eq!(before.stage, Stage::FirstRun);
    let set_up = SetUp {
        currency: None,
        locale: Locale::En,
        mode: ModeView::Real,
        store_name: "Corner shop".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        cutoff_hour: 4,
        past_days: 0,
        passphrase: None,
    };
    let status: AppStatus = till.ask("set_up", set_up.clone()).await.unwrap();
    assert_eq!((status.stage, status.mode), (Stage::Ready, ModeView::Real));
    assert!(
        status
            .channels
            .iter()
            .all(|c| c.state == ChannelHealth::NotConnected)
    );
    let error = till.charge("281234567890123400", 100).await.unwrap_err();
    assert_eq!(
        (error.code, error.money),
        (ErrorCode::ChannelNotConnected, MoneyMark::NotMoved)
    );
    let again = till
        .ask::<_, AppStatus>("set_up", set_up)
        .await
        .unwrap_err();
    assert_eq!(again.code, ErrorCode::AlreadySetUp);
    let demo = till
        .ask::<_, SandboxStatus>("sandbox_status", NoArgs {})
        .await
        .unwrap_err();
    assert_eq!(demo.code, ErrorCode::DemoOnly);
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_are_remembered_and_rates_decide_the_expected_fee() {
    let till = Till::demo("choices").await;
    let change = ChangeSettings {
        theme: Some(Theme::Dark),
        locale: Some(Locale::En),
        ..ChangeSettings::default()
    };
    let _status: AppStatus = till.ask("change_settings", change).await.unwrap();
    let rate = SetRate {
        channel: "alipay".to_owned(),
        rate_millionths: Some(6_000),
    };
    let _status: AppStatus = till
        .ask(
            "change_settings",
            ChangeSettings {
                rate: Some(rate),
                ..ChangeSettings::default()
            },
        )
        .await
        .unwrap();
    let _status: AppStatus = till
        .ask(
            "pick_operator",
            PickOperator {
                name: "主管".to_owned(),
            },
        )
        .await
        .unwrap();
    let fee_of = |channel: &str| ExpectedFeeOf {
        currency: None,
        amount_minor: "10000".to_owned(),
        channel: channel.to_owned(),
    };
    let fee: ExpectedFee = till.ask("expected_fee", fee_of("alipay")).await.unwrap();
    assert_eq!(
        (
            fee.fee.unwrap().minor.as_str(),
            fee.net.unwrap().minor.as_str()
        ),
        ("60", "9940")
    );
    let folder = till.folder.clone();
    till.host.close().await;
    let till = Till::open(folder).await;
    let status: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
    assert_eq!(
        (status.theme, status.locale, status.operator.as_deref()),
        (Theme::Dark, Some(Locale::En), Some("主管"))
    );
    let none = SetRate {
        channel: "alipay".to_owned(),
        rate_millionths: None,
    };
    let _status: AppStatus = till
        .ask(
            "change_settings",
            ChangeSettings {
                rate: Some(none),
                ..ChangeSettings::default()
            },
        )
        .await
        .unwrap();
    let fee: ExpectedFee = till.ask("expected_fee", fee_of("alipay")).await.unwrap();
    assert!(
        fee.fee.is_none() && fee.net.is_none(),
        "empty means none shown"
    );
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_said_and_left_alone() {
    let folder = folder("damaged");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("paydesk.db"),
        b"this is not a database, it is a note",
    )
    .unwrap();
    let options = HostOptions {
        data: Some(folder.clone()),
        operator: None,
        resolve: false,
        ..HostOptions::default()
    };
    let opened = Host::open(options).await;
    assert!(matches!(
        opened,
        Err(HostError::Store(StoreError::Corrupt(_)))
    ));
    assert_eq!(
        std::fs::read(folder.join("paydesk.db")).unwrap(),
        b"this is not a database, it is a note"
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_is_found_is_shown() {
    let till = Till::demo("rotten").await;
    let folder = till.folder.clone();
    till.host.close().await;
    let file = folder.join("paydesk.db");
    let (was, is) = ("演示店".as_bytes(), "演示庙".as_bytes());
    let mut bytes = std::fs::read(&file).unwrap();
    while let Some(place) = bytes.windows(was.len()).position(|it| it == was) {
        bytes[place..place + is.len()].copy_from_slice(is);
    }
    std::fs::write(&file, bytes).unwrap();
    let till = Till::open(folder.clone()).await;
    let before: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
    assert!(!before.damaged);
    let found = till.host.verify(true).await.unwrap();
    assert_eq!(
        found.fault.as_deref(),
        Some("event 1 was changed or swapped")
    );
    let after: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
    assert!(after.damaged);
    till.host.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_do_not_fit_are_refused_without_echoing_them() {
    let till = Till::demo("arguments").await;
    let secret = "281234567890123400";
    let odd = serde_json::json!({ "intent_id": 5, "code": secret });
    let error = till
        .host
        .console()
        .call("take_payment", odd)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidArguments);
    assert!(!format!("{error:?}").contains(secret));
    assert_eq!(
        till.host
            .console()
            .call("no_such", serde_json::json!({}))
            .await
            .unwrap_err()
            .code,
        ErrorCode::InvalidArguments
    );
    till.close().await;
}

/// A machine whose clock is off.
pub(crate) struct WrongClock {
    pub(crate) off_ms: std::sync::atomic::AtomicI64,
}

impl paydesk_desk::ports::Clock for WrongClock {
    fn now(&self) -> paydesk_domain::Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let off = self.off_ms.load(std::sync::atomic::Ordering::Relaxed);
        paydesk_domain::Timestamp(i64::try_from(since.as_millis()).unwrap() + off)
    }

    fn sleep(&self, wait: std::time::Duration) -> paydesk_desk::ports::BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(wait))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_minutes_off_is_shown_and_charges_nothing_more() {
    let clock = std::sync::Arc::new(WrongClock { off_ms: 0.into() });
    let options = HostOptions {
        data: Some(folder("clock")),
        resolve: true,
        clock: Some(std::sync::Arc::<WrongClock>::clone(&clock)),
        ..HostOptions::default()
    };
    let till = Till::set_up(options).await;
    clock
        .off_ms
        .store(400_000, std::sync::atomic::Ordering::Relaxed);
    let (_, code) = till.codes("00").await;
    let order = till.charge(&code, 4650).await.unwrap().order_id;
    let view = till
        .until(&order, "unknown", |v| v.state == PayState::Unknown)
        .await;
    assert_eq!(view.doubt.as_deref(), Some("unsigned_refusal"));
    let status: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
    assert!(
        status
            .clock_skew_ms
            .is_some_and(|ms| (390_000..410_000).contains(&ms)),
        "{status:?}"
    );
    let (_, code) = till.codes("00").await;
    let error = till.charge(&code, 999).await.unwrap_err();
    assert_eq!(
        (error.code, error.money),
        (ErrorCode::ClockWrong, MoneyMark::NotMoved)
    );
    clock.off_ms.store(0, std::sync::atomic::Ordering::Relaxed);
    till.until(&order, "decided", |v| {
        matches!(v.state, PayState::Reversed | PayState::Closed)
    })
    .await;
    till.close().await;
}

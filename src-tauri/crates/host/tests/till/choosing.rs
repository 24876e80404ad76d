//! Which channel is suggested for a shown code, and why: fees by contract, limits, what was measured (S18).

use crate::till::Till;
use paydesk_console::contract::*;

async fn rate(till: &Till, channel: &str, millionths: Option<u32>) {
    let change = ChangeSettings {
        rate: Some(SetRate {
            channel: channel.to_owned(),
            rate_millionths: millionths,
        }),
        ..ChangeSettings::default()
    };
    let _status: AppStatus = till.ask("change_settings", change).await.unwrap();
}

async fn choice(till: &Till, minor: i64) -> ChoiceView {
    let amount_minor = minor.to_string();
    till.ask(
        "channel_choice",
        ChoiceOf {
            currency: None,
            amount_minor,
        },
    )
    .await
    .unwrap()
}

fn of<'a>(choice: &'a ChoiceView, channel: &str) -> &'a ContenderView {
    let mut all = choice.contenders.iter();
    all.find(|it| it.channel == channel).unwrap()
}

fn suggested(choice: &ChoiceView) -> (&str, Option<BecauseView>) {
    (choice.contenders[0].channel.as_str(), choice.because)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cheaper_then_the_faster_channel_is_suggested_and_limits_are_told() {
    let till = Till::demo("choosing").await;
    let channels: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
    for channel in &channels.channels {
        rate(&till, &channel.id, None).await;
    }
    rate(&till, "alipay", Some(6_000)).await;
    rate(&till, "wechatpay", Some(3_800)).await;
    let seen = choice(&till, 500_000).await;
    assert_eq!(suggested(&seen), ("wechatpay", Some(BecauseView::Cheaper)));
    assert_eq!(of(&seen, "wechatpay").fee.as_ref().unwrap().minor, "1900");
    assert_eq!(of(&seen, "alipay").fee.as_ref().unwrap().minor, "3000");
    assert_eq!(of(&seen, "unionpay").fee, None);
    assert_eq!(of(&seen, "alipay").median_ms, None);

    // Two that cost the same: the one whose payments were measured.
    rate(&till, "wechatpay", Some(6_000)).await;
    for minor in [1_001, 1_002, 1_003, 1_004, 1_005] {
        till.paid_by_phone("wechatpay", minor).await;
    }
    let seen = choice(&till, 500_000).await;
    assert_eq!(suggested(&seen), ("wechatpay", Some(BecauseView::Faster)));
    let measured = of(&seen, "wechatpay");
    assert_eq!(measured.measured, 5);
    assert!(
        measured.median_ms.is_some_and(|ms| ms < 60_000),
        "{measured:?}"
    );

    // Too much for one, too little for another: told with the limit, and never suggested.
    let seen = choice(&till, 1_000_000_001).await;
    assert_eq!(suggested(&seen), ("alipay", Some(BecauseView::Cheaper)));
    let wechatpay = of(&seen, "wechatpay");
    assert_eq!(wechatpay.against, Some(AgainstView::TooLarge));
    assert_eq!(wechatpay.limit.as_ref().unwrap().minor, "1000000000");
    let stripe = choice(&till, 49).await;
    assert_eq!(of(&stripe, "stripe").against, Some(AgainstView::TooSmall));
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_answers_badly_stands_behind_and_is_suggested_again_when_it_is_well() {
    let till = Till::demo("choosing-health").await;
    rate(&till, "alipay", Some(1_000)).await;
    let seen = choice(&till, 500_000).await;
    assert_eq!(suggested(&seen).0, "alipay");
    till.fault("bad_signature", true).await;
    let order = till.show("alipay", 2_001).await.order_id;
    till.until(&order, "unknown", |view| view.state == PayState::Unknown)
        .await;
    let seen = choice(&till, 500_000).await;
    assert_ne!(suggested(&seen).0, "alipay", "{seen:?}");
    let alipay = of(&seen, "alipay");
    assert_eq!(alipay.doing, DoingView::Badly);
    assert_eq!(alipay.against, None, "staff may pick it anyway");
    till.fault("bad_signature", false).await;
    till.until(&order, "known", |view| view.state != PayState::Unknown)
        .await;
    assert_eq!(suggested(&choice(&till, 500_000).await).0, "alipay");
    till.close().await;
}

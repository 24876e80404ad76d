//! A shop at a BTCPay Server, end to end: coins that are seen before they are certain, too few, too many or late, and
//! refunds that the payer claims.

use crate::counter::{Street, add, keyring, open, options, shop};
use crate::till::Till;
use paydesk_console::contract::*;
use paydesk_sandbox::{Channel, Rhythm, WalletAct};
use paydesk_vault::stand_ins::StandIn;
use std::sync::Arc;

/// A chain that does not keep a test waiting; slow enough for what is not certain to be seen.
const FAST: Rhythm = Rhythm {
    password_ms: 1_000,
    late_ms: 1_000,
    after_reverse_ms: 1_000,
    refund_ms: 500,
    block_ms: 5_000,
    reverse_wait_ms: 1_000,
    silence_ms: 60_000,
    delay_ms: 45_000,
    replica_lag_ms: 0,
};
const MINUTE_MS: i64 = 60_000;

struct Corner {
    street: Street,
    till: Till,
    keyring: Arc<StandIn>,
}

impl Corner {
    async fn open(name: &str) -> Corner {
        let (street, keyring) = (Street::open_at(name, FAST).await, keyring());
        let till = shop(name, &keyring).await;
        let _account: AccountView = add(&till, street.btcpay()).await.unwrap();
        Corner {
            street,
            till,
            keyring,
        }
    }

    /// The till ends and starts again on its folder.
    async fn restarted(self) -> Corner {
        let folder = self.till.folder.clone();
        self.till.close_keeping_folder().await;
        let till = open(options(&folder, &self.keyring)).await;
        Corner { till, ..self }
    }

    /// A code with every way to pay; the answer to a create names none yet.
    async fn shown(&self, minor: i64) -> (String, CoinsView) {
        let order = self.till.show("btcpay", minor).await.order_id;
        let ready = |view: &PaymentView| view.coins.as_ref().is_some_and(|it| !it.ways.is_empty());
        let view = self.till.until(&order, "shown", ready).await;
        assert_eq!(view.state, PayState::ShowingQr);
        assert!(view.qr.unwrap().expires_at > view.now);
        (order, view.coins.unwrap())
    }

    fn send(&self, way: &CoinWayView, sats: Option<i64>) {
        let act = WalletAct::Send {
            sats,
            is_replaceable: false,
            is_stuck: false,
        };
        let screen = self.street.sandbox.wallet(&way.text, act).unwrap();
        assert_eq!(screen.state, "sent", "{screen:?}");
    }

    async fn until(&self, order: &str, state: PayState) -> PaymentView {
        let what = format!("{state:?}");
        self.till
            .until(order, &what, |view| view.state == state)
            .await
    }

    async fn dialog(&self, order: &str) -> RefundDialog {
        let named = PrepareRefund {
            order_id: order.to_owned(),
            reference: None,
        };
        self.till.ask("prepare_refund", named).await.unwrap()
    }

    async fn refund(
        &self,
        dialog: &RefundDialog,
        minor: &str,
        rate: RateView,
    ) -> Result<RefundView, CommandError> {
        let request = RequestRefund {
            currency: None,
            refund_intent: dialog.refund_intent.clone(),
            order_id: dialog.order_id.clone(),
            reference: None,
            amount_minor: minor.to_owned(),
            reason: "goods_returned".to_owned(),
            note: String::new(),
            in_cash: false,
            rate: Some(rate),
        };
        self.till.ask("request_refund", request).await
    }

    /// The payer claims what is offered, and it is followed to its payout.
    async fn claimed(&self, order: &str, refund: &str, unit: &str) {
        let offered = |view: &RefundView| view.offer.is_some();
        let view = self
            .till
            .until_refund(order, refund, "offered", offered)
            .await;
        let offer = view.offer.unwrap();
        assert_eq!(
            (offer.stage, offer.unit.as_str()),
            (OfferStageView::Unclaimed, unit)
        );
        assert_eq!(view.state, RefundStateView::Accepted);
        assert!(offer.svg.contains("<svg") && offer.link.contains("/pull-payments/"));
        let claim = WalletAct::Claim {
            by_lightning: false,
        };
        let screen = self.street.sandbox.wallet(&offer.link, claim).unwrap();
        assert_eq!(screen.state, "claimed", "{screen:?}");
        let done = |view: &RefundView| view.state == RefundStateView::Done;
        let done = self.till.until_refund(order, refund, "done", done).await;
        assert_eq!(done.offer, None, "nobody can claim it again");
    }

    /// What the server's own books say came and went back.
    fn moved(&self) -> Vec<(i64, i64)> {
        let truth = self.street.sandbox.truth().unwrap();
        let coins = truth.trades.iter();
        let coins = coins.filter(|trade| trade.channel == Channel::Btcpay);
        coins
            .map(|trade| (trade.charged.get(), trade.returned.get()))
            .collect()
    }

    async fn close(self) {
        self.till.close().await;
        self.street.close().await;
    }
}

/// Satoshi of a decimal number of coins.
fn sats(coins: &str) -> i64 {
    let (whole, parts) = coins.split_once('.').unwrap_or((coins, ""));
    format!("{whole}{parts:0<8}").parse().unwrap()
}

fn minor(money: &Option<MoneyView>) -> i64 {
    money.as_ref().unwrap().minor.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn coins_are_seen_then_certain_and_go_back_as_many_as_came() {
    let corner = Corner::open("btc-chain").await;
    let (order, coins) = corner.shown(8_800).await;
    let methods: Vec<&str> = coins.ways.iter().map(|way| way.method.as_str()).collect();
    assert_eq!(methods, ["BTC-CHAIN", "BTC-LN"]);
    let way = &coins.ways[0];
    assert!(way.text.contains(&way.due) && way.svg.contains("<svg"));
    // No block comes for as long as the server's clock stands.
    let sandbox = &corner.street.sandbox;
    sandbox.set_time(Some(sandbox.now_ms()));
    corner.send(way, None);
    let seen = corner.until(&order, PayState::Confirming).await;
    sandbox.set_time(None);
    let confirmations = seen.coins.unwrap().confirmations.unwrap();
    assert_eq!(confirmations.needed, 1);
    // Nobody takes back what a chain has seen, and it is no paid order yet.
    assert!(!seen.can_cancel && seen.paid_at.is_none());
    let paid = corner.until(&order, PayState::Paid).await;
    let came = paid.coins.unwrap().came;
    assert_eq!(came.len(), 1);
    assert_eq!(
        (sats(&came[0].amount), came[0].rate.as_str()),
        (sats(&way.due), way.rate.as_str())
    );
    assert!(came[0].source.starts_with("http://127.0.0.1:"));

    let dialog = corner.dialog(&order).await;
    let all = [RateView::Amount, RateView::Now, RateView::Then];
    assert_eq!(dialog.rates, all);
    // A part goes back at no rate but its sum: nothing is begun.
    for rate in [RateView::Now, RateView::Then] {
        let refused = corner.refund(&dialog, "100", rate).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidArguments);
    }
    assert!(corner.till.detail(&order).await.refunds.is_empty());
    let refund = corner.refund(&dialog, "8800", RateView::Then).await;
    let refund = refund.unwrap().refund_id;
    // The same wish at another rate is another wish.
    let other = corner.refund(&dialog, "8800", RateView::Now).await;
    assert_eq!(other.unwrap_err().code, ErrorCode::IntentReused);
    corner.claimed(&order, &refund, "BTC").await;
    let detail = corner.till.detail(&order).await;
    assert_eq!(detail.row.status, StatusView::Refunded);
    let moved = corner.moved();
    assert!(
        matches!(moved[..], [(8_800, back)] if (8_799..=8_801).contains(&back)),
        "{moved:?}"
    );
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lightning_is_paid_at_once_and_a_part_goes_back_as_a_sum() {
    let corner = Corner::open("btc-lightning").await;
    let (order, coins) = corner.shown(5_000).await;
    let way = coins.ways.iter().find(|way| way.method == "BTC-LN");
    corner.send(way.unwrap(), None);
    corner.until(&order, PayState::Paid).await;
    let dialog = corner.dialog(&order).await;
    let refund = corner.refund(&dialog, "1200", RateView::Amount).await;
    let refund = refund.unwrap().refund_id;
    let corner = corner.restarted().await;
    corner.claimed(&order, &refund, "CNY").await;
    let detail = corner.till.detail(&order).await;
    assert_eq!(detail.row.status, StatusView::PartRefunded);
    assert_eq!(corner.moved(), [(5_000, 1_200)]);
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_coins_wait_for_a_person_over_a_restart_and_go_back_at_the_rate_of_their_choice() {
    let corner = Corner::open("btc-late").await;
    let (order, coins) = corner.shown(6_600).await;
    let named = OrderId {
        order_id: order.clone(),
    };
    let _view: PaymentView = corner.till.ask("cancel_payment", named).await.unwrap();
    corner.until(&order, PayState::Closed).await;
    // An old picture of the code is still paid; the till is not there to see it.
    let folder = corner.till.folder.clone();
    corner.till.close_keeping_folder().await;
    let sent = WalletAct::PAY;
    let screen = corner.street.sandbox.wallet(&coins.ways[0].text, sent);
    assert_eq!(screen.unwrap().state, "sent");
    let till = open(options(&folder, &corner.keyring)).await;
    let corner = Corner { till, ..corner };
    let named = OrderId {
        order_id: order.clone(),
    };
    let _view: PaymentView = corner.till.ask("check_now", named).await.unwrap();
    let late = corner.until(&order, PayState::PaidLate).await;
    assert_eq!(minor(&late.coins.unwrap().received), 6_600);
    let detail = corner.till.detail(&order).await;
    assert!(detail.late_undecided && detail.row.attention);
    assert_eq!(detail.late_rates.len(), 3);
    let decide = DecideLate {
        order_id: order.clone(),
        decision: LateDecision::Return,
        reason: "顾客已用别的方式付款".to_owned(),
        rate: Some(RateView::Now),
    };
    let decided: OrderDetail = corner.till.ask("decide_late", decide).await.unwrap();
    let refund = decided.refunds[0].refund_id.clone();
    assert!(decided.refunds[0].late_return && !decided.late_undecided);
    corner.claimed(&order, &refund, "BTC").await;
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_shrinks_what_is_due_over_a_restart_and_alone_it_is_short() {
    let corner = Corner::open("btc-part").await;
    let (order, coins) = corner.shown(4_000).await;
    let due = sats(&coins.ways[0].due);
    corner.send(&coins.ways[0], Some(due / 2));
    let less = |view: &PaymentView| view.coins.as_ref().is_some_and(|it| it.received.is_some());
    let view = corner.till.until(&order, "a part came", less).await;
    assert_eq!(view.state, PayState::ShowingQr);
    let now = view.coins.unwrap();
    assert_eq!(sats(&now.ways[0].due), due - due / 2);
    assert!((1_999..=2_000).contains(&minor(&now.received)));
    assert_ne!(
        view.qr.unwrap().text,
        coins.ways[0].text,
        "a code for the rest"
    );
    let corner = corner.restarted().await;
    let view = corner.till.view(&order).await;
    assert_eq!(view.coins, Some(now), "what came is known after a restart");
    // The rest never comes: the server's time passes the end of the invoice, and its chain goes on.
    let ahead = corner.street.sandbox.now_ms() + 16 * MINUTE_MS;
    corner.street.sandbox.set_time(Some(ahead));
    let short = corner.until(&order, PayState::PaidShort).await;
    let came = minor(&short.coins.unwrap().received);
    assert!((1_999..=2_000).contains(&came), "{came}");
    corner.street.sandbox.set_time(None);
    // All that came goes back, and no more.
    let decide = DecideLate {
        order_id: order.clone(),
        decision: LateDecision::Return,
        reason: "余款未到".to_owned(),
        rate: None,
    };
    let decided: OrderDetail = corner.till.ask("decide_late", decide).await.unwrap();
    assert_eq!(decided.refunds[0].amount.minor, came.to_string());
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_coins_are_kept_by_a_person_and_the_difference_goes_back() {
    let corner = Corner::open("btc-over").await;
    let (order, coins) = corner.shown(3_000).await;
    corner.send(&coins.ways[0], Some(sats(&coins.ways[0].due) * 2));
    let over = corner.until(&order, PayState::PaidOver).await;
    let came = minor(&over.coins.unwrap().received);
    assert!((5_999..=6_001).contains(&came), "{came}");
    let decide = DecideLate {
        order_id: order.clone(),
        decision: LateDecision::Accept,
        reason: "交货".to_owned(),
        rate: None,
    };
    let kept: OrderDetail = corner.till.ask("decide_late", decide).await.unwrap();
    assert!(!kept.late_undecided);
    let dialog = corner.dialog(&order).await;
    assert_eq!(dialog.refundable.minor, came.to_string());
    let rest = (came - 3_000).to_string();
    let refund = corner.refund(&dialog, &rest, RateView::Amount).await;
    corner
        .claimed(&order, &refund.unwrap().refund_id, "CNY")
        .await;
    assert_eq!(corner.moved()[0].1, came - 3_000);
    corner.close().await;
}

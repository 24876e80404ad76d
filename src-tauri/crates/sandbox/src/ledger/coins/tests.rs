//! The states of an invoice, driven by payments and by the clock alone.

use serde_json::json;

use super::*;
use crate::ledger::{RefundState, Rhythm};

const EXPIRES_MS: i64 = 900_000;
const MONITORED_MS: i64 = 2_000_000;

fn invoice(price: i64) -> Invoice {
    let currency = unit::known("USD").expect("dollars");
    let rate = Rate::usual(currency).expect("a rate");
    let sats = rate.sats(Fen::new(price), currency).expect("it fits");
    Invoice {
        id: "one".to_owned(),
        store_id: "store".to_owned(),
        currency,
        price: Fen::new(price),
        is_top_up: false,
        rate,
        sats,
        terms: InvoiceTerms {
            metadata: json!({ "orderId": "O1" }),
            search_terms: Vec::new(),
            speed: SpeedPolicy::MediumSpeed,
            tolerance_millionths: 0,
            default_method: None,
            is_lazy: false,
            checkout: json!({}),
            receipt: json!({}),
        },
        created_ms: 0,
        expires_ms: EXPIRES_MS,
        monitored_ms: MONITORED_MS,
        status: InvoiceStatus::New,
        extra: InvoiceExtra::None,
        is_archived: false,
        methods: Vec::new(),
        payments: Vec::new(),
    }
}

fn coins(id: &str, sats: i64, at_ms: i64, confirms_ms: Option<i64>) -> CoinPayment {
    CoinPayment {
        id: id.to_owned(),
        method: CoinMethod::Chain,
        destination: "here".to_owned(),
        sats,
        received_ms: at_ms,
        confirms_ms,
        ended_ms: None,
        is_replaceable: true,
        state: CoinState::Processing,
    }
}

fn pay(
    invoice: &mut Invoice,
    sats: i64,
    at_ms: i64,
    confirms_ms: Option<i64>,
) -> Vec<&'static str> {
    let id = format!("p{}", invoice.payments.len());
    names(&invoice.receive(coins(&id, sats, at_ms, confirms_ms), at_ms))
}

fn names(told: &[What]) -> Vec<&'static str> {
    told.iter().map(What::name).collect()
}

#[track_caller]
fn stands(invoice: &Invoice, status: InvoiceStatus, extra: InvoiceExtra) {
    assert_eq!((invoice.status, invoice.extra), (status, extra));
}

#[test]
fn an_exact_payment_is_processing_until_its_block_and_settled_then() {
    let mut invoice = invoice(500);
    let asked = invoice.sats;
    let told = pay(&mut invoice, asked, 1_000, Some(60_000));
    assert_eq!(told, ["InvoiceReceivedPayment", "InvoiceProcessing"]);
    stands(&invoice, InvoiceStatus::Processing, InvoiceExtra::None);
    assert_eq!(invoice.next_ms(), Some(60_000));
    let told = names(&invoice.live(60_000));
    assert_eq!(told, ["InvoicePaymentSettled", "InvoiceSettled"]);
    stands(&invoice, InvoiceStatus::Settled, InvoiceExtra::None);
    assert_eq!(invoice.next_ms(), None);
}

#[test]
fn too_little_waits_and_the_rest_in_time_settles() {
    let mut invoice = invoice(500);
    assert_eq!(
        pay(&mut invoice, 1_000, 1_000, Some(60_000)),
        ["InvoiceReceivedPayment"]
    );
    stands(&invoice, InvoiceStatus::New, InvoiceExtra::PaidPartial);
    assert_eq!(invoice.due_sats(), invoice.sats - 1_000);
    assert_eq!(names(&invoice.live(60_000)), ["InvoicePaymentSettled"]);
    stands(&invoice, InvoiceStatus::New, InvoiceExtra::PaidPartial);
    let rest = invoice.due_sats();
    pay(&mut invoice, rest, 70_000, Some(70_000));
    stands(&invoice, InvoiceStatus::Settled, InvoiceExtra::None);
}

#[test]
fn too_little_expires_partly_paid_and_the_rest_is_late_then() {
    let mut invoice = invoice(500);
    pay(&mut invoice, 1_000, 1_000, Some(60_000));
    invoice.live(60_000);
    let told = names(&invoice.live(EXPIRES_MS));
    assert_eq!(told, ["InvoiceExpired", "InvoiceExpiredPaidPartial"]);
    stands(&invoice, InvoiceStatus::Expired, InvoiceExtra::PaidPartial);
    let rest = invoice.due_sats();
    let told = pay(&mut invoice, rest, EXPIRES_MS + 1, None);
    assert_eq!(
        told,
        ["InvoiceReceivedPayment", "InvoicePaidAfterExpiration"]
    );
    stands(&invoice, InvoiceStatus::Expired, InvoiceExtra::PaidLate);
    invoice.live(MONITORED_MS);
    stands(&invoice, InvoiceStatus::Expired, InvoiceExtra::PaidLate);
}

#[test]
fn nothing_expires_and_a_whole_late_payment_stays_expired() {
    let mut invoice = invoice(500);
    assert_eq!(names(&invoice.live(EXPIRES_MS)), ["InvoiceExpired"]);
    stands(&invoice, InvoiceStatus::Expired, InvoiceExtra::None);
    assert!(!invoice.is_refundable());
    let asked = invoice.sats;
    pay(&mut invoice, asked, EXPIRES_MS, Some(EXPIRES_MS));
    stands(&invoice, InvoiceStatus::Expired, InvoiceExtra::PaidLate);
    assert!(invoice.is_refundable());
    assert_eq!(
        names(&invoice.mark(InvoiceStatus::Settled)),
        ["InvoiceSettled"]
    );
    stands(&invoice, InvoiceStatus::Settled, InvoiceExtra::Marked);
}

#[test]
fn too_much_is_told_before_and_after_it_settles() {
    let mut invoice = invoice(500);
    let asked = invoice.sats;
    pay(&mut invoice, asked + 5, 1_000, Some(60_000));
    stands(&invoice, InvoiceStatus::Processing, InvoiceExtra::PaidOver);
    invoice.live(60_000);
    stands(&invoice, InvoiceStatus::Settled, InvoiceExtra::PaidOver);
}

#[test]
fn a_replaced_transaction_takes_the_payment_back() {
    let mut one = invoice(500);
    let asked = one.sats;
    pay(&mut one, asked, 1_000, Some(60_000));
    one.replace("p0", None, 2_000);
    stands(&one, InvoiceStatus::New, InvoiceExtra::None);
    assert_eq!(one.paid_sats(), 0);

    let mut less = invoice(500);
    let asked = less.sats;
    pay(&mut less, asked, 1_000, Some(60_000));
    less.replace("p0", Some(coins("p1", 1_000, 2_000, None)), 2_000);
    stands(&less, InvoiceStatus::New, InvoiceExtra::PaidPartial);

    let mut late = invoice(500);
    let asked = late.sats;
    pay(&mut late, asked, 1_000, None);
    let told = names(&late.replace("p0", None, EXPIRES_MS + 5));
    assert_eq!(told, ["InvoiceExpired"]);
    stands(&late, InvoiceStatus::Expired, InvoiceExtra::None);
}

#[test]
fn what_never_confirms_is_invalid_when_nobody_watches_any_more() {
    let mut invoice = invoice(500);
    let asked = invoice.sats;
    pay(&mut invoice, asked, 1_000, None);
    assert_eq!(invoice.next_ms(), Some(MONITORED_MS));
    assert_eq!(names(&invoice.live(MONITORED_MS)), ["InvoiceInvalid"]);
    stands(&invoice, InvoiceStatus::Invalid, InvoiceExtra::None);
    assert_eq!(invoice.markable(), [InvoiceStatus::Settled]);
}

#[test]
fn a_tolerance_covers_what_is_missing() {
    let mut invoice = invoice(500);
    invoice.terms.tolerance_millionths = 20_000;
    let enough = invoice.sats - invoice.sats / 50;
    pay(&mut invoice, enough, 1_000, Some(1_000));
    stands(&invoice, InvoiceStatus::Settled, InvoiceExtra::None);
}

#[test]
fn the_first_payment_fixes_a_top_up() {
    let mut invoice = invoice(0);
    invoice.is_top_up = true;
    assert!(invoice.live(1).is_empty());
    pay(&mut invoice, 7_765, 1_000, Some(60_000));
    stands(&invoice, InvoiceStatus::Processing, InvoiceExtra::None);
    assert_eq!((invoice.sats, invoice.price), (7_765, Fen::new(500)));
}

#[test]
fn what_can_be_marked_follows_the_table() {
    use InvoiceStatus::{Expired, Invalid, New, Processing, Settled};
    for (status, is_marked, markable) in [
        (New, false, vec![Settled, Invalid]),
        (Processing, false, vec![Settled, Invalid]),
        (Expired, false, vec![Settled, Invalid]),
        (Invalid, false, vec![Settled]),
        (Settled, false, vec![]),
        (Settled, true, vec![Invalid]),
        (Invalid, true, vec![Settled]),
    ] {
        let mut invoice = invoice(500);
        invoice.status = status;
        if is_marked {
            invoice.extra = InvoiceExtra::Marked;
        }
        assert_eq!(invoice.markable(), markable, "{status:?} {is_marked}");
    }
}

#[test]
fn a_payout_waits_for_money_and_never_takes_more_than_there_is() {
    let pace = PayoutPace {
        owner_ms: 3_000,
        block_ms: 60_000,
    };
    let mut payout = CoinPayout {
        id: "out".to_owned(),
        store_id: "store".to_owned(),
        pull_id: "pull".to_owned(),
        method: CoinMethod::Chain,
        destination: "there".to_owned(),
        amount: Fen::new(1_000),
        sats: None,
        state: PayoutState::AwaitingApproval,
        revision: 0,
        created_ms: 0,
        ended_ms: None,
        next_ms: Some(3_000),
        owner: RefundState::Success,
    };
    assert!(payout.live(None, 5_000, 3_000, pace).is_none(), "no rate");
    assert_eq!(payout.state, PayoutState::AwaitingApproval);
    payout.live(Some(1_000), 5_000, 63_000, pace);
    assert_eq!(payout.state, PayoutState::AwaitingPayment);
    payout.live(Some(1_000), 999, 66_000, pace);
    assert_eq!(
        (payout.state, payout.next_ms),
        (PayoutState::AwaitingPayment, Some(132_000))
    );
    payout.live(Some(1_000), 1_000, 132_000, pace);
    assert_eq!(
        (payout.state, payout.next_ms),
        (PayoutState::InProgress, Some(180_000))
    );
    payout.live(None, 0, 180_000, pace);
    assert_eq!(
        (payout.state, payout.ended_ms),
        (PayoutState::Completed, Some(180_000))
    );
}

#[test]
fn balances_follow_what_came_and_what_left() {
    let mut ledger = Ledger::in_memory(Rhythm::default());
    let mut invoice = invoice(500);
    let told = invoice.receive(coins("p0", 9_000, 1_000, Some(60_000)), 1_000);
    ledger
        .keep_invoice(invoice, told, 1_000)
        .expect("in memory");
    ledger.settle(60_000).expect("in memory");
    let kept = ledger.coins().invoice("one").expect("kept");
    stands(kept, InvoiceStatus::Settled, InvoiceExtra::PaidOver);
    let balances = ledger.balances(Channel::Btcpay, Currency::BTC);
    assert_eq!(
        (balances.merchant, balances.spent),
        (Fen::new(9_000), Fen::new(9_000))
    );
    assert!(balances.is_balanced);
    assert_eq!(balances.currency, Currency::BTC);
    let mut replaced = kept.clone();
    replaced.replace("p0", None, 61_000);
    ledger
        .keep_invoice(replaced, Vec::new(), 61_000)
        .expect("in memory");
    let balances = ledger.balances(Channel::Btcpay, Currency::BTC);
    assert_eq!(balances.merchant, Fen::ZERO);
    assert!(balances.is_balanced);
}

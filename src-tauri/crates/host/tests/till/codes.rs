//! Every documented code and every fault of the sandbox, met once by the whole stack: what the till shows
//! says in both languages whether money moved and what to do, never the words for a code nobody knows.

#[path = "../../../channels/tests/connectors/documented.rs"]
mod documented;

use crate::counter::*;
use crate::till::Till;
use paydesk_channels::{CodeMeaning, MoneyMoved, NextAction};
use paydesk_console::contract::*;
use paydesk_sandbox::{
    BILL_FAULTS, Behaviour, Channel, FAULTS, Fault, FaultKind, NamedAnswer, PhoneAct, Scope,
};
use paydesk_texts::{Language, has, text};
use std::collections::{BTreeMap, BTreeSet};

const FALLBACKS: [&str; 3] = ["code_other", "doubt_other", "refund_why_other"];

/// What was shown, and what it was shown for.
#[derive(Default)]
struct Shown(BTreeMap<String, (MoneyMoved, NextAction, String)>);

impl Shown {
    /// Holds a shown text against what it stands for: there in both languages, and for one meaning only.
    fn take(&mut self, key: &str, meaning: &CodeMeaning) {
        assert!(!FALLBACKS.contains(&key), "{}: {key}", meaning.code);
        for language in [Language::Chinese, Language::English] {
            assert!(
                has(language, key),
                "{}: no {key} in {language:?}",
                meaning.code
            );
            let said = text(language, key, &[]);
            let now = (meaning.money, meaning.next, meaning.code.to_owned());
            let before = self.0.entry(said.clone()).or_insert_with(|| now.clone());
            assert_eq!(
                (before.0, before.1),
                (now.0, now.1),
                "{} and {} share “{said}”",
                before.2,
                meaning.code
            );
        }
        let [chinese, english] = [Language::Chinese, Language::English].map(|l| text(l, key, &[]));
        assert_ne!(chinese, english, "{key} is not translated");
    }
}

fn advice(next: NextAction) -> &'static str {
    match next {
        NextAction::AskPayer => "ask_payer",
        NextAction::FixSetup => "fix_setup",
        NextAction::GiveUp => "give_up",
        NextAction::TryAgain => "try_again",
        NextAction::AskLater | NextAction::Nothing | NextAction::Query | NextAction::Wait => {
            "no refusal"
        }
    }
}

/// Status, code and the issuer's code. The type of an error follows from its status; a code that is a type of its own
/// is told by no other.
fn stripe_says(code: &str, meaning: &CodeMeaning) -> (u16, String, Option<String>) {
    let status = match (code, meaning.text) {
        ("idempotency_key_in_use" | "lock_timeout", _) => 409,
        (_, "code_channel_fault" | "code_reader_timeout") => 500,
        (_, "code_api_key") => 401,
        (_, "code_permission") => 403,
        (_, "code_too_many_calls") => 429,
        ("resource_missing", _) => 404,
        (_, text) if text.starts_with("code_card") => 402,
        _ => 400,
    };
    (status, code.to_owned(), None)
}

/// The answer in which the channel would say this code.
fn said(channel: Channel, code: &str, meaning: &CodeMeaning, scope: Scope) -> NamedAnswer {
    let (status, code, sub_code) = match channel {
        Channel::Wechatpay => {
            let status = match meaning.next {
                NextAction::Wait => 202,
                NextAction::Query if meaning.text == "code_channel_fault" => 500,
                _ => 403,
            };
            let status = if code.contains("LIMIT") && status == 500 {
                429
            } else {
                status
            };
            (status, code.to_owned(), None)
        }
        Channel::Stripe => stripe_says(code, meaning),
        Channel::Unionpay => (200, code.to_owned(), None),
        Channel::Btcpay => (422, code.to_owned(), None),
        Channel::Alipay if code.bytes().all(|b| b.is_ascii_digit()) => (200, code.to_owned(), None),
        Channel::Alipay => {
            let gateway = match code {
                code if code.contains("unknow-error") => "20000",
                code if code.starts_with("isv.missing") => "40001",
                code if code.starts_with("isv.") => "40002",
                _ => "40004",
            };
            let is_bare = code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
            let sub = if is_bare {
                format!("ACQ.{code}")
            } else {
                code.to_owned()
            };
            (200, gateway.to_owned(), Some(sub))
        }
    };
    NamedAnswer {
        channel,
        scope,
        status,
        code,
        sub_code,
    }
}

struct Counter {
    street: Street,
    till: Till,
    accounts: BTreeMap<&'static str, String>,
    next_minor: i64,
    shown: Shown,
}

impl Counter {
    async fn open(name: &str) -> Counter {
        let (street, keyring) = (Street::open(name).await, keyring());
        let till = shop(name, &keyring).await;
        let drafts = [
            (Channel::Alipay, street.alipay()),
            (Channel::Stripe, street.stripe()),
            (Channel::Unionpay, street.unionpay()),
            (Channel::Wechatpay, street.wechatpay()),
        ];
        let mut accounts = BTreeMap::new();
        for (channel, draft) in drafts {
            accounts.insert(channel.id(), add(&till, draft).await.unwrap().id);
        }
        Counter {
            street,
            till,
            accounts,
            next_minor: 1_000,
            shown: Shown::default(),
        }
    }

    async fn charge(&mut self, channel: Channel, behaviour: Behaviour) -> String {
        // No two alike: the same amount again would be asked about.
        self.next_minor += 1;
        if channel == Channel::Stripe {
            return self.till.show(channel.id(), self.next_minor).await.order_id;
        }
        let code = code_of(channel, behaviour);
        let view = self.till.charge(&code, self.next_minor).await.unwrap();
        view.order_id
    }

    /// A charge that is answered with the code.
    async fn on_a_charge(&mut self, channel: Channel, code: &str, meaning: &CodeMeaning) {
        let what = format!("{} {code}", channel.id());
        self.street
            .sandbox
            .say_next(said(channel, code, meaning, Scope::Pay));
        let order = self.charge(channel, Behaviour::Pays).await;
        let view = self
            .till
            .until(&order, &what, |view| view.state != PayState::Waiting)
            .await;
        let key = match meaning.next {
            NextAction::Wait => {
                assert_eq!(view.state, PayState::CustomerPaying, "{what}");
                "stage_customer_paying".to_owned()
            }
            NextAction::Query => {
                assert_eq!(view.state, PayState::Unknown, "{what}: {view:#?}");
                assert_eq!(meaning.money, MoneyMoved::Unknown, "{what}");
                view.doubt_text.unwrap()
            }
            next => {
                assert_eq!(view.state, PayState::Failed, "{what}: {view:#?}");
                assert_eq!(meaning.money, MoneyMoved::No, "{what}");
                let failure = view.failure.unwrap();
                assert_eq!(failure.code, meaning.code, "{what}");
                assert_eq!(failure.advice, advice(next), "{what}");
                failure.text
            }
        };
        assert_eq!(key, meaning.text, "{what}");
        self.shown.take(&key, meaning);
        if meaning.money == MoneyMoved::No {
            let ledger = self.street.sandbox.ledger().unwrap();
            let of_order = |number: &str| number.starts_with(order.as_str());
            let charged = ledger.trades.iter().any(|t| of_order(&t.key.out_trade_no));
            assert!(!charged, "{what}: money moved");
            let payment = self.till.detail(&order).await.payment;
            let shown = payment.failure.map(|failure| failure.text);
            assert_eq!(
                shown.as_deref(),
                Some(meaning.text),
                "{what}: the order's view"
            );
        }
    }

    /// A refund that is answered with the code.
    async fn on_a_refund(&mut self, channel: Channel, code: &str, meaning: &CodeMeaning) {
        let what = format!("{} {code}", channel.id());
        let order = self.charge(channel, Behaviour::Pays).await;
        if channel == Channel::Stripe {
            let shown = |view: &PaymentView| view.qr.is_some();
            let qr = self.till.until(&order, "shown", shown).await.qr.unwrap();
            let paid = self.street.sandbox.phone(&qr.text, PhoneAct::Pay);
            assert_eq!(paid.unwrap().state, "paid");
        }
        let paid = |view: &PaymentView| view.state == PayState::Paid;
        self.till.until(&order, "paid", paid).await;
        let asked = OrderId {
            order_id: order.clone(),
        };
        let dialog: RefundDialog = self.till.ask("prepare_refund", asked).await.unwrap();
        self.street
            .sandbox
            .say_next(said(channel, code, meaning, Scope::Refund));
        let request = RequestRefund {
            currency: None,
            refund_intent: dialog.refund_intent,
            order_id: order.clone(),
            reference: None,
            amount_minor: "100".to_owned(),
            reason: "goods_returned".to_owned(),
            note: String::new(),
            in_cash: false,
            rate: None,
        };
        let refund: RefundView = self.till.ask("request_refund", request).await.unwrap();
        let refund = self
            .till
            .until_refund(&order, &refund.refund_id, &what, |refund| {
                refund
                    .why
                    .as_deref()
                    .is_some_and(|why| !matches!(why, "interrupted" | "refusal_unconfirmed"))
            })
            .await;
        assert!(
            matches!(
                refund.state,
                RefundStateView::Failed | RefundStateView::WaitingForBalance
            ),
            "{what}: {refund:#?}"
        );
        assert_eq!(refund.why.as_deref(), Some(meaning.code), "{what}");
        let key = refund.why_text.unwrap();
        assert_eq!(key, meaning.text, "{what}");
        self.shown.take(&key, meaning);
    }

    /// A bill that is answered for with the code.
    async fn on_a_bill(&mut self, channel: Channel, code: &str, meaning: &CodeMeaning) {
        let what = format!("{} {code}", channel.id());
        self.street
            .sandbox
            .say_next(said(channel, code, meaning, Scope::Bill));
        let of = DaysOf { account_id: None };
        let days: DayList = self.till.ask("reconcile_days", of).await.unwrap();
        let day = DayOf {
            account_id: self.accounts[channel.id()].clone(),
            // Of an older day UnionPay's code for "no file" would say that there will never be one.
            day: days.days[1].day.clone(),
        };
        let refused = self.till.ask::<_, BillPreview>("fetch_bill", day).await;
        let error = refused.unwrap_err();
        let (wanted, key) = match meaning.next {
            NextAction::AskLater => (ErrorCode::BillNotYet, "error_bill_not_yet"),
            NextAction::Nothing => (ErrorCode::BillEmpty, "error_bill_empty"),
            NextAction::GiveUp => (ErrorCode::BillTooEarly, "error_bill_too_early"),
            NextAction::TryAgain => (ErrorCode::BillBusy, "error_bill_busy"),
            _ => (ErrorCode::BillRefused, "error_bill_refused"),
        };
        assert_eq!(
            (error.code, error.money),
            (wanted, MoneyMark::NotMoved),
            "{what}"
        );
        if let Some(named) = error.params.get("code") {
            assert_eq!(named, meaning.code, "{what}");
        }
        self.shown.take(key, meaning);
        for language in [Language::Chinese, Language::English] {
            assert!(has(language, meaning.text), "{what}: {}", meaning.text);
        }
    }

    async fn meet(&mut self, channel: Channel, codes: &BTreeSet<String>) {
        let mut met = 0;
        for code in codes {
            // These say that the call went well: a customer says them.
            if matches!(code.as_str(), "00" | "10000" | "10003" | "A6") {
                continue;
            }
            let meaning = paydesk_desk::meaning(channel.id(), code).unwrap();
            met += 1;
            if meaning.again.is_none() {
                self.on_a_bill(channel, code, meaning).await;
            } else if meaning.text.starts_with("code_refund")
                || meaning.text == "code_merchant_funds"
            {
                self.on_a_refund(channel, code, meaning).await;
            } else {
                self.on_a_charge(channel, code, meaning).await;
            }
        }
        assert!(
            met >= if channel == Channel::Unionpay { 30 } else { 38 },
            "{met}"
        );
    }

    async fn close(self) {
        self.till.close().await;
        self.street.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_code_of_alipay_is_told_in_its_own_words() {
    let Some(reference) = documented::protocol("alipay.md") else {
        return;
    };
    let mut counter = Counter::open("codes-alipay").await;
    counter
        .meet(Channel::Alipay, &documented::alipay(&reference))
        .await;
    let typing = counter
        .charge(Channel::Alipay, Behaviour::PaysAfterPassword)
        .await;
    counter
        .till
        .until(&typing, "asked for a password", |view| {
            view.state == PayState::CustomerPaying
        })
        .await;
    charge_paid(&counter.till, Channel::Alipay, 987).await;
    counter.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_code_of_wechat_pay_is_told_in_its_own_words() {
    let Some(reference) = documented::protocol("wechatpay.md") else {
        return;
    };
    let mut counter = Counter::open("codes-wechatpay").await;
    counter
        .meet(Channel::Wechatpay, &documented::wechatpay(&reference))
        .await;
    // The same word on a refund is about the merchant's own balance.
    let funds = paydesk_desk::meaning("wechatpay", "REFUND_NOT_ENOUGH").unwrap();
    counter
        .on_a_refund(Channel::Wechatpay, "NOT_ENOUGH", funds)
        .await;
    counter.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_code_of_unionpay_is_told_in_its_own_words() {
    let Some(reference) = documented::protocol("unionpay.md") else {
        return;
    };
    let mut counter = Counter::open("codes-unionpay").await;
    counter
        .meet(Channel::Unionpay, &documented::unionpay(&reference))
        .await;
    charge_paid(&counter.till, Channel::Unionpay, 987).await;
    counter.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_code_of_stripe_is_told_in_its_own_words() {
    let Some(reference) = documented::protocol("stripe.md") else {
        return;
    };
    let mut counter = Counter::open("codes-stripe").await;
    // Why a refund that went through failed later is no answer to a call: the sandbox's own refunds say it.
    let said: BTreeSet<String> = documented::stripe(&reference)
        .into_iter()
        .filter(|code| !code.starts_with("refund."))
        .collect();
    counter.meet(Channel::Stripe, &said).await;
    counter.close().await;
}

/// What the screen says of a fault that strikes a charge.
fn fault_text(kind: FaultKind, channel: Channel) -> Option<&'static str> {
    match kind {
        // A query decides before the late answer's deadline.
        FaultKind::AnswerTwice | FaultKind::Delay => None,
        FaultKind::StaleTime if channel == Channel::Alipay => None,
        FaultKind::BadSignature | FaultKind::StaleTime | FaultKind::UnknownKey => {
            Some("doubt_unauthenticated")
        }
        FaultKind::ReplyLost | FaultKind::RequestLost | FaultKind::Truncated => {
            Some("doubt_no_reply")
        }
        // What went over the wire before was about another order.
        FaultKind::ForeignAnswer | FaultKind::ForeignMerchant | FaultKind::Replayed => {
            Some("doubt_mismatch")
        }
        FaultKind::Garbage => Some("doubt_unreadable"),
        FaultKind::ServerError | FaultKind::ServerErrorAfter | FaultKind::ServerErrorBefore => {
            Some("doubt_server_fault")
        }
        FaultKind::SystemError => Some("code_channel_fault"),
        FaultKind::RateLimited | FaultKind::UnsignedRefusal => Some("doubt_unsigned_refusal"),
        _ => panic!("{kind:?} has no row"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_sandbox_is_told_in_its_own_words() {
    let mut counter = Counter::open("fault-texts").await;
    for channel in [Channel::Alipay, Channel::Wechatpay] {
        charge_paid(&counter.till, channel, 700).await;
        for kind in FAULTS {
            counter.street.sandbox.set_fault(Fault {
                scope: Scope::Pay,
                channel: Some(channel),
                remaining: Some(1),
                ..Fault::always(*kind)
            });
            let order = counter.charge(channel, Behaviour::Pays).await;
            let what = format!("{kind:?} at {}", channel.id());
            let view = counter
                .till
                .until(&order, &what, |view| {
                    view.state == PayState::Paid
                        || (view.state == PayState::Unknown
                            && view.doubt.as_deref() != Some("interrupted"))
                })
                .await;
            let wanted = fault_text(*kind, channel);
            assert_eq!(view.doubt_text.as_deref(), wanted, "{what}: {view:#?}");
            for language in [Language::Chinese, Language::English] {
                assert!(wanted.is_none_or(|key| has(language, key)), "{what}");
            }
        }
    }
    counter.close().await;
}

/// What the screen says of a fault that strikes a bill.
fn bill_fault_code(kind: FaultKind, channel: Channel) -> ErrorCode {
    match kind {
        // Alipay's digest is the one inside its archive.
        FaultKind::BillDigestWrong if channel == Channel::Alipay => ErrorCode::BillArchive,
        FaultKind::BillDigestWrong => ErrorCode::BillDigest,
        FaultKind::BillLinkExpired | FaultKind::BillNotAllowed => ErrorCode::BillRefused,
        FaultKind::BillNotReady => ErrorCode::BillNotYet,
        FaultKind::BillTotalsWrong => ErrorCode::BillTotals,
        FaultKind::BillTruncated => ErrorCode::BillTruncated,
        FaultKind::BillWrongDay => ErrorCode::BillWrongDay,
        _ => panic!("{kind:?} has no row"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bill_fault_of_the_sandbox_is_told_and_nothing_is_kept() {
    let counter = Counter::open("bill-faults").await;
    let channels = [Channel::Alipay, Channel::Wechatpay];
    for channel in channels {
        charge_paid(&counter.till, channel, 700).await;
    }
    let day = counter.street.sandbox.end_day().unwrap().ended;
    for channel in channels {
        let of = DayOf {
            account_id: counter.accounts[channel.id()].clone(),
            day: day.clone(),
        };
        for kind in BILL_FAULTS {
            counter.street.sandbox.set_fault(Fault {
                channel: Some(channel),
                remaining: Some(1),
                ..Fault::always(*kind)
            });
            let what = format!("{kind:?} at {}", channel.id());
            let fetched = counter.till.ask::<_, BillPreview>("fetch_bill", of.clone());
            let error = fetched.await.expect_err(&what);
            let seen = (error.code, error.money);
            let wanted = bill_fault_code(*kind, channel);
            assert_eq!(seen, (wanted, MoneyMark::NotMoved), "{what}");
            let code = serde_json::to_value(error.code).unwrap();
            let key = format!("error_{}", code.as_str().unwrap());
            for language in [Language::Chinese, Language::English] {
                assert!(has(language, &key), "{what}: no {key} in {language:?}");
            }
            let kept = counter
                .till
                .ask::<_, ReconciledDay>("reconciled_day", of.clone());
            assert_eq!(kept.await.unwrap_err().code, ErrorCode::BillEmpty, "{what}");
        }
        let whole: BillPreview = counter.till.ask("fetch_bill", of).await.unwrap();
        assert_eq!(whole.day, day);
    }
    counter.close().await;
}

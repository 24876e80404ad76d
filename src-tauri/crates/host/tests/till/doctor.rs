//! The connection test, red line by line: each with the mistake that people really make.

use crate::counter::*;
use crate::till::Till;
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_console::contract::*;
use paydesk_sandbox::{
    Channel, EndedBy, Fault, FaultKind, Fen, NamedAnswer, PhoneAct, Scope, State,
};
use paydesk_texts::Language;
use std::{path::Path, time::Duration};

struct Ward {
    till: Till,
    street: Street,
}

impl Ward {
    async fn open(name: &str) -> Ward {
        Ward {
            street: Street::open(name).await,
            till: shop(name, &keyring()).await,
        }
    }

    async fn test(&self, draft: AccountDraft) -> AccountTest {
        let subject = TestSubject::Draft(draft);
        let asked = self.till.ask("test_account", TestAccount { subject });
        let tested: AccountTest = asked.await.unwrap();
        assert_eq!(tested.lines.len(), 10);
        for line in &tested.lines {
            for language in [Language::Chinese, Language::English] {
                let params = line.params.iter();
                let params: Vec<_> = params.map(|(n, v)| (n.as_str(), v.as_str())).collect();
                let words = paydesk_texts::text(language, &line.text, &params);
                assert!(words != line.text && !words.contains('{'), "{}", line.text);
                // What is wrong, whether money is affected, what to do: in this order.
                let (money, end) = match language {
                    Language::Chinese => ("没有动钱", '。'),
                    Language::English => ("No money moved", '.'),
                };
                let is_red = line.state == TestState::Failed;
                let place = words.find(money);
                assert!(!is_red || place.is_some_and(|at| at > 0), "{words}");
                assert!(!is_red || words.matches(end).count() >= 3, "{words}");
            }
        }
        tested
    }

    /// This line is red with this text, those before it are not, and nothing can pass.
    async fn red(&self, draft: AccountDraft, name: TestLineName, text: &str) -> TestLine {
        let tested = self.test(draft).await;
        assert!(!tested.passed, "{tested:#?}");
        let failed = tested.lines.iter().find(|l| l.state == TestState::Failed);
        let failed = failed.unwrap().clone();
        assert_eq!(
            (failed.line, failed.text.as_str()),
            (name, text),
            "{tested:#?}"
        );
        failed
    }

    async fn problem(&self, draft: AccountDraft, field: &str) -> String {
        let check = CheckAccount {
            draft: draft.clone(),
            account_id: None,
        };
        let checked: AccountCheck = self.till.ask("check_account", check).await.unwrap();
        assert!(!checked.ready);
        let line = checked.fields.iter().find(|line| line.field == field);
        let problem = line.unwrap().problem.clone().unwrap();
        let refused = add(&self.till, draft).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::AccountFieldWrong);
        problem
    }

    async fn close(self) {
        self.till.close().await;
        self.street.close().await;
    }
}

fn other_key() -> String {
    let key = paydesk_signing::generate_private_key(&mut rand::rngs::OsRng, 2048).unwrap();
    key.expose().clone()
}

fn public_of(private: &str) -> String {
    let key = paydesk_signing::PrivateKey::read(private.as_bytes()).unwrap();
    key.public().unwrap().to_base64()
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_that_are_seen_before_anything_is_sent() {
    use TestLineName::{Fields, KeyPair};
    let ward = Ward::open("doctor-fields").await;
    let (alipay, wechatpay) = (ward.street.alipay(), ward.street.wechatpay());
    let other = other_key();
    // Public where private.
    let theirs = ward.street.merchant.alipay.gateway_public_key_pem.clone();
    let draft = with(alipay.clone(), "private_key", &theirs);
    let line = ward.red(draft.clone(), Fields, "doctor_fields_wrong").await;
    assert_eq!(line.field.as_deref(), Some("private_key"));
    assert_eq!(
        ward.problem(draft, "private_key").await,
        "check_public_where_private"
    );
    // The pair does not belong together.
    let draft = with(alipay.clone(), "app_public_key", &public_of(&other));
    assert_eq!(
        ward.problem(draft.clone(), "app_public_key").await,
        "check_wrong_pair"
    );
    let tested = ward.test(draft).await;
    let pair = tested
        .lines
        .iter()
        .find(|line| line.line == KeyPair)
        .unwrap();
    assert_eq!(
        (pair.state, pair.text.as_str()),
        (TestState::Failed, "doctor_key_pair_wrong")
    );
    // A certificate of another merchant.
    let own = &ward.street.merchant.wechatpay.merchant_certificate_pem;
    let certified = with(wechatpay.clone(), "merchant_certificate", own);
    let draft = with(certified.clone(), "mchid", "1900009999");
    let found = ward.problem(draft.clone(), "merchant_certificate").await;
    assert_eq!(found, "check_foreign_certificate");
    ward.red(draft, Fields, "doctor_fields_wrong").await;
    let tested = ward.test(certified).await;
    assert!(tested.passed, "{tested:#?}");
    // Certificate mode is green with its own key, and red with another's.
    let given = &ward.street.merchant.alipay_certificate;
    let mut right = alipay.clone();
    right.fields = pasted(&[
        ("app_id", &given.app_id),
        ("private_key", &given.app_private_key_pem),
        ("app_cert", &given.app_certificate_pem),
        ("alipay_cert", &given.alipay_certificate_pem),
        ("alipay_root_cert", &given.alipay_root_certificate_pem),
    ]);
    let foreign = &ward.street.merchant.alipay.app_private_key_pem;
    let draft = with(right.clone(), "private_key", foreign);
    assert_eq!(ward.problem(draft, "app_cert").await, "check_wrong_pair");
    let tested = ward.test(right).await;
    assert!(tested.passed, "{tested:#?}");
    // Something is missing.
    let draft = with(wechatpay, "mchid", "");
    assert_eq!(ward.problem(draft, "mchid").await, "check_missing");
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_key_form_is_converted_and_works() {
    let ward = Ward::open("doctor-pkcs1").await;
    // PKCS#8 of a 2048-bit key is 26 bytes of heading and the PKCS#1 key.
    let pem = &ward.street.merchant.alipay.app_private_key_pem;
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).unwrap();
    let pkcs1 = STANDARD.encode(&der[26..]);
    let draft = with(ward.street.alipay(), "private_key", &pkcs1);
    let check = CheckAccount {
        draft: draft.clone(),
        account_id: None,
    };
    let checked: AccountCheck = ward.till.ask("check_account", check).await.unwrap();
    let line = checked
        .fields
        .iter()
        .find(|l| l.field == "private_key")
        .unwrap();
    assert!(
        checked.ready && line.form.as_deref() == Some("pkcs1"),
        "{line:#?}"
    );
    assert!(
        line.notes
            .contains(&"check_converted_from_pkcs1".to_owned())
    );
    assert!(ward.test(draft.clone()).await.passed);
    add(&ward.till, draft).await.unwrap();
    charge_paid(&ward.till, paydesk_sandbox::Channel::Alipay, 600).await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_that_only_the_channel_sees() {
    use TestLineName::{Answer, Binding, Fields, Reach, Signature};
    let ward = Ward::open("doctor-channel").await;
    let (alipay, wechatpay) = (ward.street.alipay(), ward.street.wechatpay());
    let other = other_key();
    // Another key than the one the channel has: every field is fine by itself.
    for draft in [alipay.clone(), wechatpay.clone()] {
        let draft = with(draft, "private_key", &other);
        let line = ward.red(draft, Signature, "doctor_signature_key").await;
        assert!(line.evidence.is_some());
        assert_eq!(line.field.as_deref(), Some("private_key"));
    }
    // A serial the channel does not know.
    let serial = "0123456789ABCDEF0123456789ABCDEF01234567";
    let draft = with(wechatpay.clone(), "merchant_serial", serial);
    let line = ward.red(draft, Signature, "doctor_signature_serial").await;
    assert_eq!(line.field.as_deref(), Some("merchant_serial"));
    // Another merchant: the channel's code is the same, and its words name neither key nor serial.
    let draft = with(wechatpay.clone(), "mchid", "1900009999");
    ward.red(draft, Signature, "doctor_signature_refused").await;
    // Another application.
    let draft = with(alipay.clone(), "app_id", "2021009999999999");
    let line = ward.red(draft, Signature, "doctor_signature_setup").await;
    assert_eq!(line.field.as_deref(), Some("app_id"));
    // The channel's key is not the channel's.
    let draft = with(alipay.clone(), "alipay_public_key", &public_of(&other));
    let line = ward.red(draft, Answer, "doctor_answer_unbelieved").await;
    assert_eq!(line.field.as_deref(), Some("alipay_public_key"));
    let draft = with(wechatpay.clone(), "public_key", &public_of(&other));
    let line = ward.red(draft, Answer, "doctor_answer_unbelieved").await;
    assert_eq!(line.field.as_deref(), Some("public_key"));
    // appid and mchid do not belong together.
    let draft = with(wechatpay.clone(), "appid", "wx0123456789abcdef");
    let line = ward.red(draft, Binding, "doctor_binding_wrong").await;
    assert_eq!(line.field.as_deref(), Some("appid"));
    // A key that Stripe does not know, and one that may not do this.
    let stripe = ward.street.stripe();
    let unknown = format!("sk_test_{}", "0".repeat(99));
    let draft = with(stripe.clone(), "secret_key", &unknown);
    let line = ward.red(draft, Signature, "doctor_signature_unknown").await;
    assert_eq!(line.field.as_deref(), Some("secret_key"));
    assert_eq!(line.evidence.as_deref(), Some("api_key_invalid"));
    ward.street.sandbox.say_next(NamedAnswer {
        channel: Channel::Stripe,
        scope: Scope::Query,
        status: 403,
        code: "more_permissions_required".to_owned(),
        sub_code: None,
    });
    let line = ward
        .red(stripe.clone(), Signature, "doctor_signature_rights")
        .await;
    assert_eq!(line.field.as_deref(), Some("secret_key"));
    let draft = with(stripe.clone(), "secret_key", "pk_test_1");
    let line = ward.red(draft, Fields, "doctor_fields_wrong").await;
    assert_eq!(line.field.as_deref(), Some("secret_key"));
    let live = unknown.replace("sk_test_", "sk_live_");
    let draft = with(stripe, "secret_key", &live);
    assert_eq!(ward.problem(draft, "secret_key").await, "check_other_mode");
    // Nobody listens.
    let gateway = Some("http://127.0.0.1:9/gateway.do".to_owned());
    let draft = AccountDraft { gateway, ..alipay };
    let line = ward.red(draft, Reach, "doctor_reach_refused").await;
    assert_eq!(line.field.as_deref(), Some("gateway"));
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_right_to_bills_and_a_wrong_clock() {
    use TestLineName::{Bill, Clock};
    let ward = Ward::open("doctor-rights").await;
    let fault = Fault::always(FaultKind::BillNotAllowed);
    ward.street.sandbox.set_fault(fault);
    for draft in [ward.street.alipay(), ward.street.wechatpay()] {
        let line = ward.red(draft, Bill, "doctor_bill_refused").await;
        assert!(line.evidence.is_some());
    }
    ward.street.sandbox.clear_fault(FaultKind::BillNotAllowed);
    // At Stripe it is the key that lacks the right.
    ward.street.sandbox.say_next(NamedAnswer {
        channel: Channel::Stripe,
        scope: Scope::Bill,
        status: 403,
        code: "more_permissions_required".to_owned(),
        sub_code: None,
    });
    let line = ward
        .red(ward.street.stripe(), Bill, "doctor_bill_refused")
        .await;
    assert_eq!(line.evidence.as_deref(), Some("more_permissions_required"));
    let off_ms = 360_000;
    let clock = std::sync::Arc::new(crate::shop::WrongClock {
        off_ms: off_ms.into(),
    });
    let late = paydesk_host::HostOptions {
        clock: Some(clock),
        ..options(&crate::till::folder("doctor-clock"), &keyring())
    };
    let street = Street::open("doctor-clock").await;
    let till = open(late).await;
    let _status: AppStatus = till.ask("set_up", real(None)).await.unwrap();
    let wrong = Ward { till, street };
    for draft in [wrong.street.alipay(), wrong.street.wechatpay()] {
        let line = wrong.red(draft, Clock, "doctor_clock_wrong").await;
        let seconds: i64 = line.params["seconds"].parse().unwrap();
        assert!((350..370).contains(&seconds), "{seconds}");
    }
    wrong.close().await;
    ward.close().await;
}

/// Every file of a folder that holds these bytes.
fn files_with(folder: &Path, wanted: &[u8]) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, wanted));
        } else if std::fs::read(&path)
            .unwrap()
            .windows(wanted.len())
            .any(|bytes| bytes == wanted)
        {
            found.push(path);
        }
    }
    found
}

/// The test's own code for 0.01 stands outside the durable path (ADR 14): a crash between opening and closing it
/// leaves a code that nobody has, that nobody can pay, and that ends by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_the_middle_of_the_test_takes_no_money() {
    let ward = Ward::open("doctor-crash").await;
    let (street, till) = (&ward.street, &ward.till);
    for (channel, draft) in [
        (Channel::Alipay, street.alipay()),
        (Channel::Stripe, street.stripe()),
        (Channel::Unionpay, street.unionpay()),
        (Channel::Wechatpay, street.wechatpay()),
    ] {
        // The code is opened at the channel; its answer never comes.
        street.sandbox.set_fault(Fault {
            scope: Scope::Pay,
            ..Fault::always(FaultKind::Delay)
        });
        let subject = TestSubject::Draft(draft);
        let test = till.ask::<_, AccountTest>("test_account", TestAccount { subject });
        let cut = tokio::time::timeout(Duration::from_secs(4), test).await;
        assert!(cut.is_err(), "the test was still waiting");
        street.sandbox.reset_faults();
        let asked = street.sandbox.requests(0).into_iter();
        let asked: Vec<&str> = asked
            .filter(|it| it.channel == channel)
            .map(|it| it.operation)
            .collect();
        assert_eq!(asked, ["query", "create_qr"], "and nobody closed it");
    }
    let left = street.sandbox.ledger().unwrap();
    assert_eq!(left.trades.len(), 4);
    for trade in &left.trades {
        assert!(trade.charges.is_empty() && trade.state == State::Waiting);
        assert!(trade.code.len() > 20, "{}", trade.code);
        assert!(files_with(&till.folder, trade.code.as_bytes()).is_empty());
    }
    // The till's own books know nothing of it, so nothing of it is ever shown or paid.
    let recent: RecentPayments = till.ask("recent_payments", NoArgs {}).await.unwrap();
    assert!(recent.rows.is_empty() && recent.open.is_empty());
    // It ends by itself, and nothing was taken.
    // A page of Stripe lives for 35 minutes.
    let later = street.sandbox.now_ms() + 36 * 60 * 1000;
    street.sandbox.set_time(Some(later));
    let pay = |code: &str| street.sandbox.phone(code, PhoneAct::Pay);
    for trade in &left.trades {
        let _too_late = pay(&trade.code).unwrap();
    }
    let ended = street.sandbox.ledger().unwrap();
    for trade in &ended.trades {
        assert!(trade.charges.is_empty(), "{trade:?}");
        assert_eq!(trade.state, State::Ended(EndedBy::Timeout), "{trade:?}");
    }
    let spent: Vec<_> = ended
        .balances
        .iter()
        .map(|it| (it.spent, it.is_balanced))
        .collect();
    let channels = paydesk_sandbox::Channel::ALL.len();
    assert_eq!(spent, vec![(Fen::new(0), true); channels]);
    ward.close().await;
}

//! Stripe: what is sent, and in which order; each request is held against the channel's own document.

use crate::{
    documented::protocol,
    openapi::Document,
    shop::{NOW, form, header, reference},
    stripe_shop::*,
};
use paydesk_channels::{Channel, Exchange, Operation, Target, Tender, WireRequest, stripe};
use paydesk_domain::{ChannelRef, Currency, End, Memo, NotSent, Timestamp};
use paydesk_signing::{AccountKeys, Forged, KeyError, Peer, Secret};
use std::collections::BTreeMap;

const HOUR: i64 = 3_600_000;

/// Parameters of the query or of the form, decoded by a reader of its own.
pub(crate) fn pairs(request: &WireRequest) -> Vec<(String, String)> {
    let text = match request.method {
        "GET" => request.url.split_once('?').map_or("", |(_, query)| query),
        _ => std::str::from_utf8(&request.body).unwrap(),
    };
    if text.is_empty() {
        return Vec::new();
    }
    form(text)
}

fn value(request: &WireRequest, name: &str) -> Option<String> {
    let found = pairs(request).into_iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value)
}

fn document() -> Option<Document> {
    protocol("stripe-openapi-trimmed.json").map(|text| Document::read(&text))
}

/// Every request, with a name.
fn requests(account: &Account) -> Vec<(&'static str, WireRequest)> {
    let connector = &stripe::CONNECTOR;
    let (cx, later) = (account.cx(), account.cx_at(Timestamp(NOW.0 + 23 * HOUR)));
    let told = |memo: &str, told: &str| Target {
        told: Some(Memo(told.to_owned())),
        ..target(Some(memo))
    };
    let asked = |of: Target| {
        connector
            .encode(&paydesk_channels::Query { of }, &cx)
            .unwrap()
    };
    let ended = |of: Target| {
        let how = End::Close;
        connector
            .encode(&paydesk_channels::Finish { of, how }, &cx)
            .unwrap()
    };
    let mut process = create(at_reader());
    process.memo = Some(Memo(AT_READER_MADE.to_owned()));
    let mut one = query_refund();
    one.refund.channel_ref = Some(ChannelRef("re_1".to_owned()));
    let mut paid = target(None);
    paid.channel_ref = Some(ChannelRef("pi_1".to_owned()));
    vec![
        (
            "show",
            connector.encode(&create(Tender::ShowCode), &cx).unwrap(),
        ),
        (
            "prepare",
            connector.encode(&create(at_reader()), &cx).unwrap(),
        ),
        ("read card", connector.encode(&process, &cx).unwrap()),
        ("ask page", asked(target(Some(SHOWN_MADE)))),
        ("ask intent", asked(target(Some(AT_READER_MADE)))),
        ("ask reader", asked(told(AT_READER_MADE, "idle"))),
        ("ask paid", asked(paid)),
        ("same key", asked(target(Some(SHOWN)))),
        ("same key of a reader", asked(target(Some(AT_READER)))),
        ("pages", asked(told(SHOWN, "lost"))),
        ("more pages", asked(told(SHOWN, "after cs_test_0"))),
        ("intents", asked(target(None))),
        ("more intents", asked(told(AT_READER, "after pi_0"))),
        (
            "old page",
            connector.encode(&query(Some(SHOWN)), &later).unwrap(),
        ),
        ("expire", ended(target(Some(SHOWN_MADE)))),
        ("expired?", ended(told(SHOWN_MADE, "refused x"))),
        ("ask reader to end", ended(target(Some(AT_READER_MADE)))),
        ("stop reader", ended(told(AT_READER_MADE, "busy"))),
        ("cancel", ended(told(AT_READER_MADE, "free"))),
        ("canceled?", ended(told(AT_READER_MADE, "refused x"))),
        ("refund", connector.encode(&refund(), &cx).unwrap()),
        ("old refund", connector.encode(&refund(), &later).unwrap()),
        ("refunds", connector.encode(&query_refund(), &cx).unwrap()),
        ("one refund", connector.encode(&one, &cx).unwrap()),
    ]
}

#[test]
fn every_request_is_what_the_channels_document_allows() {
    let Some(document) = document() else {
        return;
    };
    for (name, request) in requests(&Account::test()) {
        let path = request.url.strip_prefix("https://api.stripe.com").unwrap();
        let path = path.split('?').next().unwrap();
        let wrong = document.request(request.method, path, &pairs(&request));
        assert!(wrong.is_empty(), "{name}: {wrong:?}");
        let headers = &request.headers;
        assert_eq!(
            header(&request, "Stripe-Version"),
            Some("2026-10-28.endive")
        );
        assert_eq!(
            header(&request, "Authorization"),
            Some(format!("Bearer {TEST_KEY}").as_str()),
            "{name}"
        );
        let is_form = header(&request, "Content-Type").is_some();
        assert_eq!(is_form, request.method == "POST", "{name} {headers:?}");
        if request.method == "GET" {
            assert!(request.body.is_empty(), "{name}");
        }
    }
}

#[test]
fn our_made_up_objects_are_what_the_channels_document_allows() {
    let Some(document) = document() else {
        return;
    };
    for (schema, object) in [
        ("checkout.session", session("open", "unpaid")),
        ("checkout.session", session("complete", "paid")),
        ("payment_intent", intent("succeeded")),
        ("payment_intent", intent("requires_payment_method")),
        ("charge", charge()),
        ("refund", refund_object("succeeded")),
        ("terminal.reader", reader(None)),
        ("terminal.reader", reader(Some("in_progress"))),
    ] {
        let wrong = document.object(schema, &object);
        assert!(wrong.is_empty(), "{schema}: {wrong:?}");
    }
}

/// What makes something carries a key of our reference and the operation; nothing else carries one.
#[test]
fn idempotency_keys_are_stable_and_stand_on_what_makes_something() {
    let account = Account::test();
    let keys: BTreeMap<&str, Option<String>> = requests(&account)
        .into_iter()
        .map(|(name, request)| (name, header(&request, "Idempotency-Key").map(str::to_owned)))
        .collect();
    let no = reference();
    let key = |name: &str| keys[name].as_deref();
    assert_eq!(key("show"), Some(format!("paydesk-{no}-session").as_str()));
    assert_eq!(key("same key"), key("show"));
    assert_eq!(
        key("prepare"),
        Some(format!("paydesk-{no}-intent").as_str())
    );
    assert_eq!(key("same key of a reader"), key("prepare"));
    assert_eq!(
        key("read card"),
        Some(format!("paydesk-{no}-process").as_str())
    );
    let refund = no.refund(1).unwrap();
    assert_eq!(
        key("refund"),
        Some(format!("paydesk-{refund}-refund").as_str())
    );
    let with: Vec<&str> = keys
        .iter()
        .filter(|(_, key)| key.is_some())
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(with.len(), 6, "{with:?}");
    assert!(keys.values().flatten().all(|key| key.len() <= 255));
}

#[test]
fn the_same_request_is_made_again_for_the_same_key_whatever_changed_since() {
    let account = Account::test();
    let connector = &stripe::CONNECTOR;
    let first = connector.encode(&create(Tender::ShowCode), &account.cx());
    let first = first.unwrap();
    // The shop's name has changed, and hours have passed.
    let later = account.cx_at(Timestamp(NOW.0 + 22 * HOUR));
    let again = connector.encode(&query(Some(SHOWN)), &later).unwrap();
    assert_eq!(
        (&first.body, &first.headers, &first.url),
        (&again.body, &again.headers, &again.url)
    );
    let mut renamed = create(Tender::ShowCode);
    renamed.subject = "another".to_owned();
    let renamed = connector.encode(&renamed, &account.cx()).unwrap();
    assert_eq!(renamed.body, first.body);
    let first = connector.encode(&create(at_reader()), &account.cx());
    let again = connector.encode(&query(Some(AT_READER)), &later).unwrap();
    assert_eq!(first.unwrap().body, again.body);
}

/// Nothing under an old key: it may be forgotten, and would then make a second payment or refund.
#[test]
fn what_is_older_than_its_key_is_only_looked_for() {
    let account = Account::test();
    let connector = &stripe::CONNECTOR;
    let posts = |hours: i64, memo: &str| {
        let cx = account.cx_at(Timestamp(NOW.0 + hours * HOUR));
        let asked = connector.encode(&query(Some(memo)), &cx).unwrap();
        let ended = connector.encode(&finish(Some(memo)), &cx).unwrap();
        let given = connector.encode(&refund(), &cx).unwrap();
        [asked, ended, given].map(|request| request.method)
    };
    for memo in [SHOWN, AT_READER] {
        assert_eq!(posts(22, memo), ["POST"; 3]);
        for hours in [23, 24, 1000, -23, -1000] {
            assert_eq!(posts(hours, memo), ["GET"; 3], "{hours}");
        }
    }
    let cx = account.cx_at(Timestamp(NOW.0 + 30 * HOUR));
    let looked = connector.encode(&query(Some(SHOWN)), &cx).unwrap();
    assert!(
        looked.url.contains("/v1/payment_intents?"),
        "{}",
        looked.url
    );
    let seconds = NOW.0 / 1000;
    assert_eq!(
        (
            value(&looked, "created[gte]"),
            value(&looked, "created[lte]")
        ),
        (
            Some((seconds - 300).to_string()),
            Some((seconds + 2400).to_string())
        )
    );
    assert!(!looked.url.contains("search"));
}

#[test]
fn the_page_says_what_it_is_for_and_when_it_ends() {
    let account = Account::test();
    let request = stripe::CONNECTOR
        .encode(&create(Tender::ShowCode), &account.cx())
        .unwrap();
    assert_eq!(request.operation, Operation::ShowCode);
    let number = reference();
    let expected = [
        ("mode", "payment"),
        ("client_reference_id", number.as_str()),
        ("line_items[0][quantity]", "1"),
        ("line_items[0][price_data][currency]", "usd"),
        ("line_items[0][price_data][unit_amount]", "1999"),
        ("line_items[0][price_data][product_data][name]", "门店"),
        ("metadata[paydesk_payment]", number.as_str()),
        (
            "payment_intent_data[metadata][paydesk_payment]",
            number.as_str(),
        ),
    ];
    for (name, expected) in expected {
        assert_eq!(value(&request, name).as_deref(), Some(expected), "{name}");
    }
    // Half an hour at least, whatever the till shows.
    let expires: i64 = value(&request, "expires_at").unwrap().parse().unwrap();
    assert_eq!(expires - NOW.0 / 1000, 35 * 60);
}

#[test]
fn a_currency_goes_out_in_the_channels_own_minor_unit() {
    let account = Account::test();
    let sent = |code: &str, minor| {
        let currency = Currency::from_code(code).unwrap();
        let mut call = create(Tender::ShowCode);
        call.amount = paydesk_domain::Amount::from_minor(minor, currency).unwrap();
        let request = stripe::CONNECTOR.encode(&call, &account.cx()).ok()?;
        value(&request, "line_items[0][price_data][unit_amount]")
    };
    for (code, minor, expected) in [
        ("JPY", 5000, Some("5000")),
        ("ISK", 5, Some("500")),
        ("KWD", 1230, Some("1230")),
        ("KWD", 1234, None),
        ("MGA", 500, Some("5")),
        ("UGX", 500, None),
        ("USD", 100_000_000, None),
    ] {
        assert_eq!(sent(code, minor).as_deref(), expected, "{code} {minor}");
    }
}

#[test]
fn a_key_of_the_other_mode_never_leaves() {
    for (key, sandbox, leaves) in [
        ("sk_test_1", true, true),
        ("rk_test_1", true, true),
        ("sk_live_1", false, true),
        ("rk_live_1", false, true),
        ("sk_live_1", true, false),
        ("rk_live_1", true, false),
        ("sk_test_1", false, false),
        ("rk_test_1", false, false),
        ("pk_test_1", true, false),
    ] {
        let account = Account::with_key(key, sandbox);
        let sent = stripe::CONNECTOR.encode(&create(Tender::ShowCode), &account.cx());
        match sent {
            Ok(_) => assert!(leaves, "{key} {sandbox}"),
            Err(NotSent::Unsendable { what }) => {
                assert!(!leaves, "{key} {sandbox}");
                assert_eq!(what, "secret_key");
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    let mut account = Account::test();
    account.keys = AccountKeys::builder().build();
    let without = stripe::CONNECTOR.encode(&create(Tender::ShowCode), &account.cx());
    assert!(matches!(without, Err(NotSent::Unsendable { .. })));
}

#[test]
fn an_answer_is_believed_by_the_host_it_comes_from() {
    let believed = |account: &Account, operation, peer: Peer| {
        let mut answer = ok(&session("open", "unpaid"));
        answer.peer = peer;
        let proof = stripe::CONNECTOR.authenticate(operation, answer, &account.cx());
        proof.map(|_| ()).err()
    };
    let host = |name: &str| Peer::TlsHost(name.to_owned());
    let (test, live) = (Account::test(), Account::with_key("sk_live_1", false));
    for account in [&test, &live] {
        assert_eq!(
            believed(account, Operation::Query, host("api.stripe.com")),
            None
        );
        for other in [
            host("files.stripe.com"),
            host("api.stripe.com.example"),
            Peer::Unknown,
            Peer::SandboxHere,
        ] {
            let found = believed(account, Operation::Query, other);
            assert_eq!(found, Some(Forged::WrongPeer));
        }
        assert_eq!(
            believed(account, Operation::BillFile, host("files.stripe.com")),
            None
        );
    }
    let mut here = Account::test();
    here.settings.gateway = "http://127.0.0.1:4242".to_owned();
    assert_eq!(believed(&here, Operation::Query, Peer::SandboxHere), None);
    let elsewhere = believed(&here, Operation::Query, host("api.stripe.com"));
    assert_eq!(elsewhere, Some(Forged::WrongPeer));
    // Whatever stands in its settings: a live account is never answered from here.
    let mut live = live;
    live.settings.gateway = "http://127.0.0.1:4242".to_owned();
    let forged = believed(&live, Operation::Query, Peer::SandboxHere);
    assert_eq!(forged, Some(Forged::WrongPeer));
}

#[test]
fn what_cannot_be_sent_is_not_sent() {
    let account = Account::test();
    let connector = &stripe::CONNECTOR;
    let scanned = Tender::PayerCode(Secret::new("281234567890123456".to_owned()));
    assert!(connector.encode(&create(scanned), &account.cx()).is_err());
    for reader in ["", "1", "tmr_1/cancel_action", "tmr_1?x"] {
        let tender = Tender::Reader {
            id: reader.to_owned(),
        };
        assert!(connector.encode(&create(tender), &account.cx()).is_err());
    }
    let mut unpaid = refund();
    unpaid.of.channel_ref = None;
    assert!(connector.encode(&unpaid, &account.cx()).is_err());
    let reversal = paydesk_channels::Finish {
        how: End::Reverse,
        ..finish(Some(SHOWN_MADE))
    };
    assert!(connector.encode(&reversal, &account.cx()).is_err());
}

#[test]
fn the_fields_of_an_account_are_looked_at() {
    let fields = |changes: &[(&str, &str)]| -> BTreeMap<String, String> {
        let mut all: BTreeMap<String, String> = [
            ("account", "acct_1"),
            ("secret_key", TEST_KEY),
            ("webhook_secret", SECRET),
            ("reader", "tmr_1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (name, value) in changes {
            all.insert((*name).to_owned(), (*value).to_owned());
        }
        all
    };
    let red = |changes: &[(&str, &str)]| -> Vec<&'static str> {
        let checks = stripe::CONNECTOR.check_fields(&fields(changes), true, NOW);
        let red = checks.iter().filter(|line| line.problem.is_some());
        red.map(|line| line.field).collect()
    };
    assert!(red(&[]).is_empty());
    assert!(red(&[("webhook_secret", ""), ("reader", "")]).is_empty());
    for (field, wrong) in [
        ("account", "1"),
        ("account", ""),
        ("secret_key", ""),
        ("secret_key", "pk_live_1"),
        ("secret_key", "sk_live_"),
        ("secret_key", "sk_test_1 2"),
        ("secret_key", "sk_live_1"),
        ("secret_key", "rk_live_1"),
        ("webhook_secret", "secret"),
        ("reader", "reader"),
        ("success_url", "http://shop.example"),
    ] {
        assert_eq!(red(&[(field, wrong)]), [field], "{field} {wrong}");
    }
    let keys = |changes: &[(&str, &str)]| {
        stripe::account_keys(&fields(changes), NOW)
            .map(|_| ())
            .err()
    };
    assert_eq!(keys(&[]), None);
    assert_eq!(keys(&[("webhook_secret", "")]), None);
    assert_eq!(keys(&[("secret_key", " ")]), Some(KeyError::Missing));
    assert_eq!(
        keys(&[("secret_key", "pk_test_1")]),
        Some(KeyError::Malformed)
    );
    assert_eq!(keys(&[("webhook_secret", "x")]), Some(KeyError::Malformed));
}

/// The forms that the official libraries wrote decode to what ours decode to.
#[test]
fn our_form_reads_as_the_official_libraries_forms_do() {
    let Some(vectors) = crate::stripe_notices::vectors() else {
        return;
    };
    let mut seen = 0;
    for one in vectors["form_encoding_from_sdks"].as_array().unwrap() {
        let pairs: Vec<(String, String)> = one["decoded_pairs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| {
                let text = |at: usize| pair[at].as_str().unwrap().to_owned();
                (text(0), text(1))
            })
            .collect();
        let ours = paydesk_channels::wire::form::encode(
            pairs
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        for body in [
            ours.as_str(),
            one["body_python"].as_str().unwrap(),
            one["body_node"].as_str().unwrap(),
        ] {
            let decoded = if body.is_empty() {
                Vec::new()
            } else {
                form(body)
            };
            assert_eq!(decoded, pairs, "{}", one["name"]);
            seen += 1;
        }
    }
    assert_eq!(seen, 33);
}

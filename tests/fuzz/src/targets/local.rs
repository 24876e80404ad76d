//! What comes from this machine and is foreign all the same: keys a person pastes, arguments of the window,
//! events of an old file, and texts on their way into a spreadsheet.

use crate::{
    peer::{NOW, reference},
    seeds,
};
use paydesk_console::contract;
use paydesk_domain::{
    AccountId, Amount, BusinessDay, ChannelId, ChannelRef, Currency, Evidence, Fact, Heard, Money,
    Order, OrderPlan, OrderStatus, Paid, PaymentFact, PaymentPlan, RefundPlan, TenderKind,
    Timestamp,
};
use paydesk_reports::{Heading, ListFormat, ListSetting, OrderLine, OrderList};
use paydesk_signing::{
    Authentic, Certificate, Keys as _, Peer as From, PrivateKey, PublicKey, TagKeys, WireReply,
    bundle_serial, inspect, recognise, verify_chain,
};
use paydesk_texts::Language;
use serde::{Serialize, de::DeserializeOwned};

pub(super) fn key_seeds() -> Vec<Vec<u8>> {
    seeds::key_material()
}

pub(super) fn keys(bytes: &[u8]) {
    let is_private = PrivateKey::read(bytes).is_ok();
    let public = PublicKey::read(bytes);
    assert_eq!(
        recognise(bytes).is_ok(),
        is_private || public.is_ok() || Certificate::read(bytes).is_ok()
    );
    if let Ok(key) = public {
        let again = PublicKey::read(key.to_pem().as_bytes()).expect("its own text");
        assert_eq!(again.fingerprint(), key.fingerprint());
        let again = PublicKey::read(key.to_base64().as_bytes()).expect("its own base64");
        assert_eq!(again.to_pem(), key.to_pem());
    }
    drop(inspect(bytes));
}

pub(super) fn certificate_seeds() -> Vec<Vec<u8>> {
    let mut found = seeds::key_material();
    found.retain(|bytes| Certificate::read(bytes).is_ok());
    let all = found.concat();
    found.push(all);
    found
}

pub(super) fn certificates(bytes: &[u8]) {
    let Ok(all) = Certificate::read_all(bytes) else {
        drop(bundle_serial(bytes));
        return;
    };
    drop(bundle_serial(bytes));
    for leaf in &all {
        assert!(
            verify_chain(leaf, &all, &[], NOW.0 / 1000).is_err(),
            "a chain without a root"
        );
        let serial = leaf.alipay_serial();
        assert!(serial.len() == 32 && serial.bytes().all(|byte| byte.is_ascii_hexdigit()));
        drop((leaf.common_name(), leaf.is_authority(), leaf.public_key()));
    }
}

/// Reads the arguments of one command as the console does.
type Arguments = (&'static str, fn(serde_json::Value));

fn read<T: DeserializeOwned>(value: serde_json::Value) {
    drop(serde_json::from_value::<T>(value));
}

const COMMANDS: [Arguments; 32] = [
    ("add_account", read::<contract::AddAccount>),
    ("add_note", read::<contract::AddNote>),
    ("change_account", read::<contract::ChangeAccount>),
    ("change_passphrase", read::<contract::ChangePassphrase>),
    ("check_account", read::<contract::CheckAccount>),
    ("classify_scan", read::<contract::ClassifyScan>),
    ("decide_late", read::<contract::DecideLate>),
    ("export_orders", read::<contract::ExportOrders>),
    ("export_day", read::<contract::ExportDay>),
    ("export_settled", read::<contract::ExportSettled>),
    ("export_journal", read::<contract::ExportJournal>),
    (
        "change_ledger_accounts",
        read::<contract::ChangeLedgerAccounts>,
    ),
    ("list_orders", read::<contract::ListOrders>),
    ("open_bill", read::<contract::OpenBill>),
    ("recognise_bill", read::<contract::DroppedBill>),
    ("bill_rows", read::<contract::BillRowsOf>),
    ("open_statement", read::<contract::OpenStatement>),
    ("bank_sheet", read::<contract::BankSheetOf>),
    ("import_statement", read::<contract::StatementPreviewId>),
    ("bank_lines", read::<contract::BankLinesOf>),
    ("save_bank_template", read::<contract::BankTemplate>),
    ("decide_payout", read::<contract::DecidePayout>),
    ("save_kept_file", read::<contract::SaveKeptFile>),
    ("order", read::<contract::OrderId>),
    ("receipt", read::<contract::ReceiptOf>),
    ("request_refund", read::<contract::RequestRefund>),
    ("set_fault", read::<contract::SetFault>),
    ("set_up", read::<contract::SetUp>),
    ("show_qr", read::<contract::ShowQr>),
    ("take_payment", read::<contract::TakePayment>),
    ("test_account", read::<contract::TestAccount>),
    ("unlock_keys", read::<contract::UnlockKeys>),
];

pub(super) fn command_seeds() -> Vec<Vec<u8>> {
    [
        r#"{"intentId":"0c5e","amountMinor":"8888","code":"281234567890123456","channel":null,"subject":null}"#,
        r#"{"intent_id":"0c5e","amount_minor":"8888","code":"281234567890123456","note":""}"#,
        r#"{"orderId":"T-1","amount":"8.00","reason":"other","note":"x","intentId":"1"}"#,
        r#"{"query":{"text":"茶","status":[],"channels":["alipay"],"from":20261101,"to":20261121},"after":null,"limit":50}"#,
        r#"{"account":{"channel":"alipay","sandbox":true,"gateway":null,"fields":{"app_id":"1"}},"accountId":null}"#,
        r#"{"accountId":"a","day":20261120,"name":"x.zip","file":"UEsDBA=="}"#,
        r#"{"locale":"zh-CN","mode":"demo","storeName":"店","timeZone":"Asia/Shanghai","cutoffHour":0,"pastDays":0,"passphrase":null}"#,
        r#"{"passphrase":"correct horse"}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(super) fn commands(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(bytes) else {
        return;
    };
    for (_, read) in COMMANDS {
        read(value.clone());
    }
}

/// Orders as the store keeps them: opened, in doubt, paid, refunded in part.
pub(super) fn event_seeds() -> Vec<Vec<u8>> {
    let amount = |minor| Amount::from_minor(minor, Currency::CNY).expect("an amount");
    let plan = OrderPlan {
        intent: "intent".to_owned(),
        total: amount(8888),
        day: BusinessDay(20_261_121),
        by: "收银员 1".to_owned(),
    };
    let mut order = Order::open(reference().order(), plan, NOW);
    let mut found = vec![serde_json::to_vec(&order)];
    let payment = PaymentPlan {
        account: AccountId("demo".to_owned()),
        channel: ChannelId("alipay".to_owned()),
        amount: amount(8888),
        tender: TenderKind::PayerCode,
        expires: Timestamp(NOW.0 + 120_000),
        watch_ms: 60_000,
        rate: None,
        intent: None,
    };
    let _begun = order.begin_payment(payment, NOW).expect("a payment");
    found.push(serde_json::to_vec(&order));
    let fact = Fact::Payment(PaymentFact::Paid(Paid {
        asked: amount(8888),
        received: amount(8888),
        payer_paid: None,
        channel_ref: ChannelRef("4".to_owned()),
        at: NOW,
        payer: None,
        coins: Vec::new(),
    }));
    if let Some(payment) = order.payment_mut(&reference()) {
        let _change = payment.apply(&Evidence::from_channel(fact, &proof(), Heard::Query, NOW));
    }
    found.push(serde_json::to_vec(&order));
    let refund = RefundPlan {
        intent: "back".to_owned(),
        amount: amount(800),
        reason: "other".to_owned(),
        note: "x".to_owned(),
        by: "收银员 1".to_owned(),
        in_cash: false,
        rate: paydesk_domain::RateChoice::default(),
    };
    let _reference = order
        .begin_refund(&reference(), refund, NOW)
        .expect("a refund");
    found.push(serde_json::to_vec(&order));
    found
        .into_iter()
        .map(|one| one.expect("an order is written"))
        .collect()
}

fn proof() -> Authentic {
    let keys = TagKeys::new("fuzz");
    let body = b"an answer".to_vec();
    let signature = keys.sign_as_peer(&body);
    let reply = WireReply {
        status: 200,
        headers: Vec::new(),
        body: body.clone(),
        peer: From::Unknown,
    };
    let by = keys.peer_id().expect("a name");
    Authentic::signed(reply, 0..body.len(), &body, by, &signature, &keys).expect("a proof")
}

fn same_again<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<T>(bytes) {
        let written = serde_json::to_vec(&value).expect("what was read can be written");
        let again: T = serde_json::from_slice(&written).expect("what was written can be read");
        assert_eq!(serde_json::to_vec(&again).ok(), Some(written));
    }
}

pub(super) fn events(bytes: &[u8]) {
    same_again::<Order>(bytes);
    same_again::<paydesk_domain::Payment>(bytes);
    same_again::<paydesk_domain::Refund>(bytes);
    same_again::<paydesk_domain::BillLine>(bytes);
}

pub(super) fn csv_seeds() -> Vec<Vec<u8>> {
    [
        "=1+1",
        "+1",
        "-1",
        "@x",
        "\t=1",
        "\r=1",
        "＝1",
        "a\"b",
        "a,b",
        "a\nb",
        "茶",
        "'=1",
        "0012345678901234567890",
        " =1",
        "\u{202e}x",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(super) fn csv_export(bytes: &[u8]) {
    let Ok(note) = std::str::from_utf8(bytes) else {
        return;
    };
    let zero = Money::zero(Currency::CNY);
    let line = OrderLine {
        number: "T-1".to_owned(),
        day: BusinessDay(20_261_121),
        at: NOW,
        channel: note.to_owned(),
        status: OrderStatus::Paid,
        amount: zero,
        taken: zero,
        refunded: zero,
        operator: note.to_owned(),
        note: note.to_owned(),
    };
    let setting = ListSetting {
        format: ListFormat::Csv { has_bom: true },
        language: Language::English,
        zone: jiff::tz::TimeZone::UTC,
        currency: Currency::CNY,
        heading: Heading::default(),
    };
    let mut csv = OrderList::begin(Vec::new(), setting).expect("memory");
    csv.row(&line).expect("memory");
    let (file, _) = csv.finish().expect("memory");
    let text = file.strip_prefix("\u{feff}".as_bytes()).expect("a BOM");
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(true)
        .from_reader(text);
    let row = reader
        .records()
        .next()
        .expect("a row")
        .expect("a row that is read");
    assert_eq!(row.len(), 12, "cells");
    for cell in [&row[10], &row[11]] {
        let first = cell.chars().next();
        let runs = first.is_some_and(|c| "=+-@\t\r\0＝＋－＠".contains(c));
        assert!(!runs, "a formula: {cell:?}");
    }
}

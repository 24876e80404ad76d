//! The same calls at the same times give the same bytes, in this process and in another.

use std::process::Command;

use aws_lc_rs::digest;
use paydesk_sandbox::{
    Behaviour, CUSTOMERS, Channel, FAULTS, OfflineKeys, PhoneAct, Rhythm, Rotation,
};

use crate::till::{Ask, Seen, Till, strike};

const CHANNELS: [Channel; 2] = [Channel::Alipay, Channel::Wechatpay];
/// The other process is told by this name to print and do nothing else.
const PRINTS: &str = "PAYDESK_OFFLINE_PRINTS";

/// Every customer, every fault, refunds, a phone, bills and a rotation: the digest of all answers.
fn day(seed: u64) -> String {
    let till = Till::with(seed, Rhythm::default(), &OfflineKeys::stand_in(3));
    let mut bytes = Vec::new();
    let mut note = |seen: &Seen| bytes.extend_from_slice(format!("{seen:?}\n").as_bytes());
    for channel in CHANNELS {
        for customer in CUSTOMERS {
            let number = format!("DAY{}", customer.key.replace('_', ""));
            note(&till.ask(
                channel,
                &Ask::charge(&till, channel, &number, 1234, customer.behaviour),
            ));
            till.pass(16_000);
            note(&till.ask(channel, &Ask::query(&number)));
            note(&till.ask(
                channel,
                &Ask::refund(&number, &format!("{number}R"), 34, 1234),
            ));
            note(&till.ask(channel, &Ask::end(&number)));
        }
        for (at, kind) in FAULTS.iter().enumerate() {
            let number = format!("FAULT{at}");
            let charge = Ask::charge(&till, channel, &number, 500, Behaviour::Pays);
            note(&till.ask_struck(channel, &charge, strike(*kind, at % 2 == 0)));
        }
        let shown = till.ask(
            channel,
            &Ask::ShowQr {
                number: "SHOWN1".into(),
                fen: 77,
            },
        );
        note(&shown);
        let (_, shown) = shown.trusted();
        let name = ["qr_code", "code_url"]
            .into_iter()
            .find(|name| shown[*name].is_string());
        let qr = shown[name.unwrap()].as_str().unwrap();
        till.sandbox.phone(qr, PhoneAct::Pay, till.now()).unwrap();
        note(&till.ask(channel, &Ask::query("SHOWN1")));
    }
    let rotated = till.sandbox.rotate(Rotation::PublicKey).unwrap();
    let truth = till.sandbox.truth(till.now()).unwrap();
    assert!(truth.balances.iter().all(|balances| balances.is_balanced));
    let log = serde_json::to_string(&till.sandbox.requests(0)).unwrap();
    let truth = serde_json::to_string(&truth).unwrap();
    bytes.extend_from_slice(format!("{rotated:?}{truth}{log}").as_bytes());
    let digest = digest::digest(&digest::SHA256, &bytes);
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// All that a till sends and gets, byte for byte, for a handful of calls.
#[test]
fn trade_numbers_nonces_and_signatures_come_from_the_seed() {
    let raw = |seed| {
        let till = Till::with(seed, Rhythm::default(), &OfflineKeys::stand_in(3));
        let target = "/v3/certificates";
        let authorization = till.authorization("GET", target, "");
        let headers = [
            ("Accept", "application/json"),
            ("User-Agent", "till"),
            ("Authorization", authorization.as_str()),
        ];
        let pending = till.deliver("GET", target, &headers, "", None);
        till.sandbox.finish(pending, till.now())
    };
    assert_eq!(raw(1), raw(1));
    assert_ne!(raw(1), raw(2), "nonces are drawn from the seed");
}

#[test]
#[allow(clippy::print_stdout, reason = "the other process tells its digest")]
fn a_day_has_one_history_in_every_process() {
    if std::env::var_os(PRINTS).is_some() {
        println!("history={}=", day(11));
        return;
    }
    let here = day(11);
    assert_eq!(here, day(11));
    assert_ne!(here, day(12));
    let own = std::env::current_exe().unwrap();
    let name = "history::a_day_has_one_history_in_every_process";
    let output = Command::new(own)
        .args(["--exact", name, "--nocapture"])
        .env(PRINTS, "1")
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let there = told
        .split("history=")
        .nth(1)
        .and_then(|rest| rest.split('=').next());
    assert_eq!(there, Some(here.as_str()), "{told}");
}

#[test]
fn keys_of_one_seed_are_the_same_and_of_another_are_not() {
    let issued = |seed| serde_json::to_string(OfflineKeys::stand_in(seed).merchant()).unwrap();
    assert_eq!(issued(1), issued(1));
    assert_ne!(issued(1), issued(2));
    let merchant = OfflineKeys::stand_in(1);
    let merchant = merchant.merchant();
    let mut keys = vec![
        &merchant.alipay.app_private_key_pem,
        &merchant.alipay.gateway_public_key_pem,
        &merchant.alipay_certificate.app_private_key_pem,
        &merchant.wechatpay.merchant_private_key_pem,
        &merchant.wechatpay.public_key_pem,
        &merchant.wechatpay.platform_certificate_pem,
    ];
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 6, "each direction has a key of its own");
}

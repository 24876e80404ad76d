//! The ledger as an auditor reads it: plain JSON, every movement, no type of the sandbox.

use paydesk_sandbox::{Behaviour, Channel};
use serde_json::{Value, json};

use crate::till::{Ask, MORNING_MS, Till};

#[test]
fn every_movement_is_told_with_its_time_number_and_state() {
    let till = Till::open(1);
    let channel = Channel::Wechatpay;
    let charge = Ask::charge(&till, channel, "TRUE0001", 1000, Behaviour::Pays);
    till.ask(channel, &charge).trusted();
    till.pass(1_000);
    till.ask(channel, &Ask::refund("TRUE0001", "TRUE0001R1", 300, 1000))
        .trusted();
    till.pass(1_000);
    let charge = Ask::charge(&till, channel, "TRUE0002", 500, Behaviour::Pays);
    till.ask(channel, &charge).trusted();
    till.pass(20_000);
    till.ask(channel, &Ask::end("TRUE0002")).trusted();
    let truth = till.sandbox.truth(till.now()).unwrap();
    let told: Value = serde_json::from_str(&serde_json::to_string(&truth).unwrap()).unwrap();
    assert_eq!(told["at_ms"], MORNING_MS + 22_000);
    let [first, second] = [&told["trades"][0], &told["trades"][1]];
    assert_eq!(
        first["movements"],
        json!([
            {
                "kind": "charge", "number": "", "channel_number": "", "amount": 1000,
                "accepted_ms": MORNING_MS, "settled_ms": MORNING_MS, "state": "success",
            },
            {
                "kind": "refund", "number": "TRUE0001R1",
                "channel_number": first["movements"][1]["channel_number"], "amount": 300,
                "accepted_ms": MORNING_MS + 1_000, "settled_ms": MORNING_MS + 4_000,
                "state": "success",
            },
        ])
    );
    assert_eq!(first["merchant"], till.sandbox.merchant().wechatpay.mchid);
    for (field, value) in [
        ("channel", json!("wechatpay")),
        ("out_trade_no", json!("TRUE0001")),
        ("kind", json!("code")),
        ("currency", json!("CNY")),
        ("asked", json!(1000)),
        ("state", json!("paid")),
        ("charged", json!(1000)),
        ("returned", json!(300)),
        ("in_transit", json!(0)),
        ("kept", json!(700)),
    ] {
        assert_eq!(first[field], value, "{field}");
    }
    assert_eq!(second["movements"][1]["kind"], "reversal");
    assert_eq!(second["movements"][1]["amount"], 500);
    assert_eq!(second["kept"], 0);
    let balances = told["balances"].as_array().unwrap();
    assert!(
        balances
            .iter()
            .all(|balances| balances["is_balanced"] == true)
    );
}

//! The committed description and the listener say the same.

use crate::shop::{Call, Shop};
use paydesk_inbound::{CODES, LIMITS_TOLD, NEXT_STEPS, OPENAPI, ROUTES};
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn every_route_is_described_and_nothing_else() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            described.insert((method.as_str(), path.as_str()));
        }
    }
    assert_eq!(described, ROUTES.iter().copied().collect());
}

#[test]
fn next_steps_and_limits_are_those_of_the_program() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let next = document.pointer("/components/schemas/Error/properties/error/properties/next/enum");
    let next: Vec<&str> = next
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    assert_eq!(next, NEXT_STEPS);
    for (at, value) in LIMITS_TOLD {
        assert_eq!(document.pointer(at), Some(&Value::from(*value)), "{at}");
    }
    assert!(CODES.is_sorted(), "codes stand in their order");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_served_to_anybody_on_this_machine() {
    let shop = Shop::demo("described").await;
    let answer = shop.send(&Call::get("/openapi.json"), &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, serde_json::from_str::<Value>(OPENAPI).unwrap());
    shop.close().await;
}

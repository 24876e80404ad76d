//! The small readers: JSON, forms, codes, numbers, amounts, links.

use crate::{
    peer::{Peer, reference},
    seeds,
};
use paydesk_channels::{
    by_payment_code,
    wire::{form as pairs, json as strict, link},
};
use paydesk_domain::{Currency, MerchantRef, Money, OrderNumber};

pub(super) fn json_seeds() -> Vec<Vec<u8>> {
    let mut found = seeds::texts(
        &seeds::vectors("alipay"),
        &["response_body", "response_signed_content"],
    );
    found.extend(seeds::texts(
        &seeds::vectors("wechatpay"),
        &["response_body", "body", "plaintext"],
    ));
    found.push(
        br#"{"a":[1,-0.5,1e-9,true,false,null,"\ud83e\uddfe\u00e9\/"],"b":{"c":{}}}"#.to_vec(),
    );
    found
}

/// Numbers aside, whose text is kept as it stands.
fn alike(ours: &strict::Json, theirs: &serde_json::Value) -> bool {
    use serde_json::Value;
    use strict::Json;
    match (ours, theirs) {
        (Json::Null, Value::Null) | (Json::Number(_), Value::Number(_)) => true,
        (Json::Bool(one), Value::Bool(other)) => one == other,
        (Json::Text(one), Value::String(other)) => one == other,
        (Json::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        (Json::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|it| alike(value, it)))
        }
        _ => false,
    }
}

pub(super) fn json(bytes: &[u8]) {
    let Ok(ours) = strict::Json::read(bytes) else {
        assert!(
            strict::members(bytes).is_err(),
            "members of what is no JSON"
        );
        return;
    };
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(theirs) => assert!(alike(&ours, &theirs), "read differently"),
        // The one thing it refuses and we keep as text.
        Err(error) => assert!(error.to_string().contains("out of range"), "{error}"),
    }
    if let Ok(members) = strict::members(bytes) {
        for (name, place, value) in members {
            let again = strict::Json::read(&bytes[place]).expect("a value is JSON by itself");
            assert_eq!(again, value);
            assert_eq!(ours.get(&name), Some(&value));
        }
    }
}

pub(super) fn form_seeds() -> Vec<Vec<u8>> {
    let mut found = seeds::texts(&seeds::vectors("alipay"), &["body", "request_body", "form"]);
    found.push(b"a=1&b=%E4%B8%AD+x&c=".to_vec());
    found
}

pub(super) fn form(bytes: &[u8]) {
    let Some(read) = pairs::decode(bytes) else {
        return;
    };
    let texts: Option<Vec<(String, String)>> = read
        .iter()
        .map(|(name, value)| {
            Some((
                String::from_utf8(name.clone()).ok()?,
                String::from_utf8(value.clone()).ok()?,
            ))
        })
        .collect();
    if let Some(texts) = texts {
        let written = pairs::encode(
            texts
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        assert_eq!(pairs::decode(written.as_bytes()), Some(read), "{written}");
    }
}

pub(super) fn code_seeds() -> Vec<Vec<u8>> {
    let ours = reference();
    [
        "281234567890123456",
        "130123456789012345",
        "6220485073630469936",
        "fp0123456789abcdef0123456789abcdef0",
        ours.as_str(),
        ours.order().as_str(),
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(super) fn codes(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Some(channel) = by_payment_code(text) {
        assert!(text.bytes().all(|byte| byte.is_ascii_digit()) && (16..=24).contains(&text.len()));
        let others = paydesk_channels::all()
            .iter()
            .filter(|other| other.profile().id != channel.profile().id);
        for other in others {
            assert!(
                !other.profile().codes.iter().any(|form| form.matches(text)),
                "two channels"
            );
        }
    }
    if let Ok(number) = OrderNumber::parse(text) {
        assert_eq!(number.as_str(), text);
    }
    if let Ok(reference) = MerchantRef::parse(text) {
        assert_eq!(reference.as_str(), text);
        assert!(text.starts_with(reference.order().as_str()));
    }
}

pub(super) fn amount_seeds() -> Vec<Vec<u8>> {
    [
        "88.88",
        "0.01",
        "-3.00",
        "100000000.00",
        "92233720368547758.07",
        "1",
        "0.1",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(super) fn amounts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for currency in Currency::all() {
        if let Ok(money) = Money::parse(text, currency) {
            let canonical = money.to_decimal();
            assert_eq!(Money::parse(&canonical, currency), Ok(money), "{canonical}");
        }
    }
    if let Some(fine) = paydesk_channels::wire::table::fine(text) {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        assert!(!digits.is_empty());
        assert_eq!(
            fine < 0,
            text.starts_with('-') && digits.bytes().any(|byte| byte != b'0')
        );
    }
}

pub(super) fn link_seeds() -> Vec<Vec<u8>> {
    [
        "https://api.mch.weixin.qq.com/v3/billdownload/file?token=abc",
        "http://dwbillcenter.alipay.com/downloadBillFile.resource?bizType=X&userId=1",
        "https://openapi.alipay.com/gateway.do",
        "https://[::1]:80/x",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(super) fn links(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for channel in paydesk_channels::all() {
        let profile = channel.profile();
        let account = Peer::of(profile.id).settings;
        if let Some(url) = link::fetchable(text, &account, profile) {
            let rest = url
                .strip_prefix("https://")
                .or_else(|| url.strip_prefix("http://"));
            let host = rest.and_then(|rest| rest.split(['/', ':', '?', '#']).next());
            assert!(
                host.is_some_and(|host| profile.hosts.contains(&host)),
                "{url}"
            );
        }
    }
}

//! `compared SEED ORDERS FOLDER`: writes the days of a seed, and prints as JSON what the product's parsers and engine
//! say of them, for whoever works it out another way.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it serves a check and stops at the first surprise"
)]

#[path = "../tests/product/mod.rs"]
mod product;

use paydesk_domain::{Currency, Totals};
use paydesk_truth::{Asked, Channel, Exception, write};
use serde_json::{Map, Value, json};
use std::path::Path;

fn totals(of: &Totals) -> Value {
    json!({
        "payments": of.payments,
        "paid": of.paid.minor(),
        "refunds": of.refunds,
        "refunded": of.refunded.minor(),
        "fee": of.fee.minor(),
    })
}

/// How many of each code, and what they come to.
fn codes(of: &[Exception]) -> Value {
    let mut codes = Map::new();
    for it in of {
        let entry = codes.entry(it.code.clone()).or_insert(json!([0, 0]));
        let [count, sum] = [0, 1].map(|n| entry.get(n).and_then(Value::as_i64).unwrap());
        *entry = json!([count + 1, sum + it.amount.unwrap_or(0)]);
    }
    Value::Object(codes)
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [seed, orders, folder] = words.as_slice() else {
        eprintln!("usage: compared SEED ORDERS FOLDER");
        std::process::exit(64);
    };
    let asked = Asked {
        orders: orders.parse().unwrap(),
        ..Asked::of(seed.parse().unwrap())
    };
    let written = write(&asked, Path::new(folder)).unwrap();
    let mut said = Map::new();
    for channel in [Channel::Alipay, Channel::Wechatpay] {
        let it = product::compared(&written, channel);
        let day = json!({
            "matched": it.summary.matched,
            "additions": it.additions,
            "bill": totals(&it.summary.bill_in(Currency::CNY)),
            "books": totals(&it.summary.books_in(Currency::CNY)),
            "differences": codes(&it.found),
            "audited": codes(&it.audited),
        });
        said.insert(channel.name().to_owned(), day);
    }
    println!("{}", json!({ "day": written.day, "said": said }));
}

//! Prints how long a million orders take to become CSV or XLSX, the disk left out:
//! `cargo run --release -p paydesk-reports --example million_orders [orders] [xlsx]`.
#![allow(clippy::print_stdout, reason = "it prints its one figure")]
#![allow(clippy::disallowed_methods, reason = "it measures")]

use jiff::tz::TimeZone;
use paydesk_domain::{BusinessDay, Currency, Mode, Money, OrderNumber, OrderStatus, Timestamp};
use paydesk_reports::{Heading, ListFormat, ListSetting, OrderLine, OrderList};
use paydesk_texts::Language;
use std::{error::Error, io, time::Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let orders: u32 = match std::env::args().nth(1) {
        Some(word) => word.parse()?,
        None => 1_000_000,
    };
    let zone = TimeZone::get("Asia/Shanghai")?;
    let day = BusinessDay(20_261_121);
    let begun = Instant::now();
    let setting = ListSetting {
        format: match std::env::args().nth(2) {
            Some(word) if word == "xlsx" => ListFormat::Xlsx,
            _ => ListFormat::Csv { has_bom: true },
        },
        language: Language::Chinese,
        zone,
        currency: Currency::CNY,
        heading: Heading::default(),
    };
    let mut list = OrderList::begin(io::sink(), setting)?;
    for n in 0..orders {
        let number = OrderNumber::compose(Mode::Demo, "7K2M", 0, day, n).ok_or("no number")?;
        let amount = Money::from_minor(100 + i64::from(n % 9_000), Currency::CNY);
        list.row(&OrderLine {
            number: number.into(),
            day,
            at: Timestamp(1_795_190_400_000 + i64::from(n) * 80),
            channel: "alipay".to_owned(),
            status: OrderStatus::Paid,
            amount,
            taken: amount,
            refunded: Money::zero(Currency::CNY),
            operator: "收银员 1".to_owned(),
            note: "蛋糕，不要糖".to_owned(),
        })?;
    }
    let (_, exported) = list.finish()?;
    let took = begun.elapsed();
    println!("{} orders in {} ms", exported.rows, took.as_millis());
    Ok(())
}

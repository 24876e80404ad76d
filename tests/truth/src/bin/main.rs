//! `paydesk-truth SEED ORDERS FOLDER`: writes the days of a seed and the list of what is wrong with them.

use paydesk_truth::{Asked, write};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [seed, orders, folder] = words.as_slice() else {
        eprintln!("usage: paydesk-truth SEED ORDERS FOLDER");
        return ExitCode::from(64);
    };
    let (Ok(seed), Ok(orders)) = (seed.parse(), orders.parse()) else {
        eprintln!("paydesk-truth: seed and orders are whole numbers");
        return ExitCode::from(64);
    };
    let asked = Asked {
        orders,
        ..Asked::of(seed)
    };
    match write(&asked, Path::new(folder)) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("paydesk-truth: {error}");
            ExitCode::from(1)
        }
    }
}

//! Prints what is read of each file as one line of JSON, for readers of other programs to be held against:
//! `cargo run -p paydesk-bank --example movements FILE…`.
#![allow(clippy::print_stdout, reason = "it prints what it read")]

use serde_json::json;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    for name in std::env::args().skip(1) {
        let said = match paydesk_bank::read(&std::fs::read(&name)?) {
            Ok(file) => json!({ "file": name, "statements": file.statements }),
            Err(fault) => json!({ "file": name, "refused": fault.to_string() }),
        };
        println!("{said}");
    }
    Ok(())
}

//! Prints the contract as TypeScript; `cargo xtask gen` writes it to `ui/src/lib/api/contract.ts`.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

fn main() {
    print!("{}", paydesk_console::contract::typescript());
}

//! `paydesk-cli`: the same console without a window.
//!
//! A library, because the package ships it inside of the window's program, under its second name.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what a command line does"
)]

mod arguments;
mod bank_days;
mod bills;
mod cash;
mod channels;
mod charge;
mod commands;
mod exit;
mod export;
mod fees;
mod interface;
mod notices;
mod statements;
mod worklist;

use arguments::Arguments;
use clap::Parser;
use std::process::ExitCode;

/// The name it goes by.
pub const NAME: &str = "paydesk-cli";

/// Does what the command line of this process asks for, and says how it went as `exit` lists it.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            drop(error.print());
            return if error.use_stderr() {
                exit::USAGE.into()
            } else {
                exit::DONE.into()
            };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{NAME}: {error}");
            return exit::ENVIRONMENT.into();
        }
    };
    runtime.block_on(commands::run(arguments)).into()
}

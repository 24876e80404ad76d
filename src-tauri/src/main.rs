//! Paydesk's window: opens the host, shows the one window and hands commands through.
//!
//! It holds no rule about money, opens no socket and reads no file of the shop: that is the host's work, and `inbound`'s. Called
//! `paydesk-cli` it is the command line (ADR 24).
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod arguments;
mod commands;
mod renderer;
mod shop;
mod window;

use std::process::ExitCode;

/// The command line was not understood.
const EXIT_USAGE: u8 = 64;
/// The window could not be opened: nothing about the shop's data is known to be wrong.
const EXIT_ENVIRONMENT: u8 = 69;

fn main() -> ExitCode {
    if arguments::is_called(paydesk_cli::NAME, std::env::args_os().next()) {
        return paydesk_cli::run();
    }
    let folder = match arguments::data_folder(std::env::args_os().skip(1)) {
        Ok(folder) => folder.unwrap_or_else(paydesk_host::default_folder),
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    renderer::settle();
    // Kept until the end: dropping it writes the last lines.
    let _log = paydesk_host::logs::start(&folder);
    match window::open(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("paydesk: the window could not be opened: {error}");
            ExitCode::from(EXIT_ENVIRONMENT)
        }
    }
}

//! Paydesk's window: starts the host, opens the one window and hands commands through.
//!
//! It holds no rule about money, opens no socket and reads no file of the shop: that is the host's work.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod renderer;
mod window;

use std::process::ExitCode;

/// The process failed to open its window: nothing about the shop's data is known to be wrong.
const EXIT_ENVIRONMENT: u8 = 69;

fn main() -> ExitCode {
    renderer::settle();
    match window::open() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("paydesk: the window could not be opened: {error}");
            ExitCode::from(EXIT_ENVIRONMENT)
        }
    }
}

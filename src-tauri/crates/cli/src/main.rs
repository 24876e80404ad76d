//! `paydesk-cli` as a program of its own: it needs nothing of a desktop.

fn main() -> std::process::ExitCode {
    paydesk_cli::run()
}

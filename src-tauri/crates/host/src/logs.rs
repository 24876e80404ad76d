//! Log files with rotation. What is written are events of our own with named fields: codes, states and
//! references; never bodies, keys or payment codes (their types cannot be formatted).

use std::path::Path;
use tracing_appender::{non_blocking::WorkerGuard, rolling};
use tracing_subscriber::EnvFilter;

/// Days of log files that are kept.
const FILES_MAX: usize = 14;

/// Starts logging into the folder; keep the guard until the end.
#[must_use]
pub fn start(folder: &Path) -> Option<WorkerGuard> {
    let folder = folder.join("logs");
    // Made beforehand: the appender complains aloud about a folder that is not there yet.
    std::fs::create_dir_all(&folder).ok()?;
    let appender = rolling::Builder::new()
        .rotation(rolling::Rotation::DAILY)
        .filename_prefix("paydesk")
        .filename_suffix("log")
        .max_log_files(FILES_MAX)
        .build(folder)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(appender);
    // Only our own crates: a library's debug output is not ours to vouch for.
    let filter = EnvFilter::new(
        "warn,paydesk=info,paydesk_desk=info,paydesk_store=info,paydesk_host=info,paydesk_console=info,paydesk_inbound=info,sqlx=off,hyper=off,reqwest=off",
    );
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(writer)
        .try_init()
        .ok()?;
    Some(guard)
}

//! Finds the samples in the shared folder: read when a test runs, never copied.

use std::path::{Path, PathBuf};

/// The bytes of `folder/name`; `None` when the shared folder is not there and was not asked for.
#[allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test asks its caller where the shared folder is"
)]
pub(crate) fn sample(name: &str) -> Option<Vec<u8>> {
    let asked = std::env::var("PAYDESK_SHARED").ok();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let shared = asked
        .as_ref()
        .map_or_else(|| root.join("../shared"), PathBuf::from);
    match std::fs::read(shared.join("samples").join(name)) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            assert!(
                asked.is_none(),
                "PAYDESK_SHARED is set, but {name}: {error}"
            );
            eprintln!("skipped: no shared data ({name})");
            None
        }
    }
}

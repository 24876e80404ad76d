//! The command line over a folder of its own.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("paydesk-cli-{}-{name}", std::process::id()));
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// What came of the command.
pub(crate) fn run(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_paydesk-cli"))
        .arg("--data")
        .arg(folder.join("data"))
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// What the command prints; it ends with this code.
pub(crate) fn check(folder: &Path, words: &[&str], code: i32) -> String {
    let output = run(folder, words);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{words:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

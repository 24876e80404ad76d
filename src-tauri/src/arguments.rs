//! The window's command line: by which name it was called, which data folder, and nothing else.
//!
//! Never guesses: an argument that is not known stops the start.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

const USAGE: &str = "usage: paydesk [--data DIR]";

/// The folder that was named, if one was.
pub(crate) fn data_folder(
    mut arguments: impl Iterator<Item = OsString>,
) -> Result<Option<PathBuf>, &'static str> {
    let mut folder = None;
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy();
        if text == "--data" {
            folder = Some(PathBuf::from(arguments.next().ok_or(USAGE)?));
        } else if let Some(path) = text.strip_prefix("--data=") {
            folder = Some(PathBuf::from(path));
        } else {
            return Err(USAGE);
        }
    }
    Ok(folder)
}

/// Whether this process was started by `name`, whatever folder and ending its file has.
pub(crate) fn is_called(name: &str, called: Option<OsString>) -> bool {
    called.is_some_and(|called| Path::new(&called).file_stem() == Some(name.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_known_by_its_name_alone() {
        let is_cli = |called: &str| is_called("paydesk-cli", Some(called.into()));
        assert!(is_cli("paydesk-cli") && is_cli("/usr/bin/paydesk-cli"));
        assert!(!is_cli("/usr/bin/paydesk") && !is_cli("/opt/paydesk-cli/paydesk"));
        assert!(!is_called("paydesk-cli", None));
    }

    fn check(arguments: &[&str], expected: Result<Option<&str>, &'static str>) {
        let given = arguments.iter().map(OsString::from);
        assert_eq!(
            data_folder(given),
            expected.map(|path| path.map(PathBuf::from)),
            "{arguments:?}"
        );
    }

    #[test]
    fn a_folder_is_named_once_or_not_at_all() {
        check(&[], Ok(None));
        check(&["--data", "a b"], Ok(Some("a b")));
        check(&["--data=x"], Ok(Some("x")));
        check(&["--data"], Err(USAGE));
        check(&["--date", "x"], Err(USAGE));
    }
}

//! Where vectors are read from.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::path::PathBuf;

/// A file of vectors.
pub(crate) struct Vectors {
    whole: Value,
}

impl Vectors {
    /// One of this project's own.
    pub(crate) fn fixture(name: &str) -> Vectors {
        let path = root().join("tests/fixtures").join(name);
        let bytes =
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Vectors {
            whole: serde_json::from_slice(&bytes).unwrap(),
        }
    }

    /// One that others publish; `None` when the shared folder is not there and was not asked for.
    #[allow(
        clippy::disallowed_methods,
        clippy::print_stderr,
        reason = "a test asks its caller where the shared folder is"
    )]
    pub(crate) fn published(name: &str) -> Option<Vectors> {
        let asked = std::env::var("PAYDESK_SHARED").ok();
        let folder = asked
            .as_ref()
            .map_or_else(|| root().join("../shared"), PathBuf::from);
        match std::fs::read(folder.join("vectors").join(name)) {
            Ok(bytes) => Some(Vectors {
                whole: serde_json::from_slice(&bytes).unwrap(),
            }),
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

    pub(crate) fn list(&self) -> &[Value] {
        self.whole["vectors"].as_array().unwrap()
    }

    pub(crate) fn keys(&self) -> &Value {
        &self.whole["keys"]
    }

    pub(crate) fn at(&self, name: &str) -> &Value {
        &self.whole[name]
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// A text member that must be there.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("{}: no {name}", value["id"]))
}

/// A base64 member that must be there.
pub(crate) fn bytes(value: &Value, name: &str) -> Vec<u8> {
    STANDARD.decode(text(value, name)).unwrap()
}

//! Makes the window's context and its permissions: a command that is not named here cannot be called.
//!
//! The names come from the capability file; a test holds that file against the contract.
//! The contract's crate itself is not asked: it would be compiled a second time for this script.

use std::error::Error;

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let capability: Value = serde_json::from_str(include_str!("capabilities/main.json"))?;
    let permissions = capability.get("permissions").and_then(Value::as_array);
    let mut names: Vec<&'static str> = Vec::new();
    for permission in permissions.into_iter().flatten().filter_map(Value::as_str) {
        if let Some(name) = permission.strip_prefix("allow-") {
            // A build script ends before a leak could matter; the library wants names that last.
            names.push(Box::leak(name.replace('-', "_").into_boxed_str()));
        }
    }
    let manifest = tauri_build::AppManifest::new().commands(Box::leak(names.into_boxed_slice()));
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))?;
    Ok(())
}

//! Where the project lies, where it builds, and the stamps that say what is already done.
//!
//! Never leaves the project's folder but for a target folder that cargo was told to use.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

use crate::{Outcome, Stop};

/// The checkout and its build folder.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the checkout from where xtask itself was built.
    pub(crate) fn find() -> Outcome<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .ancestors()
            .find(|folder| folder.join("Cargo.lock").is_file())
            .ok_or_else(|| Stop::Failed("no Cargo.lock above xtask".to_owned()))?
            .to_path_buf();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// The checkout, or a path inside it.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        if inside.is_empty() {
            self.root.clone()
        } else {
            self.root.join(inside)
        }
    }

    /// A path inside the build folder.
    pub(crate) fn target(&self, inside: &str) -> PathBuf {
        self.target.join(inside)
    }

    /// A program that cargo built in the debug profile.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.target
            .join("debug")
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    fn stamp(&self, name: &str) -> PathBuf {
        self.target.join("xtask").join(format!("{name}.stamp"))
    }

    /// Whether the step last finished with exactly these inputs.
    pub(crate) fn is_done(&self, step: &str, inputs: &str) -> bool {
        fs::read_to_string(self.stamp(step)).is_ok_and(|written| written == inputs)
    }

    /// Remembers that the step finished with these inputs.
    pub(crate) fn mark_done(&self, step: &str, inputs: &str) -> Outcome {
        let stamp = self.stamp(step);
        if let Some(folder) = stamp.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(fs::write(stamp, inputs)?)
    }

    /// A digest of every file under these paths, names included. It guards against stale work, not against malice.
    pub(crate) fn digest(&self, paths: &[&str]) -> Outcome<String> {
        let mut hasher = DefaultHasher::new();
        for path in paths {
            for file in files_under(
                &self.root.join(path),
                &["node_modules", "dist", "paraglide", "target"],
            )? {
                hasher.write(file.to_string_lossy().as_bytes());
                hasher.write(&fs::read(&file)?);
            }
        }
        Ok(format!("{:016x}", hasher.finish()))
    }
}

/// Every file at or under `start` in a fixed order, without the folders named in `skipped` and without links.
pub(crate) fn files_under(start: &Path, skipped: &[&str]) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![start.to_path_buf()];
    while let Some(path) = waiting.pop() {
        let Ok(kind) = fs::symlink_metadata(&path) else {
            continue;
        };
        if kind.is_file() {
            found.push(path);
        } else if kind.is_dir() {
            for entry in fs::read_dir(&path)? {
                let entry = entry?;
                if !skipped.contains(&entry.file_name().to_string_lossy().as_ref()) {
                    waiting.push(entry.path());
                }
            }
        }
    }
    found.sort();
    Ok(found)
}

//! `cargo xtask package`: the Debian package, and the proof that it installs, starts and leaves again.
//!
//! Never installs it on this machine: the proof unpacks it into a folder of its own.

use std::path::{Path, PathBuf};

use crate::process::{answer_of, command, run};
use crate::setup::{Purpose, install_npm_packages, set_up};
use crate::workspace::Workspace;
use crate::{Outcome, Stop};

/// Where the bundler and the proof stand.
const FOLDER: &str = "tests/package";

/// The largest package, in bytes: a till's PC may hang on a slow line.
const DEB_MAX: u64 = 10_000_000;

/// Builds the release program and bundles it; with the proof unless `--unproved` is asked for.
pub(crate) fn package(workspace: &Workspace, arguments: &[String]) -> Outcome {
    let proved = match arguments {
        [] => true,
        [word] if word == "--unproved" => false,
        _ => {
            return Err(Stop::Usage(
                "usage: cargo xtask package [--unproved]".to_owned(),
            ));
        }
    };
    if answer_of("dpkg-deb", &["--version"]).is_none() {
        return Err(Stop::Environment(
            "a Debian package is made with dpkg-deb, which is missing: apt-get install dpkg"
                .to_owned(),
        ));
    }
    set_up(workspace, Purpose::Test)?;
    install_npm_packages(workspace, FOLDER)?;
    crate::run::build_page(workspace)?;
    let words = "build --locked --release --package paydesk";
    let words: Vec<&str> = words.split(' ').collect();
    run(command(&workspace.path(""), "cargo", &words))?;
    let bundled = bundle(workspace)?;
    let deb = pack_again(workspace, &bundled)?;
    let size = deb.metadata()?.len();
    println!(
        "package: {} is {:.2} MB of at most {:.0}",
        deb.display(),
        megabytes(size),
        megabytes(DEB_MAX)
    );
    if size > DEB_MAX {
        return Err(Stop::Failed(format!("the package has {size} bytes")));
    }
    if proved {
        let words = [
            "tests/package/prove.mjs".to_owned(),
            deb.to_string_lossy().into_owned(),
        ];
        run(command(&workspace.path(""), "node", &words))?;
    }
    Ok(())
}

/// The package as the bundler writes it.
fn bundle(workspace: &Workspace) -> Outcome<PathBuf> {
    let files = serde_json::json!({ "bundle": { "linux": { "deb": { "files": {
        "/usr/share/doc/paydesk/copyright": workspace.path("LICENSE"),
    } } } } });
    let bundler = workspace
        .path(FOLDER)
        .join("node_modules/@tauri-apps/cli/tauri.js");
    let folder = workspace.target("release").join("bundle/deb");
    // What an earlier version left would be taken for this one.
    if folder.is_dir() {
        std::fs::remove_dir_all(&folder)?;
    }
    let words = [
        bundler.to_string_lossy().into_owned(),
        "bundle".to_owned(),
        "--bundles".to_owned(),
        "deb".to_owned(),
        "--config".to_owned(),
        files.to_string(),
    ];
    let mut bundling = command(&workspace.path("src-tauri"), "node", &words);
    bundling.env("CI", "true");
    run(bundling)?;
    let found = std::fs::read_dir(&folder)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| has_extension(path, "deb"));
    found.ok_or_else(|| Stop::Failed(format!("no package in {}", folder.display())))
}

/// With the program's second name, which the bundler cannot give; and in xz, which is a third smaller than its gzip.
fn pack_again(workspace: &Workspace, bundled: &Path) -> Outcome<PathBuf> {
    let tree = workspace.target("release").join("bundle/tree");
    if tree.is_dir() {
        std::fs::remove_dir_all(&tree)?;
    }
    let name = bundled.file_name().unwrap_or_default();
    let deb = workspace.target("release").join("bundle").join(name);
    let here = workspace.path("");
    run(command(
        &here,
        "dpkg-deb",
        &[
            "--raw-extract".as_ref(),
            bundled.as_os_str(),
            tree.as_os_str(),
        ],
    ))?;
    std::os::unix::fs::symlink("paydesk", tree.join("usr/bin/paydesk-cli"))?;
    run(command(
        &here,
        "dpkg-deb",
        &[
            "--root-owner-group".as_ref(),
            "-Zxz".as_ref(),
            "--build".as_ref(),
            tree.as_os_str(),
            deb.as_os_str(),
        ],
    ))?;
    Ok(deb)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

#[allow(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a size for people to read"
)]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

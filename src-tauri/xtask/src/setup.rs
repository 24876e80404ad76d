//! What a fresh machine lacks: tool versions, system packages, npm packages.
//!
//! Installs through apt where it may, otherwise prints the one line that does and stops with code 69.
//! Never installs a tool chain, never asks for a password, never touches what is already there.

use std::path::Path;

use crate::process::{answer_of, command, run};
use crate::workspace::Workspace;
use crate::{Outcome, Stop};

/// What the machine is to be able to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    /// Build and open the window.
    Run,
    /// All checks, with a browser and a virtual screen.
    Test,
}

/// Tools that come with the machine: the smallest version, and how to read it.
const RUSTC_MIN: (u32, u32) = (1, 94);
const NODE_MIN: (u32, u32) = (20, 19);

const BUILD_PACKAGES: [&str; 7] = [
    "build-essential",
    "fonts-noto-cjk",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "libgtk-3-dev",
    "libwebkit2gtk-4.1-dev",
    "pkg-config",
];

const TEST_PACKAGES: [&str; 13] = [
    "chromium",
    "dbus-x11",
    "gnome-keyring",
    "imagemagick",
    "libreoffice-calc-nogui",
    "libsecret-tools",
    "openssl",
    "python3-venv",
    "webkit2gtk-driver",
    "xauth",
    "xclip",
    "xdotool",
    "xvfb",
];

/// Folders with a package lock of their own.
const NPM_FOLDERS: [&str; 2] = ["ui", "tests/e2e"];

/// Makes the machine ready, or says exactly what is missing.
pub(crate) fn set_up(workspace: &Workspace, purpose: Purpose) -> Outcome {
    check_tools(purpose)?;
    install_system_packages(workspace, purpose)?;
    for folder in NPM_FOLDERS {
        if purpose == Purpose::Test || folder == "ui" {
            install_npm_packages(workspace, folder)?;
        }
    }
    Ok(())
}

fn check_tools(purpose: Purpose) -> Outcome {
    let mut missing = Vec::new();
    require(
        &mut missing,
        "rustc",
        &["--version"],
        Some(RUSTC_MIN),
        "rustup update stable",
    );
    require(
        &mut missing,
        "node",
        &["--version"],
        Some(NODE_MIN),
        "install Node 20.19 or newer",
    );
    require(
        &mut missing,
        "npm",
        &["--version"],
        None,
        "it comes with Node",
    );
    require(
        &mut missing,
        "python3",
        &["--version"],
        None,
        "apt-get install python3",
    );
    require(
        &mut missing,
        "cc",
        &["--version"],
        None,
        "apt-get install build-essential",
    );
    if purpose == Purpose::Test {
        let remedy = "rustup component add rustfmt clippy";
        require(&mut missing, "cargo-fmt", &["--version"], None, remedy);
        require(&mut missing, "cargo-clippy", &["--version"], None, remedy);
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Stop::Environment(missing.join("\n       ")))
    }
}

fn require(
    missing: &mut Vec<String>,
    tool: &str,
    question: &[&str],
    minimum: Option<(u32, u32)>,
    remedy: &str,
) {
    let Some(answer) = answer_of(tool, question) else {
        missing.push(format!("{tool} is missing: {remedy}"));
        return;
    };
    if let Some((major, minor)) = minimum
        && version_in(&answer).is_none_or(|found| found < (major, minor))
    {
        missing.push(format!(
            "{tool} {major}.{minor} or newer is needed, `{answer}` was found: {remedy}"
        ));
    }
}

/// The first `major.minor` in what a tool prints about itself.
fn version_in(text: &str) -> Option<(u32, u32)> {
    text.split(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .find_map(|word| {
            let mut parts = word.split('.');
            Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
        })
}

fn install_system_packages(workspace: &Workspace, purpose: Purpose) -> Outcome {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let mut wanted = BUILD_PACKAGES.to_vec();
    if purpose == Purpose::Test {
        wanted.extend(TEST_PACKAGES);
    }
    let missing: Vec<&str> = wanted
        .into_iter()
        .filter(|name| !is_installed(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!(
        "apt-get install -y --no-install-recommends {}",
        missing.join(" ")
    );
    let Some(prefix) = apt_prefix() else {
        return Err(Stop::Environment(format!(
            "system packages are missing and this user may not install them. Run:\n\n    sudo {line}\n"
        )));
    };
    println!("setup: installing {}", missing.join(" "));
    let apt = |arguments: &[&str]| {
        let mut words: Vec<&str> = prefix.to_vec();
        words.extend(["apt-get", "-o", "DPkg::Lock::Timeout=500", "-q"]);
        words.extend(arguments);
        let (program, rest) = words.split_first().unwrap_or((&"apt-get", &[]));
        let mut apt = command(&workspace.path(""), program, rest);
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        run(apt)
    };
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(&missing);
    // The package list of a fresh machine may be empty or old: only then is it fetched.
    let listed = missing.iter().all(|name| is_known(name));
    if listed && apt(&install).is_ok() {
        return Ok(());
    }
    apt(&["update"])?;
    apt(&install).map_err(|stop| {
        Stop::Environment(format!(
            "{}\n       what should have worked: {line}",
            stop.message()
        ))
    })
}

fn is_installed(package: &str) -> bool {
    answer_of("dpkg-query", &["-W", "-f=${Status}", package])
        .is_some_and(|status| status == "install ok installed")
}

fn is_known(package: &str) -> bool {
    answer_of("apt-cache", &["policy", package]).is_some_and(|policy| {
        policy.contains("Candidate:") && !policy.contains("Candidate: (none)")
    })
}

/// How apt may be called here without a question: as root, or through a sudo that asks for nothing.
fn apt_prefix() -> Option<&'static [&'static str]> {
    answer_of("apt-get", &["--version"])?;
    if answer_of("id", &["-u"])? == "0" {
        return Some(&[]);
    }
    answer_of("sudo", &["-n", "true"]).map(|_| ["sudo", "-n"].as_slice())
}

pub(crate) fn install_npm_packages(workspace: &Workspace, folder: &str) -> Outcome {
    let lock = format!("{folder}/package-lock.json");
    if !workspace.path(&lock).is_file() {
        return Ok(());
    }
    let step = format!("npm-{}", folder.replace('/', "-"));
    let digest = workspace.digest(&[&lock])?;
    let installed = workspace.path(folder).join("node_modules");
    // The inner lock is written last by npm: a broken-off installation has none.
    if workspace.is_done(&step, &digest) && installed.join(".package-lock.json").is_file() {
        return Ok(());
    }
    println!("setup: npm packages of {folder}");
    // `npm ci` refuses a lock without the packages that a registry lacks for other platforms;
    // this installs the same versions and digests, and writes nothing back.
    let words = [
        "install",
        "--no-save",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
    ];
    npm(workspace, Path::new(folder), &words)?;
    if workspace.digest(&[&lock])? != digest {
        return Err(Stop::Failed(format!(
            "{lock} was changed by the installation"
        )));
    }
    workspace.mark_done(&step, &digest)
}

/// Runs npm in a folder of the project.
pub(crate) fn npm(workspace: &Workspace, folder: &Path, arguments: &[&str]) -> Outcome {
    let mut npm = command(&workspace.path("").join(folder), "npm", arguments);
    npm.env("npm_config_update_notifier", "false");
    run(npm)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(u32, u32)>) {
        assert_eq!(version_in(text), expected, "{text}");
    }

    #[test]
    fn a_version_is_read_from_what_the_tool_prints() {
        check("rustc 1.95.0 (59807616e 2026-04-14)", Some((1, 95)));
        check("v20.20.2", Some((20, 20)));
        check("Python 3.11.7", Some((3, 11)));
        check("no number", None);
    }
}

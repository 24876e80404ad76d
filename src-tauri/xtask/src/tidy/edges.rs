//! Which crate may depend on which: the table of docs/ARCHITECTURE.md, held against cargo metadata.
//!
//! A crate that is missing here is a finding too: a new room is named on purpose.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Findings, items_of, text_of};

/// What one crate of ours may depend on in-house.
struct Room {
    name: &'static str,
    /// For the product itself.
    may_use: &'static [&'static str],
    /// For its tests alone, besides the above.
    tests_may_use: &'static [&'static str],
    /// No socket, file, clock, randomness or thread: nothing in its whole tree may bring one.
    is_pure: bool,
}

const fn room(name: &'static str, may_use: &'static [&'static str]) -> Room {
    Room {
        name,
        may_use,
        tests_may_use: &[],
        is_pure: false,
    }
}

const fn pure(name: &'static str, may_use: &'static [&'static str]) -> Room {
    Room {
        name,
        may_use,
        tests_may_use: &[],
        is_pure: true,
    }
}

const ROOMS: [Room; 29] = [
    pure("paydesk-signing", &[]),
    pure("paydesk-domain", &["paydesk-signing"]),
    pure("paydesk-channels", &["paydesk-domain", "paydesk-signing"]),
    pure("paydesk-bank", &["paydesk-domain"]),
    pure("paydesk-recon", &["paydesk-domain"]),
    pure("paydesk-texts", &[]),
    pure("paydesk-reports", &["paydesk-domain", "paydesk-texts"]),
    room(
        "paydesk-desk",
        &[
            "paydesk-bank",
            "paydesk-channels",
            "paydesk-domain",
            "paydesk-recon",
            "paydesk-reports",
            "paydesk-signing",
        ],
    ),
    // The ports of desk speak in values of channels, domain and signing: who fills a port names them.
    room(
        "paydesk-store",
        &[
            "paydesk-channels",
            "paydesk-desk",
            "paydesk-domain",
            "paydesk-signing",
        ],
    ),
    room(
        "paydesk-vault",
        &["paydesk-desk", "paydesk-domain", "paydesk-signing"],
    ),
    room(
        "paydesk-console",
        &["paydesk-desk", "paydesk-domain", "paydesk-texts"],
    ),
    room("paydesk-sandbox", &["paydesk-domain"]),
    Room {
        name: "paydesk-host",
        may_use: &[
            "paydesk-channels",
            "paydesk-console",
            "paydesk-desk",
            "paydesk-domain",
            "paydesk-sandbox",
            "paydesk-signing",
            "paydesk-store",
            "paydesk-vault",
        ],
        tests_may_use: &["paydesk-texts"],
        is_pure: false,
    },
    // Whoever listens asks the commands and nothing below them: it can hold no payment and no SQL.
    Room {
        name: "paydesk-inbound",
        may_use: &["paydesk-console"],
        tests_may_use: &["paydesk-host"],
        is_pure: false,
    },
    room(
        "paydesk",
        &[
            "paydesk-cli",
            "paydesk-console",
            "paydesk-host",
            "paydesk-inbound",
        ],
    ),
    room(
        "paydesk-cli",
        &["paydesk-console", "paydesk-host", "paydesk-inbound"],
    ),
    room(
        "paydesk-e2e",
        &["paydesk-console", "paydesk-host", "paydesk-inbound"],
    ),
    // It times one layer after the other, so it names them.
    room(
        "paydesk-bench",
        &[
            "paydesk-channels",
            "paydesk-console",
            "paydesk-desk",
            "paydesk-domain",
            "paydesk-host",
            "paydesk-inbound",
            "paydesk-signing",
            "paydesk-store",
            "paydesk-tally",
            "paydesk-vault",
        ],
    ),
    // Money and nothing else: a mistake of the product must not be repeated by who looks for it.
    room("paydesk-auditor", &["paydesk-domain"]),
    // Bytes and files between a real till and a real sandbox; of the product only its key file.
    room(
        "paydesk-proxy",
        &["paydesk-auditor", "paydesk-sandbox", "paydesk-vault"],
    ),
    room("paydesk-kills", &["paydesk-proxy", "paydesk-tally"]),
    // The till as a process: the desk on its store, timed.
    room(
        "paydesk-soak",
        &[
            "paydesk-console",
            "paydesk-desk",
            "paydesk-domain",
            "paydesk-host",
            "paydesk-proxy",
            "paydesk-tally",
        ],
    ),
    room("paydesk-tally", &[]),
    // What it writes, the product must read: only its test knows the product.
    Room {
        name: "paydesk-truth",
        may_use: &[],
        tests_may_use: &[
            "paydesk-bank",
            "paydesk-channels",
            "paydesk-domain",
            "paydesk-recon",
        ],
        is_pure: false,
    },
    // It stands in for everything outside, so it names both sides.
    room(
        "paydesk-sim",
        &[
            "paydesk-auditor",
            "paydesk-channels",
            "paydesk-desk",
            "paydesk-domain",
            "paydesk-sandbox",
            "paydesk-signing",
            "paydesk-store",
            "paydesk-tally",
        ],
    ),
    // The real state machines, explored to the end.
    room(
        "paydesk-model",
        &["paydesk-domain", "paydesk-signing", "paydesk-tally"],
    ),
    // Whatever reads foreign bytes.
    room(
        "paydesk-fuzz",
        &[
            "paydesk-bank",
            "paydesk-channels",
            "paydesk-console",
            "paydesk-domain",
            "paydesk-reports",
            "paydesk-signing",
            "paydesk-tally",
            "paydesk-texts",
        ],
    ),
    // The connectors as the driver uses them, and nothing that could help them.
    room(
        "paydesk-hostile",
        &[
            "paydesk-channels",
            "paydesk-domain",
            "paydesk-signing",
            "paydesk-tally",
        ],
    ),
    room("xtask", &["paydesk-tally"]),
];

/// Packages from outside that only the named crates may name, tests apart.
const RESERVED: [(&str, &[&str]); 14] = [
    ("apple-native-keyring-store", &["paydesk-vault"]),
    ("axum", &["paydesk-bench", "paydesk-e2e", "paydesk-inbound"]),
    ("keyring", &["paydesk-vault"]),
    ("keyring-core", &["paydesk-vault"]),
    ("libsqlite3-sys", &["paydesk-store", "paydesk-sim"]),
    ("reqwest", &["paydesk-host"]),
    ("rusqlite", &["paydesk-bench", "paydesk-store"]),
    (
        "sqlx",
        &[
            "paydesk-auditor",
            "paydesk-kills",
            "paydesk-proxy",
            "paydesk-sim",
            "paydesk-store",
        ],
    ),
    ("tauri", &["paydesk"]),
    ("tauri-plugin-single-instance", &["paydesk"]),
    ("ts-rs", &["paydesk-console"]),
    ("webkit2gtk", &["paydesk"]),
    ("windows-native-keyring-store", &["paydesk-vault"]),
    ("zbus-secret-service-keyring-store", &["paydesk-vault"]),
];

/// What makes a crate impure, wherever in its tree it stands.
const IMPURE: [&str; 10] = [
    "async-io",
    "hyper",
    "keyring",
    "libsqlite3-sys",
    "mio",
    "reqwest",
    "socket2",
    "sqlx",
    "tauri",
    "tokio",
];

/// Never in the tree: a second TLS library, or one that links the machine's.
const BANNED: [&str; 3] = ["native-tls", "openssl", "openssl-sys"];

pub(super) fn check(metadata: &Value) -> Findings {
    let members: BTreeSet<&str> = items_of(metadata, "workspace_members")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let packages = items_of(metadata, "packages");
    let mut findings = Findings::new();
    for package in packages {
        let name = text_of(package, "name");
        if BANNED.contains(&name) {
            findings.push(format!("{name}: this package is banned from the tree"));
        }
        if members.contains(text_of(package, "id")) {
            findings.extend(direct_edges(package));
        }
    }
    for room in &ROOMS {
        if !packages
            .iter()
            .any(|package| text_of(package, "name") == room.name)
        {
            findings.push(format!(
                "{}: in the table of rooms but not in the workspace",
                room.name
            ));
        }
    }
    findings.extend(impurities(metadata));
    findings
}

fn direct_edges(package: &Value) -> Findings {
    let name = text_of(package, "name");
    let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
        return vec![format!(
            "{name}: not in the table of rooms (xtask tidy, docs/ARCHITECTURE.md)"
        )];
    };
    let mut findings = Findings::new();
    for dependency in items_of(package, "dependencies") {
        let other = text_of(dependency, "name");
        let is_test = text_of(dependency, "kind") == "dev";
        if let Some((_, owners)) = RESERVED.iter().find(|(reserved, _)| *reserved == other)
            && !owners.contains(&name)
            && !is_test
        {
            findings.push(format!(
                "{name} → {other}: only {} may name it",
                owners.join(", ")
            ));
        }
        let is_ours = ROOMS.iter().any(|room| room.name == other);
        let is_allowed =
            room.may_use.contains(&other) || (is_test && room.tests_may_use.contains(&other));
        if is_ours && !is_allowed {
            findings.push(format!(
                "{name} → {other}: this edge is not in the table of rooms"
            ));
        }
    }
    findings
}

/// Walks what each pure crate brings into the product, tests and build scripts apart.
fn impurities(metadata: &Value) -> Findings {
    let names: BTreeMap<&str, &str> = items_of(metadata, "packages")
        .iter()
        .map(|package| (text_of(package, "id"), text_of(package, "name")))
        .collect();
    let resolve = metadata.get("resolve").unwrap_or(&Value::Null);
    let edges: BTreeMap<&str, Vec<&str>> = items_of(resolve, "nodes")
        .iter()
        .map(|node| (text_of(node, "id"), normal_dependencies(node)))
        .collect();
    let mut findings = Findings::new();
    for room in ROOMS.iter().filter(|room| room.is_pure) {
        let start = names
            .iter()
            .find(|(_, name)| **name == room.name)
            .map(|(id, _)| *id);
        let mut waiting: Vec<&str> = start.into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            let name = names.get(id).copied().unwrap_or_default();
            if IMPURE.contains(&name) {
                findings.push(format!("{} is pure, yet {name} is in its tree", room.name));
            }
            waiting.extend(edges.get(id).into_iter().flatten());
        }
    }
    findings
}

fn normal_dependencies(node: &Value) -> Vec<&str> {
    items_of(node, "deps")
        .iter()
        .filter(|dependency| {
            items_of(dependency, "dep_kinds")
                .iter()
                .any(|kind| kind.get("kind").is_none_or(Value::is_null))
        })
        .map(|dependency| text_of(dependency, "pkg"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_edge(from: &str, to: &str, kind: Value, expected: usize) {
        let package =
            serde_json::json!({ "name": from, "dependencies": [{ "name": to, "kind": kind }] });
        assert_eq!(direct_edges(&package).len(), expected, "{from} → {to}");
    }

    #[test]
    fn an_edge_outside_the_table_is_found() {
        check_edge("paydesk-domain", "paydesk-signing", Value::Null, 0);
        check_edge("paydesk-domain", "paydesk-store", Value::Null, 1);
        check_edge("paydesk-sandbox", "paydesk-channels", "dev".into(), 1);
        check_edge("paydesk-desk", "reqwest", Value::Null, 1);
        check_edge("paydesk-host", "reqwest", Value::Null, 0);
        check_edge("paydesk-inbound", "paydesk-console", Value::Null, 0);
        for other in [
            "paydesk-desk",
            "paydesk-domain",
            "paydesk-store",
            "sqlx",
            "rusqlite",
        ] {
            check_edge("paydesk-inbound", other, Value::Null, 1);
        }
        check_edge("paydesk-surprise", "serde", Value::Null, 1);
    }

    #[test]
    fn a_runtime_below_a_pure_crate_is_found() {
        let metadata = serde_json::json!({
            "packages": [
                { "id": "1", "name": "paydesk-channels" },
                { "id": "2", "name": "between" },
                { "id": "3", "name": "tokio" },
            ],
            "resolve": { "nodes": [
                { "id": "1", "deps": [{ "pkg": "2", "dep_kinds": [{ "kind": null }] }] },
                { "id": "2", "deps": [{ "pkg": "3", "dep_kinds": [{ "kind": null }] }] },
            ] },
        });
        assert_eq!(
            impurities(&metadata),
            ["paydesk-channels is pure, yet tokio is in its tree"]
        );
    }
}

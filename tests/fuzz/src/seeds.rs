//! Genuine inputs: the recorded vectors of this tree, and the published ones where the shared folder is. Read
//! when a run begins, never copied.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn shared() -> PathBuf {
    std::env::var_os("PAYDESK_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from)
}

/// Every file of this kind in a folder: of the published samples, or of the fixtures of this tree.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let folders = [
        shared().join("samples").join(folder),
        root().join("tests/fixtures").join(folder),
    ];
    let entries = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok());
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == ending))
        .collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|path| std::fs::read(path).ok())
        .collect()
}

/// Every file of vectors whose name begins like this.
pub(crate) fn vectors(begins: &str) -> Vec<Value> {
    let shared = shared();
    let folders = [
        root().join("tests/fixtures/vectors"),
        root().join("tests/fixtures/own_vectors"),
        shared.join("vectors"),
    ];
    let mut found = Vec::new();
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(folder) else {
            continue;
        };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .collect();
        paths.sort();
        for path in paths {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if name.starts_with(begins) && name.ends_with(".json") {
                found.extend(read(&path));
            }
        }
    }
    assert!(!found.is_empty(), "no vectors `{begins}`");
    found
}

/// Every text under one of these names, wherever it stands.
pub(crate) fn texts(values: &[Value], names: &[&str]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut waiting: Vec<&Value> = values.iter().collect();
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        Value::String(text) if names.contains(&name.as_str()) => {
                            found.push(text.clone().into_bytes());
                        }
                        other => waiting.push(other),
                    }
                }
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    found.retain(|text| !text.is_empty());
    found
}

/// Every key and certificate of the vectors.
pub(crate) fn key_material() -> Vec<Vec<u8>> {
    let values = ["alipay", "wechatpay", "unionpay"].map(vectors).concat();
    let mut found = Vec::new();
    let mut waiting: Vec<&Value> = values.iter().collect();
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(members) => waiting.extend(members.values()),
            Value::Array(items) => waiting.extend(items),
            Value::String(text) if text.contains("-----BEGIN ") || text.starts_with("MII") => {
                if let Ok(der) = STANDARD.decode(text) {
                    found.push(der);
                }
                found.push(text.clone().into_bytes());
            }
            _ => {}
        }
    }
    found.sort_by_key(Vec::len);
    found.dedup();
    found.truncate(90);
    found
}

/// The sample bills: plain, and packed.
pub(crate) fn bills(channel: &str) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let (mut plain, mut packed) = (Vec::new(), Vec::new());
    for file in vectors("bill_samples") {
        for sample in file["samples"].as_array().into_iter().flatten() {
            if !sample["id"]
                .as_str()
                .is_some_and(|id| id.starts_with(channel))
            {
                continue;
            }
            if let Some(lines) = sample["lines"].as_array() {
                let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
                let text = lines.join("\r\n") + "\r\n";
                plain.push(match channel {
                    "alipay" => encoding_rs::GBK.encode(&text).0.into_owned(),
                    _ => text.into_bytes(),
                });
            }
            for name in ["zip_b64", "gzip_b64"] {
                let bytes = sample[name]
                    .as_str()
                    .and_then(|text| STANDARD.decode(text).ok());
                packed.extend(bytes);
            }
        }
    }
    (plain, packed)
}

//! As much of JSON Schema as the document uses; a keyword that is not known here fails, so that none is passed over.

use serde_json::Value;

const SILENT: [&str; 6] = [
    "description",
    "format",
    "default",
    "pattern",
    "maxLength",
    "title",
];

/// What is wrong with `value` under `schema`; nothing: it fits.
pub(crate) fn faults(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let schema = match schema.get("$ref").and_then(Value::as_str) {
        Some(name) => document.pointer(name.trim_start_matches('#')).expect(name),
        None => schema,
    };
    let mut found = Vec::new();
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "type" => {
                let fits = match rule.as_str().unwrap() {
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "boolean" => value.is_boolean(),
                    "array" => value.is_array(),
                    "object" => value.is_object(),
                    "null" => value.is_null(),
                    other => panic!("type {other}"),
                };
                if !fits {
                    found.push(format!("{at}: {value} is no {rule}"));
                }
            }
            "enum" if !rule.as_array().unwrap().contains(value) => {
                found.push(format!("{at}: {value} is not in {rule}"));
            }
            "minimum" if value.as_i64() < rule.as_i64() => {
                found.push(format!("{at}: {value} below {rule}"));
            }
            "maximum" if value.as_i64() > rule.as_i64() => {
                found.push(format!("{at}: {value} above {rule}"));
            }
            "required" => {
                for name in rule.as_array().unwrap() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        found.push(format!("{at}: {name} is missing"));
                    }
                }
            }
            "properties" => {
                for (name, part) in value.as_object().into_iter().flatten() {
                    match rule.get(name) {
                        Some(schema) => {
                            found.extend(faults(document, schema, part, &format!("{at}.{name}")))
                        }
                        None => found.push(format!("{at}: {name} is not described")),
                    }
                }
            }
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(faults(document, rule, item, &format!("{at}[{place}]")));
                }
            }
            "oneOf" => {
                let ways = rule.as_array().unwrap().iter();
                let fitting = ways
                    .filter(|way| faults(document, way, value, at).is_empty())
                    .count();
                if fitting != 1 {
                    found.push(format!("{at}: {value} fits {fitting} of {rule}"));
                }
            }
            "additionalProperties" | "enum" | "minimum" | "maximum" => {}
            other => assert!(SILENT.contains(&other), "keyword {other} is not known here"),
        }
    }
    found
}

#[test]
fn what_does_not_fit_is_found() {
    let document: Value = serde_json::from_str(paydesk_inbound::OPENAPI).unwrap();
    let error = &document["components"]["schemas"]["Error"];
    let good = serde_json::json!({ "error": { "code": "x", "message": "", "money": "moved", "next": "repeat_later", "incident": "" } });
    assert_eq!(faults(&document, error, &good, ""), Vec::<String>::new());
    for (at, wrong) in [
        ("/error/money", Value::from("perhaps")),
        ("/error/code", Value::Null),
        ("/error", serde_json::json!({ "code": "x" })),
        ("", Value::from(1)),
    ] {
        let mut bent = good.clone();
        *bent.pointer_mut(at).unwrap() = wrong;
        assert!(!faults(&document, error, &bent, "").is_empty(), "{bent}");
    }
}

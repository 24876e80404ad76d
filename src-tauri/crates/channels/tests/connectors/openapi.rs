//! Requests and answers against the channel's own OpenAPI document: a small validator of what that document uses.
//! It knows types, required and allowed names, enumerations, references and alternatives, and fails on any other word
//! that would decide something.

use serde_json::Value;
use std::collections::BTreeMap;

/// A published document.
pub(crate) struct Document(Value);

/// Words of a schema that decide nothing here.
const SILENT: [&str; 8] = [
    "description",
    "format",
    "maxLength",
    "nullable",
    "title",
    "x-expandableFields",
    "x-expansionResources",
    "x-resourceId",
];

impl Document {
    pub(crate) fn read(text: &str) -> Document {
        Document(serde_json::from_str(text).unwrap())
    }

    fn resolve<'d>(&'d self, schema: &'d Value) -> &'d Value {
        match schema["$ref"].as_str() {
            Some(place) => {
                let name = place.strip_prefix("#/components/schemas/").unwrap();
                &self.0["components"]["schemas"][name]
            }
            None => schema,
        }
    }

    /// The operation of a method and a path with ids in it.
    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let asked: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let parts: Vec<&str> = template.split('/').collect();
            parts.len() == asked.len()
                && parts
                    .iter()
                    .zip(&asked)
                    .all(|(part, asked)| part.starts_with('{') || part == asked)
        };
        let paths = self.0["paths"].as_object().unwrap();
        let exact = paths.get(path);
        let found = exact.or_else(|| {
            paths
                .iter()
                .find(|(template, _)| fits(template))
                .map(|(_, found)| found)
        });
        found?.get(method.to_ascii_lowercase())
    }

    /// What is wrong with a request; its parameters are the query's or the form's.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        pairs: &[(String, String)],
    ) -> Vec<String> {
        let Some(operation) = self.operation(method, path) else {
            return vec![format!("no operation {method} {path}")];
        };
        let mut wrong = Vec::new();
        let value = nested(pairs);
        let (known, required): (BTreeMap<String, &Value>, Vec<String>) = if method == "GET" {
            let listed = operation["parameters"].as_array().unwrap();
            let query = || listed.iter().filter(|one| one["in"] == "query");
            let name = |one: &Value| one["name"].as_str().unwrap().to_owned();
            (
                query().map(|one| (name(one), &one["schema"])).collect(),
                query()
                    .filter(|one| one["required"] == true)
                    .map(name)
                    .collect(),
            )
        } else {
            let schema =
                &operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"];
            let names = schema["properties"].as_object();
            (
                names
                    .into_iter()
                    .flatten()
                    .map(|(name, schema)| (name.clone(), schema))
                    .collect(),
                schema["required"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|name| name.as_str().unwrap().to_owned())
                    .collect(),
            )
        };
        let given = value.as_object().unwrap();
        for name in required {
            if !given.contains_key(&name) {
                wrong.push(format!("{name} is missing"));
            }
        }
        for (name, value) in given {
            match known.get(name) {
                Some(schema) => self.check(value, schema, name, true, &mut wrong),
                None => wrong.push(format!("{name} is not known")),
            }
        }
        wrong
    }

    /// What is wrong with an answer's object.
    pub(crate) fn object(&self, schema: &str, value: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        let schema = &self.0["components"]["schemas"][schema];
        self.check(value, schema, "", false, &mut wrong);
        wrong
    }

    fn check(&self, value: &Value, schema: &Value, at: &str, form: bool, wrong: &mut Vec<String>) {
        let schema = self.resolve(schema);
        if value.is_null() && schema["nullable"] == true {
            return;
        }
        if let Some(ways) = schema["anyOf"].as_array() {
            let fits = ways.iter().any(|way| {
                let mut wrong = Vec::new();
                self.check(value, way, at, form, &mut wrong);
                wrong.is_empty()
            });
            if !fits {
                wrong.push(format!("{at} fits none of its ways: {value}"));
            }
            return;
        }
        if let Some(words) = schema["enum"].as_array()
            && !words.contains(value)
        {
            wrong.push(format!("{at} is none of its words: {value}"));
        }
        for word in schema.as_object().unwrap().keys() {
            let known = [
                "additionalProperties",
                "enum",
                "items",
                "properties",
                "required",
                "type",
            ];
            assert!(
                known.contains(&word.as_str()) || SILENT.contains(&word.as_str()),
                "{at}: {word} is not known to this validator"
            );
        }
        match schema["type"].as_str() {
            Some("object") => self.check_object(value, schema, at, form, wrong),
            Some("array") => match value {
                Value::Array(rows) => {
                    for row in rows {
                        self.check(row, &schema["items"], at, form, wrong);
                    }
                }
                // A form writes an array as an object of its places.
                Value::Object(rows) if form => {
                    for (place, row) in rows {
                        if place.parse::<usize>().is_err() {
                            wrong.push(format!("{at}[{place}] is no place"));
                        }
                        self.check(row, &schema["items"], at, form, wrong);
                    }
                }
                _ => wrong.push(format!("{at} is no array")),
            },
            Some(kind) => {
                let text = value.as_str().unwrap_or_default();
                let fits = match kind {
                    "integer" if form => text.parse::<i64>().is_ok(),
                    "boolean" if form => matches!(text, "true" | "false"),
                    "integer" => value.is_i64(),
                    "number" => value.is_number(),
                    "boolean" => value.is_boolean(),
                    "string" => value.is_string(),
                    other => panic!("{at}: {other}"),
                };
                if !fits {
                    wrong.push(format!("{at} is no {kind}: {value}"));
                }
            }
            None => {}
        }
    }

    fn check_object(
        &self,
        value: &Value,
        schema: &Value,
        at: &str,
        form: bool,
        wrong: &mut Vec<String>,
    ) {
        let Some(given) = value.as_object() else {
            wrong.push(format!("{at} is no object"));
            return;
        };
        for name in schema["required"].as_array().into_iter().flatten() {
            if !given.contains_key(name.as_str().unwrap()) {
                wrong.push(format!("{at}.{name} is missing"));
            }
        }
        let empty = serde_json::Map::new();
        let known = schema["properties"].as_object().unwrap_or(&empty);
        for (name, value) in given {
            let further = &schema["additionalProperties"];
            match known.get(name) {
                Some(schema) => self.check(value, schema, &format!("{at}.{name}"), form, wrong),
                None if further.is_object() => {
                    self.check(value, further, &format!("{at}.{name}"), form, wrong);
                }
                // An answer may always hold more; a form may not.
                None if form && !known.is_empty() => {
                    wrong.push(format!("{at}.{name} is not known"));
                }
                None => {}
            }
        }
    }
}

/// `a[b][0]=1` as an object of objects.
fn nested(pairs: &[(String, String)]) -> Value {
    let mut whole = Value::Object(serde_json::Map::new());
    for (name, value) in pairs {
        let mut place = &mut whole;
        for part in name.split('[') {
            let part = part.trim_end_matches(']');
            let inside = place.as_object_mut().unwrap();
            place = inside
                .entry(part)
                .or_insert_with(|| Value::Object(serde_json::Map::new()));
        }
        let empty = place.as_object().is_some_and(serde_json::Map::is_empty);
        assert!(empty, "{name} stands twice");
        *place = Value::String(value.clone());
    }
    whole
}

#[test]
fn the_validator_sees_what_is_wrong() {
    let document = Document::read(
        r##"{"components":{"schemas":{"thing":{"type":"object","required":["id"],"properties":{
            "id":{"type":"string"},"kind":{"type":"string","enum":["a","b"]},
            "part":{"$ref":"#/components/schemas/thing"},"many":{"type":"array","items":{"type":"integer"}},
            "notes":{"type":"object","additionalProperties":{"type":"string"}}}}}},
            "paths":{"/v1/things":{"post":{"requestBody":{"content":{"application/x-www-form-urlencoded":{"schema":
            {"type":"object","required":["id"],"properties":{"id":{"type":"string"},"count":{"type":"integer"},
            "many":{"type":"array","items":{"type":"integer"}}}}}}}}},
            "/v1/things/{id}":{"get":{"parameters":[{"name":"id","in":"path"},{"name":"limit","in":"query","schema":{"type":"integer"}}]}}}}"##,
    );
    let pairs = |text: &str| -> Vec<(String, String)> {
        text.split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    };
    for (method, path, given, wrong) in [
        ("POST", "/v1/things", "id=1&count=2&many[0]=3", 0),
        ("POST", "/v1/things", "count=2", 1),
        ("POST", "/v1/things", "id=1&count=x", 1),
        ("POST", "/v1/things", "id=1&many[a]=3", 1),
        ("POST", "/v1/things", "id=1&other=3", 1),
        ("GET", "/v1/things/9", "limit=5", 0),
        ("GET", "/v1/things/9", "limit=x&after=1", 2),
        ("GET", "/v1/others", "", 1),
    ] {
        let found = document.request(method, path, &pairs(given));
        assert_eq!(found.len(), wrong, "{given}: {found:?}");
    }
    for (value, wrong) in [
        (
            r#"{"id":"1","kind":"a","part":{"id":"2"},"many":[1],"more":1}"#,
            0,
        ),
        (r#"{"kind":"c"}"#, 2),
        (r#"{"id":1,"part":{},"many":["x"],"notes":{"a":1}}"#, 4),
    ] {
        let found = document.object("thing", &serde_json::from_str(value).unwrap());
        assert_eq!(found.len(), wrong, "{value}: {found:?}");
    }
}

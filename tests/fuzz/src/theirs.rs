//! JSON as another reader reads it: the second opinion on what our own reader took for money.

use serde_json::value::{RawValue, Value};
use std::collections::BTreeMap;

/// A document, with every number that fits whole minor units. Any other number is a text: the crate refuses what no
/// `f64` can hold, and our reader keeps a number as it was written.
pub(crate) fn read(bytes: &[u8]) -> Value {
    let whole: Box<RawValue> = serde_json::from_slice(bytes).expect("JSON to others, too");
    value(&whole)
}

fn value(raw: &RawValue) -> Value {
    let text = raw.get();
    let within = "JSON within JSON";
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<String, Box<RawValue>> =
                serde_json::from_str(text).expect(within);
            let members = members.iter();
            members
                .map(|(name, it)| (name.clone(), value(it)))
                .collect()
        }
        Some(b'[') => {
            let rows: Vec<Box<RawValue>> = serde_json::from_str(text).expect(within);
            rows.iter().map(|it| value(it)).collect()
        }
        Some(b'-' | b'0'..=b'9') => text
            .parse::<i64>()
            .map_or_else(|_| Value::from(text), Value::from),
        _ => serde_json::from_str(text).expect(within),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_number_that_no_float_holds_is_read() {
        let read = read(br#"{"a":[{"amount":8888,"b":1e999}],"c":null,"d":"\u00e9"}"#);
        assert_eq!(read["a"][0]["amount"], 8888);
        assert_eq!(read["a"][0]["b"], "1e999");
        assert!(read["c"].is_null());
        assert_eq!(read["d"], "é");
    }
}

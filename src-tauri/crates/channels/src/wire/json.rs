//! Strict JSON: one meaning per text. Refuses what lenient readers disagree about: names given twice,
//! deep nesting, bytes after the end, lone surrogates. Numbers stay text, so no amount passes through a float.

use super::BODY_BYTES_MAX;
use std::ops::Range;

/// Deeper than any answer of a payment channel.
const DEPTH_MAX: usize = 32;

/// The largest answer of a channel has some forty. Each name is compared with those before it, before any
/// signature is looked at: without a limit a body of names would keep the till busy for minutes.
const MEMBERS_MAX: usize = 256;

/// Why a text was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// Nested too deep.
    #[error("nested deeper than {DEPTH_MAX}")]
    Deep,
    /// A name stands twice in one object.
    #[error("a name is given twice")]
    Duplicate,
    /// Not JSON.
    #[error("not JSON")]
    Syntax,
    /// More names in one object than any answer has.
    #[error("more than {MEMBERS_MAX} names in one object")]
    Crowded,
    /// Larger than anything a channel sends.
    #[error("larger than {BODY_BYTES_MAX} bytes")]
    TooLarge,
}

/// A JSON value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Json {
    /// `[…]`
    Array(Vec<Json>),
    /// `true` or `false`
    Bool(bool),
    /// `null`
    Null,
    /// A number as it stood there.
    Number(String),
    /// `{…}` in its order, no name twice.
    Object(Vec<(String, Json)>),
    /// `"…"`
    Text(String),
}

impl Json {
    /// Reads a whole text.
    ///
    /// # Errors
    /// A [`Fault`].
    pub fn read(bytes: &[u8]) -> Result<Json, Fault> {
        let mut reader = Reader::new(bytes)?;
        let value = reader.value(0)?;
        reader.end()?;
        Ok(value)
    }

    /// A member of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            Json::Array(_) | Json::Bool(_) | Json::Null | Json::Number(_) | Json::Text(_) => None,
        }
    }

    /// A text member.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Json::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A member that is a whole number, written as one.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Json::Number(digits)) => digits.parse().ok(),
            _ => None,
        }
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        matches!(self, Json::Object(_))
    }
}

/// The members of the outermost object: name, where its value stands in `bytes`, and the value.
///
/// # Errors
/// A [`Fault`]; `Syntax` also when the text is not an object.
pub fn members(bytes: &[u8]) -> Result<Vec<(String, Range<usize>, Json)>, Fault> {
    let mut reader = Reader::new(bytes)?;
    let mut found: Vec<(String, Range<usize>, Json)> = Vec::new();
    reader.blanks();
    reader.expect(b'{')?;
    reader.object(0, &mut |name, place, value| {
        if found.iter().any(|(known, _, _)| *known == name) {
            return Err(Fault::Duplicate);
        }
        found.push((name, place, value));
        Ok(())
    })?;
    reader.end()?;
    Ok(found)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

type Sink<'s> = dyn FnMut(String, Range<usize>, Json) -> Result<(), Fault> + 's;

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Result<Reader<'a>, Fault> {
        if bytes.len() > BODY_BYTES_MAX {
            return Err(Fault::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::Syntax)?;
        Ok(Reader { text, at: 0 })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self) -> Result<u8, Fault> {
        let byte = self.peek().ok_or(Fault::Syntax)?;
        self.at += 1;
        Ok(byte)
    }

    fn expect(&mut self, wanted: u8) -> Result<(), Fault> {
        if self.take()? == wanted {
            Ok(())
        } else {
            Err(Fault::Syntax)
        }
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.blanks();
        if self.peek().is_none() {
            Ok(())
        } else {
            Err(Fault::Syntax)
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, Fault> {
        if depth > DEPTH_MAX {
            return Err(Fault::Deep);
        }
        self.blanks();
        match self.peek().ok_or(Fault::Syntax)? {
            b'{' => {
                self.at += 1;
                let mut members: Vec<(String, Json)> = Vec::new();
                self.object(depth, &mut |name, _, value| {
                    if members.iter().any(|(known, _)| *known == name) {
                        return Err(Fault::Duplicate);
                    }
                    members.push((name, value));
                    Ok(())
                })?;
                Ok(Json::Object(members))
            }
            b'[' => self.array(depth),
            b'"' => {
                self.at += 1;
                self.string().map(Json::Text)
            }
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.word(),
        }
    }

    /// The members after `{`, to the `}`.
    fn object(&mut self, depth: usize, sink: &mut Sink<'_>) -> Result<(), Fault> {
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        for _ in 0..MEMBERS_MAX {
            self.blanks();
            self.expect(b'"')?;
            let name = self.string()?;
            self.blanks();
            self.expect(b':')?;
            self.blanks();
            let from = self.at;
            let value = self.value(depth + 1)?;
            sink(name, from..self.at, value)?;
            self.blanks();
            match self.take()? {
                b',' => {}
                b'}' => return Ok(()),
                _ => return Err(Fault::Syntax),
            }
        }
        Err(Fault::Crowded)
    }

    fn array(&mut self, depth: usize) -> Result<Json, Fault> {
        self.expect(b'[')?;
        let mut items = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blanks();
            match self.take()? {
                b',' => {}
                b']' => return Ok(Json::Array(items)),
                _ => return Err(Fault::Syntax),
            }
        }
    }

    /// The rest of a string after its opening quote.
    fn string(&mut self) -> Result<String, Fault> {
        let mut text = String::new();
        loop {
            let from = self.at;
            while self
                .peek()
                .is_some_and(|b| b != b'"' && b != b'\\' && b >= 0x20)
            {
                self.at += 1;
            }
            text.push_str(self.text.get(from..self.at).ok_or(Fault::Syntax)?);
            match self.take()? {
                b'"' => return Ok(text),
                b'\\' => text.push(self.escape()?),
                _ => return Err(Fault::Syntax),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        Ok(match self.take()? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex4()?;
                if (0xD800..0xDC00).contains(&first) {
                    self.expect(b'\\')?;
                    self.expect(b'u')?;
                    let second = self.hex4()?;
                    if !(0xDC00..0xE000).contains(&second) {
                        return Err(Fault::Syntax);
                    }
                    let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                    char::from_u32(code).ok_or(Fault::Syntax)?
                } else {
                    char::from_u32(first).ok_or(Fault::Syntax)?
                }
            }
            _ => return Err(Fault::Syntax),
        })
    }

    fn hex4(&mut self) -> Result<u32, Fault> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(Fault::Syntax)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Fault::Syntax);
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| Fault::Syntax)
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let from = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > from {
            Ok(())
        } else {
            Err(Fault::Syntax)
        }
    }

    fn number(&mut self) -> Result<Json, Fault> {
        let from = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Json::Number(
            self.text.get(from..self.at).unwrap_or_default().to_owned(),
        ))
    }

    fn word(&mut self) -> Result<Json, Fault> {
        let rest = self.text.get(self.at..).ok_or(Fault::Syntax)?;
        for (word, value) in [
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
            ("null", Json::Null),
        ] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(Fault::Syntax)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn same(ours: &Json, theirs: &serde_json::Value) -> bool {
        use serde_json::Value;
        match (ours, theirs) {
            (Json::Null, Value::Null) => true,
            (Json::Bool(a), Value::Bool(b)) => a == b,
            (Json::Number(a), Value::Number(b)) => {
                serde_json::from_str::<serde_json::Number>(a).unwrap() == *b
            }
            (Json::Text(a), Value::String(b)) => a == b,
            (Json::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Json::Object(a), Value::Object(b)) => {
                a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same(v, w)))
            }
            _ => false,
        }
    }

    #[test]
    fn what_readers_disagree_about_is_refused() {
        for (text, fault) in [
            (r#"{"a":1,"a":1}"#, Fault::Duplicate),
            (r#"{"x":{"a":1,"\u0061":2}}"#, Fault::Duplicate),
            (r#"{"a":1}x"#, Fault::Syntax),
            (r#"{"a":1,}"#, Fault::Syntax),
            (r#"{'a':1}"#, Fault::Syntax),
            ("{\"a\":\"\n\"}", Fault::Syntax),
            (r#""\ud800""#, Fault::Syntax),
            (r#""\ud800\u0041""#, Fault::Syntax),
            ("01", Fault::Syntax),
            ("NaN", Fault::Syntax),
            ("", Fault::Syntax),
        ] {
            assert_eq!(Json::read(text.as_bytes()), Err(fault), "{text}");
        }
        assert_eq!(Json::read(&[b'"', 0xff, b'"']), Err(Fault::Syntax));
        let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        assert!(Json::read(deep(DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(Json::read(deep(DEPTH_MAX + 1).as_bytes()), Err(Fault::Deep));
        assert_eq!(
            Json::read(&vec![b' '; BODY_BYTES_MAX + 1]),
            Err(Fault::TooLarge)
        );
    }

    #[test]
    fn members_tell_where_their_values_stand() {
        let text = br#" {"a" : {"sign":"}\"" , "b":[1]} , "sign":"x" } "#;
        let found = members(text).unwrap();
        let (name, place, _) = found.first().unwrap();
        assert_eq!(
            (name.as_str(), text.get(place.clone()).unwrap()),
            ("a", br#"{"sign":"}\"" , "b":[1]}"#.as_slice())
        );
        assert_eq!(
            found
                .get(1)
                .map(|(name, _, value)| (name.as_str(), value.clone())),
            Some(("sign", Json::Text("x".into())))
        );
        assert_eq!(members(br#"{"a":1,"a":2}"#).unwrap_err(), Fault::Duplicate);
        assert_eq!(members(b"[]").unwrap_err(), Fault::Syntax);
    }

    #[test]
    fn only_whole_numbers_are_amounts() {
        let json =
            Json::read(br#"{"a":100,"b":1.0,"c":1e2,"d":"100","e":-3,"f":9223372036854775808}"#)
                .unwrap();
        let read = |name: &str| json.integer(name);
        assert_eq!(
            (
                read("a"),
                read("b"),
                read("c"),
                read("d"),
                read("e"),
                read("f")
            ),
            (Some(100), None, None, None, Some(-3), None)
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(Json::read(&bytes).is_ok(), Json::read(&bytes).is_ok());
        }

        #[test]
        fn what_we_read_another_reader_reads_alike(text in r#"[\[\]{}",:a-c0-9.eE\\u/ -]{0,40}"#) {
            if let Ok(ours) = Json::read(text.as_bytes()) {
                let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
                prop_assert!(same(&ours, &theirs), "{}", text);
            }
        }
    }
}

//! Writes answers: compact JSON in the order in which the fields are named.
//!
//! Signatures cover exact bytes and some clients cut answers by position, so order and escaping
//! are part of the protocol; no general serializer decides them here. It must never read JSON.

/// How a solidus inside a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Solidus {
    /// `\/`, as Alipay's gateway writes it.
    Escaped,
    /// `/`, as WeChat Pay writes it.
    Plain,
}

/// One JSON object being written.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    body: String,
    solidus: Solidus,
}

impl Object {
    pub(crate) fn new(solidus: Solidus) -> Self {
        Self {
            body: String::new(),
            solidus,
        }
    }

    /// Adds a text.
    #[must_use]
    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        let solidus = self.solidus;
        self.raw(name, &quoted(value, solidus))
    }

    /// Adds a text when there is one.
    #[must_use]
    pub(crate) fn text_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Adds a whole number.
    #[must_use]
    pub(crate) fn number(self, name: &str, value: i64) -> Self {
        self.raw(name, &value.to_string())
    }

    /// Adds an object.
    #[must_use]
    pub(crate) fn object(self, name: &str, value: &Object) -> Self {
        self.raw(name, &value.finish())
    }

    /// Adds a list of objects.
    #[must_use]
    pub(crate) fn list(self, name: &str, values: &[Object]) -> Self {
        let inner: Vec<String> = values.iter().map(Object::finish).collect();
        self.raw(name, &format!("[{}]", inner.join(",")))
    }

    /// Adds a value that is JSON already.
    #[must_use]
    pub(crate) fn raw(mut self, name: &str, value: &str) -> Self {
        if !self.body.is_empty() {
            self.body.push(',');
        }
        self.body.push_str(&quoted(name, self.solidus));
        self.body.push(':');
        self.body.push_str(value);
        self
    }

    pub(crate) fn finish(&self) -> String {
        format!("{{{}}}", self.body)
    }
}

fn quoted(text: &str, solidus: Solidus) -> String {
    let mut written = String::with_capacity(text.len().saturating_add(2));
    written.push('"');
    for character in text.chars() {
        match character {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '/' if solidus == Solidus::Escaped => written.push_str("\\/"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            control if u32::from(control) < 0x20 => {
                written.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            other => written.push(other),
        }
    }
    written.push('"');
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_alipay_escapes_the_solidus() {
        let inner = Object::new(Solidus::Escaped).number("n", -3);
        let whole = Object::new(Solidus::Escaped)
            .text("z", "a/b\"\\\u{1}门")
            .object("a", &inner)
            .list("l", std::slice::from_ref(&inner));
        assert_eq!(
            whole.finish(),
            r#"{"z":"a\/b\"\\\u0001门","a":{"n":-3},"l":[{"n":-3}]}"#
        );
        assert_eq!(
            Object::new(Solidus::Plain).text("u", "a/b").finish(),
            r#"{"u":"a/b"}"#
        );
    }
}

//! Reads `application/x-www-form-urlencoded` with nested brackets: `a[b][0][c]=1`, `a[]=1`.
//!
//! Both ways of writing a blank and of writing brackets are read alike (protocol reference, "Form encoding"). It must
//! never take a name twice for two things.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::answer::Refusal;
use crate::exchange::Call;

/// Pairs in one call; the longest in the protocols is a session with a hundred lines of five each.
const PAIRS_MAX: usize = 1_000;
/// `line_items[0][price_data][product_data][name]` has five.
const DEPTH_MAX: usize = 8;
/// Words of the merchant's own (protocol reference, "Form encoding").
const METADATA_MAX: usize = 50;
const METADATA_KEY_MAX: usize = 40;
const METADATA_VALUE_MAX: usize = 500;

/// A value, or what stands below a name; members of a list are named by their place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Param {
    Below(BTreeMap<String, Param>),
    Text(String),
}

/// What a call says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Params {
    /// Where it stands in the whole, empty at the top.
    path: String,
    values: BTreeMap<String, Param>,
}

fn decoded(part: &str) -> Result<String, Refusal> {
    let blanks = part.replace('+', " ");
    let text = percent_decode_str(&blanks).decode_utf8();
    let wrong = || {
        Refusal::invalid(
            "",
            "Invalid form encoding: the text is not UTF-8.".to_owned(),
        )
    };
    text.map(|text| text.into_owned()).map_err(|_| wrong())
}

/// `a[b][0]` → `a`, `b`, `0`.
fn steps(name: &str) -> Option<Vec<&str>> {
    let Some(at) = name.find('[') else {
        return Some(vec![name]);
    };
    let (first, rest) = name.split_at_checked(at)?;
    let inner = rest.strip_prefix('[')?.strip_suffix(']')?;
    let mut steps = vec![first];
    steps.extend(inner.split("]["));
    let is_plain = |step: &&str| !step.contains(['[', ']']);
    (!first.is_empty() && steps.len() <= DEPTH_MAX && steps.iter().all(is_plain)).then_some(steps)
}

fn insert(values: &mut BTreeMap<String, Param>, steps: &[&str], text: String) -> Option<()> {
    let (first, rest) = steps.split_first()?;
    // `a[]` is the next member.
    let name = if first.is_empty() {
        values.len().to_string()
    } else {
        (*first).to_owned()
    };
    if rest.is_empty() {
        return values
            .insert(name, Param::Text(text))
            .is_none()
            .then_some(());
    }
    let below = values
        .entry(name)
        .or_insert_with(|| Param::Below(BTreeMap::new()));
    match below {
        Param::Below(values) => insert(values, rest, text),
        Param::Text(_) => None,
    }
}

/// A form or a query as pairs, decoded.
pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Ok((decoded(name)?, decoded(value)?))
        })
        .collect()
}

impl Params {
    /// What the call says: by its query where it asks, by its body where it acts.
    pub(super) fn read(call: &Call) -> Result<Self, Refusal> {
        if call.method != "POST" {
            return Self::parse(&call.query);
        }
        let kind = call
            .header("content-type")
            .unwrap_or("application/x-www-form-urlencoded");
        if !call.body.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
            let message =
                format!("The content type {kind} is not application/x-www-form-urlencoded.");
            return Err(Refusal::invalid("", message));
        }
        let body = std::str::from_utf8(&call.body);
        let wrong = |_| {
            Refusal::invalid(
                "",
                "Invalid form encoding: the body is not UTF-8.".to_owned(),
            )
        };
        Self::parse(body.map_err(wrong)?)
    }

    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let pairs = pairs(text)?;
        if pairs.len() > PAIRS_MAX {
            return Err(Refusal::invalid("", "Too many parameters.".to_owned()));
        }
        let mut params = Self::default();
        for (name, value) in pairs {
            let wrong = || Refusal::invalid(&name, format!("Invalid parameter name: {name}"));
            let steps = steps(&name).ok_or_else(wrong)?;
            insert(&mut params.values, &steps, value).ok_or_else(wrong)?;
        }
        Ok(params)
    }

    fn name(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}[{name}]", self.path)
        }
    }

    /// Refuses every other name.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        let unknown = self
            .values
            .keys()
            .find(|name| !known.contains(&name.as_str()));
        unknown.map_or(Ok(()), |name| Err(Refusal::unknown_param(&self.name(name))))
    }

    /// Whether it is there, be it empty.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A text; an empty one unsets, so it is none.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.values.get(name) {
            None => Ok(None),
            Some(Param::Text(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(Param::Below(_)) => Err(Refusal::invalid(
                &self.name(name),
                format!("Invalid string: {}", self.name(name)),
            )),
        }
    }

    pub(super) fn owned(&self, name: &str) -> Result<Option<String>, Refusal> {
        Ok(self.text(name)?.map(str::to_owned))
    }

    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name)?
            .ok_or_else(|| Refusal::missing(&self.name(name)))
    }

    /// A text of at most so many characters.
    pub(super) fn limited(&self, name: &str, most: usize) -> Result<Option<String>, Refusal> {
        let text = self.owned(name)?;
        match text {
            Some(text) if text.chars().count() > most => {
                let name = self.name(name);
                Err(Refusal::invalid(
                    &name,
                    format!("Invalid string: {name} must be at most {most} characters."),
                ))
            }
            text => Ok(text),
        }
    }

    /// One of some words.
    pub(super) fn choice(&self, name: &str, known: &[&str]) -> Result<Option<String>, Refusal> {
        let text = self.owned(name)?;
        match text {
            Some(text) if !known.contains(&text.as_str()) => {
                let message = format!(
                    "Invalid {}: must be one of {}.",
                    self.name(name),
                    known.join(", ")
                );
                Err(Refusal::invalid(&self.name(name), message))
            }
            text => Ok(text),
        }
    }

    /// A whole number.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = is_whole.then(|| text.parse().ok()).flatten();
        let wrong = || {
            let name = self.name(name);
            Refusal::invalid(&name, format!("Invalid integer: {text}"))
                .with_code("parameter_invalid_integer")
        };
        number.map(Some).ok_or_else(wrong)
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.text(name)? {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(Refusal::invalid(
                &self.name(name),
                format!("Invalid boolean: {other}"),
            )),
        }
    }

    /// What stands below a name; empty where it is not there.
    pub(super) fn below(&self, name: &str) -> Result<Self, Refusal> {
        let path = self.name(name);
        match self.values.get(name) {
            None => Ok(Self {
                path,
                values: BTreeMap::new(),
            }),
            Some(Param::Below(values)) => Ok(Self {
                path,
                values: values.clone(),
            }),
            Some(Param::Text(text)) if text.is_empty() => Ok(Self {
                path,
                values: BTreeMap::new(),
            }),
            Some(Param::Text(_)) => Err(Refusal::invalid(&path, format!("Invalid object: {path}"))),
        }
    }

    /// Members of a list in their order.
    pub(super) fn members(&self, name: &str) -> Result<Vec<Self>, Refusal> {
        let list = self.below(name)?;
        let places = list.places()?;
        places.iter().map(|place| list.below(place)).collect()
    }

    /// Texts of a list in their order.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Refusal> {
        let list = self.below(name)?;
        let places = list.places()?;
        let texts = places
            .iter()
            .map(|place| Ok(list.text(place)?.unwrap_or_default().to_owned()));
        texts.collect()
    }

    fn places(&self) -> Result<Vec<String>, Refusal> {
        let mut places: Vec<(usize, String)> = Vec::new();
        for name in self.values.keys() {
            let place = name.parse();
            let wrong = |_| Refusal::invalid(&self.path, format!("Invalid array: {}", self.path));
            places.push((place.map_err(wrong)?, name.clone()));
        }
        places.sort();
        Ok(places.into_iter().map(|(_, name)| name).collect())
    }

    /// The merchant's own words, put over those that were there: an empty value takes one away, an empty whole all.
    pub(super) fn metadata(
        &self,
        name: &str,
        before: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, Refusal> {
        let mut words = before.clone();
        if matches!(self.values.get(name), Some(Param::Text(text)) if text.is_empty()) {
            words.clear();
        }
        let told = self.below(name)?;
        for (key, value) in &told.values {
            let Param::Text(value) = value else {
                return Err(Refusal::invalid(
                    &told.name(key),
                    "Metadata values must be strings.".to_owned(),
                ));
            };
            let is_long = key.chars().count() > METADATA_KEY_MAX
                || value.chars().count() > METADATA_VALUE_MAX;
            if is_long {
                let message =
                    "Metadata keys have up to 40 characters, values up to 500.".to_owned();
                return Err(Refusal::invalid(&told.name(key), message));
            }
            if value.is_empty() {
                words.remove(key);
            } else {
                words.insert(key.clone(), value.clone());
            }
        }
        if words.len() > METADATA_MAX {
            let message = format!("Metadata can have up to {METADATA_MAX} keys.");
            return Err(Refusal::invalid(&self.name(name), message));
        }
        Ok(words)
    }

    /// The whole as text that does not depend on the order in which it was written.
    pub(super) fn canonical(&self) -> String {
        fn write(values: &BTreeMap<String, Param>, text: &mut String) {
            for (name, value) in values {
                text.push_str(&format!("{}:{name}", name.len()));
                match value {
                    Param::Text(value) => text.push_str(&format!("={}:{value};", value.len())),
                    Param::Below(below) => {
                        text.push('{');
                        write(below, text);
                        text.push('}');
                    }
                }
            }
        }
        let mut text = String::new();
        write(&self.values, &mut text);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_nest_and_lists_keep_their_order() {
        let params = Params::parse("a[b][1]=x&a[b][0]=y+%26&c[]=1&c[]=2&d=&e%5Bf%5D=true").unwrap();
        assert_eq!(params.below("a").unwrap().texts("b").unwrap(), ["y &", "x"]);
        assert_eq!(params.texts("c").unwrap(), ["1", "2"]);
        assert_eq!((params.text("d").unwrap(), params.has("d")), (None, true));
        assert_eq!(params.below("e").unwrap().flag("f").unwrap(), Some(true));
    }

    #[test]
    fn nothing_is_two_things() {
        for text in [
            "a=1&a=2",
            "a=1&a[b]=2",
            "a[b]=1&a=2",
            "[a]=1",
            "a[b=1",
            "a]b[=1",
            "%ff=1",
        ] {
            assert!(Params::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_whole_or_refused() {
        let params = Params::parse("a=12&b=1.5&c=-3&d=1e3&e=99999999999999999999&f=+1").unwrap();
        assert_eq!(params.number("a").unwrap(), Some(12));
        assert_eq!(params.number("c").unwrap(), Some(-3));
        for name in ["b", "d", "e", "f"] {
            assert!(params.number(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_same_content_has_the_same_canonical_text() {
        let canonical = |text: &str| Params::parse(text).unwrap().canonical();
        assert_eq!(
            canonical("a=1&b[c]=2&b[d]=3"),
            canonical("b%5Bd%5D=3&b[c]=2&a=1")
        );
        assert_ne!(canonical("a=1"), canonical("a=2"));
        assert_ne!(canonical("a[b]=1"), canonical("a=b=1"));
    }
}

//! The markup of OFX: SGML in 1.x, where a leaf has no closing tag, and XML in 2.x, where it should have one and with
//! many banks has not. So both are read alike: a tag with text behind it is a leaf, a tag that is closed nowhere in the
//! file is an empty leaf, every other one is an aggregate. No document type, no entity but the usual ones.

use crate::{Reason, StatementFault};
use std::{borrow::Cow, collections::HashSet};

/// Aggregates of a statement are some ten deep.
const DEPTH_MAX: usize = 32;
/// The longest name has some thirty letters.
const NAME_BYTES_MAX: usize = 80;

/// What always holds something.
const AGGREGATES: [&str; 6] = [
    "BANKTRANLIST",
    "CCSTMTRS",
    "LEDGERBAL",
    "OFX",
    "STMTRS",
    "STMTTRN",
];

/// What the reader is told, in the order of the file.
pub(super) enum Node<'t> {
    /// An aggregate ends.
    Close(&'t str),
    /// A leaf with its text, without padding.
    Leaf(&'t str, Cow<'t, str>),
    /// An aggregate begins.
    Open(&'t str),
}

enum Token<'t> {
    Close(&'t str),
    Open(&'t str),
    Text(Cow<'t, str>),
}

struct Tokens<'t> {
    rest: &'t str,
    row: u64,
}

impl<'t> Tokens<'t> {
    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.rest = rest;
        self.row +=
            u64::try_from(memchr::memchr_iter(b'\n', taken.as_bytes()).count()).unwrap_or_default();
        taken
    }

    fn fault(&self, reason: Reason) -> StatementFault {
        StatementFault::at(self.row, "", reason)
    }

    /// Everything up to this end, which is passed over.
    fn until(&mut self, end: &str) -> Result<&'t str, StatementFault> {
        let at = memchr::memmem::find(self.rest.as_bytes(), end.as_bytes());
        let at = at.ok_or_else(|| self.fault(Reason::Truncated))?;
        let taken = self.take(at);
        self.take(end.len());
        Ok(taken)
    }

    /// The next token with the line where it begins.
    fn next(&mut self) -> Result<Option<(u64, Token<'t>)>, StatementFault> {
        while !self.rest.is_empty() {
            let row = self.row;
            if !self.rest.starts_with('<') {
                let end = memchr::memchr(b'<', self.rest.as_bytes());
                let text = self.take(end.unwrap_or(self.rest.len()));
                return Ok(Some((row, Token::Text(unescaped(text)))));
            }
            if self.rest.starts_with("<![CDATA[") {
                self.take("<![CDATA[".len());
                let text = self.until("]]>")?;
                return Ok(Some((row, Token::Text(Cow::Borrowed(text)))));
            }
            if self.rest.starts_with("<!--") {
                self.until("-->")?;
            } else if self.rest.starts_with("<?") {
                self.until("?>")?;
            } else if self.rest.starts_with("<!") {
                return Err(self.fault(Reason::Dtd));
            } else {
                self.take(1);
                let tag = self.until(">")?;
                let token = match tag.strip_prefix('/') {
                    Some(name) => Token::Close(name.trim()),
                    None => Token::Open(tag.split_whitespace().next().unwrap_or_default()),
                };
                let is_name = |name: &str| {
                    !name.is_empty()
                        && name
                            .bytes()
                            .all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte))
                };
                let (Token::Close(name) | Token::Open(name)) = &token else {
                    continue;
                };
                if !is_name(name) {
                    return Err(StatementFault::at(row, tag, Reason::Syntax));
                }
                return Ok(Some((row, token)));
            }
        }
        Ok(None)
    }
}

/// The names that are closed somewhere in the file.
fn closed(text: &str) -> HashSet<&str> {
    let mut names = HashSet::new();
    for at in memchr::memmem::find_iter(text.as_bytes(), b"</") {
        // Byte by byte: the file may be cut inside of a letter there.
        let rest = text.as_bytes().get(at + 2..).unwrap_or_default();
        let rest = rest.get(..NAME_BYTES_MAX).unwrap_or(rest);
        let name = rest.split(|byte| *byte == b'>').next().unwrap_or_default();
        if let Ok(name) = std::str::from_utf8(name) {
            names.insert(name.trim());
        }
    }
    names
}

/// Hands out what stands between `<OFX>` and `</OFX>`, with its line.
///
/// # Errors
/// `Truncated`, `GoesOn`, `Nested`, `Dtd`, `Syntax`, and whatever `each` refuses.
pub(super) fn read<'t>(
    text: &'t str,
    row: u64,
    each: &mut dyn FnMut(u64, Node<'t>) -> Result<(), StatementFault>,
) -> Result<(), StatementFault> {
    let closed = closed(text);
    let mut tokens = Tokens { rest: text, row };
    let mut open: Vec<&str> = Vec::new();
    let mut waiting = tokens.next()?;
    let mut is_over = false;
    while let Some((row, token)) = waiting.take() {
        if is_over {
            match token {
                Token::Text(text) if text.trim().is_empty() => {}
                Token::Text(text) => {
                    let padding = text.len() - text.trim_start().len();
                    let row = row + crate::text::row_of(text.as_bytes(), padding) - 1;
                    return Err(StatementFault::at(row, "", Reason::GoesOn));
                }
                _ => return Err(StatementFault::at(row, "", Reason::GoesOn)),
            }
            waiting = tokens.next()?;
            continue;
        }
        match token {
            // Outside of leaves there is nothing but padding.
            Token::Text(_) => waiting = tokens.next()?,
            Token::Open(name) => {
                let mut value = Cow::Borrowed("");
                waiting = tokens.next()?;
                while let Some((_, Token::Text(more))) = &waiting {
                    value = match value.is_empty() {
                        true => more.clone(),
                        false => Cow::Owned(value.into_owned() + more),
                    };
                    waiting = tokens.next()?;
                }
                let bare = name.trim_end_matches('/');
                let is_closed_here =
                    matches!(&waiting, Some((_, Token::Close(close))) if *close == bare);
                // Without its closing tag one of these would pass for an empty leaf, and what is in it for nothing.
                let is_aggregate = AGGREGATES.contains(&bare);
                let is_leaf = !value.trim().is_empty()
                    || (is_closed_here && bare != "OFX")
                    || bare.len() != name.len()
                    || (!closed.contains(bare) && !is_aggregate);
                if is_aggregate && !value.trim().is_empty() {
                    return Err(StatementFault::at(row, bare, Reason::Syntax));
                }
                if !is_leaf {
                    open.push(bare);
                    if open.len() > DEPTH_MAX {
                        return Err(StatementFault::at(row, bare, Reason::Nested));
                    }
                    each(row, Node::Open(bare))?;
                    continue;
                }
                if is_closed_here {
                    waiting = tokens.next()?;
                }
                each(row, Node::Leaf(bare, trimmed(value)))?;
            }
            Token::Close(name) => {
                // An empty leaf may stay open where another one of its name is closed.
                while let Some(top) = open.pop() {
                    each(row, Node::Close(top))?;
                    if top == name {
                        break;
                    }
                    if open.is_empty() || AGGREGATES.contains(&top) {
                        return Err(StatementFault::at(row, name, Reason::Syntax));
                    }
                }
                is_over = open.is_empty();
                waiting = tokens.next()?;
            }
        }
    }
    if is_over {
        Ok(())
    } else {
        Err(tokens.fault(Reason::Truncated))
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// The references of OFX (section 2.3.2.1) and of XML. Many banks write a bare `&`: it stays as it is.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let name = after.get(..after.len().min(10)).unwrap_or(after);
        let name = name.split_once(';').map(|(name, _)| name);
        let letter = name.and_then(|name| match name {
            "amp" => Some('&'),
            "apos" => Some('\''),
            "gt" => Some('>'),
            "lt" => Some('<'),
            "nbsp" => Some(' '),
            "quot" => Some('"'),
            number => number
                .strip_prefix('#')
                .and_then(|digits| digits.parse().ok())
                .and_then(char::from_u32)
                .filter(|letter| *letter >= ' '),
        });
        rest = match (letter, name) {
            (Some(letter), Some(name)) => {
                plain.push(letter);
                after.get(name.len() + 1..).unwrap_or_default()
            }
            _ => {
                plain.push('&');
                after
            }
        };
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

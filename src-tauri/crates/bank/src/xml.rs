//! XML as statements need it: small trees with line numbers, one at a time, so that a large file never stands in
//! memory twice. No document type, no entity but the five of XML and character references, limits on depth and size.

use crate::{Reason, StatementFault};
use quick_xml::{Error, Reader, XmlVersion, events::Event};

/// A statement is some fifteen deep.
const DEPTH_MAX: usize = 48;
/// Elements in one tree: a batch of ten thousand payments with fifty elements each.
const TREE_MAX: usize = 500_000;

/// One element with everything in it.
#[derive(Debug, Default)]
pub(crate) struct Element {
    /// Its name without a prefix.
    pub name: String,
    /// The line where it begins, from 1.
    pub row: u64,
    /// Its attributes: names without a prefix, and values.
    attributes: Vec<(String, String)>,
    /// Its own text.
    pub text: String,
    /// What is in it, in order.
    pub children: Vec<Element>,
}

impl Element {
    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The value of an attribute without padding; empty where there is none.
    pub(crate) fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// Every child of this name.
    pub(crate) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first element at this path: names with strokes between them.
    pub(crate) fn at(&self, path: &str) -> Option<&Element> {
        path.split('/')
            .try_fold(self, |element, name| element.child(name))
    }

    /// The text at this path without padding; empty where there is none.
    pub(crate) fn text_at(&self, path: &str) -> &str {
        self.at(path).map_or("", |element| element.text.trim())
    }
}

/// What comes next.
pub(crate) enum Node {
    /// An element ends.
    Close,
    /// The file ends, with every element closed.
    End,
    /// An element begins; nothing of its content is read yet.
    Open(Element),
    /// Text of the element that is open.
    Text(String),
}

/// A file that is read from its beginning to its end.
pub(crate) struct Source<'x> {
    text: &'x str,
    reader: Reader<&'x [u8]>,
    depth: usize,
    roots: usize,
    counted: usize,
    row: u64,
}

impl<'x> Source<'x> {
    pub(crate) fn new(text: &'x str) -> Source<'x> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Source {
            text,
            reader,
            depth: 0,
            roots: 0,
            counted: 0,
            row: 1,
        }
    }

    /// The line of what was last read.
    pub(crate) fn row(&self) -> u64 {
        self.row
    }

    fn fault(&self, reason: Reason) -> StatementFault {
        StatementFault::at(self.row, "", reason)
    }

    /// What comes next.
    pub(crate) fn next(&mut self) -> Result<Node, StatementFault> {
        loop {
            let start = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
            let passed = self.text.as_bytes().get(self.counted..start);
            let ends = memchr::memchr_iter(b'\n', passed.unwrap_or_default()).count();
            self.row += u64::try_from(ends).unwrap_or_default();
            self.counted = start.max(self.counted);
            let event = self.reader.read_event().map_err(|error| match error {
                // Nothing else ends inside of a tag, a comment or a reference.
                Error::Syntax(_) => self.fault(Reason::Truncated),
                _ => self.fault(Reason::Syntax),
            })?;
            match event {
                Event::Start(start) => {
                    let name = start.local_name();
                    let mut element = Element {
                        name: name.as_ref().to_owned(),
                        row: self.row,
                        ..Element::default()
                    };
                    for attribute in start.attributes() {
                        let attribute = attribute.map_err(|_| self.fault(Reason::Syntax))?;
                        let value = attribute
                            .normalized_value(XmlVersion::Implicit1_0)
                            .map_err(|_| self.fault(Reason::Syntax))?;
                        let name = attribute.key.local_name().as_ref().to_owned();
                        element.attributes.push((name, value.into_owned()));
                    }
                    self.depth += 1;
                    if self.depth > DEPTH_MAX {
                        return Err(self.fault(Reason::Nested));
                    }
                    if self.depth == 1 {
                        self.roots += 1;
                        if self.roots > 1 {
                            return Err(self.fault(Reason::GoesOn));
                        }
                    }
                    return Ok(Node::Open(element));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Node::Close);
                }
                Event::Text(text) => {
                    let text = text.xml10_content();
                    if self.depth > 0 {
                        return Ok(Node::Text(text.into_owned()));
                    }
                    if !text.trim().is_empty() {
                        return Err(self.fault(Reason::GoesOn));
                    }
                }
                Event::CData(text) => return Ok(Node::Text(text.xml10_content().into_owned())),
                Event::GeneralRef(reference) => {
                    let letter = match reference.resolve_char_ref() {
                        Ok(Some(letter)) => Some(letter),
                        Ok(None) => match reference.xml10_content().as_ref() {
                            "amp" => Some('&'),
                            "apos" => Some('\''),
                            "gt" => Some('>'),
                            "lt" => Some('<'),
                            "quot" => Some('"'),
                            _ => None,
                        },
                        Err(_) => None,
                    };
                    // A character that XML does not have is no text either: NUL above all.
                    match letter {
                        Some(letter) if letter >= ' ' || "\t\n\r".contains(letter) => {
                            return Ok(Node::Text(letter.to_string()));
                        }
                        _ => return Err(self.fault(Reason::Syntax)),
                    }
                }
                Event::DocType(_) => return Err(self.fault(Reason::Dtd)),
                Event::Eof if self.depth > 0 || self.roots == 0 => {
                    return Err(self.fault(Reason::Truncated));
                }
                Event::Eof => return Ok(Node::End),
                Event::Comment(_) | Event::Decl(_) | Event::Empty(_) | Event::PI(_) => {}
            }
        }
    }

    /// Everything up to the end of this element.
    pub(crate) fn tree(&mut self, open: Element) -> Result<Element, StatementFault> {
        let mut stack = vec![open];
        let mut count = 0_usize;
        loop {
            match self.next()? {
                Node::Open(element) => {
                    count += 1;
                    if count > TREE_MAX {
                        return Err(self.fault(Reason::TooLarge));
                    }
                    stack.push(element);
                }
                Node::Text(text) => {
                    if let Some(top) = stack.last_mut() {
                        top.text.push_str(&text);
                    }
                }
                Node::Close => match (stack.pop(), stack.last_mut()) {
                    (Some(done), Some(parent)) => parent.children.push(done),
                    (Some(done), None) => return Ok(done),
                    (None, _) => return Err(self.fault(Reason::Syntax)),
                },
                Node::End => return Err(self.fault(Reason::Truncated)),
            }
        }
    }
}

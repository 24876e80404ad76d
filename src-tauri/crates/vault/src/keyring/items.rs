//! Values of any length in items of limited size (Windows: 2,560 bytes). A value is replaced whole: new
//! parts are written beside the old ones, and the item that names them comes last.

use super::thread::Connection;
use crate::KeyringError;
use paydesk_signing::{hex, sha256_hex};
use rand::RngCore;
use zeroize::Zeroizing;

/// What fits into one item everywhere, with room for the heading.
const PART: usize = 2000;
/// More than any account needs; a heading that says more is not ours.
const PARTS_MAX: usize = 64;
const MAGIC: &str = "paydesk1";

/// What the first item says: the number of further parts, the length, the digest, where the parts are.
struct Heading {
    parts: usize,
    length: usize,
    digest: String,
    generation: String,
}

impl Heading {
    fn read(bytes: &[u8]) -> Option<(Heading, &[u8])> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (line, rest) = bytes.split_at_checked(end)?;
        let mut words = std::str::from_utf8(line).ok()?.split(' ');
        if words.next()? != MAGIC {
            return None;
        }
        let heading = Heading {
            parts: words.next()?.parse().ok()?,
            length: words.next()?.parse().ok()?,
            digest: words.next()?.to_owned(),
            generation: words.next()?.to_owned(),
        };
        (heading.parts <= PARTS_MAX).then_some((heading, rest.get(1..)?))
    }

    fn line(&self) -> String {
        let (parts, length) = (self.parts, self.length);
        let (digest, generation) = (&self.digest, &self.generation);
        format!("{MAGIC} {parts} {length} {digest} {generation}\n")
    }

    fn part(&self, account: &str, number: usize) -> String {
        format!("{account}#{}.{number}", self.generation)
    }
}

/// Reads a value; `None` when there is none.
pub(crate) fn get(
    connection: &mut Connection,
    account: &str,
) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
    let corrupt = || KeyringError::Corrupt {
        item: account.to_owned(),
    };
    let Some(first) = connection.read(account)? else {
        return Ok(None);
    };
    let (heading, rest) = Heading::read(&first).ok_or_else(corrupt)?;
    let mut value = Zeroizing::new(rest.to_vec());
    for number in 0..heading.parts {
        let part = connection.read(&heading.part(account, number))?;
        value.extend_from_slice(&part.ok_or_else(corrupt)?);
    }
    if value.len() != heading.length || sha256_hex(&value) != heading.digest {
        return Err(corrupt());
    }
    Ok(Some(value))
}

/// Replaces a value.
pub(crate) fn set(
    connection: &mut Connection,
    account: &str,
    value: &[u8],
) -> Result<(), KeyringError> {
    let before = connection.read(account)?;
    let mut generation = [0_u8; 4];
    rand::rngs::OsRng.fill_bytes(&mut generation);
    let parts: Vec<&[u8]> = match value.len() {
        0..=PART => Vec::new(),
        _ => value.chunks(PART).collect(),
    };
    if parts.len() > PARTS_MAX {
        return Err(KeyringError::Failed("the value is too long".to_owned()));
    }
    let heading = Heading {
        parts: parts.len(),
        length: value.len(),
        digest: sha256_hex(value),
        generation: hex(&generation),
    };
    for (number, part) in parts.iter().enumerate() {
        connection.write(&heading.part(account, number), part)?;
    }
    let mut first = Zeroizing::new(heading.line().into_bytes());
    if parts.is_empty() {
        first.extend_from_slice(value);
    }
    connection.write(account, &first)?;
    forget_parts(connection, account, before.as_deref().map(Vec::as_slice))
}

/// Deletes a value and its parts.
pub(crate) fn delete(connection: &mut Connection, account: &str) -> Result<(), KeyringError> {
    let before = connection.read(account)?;
    connection.delete(account)?;
    forget_parts(connection, account, before.as_deref().map(Vec::as_slice))
}

fn forget_parts(
    connection: &mut Connection,
    account: &str,
    before: Option<&[u8]>,
) -> Result<(), KeyringError> {
    let Some((heading, _)) = before.and_then(Heading::read) else {
        return Ok(());
    };
    for number in 0..heading.parts {
        connection.delete(&heading.part(account, number))?;
    }
    Ok(())
}

/// Writes, reads back and deletes an item of its own. A fresh or locked keyring answers "no such item" to
/// every question; only one that passes this is believed.
pub(crate) fn probe(connection: &mut Connection, folder: &str) -> Result<(), KeyringError> {
    let mut random = [0_u8; 8];
    rand::rngs::OsRng.fill_bytes(&mut random);
    let (account, value) = (format!("{folder}/probe"), hex(&random));
    connection.write(&account, value.as_bytes())?;
    let back = connection.read(&account)?;
    if back.as_deref().map(Vec::as_slice) != Some(value.as_bytes()) {
        return Err(KeyringError::Corrupt { item: account });
    }
    connection.delete(&account)
}

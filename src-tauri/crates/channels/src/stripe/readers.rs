//! Which card readers an account has, so that a till can be told which one stands beside it.

use super::{
    codes,
    envelope::{Said, is_of_mode, page, said},
    known::id,
    request::{PAGE, get},
};
use crate::{
    Answer, CardReader, Cx, ListReaders, Operation, ReaderPage, WireRequest,
    wire::{codes as table, cut, json::Json, safe_code},
};
use paydesk_domain::{Doubt, NotSent, Outcome};
use paydesk_signing::Authentic;

/// The longest name that is taken over; the channel's own limit is no shorter.
const NAME_BYTES_MAX: usize = 120;

pub(super) fn encode(call: &ListReaders, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let mut query = vec![("limit".to_owned(), PAGE.to_owned())];
    query.extend(
        call.after
            .iter()
            .map(|last| ("starting_after".to_owned(), last.clone())),
    );
    get(Operation::ListReaders, "/v1/terminal/readers", &query, cx)
}

pub(super) fn decode(reply: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<ReaderPage>> {
    let content = match said(reply) {
        Err(doubt) => return Outcome::Unknown(doubt),
        Ok(Said::No(no)) => return table::outcome(codes::row(&no.code), &no.code),
        Ok(Said::Object(content)) => content,
    };
    let Some((rows, has_more)) = page(&content) else {
        return Outcome::Unknown(Doubt::Unreadable);
    };
    let mut readers = Vec::with_capacity(rows.len());
    for row in rows {
        if !is_of_mode(row, cx) {
            return Outcome::Unknown(Doubt::Mismatch);
        }
        match reader(row) {
            Some(reader) => readers.push(reader),
            None => return Outcome::Unknown(Doubt::Unreadable),
        }
    }
    let last = readers.last().map(|reader| reader.id.clone());
    Outcome::Done(Answer::of(ReaderPage {
        readers,
        after: last.filter(|_| has_more),
    }))
}

fn reader(row: &Json) -> Option<CardReader> {
    if row.text("object") != Some("terminal.reader") {
        return None;
    }
    let id = id(row.text("id")?, "tmr_")?;
    let plain: String = row
        .text("label")
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    let name = match cut(plain.trim(), NAME_BYTES_MAX).trim() {
        "" => id,
        name => name,
    };
    Some(CardReader {
        id: id.to_owned(),
        name: name.to_owned(),
        model: row
            .text("device_type")
            .and_then(safe_code)
            .unwrap_or_default()
            .to_owned(),
        // Only the channel's plain word counts: a reader that may be reached is not one that is.
        is_online: row.text("status") == Some("online"),
    })
}

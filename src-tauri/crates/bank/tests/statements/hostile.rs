//! Files made to harm, or harmed on the way: refused with a reason, never read in part.

use crate::{camt, reason, words};
use paydesk_bank::{Reason, read};

fn whole() -> String {
    let entry = camt::entry("1.00", "CRDT", "<Sts>BOOK</Sts>");
    camt::document(&camt::statement("101.00", &entry))
}

#[test]
fn a_message_cut_anywhere_is_refused() {
    let whole = whole();
    assert!(read(whole.as_bytes()).is_ok());
    let end = whole.trim_end().len();
    for cut in 0..end {
        assert!(read(&whole.as_bytes()[..cut]).is_err(), "cut at {cut}");
    }
    assert_eq!(
        reason(read(&whole.as_bytes()[..end - 1])).1,
        Reason::Truncated
    );
}

#[test]
fn what_follows_the_end_is_refused() {
    let whole = whole();
    let twice = whole.repeat(2);
    assert!(matches!(
        reason(read(twice.as_bytes())).1,
        Reason::GoesOn | Reason::Syntax
    ));
    let more = format!("{whole}\nmore");
    assert_eq!(reason(read(more.as_bytes())).1, Reason::GoesOn);
}

#[test]
fn a_document_type_is_refused_before_anything_in_it_is_read() {
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>";
    let text = whole().replace("<?xml version=\"1.0\"?>", bomb);
    assert_eq!(
        words(read(text.as_bytes())),
        "line 1: a document type definition, which no bank sends"
    );
    let reference = whole().replace("S1", "&a;");
    assert_eq!(reason(read(reference.as_bytes())).1, Reason::Syntax);
}

#[test]
fn deep_and_long_files_are_refused() {
    let deep = whole().replace("S1", &"<a>".repeat(60));
    assert_eq!(reason(read(deep.as_bytes())).1, Reason::Nested);
    let wide = whole().replace("S1", &"<a/>".repeat(500_001));
    assert_eq!(reason(read(wide.as_bytes())).1, Reason::TooLarge);
    let mut long = whole().into_bytes();
    long.resize((64 << 20) + 1, b' ');
    assert_eq!(reason(read(&long)).1, Reason::TooLarge);
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_line() {
    let nul = whole().replace("S1", "S\0");
    assert_eq!(reason(read(nul.as_bytes())), (5, Reason::Binary));
    let mut bytes = vec![0xef, 0xbb, 0xbf];
    bytes.extend(whole().replace("S1", "S~").into_bytes());
    let at = bytes.iter().position(|byte| *byte == b'~').unwrap();
    bytes[at] = 0xff;
    assert_eq!(reason(read(&bytes)), (5, Reason::Encoding));
    for other in [&b""[..], b"PK", b"hello", b"<html></html>", b"{}"] {
        assert_eq!(reason(read(other)), (0, Reason::NotAStatement));
    }
}

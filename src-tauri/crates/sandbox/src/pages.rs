//! Pages for the payer's browser: escaped, without scripts, and framed by nobody.
//!
//! It must never write what somebody said as markup.

use crate::exchange::Reply;

/// A page with its title; the content is markup already.
pub(crate) fn page(status: u16, title: &str, content: &str) -> Reply {
    let style = "body{font:16px system-ui,sans-serif;max-width:28em;margin:3em auto;padding:0 1em}\
                 .sum{font-size:2em}button{font:inherit;padding:.5em 1.5em;margin:.25em 0}";
    let text = format!(
        "<!DOCTYPE html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{style}</style></head><body><h1>{title}</h1>{content}</body></html>"
    );
    Reply {
        status,
        headers: vec![
            ("content-type", "text/html; charset=utf-8".to_owned()),
            ("cache-control", "no-store".to_owned()),
            (
                "content-security-policy",
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
                    .to_owned(),
            ),
            ("referrer-policy", "no-referrer".to_owned()),
        ],
        body: text.into_bytes(),
    }
}

/// Text as it stands between tags and inside of quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\'' => written.push_str("&#39;"),
            // A browser makes a bare line feed of it, and the signature covers both.
            '\r' => written.push_str("&#13;"),
            '\n' => written.push_str("&#10;"),
            other => written.push(other),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_becomes_markup() {
        assert_eq!(
            escaped("<a b='\"&\r\n门\"'>"),
            "&lt;a b=&#39;&quot;&amp;&#13;&#10;门&quot;&#39;&gt;"
        );
    }
}

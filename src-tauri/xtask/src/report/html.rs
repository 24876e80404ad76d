//! The page as one HTML file: no script, no address, light, dark and on paper.

use super::block::{Block, Page, Tone};
use super::svg;

const STYLE: &str = include_str!("page.css");

/// Text that is text wherever it stands.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A word for the address of a heading.
fn place_of(heading: &str) -> String {
    let letters = heading.to_lowercase();
    let letters = letters.chars().map(|letter| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '-'
        }
    });
    letters.collect()
}

fn is_number(text: &str) -> bool {
    let digits = text.trim_end_matches(" ms").trim_end_matches(" s");
    !digits.is_empty()
        && digits
            .chars()
            .all(|it| it.is_ascii_digit() || ",.−".contains(it))
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.bytes().all(|it| it.is_ascii_digit() || it == b'-')
}

/// Words in backticks are code.
fn prose(text: &str) -> String {
    let parts = escaped(text);
    let mut html = String::new();
    for (at, part) in parts.split('`').enumerate() {
        if at % 2 == 1 {
            html.push_str("<code>");
            html.push_str(part);
            html.push_str("</code>");
        } else {
            html.push_str(part);
        }
    }
    html
}

fn block(block: &Block) -> String {
    match block {
        Block::Cards(cards) => {
            let cards: String = cards
                .iter()
                .map(|card| {
                    let tone = match card.tone {
                        Tone::Bad => "bad",
                        Tone::Good => "good",
                        Tone::Plain => "plain",
                    };
                    let (figure, label) = (escaped(&card.figure), prose(&card.label));
                    format!("<div class=\"card {tone}\"><b>{figure}</b><span>{label}</span></div>")
                })
                .collect();
            format!("<div class=\"cards\">{cards}</div>\n")
        }
        Block::Chart { title, chart } => format!(
            "<figure><figcaption>{}</figcaption>{}</figure>\n",
            prose(title),
            svg::drawn(title, chart)
        ),
        Block::Code(lines) => {
            let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
            format!("<pre>{}</pre>\n", lines.join("\n"))
        }
        Block::Heading(words) => format!("<h2 id=\"{}\">{}</h2>\n", place_of(words), prose(words)),
        Block::NotRun(words) => format!(
            "<p class=\"not-run\"><b>Not run.</b> {}</p>\n",
            prose(words)
        ),
        Block::Table { head, rows } => {
            let head: String = head
                .iter()
                .map(|it| format!("<th>{}</th>", prose(it)))
                .collect();
            let rows: String = rows
                .iter()
                .map(|row| {
                    let cells: String = row
                        .iter()
                        .map(|text| {
                            let class = match text.as_str() {
                                "held" | "met" => " class=\"held\"",
                                "VIOLATED" | "MISSED" => " class=\"broken\"",
                                "not run" => " class=\"none\"",
                                text if is_date(text) => " class=\"date\"",
                                text if is_number(text) => " class=\"number\"",
                                _ => "",
                            };
                            format!("<td{class}>{}</td>", prose(text))
                        })
                        .collect();
                    format!("<tr>{cells}</tr>")
                })
                .collect();
            format!(
                "<div class=\"wide\"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>\n"
            )
        }
        Block::Text(words) => format!("<p>{}</p>\n", prose(words)),
    }
}

/// Writes the page.
pub(super) fn written(page: &Page) -> String {
    let places: String = page
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Heading(words) => Some(format!(
                "<a href=\"#{}\">{}</a>",
                place_of(words),
                escaped(words)
            )),
            _ => None,
        })
        .collect();
    let body: String = page.blocks.iter().map(block).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<header>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n<nav>{places}</nav>\n</header>\n{body}</main>\n</body>\n</html>\n",
        escaped(&page.title),
        escaped(&page.title),
        prose(&page.lead),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_text_with_code_in_it() {
        assert_eq!(prose("a `b<c>` & d"), "a <code>b&lt;c&gt;</code> &amp; d");
        assert!(is_date("2026-11-21") && !is_date("1234567.89"));
        assert!(is_number("1,234") && is_number("3.20 ms") && !is_number("held"));
    }
}

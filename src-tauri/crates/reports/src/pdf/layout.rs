//! Where each word of a report stands: A4, lines broken by the widths of the font, titles repeated on every page.

use super::font::Font;
use crate::{
    document::{Document, DocumentTable},
    model::{Cell, ColumnKind},
};
use paydesk_texts::{Language, text};

/// A4 in points.
pub(super) const PAGE_WIDTH: f32 = 595.28;
pub(super) const PAGE_HEIGHT: f32 = 841.89;

const LEFT: f32 = 45.0;
const RIGHT: f32 = PAGE_WIDTH - 45.0;
const TOP: f32 = PAGE_HEIGHT - 54.0;
/// Nothing but the footer stands below.
const BOTTOM: f32 = 62.0;
const FOOTER: f32 = 34.0;

const SIZE: f32 = 9.0;
const SMALL: f32 = 6.5;
const LINE: f32 = 13.0;
const CELL: f32 = 8.0;
const CELL_LINE: f32 = 11.0;
/// Between a cell's words and the next cell.
const GAP: f32 = 6.0;

const BLACK: f32 = 0.0;
const GRAY: f32 = 0.35;

/// Lines of one cell; what is longer is cut, and shows it.
const CELL_LINES_MAX: usize = 12;

/// Words at their place.
pub(super) struct Place {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) size: f32,
    pub(super) is_bold: bool,
    pub(super) gray: f32,
    pub(super) text: String,
}

/// A line across.
pub(super) struct Rule {
    pub(super) x: f32,
    pub(super) to_x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) gray: f32,
}

/// A page.
#[derive(Default)]
pub(super) struct Page {
    pub(super) places: Vec<Place>,
    pub(super) rules: Vec<Rule>,
}

impl Page {
    /// Every word in the order of writing, one place a line: what the page's digest is of.
    pub(super) fn words(&self) -> Vec<u8> {
        let lines = self
            .places
            .iter()
            .flat_map(|place| [place.text.as_str(), "\n"]);
        lines.collect::<String>().into_bytes()
    }

    pub(super) fn footer(&mut self, digest: &str, said: &str, font: &Font<'_>) {
        self.rule(FOOTER + 11.0, LEFT, RIGHT, 0.4, 0.7);
        self.place(
            LEFT,
            FOOTER,
            SMALL,
            false,
            GRAY,
            format!("SHA-256 {digest}"),
        );
        let x = RIGHT - font.width(said, SIZE);
        self.place(x, FOOTER, SIZE, false, GRAY, said.to_owned());
    }

    fn place(&mut self, x: f32, y: f32, size: f32, is_bold: bool, gray: f32, text: String) {
        self.places.push(Place {
            x,
            y,
            size,
            is_bold,
            gray,
            text,
        });
    }

    fn rule(&mut self, y: f32, x: f32, to_x: f32, width: f32, gray: f32) {
        self.rules.push(Rule {
            x,
            to_x,
            y,
            width,
            gray,
        });
    }
}

/// The pages being filled, from top to bottom.
struct Pen<'a> {
    font: &'a Font<'a>,
    done: Vec<Page>,
    page: Page,
    y: f32,
}

/// The pages of a report, without their footers.
pub(super) fn lay_out(
    document: &Document,
    facts: &[(String, String)],
    font: &Font<'_>,
    language: Language,
) -> Vec<Page> {
    let mut pen = Pen {
        font,
        done: Vec::new(),
        page: Page::default(),
        y: TOP,
    };
    pen.heading(document);
    pen.facts(facts);
    for table in &document.tables {
        pen.table(table);
    }
    pen.signatures(
        &document.signatures,
        &text(language, "report_signed_on", &[]),
    );
    pen.done.push(pen.page);
    pen.done
}

impl Pen<'_> {
    fn need(&mut self, height: f32) -> bool {
        if self.y - height >= BOTTOM {
            return false;
        }
        self.done.push(std::mem::take(&mut self.page));
        self.y = TOP;
        true
    }

    fn heading(&mut self, document: &Document) {
        self.page.place(
            LEFT,
            self.y,
            17.0,
            true,
            BLACK,
            shown(&document.heading.title),
        );
        let shop = shown(&document.heading.shop);
        let x = RIGHT - self.font.width(&shop, 11.0);
        self.page.place(x, self.y, 11.0, false, BLACK, shop);
        self.y -= 12.0;
        self.page.rule(self.y, LEFT, RIGHT, 0.8, BLACK);
        self.y -= 18.0;
    }

    /// Names and values in two columns.
    fn facts(&mut self, facts: &[(String, String)]) {
        const NAME: f32 = 88.0;
        let half = (RIGHT - LEFT) / 2.0;
        // The title and the shop stand in the heading.
        for pair in facts.get(2..).unwrap_or_default().chunks(2) {
            self.need(LINE * 2.0);
            let mut lines = 1_u16;
            for (x, (name, value)) in [LEFT, LEFT + half].into_iter().zip(pair) {
                self.page.place(x, self.y, SIZE, false, GRAY, shown(name));
                let wrapped = self.wrap(&shown(value), SIZE, half - NAME - GAP);
                let mut y = self.y;
                for line in &wrapped {
                    self.page
                        .place(x + NAME, y, SIZE, false, BLACK, line.clone());
                    y -= LINE;
                }
                lines = lines.max(u16::try_from(wrapped.len()).unwrap_or(1));
            }
            self.y -= LINE * f32::from(lines);
        }
        self.y -= 10.0;
    }

    fn table(&mut self, table: &DocumentTable) {
        let total: u16 = table.widths.iter().sum();
        let share = (RIGHT - LEFT) / f32::from(total.max(1));
        let widths: Vec<f32> = table.widths.iter().map(|w| f32::from(*w) * share).collect();
        // A title alone at the foot of a page helps nobody.
        self.need(LINE + 3.0 * CELL_LINE + 12.0);
        self.page
            .place(LEFT, self.y, 11.0, true, BLACK, shown(&table.title));
        self.y -= 17.0;
        self.titles(table, &widths);
        for row in &table.rows {
            let cells: Vec<Vec<String>> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| self.wrap(&shown(&words(cell)), CELL, *width - GAP))
                .collect();
            let lines = cells.iter().map(Vec::len).max().unwrap_or(1).max(1);
            let height = CELL_LINE * f32::from(u16::try_from(lines).unwrap_or(1)) + 3.0;
            if self.need(height) {
                self.titles(table, &widths);
            }
            self.row(table, &widths, &cells, false);
            self.y -= height;
            self.page
                .rule(self.y + CELL_LINE - 3.0, LEFT, RIGHT, 0.25, 0.8);
        }
        self.y -= 14.0;
    }

    fn titles(&mut self, table: &DocumentTable, widths: &[f32]) {
        let cells: Vec<Vec<String>> = table
            .columns
            .iter()
            .zip(widths)
            .map(|(column, width)| self.wrap(&shown(&column.title), CELL, *width - GAP))
            .collect();
        let lines = cells.iter().map(Vec::len).max().unwrap_or(1).max(1);
        self.row(table, widths, &cells, true);
        self.y -= CELL_LINE * f32::from(u16::try_from(lines).unwrap_or(1)) + 4.0;
        self.page
            .rule(self.y + CELL_LINE - 2.5, LEFT, RIGHT, 0.6, BLACK);
    }

    fn row(&mut self, table: &DocumentTable, widths: &[f32], cells: &[Vec<String>], is_bold: bool) {
        let mut x = LEFT;
        for ((lines, width), column) in cells.iter().zip(widths).zip(&table.columns) {
            let is_number = matches!(
                column.kind,
                ColumnKind::Amount | ColumnKind::Integer | ColumnKind::Summed
            );
            let mut y = self.y;
            for line in lines {
                let from = if is_number {
                    x + width - GAP - self.font.width(line, CELL)
                } else {
                    x
                };
                self.page.place(from, y, CELL, is_bold, BLACK, line.clone());
                y -= CELL_LINE;
            }
            x += width;
        }
    }

    /// Lines to sign on, together on one page.
    fn signatures(&mut self, names: &[String], signed_on: &str) {
        if names.is_empty() {
            return;
        }
        self.need(58.0);
        self.y -= 34.0;
        let count = f32::from(u16::try_from(names.len() + 1).unwrap_or(1));
        let width = (RIGHT - LEFT) / count;
        let names = names.iter().map(String::as_str).chain([signed_on]);
        for (name, at) in names.zip(0_u16..) {
            let x = LEFT + width * f32::from(at);
            let name = shown(name);
            let from = x + self.font.width(&name, SIZE) + 5.0;
            self.page.place(x, self.y, SIZE, false, BLACK, name);
            self.page
                .rule(self.y - 2.0, from, x + width - 12.0, 0.5, BLACK);
        }
        self.y -= 20.0;
    }

    /// Breaks behind a blank where there is one, else behind any character.
    fn wrap(&self, text: &str, size: f32, room: f32) -> Vec<String> {
        let mut lines = Vec::new();
        let (mut line, mut width) = (String::new(), 0.0_f32);
        for character in text.chars() {
            let wide = self.font.width_of(character, size);
            if width + wide > room && !line.is_empty() {
                let rest = match line.rfind(' ') {
                    Some(at) if character != ' ' && at > 0 => line.split_off(at + 1),
                    _ => String::new(),
                };
                lines.push(line.trim_end().to_owned());
                if lines.len() == CELL_LINES_MAX {
                    if let Some(last) = lines.last_mut() {
                        last.push('…');
                    }
                    return lines;
                }
                width = self.font.width(&rest, size);
                line = rest;
            }
            line.push(character);
            width += wide;
        }
        lines.push(line.trim_end().to_owned());
        lines
    }
}

/// A cell as a person reads it.
fn words(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.clone().into_owned(),
        Cell::Amount(money) => grouped(&money.to_decimal()),
        Cell::Day(day) => day.to_string(),
        Cell::Moment(moment) => moment.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Cell::Integer(number) => number.to_string(),
    }
}

/// Thousands apart, as on paper: `1,204.50`.
fn grouped(decimal: &str) -> String {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let (sign, digits) = whole
        .strip_prefix('-')
        .map_or(("", whole), |rest| ("-", rest));
    let mut out = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// What is obeyed and not shown is shown; a line break is a blank. A curly apostrophe behind a letter is as wide as
/// an ideograph in a font for Chinese, so a straight one stands there.
fn shown(text: &str) -> String {
    let mut before = ' ';
    let shown = text.chars().map(|c| {
        let shown = match c {
            '\n' | '\r' | '\t' => ' ',
            '\u{2019}' if before.is_ascii_alphabetic() => '\'',
            c if crate::harmless::is_hidden(c) => '\u{fffd}',
            c => c,
        };
        before = c;
        shown
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (decimal, expected) in [
            ("0.00", "0.00"),
            ("-999.90", "-999.90"),
            ("1204.50", "1,204.50"),
            ("-1234567.89", "-1,234,567.89"),
            ("500", "500"),
            ("1000000", "1,000,000"),
        ] {
            assert_eq!(grouped(decimal), expected);
        }
    }
}

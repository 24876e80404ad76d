//! A report as pages of A4 (PDF 1.7, ISO 32000-1), with a subset of a font of this PC inside, so that it reads the
//! same everywhere. Every page says its number and the digest of its own words.

mod font;
mod layout;

pub use font::Font;

use crate::{digest::hex, document::Document, model::ExportError};
use flate2::{Compression, write::ZlibEncoder};
use font::Subset;
use layout::{PAGE_HEIGHT, PAGE_WIDTH, Page, Place, lay_out};
use paydesk_texts::{Language, text};
use pdf_writer::{
    Content, Date, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr, types::TextRenderingMode,
};
use sha2::{Digest, Sha256};
use std::io::Write;

const FONT: Name<'static> = Name(b"F1");

/// The bytes of a report.
pub(crate) fn write_pdf(
    document: &Document,
    facts: &[(String, String)],
    font: &Font<'_>,
    language: Language,
) -> Result<Vec<u8>, ExportError> {
    let mut pages = lay_out(document, facts, font, language);
    let count = pages.len();
    for (page, number) in pages.iter_mut().zip(1_usize..) {
        let digest = hex(&Sha256::digest(page.words()));
        let said = text(
            language,
            "report_page",
            &[("page", &number.to_string()), ("pages", &count.to_string())],
        );
        page.footer(&digest, &said, font);
    }
    let words = pages.iter().flat_map(|page| &page.places);
    let subset = Subset::of(font, words.map(|place| place.text.as_str()))?;
    let mut next = Ref::new(1);
    let mut pdf = Pdf::new();
    let (catalogue, tree, info) = (next.bump(), next.bump(), next.bump());
    let font_id = subset.write(&mut pdf, &mut next)?;
    let mut page_ids = Vec::new();
    for page in &pages {
        let (page_id, content_id) = (next.bump(), next.bump());
        page_ids.push(page_id);
        let mut written = pdf.page(page_id);
        written.parent(tree);
        written.media_box(Rect::new(0.0, 0.0, PAGE_WIDTH, PAGE_HEIGHT));
        written.contents(content_id);
        written.resources().fonts().pair(FONT, font_id);
        written.finish();
        let content = deflated(&content(page, &subset))?;
        pdf.stream(content_id, &content).filter(Filter::FlateDecode);
    }
    let kids = page_ids.iter().copied();
    let mut pages_of = pdf.pages(tree);
    pages_of.kids(kids);
    pages_of.count(i32::try_from(count).unwrap_or(i32::MAX));
    pages_of.finish();
    let mut root = pdf.catalog(catalogue);
    root.pages(tree);
    root.lang(TextStr(language.tag()));
    root.finish();
    let mut about = pdf.document_info(info);
    about.title(TextStr(&document.heading.title));
    about.producer(TextStr(&document.heading.program));
    if let Some((_, last)) = document.heading.days
        && let Some(date) = day(last)
    {
        about.creation_date(date);
    }
    about.finish();
    // The same report has the same name inside: the digest of its words, not of the moment.
    let mut digest = Sha256::new();
    pages.iter().for_each(|page| digest.update(page.words()));
    let id = digest.finalize().to_vec();
    pdf.set_file_id((id.clone(), id));
    Ok(pdf.finish())
}

fn day(day: jiff::civil::Date) -> Option<Date> {
    let year = u16::try_from(day.year()).ok()?;
    let (month, day) = (
        u8::try_from(day.month()).ok()?,
        u8::try_from(day.day()).ok()?,
    );
    Some(Date::new(year).month(month).day(day))
}

fn deflated(bytes: &[u8]) -> Result<Vec<u8>, ExportError> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn content(page: &Page, subset: &Subset) -> Vec<u8> {
    let mut content = Content::new();
    for rule in &page.rules {
        content
            .set_stroke_gray(rule.gray)
            .set_line_width(rule.width);
        content
            .move_to(rule.x, rule.y)
            .line_to(rule.to_x, rule.y)
            .stroke();
    }
    for Place {
        x,
        y,
        size,
        is_bold,
        gray,
        text,
    } in &page.places
    {
        content
            .begin_text()
            .set_font(FONT, *size)
            .set_fill_gray(*gray);
        if *is_bold {
            // One font holds one weight: a thin line around the outlines is the other.
            content
                .set_text_rendering_mode(TextRenderingMode::FillStroke)
                .set_stroke_gray(*gray)
                .set_line_width(size * 0.02);
        } else {
            content.set_text_rendering_mode(TextRenderingMode::Fill);
        }
        content.set_text_matrix([1.0, 0.0, 0.0, 1.0, *x, *y]);
        content.show(Str(&subset.encoded(text)));
        content.end_text();
    }
    content.finish().to_vec()
}

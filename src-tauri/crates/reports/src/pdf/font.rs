//! A font of this PC: its characters, their widths, and the part of it that goes into a report.
//! Reads bytes it is given; where fonts lie is the host's to know.

use super::deflated;
use crate::{digest::hex, model::ExportError, side_file::FontUsed};
use pdf_writer::{
    Filter, Finish, Name, Pdf, Rect, Ref, Str,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId, Permissions, RawFace, Tag, name_id};

/// What every report has: a font without one of these is none for Chinese.
const NEEDED: &str = "对账报告支付宝微信收款退款手续费净额差异签字0123456789.,-";

/// What stands for a character that the font has no outline for.
const STAND_INS: [char; 3] = ['□', '?', ' '];

/// Faces of one collection that are looked at.
const FACES_MAX: u32 = 64;

const IDENTITY: Name<'static> = Name(b"Identity-H");
const SYSTEM: SystemInfo<'static> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// A face of a font file that has the characters of a report.
pub struct Font<'a> {
    data: &'a [u8],
    index: u32,
    face: Face<'a>,
    used: FontUsed,
}

impl<'a> Font<'a> {
    /// The face for mainland China of a font's file, or the first with its characters.
    ///
    /// # Errors
    /// `Font` when none can be embedded, or has the characters.
    pub fn read(data: &'a [u8]) -> Result<Font<'a>, ExportError> {
        let faces = ttf_parser::fonts_in_collection(data)
            .unwrap_or(1)
            .min(FACES_MAX);
        let usable = (0..faces).filter_map(|index| {
            let face = Face::parse(data, index).ok()?;
            let may = !matches!(face.permissions(), Some(Permissions::Restricted))
                && face.is_subsetting_allowed();
            let has_all = NEEDED.chars().all(|c| face.glyph_index(c).is_some());
            // What has no outlines of a kind that can be cut out is a font for screens.
            let has_outlines = face.tables().cff.is_some() || face.tables().glyf.is_some();
            (may && has_all && has_outlines).then_some((index, face))
        });
        let mut usable: Vec<(u32, Face<'a>)> = usable.collect();
        let china = usable.iter().position(|(_, face)| {
            let name = full_name(face);
            name.contains(" SC") && !name.contains("Mono")
        });
        if usable.is_empty() {
            return Err(ExportError::Font("no face with the characters".to_owned()));
        }
        let (index, face) = usable.swap_remove(china.unwrap_or(0));
        let used = FontUsed {
            name: full_name(&face),
            sha256: hex(&Sha256::digest(data)),
        };
        Ok(Font {
            data,
            index,
            face,
            used,
        })
    }

    /// Its name and the digest of its file.
    #[must_use]
    pub fn used(&self) -> &FontUsed {
        &self.used
    }

    fn glyph(&self, character: char) -> GlyphId {
        let found = self.face.glyph_index(character);
        let stand_in = || STAND_INS.into_iter().find_map(|c| self.face.glyph_index(c));
        found.or_else(stand_in).unwrap_or_default()
    }

    /// In thousandths of the size.
    fn advance(&self, glyph: GlyphId) -> f32 {
        let units = f32::from(self.face.units_per_em().max(1));
        f32::from(self.face.glyph_hor_advance(glyph).unwrap_or(0)) * 1_000.0 / units
    }

    /// How wide a character is at a size.
    pub(super) fn width_of(&self, character: char, size: f32) -> f32 {
        self.advance(self.glyph(character)) * size / 1_000.0
    }

    /// How wide a text is at a size.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.width_of(c, size)).sum()
    }
}

fn full_name(face: &Face<'_>) -> String {
    let names = || face.names().into_iter();
    let of = |id| {
        names()
            .filter(move |name| name.name_id == id)
            .find_map(|name| name.to_string())
    };
    of(name_id::FULL_NAME)
        .or_else(|| of(name_id::FAMILY))
        .unwrap_or_else(|| "font".to_owned())
}

/// The glyphs of a report under numbers of their own.
pub(super) struct Subset<'a> {
    font: &'a Font<'a>,
    glyphs: GlyphRemapper,
    /// Number, width and meaning of each.
    known: BTreeMap<char, (u16, f32)>,
}

impl<'a> Subset<'a> {
    pub(super) fn of<'t>(
        font: &'a Font<'a>,
        texts: impl Iterator<Item = &'t str>,
    ) -> Result<Subset<'a>, ExportError> {
        // In the order of the characters, so that the same words are the same bytes.
        let characters: std::collections::BTreeSet<char> = texts.flat_map(str::chars).collect();
        let mut glyphs = GlyphRemapper::new();
        let known = characters.into_iter().map(|character| {
            let glyph = font.glyph(character);
            (character, (glyphs.remap(glyph.0), font.advance(glyph)))
        });
        let known = known.collect();
        Ok(Subset {
            font,
            glyphs,
            known,
        })
    }

    /// A text as the numbers of its glyphs.
    pub(super) fn encoded(&self, text: &str) -> Vec<u8> {
        let known = text.chars().filter_map(|c| self.known.get(&c));
        known.flat_map(|(glyph, _)| glyph.to_be_bytes()).collect()
    }

    /// Writes the font and what it means; gives its name.
    pub(super) fn write(&self, pdf: &mut Pdf, next: &mut Ref) -> Result<Ref, ExportError> {
        let unusable = |error: subsetter::Error| ExportError::Font(error.to_string());
        let cut = subsetter::subset(self.font.data, self.font.index, &self.glyphs);
        let cut = cut.map_err(unusable)?;
        let raw = RawFace::parse(&cut, 0).map_err(|e| ExportError::Font(e.to_string()))?;
        let outlines = raw.table(Tag::from_bytes(b"CFF "));
        let name = self.name();
        let (font, cid, descriptor, file, meaning) = (
            next.bump(),
            next.bump(),
            next.bump(),
            next.bump(),
            next.bump(),
        );
        pdf.type0_font(font)
            .base_font(Name(name.as_bytes()))
            .encoding_predefined(IDENTITY)
            .descendant_font(cid)
            .to_unicode(meaning);
        let mut described = pdf.cid_font(cid);
        described.subtype(if outlines.is_some() {
            CidFontType::Type0
        } else {
            CidFontType::Type2
        });
        described.base_font(Name(name.as_bytes()));
        described.system_info(SYSTEM);
        described.font_descriptor(descriptor);
        described.default_width(1_000.0);
        if outlines.is_none() {
            described.cid_to_gid_map_predefined(Name(b"Identity"));
        }
        let by_glyph: BTreeMap<u16, f32> = self.known.values().copied().collect();
        let mut widths = described.widths();
        for (glyph, width) in by_glyph {
            widths.consecutive(glyph, [width]);
        }
        widths.finish();
        described.finish();
        self.describe(pdf, descriptor, file, &name, outlines.is_some());
        let bytes = deflated(outlines.unwrap_or(&cut))?;
        let mut stream = pdf.stream(file, &bytes);
        stream.filter(Filter::FlateDecode);
        if outlines.is_some() {
            stream.pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
        }
        stream.finish();
        let mut cmap = UnicodeCmap::new(Name(b"Custom"), SYSTEM);
        for (character, (glyph, _)) in &self.known {
            cmap.pair(*glyph, *character);
        }
        let cmap = deflated(&cmap.finish())?;
        pdf.stream(meaning, &cmap).filter(Filter::FlateDecode);
        Ok(font)
    }

    /// Six capitals of the words' own digest, as a subset must be named, before the font's name.
    fn name(&self) -> String {
        let mut digest = Sha256::new();
        self.known
            .keys()
            .for_each(|c| digest.update(u32::from(*c).to_be_bytes()));
        let tag = digest.finalize();
        let tag: String = tag
            .iter()
            .take(6)
            .map(|byte| char::from(b'A' + byte % 26))
            .collect();
        let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        let name: String = self.font.used.name.chars().filter(plain).collect();
        format!("{tag}+{}", if name.is_empty() { "Font" } else { &name })
    }

    fn describe(&self, pdf: &mut Pdf, descriptor: Ref, file: Ref, name: &str, is_cff: bool) {
        let face = &self.font.face;
        let scale = 1_000.0 / f32::from(face.units_per_em().max(1));
        let of = |units: i16| f32::from(units) * scale;
        let bounds = face.global_bounding_box();
        let mut written = pdf.font_descriptor(descriptor);
        written
            .name(Name(name.as_bytes()))
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(
                of(bounds.x_min),
                of(bounds.y_min),
                of(bounds.x_max),
                of(bounds.y_max),
            ))
            .italic_angle(0.0)
            .ascent(of(face.ascender()))
            .descent(of(face.descender()))
            .cap_height(of(face.capital_height().unwrap_or(face.ascender())))
            .stem_v(80.0);
        if is_cff {
            written.font_file3(file);
        } else {
            written.font_file2(file);
        }
    }
}

//! Code 128 as SVG: order numbers on receipts, sample payment codes on the demo's sheet.

use barcoders::{generators::svg::SVG, sym::code128::Code128};

/// Height of the bars, in modules.
const HEIGHT: u32 = 60;

/// `text` as Code 128: set C for an even number of digits, else set B. `None` for what Code 128 has no sign for.
#[must_use]
pub fn barcode(text: &str) -> Option<String> {
    let even_digits = text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_digit());
    // The crate's own signs for "start in set C" and "start in set B".
    let set = if even_digits { 'Ć' } else { 'Ɓ' };
    let encoded = Code128::new(format!("{set}{text}")).ok()?.encode();
    // Without its namespace a page shows it, but no image does.
    let drawn = SVG::new(HEIGHT).xmlns("http://www.w3.org/2000/svg".to_owned());
    drawn.generate(&encoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_codes_are_drawn_and_other_signs_are_not() {
        for text in ["T7K2M02611210001AE", "281234567890123400"] {
            let svg = barcode(text).unwrap_or_default();
            assert!(svg.starts_with("<svg"), "{text}");
            assert!(
                svg.contains("xmlns=\"http://www.w3.org/2000/svg\""),
                "{text}"
            );
        }
        assert!(barcode("收款").is_none());
    }
}

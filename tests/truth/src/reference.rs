//! Order numbers and references as the till makes them (ISO 7064 MOD 37,36), written here once more.

const LETTERS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn letter(value: u32) -> char {
    let at = usize::try_from(value % 36).unwrap_or(0);
    LETTERS.get(at).copied().map_or('0', char::from)
}

/// The order at a place of a day (`yymmdd`) on a device.
pub(crate) fn order(device: &str, day: i32, place: u32) -> String {
    let mut place = place;
    let mut figures = String::new();
    for _ in 0..5 {
        figures.insert(0, letter(place));
        place /= 36;
    }
    let body = format!("T{device}0{:06}{figures}", day.rem_euclid(1_000_000));
    let check = check(&body);
    format!("{body}{check}")
}

/// The `n`-th attempt to pay it.
pub(crate) fn attempt(order: &str, n: u32) -> String {
    format!("{order}A{}", letter(n))
}

/// The `n`-th refund of an attempt.
pub(crate) fn refund(attempt: &str, n: u32) -> String {
    format!("{attempt}R{}", letter(n))
}

fn check(body: &str) -> char {
    let mut product = 36_u32;
    for figure in body.chars() {
        let sum = (product + figure.to_digit(36).unwrap_or(0)) % 36;
        product = (if sum == 0 { 36 } else { sum }) * 2 % 37;
    }
    letter((37 - product) % 36)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_one_of_the_guide() {
        let number = order("7K2M", 20_261_121, 46);
        assert!(number.starts_with("T7K2M02611210001A"), "{number}");
        assert_eq!(refund(&attempt(&number, 35), 2).len(), 22);
    }
}

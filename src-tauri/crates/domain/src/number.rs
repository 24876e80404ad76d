//! Order numbers and the references made from them.
//! A number is used once for ever; a reference is the idempotency key the channel knows us by.

use crate::time::BusinessDay;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Digits and capital letters, the alphabet of order numbers and of ISO 7064 MOD 37,36.
const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Letters of a device id: base 32 without characters that people mix up.
pub const DEVICE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The largest place a five-character base-36 field holds, per device, epoch and day.
pub const PLACE_MAX: u32 = 36_u32.pow(5) - 1;

/// Orders stand at places below this one; those above are never an order's, so they can be asked about
/// where a number is needed that was never used.
pub const ORDER_PLACES: u32 = 58_000_000;

/// Whether the folder takes real money.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Simulated channels on this machine; numbers begin with `T`.
    Demo,
    /// Real accounts; numbers begin with `L`.
    Real,
}

/// What is not a number of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not an order number or reference of this program")]
pub struct NotOurs;

/// An order number: mode, device, epoch, date, place in the day, check character; 18 characters `[0-9A-Z]`.
/// It begins with a letter, so it can never be taken for a payment code.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrderNumber(String);

impl OrderNumber {
    /// Puts a number together; `None` when the device id, epoch or place do not fit their fields.
    #[must_use]
    pub fn compose(
        mode: Mode,
        device: &str,
        epoch: u8,
        day: BusinessDay,
        place: u32,
    ) -> Option<OrderNumber> {
        let device_fits = device.len() == 4 && device.bytes().all(|b| DEVICE_ALPHABET.contains(&b));
        if !device_fits || epoch > 35 || place > PLACE_MAX {
            return None;
        }
        let mode = match mode {
            Mode::Demo => 'T',
            Mode::Real => 'L',
        };
        let body = format!(
            "{mode}{device}{}{}{}",
            base36(u32::from(epoch), 1),
            day.short(),
            base36(place, 5)
        );
        let check = check_character(&body)?;
        Some(OrderNumber(format!("{body}{check}")))
    }

    /// Reads a number that was scanned or typed; the check character must fit.
    ///
    /// # Errors
    /// `NotOurs` for anything else.
    pub fn parse(text: &str) -> Result<OrderNumber, NotOurs> {
        let shape = text.len() == 18
            && text.starts_with(['L', 'T'])
            && text.bytes().all(|b| ALPHABET.contains(&b));
        if !shape {
            return Err(NotOurs);
        }
        let (body, check) = text.split_at_checked(17).ok_or(NotOurs)?;
        if check_character(body).is_some_and(|c| check.starts_with(c)) {
            return Ok(OrderNumber(text.to_owned()));
        }
        Err(NotOurs)
    }

    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of the device that drew it.
    #[must_use]
    pub fn device(&self) -> &str {
        self.0.get(1..5).unwrap_or_default()
    }

    /// The epoch of the device's folder when it drew the number: it grows when an older copy is put back.
    #[must_use]
    pub fn epoch(&self) -> Option<u8> {
        let digit = self.0.chars().nth(5)?.to_digit(36)?;
        u8::try_from(digit).ok()
    }

    /// Whether it is of a demo, or of a sandbox account in a real folder: no money moved.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.0.starts_with('T')
    }

    /// The reference of the `n`-th attempt, from 1; `None` from the 36th on.
    #[must_use]
    pub fn attempt(&self, n: u32) -> Option<MerchantRef> {
        (1..=35)
            .contains(&n)
            .then(|| MerchantRef(format!("{}A{}", self.0, base36(n, 1))))
    }
}

impl TryFrom<String> for OrderNumber {
    type Error = NotOurs;
    fn try_from(text: String) -> Result<OrderNumber, NotOurs> {
        OrderNumber::parse(&text)
    }
}

impl From<OrderNumber> for String {
    fn from(number: OrderNumber) -> String {
        number.0
    }
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Our reference at the channel: an attempt (number + `A` + n), a refund (+ `R` + n) or the
/// return of late money (+ `L`). Durable before it is sent, used once for ever.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MerchantRef(String);

impl MerchantRef {
    /// Reads a reference back from a channel's answer or a file.
    ///
    /// # Errors
    /// `NotOurs` when the number in front is not ours or the tail has another form.
    pub fn parse(text: &str) -> Result<MerchantRef, NotOurs> {
        let (number, tail) = text.split_at_checked(18).ok_or(NotOurs)?;
        OrderNumber::parse(number)?;
        let mut tail = tail.chars();
        let attempt = tail.next() == Some('A')
            && tail
                .next()
                .is_some_and(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
        let rest = tail.as_str();
        let refund = rest.strip_prefix('R').is_some_and(|n| {
            (1..=3).contains(&n.len()) && n.bytes().all(|b| ALPHABET.contains(&b))
        });
        if attempt && (rest.is_empty() || rest == "L" || refund) {
            return Ok(MerchantRef(text.to_owned()));
        }
        Err(NotOurs)
    }

    /// The reference as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The order this reference belongs to.
    #[must_use]
    pub fn order(&self) -> OrderNumber {
        OrderNumber(self.0.chars().take(18).collect())
    }

    /// The attempt this reference is or belongs to.
    #[must_use]
    pub fn payment(&self) -> MerchantRef {
        MerchantRef(self.0.chars().take(20).collect())
    }

    /// The reference of the `n`-th refund of this attempt, from 1; at most three base-36 digits.
    #[must_use]
    pub fn refund(&self, n: u32) -> Option<MerchantRef> {
        let width = match n {
            1..=35 => 1,
            36..=1295 => 2,
            1296..=46_655 => 3,
            _ => return None,
        };
        Some(MerchantRef(format!(
            "{}R{}",
            self.payment().0,
            base36(n, width)
        )))
    }

    /// The reference under which money that came too late goes back: one for ever, whoever asks.
    #[must_use]
    pub fn late_return(&self) -> MerchantRef {
        MerchantRef(format!("{}L", self.payment().0))
    }

    /// Whether it is a [`MerchantRef::late_return`].
    #[must_use]
    pub fn is_late_return(&self) -> bool {
        self.0.ends_with('L') && self.0.len() == self.payment().0.len() + 1
    }
}

impl TryFrom<String> for MerchantRef {
    type Error = NotOurs;
    fn try_from(text: String) -> Result<MerchantRef, NotOurs> {
        MerchantRef::parse(&text)
    }
}

impl From<MerchantRef> for String {
    fn from(reference: MerchantRef) -> String {
        reference.0
    }
}

impl fmt::Display for MerchantRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `n` in base 36 with exactly `width` digits; the callers checked that it fits.
fn base36(mut n: u32, width: usize) -> String {
    let mut digits = vec!['0'; width];
    for digit in digits.iter_mut().rev() {
        *digit = char::from_digit(n % 36, 36)
            .unwrap_or('0')
            .to_ascii_uppercase();
        n /= 36;
    }
    digits.into_iter().collect()
}

/// The ISO 7064 MOD 37,36 check character: finds every single wrong character, and nearly every
/// swap of neighbours.
fn check_character(body: &str) -> Option<char> {
    let mut product = 36_u32;
    for character in body.chars() {
        let mut sum = (product + character.to_digit(36)?) % 36;
        if sum == 0 {
            sum = 36;
        }
        product = sum * 2 % 37;
    }
    char::from_digit((37 - product) % 36, 36).map(|c| c.to_ascii_uppercase())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(place: u32) -> OrderNumber {
        OrderNumber::compose(Mode::Demo, "7K2M", 0, BusinessDay(20_261_121), place).unwrap()
    }

    #[test]
    fn a_number_has_its_fields_in_order() {
        let n = number(46);
        assert!(n.as_str().starts_with("T7K2M02611210001A"), "{n}");
        assert_eq!(n.as_str().len(), 18);
        assert_eq!(n.attempt(1).unwrap().as_str().len(), 20);
        assert!(n.attempt(0).is_none() && n.attempt(36).is_none());
        let later = OrderNumber::compose(Mode::Real, "7K2M", 35, BusinessDay(20_261_121), 46);
        assert_eq!((n.epoch(), later.unwrap().epoch()), (Some(0), Some(35)));
        let attempt = n.attempt(35).unwrap();
        assert!(attempt.as_str().ends_with("AZ"));
        assert_eq!(attempt.refund(36).unwrap().as_str().len(), 23);
        assert_eq!(attempt.refund(1).unwrap().payment(), attempt);
        assert_eq!(attempt.late_return().order(), n);
        assert!(attempt.refund(0).is_none() && attempt.refund(46_656).is_none());
    }

    #[test]
    fn fields_that_do_not_fit_make_no_number() {
        let day = BusinessDay(20_261_121);
        for (device, epoch, place) in [
            ("7K2", 0, 0),
            ("7K2I", 0, 0),
            ("7k2m", 0, 0),
            ("7K2M", 36, 0),
            ("7K2M", 0, PLACE_MAX + 1),
        ] {
            assert!(
                OrderNumber::compose(Mode::Real, device, epoch, day, place).is_none(),
                "{device} {epoch} {place}"
            );
        }
    }

    #[test]
    fn the_check_character_is_that_of_iso_7064() {
        // The example of the Global Release Identifier standard: A1-2425G-ABC1234002-M.
        assert_eq!(check_character("A12425GABC1234002"), Some('M'));
    }

    proptest! {
        #[test]
        fn every_number_and_reference_reads_back(place in 0..=PLACE_MAX, n in 1_u32..36, r in 1_u32..46_656) {
            let number = number(place);
            prop_assert_eq!(&OrderNumber::parse(number.as_str()).unwrap(), &number);
            let attempt = number.attempt(n).unwrap();
            for reference in [attempt.clone(), attempt.refund(r).unwrap(), attempt.late_return()] {
                prop_assert_eq!(&MerchantRef::parse(reference.as_str()).unwrap(), &reference);
                prop_assert!(reference.as_str().len() <= 24);
            }
        }

        #[test]
        fn one_wrong_character_is_found(place in 0..=PLACE_MAX, at in 1_usize..18, to in 0_usize..36) {
            let good = number(place);
            let mut bad = good.as_str().as_bytes().to_vec();
            bad[at] = ALPHABET[to];
            if bad != good.as_str().as_bytes() {
                prop_assert!(OrderNumber::parse(std::str::from_utf8(&bad).unwrap()).is_err());
            }
        }
    }
}

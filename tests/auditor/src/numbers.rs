//! Who may use which order number (INV10): a mode, four letters of a device, a letter of an epoch, a day, a place.
//!
//! A number drawn twice is rare; what keeps numbers apart for sure is that no two tills share a device, and that
//! a till whose folder forgot numbers begins a later epoch.

use std::collections::{BTreeMap, BTreeSet};

/// What is known of the numbers so far.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    devices: BTreeMap<String, usize>,
    used: BTreeSet<String>,
    /// The latest epoch of the numbers that a till's folder forgot.
    forgotten: BTreeMap<usize, String>,
}

fn device_of(reference: &str) -> Option<&str> {
    reference.get(1..5)
}

/// Digits come before letters, in ASCII as in base 36.
fn epoch_of(reference: &str) -> Option<&str> {
    reference.get(5..6)
}

impl Numbers {
    /// A till's folder forgot these references.
    pub(crate) fn forgot(&mut self, till: usize, references: &[String]) {
        let latest = references.iter().filter_map(|it| epoch_of(it)).max();
        if let Some(latest) = latest {
            self.forgotten.insert(till, latest.to_owned());
        }
    }

    /// A till charges under this reference. What is wrong with that.
    pub(crate) fn used(&mut self, till: usize, reference: &str) -> Option<String> {
        if !self.used.insert(reference.to_owned()) {
            return None;
        }
        let device = device_of(reference)?;
        let owner = *self.devices.entry(device.to_owned()).or_insert(till);
        if owner != till {
            return Some(format!("{reference} has the device of till {owner}"));
        }
        let forgotten = self.forgotten.get(&till).map(String::as_str);
        (forgotten.is_some() && forgotten >= epoch_of(reference))
            .then(|| format!("{reference} is of an epoch whose numbers the folder forgot"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_belongs_to_one_till_and_an_epoch_ends_with_what_it_forgot() {
        let mut numbers = Numbers::default();
        assert_eq!(numbers.used(0, "TABCD0261121000011A1"), None);
        assert!(numbers.used(1, "TABCD0261121000022A1").is_some());
        assert_eq!(numbers.used(1, "TWXYZ0261121000011A1"), None);
        numbers.forgot(0, &["TABCD0261121000011A1".to_owned()]);
        assert!(numbers.used(0, "TABCD0261121000033A1").is_some());
        assert_eq!(numbers.used(0, "TABCD1261121000033A1"), None);
    }
}

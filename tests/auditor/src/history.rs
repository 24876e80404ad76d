//! What crossed the wire and what people were told: noted by whoever carries it, never by the product.

use std::collections::{BTreeMap, BTreeSet};

/// A call that moves or may move money.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effect {
    /// Charge, or a code to show.
    Pay,
    /// Cancel, reverse, close.
    End,
    /// Refund.
    Refund,
}

/// A call on its way to the channel.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Which till sent it.
    pub till: usize,
    /// What it does.
    pub effect: Effect,
    /// The payment's number, or the refund's.
    pub reference: String,
    /// The content that gives it its meaning, without time, nonce and signature.
    pub meaning: Vec<u8>,
    /// Its moment, where the channel names a call by number and moment together (UnionPay); else empty.
    pub moment: String,
}

/// Everything noted so far.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The meaning of the first call of its kind under each reference, and its till.
    meanings: BTreeMap<(Effect, String), (usize, Vec<u8>)>,
    /// The moment of the same calls, until the till forgot them.
    moments: BTreeMap<(Effect, String), String>,
    /// Every reference that left a till.
    sent: BTreeMap<usize, BTreeSet<String>>,
    /// Replies that the channel itself made and signed: reference and SHA-256 of the body, hex.
    authentic: BTreeSet<(String, String)>,
    /// The digests alone.
    anyones: BTreeSet<String>,
    /// The newest version of each order that a screen showed, and whether it said paid.
    told: BTreeMap<(usize, String), Told>,
}

/// What a screen showed of an order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    pub(crate) version: i64,
    pub(crate) paid: bool,
}

/// What is wrong with a call by itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Misuse {
    /// The same reference with another content.
    OtherMeaning,
    /// The same reference from two tills.
    TwoTills,
}

impl History {
    pub(crate) fn sent(&mut self, sent: &Sent) -> Option<Misuse> {
        let its = self.sent.entry(sent.till).or_default();
        its.insert(sent.reference.clone());
        let key = (sent.effect, sent.reference.clone());
        let first = self.moments.entry(key.clone());
        let is_at_its_moment = first.or_insert_with(|| sent.moment.clone()) == &sent.moment;
        let (till, meaning) = self
            .meanings
            .entry(key)
            .or_insert_with(|| (sent.till, sent.meaning.clone()));
        if *till != sent.till {
            return Some(Misuse::TwoTills);
        }
        let is_same = *meaning == sent.meaning && is_at_its_moment;
        (!is_same).then_some(Misuse::OtherMeaning)
    }

    /// A till's folder is an older one: what it shows and knows of begins there. Gives what it forgot; the
    /// meaning of every number stays, for none may be used twice. Its moment is gone: a refund that is decided again
    /// has the number that its payment gives it, and is sent now.
    pub(crate) fn forget(
        &mut self,
        till: usize,
        versions: &BTreeMap<String, i64>,
        known: &BTreeSet<String>,
    ) -> Vec<String> {
        for ((of, number), told) in &mut self.told {
            if *of == till {
                told.version = versions.get(number).copied().unwrap_or(-1);
            }
        }
        let Some(sent) = self.sent.get_mut(&till) else {
            return Vec::new();
        };
        let forgotten: Vec<String> = sent.difference(known).cloned().collect();
        sent.retain(|reference| known.contains(reference));
        self.moments
            .retain(|(_, reference), _| !forgotten.contains(reference));
        forgotten
    }

    /// What a till ever sent an ending of.
    pub(crate) fn ended_by(&self, till: usize) -> impl Iterator<Item = &String> {
        let endings = self.meanings.iter();
        endings
            .filter(move |((effect, _), (of, _))| *effect == Effect::End && *of == till)
            .map(|((_, reference), _)| reference)
    }

    pub(crate) fn sent_by(&self, till: usize) -> impl Iterator<Item = &String> {
        self.sent.get(&till).into_iter().flatten()
    }

    pub(crate) fn made(&mut self, reference: &str, reply_sha256: &str) {
        self.anyones.insert(reply_sha256.to_owned());
        self.authentic
            .insert((reference.to_owned(), reply_sha256.to_owned()));
    }

    /// Whether the channel made it, for whomever: what names no payment is bound to none.
    pub(crate) fn is_of_the_channel(&self, reply_sha256: &str) -> bool {
        self.anyones.contains(reply_sha256)
    }

    pub(crate) fn is_authentic(&self, reference: &str, reply_sha256: &str) -> bool {
        self.authentic
            .contains(&(reference.to_owned(), reply_sha256.to_owned()))
    }

    pub(crate) fn told(&mut self, till: usize, number: &str, version: i64, paid: bool) {
        let told = self.told.entry((till, number.to_owned())).or_default();
        told.version = told.version.max(version);
        told.paid |= paid;
    }

    pub(crate) fn told_by(&self, till: usize) -> impl Iterator<Item = (&String, &Told)> {
        self.told
            .iter()
            .filter(move |((of, _), _)| *of == till)
            .map(|((_, number), told)| (number, told))
    }
}

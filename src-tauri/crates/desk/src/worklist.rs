//! Differences are worked off: decided, undone, given to somebody, one or many, with a dry run before.
//! Each decision is an event. None moves a payment; what a channel should say again is asked elsewhere.

use crate::{
    Desk, DeskError,
    ports::{EventKind, NewTreatment, WorkFilter, WorkItem},
};
use paydesk_domain::{
    Act, ChannelDay, Decision, Fitting, ItemName, ItemState, Money, Proof, Treatment, Unfit,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Differences decided about together.
pub const TOGETHER_MAX: usize = 10_000;

/// Characters of a remark.
const REMARK_MAX: usize = 500;

/// Candidates offered: one for each digit.
const CANDIDATES_MAX: usize = 9;

/// Differences of three days looked through for candidates.
const CANDIDATES_AMONG: u32 = 20_000;

/// What may be written off when nobody chose: 1.00.
pub const WRITE_OFF_MAX: i64 = 100;

/// What a person decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ruling {
    /// What.
    pub act: Act,
    /// Why.
    pub remark: String,
    /// Name and bytes of a file that shows it.
    pub proof: Option<(String, Vec<u8>)>,
}

/// What a decision would do, or did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Weighed {
    /// The differences it fits.
    pub fits: Vec<WorkItem>,
    /// Their sums, one for each currency.
    pub sums: Vec<Money>,
    /// Those that stay as they are, each with its reason.
    pub unfit: Vec<(ItemName, Unfit)>,
}

/// Another difference that may be the same movement, because the sums cancel each other out, and what else speaks
/// for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The other one.
    pub item: WorkItem,
    /// Both carry this number of the channel.
    pub same_transaction: bool,
    /// Seconds between the two.
    pub seconds_apart: u64,
}

impl Desk {
    /// What a decision would do to each of these differences; changes nothing.
    ///
    /// # Errors
    /// The store's; `TextTooLong`.
    pub async fn weigh(&self, names: &[ItemName], ruling: &Ruling) -> Result<Weighed, DeskError> {
        if ruling.remark.chars().count() > REMARK_MAX {
            return Err(DeskError::TextTooLong(REMARK_MAX));
        }
        let mut weighed = self.found(names).await?;
        let limit = self.need_shop()?.write_off_max.unwrap_or(WRITE_OFF_MAX);
        let mut fits = Vec::new();
        for item in std::mem::take(&mut weighed.fits) {
            match self.fits(&item, ruling, limit).await? {
                Ok(()) => fits.push(item),
                Err(unfit) => weighed.unfit.push((item.name, unfit)),
            }
        }
        weighed.sums = sums(&fits)?;
        weighed.fits = fits;
        Ok(weighed)
    }

    /// Decides about those of these differences that the decision fits; the others stay as they are.
    ///
    /// # Errors
    /// As for `weigh`; `Store(Stale)` when somebody was faster. Nothing was decided then.
    pub async fn decide(&self, names: &[ItemName], ruling: Ruling) -> Result<Weighed, DeskError> {
        let weighed = self.weigh(names, &ruling).await?;
        let proof = ruling.proof.as_ref().map(|(name, bytes)| Proof {
            name: name.clone(),
            sha256: crate::driver::hex(&Sha256::digest(bytes)),
        });
        let decision = |act: Act| Decision {
            act,
            remark: ruling.remark.trim().to_owned(),
            proof: proof.clone(),
            by: self.operator_name(),
            at: self.now(),
        };
        let mut treatments = Vec::new();
        for item in &weighed.fits {
            let mut treatment = item.treatment.clone();
            treatment.decisions.push(decision(ruling.act.clone()));
            treatments.push(self.treated(item, treatment)?);
            if let Act::Linked { to } = &ruling.act
                && let Some(other) = self.ports.store.worklist().work_item(to).await?
            {
                let mut treatment = other.treatment.clone();
                let to = item.name.clone();
                treatment.decisions.push(decision(Act::Linked { to }));
                treatments.push(self.treated(&other, treatment)?);
            }
        }
        if let (Some(first), Some((_, bytes))) = (treatments.first_mut(), ruling.proof) {
            first.event.evidence = Some(bytes);
        }
        self.treat(treatments).await?;
        Ok(weighed)
    }

    /// Takes the last decision back, of both where two were linked. The undoing is an event of its own.
    ///
    /// # Errors
    /// The store's; `Store(Stale)` when somebody was faster.
    pub async fn undo(&self, names: &[ItemName]) -> Result<Weighed, DeskError> {
        let mut weighed = self.found(names).await?;
        let mut treatments = Vec::new();
        let mut fits = Vec::new();
        let mut undone = BTreeSet::new();
        for item in std::mem::take(&mut weighed.fits) {
            let mut treatment = item.treatment.clone();
            let Some(last) = treatment.decisions.pop() else {
                weighed.unfit.push((item.name, Unfit::Gone));
                continue;
            };
            if !undone.insert(item.name.clone()) {
                continue;
            }
            treatments.push(self.treated(&item, treatment)?);
            if let Act::Linked { to } = last.act
                && undone.insert(to.clone())
                && let Some(other) = self.ports.store.worklist().work_item(&to).await?
                && let Some(treatment) = without_link(&other.treatment, &item.name)
            {
                treatments.push(self.treated(&other, treatment)?);
            }
            fits.push(item);
        }
        self.treat(treatments).await?;
        weighed.sums = sums(&fits)?;
        weighed.fits = fits;
        Ok(weighed)
    }

    /// Gives differences to somebody; to nobody with an empty name.
    ///
    /// # Errors
    /// The store's; `Store(Stale)` when somebody was faster.
    pub async fn give_to(&self, names: &[ItemName], owner: &str) -> Result<Weighed, DeskError> {
        let weighed = self.found(names).await?;
        let mut treatments = Vec::new();
        for item in &weighed.fits {
            let mut treatment = item.treatment.clone();
            owner.trim().clone_into(&mut treatment.owner);
            treatments.push(self.treated(item, treatment)?);
        }
        self.treat(treatments).await?;
        Ok(weighed)
    }

    /// Differences of the other side that may be the same movement: their sums cancel each other out. Best first.
    ///
    /// # Errors
    /// The store's.
    pub async fn candidates(&self, item: &WorkItem) -> Result<Vec<Candidate>, DeskError> {
        let day = item.name.day;
        let around = WorkFilter {
            from: day.previous().unwrap_or(day),
            to: day.next().unwrap_or(day),
            account: Some(item.name.account.clone()),
            state: Some(ItemState::Open),
            ..WorkFilter::of_day(day)
        };
        let worklist = self.ports.store.worklist();
        let others = worklist.work_items(&around, 0, CANDIDATES_AMONG).await?;
        let mut found: Vec<Candidate> = others
            .into_iter()
            .filter(|other| is_pair(item, other))
            .map(|other| candidate(item, other))
            .collect();
        found.sort_by_key(|one| (!one.same_transaction, one.seconds_apart));
        found.truncate(CANDIDATES_MAX);
        Ok(found)
    }

    /// The differences of these names as they stand, without those of signed days.
    async fn found(&self, names: &[ItemName]) -> Result<Weighed, DeskError> {
        let mut weighed = Weighed::default();
        let names: BTreeSet<&ItemName> = names.iter().take(TOGETHER_MAX).collect();
        let days: BTreeSet<ChannelDay> = names.iter().map(|name| name.day).collect();
        let worklist = self.ports.store.worklist();
        let mut signed = BTreeSet::new();
        for day in days {
            let closes = worklist.day_closes(day, day).await?;
            if closes.iter().any(|close| close.reopened.is_none()) {
                signed.insert(day);
            }
        }
        for name in names {
            if signed.contains(&name.day) {
                weighed.unfit.push((name.clone(), Unfit::DayLocked));
                continue;
            }
            match worklist.work_item(name).await? {
                Some(item) => weighed.fits.push(item),
                None => weighed.unfit.push((name.clone(), Unfit::Gone)),
            }
        }
        Ok(weighed)
    }

    async fn fits(
        &self,
        item: &WorkItem,
        ruling: &Ruling,
        limit: i64,
    ) -> Result<Result<(), Unfit>, DeskError> {
        let settled = item.treatment.state() == ItemState::Settled;
        if settled && ruling.act != Act::Noted {
            return Ok(Err(Unfit::Decided));
        }
        let fits = ruling.act.fits(&Fitting {
            found: &item.difference.found,
            explanation: &item.difference.explanation,
            write_off_max: limit,
            remark: &ruling.remark,
        });
        let Act::Linked { to } = &ruling.act else {
            return Ok(fits);
        };
        let other = self.ports.store.worklist().work_item(to).await?;
        let pair = other.is_some_and(|other| {
            is_pair(item, &other) && other.treatment.state() != ItemState::Settled
        });
        Ok(fits.and(pair.then_some(()).ok_or(Unfit::NoPair)))
    }

    fn treated(&self, item: &WorkItem, treatment: Treatment) -> Result<NewTreatment, DeskError> {
        let body = json!({ "item": item.name, "treatment": treatment });
        Ok(NewTreatment {
            name: item.name.clone(),
            version: item.version,
            treatment,
            event: self.shop_event(EventKind::DifferenceTreated, self.actor(), body)?,
        })
    }

    async fn treat(&self, treatments: Vec<NewTreatment>) -> Result<(), DeskError> {
        if treatments.is_empty() {
            return Ok(());
        }
        self.ports.store.worklist().treat(treatments).await?;
        self.tell_status();
        Ok(())
    }
}

/// One line of each side whose sums cancel each other out, of one account.
fn is_pair(item: &WorkItem, other: &WorkItem) -> bool {
    let (a, b) = (&item.difference.found, &other.difference.found);
    let sides = (
        a.bill.is_some(),
        a.book.is_some(),
        b.bill.is_some(),
        b.book.is_some(),
    );
    let opposite = matches!(
        sides,
        (true, false, false, true) | (false, true, true, false)
    );
    let kind = |found: &paydesk_domain::Break| {
        let bill = found.bill.as_ref().map(|line| line.kind);
        bill.or(found.book.as_ref().map(|line| line.kind))
    };
    let cancel = match (a.difference, b.difference) {
        (Some(a), Some(b)) => a.checked_add(b).is_ok_and(|sum| sum.minor() == 0),
        _ => false,
    };
    item.name.account == other.name.account
        && item.name != other.name
        && opposite
        && cancel
        && kind(a) == kind(b)
}

fn candidate(item: &WorkItem, other: WorkItem) -> Candidate {
    let (a, b) = (&item.difference.found, &other.difference.found);
    let bill = a.bill.as_ref().or(b.bill.as_ref());
    let book = a.book.as_ref().or(b.book.as_ref());
    let pair = bill.zip(book);
    let same_transaction = pair.is_some_and(|(bill, book)| {
        !bill.transaction.is_empty() && book.transaction.as_ref() == Some(&bill.transaction)
    });
    let apart = pair.map(|(bill, book)| bill.at.0.abs_diff(book.at.0) / 1_000);
    Candidate {
        same_transaction,
        seconds_apart: apart.unwrap_or(u64::MAX),
        item: other,
    }
}

/// The other side of a link without it; `None` when something was decided there since.
fn without_link(treatment: &Treatment, to: &ItemName) -> Option<Treatment> {
    let mut without = treatment.clone();
    let last = without.decisions.pop()?;
    matches!(last.act, Act::Linked { to: linked } if linked == *to).then_some(without)
}

fn sums(items: &[WorkItem]) -> Result<Vec<Money>, DeskError> {
    let mut sums: Vec<Money> = Vec::new();
    for money in items
        .iter()
        .filter_map(|item| item.difference.found.difference)
    {
        let same = sums
            .iter_mut()
            .find(|sum| sum.currency() == money.currency());
        match same {
            Some(sum) => *sum = sum.checked_add(money)?,
            None => sums.push(money),
        }
    }
    sums.sort_by_key(|sum| sum.currency().code());
    Ok(sums)
}

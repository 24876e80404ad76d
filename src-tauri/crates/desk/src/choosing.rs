//! Which channel to suggest for a shown code, and why (S18): by whether it can be used at all, how it is doing, what it
//! costs by contract and how soon it was paid before. It only suggests; a scanned code names its channel itself.

use crate::{Desk, DeskError, SKEW_LIMIT_MS, channel_day, shop::Shop};
use paydesk_channels::Channel;
use paydesk_domain::{Amount, ChannelId, Money};
use std::{cmp::Ordering, time::Duration};

/// So many of a channel's latest payments are looked through for those by a shown code.
const LOOKED_THROUGH: u32 = 1_000;

/// Fewer paid ones say nothing about how fast a channel is.
const MEASURED_MIN: usize = 5;

/// Medians closer than this are the same: a customer's thumb takes longer.
const SAME_SPEED: Duration = Duration::from_secs(2);

/// Why a channel cannot be used for an amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Against {
    /// The clock of this PC is too far off for it.
    ClockWrong,
    /// No account of it charges.
    NotConnected,
    /// Its keys cannot be used now.
    NoKeys,
    /// It has no code to show.
    NoShownCode,
    /// It does not take the currency.
    OtherCurrency,
    /// It takes at most so much, in minor units.
    TooLarge(i64),
    /// It takes at least so much, in minor units.
    TooSmall(i64),
}

/// How it did at the last contact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Doing {
    /// Nothing is known to be wrong.
    Well,
    /// The last contact brought no answer that proved itself.
    Badly,
    /// No connection could be opened.
    Unreachable,
}

/// A channel and what speaks for or against it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contender {
    /// Which.
    pub channel: ChannelId,
    /// Why it cannot be used; `None`: it can.
    pub against: Option<Against>,
    /// How it is doing.
    pub doing: Doing,
    /// What it would keep by contract; `None` where the contract says nothing.
    pub fee: Option<Money>,
    /// The median time from a code that was shown to its payment; `None` when too few were paid.
    pub median: Option<Duration>,
    /// Over how many payments.
    pub measured: u32,
}

/// The first rule by which the suggestion stands before the next usable channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Because {
    /// It costs less by contract, or only of it is known what it costs.
    Cheaper,
    /// It was paid sooner before, or only of it is known how soon.
    Faster,
    /// The other one answers badly or not at all.
    Healthier,
    /// Nothing speaks for one of them: the order of names.
    Named,
    /// No other can be used.
    Only,
}

/// The channels for an amount, the best first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// Every channel; those that cannot be used stand last.
    pub contenders: Vec<Contender>,
    /// Why the first is suggested; `None` when none can be used.
    pub because: Option<Because>,
}

impl Choice {
    /// Sorts contenders by the rules.
    #[must_use]
    pub fn of(mut contenders: Vec<Contender>) -> Choice {
        contenders.sort_by(|a, b| {
            let usable = |it: &Contender| it.against.is_some();
            usable(a).cmp(&usable(b)).then_with(|| better(a, b).0)
        });
        let mut usable = contenders.iter().filter(|it| it.against.is_none());
        let because = match (usable.next(), usable.next()) {
            (None, _) => None,
            (Some(_), None) => Some(Because::Only),
            (Some(first), Some(second)) => Some(better(first, second).1),
        };
        Choice {
            contenders,
            because,
        }
    }
}

/// Which of two stands first, and by which rule. Total: names are never equal.
fn better(a: &Contender, b: &Contender) -> (Ordering, Because) {
    // What is not known stands behind what is.
    let fee = |it: &Contender| it.fee.map_or(i64::MAX, |fee| fee.minor());
    let pace = |it: &Contender| {
        let steps = |median: Duration| median.as_millis() / SAME_SPEED.as_millis();
        it.median.map_or(u128::MAX, steps)
    };
    let rules = [
        (a.doing.cmp(&b.doing), Because::Healthier),
        (fee(a).cmp(&fee(b)), Because::Cheaper),
        (pace(a).cmp(&pace(b)), Because::Faster),
    ];
    let decided = rules.into_iter().find(|(order, _)| order.is_ne());
    decided.unwrap_or((a.channel.cmp(&b.channel), Because::Named))
}

impl Desk {
    /// The channels by which an amount could be collected with a shown code now, the best first.
    ///
    /// # Errors
    /// `NotSetUp`, the store's.
    pub async fn choice(&self, amount: Amount) -> Result<Choice, DeskError> {
        let shop = self.need_shop()?;
        let mut contenders = Vec::new();
        for channel in crate::channels() {
            contenders.push(self.contender(&shop, *channel, amount).await?);
        }
        Ok(Choice::of(contenders))
    }

    async fn contender(
        &self,
        shop: &Shop,
        channel: &'static dyn Channel,
        amount: Amount,
    ) -> Result<Contender, DeskError> {
        let id = ChannelId(channel.profile().id.to_owned());
        let health = self.health(&id);
        let doing = match (health.failing_since, health.unreachable) {
            (None, _) => Doing::Well,
            (Some(_), false) => Doing::Badly,
            (Some(_), true) => Doing::Unreachable,
        };
        let contract = shop.account_for(&id).zip(channel_day(self.now()));
        let contract = contract.and_then(|(account, day)| account.contract_on(day));
        let times = self
            .ports
            .store
            .shown_code_times(&id, LOOKED_THROUGH)
            .await?;
        Ok(Contender {
            against: self.against(shop, channel, amount),
            channel: id,
            doing,
            fee: contract.map(|row| row.fee_on(amount)),
            measured: u32::try_from(times.len()).unwrap_or(u32::MAX),
            median: median(times),
        })
    }

    fn against(
        &self,
        shop: &Shop,
        channel: &'static dyn Channel,
        amount: Amount,
    ) -> Option<Against> {
        let profile = channel.profile();
        let id = ChannelId(profile.id.to_owned());
        let Some(account) = shop.account_for(&id) else {
            return Some(Against::NotConnected);
        };
        let (least, most) = profile.amount_minor;
        let skew = self.health(&id).skew_ms.unwrap_or(0);
        [
            (!profile.shows_code, Against::NoShownCode),
            (!profile.takes(amount.currency()), Against::OtherCurrency),
            (amount.minor() < least, Against::TooSmall(least)),
            (amount.minor() > most, Against::TooLarge(most)),
            (self.ports.vault.keys(&account.id).is_err(), Against::NoKeys),
            (skew.abs() > 5 * SKEW_LIMIT_MS, Against::ClockWrong),
        ]
        .into_iter()
        .find_map(|(holds, against)| holds.then_some(against))
    }
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    if times.len() < MEASURED_MIN {
        return None;
    }
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use paydesk_domain::Currency;
    use proptest::prelude::*;

    fn contender(name: &str, fee: Option<i64>, seconds: Option<u64>) -> Contender {
        let cny = Currency::from_code("CNY").unwrap();
        Contender {
            channel: ChannelId(name.to_owned()),
            against: None,
            doing: Doing::Well,
            fee: fee.map(|minor| Money::from_minor(minor, cny)),
            median: seconds.map(Duration::from_secs),
            measured: 9,
        }
    }

    fn first(contenders: Vec<Contender>) -> (String, Option<Because>) {
        let choice = Choice::of(contenders);
        let name = choice.contenders.first().unwrap().channel.0.clone();
        (name, choice.because)
    }

    #[test]
    fn each_rule_decides_where_those_before_it_do_not() {
        let dear = || contender("a", Some(30), Some(5));
        let cheap = || contender("b", Some(28), Some(60));
        let fast = || contender("c", Some(28), Some(9));
        let named = |name: &str, because| (name.to_owned(), Some(because));
        assert_eq!(first(vec![dear(), cheap()]), named("b", Because::Cheaper));
        assert_eq!(first(vec![cheap(), fast()]), named("c", Because::Faster));
        assert_eq!(first(vec![dear()]), named("a", Because::Only));
        let near = || contender("d", Some(28), Some(8));
        assert_eq!(first(vec![near(), fast()]), named("c", Because::Named));
        let unknown = || contender("e", None, None);
        assert_eq!(first(vec![unknown(), dear()]), named("a", Because::Cheaper));
        let ill = Contender {
            doing: Doing::Unreachable,
            ..cheap()
        };
        assert_eq!(first(vec![ill, dear()]), named("a", Because::Healthier));
        let none = Contender {
            against: Some(Against::NotConnected),
            ..cheap()
        };
        assert_eq!(first(vec![none.clone(), dear()]), named("a", Because::Only));
        assert_eq!(first(vec![none]).1, None);
    }

    fn any_contender(name: String) -> impl Strategy<Value = Contender> {
        let doing = prop_oneof![
            Just(Doing::Well),
            Just(Doing::Badly),
            Just(Doing::Unreachable)
        ];
        let fee = prop::option::of(0_i64..4);
        let median = prop::option::of(0_u64..9);
        (any::<bool>(), doing, fee, median).prop_map(move |(usable, doing, fee, median)| {
            let against = (!usable).then_some(Against::NotConnected);
            Contender {
                against,
                doing,
                ..contender(&name, fee, median)
            }
        })
    }

    proptest! {
        #[test]
        fn the_order_they_come_in_decides_nothing_and_no_better_one_stands_behind(
            contenders in ["a", "b", "c", "d", "e"].map(|name| any_contender(name.to_owned())),
            turn in 0_usize..5,
        ) {
            let mut turned = contenders.to_vec();
            turned.rotate_left(turn);
            let choice = Choice::of(contenders.to_vec());
            prop_assert_eq!(&choice, &Choice::of(turned));
            for pair in choice.contenders.windows(2) {
                let [one, next] = pair else { continue };
                prop_assert!(one.against.is_none() || next.against.is_some());
                if one.against.is_some() == next.against.is_some() {
                    prop_assert!(better(one, next).0.is_lt());
                }
            }
            let is_usable = choice.contenders.iter().any(|it| it.against.is_none());
            prop_assert_eq!(choice.because.is_some(), is_usable);
        }
    }
}

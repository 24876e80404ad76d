//! Which channel is suggested for an amount (S18).

use crate::{Console, coded, contract::*};
use paydesk_desk::choosing::{Against, Because, Choice, Contender, Doing};
use paydesk_domain::{Amount, Currency, Money};

impl Console {
    pub(crate) async fn channel_choice(&self, args: ChoiceOf) -> Result<ChoiceView, CommandError> {
        let money = self.money_in(&args.amount_minor, args.currency.as_deref())?;
        let amount = Amount::new(money).map_err(|error| coded(error.into()))?;
        let Choice {
            contenders,
            because,
        } = self.desk.choice(amount).await.map_err(coded)?;
        let seen = |it| contender(it, money.currency());
        Ok(ChoiceView {
            contenders: contenders.into_iter().map(seen).collect(),
            because: because.map(BecauseView::from),
        })
    }
}

fn contender(contender: Contender, currency: Currency) -> ContenderView {
    let median = contender.median;
    ContenderView {
        channel: contender.channel.0,
        limit: match contender.against {
            Some(Against::TooLarge(minor) | Against::TooSmall(minor)) => {
                Some(Money::from_minor(minor, currency).into())
            }
            _ => None,
        },
        against: contender.against.map(AgainstView::from),
        doing: match contender.doing {
            Doing::Well => DoingView::Well,
            Doing::Badly => DoingView::Badly,
            Doing::Unreachable => DoingView::Unreachable,
        },
        fee: contender.fee.map(MoneyView::from),
        median_ms: median.map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX)),
        measured: contender.measured,
    }
}

impl From<Against> for AgainstView {
    fn from(against: Against) -> AgainstView {
        match against {
            Against::ClockWrong => AgainstView::ClockWrong,
            Against::NotConnected => AgainstView::NotConnected,
            Against::NoKeys => AgainstView::NoKeys,
            Against::NoShownCode => AgainstView::NoShownCode,
            Against::OtherCurrency => AgainstView::OtherCurrency,
            Against::TooLarge(_) => AgainstView::TooLarge,
            Against::TooSmall(_) => AgainstView::TooSmall,
        }
    }
}

impl From<Because> for BecauseView {
    fn from(because: Because) -> BecauseView {
        match because {
            Because::Cheaper => BecauseView::Cheaper,
            Because::Faster => BecauseView::Faster,
            Because::Healthier => BecauseView::Healthier,
            Because::Named => BecauseView::Named,
            Because::Only => BecauseView::Only,
        }
    }
}

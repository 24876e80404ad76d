//! What the shop took, from the screen's side.

use crate::{Console, bills::narrow, coded, contract::*, export::span, invalid, refused};
use paydesk_desk::ports::{Billed, Taken, Takings as Found, TakingsBy};
use paydesk_domain::{BusinessDay, Currency, Money, MoneyError};

impl Console {
    pub(crate) async fn takings(&self, args: TakingsOf) -> Result<Takings, CommandError> {
        let (from, to) = span(&args.from, &args.to)?;
        let (from, to) = (BusinessDay(from.0), BusinessDay(to.0));
        let shop = self.desk.shop();
        let own = shop.ok_or_else(|| refused(ErrorCode::NotSetUp))?.currency;
        let named = args.currency.as_deref().map(crate::currencies::named);
        let currency = named.transpose()?.unwrap_or(own);
        let found = match args.by {
            TakingsStep::Day => self.desk.takings(from, to, TakingsBy::Day).await,
            TakingsStep::Month => self.desk.takings(from, to, TakingsBy::Month).await,
            TakingsStep::Hour if from == to => {
                let taken = self.desk.takings_of_day(from).await;
                taken.map(|taken| Found {
                    taken,
                    billed: Vec::new(),
                })
            }
            TakingsStep::Hour => return Err(invalid("to")),
        };
        let Found {
            mut taken,
            mut billed,
        } = found.map_err(coded)?;
        let of_books = taken.iter().map(|it| it.taken.currency().code());
        let of_bills = billed.iter().map(|it| it.totals.paid.currency().code());
        let mut currencies: Vec<&str> = of_books.chain(of_bills).chain([own.code()]).collect();
        currencies.sort_by_key(|code| (*code != own.code(), *code));
        currencies.dedup();
        let currencies = currencies.into_iter().map(str::to_owned).collect();
        taken.retain(|it| it.taken.currency() == currency);
        billed.retain(|it| it.totals.paid.currency() == currency);
        let totals = totals(&taken, &billed, currency);
        let totals = totals.map_err(|error| crate::internal(&error.to_string()))?;
        Ok(Takings {
            currency: currency.code().to_owned(),
            currencies,
            taken: taken.iter().map(|it| taken_view(it, args.by)).collect(),
            billed: billed.iter().map(|it| billed_view(it, args.by)).collect(),
            totals,
        })
    }

    pub(crate) async fn money_in_transit(&self, _: NoArgs) -> Result<MoneyInTransit, CommandError> {
        let steps = self.desk.money_in_transit().await.map_err(coded)?;
        let steps = steps.into_iter().map(|step| InTransitView {
            from_days: step.from_days,
            to_days: step.to_days,
            channel: step.channel.0,
            payouts: narrow(step.payouts),
            net: step.net.into(),
        });
        Ok(MoneyInTransit {
            steps: steps.collect(),
        })
    }
}

fn at(at: i64, by: TakingsStep) -> String {
    match by {
        TakingsStep::Day => format!("{:04}-{:02}-{:02}", at / 10_000, at / 100 % 100, at % 100),
        TakingsStep::Hour => at.to_string(),
        TakingsStep::Month => format!("{:04}-{:02}", at / 100, at % 100),
    }
}

/// How much of what was taken was given back, in millionths.
fn share(refunded: i64, taken: i64) -> u32 {
    let share = i128::from(refunded) * 1_000_000;
    let share = share.checked_div(i128::from(taken)).unwrap_or(0);
    u32::try_from(share.max(0)).unwrap_or(u32::MAX)
}

fn taken_view(taken: &Taken, by: TakingsStep) -> TakenView {
    TakenView {
        at: at(taken.at, by),
        channel: taken.channel.0.clone(),
        orders: narrow(taken.orders),
        paid: narrow(taken.paid),
        taken: taken.taken.into(),
        refunded: taken.refunded.into(),
        refund_share: share(taken.refunded.minor(), taken.taken.minor()),
    }
}

fn billed_view(billed: &Billed, by: TakingsStep) -> BilledView {
    BilledView {
        at: at(billed.at, by),
        channel: billed.channel.0.clone(),
        bills: narrow(billed.bills),
        paid: billed.totals.paid.into(),
        refunded: billed.totals.refunded.into(),
        fee: billed.totals.fee.into(),
    }
}

fn totals(
    taken: &[Taken],
    billed: &[Billed],
    currency: Currency,
) -> Result<TakingsTotals, MoneyError> {
    let none = Money::zero(currency);
    let (mut sum, mut refunded, mut fee) = (none, none, none);
    for it in taken {
        sum = sum.checked_add(it.taken)?;
        refunded = refunded.checked_add(it.refunded)?;
    }
    for it in billed {
        fee = fee.checked_add(it.totals.fee)?;
    }
    Ok(TakingsTotals {
        orders: narrow(taken.iter().map(|it| it.orders).sum::<u64>()),
        paid: narrow(taken.iter().map(|it| it.paid).sum::<u64>()),
        refund_share: share(refunded.minor(), sum.minor()),
        taken: sum.into(),
        refunded: refunded.into(),
        fee: fee.into(),
        bills: narrow(billed.iter().map(|it| it.bills).sum::<u64>()),
    })
}

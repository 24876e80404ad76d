//! Payouts, from the screen's side.

use crate::{Console, bills::narrow, coded, contract::*};
use paydesk_desk::{
    PayoutBook,
    payouts::{Arrival, Payout, PayoutPart, Reason},
    ports::KeptLine,
    shop::Shop,
};

impl Console {
    pub(crate) async fn payouts(&self, _: NoArgs) -> Result<PayoutList, CommandError> {
        let book = self.desk.payouts().await.map_err(coded)?;
        let shop = self.desk.shop();
        let mut payouts: Vec<PayoutView> = book
            .found
            .payouts
            .iter()
            .map(|payout| view(&book, shop.as_ref(), payout))
            .collect();
        payouts.reverse();
        let candidates = book.found.candidates.iter().filter_map(|it| {
            Some(PayoutCandidate {
                line: line_view(book.line(it.bank)?),
                parts: parts(shop.as_ref(), &it.parts),
                net: it.net.into(),
                difference: it.difference.into(),
                reasons: it.reasons.iter().map(reason).collect(),
            })
        });
        let is_in = |number: &&u64| {
            let line = book.line(**number);
            line.is_some_and(|kept| kept.line.amount.minor() > 0)
        };
        Ok(PayoutList {
            candidates: candidates.collect(),
            other: narrow(book.found.other.iter().filter(is_in).count()),
            is_cut_short: book.found.is_cut_short,
            days: narrow(book.days),
            statements: narrow(book.statements),
            payouts,
        })
    }
}

fn view(book: &PayoutBook, shop: Option<&Shop>, payout: &Payout) -> PayoutView {
    let (overdue_days, arrived_on) = match payout.arrival {
        Arrival::Expected => (0, None),
        Arrival::Overdue { days } => (days, None),
        Arrival::Arrived { on } | Arrival::Differs { on } => (0, Some(on.to_string())),
    };
    let line = payout.bank.and_then(|number| book.line(number));
    PayoutView {
        parts: parts(shop, &payout.parts),
        terms: payout
            .terms
            .iter()
            .map(|term| PayoutTermView {
                name: term.name.name().to_owned(),
                amount: term.amount.into(),
                lines: narrow(term.lines),
            })
            .collect(),
        net: payout.net.into(),
        expected_on: payout.expected_on.to_string(),
        arrival: payout.arrival.name().to_owned(),
        overdue_days: u32::from(overdue_days),
        arrived_on,
        line: line.map(line_view),
        reasons: payout.reasons.iter().map(reason).collect(),
        difference: (payout.difference.minor() != 0).then(|| payout.difference.into()),
    }
}

fn parts(shop: Option<&Shop>, parts: &[PayoutPart]) -> Vec<PayoutPartView> {
    let view = |part: &PayoutPart| {
        let account = shop.and_then(|shop| shop.account(&part.account));
        PayoutPartView {
            account_id: part.account.0.clone(),
            name: account.map_or_else(String::new, |it| it.name().to_owned()),
            channel: account.map_or_else(String::new, |it| it.channel.0.clone()),
            days: part.days.iter().map(ToString::to_string).collect(),
        }
    };
    parts.iter().map(view).collect()
}

fn reason(reason: &Reason) -> PayoutReason {
    PayoutReason {
        name: reason.name().to_owned(),
        days: match reason {
            Reason::DaysApart(days) => u32::from(*days),
            _ => 0,
        },
    }
}

fn line_view(kept: &KeptLine) -> PayoutLine {
    let line = &kept.line;
    let reference = [&line.bank_reference, &line.text];
    let reference = reference.into_iter().find(|it| !it.is_empty());
    PayoutLine {
        statement: kept.name.statement.to_string(),
        row: narrow(line.row),
        booked: line.booked.to_string(),
        amount: line.amount.into(),
        counterparty: line.counterparty.clone(),
        reference: reference.cloned().unwrap_or_default(),
        text: line.text.clone(),
    }
}

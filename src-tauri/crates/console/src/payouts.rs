//! Payouts, from the screen's side.

use crate::{
    Console,
    bills::{channel_day, narrow},
    coded,
    contract::*,
    invalid,
};
use paydesk_desk::{
    DecidedPart, PayoutBook, PayoutDecision, PayoutRuling,
    payouts::{Arrival, Payout, PayoutPart, Reason},
    ports::{KeptLine, LineName},
    shop::Shop,
};
use paydesk_domain::AccountId;

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
        let rejected = book.decisions.values().filter_map(|decision| {
            let is_rejected = decision.ruling == PayoutRuling::Rejected;
            let mut lines = book.lines.iter().filter(|_| is_rejected);
            Some(RejectedLine {
                line: line_view(lines.find(|kept| kept.name == decision.line())?),
                decision: decision_view(decision),
            })
        });
        let is_in = |number: &&u64| {
            let line = book.line(**number);
            line.is_some_and(|kept| kept.line.amount.minor() > 0)
        };
        Ok(PayoutList {
            candidates: candidates.collect(),
            rejected: rejected.collect(),
            other: narrow(book.found.other.iter().filter(is_in).count()),
            is_cut_short: book.found.is_cut_short,
            days: narrow(book.days),
            statements: narrow(book.statements),
            payouts,
        })
    }

    pub(crate) async fn decide_payout(
        &self,
        args: DecidePayout,
    ) -> Result<PayoutList, CommandError> {
        let ruling = match args.ruling.as_str() {
            "accepted" => PayoutRuling::Accepted,
            "rejected" => PayoutRuling::Rejected,
            "undone" => PayoutRuling::Undone,
            _ => return Err(invalid("ruling")),
        };
        let line = LineName {
            statement: args.statement.parse().map_err(|_| invalid("statement"))?,
            n: args.place,
        };
        let mut parts = Vec::new();
        for part in &args.parts {
            let days = part.days.iter().map(|day| channel_day(day));
            parts.push(DecidedPart {
                account: AccountId(part.account_id.clone()),
                days: days.collect::<Result<_, _>>()?,
            });
        }
        let decided = self.desk.decide_payout(ruling, line, parts, &args.remark);
        decided.await.map_err(coded)?;
        self.payouts(NoArgs {}).await
    }
}

fn decision_view(decision: &PayoutDecision) -> PayoutDecisionView {
    PayoutDecisionView {
        remark: decision.remark.clone(),
        by: decision.by.clone(),
        at: decision.at.0,
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
        decision: line
            .and_then(|kept| book.decisions.get(&kept.name))
            .map(decision_view),
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
        place: kept.name.n,
        row: narrow(line.row),
        booked: line.booked.to_string(),
        amount: line.amount.into(),
        counterparty: line.counterparty.clone(),
        reference: reference.cloned().unwrap_or_default(),
        text: line.text.clone(),
    }
}

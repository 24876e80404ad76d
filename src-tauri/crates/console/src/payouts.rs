//! Payouts, from the screen's side.

use crate::{
    Console,
    bills::{channel_day, file_of, narrow},
    coded,
    contract::*,
    invalid, refused, refused_with,
};
use paydesk_desk::{
    BANK_DAYS_MAX, BankDays, BankDaysFault, DecidedPart, PayoutBook, PayoutDecision, PayoutRuling,
    payouts::{Arrival, Payout, PayoutPart, Reason},
    ports::{KeptLine, LineName},
    shop::Shop,
};
use paydesk_domain::AccountId;
use std::collections::BTreeSet;

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
        let candidates = book.found.candidates.iter();
        let candidates = candidates.map(|it| PayoutCandidate {
            lines: it
                .bank
                .iter()
                .filter_map(|number| book.line(*number))
                .map(line_view)
                .collect(),
            parts: parts(shop.as_ref(), &it.parts),
            net: it.net.into(),
            difference: it.difference.into(),
            reasons: it.reasons.iter().map(reason).collect(),
        });
        // A decision about several movements stands under each of them.
        let rejected = book.decisions.iter().filter(|(line, decision)| {
            decision.ruling == PayoutRuling::Rejected && decision.lines().next() == Some(**line)
        });
        let rejected = rejected.map(|(_, decision)| {
            let of_decision = |kept: &&KeptLine| decision.lines().any(|line| line == kept.name);
            RejectedLine {
                lines: (book.lines.iter().filter(of_decision))
                    .map(line_view)
                    .collect(),
                decision: decision_view(decision),
            }
        });
        let flows = book.owed.values().filter(|owed| owed.flow.is_some());
        let is_in = |number: &&u64| {
            let line = book.line(**number);
            line.is_some_and(|kept| kept.line.amount.minor() > 0)
        };
        Ok(PayoutList {
            candidates: candidates.collect(),
            rejected: rejected.filter(|it| !it.lines.is_empty()).collect(),
            flows: narrow(flows.count()),
            other: narrow(book.found.other.iter().filter(is_in).count()),
            is_cut_short: book.found.is_cut_short,
            days: narrow(book.owed.len()),
            statements: narrow(book.statements.len()),
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
        let line = |named: &BankLineRef| {
            Ok(LineName {
                statement: named.statement.parse().map_err(|_| invalid("statement"))?,
                n: named.place,
            })
        };
        let lines: Result<Vec<LineName>, CommandError> = args.lines.iter().map(line).collect();
        let lines = lines?;
        let mut parts = Vec::new();
        for part in &args.parts {
            let days = part.days.iter().map(|day| channel_day(day));
            parts.push(DecidedPart {
                account: AccountId(part.account_id.clone()),
                days: days.collect::<Result<_, _>>()?,
            });
        }
        let decided = self.desk.decide_payout(ruling, &lines, parts, &args.remark);
        decided.await.map_err(coded)?;
        self.payouts(NoArgs {}).await
    }
}

impl Console {
    pub(crate) async fn bank_days(&self, _: NoArgs) -> Result<BankDayTable, CommandError> {
        let shop = self.desk.shop();
        let shop = shop.ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        Ok(table(&shop.bank_days.unwrap_or_default()))
    }

    pub(crate) async fn read_bank_days(
        &self,
        args: BankDaysFile,
    ) -> Result<BankDayTable, CommandError> {
        let file = file_of(&args.file, ErrorCode::BankDaysTooMany)?;
        let text = std::str::from_utf8(&file).map_err(|_| bank_day_row(1))?;
        Ok(table(&BankDays::read(text).map_err(bank_days_fault)?))
    }

    pub(crate) async fn change_bank_days(
        &self,
        args: ChangeBankDays,
    ) -> Result<BankDayTable, CommandError> {
        let shop = self.desk.shop();
        let mut shop = shop.ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        let (mut holidays, mut workdays) = (BTreeSet::new(), BTreeSet::new());
        for (row, named) in (1..).zip(&args.days) {
            let day = named.day.parse().map_err(|_| bank_day_row(row))?;
            let of_kind = if named.works {
                &mut workdays
            } else {
                &mut holidays
            };
            of_kind.insert(day);
        }
        let days = BankDays::new(holidays, workdays).map_err(bank_days_fault)?;
        shop.bank_days = (!days.is_empty()).then_some(days);
        self.desk.change_shop(shop).await.map_err(coded)?;
        self.bank_days(NoArgs {}).await
    }
}

fn bank_day_row(row: u64) -> CommandError {
    refused_with(ErrorCode::BankDaysRow, &[("row", row.to_string())])
}

pub(crate) fn bank_days_fault(fault: BankDaysFault) -> CommandError {
    match fault {
        BankDaysFault::Both(day) => {
            refused_with(ErrorCode::BankDaysBoth, &[("day", day.to_string())])
        }
        BankDaysFault::Row(row) => bank_day_row(row),
        BankDaysFault::TooMany => {
            let max = BANK_DAYS_MAX.to_string();
            refused_with(ErrorCode::BankDaysTooMany, &[("max", max)])
        }
    }
}

fn table(days: &BankDays) -> BankDayTable {
    let of = |days: &BTreeSet<jiff::civil::Date>, works| -> Vec<BankDay> {
        let day = |day: &jiff::civil::Date| BankDay {
            day: day.to_string(),
            works,
        };
        days.iter().map(day).collect()
    };
    let mut all = of(&days.holidays, false);
    all.extend(of(&days.workdays, true));
    all.sort_by(|a, b| a.day.cmp(&b.day));
    BankDayTable { days: all }
}

fn decision_view(decision: &PayoutDecision) -> PayoutDecisionView {
    PayoutDecisionView {
        remark: decision.remark.clone(),
        by: decision.by.clone(),
        at: decision.at.0,
    }
}

pub(crate) fn view(book: &PayoutBook, shop: Option<&Shop>, payout: &Payout) -> PayoutView {
    let (overdue_days, arrived_on) = match payout.arrival {
        Arrival::Expected => (0, None),
        Arrival::Overdue { days } => (days, None),
        Arrival::Arrived { on } | Arrival::Differs { on } => (0, Some(on.to_string())),
    };
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
        lines: book.lines_of(payout).into_iter().map(line_view).collect(),
        decision: book.decision_of(payout).map(decision_view),
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
            Reason::DaysApart(count) | Reason::InParts(count) => u32::from(*count),
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

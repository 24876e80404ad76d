//! What channels owe for their days against what came to the bank: kept bills and fund-flow bills on one side, the
//! movements of kept statements on the other. It asks nothing of a channel, and keeps nothing: decisions of people
//! stand in the log.

use crate::{
    Desk, DeskError, bills,
    close::net,
    payout_decisions::{self, Decisions, PayoutDecision},
    ports::{FlowMove, KeptFlow, KeptLine, KeptStatement, LineName, StoreError},
    shop::Account,
    statements,
};
use jiff::civil::Date;
use paydesk_domain::{AccountId, ChannelDay, Currency, FlowSort, Money};
use paydesk_recon::payouts::{
    BankCalendar, BankEntry, OwedDay, PayingAccount, Payout, Payouts, Sent, match_payouts,
};
use std::collections::{BTreeMap, BTreeSet};

/// A payout may come so many days after its last day, holidays included.
const LATEST_DAYS: i64 = 20;

/// A payout is of at most 31 days, and comes within 45: the neighbours that may be in one payout with a day.
const BEFORE_DAYS: i64 = 62;
const AFTER_DAYS: i64 = 31;

/// Days whose last lines are read for one look.
const NEAR_ENDS_MAX: usize = 32;

/// Both channels pay on the next working day.
pub(crate) const ARRIVES_AFTER: u8 = 1;

/// Payouts with the movements they are matched with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PayoutBook {
    /// What came out; a movement is named by its place in `lines`.
    pub found: Payouts,
    /// The movements of the bank.
    pub lines: Vec<KeptLine>,
    /// The kept statements, the newest first.
    pub statements: Vec<KeptStatement>,
    /// What each day comes to, whose bill is kept.
    pub owed: BTreeMap<(AccountId, ChannelDay), Owed>,
    /// What people decided, by the movement it is about.
    pub decisions: BTreeMap<LineName, PayoutDecision>,
}

/// What a channel owes for a day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owed {
    /// The bill's payments less refunds less fees.
    pub net: Money,
    /// What the channel held back (negative) or released.
    pub reserve: Money,
    /// The fund-flow bill this is known from.
    pub flow: Option<KeptFlow>,
    /// The movements of the fund-flow bill that no trade bill tells.
    pub moves: Vec<FlowMove>,
}

impl PayoutBook {
    /// A movement by its number.
    #[must_use]
    pub fn line(&self, number: u64) -> Option<&KeptLine> {
        self.lines.get(usize::try_from(number).ok()?)
    }

    /// The movements of a payout, in the order in which they came.
    pub fn lines_of(&self, payout: &Payout) -> Vec<&KeptLine> {
        let numbers = payout.bank.iter();
        numbers.filter_map(|number| self.line(*number)).collect()
    }

    /// The statement of a movement.
    #[must_use]
    pub fn statement(&self, name: LineName) -> Option<&KeptStatement> {
        self.statements.iter().find(|it| it.id == name.statement)
    }
}

/// Both sides, before anything is matched.
pub(crate) struct Sides {
    pub(crate) accounts: Vec<PayingAccount>,
    pub(crate) lines: Vec<KeptLine>,
    pub(crate) owed: BTreeMap<(AccountId, ChannelDay), Owed>,
    pub(crate) statements: Vec<KeptStatement>,
    pub(crate) calendar: BankCalendar,
    today: Date,
}

impl Desk {
    /// Matches every kept day of the last months with the bank's movements.
    ///
    /// # Errors
    /// `NotSetUp`, and the store's.
    pub async fn payouts(&self) -> Result<PayoutBook, DeskError> {
        let sides = self.sides_until_today().await?;
        let decisions = self.payout_decisions().await?;
        sides.matched(decisions)
    }

    /// The same around one day, whatever day it is today: what is signed must not depend on a clock. What has not come
    /// is expected in it, never overdue.
    ///
    /// # Errors
    /// As [`Desk::payouts`].
    pub async fn payouts_around(
        &self,
        from: ChannelDay,
        to: ChannelDay,
    ) -> Result<PayoutBook, DeskError> {
        let (from, to) = (from.date(), to.date());
        let (from, to) = from.zip(to).ok_or(DeskError::NotSetUp)?;
        let first = moved(from, -BEFORE_DAYS)?;
        let last = moved(to, AFTER_DAYS)?;
        let sides = self.sides((first, last), from).await?;
        let decisions = self.payout_decisions().await?;
        sides.matched(decisions)
    }

    pub(crate) async fn sides_until_today(&self) -> Result<Sides, DeskError> {
        let today = bills::channel_day(self.now()).and_then(ChannelDay::date);
        let today = today.ok_or(DeskError::NotSetUp)?;
        let first = moved(today, -i64::from(bills::BILL_DAYS_MAX))?;
        self.sides((first, today), today).await
    }

    async fn sides(&self, (first, last): (Date, Date), today: Date) -> Result<Sides, DeskError> {
        let shop = self.need_shop()?;
        let mut accounts = Vec::new();
        let mut owed = BTreeMap::new();
        for account in &shop.accounts {
            if let Some(paying) = self.paying(account, (first, last), &mut owed).await? {
                accounts.push(paying);
            }
        }
        let kept = self.ports.store.statements().await?;
        let of_bank: BTreeMap<(String, &str), Currency> = kept
            .iter()
            .map(|it| {
                let currency = it.head.currency;
                ((it.account.clone(), currency.code()), currency)
            })
            .collect();
        let until = moved(last, LATEST_DAYS)?;
        let mut lines = Vec::new();
        for ((account, _), currency) in of_bank {
            let store = self.ports.store.as_ref();
            lines.extend(statements::movements(store, &account, currency, first, until).await?);
        }
        let mut sides = Sides {
            accounts,
            lines,
            owed,
            statements: kept,
            calendar: shop.bank_days.unwrap_or_default().calendar(),
            today,
        };
        self.look_near_ends(&mut sides).await?;
        Ok(sides)
    }

    /// Where what came is not what is owed, money near the end of a day may have gone with the next one: only then
    /// the last lines of these days are read.
    async fn look_near_ends(&self, sides: &mut Sides) -> Result<(), DeskError> {
        let found = sides.payouts(&BTreeMap::new())?;
        let differ = |difference: &Money| difference.minor() != 0;
        let payouts = found.payouts.iter().filter(|it| differ(&it.difference));
        let candidates = found.candidates.iter().filter(|it| differ(&it.difference));
        let parts = payouts
            .flat_map(|it| &it.parts)
            .chain(candidates.flat_map(|it| &it.parts));
        let ends: BTreeSet<(&AccountId, ChannelDay)> = parts
            .filter_map(|part| Some((&part.account, *part.days.first()?, *part.days.last()?)))
            .flat_map(|(account, first, last)| {
                let last = (account, last);
                first
                    .previous()
                    .map(|it| (account, it))
                    .into_iter()
                    .chain([last])
            })
            .collect();
        for (account, day) in ends.into_iter().rev().take(NEAR_ENDS_MAX) {
            let owing = sides.accounts.iter_mut().find(|it| it.account == *account);
            let mut days = owing.into_iter().flat_map(|it| &mut it.days);
            if let Some(owed) = days.find(|it| it.day == day) {
                owed.near_end = self.near_end(account, day).await?;
            }
        }
        Ok(())
    }

    /// An account with the sums of its kept days; `None` where its channel has no bills.
    async fn paying(
        &self,
        account: &Account,
        (from, to): (Date, Date),
        owed: &mut BTreeMap<(AccountId, ChannelDay), Owed>,
    ) -> Result<Option<PayingAccount>, DeskError> {
        let channel = paydesk_channels::by_id(&account.channel.0);
        let Some((channel, bills)) = channel.and_then(|it| Some((it, it.bills()?))) else {
            return Ok(None);
        };
        let (from, to) = (ChannelDay::from_date(from), ChannelDay::from_date(to));
        let store = &self.ports.store;
        let kept = store.bills(&account.id, from, to).await?;
        let mut flows = BTreeMap::new();
        let mut sent = Vec::new();
        for flow in store.flows().kept_flows(&account.id, from, to).await? {
            let untold = FlowSort::ALL.into_iter().filter(|sort| !sort.is_trade());
            let has_moves = untold
                .map(|sort| flow.summary.sums.of(sort).lines)
                .sum::<u64>()
                > 0;
            let moves = if has_moves {
                store.flows().flow_moves(flow.id).await?
            } else {
                Vec::new()
            };
            sent.extend(moves.iter().filter_map(|it| sent_of(flow.day, it)));
            flows.insert(flow.day, (flow, moves));
        }
        let mut days = Vec::new();
        for bill in kept {
            let totals = bill.summary.bill;
            let zero = Money::zero(totals.paid.currency());
            let beside = flows.remove(&bill.day);
            let sum = |sort: FlowSort| {
                let flow = beside.as_ref().map(|(flow, _)| flow);
                let same = flow.filter(|it| it.summary.sums.currency() == zero.currency());
                same.map_or(zero, |flow| flow.summary.sums.of(sort).sum)
            };
            let reserve = sum(FlowSort::Reserve);
            days.push(OwedDay {
                day: bill.day,
                reserve,
                other: sum(FlowSort::Other),
                totals,
                near_end: Vec::new(),
                contract: account.contract_on(bill.day),
            });
            let (flow, moves) = beside.unzip();
            let of_day = Owed {
                net: net(&totals)?,
                reserve,
                flow,
                moves: moves.unwrap_or_default(),
            };
            owed.insert((account.id.clone(), bill.day), of_day);
        }
        let fields = channel.profile().fields.iter();
        let numbers = fields.filter(|field| !field.makes_keys());
        let numbers = numbers.filter_map(|field| account.fields.get(field.name).cloned());
        let names = bills.payers().iter().map(|name| (*name).to_owned());
        Ok(Some(PayingAccount {
            account: account.id.clone(),
            names: names.collect(),
            merchants: numbers.filter(|number| !number.is_empty()).collect(),
            arrives_after: ARRIVES_AFTER,
            days,
            sent,
        }))
    }
}

impl Sides {
    /// What comes out with these decisions.
    pub(crate) fn matched(self, decisions: Decisions) -> Result<PayoutBook, DeskError> {
        let found = self.payouts(&decisions.by_line)?;
        Ok(PayoutBook {
            found,
            lines: self.lines,
            statements: self.statements,
            owed: self.owed,
            decisions: decisions.by_line,
        })
    }

    pub(crate) fn payouts(
        &self,
        decisions: &BTreeMap<LineName, PayoutDecision>,
    ) -> Result<Payouts, DeskError> {
        let mut accounts = self.accounts.clone();
        let accepted = payout_decisions::accepted(&mut accounts, self, decisions)?;
        let entries: Vec<BankEntry<'_>> = (0..)
            .zip(&self.lines)
            .filter(|(_, kept)| !decisions.contains_key(&kept.name))
            .map(|(id, kept)| BankEntry {
                id,
                line: &kept.line,
            })
            .collect();
        let found = match_payouts(&accounts, &entries, self.today, &self.calendar);
        let mut found =
            found.map_err(|error| DeskError::Store(StoreError::Corrupt(error.to_string())))?;
        found.payouts.extend(accepted);
        found.payouts.sort_by_key(|payout| payout.expected_on);
        Ok(found)
    }
}

fn moved(date: Date, days: i64) -> Result<Date, DeskError> {
    let moved = date.checked_add(jiff::Span::new().days(days));
    moved.map_err(|_| DeskError::NotSetUp)
}

/// A payout as the fund flow lists it; one that the bank returned is none.
fn sent_of(day: ChannelDay, it: &FlowMove) -> Option<Sent> {
    let amount = it.change.minor().checked_neg()?;
    let is_sent = it.sort == FlowSort::Payout && amount > 0;
    let number = if it.business.is_empty() {
        &it.entry
    } else {
        &it.business
    };
    is_sent.then(|| Sent {
        number: number.clone(),
        day,
        amount: Money::from_minor(amount, it.change.currency()),
    })
}

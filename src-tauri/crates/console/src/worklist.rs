//! Differences worked off and days signed, from the screen's side.

use crate::{
    Console,
    bills::{channel_day, difference, narrow, side},
    coded,
    contract::*,
    invalid, refused, refused_with, store_error,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_desk::{
    Candidate, DayState, Hindrance, Ruling, TOGETHER_MAX, WRITE_OFF_MAX, Weighed,
    payouts::Payout,
    ports::{DayClose, WorkFilter, WorkItem},
    shop::{Account, Shop},
};
use paydesk_domain::{
    AccountId, Act, BreakCode, ChannelDay, Decision, FlowSort, ItemName, ItemState, Money, Part,
    PartAct,
};

/// Differences in one answer.
const PAGE_MAX: u32 = 200;

/// The largest file that shows why.
const PROOF_MAX: usize = 8 << 20;

/// Two clocks are this near each other.
const NEAR_SECONDS: u64 = 600;

impl Console {
    pub(crate) async fn worklist(&self, args: WorkPageOf) -> Result<WorkPageView, CommandError> {
        let filter = filter(&args.query)?;
        let worklist = self.desk.ports().store.worklist();
        let limit = args.limit.min(PAGE_MAX);
        let items = worklist.work_items(&filter, args.from, limit).await;
        let counts = worklist.work_counts(&filter).await.map_err(store_error)?;
        Ok(WorkPageView {
            items: self.work_items(&items.map_err(store_error)?),
            counts: WorkCountsView {
                open: narrow(counts.open),
                exceptions: narrow(counts.exceptions),
                settled: narrow(counts.settled),
            },
        })
    }

    pub(crate) async fn candidates(&self, args: ItemRef) -> Result<Candidates, CommandError> {
        let name = item_name(&args)?;
        let worklist = self.desk.ports().store.worklist();
        let item = worklist.work_item(&name).await.map_err(store_error)?;
        let item = item.ok_or_else(|| invalid("item"))?;
        let candidates = self.desk.candidates(&item).await.map_err(coded)?;
        Ok(Candidates {
            candidates: candidates
                .iter()
                .map(|candidate| self.candidate(&item, candidate))
                .collect(),
            item: self.work_item(&item),
        })
    }

    pub(crate) async fn decide(&self, args: Decide) -> Result<Weighing, CommandError> {
        let names = self.targets(&args.target).await?;
        let ruling = Ruling {
            act: self.act(&args.act)?,
            remark: args.remark,
            proof: args.proof.map(proof).transpose()?,
        };
        let weighed = if args.dry_run {
            self.desk.weigh(&names, &ruling).await
        } else {
            self.desk.decide(&names, ruling).await
        };
        Ok(weighing(&weighed.map_err(coded)?))
    }

    pub(crate) async fn undo_decision(&self, args: UndoOf) -> Result<Weighing, CommandError> {
        let names: Result<Vec<_>, _> = args.items.iter().map(item_name).collect();
        let undone = self.desk.undo(&names?).await.map_err(coded)?;
        Ok(weighing(&undone))
    }

    pub(crate) async fn give_to(&self, args: GiveTo) -> Result<Weighing, CommandError> {
        let names = self.targets(&args.target).await?;
        let given = self.desk.give_to(&names, &args.owner).await;
        Ok(weighing(&given.map_err(coded)?))
    }

    pub(crate) async fn compare_day_again(&self, args: DayOf) -> Result<DayOverview, CommandError> {
        let day = channel_day(&args.day)?;
        let account = AccountId(args.account_id);
        self.desk
            .compare_again(&account, day)
            .await
            .map_err(coded)?;
        self.overview(day).await
    }

    pub(crate) async fn day_overview(&self, args: CloseDayOf) -> Result<DayOverview, CommandError> {
        let day = args.day.as_deref().map(channel_day).transpose()?;
        self.overview(day.unwrap_or(self.newest()?)).await
    }

    pub(crate) async fn sign_day(&self, args: SignDay) -> Result<DayOverview, CommandError> {
        let day = channel_day(&args.day)?;
        if !args.checked {
            return Err(invalid("checked"));
        }
        self.desk.sign_day(day).await.map_err(coded)?;
        self.overview(day).await
    }

    pub(crate) async fn reopen_day(&self, args: ReopenDay) -> Result<DayOverview, CommandError> {
        let day = channel_day(&args.day)?;
        let reopened = self.desk.reopen_day(day, &args.reason).await;
        reopened.map_err(coded)?;
        self.overview(day).await
    }

    /// The last day that is over, by the channels' clock and by the shop's.
    fn newest(&self) -> Result<ChannelDay, CommandError> {
        let now = self.desk.now();
        let of_shop = ChannelDay(self.desk.day_of(now).map_err(coded)?.0);
        let today = paydesk_desk::channel_day(now).map(|today| today.min(of_shop));
        today
            .and_then(ChannelDay::previous)
            .ok_or_else(|| invalid("day"))
    }

    async fn overview(&self, day: ChannelDay) -> Result<DayOverview, CommandError> {
        let shop = self.desk.shop();
        let shop = shop.ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        let state = self.desk.day_state(day).await.map_err(coded)?;
        let count = |of: ItemState| {
            let counted = state.record.decisions.iter();
            let counted = counted.filter(|(act, _)| state_of(act) == of);
            narrow(counted.map(|(_, count)| *count).sum::<u64>())
        };
        let mut accounts = Vec::new();
        for account in &shop.accounts {
            if paydesk_desk::has_bills(&account.channel.0) {
                let owed = state.book.owed.get(&(account.id.clone(), day));
                let flow = match owed.and_then(|owed| owed.flow.as_ref()) {
                    Some(flow) => Some(self.kept_flow_view(flow).await?.flow),
                    None => None,
                };
                accounts.push(account_day(account, &state, flow));
            }
        }
        Ok(DayOverview {
            day: day.to_string(),
            newest: self.newest()?.to_string(),
            accounts,
            bridges: bridges(&state),
            payouts: day_payouts(&state, &shop, day),
            moves: day_moves(&state, day),
            signed: state.hindrances.contains(&Hindrance::Signed),
            hindrances: state.hindrances.iter().map(hindrance).collect(),
            counts: WorkCountsView {
                open: count(ItemState::Open),
                exceptions: count(ItemState::Exception),
                settled: count(ItemState::Settled),
            },
            hours: state
                .hours
                .iter()
                .map(|taken| HourView {
                    hour: taken.hour,
                    channel: taken.channel.0.clone(),
                    taken: taken.taken.into(),
                })
                .collect(),
            cash: state
                .record
                .cash
                .iter()
                .map(crate::cash::cash_day)
                .collect(),
            closes: state.closes.iter().map(close).collect(),
            write_off_max: shop.write_off_max.unwrap_or(WRITE_OFF_MAX).to_string(),
        })
    }

    async fn targets(&self, target: &WorkTarget) -> Result<Vec<ItemName>, CommandError> {
        match target {
            WorkTarget::Items { items } => items.iter().map(item_name).collect(),
            WorkTarget::All { query } => {
                let filter = filter(query)?;
                let worklist = self.desk.ports().store.worklist();
                let items = worklist.work_items(&filter, 0, narrow(TOGETHER_MAX)).await;
                let items = items.map_err(store_error)?;
                Ok(items.into_iter().map(|item| item.name).collect())
            }
        }
    }

    fn act(&self, args: &ActArgs) -> Result<Act, CommandError> {
        Ok(match args {
            ActArgs::Explained => Act::Explained,
            ActArgs::Fee => Act::Fee,
            ActArgs::WrittenOff => Act::WrittenOff,
            ActArgs::Linked { to } => Act::Linked { to: item_name(to)? },
            ActArgs::Added => Act::Added,
            ActArgs::Exception => Act::Exception,
            ActArgs::Noted => Act::Noted,
            ActArgs::Split { parts } => {
                let shop = self.desk.shop();
                let shop = shop.ok_or_else(|| refused(ErrorCode::NotSetUp))?;
                let part = |part: &PartArgs| {
                    let minor = part.minor.parse().map_err(|_| invalid("minor"))?;
                    Ok(Part {
                        act: part_act(&part.act)?,
                        amount: Money::from_minor(minor, shop.currency),
                    })
                };
                let parts: Result<Vec<Part>, CommandError> = parts.iter().map(part).collect();
                Act::Split { parts: parts? }
            }
        })
    }

    fn work_items(&self, items: &[WorkItem]) -> Vec<WorkItemView> {
        items.iter().map(|item| self.work_item(item)).collect()
    }

    fn work_item(&self, item: &WorkItem) -> WorkItemView {
        let today = paydesk_desk::channel_day(self.desk.now()).and_then(ChannelDay::date);
        let age = today.zip(item.name.day.date()).and_then(|(today, day)| {
            let span = today.since(day).ok()?;
            u32::try_from(span.get_days()).ok()
        });
        WorkItemView {
            account_id: item.name.account.0.clone(),
            channel: item.channel.0.clone(),
            day: item.name.day.to_string(),
            item: item.name.item.clone(),
            difference: difference(&item.difference),
            state: item.treatment.state().name().to_owned(),
            act: item
                .treatment
                .decided()
                .map(|decision| decision.act.name().to_owned()),
            owner: item.treatment.owner.clone(),
            age_days: age.unwrap_or(0),
            decisions: item.treatment.decisions.iter().map(decision).collect(),
        }
    }

    fn candidate(&self, item: &WorkItem, candidate: &Candidate) -> CandidateView {
        let says = [
            // Otherwise it would be no candidate.
            (true, "same_amount"),
            (candidate.same_transaction, "same_transaction"),
            (candidate.seconds_apart <= NEAR_SECONDS, "near"),
            (candidate.item.name.day != item.name.day, "other_day"),
        ];
        let reasons = says.into_iter().filter(|(is_so, _)| *is_so);
        CandidateView {
            reasons: reasons.map(|(_, name)| name.to_owned()).collect(),
            seconds_apart: narrow(candidate.seconds_apart),
            item: self.work_item(&candidate.item),
        }
    }
}

fn filter(query: &WorkQuery) -> Result<WorkFilter, CommandError> {
    let code = |name: &String| BreakCode::named(name).ok_or_else(|| invalid("code"));
    let state = |name: &String| ItemState::named(name).ok_or_else(|| invalid("state"));
    Ok(WorkFilter {
        from: channel_day(&query.day_from)?,
        to: channel_day(&query.day_to)?,
        account: query.account_id.clone().map(AccountId),
        code: query.code.as_ref().map(code).transpose()?,
        state: query.state.as_ref().map(state).transpose()?,
        owner: query.owner.clone(),
    })
}

fn item_name(named: &ItemRef) -> Result<ItemName, CommandError> {
    Ok(ItemName {
        account: AccountId(named.account_id.clone()),
        day: channel_day(&named.day)?,
        item: named.item.clone(),
    })
}

fn item_ref(name: &ItemName) -> ItemRef {
    ItemRef {
        account_id: name.account.0.clone(),
        day: name.day.to_string(),
        item: name.item.clone(),
    }
}

fn part_act(name: &str) -> Result<PartAct, CommandError> {
    match name {
        "fee" => Ok(PartAct::Fee),
        "written_off" => Ok(PartAct::WrittenOff),
        "added" => Ok(PartAct::Added),
        _ => Err(invalid("act")),
    }
}

fn proof(file: ProofFile) -> Result<(String, Vec<u8>), CommandError> {
    let bytes = STANDARD.decode(&file.file).map_err(|_| invalid("file"))?;
    if bytes.len() > PROOF_MAX {
        let max = (PROOF_MAX >> 20).to_string();
        return Err(refused_with(ErrorCode::FileTooLarge, &[("max", max)]));
    }
    Ok((file.name, bytes))
}

fn weighing(weighed: &Weighed) -> Weighing {
    let unfit = weighed.unfit.iter();
    Weighing {
        fits: narrow(weighed.fits.len()),
        sums: weighed.sums.iter().map(|sum| (*sum).into()).collect(),
        unfit_count: narrow(weighed.unfit.len()),
        unfit: unfit
            .take(usize::try_from(PAGE_MAX).unwrap_or(0))
            .map(|(name, unfit)| UnfitItem {
                item: item_ref(name),
                reason: unfit.name().to_owned(),
            })
            .collect(),
    }
}

fn decision(decision: &Decision) -> DecisionView {
    let proof = decision.proof.as_ref();
    DecisionView {
        act: decision.act.name().to_owned(),
        remark: decision.remark.clone(),
        proof: proof.map(|proof| proof.name.clone()),
        proof_sha256: proof.map(|proof| proof.sha256.clone()),
        by: decision.by.clone(),
        at: decision.at.0,
    }
}

/// Where differences with this decision stand.
fn state_of(act: &str) -> ItemState {
    match act {
        "open" => ItemState::Open,
        "exception" => ItemState::Exception,
        _ => ItemState::Settled,
    }
}

fn account_day(account: &Account, state: &DayState, flow: Option<FlowView>) -> AccountDayView {
    let accounts = &state.record.accounts;
    let found = accounts.iter().find(|day| day.account == account.id);
    AccountDayView {
        account: BillAccount {
            id: account.id.0.clone(),
            channel: account.channel.0.clone(),
            name: account.name().to_owned(),
        },
        here: found.is_some(),
        bill: found.map(|day| side(&day.bill)),
        books: found.map(|day| side(&day.books)),
        matched: found.map_or(0, |day| narrow(day.matched)),
        differences: found.map_or(0, |day| narrow(day.differences)),
        flow,
    }
}

fn bridges(state: &DayState) -> Vec<BridgeView> {
    let decisions = &state.record.decisions;
    let view = |bridge: &paydesk_desk::Bridge| BridgeView {
        books: side(&bridge.books),
        bill: side(&bridge.bill),
        steps: bridge
            .steps
            .iter()
            .map(|(act, amount)| BridgeStep {
                act: (*act).to_owned(),
                count: narrow(decisions.get(act).copied().unwrap_or(0)),
                amount: (*amount).into(),
            })
            .collect(),
        rest: bridge.rest.into(),
        reserve: bridge.reserve.into(),
        explained: bridge
            .explained
            .iter()
            .map(|(name, amount)| BridgeTerm {
                name: (*name).to_owned(),
                amount: (*amount).into(),
            })
            .collect(),
        difference: bridge.difference.into(),
        arrived: bridge.arrived.into(),
        in_transit: bridge.in_transit.into(),
    };
    state.record.bridges.values().map(view).collect()
}

/// The payouts that a day of any account is in.
fn day_payouts(state: &DayState, shop: &Shop, day: ChannelDay) -> Vec<PayoutView> {
    let is_in = |payout: &&Payout| payout.parts.iter().any(|part| part.days.contains(&day));
    let payouts = state.book.found.payouts.iter().filter(is_in);
    payouts
        .map(|payout| crate::payouts::view(&state.book, Some(shop), payout))
        .collect()
}

/// Reserves and others of a day.
fn day_moves(state: &DayState, day: ChannelDay) -> Vec<FlowMoveView> {
    let of_day = state.book.owed.iter().filter(|((_, of), _)| *of == day);
    let moves = of_day.flat_map(|(_, owed)| &owed.moves);
    let moves = moves.filter(|it| it.sort != FlowSort::Payout);
    moves.map(crate::flows::flow_move).collect()
}

fn hindrance(hindrance: &Hindrance) -> HindranceView {
    let (why, account_id, count) = named(hindrance);
    HindranceView {
        why: why.to_owned(),
        account_id,
        count: narrow(count),
    }
}

/// Name, account and count of what keeps a day open.
pub(crate) fn named(hindrance: &Hindrance) -> (&'static str, Option<String>, u64) {
    match hindrance {
        Hindrance::NotOver => ("not_over", None, 0),
        Hindrance::DrawerOpen => ("drawer_open", None, 0),
        Hindrance::BillMissing(account) => ("bill_missing", Some(account.0.clone()), 0),
        Hindrance::Open(count) => ("open", None, *count),
        Hindrance::Signed => ("signed", None, 0),
    }
}

fn close(close: &DayClose) -> CloseView {
    CloseView {
        version: close.version,
        at: close.at.0,
        by: close.by.clone(),
        sha256: close.sha256.clone(),
        head: close.head.clone(),
        record: close.record.clone(),
        reopened: close.reopened.as_ref().map(|why| ReopenedView {
            at: why.at.0,
            by: why.by.clone(),
            reason: why.reason.clone(),
        }),
    }
}

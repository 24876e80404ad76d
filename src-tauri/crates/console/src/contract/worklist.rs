//! Differences worked off, and days signed.

use super::{
    BillAccount, CashDayView, DifferenceView, FlowMoveView, FlowView, MoneyView, PayoutView,
    SideTotals,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Names a difference, also after its day was compared again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ItemRef {
    /// The account.
    pub account_id: String,
    /// The channel's day, `2026-11-20`.
    pub day: String,
    /// As [`WorkItemView::item`] gave it.
    pub item: String,
}

/// Which differences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct WorkQuery {
    /// The first day.
    pub day_from: String,
    /// The last day.
    pub day_to: String,
    /// Only of this account.
    pub account_id: Option<String>,
    /// Only with this code.
    pub code: Option<String>,
    /// Only `open`, `exception` or `settled` ones.
    pub state: Option<String>,
    /// Only those that this person looks after; empty: nobody.
    pub owner: Option<String>,
}

/// A page of differences.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct WorkPageOf {
    /// Which.
    pub query: WorkQuery,
    /// Position of the first one wanted, from 0.
    pub from: u32,
    /// Wanted, at most 200.
    pub limit: u32,
}

/// One difference with what was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WorkItemView {
    /// The account.
    pub account_id: String,
    /// Its channel.
    pub channel: String,
    /// The channel's day.
    pub day: String,
    /// Its name within the day.
    pub item: String,
    /// What differs.
    pub difference: DifferenceView,
    /// `open`, `exception` or `settled`.
    pub state: String,
    /// The decision that counts, by name.
    pub act: Option<String>,
    /// Who looks after it.
    pub owner: String,
    /// Days since its day.
    pub age_days: u32,
    /// Decisions that stand, oldest first.
    pub decisions: Vec<DecisionView>,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DecisionView {
    /// What, by name.
    pub act: String,
    /// Why.
    pub remark: String,
    /// The name of the file that shows it.
    pub proof: Option<String>,
    /// SHA-256 of that file.
    pub proof_sha256: Option<String>,
    /// By whom.
    pub by: String,
    /// When, milliseconds since 1970 in UTC.
    pub at: i64,
}

/// How many differences stand where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WorkCountsView {
    /// Nobody decided.
    pub open: u32,
    /// Followed up.
    pub exceptions: u32,
    /// Settled.
    pub settled: u32,
}

/// A page of differences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WorkPageView {
    /// The differences.
    pub items: Vec<WorkItemView>,
    /// How many there are, whatever state was asked for.
    pub counts: WorkCountsView,
}

/// Another difference that may be the same movement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CandidateView {
    /// The other one.
    pub item: WorkItemView,
    /// What speaks for it: `same_amount`, `same_transaction`, `near`, `other_day`.
    pub reasons: Vec<String>,
    /// Seconds between the two.
    pub seconds_apart: u32,
}

/// What may be the other side of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Candidates {
    /// The difference as it stands.
    pub item: WorkItemView,
    /// Best first.
    pub candidates: Vec<CandidateView>,
}

/// What is decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum ActArgs {
    /// It is what its explanation says.
    Explained,
    /// Booked as a fee.
    Fee,
    /// Too small to follow up.
    WrittenOff,
    /// The same movement as another difference.
    Linked {
        /// The other one.
        to: ItemRef,
    },
    /// A sale that our books do not have, booked by name.
    Added,
    /// Several decisions about parts of the sum.
    Split {
        /// They add up to the difference.
        parts: Vec<PartArgs>,
    },
    /// Followed up; a signed day carries it over.
    Exception,
    /// Only a note.
    Noted,
}

/// A part of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PartArgs {
    /// `fee`, `written_off` or `added`.
    pub act: String,
    /// Minor units, signed as the difference.
    pub minor: String,
}

/// A file that shows why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ProofFile {
    /// Its name.
    pub name: String,
    /// The file, base64.
    pub file: String,
}

/// Which differences a decision is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "of", rename_all = "snake_case", deny_unknown_fields)]
pub enum WorkTarget {
    /// These.
    Items {
        /// By name.
        items: Vec<ItemRef>,
    },
    /// All of a filter, on whatever page.
    All {
        /// The filter.
        query: WorkQuery,
    },
}

/// A decision.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// About what.
    pub target: WorkTarget,
    /// What.
    pub act: ActArgs,
    /// Why; required unless it is `explained`.
    pub remark: String,
    /// A file that shows it.
    pub proof: Option<ProofFile>,
    /// Only says what it would do.
    pub dry_run: bool,
}

/// Differences to take a decision back from.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UndoOf {
    /// Which.
    pub items: Vec<ItemRef>,
}

/// Differences given to somebody.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GiveTo {
    /// Which.
    pub target: WorkTarget,
    /// To whom; empty: nobody.
    pub owner: String,
}

/// A difference that a decision does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UnfitItem {
    /// Which.
    pub item: ItemRef,
    /// Why, by name: text `unfit_*`.
    pub reason: String,
}

/// What a decision does, or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Weighing {
    /// Differences it fits.
    pub fits: u32,
    /// Their sums, one for each currency.
    pub sums: Vec<MoneyView>,
    /// Those that stay as they are, at most 200.
    pub unfit: Vec<UnfitItem>,
    /// How many stay as they are.
    pub unfit_count: u32,
}

/// A day of the shop.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CloseDayOf {
    /// The day, `2026-11-20`; yesterday when not given.
    pub day: Option<String>,
}

/// Signs a day.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SignDay {
    /// The day.
    pub day: String,
    /// The person says that the figures were looked at.
    pub checked: bool,
}

/// Opens a signed day again.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ReopenDay {
    /// The day.
    pub day: String,
    /// Why.
    pub reason: String,
}

/// One account's day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccountDayView {
    /// The account.
    pub account: BillAccount,
    /// Whether its bill is here.
    pub here: bool,
    /// The bill's sums.
    pub bill: Option<SideTotals>,
    /// Ours.
    pub books: Option<SideTotals>,
    /// Pairs that agree.
    pub matched: u32,
    /// Differences.
    pub differences: u32,
    /// Its fund-flow bill, where it is kept.
    pub flow: Option<FlowView>,
}

/// From our net over the bill's to the bank, in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BridgeView {
    /// Our sums.
    pub books: SideTotals,
    /// The bills' sums.
    pub bill: SideTotals,
    /// What was decided, and `open`.
    pub steps: Vec<BridgeStep>,
    /// What is left: fees that our books do not know.
    pub rest: MoneyView,
    /// What the channels held back (negative) or released.
    pub reserve: MoneyView,
    /// What explains that the bank's sum is another.
    pub explained: Vec<BridgeTerm>,
    /// What nothing explains, of payouts that came.
    pub difference: MoneyView,
    /// What of the day's money is in the bank.
    pub arrived: MoneyView,
    /// What is on its way.
    pub in_transit: MoneyView,
}

/// What explains that the bank's sum is another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BridgeTerm {
    /// Both catalogues hold `payout_term_<name>`.
    pub name: String,
    /// How much of the way.
    pub amount: MoneyView,
}

/// One step of the bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BridgeStep {
    /// The decision's name, or `open`.
    pub act: String,
    /// How many differences.
    pub count: u32,
    /// How much of the way.
    pub amount: MoneyView,
}

/// What keeps a day open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HindranceView {
    /// `not_over`, `bill_missing`, `drawer_open`, `open` or `signed`.
    pub why: String,
    /// The account whose bill is missing.
    pub account_id: Option<String>,
    /// Differences that are open.
    pub count: u32,
}

/// What was taken in an hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HourView {
    /// 0 to 23, by the channel's clock.
    pub hour: u8,
    /// The channel.
    pub channel: String,
    /// How much.
    pub taken: MoneyView,
}

/// A version of a signed day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CloseView {
    /// From 1.
    pub version: u32,
    /// When, milliseconds since 1970 in UTC.
    pub at: i64,
    /// By whom.
    pub by: String,
    /// SHA-256 of the record.
    pub sha256: String,
    /// The log's last hash before it.
    pub head: String,
    /// The record, byte for byte.
    pub record: String,
    /// Why it was opened again.
    pub reopened: Option<ReopenedView>,
}

/// A day that was opened again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReopenedView {
    /// When, milliseconds since 1970 in UTC.
    pub at: i64,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A day before and after it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DayOverview {
    /// The day.
    pub day: String,
    /// The newest day that can be signed.
    pub newest: String,
    /// Account by account.
    pub accounts: Vec<AccountDayView>,
    /// Currency by currency.
    pub bridges: Vec<BridgeView>,
    /// What keeps it open; empty when it can be signed.
    pub hindrances: Vec<HindranceView>,
    /// Whether it is signed.
    pub signed: bool,
    /// How many differences stand where.
    pub counts: WorkCountsView,
    /// The payouts that the day's money is in; what has not come is `expected`, never overdue.
    pub payouts: Vec<PayoutView>,
    /// Movements of the fund-flow bills that no trade bill tells, payouts apart: reserves and others.
    pub moves: Vec<FlowMoveView>,
    /// Takings by hours.
    pub hours: Vec<HourView>,
    /// Cash, currency by currency; empty when no drawer moved.
    pub cash: Vec<CashDayView>,
    /// Its versions, the newest first.
    pub closes: Vec<CloseView>,
    /// The most that may be written off, in minor units.
    pub write_off_max: String,
}

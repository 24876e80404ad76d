// Written by `cargo xtask gen` from the contract in src-tauri/crates/console. Do not edit.

/**
 * The form, looked at.
 */
export type AccountCheck = { 
/**
 * A line for every field that is asked for or filled in, in the order of the form.
 */
fields: Array<FieldVerdict>, 
/**
 * Nothing is wrong: it can be tested and kept.
 */
ready: boolean, };

/**
 * One account's day.
 */
export type AccountDayView = { 
/**
 * The account.
 */
account: BillAccount, 
/**
 * Whether its bill is here.
 */
here: boolean, 
/**
 * The bill's sums.
 */
bill: SideTotals | null, 
/**
 * Ours.
 */
books: SideTotals | null, 
/**
 * Pairs that agree.
 */
matched: number, 
/**
 * Differences.
 */
differences: number, 
/**
 * Its fund-flow bill, where it is kept.
 */
flow: FlowView | null, };

/**
 * What stands in the form.
 */
export type AccountDraft = { 
/**
 * The channel.
 */
channel: string, 
/**
 * An account of a sandbox; marked so for ever.
 */
sandbox: boolean, 
/**
 * Where a sandbox account talks to; a live account must not say.
 */
gateway?: string, 
/**
 * What was typed, pasted or dropped, by the channel's own names.
 */
fields: { [key in string]: Pasted }, };

/**
 * An account's fees.
 */
export type AccountFees = { 
/**
 * The account.
 */
account: BillAccount, 
/**
 * The rate of days that no row names, in millionths; none is set: null.
 */
rate_millionths: number | null, 
/**
 * The rows of its contract with dates.
 */
rates: Array<RateRow>, 
/**
 * In numbers.
 */
totals: FeeTotals, 
/**
 * The first 500 findings, in the order of the days; the exported file has them all.
 */
findings: Array<FeeFindingView>, };

/**
 * Every account, and how it stands with the vault.
 */
export type AccountList = { 
/**
 * The accounts, in the order in which they were added.
 */
accounts: Array<AccountView>, 
/**
 * The vault.
 */
keys: KeysStatus, };

/**
 * Names an account.
 */
export type AccountOf = { 
/**
 * Its id in this folder.
 */
account_id: string, };

/**
 * A contract rate; null: none is set.
 */
export type AccountRate = { 
/**
 * Millionths.
 */
rate_millionths: number | null, };

/**
 * How it stands with an account. Text `account_state_<state>`.
 */
export type AccountState = "expired" | "expires_soon" | "keys_locked" | "keys_missing" | "keys_unusable" | "ready";

/**
 * The connection, tested. Nothing was charged.
 */
export type AccountTest = { 
/**
 * The lines.
 */
lines: Array<TestLine>, 
/**
 * No line is red.
 */
passed: boolean, 
/**
 * When, UTC milliseconds.
 */
at: number, };

/**
 * An account, without anything secret.
 */
export type AccountView = { 
/**
 * Its id in this folder.
 */
id: string, 
/**
 * Its channel.
 */
channel: string, 
/**
 * The name under which a person knows it.
 */
label: string, 
/**
 * An account of a sandbox: no money moves on it.
 */
sandbox: boolean, 
/**
 * Charges of its channel go to it.
 */
charges: boolean, 
/**
 * It takes no payments until a person says so.
 */
paused: boolean, 
/**
 * Its channel drives card readers of the shop.
 */
has_readers: boolean, 
/**
 * The card reader that this till uses; null: none was chosen.
 */
reader: ChosenReader | null, 
/**
 * Where it talks to.
 */
gateway: string, 
/**
 * Fields that may be shown, by the channel's own names: merchant numbers, serials, store ids.
 */
shown: { [key in string]: string }, 
/**
 * Names of the fields that the vault keeps; never their values.
 */
kept: Array<string>, 
/**
 * Contract rate in millionths; none is set: null.
 */
rate_millionths: number | null, 
/**
 * The rows of the contract with dates, in the order of their days.
 */
rates: Array<RateRow>, 
/**
 * Our keys, oldest first; empty while the vault is locked.
 */
keys: Array<KeyView>, 
/**
 * Keys of the channel that came later.
 */
peers: Array<PeerKeyView>, 
/**
 * When the first certificate in use runs out, UTC milliseconds.
 */
expires_at: number | null, 
/**
 * How it stands.
 */
state: AccountState, 
/**
 * Payments and refunds of it that are not known yet; it cannot be removed before they are.
 */
open_doubts: number, };

/**
 * What the customer does.
 */
export type Act = "claim" | "decline" | "pay" | "pay_double" | "pay_half" | "scan";

/**
 * What is decided.
 */
export type ActArgs = { "act": "explained" } | { "act": "fee" } | { "act": "written_off" } | { "act": "linked", 
/**
 * The other one.
 */
to: ItemRef, } | { "act": "added" } | { "act": "split", 
/**
 * They add up to the difference.
 */
parts: Array<PartArgs>, } | { "act": "exception" } | { "act": "noted" };

/**
 * Keeps an account: its keys in the vault, the rest in the settings.
 */
export type AddAccount = { 
/**
 * The form.
 */
draft: AccountDraft, 
/**
 * The name under which a person knows it; empty: the channel and its number.
 */
label: string, 
/**
 * Contract rate in millionths; null: none is set.
 */
rate_millionths: number | null, };

/**
 * Adds a note.
 */
export type AddNote = { 
/**
 * The order.
 */
order_id: string, 
/**
 * The words, at most 500 characters.
 */
text: string, };

/**
 * Why a channel cannot be used for the amount.
 */
export type AgainstView = "clock_wrong" | "not_connected" | "no_keys" | "no_shown_code" | "other_currency" | "too_large" | "too_small";

/**
 * How amounts are typed.
 */
export type AmountEntry = "from_the_right" | "with_point";

/**
 * Everything the frame of the window needs.
 */
export type AppStatus = { 
/**
 * First run or ready.
 */
stage: Stage, 
/**
 * Demo or real.
 */
mode: ModeView, 
/**
 * The shop's name.
 */
store_name: string, 
/**
 * The language; null before it is chosen.
 */
locale: Locale | null, 
/**
 * Light or dark.
 */
theme: Theme, 
/**
 * IANA name.
 */
time_zone: string, 
/**
 * Hour at which the business day ends.
 */
cutoff_hour: number, 
/**
 * The shop's currency.
 */
currency: string, 
/**
 * Decimal digits of the currency.
 */
exponent: number, 
/**
 * Every currency the till may ask for, the shop's own first.
 */
currencies: Array<CurrencyView>, 
/**
 * Who is working.
 */
operator: string | null, 
/**
 * Who can be picked.
 */
operators: Array<string>, 
/**
 * Sound.
 */
sound: Sound, 
/**
 * How amounts are typed.
 */
amount_entry: AmountEntry, 
/**
 * Keypad order.
 */
keypad: Keypad, 
/**
 * Longest gap between two characters of a scan, milliseconds.
 */
scanner_gap_ms: number, 
/**
 * The channels.
 */
channels: Array<ChannelView>, 
/**
 * No channel can be reached.
 */
offline: boolean, 
/**
 * The largest skew seen, milliseconds.
 */
clock_skew_ms: number | null, 
/**
 * Payments and refunds that are not known yet.
 */
open_doubts: number, 
/**
 * Orders that need a person.
 */
attention: number, 
/**
 * How it stands with the keys.
 */
keys: KeysState, 
/**
 * This folder is an older copy that was put back: read only until its open payments are asked about.
 */
older_copy: boolean, 
/**
 * The database does not say any more what was written into it: found by looking through all of it.
 */
damaged: boolean, 
/**
 * This device's four characters.
 */
device: string, 
/**
 * Version of the program.
 */
version: string, 
/**
 * Today's business day, `2026-11-21`.
 */
business_day: string, 
/**
 * The zone of this PC, a proposal for the first run.
 */
pc_time_zone: string, };

/**
 * Whether the balances of a statement follow from its movements.
 */
export type BalanceProof = { 
/**
 * `holds`, `differs`, `not_stated`, `other_currency`, `running_breaks` or `total`. Both catalogues hold
 * `balance_<check>`.
 */
check: string, 
/**
 * Opening balance plus movements.
 */
expected: MoneyView | null, 
/**
 * What the file states.
 */
stated: MoneyView | null, 
/**
 * The line of the file.
 */
row: number | null, };

/**
 * Which column of a bank's table is which, by the titles of the columns.
 */
export type BankColumns = { 
/**
 * The day of the booking.
 */
booked: string, 
/**
 * One amount with a sign, or without one beside a column that says which way it went.
 */
amount: string | null, 
/**
 * 贷, Cr, 收 for money in; 借, Dr, 支 for money out.
 */
direction: string | null, 
/**
 * Money in, where each way has its own column.
 */
credit: string | null, 
/**
 * Money out.
 */
debit: string | null, 
/**
 * The balance after it.
 */
balance: string | null, 
/**
 * The currency.
 */
currency: string | null, 
/**
 * ISO 4217; where no column names one.
 */
default_currency: string | null, 
/**
 * The time of the day.
 */
time: string | null, 
/**
 * The day from which it counts.
 */
value: string | null, 
/**
 * The account of the statement.
 */
account: string | null, 
/**
 * The other side's name.
 */
counterparty: string | null, 
/**
 * The other side's account.
 */
counterparty_account: string | null, 
/**
 * The bank's number of the movement.
 */
bank_reference: string | null, 
/**
 * The account holder's own reference.
 */
our_reference: string | null, 
/**
 * The kind of movement.
 */
code: string | null, 
/**
 * Purpose and other words, in this order.
 */
text: Array<string>, 
/**
 * `day_first` or `month_first`, where the year stands last.
 */
date_order: string | null, };

/**
 * A day on which banks work otherwise than from Monday to Friday.
 */
export type BankDay = { 
/**
 * The day, `2026-10-01`.
 */
day: string, 
/**
 * Whether banks work on it.
 */
works: boolean, };

/**
 * The days on which banks work otherwise.
 */
export type BankDayTable = { 
/**
 * In their order.
 */
days: Array<BankDay>, };

/**
 * A table of bank days as a file.
 */
export type BankDaysFile = { 
/**
 * The file, base64: a row for each day or run of days, `2026-10-01,2026-10-07,holiday`.
 */
file: string, };

/**
 * Names a movement of the bank.
 */
export type BankLineRef = { 
/**
 * The kept statement of the movement.
 */
statement: string, 
/**
 * Its place there, as [`PayoutLine::place`] gave it.
 */
place: number, };

/**
 * A line of a statement with what is said of it.
 */
export type BankLineView = { 
/**
 * The line of the file.
 */
row: number, 
/**
 * The day it was booked.
 */
booked: string, 
/**
 * The time by the bank's clock.
 */
time: string | null, 
/**
 * The day from which it counts.
 */
value: string | null, 
/**
 * What came in, or went out as a negative sum.
 */
amount: MoneyView, 
/**
 * The balance after it.
 */
balance: MoneyView | null, 
/**
 * The other side's name.
 */
counterparty: string, 
/**
 * The other side's account.
 */
counterparty_account: string, 
/**
 * The bank's number of it.
 */
bank_reference: string, 
/**
 * The account holder's own reference.
 */
our_reference: string, 
/**
 * The payer's reference.
 */
end_to_end: string, 
/**
 * The purpose.
 */
text: string, 
/**
 * The kind of movement.
 */
code: string, 
/**
 * Whether it takes an earlier movement back.
 */
is_reversal: boolean, 
/**
 * Payments that the bank booked as this one.
 */
parts: number, 
/**
 * `new`, `told_before`, `running` or `told_finally`. Both catalogues hold `bank_line_<verdict>`.
 */
verdict: string, };

/**
 * Lines of a statement.
 */
export type BankLines = { 
/**
 * How many there are of those asked for.
 */
total: number, 
/**
 * The lines.
 */
rows: Array<BankLineView>, };

/**
 * Lines of a statement.
 */
export type BankLinesOf = { 
/**
 * Which statement.
 */
of: StatementName, 
/**
 * Part of a name, an account, a reference, a text or an amount; empty for all.
 */
search: string, 
/**
 * Position of the first line wanted, from 0.
 */
from: number, 
/**
 * Lines wanted, at most 200.
 */
limit: number, };

/**
 * The first rows of a sheet.
 */
export type BankSheet = { 
/**
 * The sheet of the workbook; empty for text.
 */
name: string, 
/**
 * The rows that are not blank.
 */
rows: Array<SheetRow>, };

/**
 * A bank's file whose first rows are wanted.
 */
export type BankSheetOf = { 
/**
 * The file, base64.
 */
file: string, };

/**
 * The first rows of every sheet of a file.
 */
export type BankSheets = { 
/**
 * The sheets.
 */
sheets: Array<BankSheet>, };

/**
 * How a table was read.
 */
export type BankTable = { 
/**
 * The sheet of the workbook; empty for text.
 */
sheet: string, 
/**
 * The row of the titles.
 */
titles_row: number, 
/**
 * The titles as the file writes them.
 */
titles: Array<string>, 
/**
 * Rows that are no movements: sums, notes.
 */
skipped: number, 
/**
 * Which column is which.
 */
columns: BankColumns, };

/**
 * The columns of one bank's table.
 */
export type BankTemplate = { 
/**
 * The bank or the account, as a person calls it.
 */
name: string, 
/**
 * What tells its account apart, where the file does not say; empty: the name does.
 */
account: string, 
/**
 * Which column is which.
 */
columns: BankColumns, };

/**
 * Names saved columns.
 */
export type BankTemplateName = { 
/**
 * The name.
 */
name: string, };

/**
 * The rule by which the suggestion stands before the next channel.
 */
export type BecauseView = "cheaper" | "faster" | "healthier" | "named" | "only";

/**
 * An account whose bills can be compared.
 */
export type BillAccount = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its channel.
 */
channel: string, 
/**
 * The name a person gave it, else the number the channel knows it by.
 */
name: string, };

/**
 * Names a bill whose lines are asked for.
 */
export type BillName = { "bill": "looked_at", 
/**
 * As [`BillPreview::preview`] gave it.
 */
preview: string, } | { "bill": "kept", 
/**
 * As [`ReconciledDay::bill`] gave it.
 */
id: string, };

/**
 * A bill that was looked at; nothing of it is kept yet.
 */
export type BillPreview = { 
/**
 * Names it for the import.
 */
preview: string, 
/**
 * The account.
 */
account_id: string, 
/**
 * The channel's day.
 */
day: string, 
/**
 * How many lines it has.
 */
rows: number, 
/**
 * When the same bill was imported before.
 */
known_since: number | null, 
/**
 * The day in numbers.
 */
result: DayResult, 
/**
 * What differs, the first 200.
 */
differences: Array<DifferenceView>, };

/**
 * How far the file is that is being looked at or imported.
 */
export type BillReading = { 
/**
 * None while no file is being read.
 */
reading: ReadingView | null, };

/**
 * A line of a bill with what is said of it.
 */
export type BillRowView = { 
/**
 * The line.
 */
line: SideLine, 
/**
 * `agrees`, or the code of the difference.
 */
verdict: string, };

/**
 * Lines of a bill.
 */
export type BillRows = { 
/**
 * How many there are in all.
 */
total: number, 
/**
 * The lines.
 */
rows: Array<BillRowView>, };

/**
 * Lines of a bill.
 */
export type BillRowsOf = { 
/**
 * Which bill.
 */
of: BillName, 
/**
 * Only lines that differ.
 */
only_different: boolean, 
/**
 * Position of the first line wanted, from 0.
 */
from: number, 
/**
 * Lines wanted, at most 200.
 */
limit: number, };

/**
 * The run through missing bills that is under way, or the last one.
 */
export type BillRunStatus = { 
/**
 * `null` before the first.
 */
run: BillRunView | null, };

/**
 * Where a run through missing bills stands.
 */
export type BillRunView = { 
/**
 * Whose bills.
 */
account_id: string, 
/**
 * Days to fetch.
 */
total: number, 
/**
 * Days that are done, one way or the other.
 */
done: number, 
/**
 * Bills that were kept.
 */
kept: number, 
/**
 * Differences in them.
 */
differences: number, 
/**
 * Fund-flow bills that were kept.
 */
flows: number, 
/**
 * The day that is being fetched.
 */
day: string | null, 
/**
 * Days whose bill did not come.
 */
failed: Array<FailedBill>, 
/**
 * It was asked to stop.
 */
is_stopped: boolean, 
/**
 * It has ended.
 */
is_over: boolean, };

/**
 * What a channel's bills say of one step of time.
 */
export type BilledView = { 
/**
 * As [`TakenView::at`], by the channel's days.
 */
at: string, 
/**
 * The channel.
 */
channel: string, 
/**
 * Bills.
 */
bills: number, 
/**
 * What was paid.
 */
paid: MoneyView, 
/**
 * What was given back.
 */
refunded: MoneyView, 
/**
 * What the channel kept.
 */
fee: MoneyView, };

/**
 * One step of the bridge.
 */
export type BridgeStep = { 
/**
 * The decision's name, or `open`.
 */
act: string, 
/**
 * How many differences.
 */
count: number, 
/**
 * How much of the way.
 */
amount: MoneyView, };

/**
 * What explains that the bank's sum is another.
 */
export type BridgeTerm = { 
/**
 * Both catalogues hold `payout_term_<name>`.
 */
name: string, 
/**
 * How much of the way.
 */
amount: MoneyView, };

/**
 * From our net over the bill's to the bank, in one currency.
 */
export type BridgeView = { 
/**
 * Our sums.
 */
books: SideTotals, 
/**
 * The bills' sums.
 */
bill: SideTotals, 
/**
 * What was decided, and `open`.
 */
steps: Array<BridgeStep>, 
/**
 * What is left: fees that our books do not know.
 */
rest: MoneyView, 
/**
 * What the channels held back (negative) or released.
 */
reserve: MoneyView, 
/**
 * What explains that the bank's sum is another.
 */
explained: Array<BridgeTerm>, 
/**
 * What nothing explains, of payouts that came.
 */
difference: MoneyView, 
/**
 * What of the day's money is in the bank.
 */
arrived: MoneyView, 
/**
 * What is on its way.
 */
in_transit: MoneyView, };

/**
 * Names a key of other software.
 */
export type CallerOf = { 
/**
 * Its id.
 */
caller_id: string, };

/**
 * A key of other software, without its secret.
 */
export type CallerView = { 
/**
 * Its id, as requests name it.
 */
id: string, 
/**
 * The name under which a person knows it.
 */
label: string, 
/**
 * What it may do.
 */
rights: Array<RightView>, 
/**
 * The most it may charge or refund in one call; null: whatever the channel takes.
 */
amount_max: MoneyView | null, 
/**
 * Calls in a minute.
 */
per_minute: number, 
/**
 * When it was made, UTC milliseconds.
 */
created_at: number, 
/**
 * When it was revoked, UTC milliseconds.
 */
revoked_at: number | null, };

/**
 * Another difference that may be the same movement.
 */
export type CandidateView = { 
/**
 * The other one.
 */
item: WorkItemView, 
/**
 * What speaks for it: `same_amount`, `same_transaction`, `near`, `other_day`.
 */
reasons: Array<string>, 
/**
 * Seconds between the two.
 */
seconds_apart: number, };

/**
 * What may be the other side of a difference.
 */
export type Candidates = { 
/**
 * The difference as it stands.
 */
item: WorkItemView, 
/**
 * Best first.
 */
candidates: Array<CandidateView>, };

/**
 * What the demo customer does at the card reader.
 */
export type CardAct = "decline" | "leave" | "look" | "switch_off" | "switch_on" | "tap";

/**
 * A day's cash in one currency.
 */
export type CashDayView = { 
/**
 * Payments.
 */
payments: number, 
/**
 * Their sum.
 */
taken: MoneyView, 
/**
 * Refunds.
 */
refunds: number, 
/**
 * Their sum.
 */
returned: MoneyView, 
/**
 * Put in.
 */
paid_in: MoneyView, 
/**
 * Taken out.
 */
paid_out: MoneyView, 
/**
 * How often it was opened without a sale.
 */
no_sales: number, 
/**
 * The drawers whose float was counted on the day.
 */
drawers: Array<CashDrawerView>, };

/**
 * A drawer of a day.
 */
export type CashDrawerView = { 
/**
 * The float.
 */
float: MoneyView, 
/**
 * Who counted it.
 */
opened_by: string, 
/**
 * What should have been there; null while it is open.
 */
expected: MoneyView | null, 
/**
 * What was there.
 */
counted: MoneyView | null, 
/**
 * Counted less expected.
 */
difference: MoneyView | null, 
/**
 * `exact`, `over` or `short`; empty while it is open.
 */
verdict: string, 
/**
 * Who counted it at the end.
 */
counted_by: string, 
/**
 * What was said about it.
 */
remark: string, };

/**
 * What may be handed over, and what goes back.
 */
export type CashDue = { 
/**
 * The exact amount first, then the next sums that notes make.
 */
quick: Array<MoneyView>, 
/**
 * What goes back; null while something is missing.
 */
change: MoneyView | null, 
/**
 * What is missing.
 */
short: MoneyView | null, };

/**
 * What to work out for a payer who pays in cash.
 */
export type CashDueOf = { 
/**
 * What is owed, in minor units.
 */
amount_minor: string, 
/**
 * What was handed over so far, in minor units; null for nothing yet.
 */
received_minor: string | null, };

/**
 * What changed hands for a payment in cash.
 */
export type CashView = { 
/**
 * What was handed over.
 */
received: MoneyView, 
/**
 * What went back.
 */
change: MoneyView, };

/**
 * What is given is changed, the rest stays.
 */
export type ChangeAccount = { 
/**
 * Which.
 */
account_id: string, 
/**
 * Its name.
 */
label?: string, 
/**
 * Its contract rate.
 */
rate?: AccountRate, 
/**
 * The rows of its contract with dates, all of them; a day that none names has `rate`.
 */
rates?: Array<RateRow>, 
/**
 * Charges of its channel go to it from now on; only `true` changes anything.
 */
charges?: boolean, 
/**
 * Whether it takes no payments for now. What is open on it goes on, and so do refunds and bills.
 */
paused?: boolean, 
/**
 * Fields that change without a new key of ours: the channel's key, the AES key, a store id. An empty
 * text empties an optional field. The channel, its merchant numbers and live or sandbox never change.
 */
fields?: { [key in string]: Pasted }, 
/**
 * A step of changing our own key.
 */
key?: KeyStep, };

/**
 * Sets the days on which banks work otherwise.
 */
export type ChangeBankDays = { 
/**
 * All of them, at most 1,000.
 */
days: Array<BankDay>, };

/**
 * What is given is changed, the rest stays.
 */
export type ChangeInterface = { 
/**
 * Whether it listens for other software.
 */
is_on?: boolean, 
/**
 * Whether it listens for channels' notices.
 */
hears_notices?: boolean, 
/**
 * Where: 1 to 65535.
 */
port?: number, 
/**
 * Whether other machines reach it.
 */
beyond_this_machine?: boolean, 
/**
 * Names by which it may be called, without a port; at most 16.
 */
hosts?: Array<string>, };

/**
 * Sets the accounts.
 */
export type ChangeLedgerAccounts = { 
/**
 * All of them; null: the usual ones again.
 */
accounts: Array<LedgerAccountView> | null, };

/**
 * Changes the passphrase of a sealed vault.
 */
export type ChangePassphrase = { 
/**
 * The one until now.
 */
old: Pasted, 
/**
 * The one from now on.
 */
new: Pasted, };

/**
 * What is given is changed, the rest stays.
 */
export type ChangeSettings = { 
/**
 * The language.
 */
locale?: Locale, 
/**
 * Light or dark.
 */
theme?: Theme, 
/**
 * The shop's name.
 */
store_name?: string, 
/**
 * Sound.
 */
sound?: Sound, 
/**
 * How amounts are typed.
 */
amount_entry?: AmountEntry, 
/**
 * Keypad order.
 */
keypad?: Keypad, 
/**
 * Scanner gap, 15 to 100.
 */
scanner_gap_ms?: number, 
/**
 * Names that can be picked.
 */
operators?: Array<string>, 
/**
 * A contract rate.
 */
rate?: SetRate, 
/**
 * Whether bills are fetched without being asked for.
 */
bills_by_themselves?: boolean, 
/**
 * The currencies the till may ask for beside the shop's own.
 */
currencies?: Array<string>, };

/**
 * A field of the form. Label `field_<channel>_<name>`, help `field_<channel>_<name>_help`.
 */
export type ChannelField = { 
/**
 * The channel's own name of it.
 */
name: string, 
/**
 * What it holds.
 */
kind: FieldKindView, 
/**
 * Whether it is never shown again.
 */
secret: boolean, 
/**
 * Whether it may stay empty; within a way, see [`ChannelForm::ways`].
 */
optional: boolean, 
/**
 * The way it belongs to; null: to every way.
 */
way: string | null, };

/**
 * The form of one channel.
 */
export type ChannelForm = { 
/**
 * Its short name.
 */
id: string, 
/**
 * Its fields, in the order of the form.
 */
fields: Array<ChannelField>, 
/**
 * The ways to prove the channel's answers, the usual one first; label `way_<channel>_<way>`. The
 * fields of the way that is not chosen stay empty.
 */
ways: Array<string>, 
/**
 * Where live accounts talk to; it cannot be changed.
 */
gateway: string, 
/**
 * The channel's own gateway for trying out, a proposal for sandbox accounts; null: it runs none.
 */
sandbox_gateway: string | null, };

/**
 * Every channel that can be connected.
 */
export type ChannelForms = { 
/**
 * The forms.
 */
channels: Array<ChannelForm>, };

/**
 * How a channel is doing.
 */
export type ChannelHealth = "degraded" | "no_keys" | "not_connected" | "offline" | "ok";

/**
 * A channel in the status.
 */
export type ChannelView = { 
/**
 * Its short name, `alipay`.
 */
id: string, 
/**
 * How it is doing.
 */
state: ChannelHealth, 
/**
 * Last authenticated answer, UTC milliseconds.
 */
last_success_at: number | null, 
/**
 * This PC's clock minus the channel's, milliseconds.
 */
clock_skew_ms: number | null, 
/**
 * Contract rate in millionths; none is set: null.
 */
rate_millionths: number | null, 
/**
 * Which of the shop's currencies it takes.
 */
currencies: Array<string>, 
/**
 * Whether it has a code to show.
 */
shows_code: boolean, 
/**
 * Whether it has a page on which customers pay.
 */
has_page: boolean, 
/**
 * Whether it drives card readers of the shop.
 */
has_readers: boolean, 
/**
 * The card reader that this till uses at the account that charges; null: none was chosen.
 */
reader: ChosenReader | null, 
/**
 * The account that charges; null: none.
 */
account_id: string | null, 
/**
 * The account that charges is one of a sandbox: no money moves on it.
 */
sandbox: boolean, };

/**
 * Looks at what was pasted; sends nothing, keeps nothing.
 */
export type CheckAccount = { 
/**
 * The form.
 */
draft: AccountDraft, 
/**
 * The account that is changed: what is not typed again is taken from it.
 */
account_id?: string, };

/**
 * Asks for the suggestion.
 */
export type ChoiceOf = { 
/**
 * Minor units.
 */
amount_minor: string, 
/**
 * ISO 4217; the shop's own when not given.
 */
currency?: string, };

/**
 * The channels for an amount, the best first; those that cannot be used stand last.
 */
export type ChoiceView = { 
/**
 * Every channel.
 */
contenders: Array<ContenderView>, 
/**
 * Why the first one is suggested; null when none can be used.
 */
because: BecauseView | null, };

/**
 * Chooses the card reader of this till.
 */
export type ChooseReader = { 
/**
 * Whose reader.
 */
account_id: string, 
/**
 * The channel's number of it; null: none.
 */
reader: string | null, };

/**
 * The card reader that a till uses.
 */
export type ChosenReader = { 
/**
 * The channel's number of it.
 */
id: string, 
/**
 * Its name when it was chosen; its number where it had none.
 */
name: string, };

/**
 * A scanned text to look at.
 */
export type ClassifyScan = { 
/**
 * The text; may be a payment code, so it is never logged.
 */
text: string, };

/**
 * A day of the shop.
 */
export type CloseDayOf = { 
/**
 * The day, `2026-11-20`; yesterday when not given.
 */
day: string | null, };

/**
 * A version of a signed day.
 */
export type CloseView = { 
/**
 * From 1.
 */
version: number, 
/**
 * When, milliseconds since 1970 in UTC.
 */
at: number, 
/**
 * By whom.
 */
by: string, 
/**
 * SHA-256 of the record.
 */
sha256: string, 
/**
 * The log's last hash before it.
 */
head: string, 
/**
 * The record, byte for byte.
 */
record: string, 
/**
 * Why it was opened again.
 */
reopened: ReopenedView | null, };

/**
 * A way to pay in coins.
 */
export type CoinWayView = { 
/**
 * The channel's name of it, `BTC-CHAIN`.
 */
method: string, 
/**
 * The coin, `BTC`.
 */
coin: string, 
/**
 * What is still to be paid, in coins.
 */
due: string, 
/**
 * Units of the order's currency for one coin, locked until the code runs out.
 */
rate: string, 
/**
 * The code as a picture.
 */
svg: string, 
/**
 * What it says.
 */
text: string, };

/**
 * Coins that came.
 */
export type CoinsCameView = { 
/**
 * The channel's name of the way.
 */
method: string, 
/**
 * The coin.
 */
coin: string, 
/**
 * How many.
 */
amount: string, 
/**
 * Units of the order's currency for one coin, as it was locked.
 */
rate: string, 
/**
 * Who said the rate.
 */
source: string, };

/**
 * The coins of a payment.
 */
export type CoinsView = { 
/**
 * The ways to pay what is due, the proposed one first; empty where no code is shown.
 */
ways: Array<CoinWayView>, 
/**
 * What came in the order's currency, where it is not the sum that was asked for.
 */
received: MoneyView | null, 
/**
 * Money was seen on a chain and is not certain yet.
 */
confirmations: ConfirmationsView | null, 
/**
 * What came, by way.
 */
came: Array<CoinsCameView>, };

/**
 * An error as the UI gets it.
 */
export type CommandError = { 
/**
 * Which.
 */
code: ErrorCode, 
/**
 * Did money move?
 */
money: MoneyMark, 
/**
 * Values for the text; never secrets.
 */
params: { [key in string]: string }, 
/**
 * To find it in the log.
 */
incident: string, };

/**
 * How far a chain has confirmed a payment.
 */
export type ConfirmationsView = { 
/**
 * How many the shop asks for.
 */
needed: number, 
/**
 * How many there are, where the channel says.
 */
seen: number | null, };

/**
 * A channel and what speaks for or against it.
 */
export type ContenderView = { 
/**
 * Its short name.
 */
channel: string, 
/**
 * Why it cannot be used; null: it can.
 */
against: AgainstView | null, 
/**
 * The limit that the amount is beyond; null for other reasons.
 */
limit: MoneyView | null, 
/**
 * How it is doing.
 */
doing: DoingView, 
/**
 * What it would keep by contract; null where the contract says nothing.
 */
fee: MoneyView | null, 
/**
 * The median time from a shown code to its payment, milliseconds; null when too few were paid.
 */
median_ms: number | null, 
/**
 * Over how many payments.
 */
measured: number, };

/**
 * A currency that some channel takes.
 */
export type CurrencyChoice = { 
/**
 * ISO 4217 code.
 */
code: string, 
/**
 * Decimal digits.
 */
exponent: number, 
/**
 * The channels that take it, connected or not.
 */
channels: Array<string>, };

/**
 * Every currency that some channel takes, by code.
 */
export type CurrencyChoices = { 
/**
 * They.
 */
choices: Array<CurrencyChoice>, };

/**
 * A currency.
 */
export type CurrencyView = { 
/**
 * ISO 4217 code.
 */
code: string, 
/**
 * Decimal digits.
 */
exponent: number, };

/**
 * What a customer shows at the till.
 */
export type CustomerCode = { 
/**
 * The channel.
 */
channel: string, 
/**
 * The payment code.
 */
code: string, };

/**
 * A demo customer.
 */
export type CustomerView = { 
/**
 * The last two digits of the payment code.
 */
digits: string, 
/**
 * Both catalogues hold `customer_<key>`.
 */
key: string, 
/**
 * A fresh code of this customer at every channel whose payers show one.
 */
codes: Array<CustomerCode>, };

/**
 * What of a reconciled day is written.
 */
export type DayExport = "differences" | "lines" | "report";

/**
 * The days of an account, the newest first.
 */
export type DayList = { 
/**
 * Every account whose bills can be compared.
 */
accounts: Array<BillAccount>, 
/**
 * The account that was asked for.
 */
account_id: string, 
/**
 * The days.
 */
days: Array<DayRow>, 
/**
 * Whether bills are fetched without being asked for.
 */
by_themselves: boolean, };

/**
 * A day of an account.
 */
export type DayOf = { 
/**
 * The account.
 */
account_id: string, 
/**
 * The channel's day, `2026-11-20`.
 */
day: string, };

/**
 * A day before and after it is signed.
 */
export type DayOverview = { 
/**
 * The day.
 */
day: string, 
/**
 * The newest day that can be signed.
 */
newest: string, 
/**
 * Account by account.
 */
accounts: Array<AccountDayView>, 
/**
 * Currency by currency.
 */
bridges: Array<BridgeView>, 
/**
 * What keeps it open; empty when it can be signed.
 */
hindrances: Array<HindranceView>, 
/**
 * Whether it is signed.
 */
signed: boolean, 
/**
 * How many differences stand where.
 */
counts: WorkCountsView, 
/**
 * The payouts that the day's money is in; what has not come is `expected`, never overdue.
 */
payouts: Array<PayoutView>, 
/**
 * Movements of the fund-flow bills that no trade bill tells, payouts apart: reserves and others.
 */
moves: Array<FlowMoveView>, 
/**
 * Takings by hours.
 */
hours: Array<HourView>, 
/**
 * Cash, currency by currency; empty when no drawer moved.
 */
cash: Array<CashDayView>, 
/**
 * Its versions, the newest first.
 */
closes: Array<CloseView>, 
/**
 * The most that may be written off, in minor units.
 */
write_off_max: string, };

/**
 * A compared day in numbers.
 */
export type DayResult = { 
/**
 * Pairs that agree.
 */
matched: number, 
/**
 * Differences.
 */
differences: number, 
/**
 * The bill.
 */
bill: SideTotals, 
/**
 * Our books.
 */
books: SideTotals, 
/**
 * When it was imported; `null` in a look.
 */
imported_at: number | null, 
/**
 * By whom.
 */
by: string, 
/**
 * The file's name; empty when it was fetched.
 */
file: string, 
/**
 * The channel says that it has no bill for the day: nothing was traded.
 */
is_empty: boolean, };

/**
 * One day in the list.
 */
export type DayRow = { 
/**
 * The channel's day.
 */
day: string, 
/**
 * The day in numbers, once its bill was imported.
 */
result: DayResult | null, 
/**
 * Its bill can be fetched by now, and is not here.
 */
missing: boolean, 
/**
 * Its fund-flow bill is kept.
 */
flow: boolean, 
/**
 * Its fund-flow bill can be fetched by now, and is not here.
 */
flow_missing: boolean, };

/**
 * The days of one account that can be reconciled.
 */
export type DaysOf = { 
/**
 * The account; the first one when not given.
 */
account_id: string | null, };

/**
 * A decision.
 */
export type Decide = { 
/**
 * About what.
 */
target: WorkTarget, 
/**
 * What.
 */
act: ActArgs, 
/**
 * Why; required unless it is `explained`.
 */
remark: string, 
/**
 * A file that shows it.
 */
proof: ProofFile | null, 
/**
 * Only says what it would do.
 */
dry_run: boolean, };

/**
 * Decides about late money.
 */
export type DecideLate = { 
/**
 * The order.
 */
order_id: string, 
/**
 * What.
 */
decision: LateDecision, 
/**
 * Why.
 */
reason: string, 
/**
 * At which rate coins go back; the sum in the order's currency when not given.
 */
rate?: RateView, };

/**
 * Says what movements of the bank are.
 */
export type DecidePayout = { 
/**
 * `accepted`, `rejected` or `undone`.
 */
ruling: string, 
/**
 * The movements, at most ten. Undoing one of a decision undoes all of it.
 */
lines: Array<BankLineRef>, 
/**
 * Whose days; needed where it is accepted.
 */
parts: Array<DecidedDays>, 
/**
 * Why; needed unless it is undone.
 */
remark: string, };

/**
 * The days of one account that a decision is about.
 */
export type DecidedDays = { 
/**
 * The account.
 */
account_id: string, 
/**
 * The channel's days, `2026-11-20`.
 */
days: Array<string>, };

/**
 * One decision.
 */
export type DecisionView = { 
/**
 * What, by name.
 */
act: string, 
/**
 * Why.
 */
remark: string, 
/**
 * The name of the file that shows it.
 */
proof: string | null, 
/**
 * SHA-256 of that file.
 */
proof_sha256: string | null, 
/**
 * By whom.
 */
by: string, 
/**
 * When, milliseconds since 1970 in UTC.
 */
at: number, };

/**
 * A file of the demo's bank.
 */
export type DemoStatement = { 
/**
 * Its name.
 */
name: string, 
/**
 * The file, base64.
 */
file: string, };

/**
 * A statement of the demo's bank.
 */
export type DemoStatementOf = { 
/**
 * `csv` as a Chinese bank writes it, in GB18030, or `camt053`.
 */
form: string, 
/**
 * The first day; the first of the demo's trade when not given.
 */
from: string | null, 
/**
 * The last day; the demo's yesterday when not given.
 */
to: string | null, };

/**
 * One difference with both sides.
 */
export type DifferenceView = { 
/**
 * Both catalogues hold `break_<code>`.
 */
code: string, 
/**
 * Both catalogues hold `why_<why>`.
 */
why: string, 
/**
 * What the explanation's text needs: a rate, seconds, a row.
 */
value: string, 
/**
 * The bill's line.
 */
bill: SideLine | null, 
/**
 * Ours.
 */
book: SideLine | null, 
/**
 * Bill less books.
 */
difference: MoneyView | null, 
/**
 * The addition that gives the difference; empty where none is known.
 */
terms: Array<TermView>, };

/**
 * How a channel did at the last contact.
 */
export type DoingView = "well" | "badly" | "unreachable";

/**
 * A count at the end against what should be there.
 */
export type DrawerCount = { 
/**
 * Who counted.
 */
by: string, 
/**
 * When.
 */
at: number, 
/**
 * What should be there.
 */
expected: MoneyView, 
/**
 * What is there.
 */
counted: MoneyView, 
/**
 * Counted less expected: negative is short.
 */
difference: MoneyView, 
/**
 * `exact`, `over` or `short`.
 */
verdict: string, 
/**
 * What was said about it.
 */
remark: string, 
/**
 * The float at the beginning.
 */
float: MoneyView, 
/**
 * Payments.
 */
taken: MoneyView, 
/**
 * Refunds.
 */
returned: MoneyView, 
/**
 * Put in.
 */
paid_in: MoneyView, 
/**
 * Taken out.
 */
paid_out: MoneyView, };

/**
 * What is done to the drawer beside payments and refunds.
 */
export type DrawerDo = "count" | "no_sale" | "open" | "pay_in" | "pay_out";

/**
 * One time the drawer was opened.
 */
export type DrawerMoveView = { 
/**
 * Its place in the log.
 */
seq: number, 
/**
 * When.
 */
at: number, 
/**
 * Who.
 */
by: string, 
/**
 * `opened`, `taken`, `returned`, `paid_in`, `paid_out`, `no_sale` or `counted`.
 */
kind: string, 
/**
 * What it put in, negative for what it took out; null where nothing moved.
 */
amount: MoneyView | null, 
/**
 * Why.
 */
reason: string, 
/**
 * The order it belongs to.
 */
order_id: string | null, };

/**
 * How far a drawer is.
 */
export type DrawerStage = "counted" | "never" | "open";

/**
 * The drawer. What should be in it is not told before it was counted: who knows the sum does not count.
 */
export type DrawerView = { 
/**
 * How far it is.
 */
stage: DrawerStage, 
/**
 * The float at the beginning.
 */
float: MoneyView | null, 
/**
 * Who counted it.
 */
opened_by: string, 
/**
 * When.
 */
opened_at: number | null, 
/**
 * How often it was opened without a sale since.
 */
no_sales: number, 
/**
 * The count at the end.
 */
count: DrawerCount | null, 
/**
 * The latest times it was opened, newest first.
 */
moves: Array<DrawerMoveView>, };

/**
 * A file of whichever account.
 */
export type DroppedBill = { 
/**
 * The file.
 */
file: GivenFile, };

/**
 * Every error code. Both catalogues hold `error_<code>` for each: what happened, money, next step.
 */
export type ErrorCode = "account_exists" | "account_field_wrong" | "account_in_doubt" | "account_not_found" | "amount_too_large" | "amount_not_a_number" | "amount_not_positive" | "attempt_open" | "caller_secret_missing" | "caller_signature" | "caller_unknown" | "callers_too_many" | "bill_archive" | "bill_bomb" | "bill_busy" | "bill_cell" | "bill_digest" | "bill_doubled" | "bill_empty" | "bill_encoding" | "bill_drop_too_large" | "bill_encrypted" | "bill_goes_on" | "bill_leads_out" | "bill_nested" | "bill_not_yet" | "bill_refused" | "bill_repeated_row" | "bill_stopped" | "bill_too_early" | "bill_several" | "bill_too_large" | "bill_totals" | "bill_truncated" | "bill_unreadable" | "bill_unreachable" | "bill_wrong_channel" | "bill_wrong_day" | "bill_wrong_kind" | "bill_wrong_merchant" | "bank_days_both" | "bank_days_row" | "bank_days_too_many" | "flow_account" | "statement_amount" | "statement_archive" | "statement_balance" | "statement_binary" | "statement_bomb" | "statement_columns" | "statement_currencies" | "statement_currency" | "statement_date" | "statement_doubled" | "statement_dtd" | "statement_encoding" | "statement_encrypted" | "statement_goes_on" | "statement_missing" | "statement_nested" | "statement_refused" | "statement_syntax" | "statement_too_large" | "statement_too_precise" | "statement_total" | "statement_truncated" | "statement_unknown" | "statement_account" | "payout_gone" | "template_not_found" | "kept_file_missing" | "preview_gone" | "channel_not_connected" | "cash_short" | "code_used" | "currency_not_taken" | "day_locked" | "day_open" | "database_corrupt" | "database_newer" | "database_busy" | "disk_full" | "demo_only" | "drawer_short" | "export_disk_full" | "export_failed" | "export_file_exists" | "export_folder_missing" | "export_name_wrong" | "export_not_allowed" | "export_stopped" | "export_too_large" | "export_totals_differ" | "ledger_account_wrong" | "font_missing" | "file_too_large" | "float_not_open" | "float_open" | "gateway_not_allowed" | "goods_code" | "internal" | "intent_reused" | "interface_off" | "invalid_arguments" | "keyring_denied" | "keyring_hanging" | "keyring_missing" | "key_in_use" | "key_known" | "key_not_found" | "keys_lost" | "keys_locked" | "keys_unreadable" | "listen_failed" | "notice_forged" | "notice_no_account" | "notice_not_ours" | "notice_unreadable" | "not_now" | "text_too_long" | "older_copy" | "passphrase_too_short" | "passphrase_wrong" | "port_taken" | "reader_not_chosen" | "reader_unknown" | "readers_refused" | "readers_unreachable" | "real_only" | "offline" | "order_not_found" | "part_exceeds_owed" | "part_going_back" | "operator_required" | "own_receipt" | "already_set_up" | "page_not_made" | "not_set_up" | "rate_ends_early" | "rate_limits" | "rates_overlap" | "refund_exceeds" | "refund_nothing_paid" | "reason_required" | "repeat_question" | "sandbox_gone" | "unknown_time_zone" | "unknown_code" | "clock_wrong";

/**
 * Pushed to the windows; they ask again for what they show.
 */
export type Event = { "event": "order_changed", 
/**
 * Which.
 */
order_id: string, 
/**
 * To which version; older ones are dropped.
 */
version: number, } | { "event": "quit_asked", 
/**
 * How many.
 */
open_doubts: number, } | { "event": "status_changed" };

/**
 * Fee and net by the contract rate; all null when none is set.
 */
export type ExpectedFee = { 
/**
 * The fee, rounded half up.
 */
fee: MoneyView | null, 
/**
 * What is left.
 */
net: MoneyView | null, 
/**
 * The rate in millionths.
 */
rate_millionths: number | null, };

/**
 * Fee and net before charging.
 */
export type ExpectedFeeOf = { 
/**
 * Minor units.
 */
amount_minor: string, 
/**
 * ISO 4217; the shop's own when not given.
 */
currency?: string, 
/**
 * The channel's short name.
 */
channel: string, };

/**
 * A reconciled day as a file.
 */
export type ExportDay = { 
/**
 * The account.
 */
account_id: string, 
/**
 * The channel's day, `2026-11-20`.
 */
day: string, 
/**
 * What of it.
 */
what: DayExport, 
/**
 * `csv`, `csv_plain` or `xlsx`; a report also `pdf`.
 */
format: FileFormat, 
/**
 * A full path with the format's ending.
 */
file: string, 
/**
 * Whether a file of this name is replaced.
 */
replace: boolean, 
/**
 * The figures that stood on the screen: a day that has others is not written.
 */
seen: DayResult | null, };

/**
 * Every finding of an audit as a file.
 */
export type ExportFees = { 
/**
 * The account.
 */
account_id: string, 
/**
 * The channel's first day.
 */
from: string, 
/**
 * Its last day, at most 400 days on.
 */
to: string, 
/**
 * `csv`, `csv_plain` or `xlsx`.
 */
format: FileFormat, 
/**
 * A full path with the format's ending.
 */
file: string, 
/**
 * Whether a file of this name is replaced.
 */
replace: boolean, 
/**
 * The figures that stood on the screen: an audit that comes to others is not kept.
 */
seen: FeeTotals | null, };

/**
 * Reconciled days as balanced journal entries.
 */
export type ExportJournal = { 
/**
 * Only this account; all of them when not given.
 */
account_id: string | null, 
/**
 * The channels' first day.
 */
from: string, 
/**
 * Their last day, at most 400 days on.
 */
to: string, 
/**
 * For which program.
 */
template: JournalTemplateView, 
/**
 * What the program reads: `beancount`, `txt`, `xlsx` or `csv`.
 */
format: FileFormat, 
/**
 * A full path with the format's ending.
 */
file: string, 
/**
 * Whether a file of this name is replaced.
 */
replace: boolean, };

/**
 * The filtered list as a file, newest first, with totals at its end.
 */
export type ExportOrders = { 
/**
 * Which orders.
 */
query: OrderQuery, 
/**
 * `csv`, `csv_plain` or `xlsx`.
 */
format: FileFormat, 
/**
 * The file as a person chose it: a full path with the format's ending.
 */
file: string, 
/**
 * Whether a file of this name is replaced.
 */
replace: boolean, 
/**
 * The totals that stood over the list: a file that sums to others is not kept.
 */
seen: OrderTotals | null, };

/**
 * How far an export is.
 */
export type ExportProgress = { 
/**
 * Rows read so far; null: none is running.
 */
rows: number | null, };

/**
 * What a channel settled over several days, as a file.
 */
export type ExportSettled = { 
/**
 * The account.
 */
account_id: string, 
/**
 * The channel's first day.
 */
from: string, 
/**
 * Its last day, at most 400 days on.
 */
to: string, 
/**
 * `csv`, `csv_plain`, `xlsx` or `pdf`.
 */
format: FileFormat, 
/**
 * A full path with the format's ending.
 */
file: string, 
/**
 * Whether a file of this name is replaced.
 */
replace: boolean, };

/**
 * Looks after a running export.
 */
export type ExportStep = { 
/**
 * Ends it; nothing of the file is left then.
 */
stop: boolean, };

/**
 * A file that was written.
 */
export type ExportedFile = { 
/**
 * Rows in it.
 */
rows: number, 
/**
 * SHA-256 of its bytes, hex.
 */
sha256: string, 
/**
 * Where it is.
 */
file: string, 
/**
 * The file beside it: digest, filter, totals.
 */
side_file: string, };

/**
 * A day whose bill did not come.
 */
export type FailedBill = { 
/**
 * The channel's day.
 */
day: string, 
/**
 * `trade` or `fund_flow`.
 */
kind: string, 
/**
 * Why.
 */
error: CommandError, };

/**
 * Why it failed.
 */
export type FailureView = { 
/**
 * The channel's code, or ours for what was not sent (`offline`, `keys_locked`, `cancelled`, `unsendable`).
 */
code: string, 
/**
 * Key of the text in both catalogues: meaning and next step.
 */
text: string, 
/**
 * What to do: `ask_payer`, `fix_setup`, `give_up`, `try_again`.
 */
advice: string, };

/**
 * A fault of the demo's channels.
 */
export type FaultView = { 
/**
 * Its name; both catalogues hold `fault_<name>`.
 */
name: string, 
/**
 * Whether it is on.
 */
on: boolean, };

/**
 * The fees of some days.
 */
export type FeeAuditView = { 
/**
 * Account by account.
 */
accounts: Array<AccountFees>, };

/**
 * One line whose fee is not the contract's.
 */
export type FeeFindingView = { 
/**
 * The bill's day.
 */
day: string, 
/**
 * Its line.
 */
line: SideLine, 
/**
 * The contract's fee.
 */
contract: MoneyView, 
/**
 * The bill's fee less the contract's.
 */
more: MoneyView, };

/**
 * What an audit came to, in numbers.
 */
export type FeeTotals = { 
/**
 * Days whose bill is kept.
 */
days: number, 
/**
 * Lines whose fee was worked out.
 */
audited: number, 
/**
 * Lines of which the contract says nothing.
 */
without_rate: number, 
/**
 * Lines on which too much was taken.
 */
lines_over: number, 
/**
 * Lines on which too little was taken.
 */
lines_under: number, 
/**
 * What the bills charge.
 */
charged: MoneyView, 
/**
 * What the contract says.
 */
contract: MoneyView, 
/**
 * What was taken too much.
 */
overcharged: MoneyView, 
/**
 * What was taken too little, not negative.
 */
undercharged: MoneyView, };

/**
 * Days whose fees are worked out again.
 */
export type FeesOf = { 
/**
 * Only this account; all of them when not given.
 */
account_id: string | null, 
/**
 * The channels' first day, `2026-11-01`.
 */
from: string, 
/**
 * Their last day, at most 400 days on.
 */
to: string, };

/**
 * What a field of the form holds.
 */
export type FieldKindView = "certificate" | "private_key" | "public_key" | "secret" | "text";

/**
 * What is to be said of one field.
 */
export type FieldVerdict = { 
/**
 * Which field.
 */
field: string, 
/**
 * Key of what is wrong, `check_…`; null: nothing.
 */
problem: string | null, 
/**
 * Keys of what else should be known: converted, expires soon.
 */
notes: Array<string>, 
/**
 * Values for both texts: `at`, `from`, `owner`, `found`. Never of a secret.
 */
params: { [key in string]: string }, 
/**
 * The form that was recognised: `pkcs1`, `pkcs8`, `spki`, `x509`; null for plain fields.
 */
form: string | null, 
/**
 * How it was written: `pem`, `der`, `base64`.
 */
encoding: string | null, 
/**
 * Bits of the key.
 */
bits: number | null, 
/**
 * SHA-256 of the public half, hex in groups of four.
 */
fingerprint: string | null, 
/**
 * When the certificate runs out, UTC milliseconds.
 */
expires_at: number | null, };

/**
 * How a file is written.
 */
export type FileFormat = "beancount" | "csv" | "csv_plain" | "pdf" | "txt" | "xlsx";

/**
 * One movement of the account at the channel.
 */
export type FlowMoveView = { 
/**
 * The line of the file, from 1.
 */
row: number, 
/**
 * Both catalogues hold `flow_<sort>`.
 */
sort: string, 
/**
 * What the channel calls it.
 */
name: string, 
/**
 * The channel's number of it.
 */
entry: string, 
/**
 * The channel's number of what it belongs to.
 */
business: string, 
/**
 * Our reference, where there is one.
 */
reference: string, 
/**
 * What came in, or went out as a negative sum.
 */
change: MoneyView, 
/**
 * The balance behind it.
 */
balance: MoneyView, 
/**
 * When, milliseconds since 1970 in UTC.
 */
at: number, };

/**
 * Lines of a fund-flow bill.
 */
export type FlowMoves = { 
/**
 * How many there are of those that were asked for.
 */
total: number, 
/**
 * The lines.
 */
moves: Array<FlowMoveView>, };

/**
 * Lines of a fund-flow bill.
 */
export type FlowMovesOf = { 
/**
 * Which.
 */
of: FlowName, 
/**
 * Only those of this sort.
 */
sort: string | null, 
/**
 * Position of the first line wanted, from 0.
 */
from: number, 
/**
 * Lines wanted, at most 200.
 */
limit: number, };

/**
 * Names a fund-flow bill whose lines are asked for.
 */
export type FlowName = { "flow": "kept", 
/**
 * The account.
 */
account_id: string, 
/**
 * The channel's day.
 */
day: string, } | { "flow": "looked_at", 
/**
 * As [`FlowPreviewView::preview`] gave it.
 */
preview: string, };

/**
 * A fund-flow bill that was looked at; nothing of it is kept yet.
 */
export type FlowPreviewView = { 
/**
 * Names it for the import.
 */
preview: string, 
/**
 * The account.
 */
account_id: string, 
/**
 * The channel's day.
 */
day: string, 
/**
 * How many lines it has.
 */
rows: number, 
/**
 * When the same bill was imported before.
 */
known_since: number | null, 
/**
 * The day in numbers.
 */
flow: FlowView, };

/**
 * The movements of one sort.
 */
export type FlowSumView = { 
/**
 * Both catalogues hold `flow_<sort>`.
 */
sort: string, 
/**
 * How many.
 */
lines: number, 
/**
 * Their sum, signed as the account sees it.
 */
sum: MoneyView, };

/**
 * A fund-flow bill in numbers.
 */
export type FlowView = { 
/**
 * Its movements by their sorts; sorts without any are left out.
 */
sums: Array<FlowSumView>, 
/**
 * What payments, refunds and fees come to.
 */
trade: MoneyView, 
/**
 * What the kept trade bill of the day says of the same.
 */
bill_net: MoneyView | null, 
/**
 * The balance behind the last movement.
 */
closing: MoneyView | null, 
/**
 * When it was imported; `null` in a look.
 */
imported_at: number | null, 
/**
 * By whom.
 */
by: string, 
/**
 * The file's name; empty when it was fetched.
 */
file: string, 
/**
 * The channel says that nothing moved on the day.
 */
is_empty: boolean, };

/**
 * Differences given to somebody.
 */
export type GiveTo = { 
/**
 * Which.
 */
target: WorkTarget, 
/**
 * To whom; empty: nobody.
 */
owner: string, };

/**
 * A file that a person chose or dropped.
 */
export type GivenFile = { "given": "content", 
/**
 * Its name, for the record.
 */
name: string, 
/**
 * Its bytes, base64.
 */
base64: string, } | { "given": "path", 
/**
 * Where it lies, from the root.
 */
path: string, };

/**
 * What keeps a day open.
 */
export type HindranceView = { 
/**
 * `not_over`, `bill_missing`, `drawer_open`, `open` or `signed`.
 */
why: string, 
/**
 * The account whose bill is missing.
 */
account_id: string | null, 
/**
 * Differences that are open.
 */
count: number, };

/**
 * What was taken in an hour.
 */
export type HourView = { 
/**
 * 0 to 23, by the channel's clock.
 */
hour: number, 
/**
 * The channel.
 */
channel: string, 
/**
 * How much.
 */
taken: MoneyView, };

/**
 * What an import came to.
 */
export type ImportedStatements = { 
/**
 * The statements of the file, as they are kept now.
 */
statements: Array<KeptStatementView>, 
/**
 * How many came with this import; the others were here.
 */
came: number, };

/**
 * Money on its way to the bank.
 */
export type InTransitView = { 
/**
 * Days since the newest day of the payout, at least.
 */
from_days: number, 
/**
 * And at most; without an end: null.
 */
to_days: number | null, 
/**
 * The channel.
 */
channel: string, 
/**
 * Payouts.
 */
payouts: number, 
/**
 * What they come to.
 */
net: MoneyView, };

/**
 * The interface for other software.
 */
export type InterfaceView = { 
/**
 * Whether it listens for other software.
 */
is_on: boolean, 
/**
 * Whether it listens for channels' notices.
 */
hears_notices: boolean, 
/**
 * Where.
 */
port: number, 
/**
 * Whether other machines reach it.
 */
beyond_this_machine: boolean, 
/**
 * Names by which it may be called, besides loopback's own.
 */
hosts: Array<string>, 
/**
 * The keys, oldest first.
 */
callers: Array<CallerView>, 
/**
 * What came of it in this process.
 */
listening: ListeningView, };

/**
 * Names a difference, also after its day was compared again.
 */
export type ItemRef = { 
/**
 * The account.
 */
account_id: string, 
/**
 * The channel's day, `2026-11-20`.
 */
day: string, 
/**
 * As [`WorkItemView::item`] gave it.
 */
item: string, };

/**
 * The program a journal is for.
 */
export type JournalTemplateView = "beancount" | "generic" | "kingdee" | "yonyou_t" | "yonyou_u8";

/**
 * Names a kept file.
 */
export type KeptFileName = { "of": "bill", 
/**
 * As [`super::ReconciledDay::bill`] gave it.
 */
id: string, } | { "of": "flow", 
/**
 * As [`super::KeptFlowView::id`] gave it.
 */
id: string, } | { "of": "statement", 
/**
 * As [`KeptStatementView::id`] gave it.
 */
id: string, };

/**
 * A fund-flow bill that is kept.
 */
export type KeptFlowView = { 
/**
 * The account.
 */
account_id: string, 
/**
 * The channel's day.
 */
day: string, 
/**
 * Names its file.
 */
id: string, 
/**
 * The day in numbers.
 */
flow: FlowView, 
/**
 * Movements that the trade bill does not tell: payouts, reserves, others.
 */
moves: Array<FlowMoveView>, };

/**
 * A statement that is kept.
 */
export type KeptStatementView = { 
/**
 * Names it.
 */
id: string, 
/**
 * It in numbers.
 */
head: StatementHead, 
/**
 * How many movements it has.
 */
lines: number, 
/**
 * How many of them an earlier statement told.
 */
told_before: number, 
/**
 * The name of its file.
 */
file: string, 
/**
 * The digest of its file.
 */
file_sha256: string, 
/**
 * When it was imported.
 */
imported_at: number, 
/**
 * By whom.
 */
by: string, 
/**
 * Its opening balance is not the closing balance before it: a statement between them is missing.
 */
gap_before: boolean, };

/**
 * Where a key of ours stands.
 */
export type KeyStateView = "active" | "old" | "waiting";

/**
 * Changing our own key without a pause: add, test, activate; retire the old one later.
 */
export type KeyStep = { "step": "activate", 
/**
 * The key.
 */
key_id: string, } | { "step": "add", 
/**
 * The private key and what comes with it: its certificate, its serial.
 */
fields: { [key in string]: Pasted }, } | { "step": "retire", 
/**
 * The key.
 */
key_id: string, };

/**
 * What may be shown of a key of ours.
 */
export type KeyView = { 
/**
 * Its name here.
 */
id: string, 
/**
 * Where it stands.
 */
state: KeyStateView, 
/**
 * SHA-256 of the public half, hex in groups of four.
 */
fingerprint: string | null, 
/**
 * When it was kept, UTC milliseconds.
 */
created_at: number, 
/**
 * When the first certificate that came with it runs out, UTC milliseconds.
 */
expires_at: number | null, };

/**
 * Which row of the keypad is on top.
 */
export type Keypad = "one_on_top" | "seven_on_top";

/**
 * What the keys are kept in.
 */
export type KeysKept = "key_file" | "keyring" | "sealed";

/**
 * How it stands with the keys of this folder. Text `keys_<state>`.
 */
export type KeysState = "denied" | "hanging" | "lost" | "locked" | "no_keyring" | "needs_new_passphrase" | "open" | "unreadable";

/**
 * How it stands with the keys of this folder.
 */
export type KeysStatus = { 
/**
 * How.
 */
state: KeysState, 
/**
 * Where; null: not chosen yet.
 */
kept_in: KeysKept | null, 
/**
 * Whether unlocking asks for a passphrase.
 */
asks_passphrase: boolean, 
/**
 * Seconds until a passphrase can be tried again; 0: now.
 */
wait_seconds: number, };

/**
 * What becomes of late money.
 */
export type LateDecision = "accept" | "return";

/**
 * An account of the shop's ledger.
 */
export type LedgerAccountView = { 
/**
 * What it is for: both catalogues hold `ledger_<role>`.
 */
role: string, 
/**
 * For the money of one channel on its way; null: for every channel without one of its own.
 */
channel: string | null, 
/**
 * Its code.
 */
code: string, 
/**
 * Its name.
 */
name: string, };

/**
 * Which account each figure of a journal goes to.
 */
export type LedgerAccounts = { 
/**
 * In the order of the screen.
 */
accounts: Array<LedgerAccountView>, 
/**
 * Nobody changed them.
 */
is_usual: boolean, };

/**
 * A page of the list.
 */
export type ListOrders = { 
/**
 * Which orders.
 */
query: OrderQuery, 
/**
 * From the page before; wins over `position`.
 */
cursor: string | null, 
/**
 * A jump: the position of the first row wanted, from 0.
 */
position: number | null, 
/**
 * Rows wanted, at most 200.
 */
limit: number, };

/**
 * Whether a program that is open here listens for the interface.
 */
export type ListeningView = { 
/**
 * Where, as `127.0.0.1:8317`; null while it does not.
 */
address: string | null, 
/**
 * What stands in the way although it should.
 */
error: CommandError | null, };

/**
 * The languages.
 */
export type Locale = "en" | "zh-CN";

/**
 * A file that was looked at, by what it turned out to be.
 */
export type LookedFile = { "kind": "fund_flow" } & FlowPreviewView | { "kind": "trade" } & BillPreview;

/**
 * A statement that was looked at.
 */
export type LookedStatementView = { 
/**
 * It in numbers.
 */
head: StatementHead, 
/**
 * How many movements it has.
 */
lines: number, 
/**
 * How many of them count from now on.
 */
new_lines: number, 
/**
 * How many an earlier statement told.
 */
told_before: number, 
/**
 * How many a final statement tells already.
 */
told_finally: number, 
/**
 * Kept movements of running days that it tells finally.
 */
replaces: number, 
/**
 * When the same statement was imported before.
 */
known_since: number | null, };

/**
 * What the folder is for.
 */
export type ModeView = "demo" | "real";

/**
 * The money that has not come to the bank, by age.
 */
export type MoneyInTransit = { 
/**
 * Youngest first.
 */
steps: Array<InTransitView>, };

/**
 * Did money move?
 */
export type MoneyMark = "moved" | "not_moved" | "unknown";

/**
 * Money as the UI gets it: minor units as text, because JavaScript numbers end at 2^53.
 */
export type MoneyView = { 
/**
 * Minor units.
 */
minor: string, 
/**
 * ISO 4217 code.
 */
currency: string, 
/**
 * Decimal digits.
 */
exponent: number, };

/**
 * Does something to the drawer.
 */
export type MoveDrawer = { 
/**
 * A UUID made before the first try; a repeat does nothing new.
 */
intent_id: string, 
/**
 * What.
 */
act: DrawerDo, 
/**
 * How much, or what was counted, in minor units; null for an opening without a sale.
 */
amount_minor: string | null, 
/**
 * Why.
 */
reason: string, };

/**
 * No arguments.
 */
export type NoArgs = Record<symbol, never>;

/**
 * A note on an order.
 */
export type NoteView = { 
/**
 * When.
 */
at: number, 
/**
 * Who.
 */
by: string, 
/**
 * The words.
 */
text: string, };

/**
 * How far a refund that the payer claims has come.
 */
export type OfferStageView = "claimed" | "paying" | "unclaimed" | "withdrawn";

/**
 * A refund that the payer claims.
 */
export type OfferView = { 
/**
 * What the payer opens or scans.
 */
link: string, 
/**
 * The same as a code.
 */
svg: string, 
/**
 * The whole sum, as the channel keeps it.
 */
sum: string, 
/**
 * Its currency or coin.
 */
unit: string, 
/**
 * How far it came.
 */
stage: OfferStageView, };

/**
 * A bill's file as the channel writes it.
 */
export type OpenBill = { 
/**
 * The account.
 */
account_id: string, 
/**
 * The day it must be of; what the file says when not given.
 */
day: string | null, 
/**
 * The file.
 */
file: GivenFile, };

/**
 * A bank's file, and how it is to be read.
 */
export type OpenStatement = { 
/**
 * The file's name, for the record.
 */
name: string, 
/**
 * The file, base64.
 */
file: string, 
/**
 * By these columns, where it is a table.
 */
columns: BankColumns | null, 
/**
 * By the columns saved under this name.
 */
template: string | null, 
/**
 * What the account is called, where the file does not say.
 */
account: string | null, };

/**
 * One order with everything about it.
 */
export type OrderDetail = { 
/**
 * The row of the list.
 */
row: OrderRow, 
/**
 * The latest attempt.
 */
payment: PaymentView, 
/**
 * Our reference at the channel.
 */
reference: string, 
/**
 * The account that took it, by its name or its number at the channel; empty: removed since.
 */
account: string, 
/**
 * The business day.
 */
business_day: string, 
/**
 * The payer as the channel masks it.
 */
payer: string | null, 
/**
 * The device that took it.
 */
device: string, 
/**
 * The rate that was in force.
 */
rate_millionths: number | null, 
/**
 * What may still be refunded, of all parts; null when nothing is paid.
 */
refundable: MoneyView | null, 
/**
 * The refunds, oldest first.
 */
refunds: Array<RefundView>, 
/**
 * The notes.
 */
notes: Array<NoteView>, 
/**
 * The timeline, newest first.
 */
timeline: Array<TimelineEvent>, 
/**
 * Late money waits for a decision.
 */
late_undecided: boolean, 
/**
 * The rates at which late money can go back, where coins came.
 */
late_rates?: Array<RateView>, 
/**
 * Receipts printed or saved so far.
 */
receipts: number, };

/**
 * Names an order.
 */
export type OrderId = { 
/**
 * Its number.
 */
order_id: string, };

/**
 * A page of orders.
 */
export type OrderPage = { 
/**
 * The rows.
 */
rows: Array<OrderRow>, 
/**
 * For the next page.
 */
next_cursor: string | null, };

/**
 * Which orders.
 */
export type OrderQuery = { 
/**
 * Which tab.
 */
tab: OrderTab, 
/**
 * Beginning or last 4+ digits of any number, an amount (`46.5`, `40-60`), words of note or name.
 */
search: string, 
/**
 * Business days, `2026-11-21`, both included.
 */
day_from: string | null, 
/**
 * Last business day.
 */
day_to: string | null, 
/**
 * Only this status.
 */
status: StatusView | null, 
/**
 * Only this channel.
 */
channel: string | null, };

/**
 * A row of the list.
 */
export type OrderRow = { 
/**
 * Its number.
 */
order_id: string, 
/**
 * When it was opened.
 */
at: number, 
/**
 * The channel's short name.
 */
channel: string, 
/**
 * Whether the latest attempt was at a card reader of the shop.
 */
at_reader: boolean, 
/**
 * The status.
 */
status: StatusView, 
/**
 * What is owed.
 */
amount: MoneyView, 
/**
 * What came in, where that is something else.
 */
paid: MoneyView | null, 
/**
 * What went back.
 */
refunded: MoneyView | null, 
/**
 * The note.
 */
note: string, 
/**
 * Who took it.
 */
operator: string, 
/**
 * Needs a person.
 */
attention: boolean, };

/**
 * What orders of one currency come to.
 */
export type OrderSums = { 
/**
 * Taken.
 */
taken: MoneyView, 
/**
 * Gone back.
 */
refunded: MoneyView, 
/**
 * Taken − refunded.
 */
net: MoneyView, };

/**
 * The tabs of the list.
 */
export type OrderTab = "all" | "attention" | "paid" | "refunds" | "unpaid";

/**
 * Sums over the whole filter, not only the page.
 */
export type OrderTotals = { 
/**
 * Orders, of every currency.
 */
count: number, 
/**
 * Each currency by itself, the shop's own first; that one is there even when it took nothing.
 */
sums: Array<OrderSums>, };

/**
 * What stands over the list; asked apart, so that the rows need not wait for it.
 */
export type OrdersOver = { 
/**
 * Sums of the filter.
 */
totals: OrderTotals, 
/**
 * Orders per tab, search and filters aside.
 */
tab_counts: { [key in string]: number }, };

/**
 * A page of the channel that a customer pays on.
 */
export type PageOpened = { 
/**
 * The payment.
 */
view: PaymentView, 
/**
 * The file on this PC that leads a browser to the page.
 */
file: string, 
/**
 * Whether a browser was started with it; else a person opens the file.
 */
opened: boolean, };

/**
 * A part of a difference.
 */
export type PartArgs = { 
/**
 * `fee`, `written_off` or `added`.
 */
act: string, 
/**
 * Minor units, signed as the difference.
 */
minor: string, };

/**
 * What a payment collects where it is not all of a new order.
 */
export type PartOf = { "of": "new_order", 
/**
 * What is owed in all, in minor units.
 */
total_minor: string, } | { "of": "order", 
/**
 * Its number.
 */
order_id: string, };

/**
 * One attempt of an order that is collected in parts.
 */
export type PartView = { 
/**
 * Our reference at the channel.
 */
reference: string, 
/**
 * The channel's short name.
 */
channel: string, 
/**
 * How the payer was reached.
 */
way: WayView, 
/**
 * How much.
 */
amount: MoneyView, 
/**
 * How far it came; `paid`, also while the order is not.
 */
state: PayState, 
/**
 * What went back of it, or is on its way.
 */
returned: MoneyView | null, };

/**
 * A pasted value or a passphrase: goes in, is wiped when it is dropped, and is never shown.
 */
export type Pasted = string;

/**
 * What the stage shows.
 */
export type PayState = "at_reader" | "closed" | "confirming" | "customer_paying" | "ending" | "failed" | "page_open" | "paid" | "paid_late" | "paid_over" | "paid_short" | "part_paid" | "reversed" | "showing_qr" | "unknown" | "waiting";

/**
 * The state of an order's latest attempt.
 */
export type PaymentView = { 
/**
 * The order's number.
 */
order_id: string, 
/**
 * What is charged.
 */
amount: MoneyView, 
/**
 * The channel's short name.
 */
channel: string, 
/**
 * How the payer is reached.
 */
way: WayView, 
/**
 * What the stage shows.
 */
state: PayState, 
/**
 * When the attempt began, UTC milliseconds.
 */
since: number, 
/**
 * Now by the core's clock, UTC milliseconds: seconds shown are differences to it.
 */
now: number, 
/**
 * How often the channel was asked.
 */
asked: number, 
/**
 * Why it is unknown: key of the text (`no_reply`, `server_fault`, `unauthenticated`, …).
 */
doubt: string | null, 
/**
 * Key of the text that says why: what a signed code means, where there is one.
 */
doubt_text?: string, 
/**
 * The other side's code or words, if it said any; of an unsigned refusal a hint only.
 */
hint: string | null, 
/**
 * The program gave it to a person's list and goes on asking.
 */
handed_over: boolean, 
/**
 * The shown code.
 */
qr: QrView | null, 
/**
 * The coins, where it is paid in some.
 */
coins?: CoinsView, 
/**
 * Until when the channel's page can be paid, UTC milliseconds.
 */
page_until?: number, 
/**
 * The name of the reader that waits for a card.
 */
reader?: string, 
/**
 * Why it failed.
 */
failure: FailureView | null, 
/**
 * Fee by the contract rate.
 */
fee: MoneyView | null, 
/**
 * What is left for the shop.
 */
net: MoneyView | null, 
/**
 * The channel's number once paid.
 */
channel_no: string | null, 
/**
 * When the channel says it was paid.
 */
paid_at: number | null, 
/**
 * What changed hands, of cash.
 */
cash?: CashView, 
/**
 * The parts, of an order that is collected in parts.
 */
split?: SplitView, 
/**
 * Whether cancelling makes sense now.
 */
can_cancel: boolean, 
/**
 * The order's version.
 */
version: number, };

/**
 * Movements that may be these days, for a person to look at.
 */
export type PayoutCandidate = { 
/**
 * The movements: one, or the parts of one payout.
 */
lines: Array<PayoutLine>, 
/**
 * Whose days.
 */
parts: Array<PayoutPartView>, 
/**
 * What the days come to.
 */
net: MoneyView, 
/**
 * The bank's amount less that.
 */
difference: MoneyView, 
/**
 * What speaks for it.
 */
reasons: Array<PayoutReason>, };

/**
 * What a person decided.
 */
export type PayoutDecisionView = { 
/**
 * Why.
 */
remark: string, 
/**
 * Who.
 */
by: string, 
/**
 * When.
 */
at: number, };

/**
 * A movement of the bank.
 */
export type PayoutLine = { 
/**
 * The kept statement it stands in.
 */
statement: string, 
/**
 * Its place there, from 0.
 */
place: number, 
/**
 * The line of its file.
 */
row: number, 
/**
 * The day it was booked.
 */
booked: string, 
/**
 * How much.
 */
amount: MoneyView, 
/**
 * The other side's name.
 */
counterparty: string, 
/**
 * The bank's number of it, else its purpose.
 */
reference: string, 
/**
 * The purpose.
 */
text: string, };

/**
 * Every payout of the kept days.
 */
export type PayoutList = { 
/**
 * The newest first.
 */
payouts: Array<PayoutView>, 
/**
 * The best first.
 */
candidates: Array<PayoutCandidate>, 
/**
 * Movements of which a person said that they are no payouts.
 */
rejected: Array<RejectedLine>, 
/**
 * Movements that came in and belong to no payout.
 */
other: number, 
/**
 * Not every combination of days was tried.
 */
is_cut_short: boolean, 
/**
 * Days whose bill is kept.
 */
days: number, 
/**
 * Days whose fund-flow bill is kept beside it.
 */
flows: number, 
/**
 * Kept statements.
 */
statements: number, };

/**
 * The days of one account in a payout.
 */
export type PayoutPartView = { 
/**
 * The account.
 */
account_id: string, 
/**
 * The account's name.
 */
name: string, 
/**
 * Its channel.
 */
channel: string, 
/**
 * The channel's days.
 */
days: Array<string>, };

/**
 * One reason for a match.
 */
export type PayoutReason = { 
/**
 * Both catalogues hold `payout_reason_<name>`.
 */
name: string, 
/**
 * Days or movements, where it is about some.
 */
days: number, };

/**
 * One number of a payout's addition.
 */
export type PayoutTermView = { 
/**
 * Both catalogues hold `payout_term_<name>`.
 */
name: string, 
/**
 * What it adds.
 */
amount: MoneyView, 
/**
 * Of how many lines it is.
 */
lines: number, };

/**
 * A payout that came, or is still to come.
 */
export type PayoutView = { 
/**
 * Whose days.
 */
parts: Array<PayoutPartView>, 
/**
 * The addition.
 */
terms: Array<PayoutTermView>, 
/**
 * What it comes to.
 */
net: MoneyView, 
/**
 * When it should come.
 */
expected_on: string, 
/**
 * `expected`, `overdue`, `arrived` or `differs`. Both catalogues hold `payout_<arrival>`.
 */
arrival: string, 
/**
 * Days since it was expected, where it is overdue.
 */
overdue_days: number, 
/**
 * The bank's day.
 */
arrived_on: string | null, 
/**
 * The bank's movements: none before it came, several where it came in parts.
 */
lines: Array<PayoutLine>, 
/**
 * Why it is they.
 */
reasons: Array<PayoutReason>, 
/**
 * The bank's amount less the addition; `null` where it agrees or has not come.
 */
difference: MoneyView | null, 
/**
 * A person said that it is they.
 */
decision: PayoutDecisionView | null, };

/**
 * What may be shown of a key of the channel that came later than the account.
 */
export type PeerKeyView = { 
/**
 * Its name at the channel.
 */
id: string, 
/**
 * SHA-256 of the key, hex in groups of four.
 */
fingerprint: string | null, 
/**
 * When it was learned, UTC milliseconds.
 */
learned_at: number, 
/**
 * When its certificate runs out, UTC milliseconds.
 */
expires_at: number | null, };

/**
 * The customer's phone does something with a shown code.
 */
export type PhoneAct = { 
/**
 * The text of the code.
 */
qr: string, 
/**
 * What.
 */
act: Act, };

/**
 * What the customer's phone shows.
 */
export type PhoneScreen = { 
/**
 * `scanned`, `paid`, `claimed`, `declined`, `expired`, `unknown_code`.
 */
state: string, 
/**
 * The shop's name as the payer sees it.
 */
payee: string | null, 
/**
 * How much.
 */
amount: MoneyView | null, 
/**
 * How much in coins, with the coin's name.
 */
coins?: string, };

/**
 * Who is working.
 */
export type PickOperator = { 
/**
 * A name; a new one is added to the list.
 */
name: string, };

/**
 * Asks for the refund dialog.
 */
export type PrepareRefund = { 
/**
 * The order.
 */
order_id: string, 
/**
 * The reference of the part that is given back; the latest of which something is left when not given.
 */
reference?: string, };

/**
 * Names a bill that was looked at.
 */
export type PreviewId = { 
/**
 * As [`BillPreview::preview`] gave it.
 */
preview: string, };

/**
 * A file that shows why.
 */
export type ProofFile = { 
/**
 * Its name.
 */
name: string, 
/**
 * The file, base64.
 */
file: string, };

/**
 * Who verified a fact, and how.
 */
export type ProofView = { 
/**
 * `signature`, `operator`, or `host`: by the certificate of the host that answered.
 */
by: string, 
/**
 * Which key of the channel, who, or which host; `sandbox` for one on this machine.
 */
key: string, 
/**
 * SHA-256 of the believed bytes, hex.
 */
digest: string | null, };

/**
 * A code to show.
 */
export type QrView = { 
/**
 * The picture.
 */
svg: string, 
/**
 * What it says.
 */
text: string, 
/**
 * Dead from then on, as the channel was told; UTC milliseconds.
 */
expires_at: number, };

/**
 * What quitting now would leave open.
 */
export type QuitCheck = { 
/**
 * Payments and refunds that are not known yet.
 */
open_doubts: number, };

/**
 * One row of a contract: what the channel may keep of each payment, from one day to another.
 */
export type RateRow = { 
/**
 * The first day, `2026-11-20`; null: from the beginning.
 */
from: string | null, 
/**
 * The last day; null: without an end.
 */
to: string | null, 
/**
 * Millionths.
 */
rate_millionths: number, 
/**
 * `half_up`, `half_even`, `up` or `down`; both catalogues hold `rounding_<name>`.
 */
rounding: string, 
/**
 * The least that is kept of a payment, in minor units.
 */
minimum: number | null, 
/**
 * The most that is kept of a payment, in minor units.
 */
maximum: number | null, };

/**
 * At which rate coins go back.
 */
export type RateView = "amount" | "now" | "then";

/**
 * The demo customer does something at the card reader that the till uses.
 */
export type ReaderAct = { 
/**
 * What.
 */
act: CardAct, };

/**
 * The card readers of an account.
 */
export type ReaderList = { 
/**
 * The readers, in the channel's order.
 */
readers: Array<ReaderView>, 
/**
 * The one this till uses, also where the channel does not know it any more.
 */
chosen: ChosenReader | null, };

/**
 * What the demo's card reader shows.
 */
export type ReaderScreen = { 
/**
 * What the shop calls it.
 */
name: string, 
/**
 * `idle`, `waiting`, `authorising`, `approved`, `declined`, `left`, `offline`; both catalogues hold
 * `reader_state_<state>`.
 */
state: string, 
/**
 * The sum it shows, or showed last.
 */
amount: MoneyView | null, };

/**
 * A card reader of an account.
 */
export type ReaderView = { 
/**
 * The channel's number of it.
 */
id: string, 
/**
 * Its name; its number where it has none.
 */
name: string, 
/**
 * The channel's word for the kind of machine; may be empty.
 */
model: string, 
/**
 * Whether the channel reaches it now.
 */
online: boolean, 
/**
 * Whether this till uses it.
 */
chosen: boolean, };

/**
 * How far a file has been read.
 */
export type ReadingView = { 
/**
 * Parts of a thousand of the file, packed as it may be. It is read more than once: then it begins anew.
 */
permille: number, };

/**
 * A receipt.
 */
export type Receipt = { 
/**
 * A whole page, scripts and outside references absent.
 */
html: string, 
/**
 * 1 is the original; above it the receipt says COPY.
 */
copy: number, 
/**
 * Where it was saved.
 */
saved_path: string | null, };

/**
 * What to do with a receipt.
 */
export type ReceiptAction = "preview" | "print" | "save";

/**
 * Asks for a receipt.
 */
export type ReceiptOf = { 
/**
 * The order.
 */
order_id: string, 
/**
 * A refund's number: its receipt; null: the payment's.
 */
refund_id: string | null, 
/**
 * What to do.
 */
action: ReceiptAction, };

/**
 * The till's own latest payments.
 */
export type RecentPayments = { 
/**
 * Taken today, each currency by itself, the shop's own first.
 */
today_totals: Array<MoneyView>, 
/**
 * Paid orders today.
 */
today_count: number, 
/**
 * The latest, newest first.
 */
rows: Array<OrderRow>, 
/**
 * What is not known yet, listed first after a start.
 */
open: Array<OrderRow>, };

/**
 * A compared day that is kept.
 */
export type ReconciledDay = { 
/**
 * The account.
 */
account_id: string, 
/**
 * The channel's day.
 */
day: string, 
/**
 * Names its bill for the lines.
 */
bill: string, 
/**
 * How many lines the bill has.
 */
rows: number, 
/**
 * The day in numbers.
 */
result: DayResult, 
/**
 * What differs.
 */
differences: Array<DifferenceView>, };

/**
 * What the refund dialog opens with.
 */
export type RefundDialog = { 
/**
 * The refund's intent: made now, so a retry cannot refund twice.
 */
refund_intent: string, 
/**
 * The order's number.
 */
order_id: string, 
/**
 * The payment that is given back.
 */
reference: string, 
/**
 * The payments of the order that can be given back; one of them is this.
 */
parts: Array<RefundPart>, 
/**
 * What was paid.
 */
paid: MoneyView, 
/**
 * What went back or is on its way.
 */
refunded_or_running: MoneyView, 
/**
 * What may still be refunded.
 */
refundable: MoneyView, 
/**
 * Keys of the reasons.
 */
reasons: Array<string>, 
/**
 * Whether this channel gives the fee back; null: as the contract says.
 */
fee_returned: boolean | null, 
/**
 * The fee of the payment by the contract rate.
 */
fee: MoneyView | null, 
/**
 * Cash: it goes back over the counter, now.
 */
in_cash: boolean, 
/**
 * The rates to choose from, where coins go back; all but the first are for the whole sum only.
 */
rates?: Array<RateView>, };

/**
 * A payment that can be given back.
 */
export type RefundPart = { 
/**
 * Our reference at the channel.
 */
reference: string, 
/**
 * The channel's short name.
 */
channel: string, 
/**
 * What may still be refunded of it.
 */
refundable: MoneyView, };

/**
 * A refund's state.
 */
export type RefundStateView = "accepted" | "cancelled" | "done" | "failed" | "waiting_for_balance" | "unknown";

/**
 * A refund.
 */
export type RefundView = { 
/**
 * Our number of it.
 */
refund_id: string, 
/**
 * The order's number.
 */
order_id: string, 
/**
 * How much.
 */
amount: MoneyView, 
/**
 * The state.
 */
state: RefundStateView, 
/**
 * Key of the reason.
 */
reason: string, 
/**
 * Free words.
 */
note: string, 
/**
 * Who asked for it.
 */
by: string, 
/**
 * When.
 */
at: number, 
/**
 * When the channel says it was done.
 */
done_at: number | null, 
/**
 * Why it failed or is unknown: code of the channel or key.
 */
why: string | null, 
/**
 * Key of the text that says why: what it means for a refund.
 */
why_text: string | null, 
/**
 * How a failed one can go on: `by_hand`, `new_reference`, `same_reference`.
 */
again: string | null, 
/**
 * A return of late money.
 */
late_return: boolean, 
/**
 * Given back in cash.
 */
in_cash: boolean, 
/**
 * What the payer claims, until the money is there.
 */
offer?: OfferView, };

/**
 * Movements of which a person said that they are no payout.
 */
export type RejectedLine = { 
/**
 * The movements.
 */
lines: Array<PayoutLine>, 
/**
 * What was decided.
 */
decision: PayoutDecisionView, };

/**
 * Opens a signed day again.
 */
export type ReopenDay = { 
/**
 * The day.
 */
day: string, 
/**
 * Why.
 */
reason: string, };

/**
 * A day that was opened again.
 */
export type ReopenedView = { 
/**
 * When, milliseconds since 1970 in UTC.
 */
at: number, 
/**
 * By whom.
 */
by: string, 
/**
 * Why.
 */
reason: string, };

/**
 * Gives money back.
 */
export type RequestRefund = { 
/**
 * From the dialog.
 */
refund_intent: string, 
/**
 * The order.
 */
order_id: string, 
/**
 * The reference of the part that is given back; the latest of which something is left when not given.
 */
reference?: string, 
/**
 * Minor units.
 */
amount_minor: string, 
/**
 * ISO 4217; the order's when not given, and no other.
 */
currency?: string, 
/**
 * Key of the reason.
 */
reason: string, 
/**
 * Free words.
 */
note: string, 
/**
 * Gives cash back for a payment that was none; cash always goes back in cash.
 */
in_cash: boolean, 
/**
 * At which rate coins go back; the sum in the order's currency when not given.
 */
rate?: RateView, };

/**
 * What a key may do.
 */
export type RightView = "cancel" | "create" | "list" | "query" | "refund";

/**
 * A sample payment code.
 */
export type SampleCode = { 
/**
 * The channel's short name.
 */
channel: string, 
/**
 * The last two digits.
 */
digits: string, 
/**
 * Both catalogues hold `customer_<key>`.
 */
key: string, 
/**
 * The code.
 */
code: string, 
/**
 * As a barcode.
 */
svg: string, };

/**
 * Sample payment codes for a printed sheet.
 */
export type SampleCodes = { 
/**
 * The codes.
 */
codes: Array<SampleCode>, };

/**
 * The demo's faults and customers.
 */
export type SandboxStatus = { 
/**
 * Where it listens.
 */
address: string, 
/**
 * The faults.
 */
faults: Array<FaultView>, 
/**
 * The customers.
 */
customers: Array<CustomerView>, 
/**
 * The day at the demo's channels; ahead of this PC's once a day was ended.
 */
day: string, };

/**
 * Takes a kept file out, exactly as it came.
 */
export type SaveKeptFile = { 
/**
 * Which.
 */
file: KeptFileName, 
/**
 * Where to: a folder or a full path as a person chose it.
 */
to: string, 
/**
 * Whether a file of this name is replaced.
 */
replace: boolean, };

/**
 * A kept file that was taken out.
 */
export type SavedFile = { 
/**
 * Where it is.
 */
file: string, 
/**
 * SHA-256 of its bytes, hexadecimal: that of the day it came.
 */
sha256: string, 
/**
 * Its size.
 */
bytes: number, };

/**
 * What a scanned text is.
 */
export type Scanned = { "kind": "collection_qr" } | { "kind": "goods" } | { "kind": "order", 
/**
 * Its number.
 */
order_id: string, 
/**
 * Whether it is in this folder.
 */
known: boolean, } | { "kind": "payment_code", 
/**
 * The channel's short name.
 */
channel: string, 
/**
 * Whether it is connected.
 */
connected: boolean, } | { "kind": "unknown", 
/**
 * Its last four characters.
 */
last4: string, };

/**
 * Switches a fault.
 */
export type SetFault = { 
/**
 * Its name; `all` switches everything off.
 */
name: string, 
/**
 * On or off.
 */
on: boolean, };

/**
 * A contract rate to set.
 */
export type SetRate = { 
/**
 * Which channel.
 */
channel: string, 
/**
 * Millionths; null: none shown.
 */
rate_millionths: number | null, };

/**
 * First start.
 */
export type SetUp = { 
/**
 * The language.
 */
locale: Locale, 
/**
 * Demo or real.
 */
mode: ModeView, 
/**
 * The shop's name.
 */
store_name: string, 
/**
 * IANA name.
 */
time_zone: string, 
/**
 * Hour at which the business day ends.
 */
cutoff_hour: number, 
/**
 * The currency of its books, ISO 4217; yuan when not given.
 */
currency?: string, 
/**
 * Days of trade before today that a demo shop opens with.
 */
past_days: number, 
/**
 * Seals the keys of a real folder where there is no keyring.
 */
passphrase?: Pasted, };

/**
 * A row of a table as it stands.
 */
export type SheetRow = { 
/**
 * Its number, from 1.
 */
row: number, 
/**
 * Its cells.
 */
cells: Array<string>, };

/**
 * Events of the shop itself, newest first.
 */
export type ShopEvents = { 
/**
 * The events.
 */
events: Array<TimelineEvent>, 
/**
 * Whether there are older ones.
 */
more: boolean, };

/**
 * Events that belong to no order.
 */
export type ShopEventsOf = { 
/**
 * Those below this place in the log; the newest when not given.
 */
below: number | null, 
/**
 * How many, at most 100.
 */
limit: number, };

/**
 * Show a code.
 */
export type ShowQr = { 
/**
 * A UUID made before the first try.
 */
intent_id: string, 
/**
 * Minor units.
 */
amount_minor: string, 
/**
 * ISO 4217; the shop's own when not given.
 */
currency?: string, 
/**
 * The channel's short name.
 */
channel: string, 
/**
 * A note on the order.
 */
note: string, 
/**
 * The earlier order that was shown in the repeat question.
 */
confirmed_repeat_of: string | null, 
/**
 * What it collects; all of a new order when not given.
 */
part?: PartOf, };

/**
 * One side of a difference.
 */
export type SideLine = { 
/**
 * The bill's line, from 1; 0 on our side.
 */
row: number, 
/**
 * `payment` or `refund`.
 */
kind: string, 
/**
 * Its reference.
 */
reference: string, 
/**
 * The order, where the reference is ours.
 */
order_id: string | null, 
/**
 * The channel's number.
 */
transaction: string, 
/**
 * The amount.
 */
amount: MoneyView, 
/**
 * The fee; `null` where no rate is set.
 */
fee: MoneyView | null, 
/**
 * When.
 */
at: number, 
/**
 * `done`, `failed` or `pending`.
 */
state: string, };

/**
 * Sums of one side.
 */
export type SideTotals = { 
/**
 * Payments.
 */
payments: number, 
/**
 * Their sum.
 */
paid: MoneyView, 
/**
 * Refunds.
 */
refunds: number, 
/**
 * Their sum.
 */
refunded: MoneyView, 
/**
 * Fees.
 */
fee: MoneyView, 
/**
 * Paid less refunded less fees.
 */
net: MoneyView, };

/**
 * Signs a day.
 */
export type SignDay = { 
/**
 * The day.
 */
day: string, 
/**
 * The person says that the figures were looked at.
 */
checked: boolean, };

/**
 * Sound settings.
 */
export type Sound = { 
/**
 * No sound at all.
 */
muted: boolean, 
/**
 * 0 to 100.
 */
volume: number, };

/**
 * An order that is collected in parts.
 */
export type SplitView = { 
/**
 * What is owed in all.
 */
total: MoneyView, 
/**
 * What is paid of it.
 */
paid: MoneyView, 
/**
 * What is left to pay.
 */
left: MoneyView, 
/**
 * Whether another part can be taken now: something is left, nothing is open, and nothing goes back.
 */
can_go_on: boolean, 
/**
 * Every attempt, oldest first.
 */
parts: Array<PartView>, };

/**
 * Where the program stands.
 */
export type Stage = "first_run" | "ready";

/**
 * A bank's file that was looked at; nothing of it is kept yet.
 */
export type StatementFileView = { 
/**
 * Names it for the import.
 */
preview: string, 
/**
 * The file's name.
 */
name: string, 
/**
 * SHA-256 of the file, hexadecimal.
 */
sha256: string, 
/**
 * The encoding it was read in.
 */
encoding: string, 
/**
 * The saved columns it was read by; empty when they were guessed or given.
 */
template: string, 
/**
 * Its statements.
 */
statements: Array<LookedStatementView>, 
/**
 * How its tables were read.
 */
tables: Array<BankTable>, 
/**
 * What speaks against importing it: its balances, or that nobody named the account.
 */
refusal: CommandError | null, };

/**
 * A statement in numbers.
 */
export type StatementHead = { 
/**
 * What tells accounts apart; empty where nobody named it.
 */
account: string, 
/**
 * Who holds the account.
 */
holder: string, 
/**
 * The bank.
 */
bank: string, 
/**
 * The currency of the account.
 */
currency: string, 
/**
 * `camt053`, `mt940`, `sheet` and so on. Both catalogues hold `statement_format_<format>`.
 */
format: string, 
/**
 * Whether a later statement tells its movements again: a running day, or notifications.
 */
is_running: boolean, 
/**
 * The bank's number of it.
 */
reference: string, 
/**
 * Its place in the row of statements.
 */
sequence: string, 
/**
 * The first day.
 */
from: string | null, 
/**
 * The last day.
 */
to: string | null, 
/**
 * The balance before the first movement.
 */
opening: MoneyView | null, 
/**
 * The balance after the last.
 */
closing: MoneyView | null, 
/**
 * What came in; `null` where it is more than any sum.
 */
money_in: MoneyView | null, 
/**
 * What went out, as a negative sum.
 */
money_out: MoneyView | null, 
/**
 * Movements that the bank lists but has not booked.
 */
not_booked: number, 
/**
 * Whether the balances follow from the movements.
 */
proof: BalanceProof, };

/**
 * Everything that is kept of banks.
 */
export type StatementList = { 
/**
 * The statements, the newest period first.
 */
statements: Array<KeptStatementView>, 
/**
 * The columns of the banks' tables.
 */
templates: Array<BankTemplate>, };

/**
 * Names a statement whose lines are asked for.
 */
export type StatementName = { "statement": "looked_at", 
/**
 * As [`StatementFileView::preview`] gave it.
 */
preview: string, 
/**
 * Its place in the file, from 0.
 */
index: number, } | { "statement": "kept", 
/**
 * As [`KeptStatementView::id`] gave it.
 */
id: string, };

/**
 * Names a file that was looked at.
 */
export type StatementPreviewId = { 
/**
 * As [`StatementFileView::preview`] gave it.
 */
preview: string, };

/**
 * The status people see; the words stand in UI.md's table of order states.
 */
export type StatusView = "awaiting_payment" | "closed" | "ending" | "failed" | "in_progress" | "paid" | "paid_late" | "paid_over" | "paid_short" | "part_paid" | "part_refunded" | "refund_failed" | "refunded" | "refunding" | "reversed" | "unknown";

/**
 * Take cash for a new order, or a part of one.
 */
export type TakeCash = { 
/**
 * A UUID made before the first try; a repeat returns the same order.
 */
intent_id: string, 
/**
 * What is taken, in minor units.
 */
amount_minor: string, 
/**
 * ISO 4217; the shop's own, which the drawer is counted in, and no other.
 */
currency?: string, 
/**
 * What was handed over, in minor units.
 */
received_minor: string, 
/**
 * A note on the order.
 */
note: string, 
/**
 * The earlier order, not known yet, that was shown in the repeat question.
 */
confirmed_repeat_of: string | null, 
/**
 * What it collects; all of a new order when not given.
 */
part?: PartOf, };

/**
 * Charge a scanned payment code.
 */
export type TakePayment = { 
/**
 * A UUID made before the first try; a repeat returns the same order.
 */
intent_id: string, 
/**
 * Minor units.
 */
amount_minor: string, 
/**
 * ISO 4217; the shop's own when not given.
 */
currency?: string, 
/**
 * The scanned code: a secret.
 */
code: string, 
/**
 * A note on the order.
 */
note: string, 
/**
 * The earlier order that was shown in the repeat question.
 */
confirmed_repeat_of: string | null, 
/**
 * What it collects; all of a new order when not given.
 */
part?: PartOf, };

/**
 * What was taken through one channel in one step of time.
 */
export type TakenView = { 
/**
 * `2026-11-20`, `2026-11` or `13`.
 */
at: string, 
/**
 * The channel.
 */
channel: string, 
/**
 * Orders, paid or not; one in parts counts once for each channel that was tried.
 */
orders: number, 
/**
 * Those of which the channel took money.
 */
paid: number, 
/**
 * What was taken.
 */
taken: MoneyView, 
/**
 * What of it was given back.
 */
refunded: MoneyView, 
/**
 * How much of it that is, in millionths.
 */
refund_share: number, };

/**
 * What the shop took in one currency.
 */
export type Takings = { 
/**
 * The currency of every amount here.
 */
currency: string, 
/**
 * The currencies of this time, and the shop's own.
 */
currencies: Array<string>, 
/**
 * By our books, in the order of time.
 */
taken: Array<TakenView>, 
/**
 * By the bills; empty by hours, because a bill's hours stand with its day.
 */
billed: Array<BilledView>, 
/**
 * Together.
 */
totals: TakingsTotals, };

/**
 * Which days, by what.
 */
export type TakingsOf = { 
/**
 * The first business day, `2026-11-01`.
 */
from: string, 
/**
 * The last one, at most 400 days on.
 */
to: string, 
/**
 * By what.
 */
by: TakingsStep, 
/**
 * In which currency, ISO 4217; the shop's own when not given.
 */
currency?: string, };

/**
 * By what takings are summed.
 */
export type TakingsStep = "day" | "hour" | "month";

/**
 * All of it together.
 */
export type TakingsTotals = { 
/**
 * Orders, paid or not; one in parts counts once for each channel that was tried.
 */
orders: number, 
/**
 * Those of which the channel took money.
 */
paid: number, 
/**
 * What was taken.
 */
taken: MoneyView, 
/**
 * What of it was given back.
 */
refunded: MoneyView, 
/**
 * How much of it that is, in millionths.
 */
refund_share: number, 
/**
 * What channels kept by the kept bills.
 */
fee: MoneyView, 
/**
 * Bills that are kept.
 */
bills: number, };

/**
 * One number of the addition that gives a difference.
 */
export type TermView = { 
/**
 * Both catalogues hold `term_<name>`.
 */
name: string, 
/**
 * What it adds.
 */
amount: MoneyView, 
/**
 * What a fee was taken of.
 */
base: MoneyView | null, 
/**
 * The rate of that fee.
 */
rate_millionths: number | null, 
/**
 * How that fee was rounded; both catalogues hold `rounding_<name>`.
 */
rounding: string, };

/**
 * Tests the connection, line by line.
 */
export type TestAccount = { 
/**
 * What.
 */
subject: TestSubject, };

/**
 * One line of the connection test.
 */
export type TestLine = { 
/**
 * Which.
 */
line: TestLineName, 
/**
 * How it stands.
 */
state: TestState, 
/**
 * Key of what was found and what to do.
 */
text: string, 
/**
 * Values for the text.
 */
params: { [key in string]: string }, 
/**
 * The channel's own words, its code in front; null: none.
 */
evidence: string | null, 
/**
 * The field to look at; null: none in particular.
 */
field: string | null, };

/**
 * The lines of the connection test, in this order. Label `doctor_<line>`.
 */
export type TestLineName = "fields" | "key_pair" | "expiry" | "reach" | "tls" | "clock" | "signature" | "answer" | "binding" | "bill";

/**
 * Green, red, or not known.
 */
export type TestState = "failed" | "ok" | "unknown" | "warning";

/**
 * What is tested. One of the two.
 */
export type TestSubject = { "account": string } | { "draft": AccountDraft } | { "key": { 
/**
 * The account.
 */
account_id: string, 
/**
 * The key.
 */
key_id: string, } };

/**
 * Light or dark.
 */
export type Theme = "dark" | "light" | "system";

/**
 * One event of the timeline, newest first in the list.
 */
export type TimelineEvent = { 
/**
 * Its place in the log.
 */
seq: number, 
/**
 * When.
 */
at: number, 
/**
 * What: key of the text (`event_<kind>`).
 */
kind: string, 
/**
 * Values for the text.
 */
params: { [key in string]: string }, 
/**
 * Who: a name, or `program`.
 */
actor: string, 
/**
 * `us`, `channel_notice`, `channel_query`, `channel_reply`, `person`, `software`.
 */
source: string, 
/**
 * Its proof.
 */
proof: ProofView | null, 
/**
 * The redacted exchange, for those who want to see it.
 */
technical: string | null, 
/**
 * How many of the same kind are folded into this one.
 */
repeated: number, };

/**
 * Differences to take a decision back from.
 */
export type UndoOf = { 
/**
 * Which.
 */
items: Array<ItemRef>, };

/**
 * A difference that a decision does not fit.
 */
export type UnfitItem = { 
/**
 * Which.
 */
item: ItemRef, 
/**
 * Why, by name: text `unfit_*`.
 */
reason: string, };

/**
 * Opens the vault, tries again, or makes the sealed one where there is no keyring.
 */
export type UnlockKeys = { 
/**
 * The passphrase, where one is asked for.
 */
passphrase?: Pasted, };

/**
 * How the payer is reached. Both catalogues hold `way_of_<name>`.
 */
export type WayView = "cash" | "page" | "payer_code" | "reader" | "show_code";

/**
 * What a decision does, or did.
 */
export type Weighing = { 
/**
 * Differences it fits.
 */
fits: number, 
/**
 * Their sums, one for each currency.
 */
sums: Array<MoneyView>, 
/**
 * Those that stay as they are, at most 200.
 */
unfit: Array<UnfitItem>, 
/**
 * How many stay as they are.
 */
unfit_count: number, };

/**
 * How many differences stand where.
 */
export type WorkCountsView = { 
/**
 * Nobody decided.
 */
open: number, 
/**
 * Followed up.
 */
exceptions: number, 
/**
 * Settled.
 */
settled: number, };

/**
 * One difference with what was decided.
 */
export type WorkItemView = { 
/**
 * The account.
 */
account_id: string, 
/**
 * Its channel.
 */
channel: string, 
/**
 * The channel's day.
 */
day: string, 
/**
 * Its name within the day.
 */
item: string, 
/**
 * What differs.
 */
difference: DifferenceView, 
/**
 * `open`, `exception` or `settled`.
 */
state: string, 
/**
 * The decision that counts, by name.
 */
act: string | null, 
/**
 * Who looks after it.
 */
owner: string, 
/**
 * Days since its day.
 */
age_days: number, 
/**
 * Decisions that stand, oldest first.
 */
decisions: Array<DecisionView>, };

/**
 * A page of differences.
 */
export type WorkPageOf = { 
/**
 * Which.
 */
query: WorkQuery, 
/**
 * Position of the first one wanted, from 0.
 */
from: number, 
/**
 * Wanted, at most 200.
 */
limit: number, };

/**
 * A page of differences.
 */
export type WorkPageView = { 
/**
 * The differences.
 */
items: Array<WorkItemView>, 
/**
 * How many there are, whatever state was asked for.
 */
counts: WorkCountsView, };

/**
 * Which differences.
 */
export type WorkQuery = { 
/**
 * The first day.
 */
day_from: string, 
/**
 * The last day.
 */
day_to: string, 
/**
 * Only of this account.
 */
account_id: string | null, 
/**
 * Only with this code.
 */
code: string | null, 
/**
 * Only `open`, `exception` or `settled` ones.
 */
state: string | null, 
/**
 * Only those that this person looks after; empty: nobody.
 */
owner: string | null, };

/**
 * Which differences a decision is about.
 */
export type WorkTarget = { "of": "items", 
/**
 * By name.
 */
items: Array<ItemRef>, } | { "of": "all", 
/**
 * The filter.
 */
query: WorkQuery, };

/** Every command with its arguments and answer. */
export interface Commands {
  /** Everything the frame of the window needs. */
  app_status: { args: NoArgs; answer: AppStatus };
  /** First start: language, mode, shop. */
  set_up: { args: SetUp; answer: AppStatus };
  /** Changes what is given, leaves the rest. */
  change_settings: { args: ChangeSettings; answer: AppStatus };
  /** The currencies that channels take. */
  currency_choices: { args: NoArgs; answer: CurrencyChoices };
  /** The name that stands on every event from now on. */
  pick_operator: { args: PickOperator; answer: AppStatus };
  /** What a scanned text is; decides nothing. */
  classify_scan: { args: ClassifyScan; answer: Scanned };
  /** Charges a scanned payment code. Answers as soon as the intent is durable. */
  take_payment: { args: TakePayment; answer: PaymentView };
  /** Shows a code for the customer to scan. */
  show_qr: { args: ShowQr; answer: PaymentView };
  /** Begins a payment on a page of the channel and opens it in the customer's browser. */
  open_page: { args: ShowQr; answer: PageOpened };
  /** Opens the page of a payment that still waits there once more. */
  reopen_page: { args: OrderId; answer: PageOpened };
  /** Has the card reader of this till take a payment. Answers as soon as the intent is durable. */
  use_reader: { args: ShowQr; answer: PaymentView };
  /** Takes cash for a new order, on the word of whoever counted it: paid when it answers. */
  take_cash: { args: TakeCash; answer: PaymentView };
  /** What may be handed over for an amount, and what goes back of it; moves nothing. */
  cash_due: { args: CashDueOf; answer: CashDue };
  /** The drawer and the latest times it was opened. */
  drawer: { args: NoArgs; answer: DrawerView };
  /** Counts the drawer, fills or empties it, or opens it for a reason. */
  move_drawer: { args: MoveDrawer; answer: DrawerView };
  /** The state of an order's latest attempt. */
  payment_view: { args: OrderId; answer: PaymentView };
  /** Asks the channel now. */
  check_now: { args: OrderId; answer: PaymentView };
  /** Ends a waiting payment; it is unknown until the channel answers. */
  cancel_payment: { args: OrderId; answer: PaymentView };
  /** Fee and net by the contract rate, before charging. */
  expected_fee: { args: ExpectedFeeOf; answer: ExpectedFee };
  /** The channels for an amount, the suggested one first, each with what speaks for and against it. */
  channel_choice: { args: ChoiceOf; answer: ChoiceView };
  /** The till's own latest payments and today's total. */
  recent_payments: { args: NoArgs; answer: RecentPayments };
  /** A page of orders. */
  list_orders: { args: ListOrders; answer: OrderPage };
  /** Sums of a filter and the counts of the tabs. */
  order_totals: { args: OrderQuery; answer: OrdersOver };
  /** Writes the filtered list to a file. */
  export_orders: { args: ExportOrders; answer: ExportedFile };
  /** Writes a reconciled day to a file: report, differences or lines. */
  export_day: { args: ExportDay; answer: ExportedFile };
  /** Writes what a channel settled over several days to a file. */
  export_settled: { args: ExportSettled; answer: ExportedFile };
  /** Writes reconciled days as balanced journal entries. */
  export_journal: { args: ExportJournal; answer: ExportedFile };
  /** The ledger accounts that journals are booked by. */
  ledger_accounts: { args: NoArgs; answer: LedgerAccounts };
  /** Sets the ledger accounts. */
  change_ledger_accounts: { args: ChangeLedgerAccounts; answer: LedgerAccounts };
  /** Writes every line whose fee is not the contract's. */
  export_fees: { args: ExportFees; answer: ExportedFile };
  /** How far the export is, and its end before its time. */
  export_progress: { args: ExportStep; answer: ExportProgress };
  /** One order with its timeline. */
  order_detail: { args: OrderId; answer: OrderDetail };
  /** What happened to the shop itself: settings, keys, bills, lists that were written to files. */
  shop_events: { args: ShopEventsOf; answer: ShopEvents };
  /** Adds a note. */
  add_note: { args: AddNote; answer: OrderDetail };
  /** Late money: hand over the goods or give it back. */
  decide_late: { args: DecideLate; answer: OrderDetail };
  /** Opens the refund dialog: makes the refund's intent. */
  prepare_refund: { args: PrepareRefund; answer: RefundDialog };
  /** Gives money back. The same intent again is the same refund. */
  request_refund: { args: RequestRefund; answer: RefundView };
  /** A receipt to look at, print or save. */
  receipt: { args: ReceiptOf; answer: Receipt };
  /** The demo's faults and customers. */
  sandbox_status: { args: NoArgs; answer: SandboxStatus };
  /** Switches a fault of the demo. */
  sandbox_set_fault: { args: SetFault; answer: SandboxStatus };
  /** The demo customer's phone. */
  sandbox_phone: { args: PhoneAct; answer: PhoneScreen };
  /** The demo customer at the card reader. */
  sandbox_reader: { args: ReaderAct; answer: ReaderScreen };
  /** Sample payment codes to scan from a sheet. */
  sample_codes: { args: NoArgs; answer: SampleCodes };
  /** The days of an account, and what was found on them. */
  reconcile_days: { args: DaysOf; answer: DayList };
  /** Fetches a bill from its channel and compares it; keeps nothing. */
  fetch_bill: { args: DayOf; answer: BillPreview };
  /** Reads a bill's file; a trade bill is compared; keeps nothing. */
  open_bill: { args: OpenBill; answer: LookedFile };
  /** Reads a bill's file of whichever account, told by its content; keeps nothing. */
  recognise_bill: { args: DroppedBill; answer: LookedFile };
  /** How far the bill's file is that is being looked at or imported. */
  bill_reading: { args: NoArgs; answer: BillReading };
  /** Asks to read that file no further; nothing of it is kept. */
  stop_bill_reading: { args: NoArgs; answer: BillReading };
  /** Fetches a fund-flow bill from its channel; keeps nothing. */
  fetch_flow: { args: DayOf; answer: FlowPreviewView };
  /** Keeps the fund-flow bill that was looked at. */
  import_flow: { args: PreviewId; answer: KeptFlowView };
  /** A fund-flow bill that is kept. */
  kept_flow: { args: DayOf; answer: KeptFlowView };
  /** Lines of a fund-flow bill, each with what it is. */
  flow_moves: { args: FlowMovesOf; answer: FlowMoves };
  /** Lines of the bill that was looked at, or of one that is kept, each with its verdict. */
  bill_rows: { args: BillRowsOf; answer: BillRows };
  /** Keeps the bill that was looked at. */
  import_bill: { args: PreviewId; answer: ReconciledDay };
  /** Begins to fetch every missing bill of an account; while a run is under way it goes on. */
  fetch_missing_bills: { args: AccountOf; answer: BillRunStatus };
  /** How far the run through missing bills is. */
  bill_run: { args: NoArgs; answer: BillRunStatus };
  /** Asks the run to stop behind the bill it is at. */
  stop_bill_run: { args: NoArgs; answer: BillRunStatus };
  /** A compared day that is kept. */
  reconciled_day: { args: DayOf; answer: ReconciledDay };
  /** Reads a bank's file and holds it against what is kept; keeps nothing. */
  open_statement: { args: OpenStatement; answer: StatementFileView };
  /** The first rows of a table, for a person who says which column is which. */
  bank_sheet: { args: BankSheetOf; answer: BankSheets };
  /** Keeps the statements of the file that was looked at. */
  import_statement: { args: StatementPreviewId; answer: ImportedStatements };
  /** Every kept statement, and the saved columns of banks' tables. */
  list_statements: { args: NoArgs; answer: StatementList };
  /** Lines of the statement that was looked at, or of one that is kept, each with its verdict. */
  bank_lines: { args: BankLinesOf; answer: BankLines };
  /** Keeps the columns of a bank's table for its next file. */
  save_bank_template: { args: BankTemplate; answer: StatementList };
  /** Forgets saved columns. */
  remove_bank_template: { args: BankTemplateName; answer: StatementList };
  /** What channels owe for their kept days, and whether it came to the bank. */
  payouts: { args: NoArgs; answer: PayoutList };
  /** The days on which banks work otherwise than from Monday to Friday. */
  bank_days: { args: NoArgs; answer: BankDayTable };
  /** Reads a table of bank days; keeps nothing. */
  read_bank_days: { args: BankDaysFile; answer: BankDayTable };
  /** Sets the days on which banks work otherwise. */
  change_bank_days: { args: ChangeBankDays; answer: BankDayTable };
  /** Puts on record that a movement of the bank is a payout, is none, or that this holds no more. */
  decide_payout: { args: DecidePayout; answer: PayoutList };
  /** Takes a kept bill's or statement's file out, exactly as it came. */
  save_kept_file: { args: SaveKeptFile; answer: SavedFile };
  /** Works out the fees of kept bills again from the contract. */
  audit_fees: { args: FeesOf; answer: FeeAuditView };
  /** What the shop took, by hour, day or month. */
  takings: { args: TakingsOf; answer: Takings };
  /** What channels owe and has not come to the bank, by age. */
  money_in_transit: { args: NoArgs; answer: MoneyInTransit };
  /** Differences by filter, each with what was decided. */
  worklist: { args: WorkPageOf; answer: WorkPageView };
  /** What may be the other side of a difference. */
  candidates: { args: ItemRef; answer: Candidates };
  /** Decides about differences, or says what that would do. */
  decide: { args: Decide; answer: Weighing };
  /** Takes the last decision back. */
  undo_decision: { args: UndoOf; answer: Weighing };
  /** Gives differences to somebody. */
  give_to: { args: GiveTo; answer: Weighing };
  /** Compares a kept bill with our books as they are now. */
  compare_day_again: { args: DayOf; answer: DayOverview };
  /** A day before and after it is signed. */
  day_overview: { args: CloseDayOf; answer: DayOverview };
  /** Signs a day. */
  sign_day: { args: SignDay; answer: DayOverview };
  /** Opens a signed day again, with a reason. */
  reopen_day: { args: ReopenDay; answer: DayOverview };
  /** Ends the demo's day, so that its bill can be fetched. */
  sandbox_end_day: { args: NoArgs; answer: SandboxStatus };
  /** A statement of the demo's bank, as the bank writes it. */
  sandbox_bank_statement: { args: DemoStatementOf; answer: DemoStatement };
  /** The set-up forms of the channels. */
  list_channels: { args: NoArgs; answer: ChannelForms };
  /** The accounts, without anything secret. */
  list_accounts: { args: NoArgs; answer: AccountList };
  /** Looks at what was pasted; sends nothing, keeps nothing. */
  check_account: { args: CheckAccount; answer: AccountCheck };
  /** Tests a connection line by line; charges nothing. */
  test_account: { args: TestAccount; answer: AccountTest };
  /** Keeps an account, its keys in the vault. */
  add_account: { args: AddAccount; answer: AccountView };
  /** Changes an account, or takes a step of changing its key. */
  change_account: { args: ChangeAccount; answer: AccountView };
  /** Forgets an account and its keys; refused while doubts are open on it. */
  remove_account: { args: AccountOf; answer: AccountList };
  /** The card readers of an account, as its channel knows them now. */
  list_readers: { args: AccountOf; answer: ReaderList };
  /** Chooses the card reader of this till, or none. */
  choose_reader: { args: ChooseReader; answer: AccountView };
  /** How it stands with the keys. */
  keys_status: { args: NoArgs; answer: KeysStatus };
  /** Opens the vault, or makes the sealed one where there is no keyring. */
  unlock_keys: { args: UnlockKeys; answer: KeysStatus };
  /** Drops the keys from memory until they are unlocked. */
  lock_keys: { args: NoArgs; answer: KeysStatus };
  /** Changes the passphrase of a sealed vault. */
  change_passphrase: { args: ChangePassphrase; answer: KeysStatus };
  /** The interface for other software, and its keys without their secrets. */
  interface_settings: { args: NoArgs; answer: InterfaceView };
  /** Changes whether and where the interface listens. */
  change_interface: { args: ChangeInterface; answer: InterfaceView };
  /** Revokes a key of other software. */
  revoke_caller: { args: CallerOf; answer: InterfaceView };
  /** What quitting now would leave open. */
  quit_check: { args: NoArgs; answer: QuitCheck };
}

//! The contract: every command, event and error code, once.
//! From this list come the Tauri commands, the HTTP host, and the TypeScript types.

mod accounts;
mod bills;
mod callers;
mod cash;
mod choosing;
mod coins;
mod demo;
mod errors;
mod export;
mod fees;
mod flows;
mod keys;
mod orders;
mod pay;
mod payouts;
mod readers;
mod shop;
mod statements;
mod takings;
mod typescript;
mod worklist;

pub use accounts::*;
pub use bills::*;
pub use callers::*;
pub use cash::*;
pub use choosing::*;
pub use coins::*;
pub use demo::*;
pub use errors::*;
pub use export::*;
pub use fees::*;
pub use flows::*;
pub use keys::*;
pub use orders::*;
pub use pay::*;
pub use payouts::*;
pub use readers::*;
pub use shop::*;
pub use statements::*;
pub use takings::*;
pub use typescript::typescript;
pub use worklist::*;

use paydesk_domain::Money;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Hands the list of commands to a macro: `name: Arguments => Answer`.
#[macro_export]
macro_rules! with_commands {
    ($callback:path) => {
        $callback! {
            /// Everything the frame of the window needs.
            app_status: NoArgs => AppStatus,
            /// First start: language, mode, shop.
            set_up: SetUp => AppStatus,
            /// Changes what is given, leaves the rest.
            change_settings: ChangeSettings => AppStatus,
            /// The currencies that channels take.
            currency_choices: NoArgs => CurrencyChoices,
            /// The name that stands on every event from now on.
            pick_operator: PickOperator => AppStatus,
            /// What a scanned text is; decides nothing.
            classify_scan: ClassifyScan => Scanned,
            /// Charges a scanned payment code. Answers as soon as the intent is durable.
            take_payment: TakePayment => PaymentView,
            /// Shows a code for the customer to scan.
            show_qr: ShowQr => PaymentView,
            /// Begins a payment on a page of the channel and opens it in the customer's browser.
            open_page: ShowQr => PageOpened,
            /// Opens the page of a payment that still waits there once more.
            reopen_page: OrderId => PageOpened,
            /// Has the card reader of this till take a payment. Answers as soon as the intent is durable.
            use_reader: ShowQr => PaymentView,
            /// Takes cash for a new order, on the word of whoever counted it: paid when it answers.
            take_cash: TakeCash => PaymentView,
            /// What may be handed over for an amount, and what goes back of it; moves nothing.
            cash_due: CashDueOf => CashDue,
            /// The drawer and the latest times it was opened.
            drawer: NoArgs => DrawerView,
            /// Counts the drawer, fills or empties it, or opens it for a reason.
            move_drawer: MoveDrawer => DrawerView,
            /// The state of an order's latest attempt.
            payment_view: OrderId => PaymentView,
            /// Asks the channel now.
            check_now: OrderId => PaymentView,
            /// Ends a waiting payment; it is unknown until the channel answers.
            cancel_payment: OrderId => PaymentView,
            /// Fee and net by the contract rate, before charging.
            expected_fee: ExpectedFeeOf => ExpectedFee,
            /// The channels for an amount, the suggested one first, each with what speaks for and against it.
            channel_choice: ChoiceOf => ChoiceView,
            /// The till's own latest payments and today's total.
            recent_payments: NoArgs => RecentPayments,
            /// A page of orders.
            list_orders: ListOrders => OrderPage,
            /// Sums of a filter and the counts of the tabs.
            order_totals: OrderQuery => OrdersOver,
            /// Writes the filtered list to a file.
            export_orders: ExportOrders => ExportedFile,
            /// Writes a reconciled day to a file: report, differences or lines.
            export_day: ExportDay => ExportedFile,
            /// Writes what a channel settled over several days to a file.
            export_settled: ExportSettled => ExportedFile,
            /// Writes reconciled days as balanced journal entries.
            export_journal: ExportJournal => ExportedFile,
            /// The ledger accounts that journals are booked by.
            ledger_accounts: NoArgs => LedgerAccounts,
            /// Sets the ledger accounts.
            change_ledger_accounts: ChangeLedgerAccounts => LedgerAccounts,
            /// Writes every line whose fee is not the contract's.
            export_fees: ExportFees => ExportedFile,
            /// How far the export is, and its end before its time.
            export_progress: ExportStep => ExportProgress,
            /// One order with its timeline.
            order_detail: OrderId => OrderDetail,
            /// What happened to the shop itself: settings, keys, bills, lists that were written to files.
            shop_events: ShopEventsOf => ShopEvents,
            /// Adds a note.
            add_note: AddNote => OrderDetail,
            /// Late money: hand over the goods or give it back.
            decide_late: DecideLate => OrderDetail,
            /// Opens the refund dialog: makes the refund's intent.
            prepare_refund: PrepareRefund => RefundDialog,
            /// Gives money back. The same intent again is the same refund.
            request_refund: RequestRefund => RefundView,
            /// A receipt to look at, print or save.
            receipt: ReceiptOf => Receipt,
            /// The demo's faults and customers.
            sandbox_status: NoArgs => SandboxStatus,
            /// Switches a fault of the demo.
            sandbox_set_fault: SetFault => SandboxStatus,
            /// The demo customer's phone.
            sandbox_phone: PhoneAct => PhoneScreen,
            /// The demo customer at the card reader.
            sandbox_reader: ReaderAct => ReaderScreen,
            /// Sample payment codes to scan from a sheet.
            sample_codes: NoArgs => SampleCodes,
            /// The days of an account, and what was found on them.
            reconcile_days: DaysOf => DayList,
            /// Fetches a bill from its channel and compares it; keeps nothing.
            fetch_bill: DayOf => BillPreview,
            /// Reads a bill's file; a trade bill is compared; keeps nothing.
            open_bill: OpenBill => LookedFile,
            /// Reads a bill's file of whichever account, told by its content; keeps nothing.
            recognise_bill: DroppedBill => LookedFile,
            /// How far the bill's file is that is being looked at or imported.
            bill_reading: NoArgs => BillReading,
            /// Asks to read that file no further; nothing of it is kept.
            stop_bill_reading: NoArgs => BillReading,
            /// Fetches a fund-flow bill from its channel; keeps nothing.
            fetch_flow: DayOf => FlowPreviewView,
            /// Keeps the fund-flow bill that was looked at.
            import_flow: PreviewId => KeptFlowView,
            /// A fund-flow bill that is kept.
            kept_flow: DayOf => KeptFlowView,
            /// Lines of a fund-flow bill, each with what it is.
            flow_moves: FlowMovesOf => FlowMoves,
            /// Lines of the bill that was looked at, or of one that is kept, each with its verdict.
            bill_rows: BillRowsOf => BillRows,
            /// Keeps the bill that was looked at.
            import_bill: PreviewId => ReconciledDay,
            /// Begins to fetch every missing bill of an account; while a run is under way it goes on.
            fetch_missing_bills: AccountOf => BillRunStatus,
            /// How far the run through missing bills is.
            bill_run: NoArgs => BillRunStatus,
            /// Asks the run to stop behind the bill it is at.
            stop_bill_run: NoArgs => BillRunStatus,
            /// A compared day that is kept.
            reconciled_day: DayOf => ReconciledDay,
            /// Reads a bank's file and holds it against what is kept; keeps nothing.
            open_statement: OpenStatement => StatementFileView,
            /// The first rows of a table, for a person who says which column is which.
            bank_sheet: BankSheetOf => BankSheets,
            /// Keeps the statements of the file that was looked at.
            import_statement: StatementPreviewId => ImportedStatements,
            /// Every kept statement, and the saved columns of banks' tables.
            list_statements: NoArgs => StatementList,
            /// Lines of the statement that was looked at, or of one that is kept, each with its verdict.
            bank_lines: BankLinesOf => BankLines,
            /// Keeps the columns of a bank's table for its next file.
            save_bank_template: BankTemplate => StatementList,
            /// Forgets saved columns.
            remove_bank_template: BankTemplateName => StatementList,
            /// What channels owe for their kept days, and whether it came to the bank.
            payouts: NoArgs => PayoutList,
            /// The days on which banks work otherwise than from Monday to Friday.
            bank_days: NoArgs => BankDayTable,
            /// Reads a table of bank days; keeps nothing.
            read_bank_days: BankDaysFile => BankDayTable,
            /// Sets the days on which banks work otherwise.
            change_bank_days: ChangeBankDays => BankDayTable,
            /// Puts on record that a movement of the bank is a payout, is none, or that this holds no more.
            decide_payout: DecidePayout => PayoutList,
            /// Takes a kept bill's or statement's file out, exactly as it came.
            save_kept_file: SaveKeptFile => SavedFile,
            /// Works out the fees of kept bills again from the contract.
            audit_fees: FeesOf => FeeAuditView,
            /// What the shop took, by hour, day or month.
            takings: TakingsOf => Takings,
            /// What channels owe and has not come to the bank, by age.
            money_in_transit: NoArgs => MoneyInTransit,
            /// Differences by filter, each with what was decided.
            worklist: WorkPageOf => WorkPageView,
            /// What may be the other side of a difference.
            candidates: ItemRef => Candidates,
            /// Decides about differences, or says what that would do.
            decide: Decide => Weighing,
            /// Takes the last decision back.
            undo_decision: UndoOf => Weighing,
            /// Gives differences to somebody.
            give_to: GiveTo => Weighing,
            /// Compares a kept bill with our books as they are now.
            compare_day_again: DayOf => DayOverview,
            /// A day before and after it is signed.
            day_overview: CloseDayOf => DayOverview,
            /// Signs a day.
            sign_day: SignDay => DayOverview,
            /// Opens a signed day again, with a reason.
            reopen_day: ReopenDay => DayOverview,
            /// Ends the demo's day, so that its bill can be fetched.
            sandbox_end_day: NoArgs => SandboxStatus,
            /// A statement of the demo's bank, as the bank writes it.
            sandbox_bank_statement: DemoStatementOf => DemoStatement,
            /// The set-up forms of the channels.
            list_channels: NoArgs => ChannelForms,
            /// The accounts, without anything secret.
            list_accounts: NoArgs => AccountList,
            /// Looks at what was pasted; sends nothing, keeps nothing.
            check_account: CheckAccount => AccountCheck,
            /// Tests a connection line by line; charges nothing.
            test_account: TestAccount => AccountTest,
            /// Keeps an account, its keys in the vault.
            add_account: AddAccount => AccountView,
            /// Changes an account, or takes a step of changing its key.
            change_account: ChangeAccount => AccountView,
            /// Forgets an account and its keys; refused while doubts are open on it.
            remove_account: AccountOf => AccountList,
            /// The card readers of an account, as its channel knows them now.
            list_readers: AccountOf => ReaderList,
            /// Chooses the card reader of this till, or none.
            choose_reader: ChooseReader => AccountView,
            /// How it stands with the keys.
            keys_status: NoArgs => KeysStatus,
            /// Opens the vault, or makes the sealed one where there is no keyring.
            unlock_keys: UnlockKeys => KeysStatus,
            /// Drops the keys from memory until they are unlocked.
            lock_keys: NoArgs => KeysStatus,
            /// Changes the passphrase of a sealed vault.
            change_passphrase: ChangePassphrase => KeysStatus,
            /// The interface for other software, and its keys without their secrets.
            interface_settings: NoArgs => InterfaceView,
            /// Changes whether and where the interface listens.
            change_interface: ChangeInterface => InterfaceView,
            /// Revokes a key of other software.
            revoke_caller: CallerOf => InterfaceView,
            /// What quitting now would leave open.
            quit_check: NoArgs => QuitCheck,
        }
    };
}

/// No arguments.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct NoArgs {}

/// Names an order.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OrderId {
    /// Its number.
    pub order_id: String,
}

/// Money as the UI gets it: minor units as text, because JavaScript numbers end at 2^53.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MoneyView {
    /// Minor units.
    pub minor: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Decimal digits.
    pub exponent: u8,
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> MoneyView {
        MoneyView {
            minor: money.minor().to_string(),
            currency: money.currency().code().to_owned(),
            exponent: money.currency().exponent(),
        }
    }
}

/// Pushed to the windows; they ask again for what they show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// An order moved.
    OrderChanged {
        /// Which.
        order_id: String,
        /// To which version; older ones are dropped.
        version: u32,
    },
    /// The window asks whether to quit although doubts are open.
    QuitAsked {
        /// How many.
        open_doubts: u32,
    },
    /// Something in [`AppStatus`] changed.
    StatusChanged,
}

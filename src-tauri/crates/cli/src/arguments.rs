//! What can be said on the command line.

use crate::{
    cash::CashCommand, channels::ChannelsCommand, charge::ChargeArguments,
    interface::InterfaceCommand, notices::NoticesCommand,
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Paydesk without a window. Works beside an open window on the same folder.
///
/// Exit codes: 0 paid or done, 3 refused or chain broken, 4 unknown (a resolver goes on), 5 not sent,
/// 6 differences, 7 locked or missing keys, 64 usage, 69 environment.
#[derive(Parser)]
#[command(name = "paydesk-cli", version)]
pub(crate) struct Arguments {
    /// The data folder.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Whose name stands on the events.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) operator: Option<String>,
    /// Answers as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Reads the passphrase of a sealed vault from this open file: a pipe, never an argument.
    #[arg(long, global = true, value_name = "N")]
    pub(crate) passphrase_fd: Option<u32>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Sets up a folder without the window's first run.
    Init {
        /// What the folder is for.
        #[arg(long, value_enum, default_value = "demo")]
        mode: ModeArgument,
        /// The shop's name.
        #[arg(long, default_value = "演示店")]
        store_name: String,
        /// IANA time zone.
        #[arg(long, default_value = "Asia/Shanghai")]
        time_zone: String,
        /// Hour at which the business day ends.
        #[arg(long, default_value_t = 0)]
        cutoff_hour: u8,
        /// Days of trade before today that a demo shop opens with.
        #[arg(long, default_value_t = 30)]
        past_days: u8,
        /// The currency of its books, ISO 4217; never changes.
        #[arg(long, default_value = "CNY")]
        currency: String,
        /// A currency that the till may ask for besides; may be given several times.
        #[arg(long)]
        also_currency: Vec<String>,
        /// The language.
        #[arg(long, value_enum, default_value = "zh-cn")]
        locale: LocaleArgument,
    },
    /// Charges a payment code, or a card at the reader.
    Charge(ChargeArguments),
    /// Cash: taken for an order, and the drawer it is in.
    Cash {
        /// What.
        #[command(subcommand)]
        command: CashCommand,
    },
    /// Asks the channel about an order.
    Query {
        /// The order's number.
        order: String,
    },
    /// Resolves what is open.
    Resolve {
        /// Goes on until nothing is open.
        #[arg(long)]
        watch: bool,
    },
    /// Gives money back.
    Refund {
        /// The order's number.
        order: String,
        /// As a decimal; everything that is left when not given.
        #[arg(long)]
        amount: Option<String>,
        /// goods_returned, overcharged, customer_cancelled, wrong_amount or other.
        #[arg(long, default_value = "goods_returned")]
        reason: String,
        /// Free words.
        #[arg(long, default_value = "")]
        note: String,
        /// A name for this refund: the same name again is the same refund.
        #[arg(long)]
        intent: Option<String>,
        /// Waits until the money is back, at most this many seconds.
        #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "120")]
        wait: Option<u64>,
    },
    /// Lists orders.
    Orders {
        /// Which tab.
        #[arg(long, value_enum, default_value = "all")]
        tab: TabArgument,
        /// Beginning or last digits of a number, an amount, a note, a name.
        #[arg(long, default_value = "")]
        search: String,
        /// Only this business day, 2026-11-21.
        #[arg(long)]
        day: Option<String>,
        /// Rows at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Writes a list to a file.
    Export {
        /// What.
        #[command(subcommand)]
        command: ExportCommand,
    },
    /// Accounts at the channels.
    Channels {
        /// What.
        #[command(subcommand)]
        command: ChannelsCommand,
    },
    /// A channel's bill, compared with our books and kept.
    Bills {
        /// How it comes.
        #[command(subcommand)]
        command: BillsCommand,
    },
    /// Statements of banks: movements, each counted once.
    Statements {
        /// What.
        #[command(subcommand)]
        command: StatementsCommand,
    },
    /// Days on which banks work otherwise than from Monday to Friday: payouts are expected by them.
    BankDays {
        /// What; lists them when not given.
        #[command(subcommand)]
        command: Option<BankDaysCommand>,
    },
    /// Fetches a day's bills and compares them; exit code 6 when something differs.
    Reconcile(ReconcileArguments),
    /// Differences by filter, each with what was decided; exit code 6 while any is open.
    Worklist(WorklistArguments),
    /// The fees of kept bills against the contract.
    #[command(subcommand)]
    Fees(FeesCommand),
    /// The interface for other software: whether and where it listens, and its keys.
    #[command(subcommand)]
    Interface(InterfaceCommand),
    /// What channels tell by themselves.
    #[command(subcommand)]
    Notices(NoticesCommand),
    /// Signs a day, or opens a signed one again; exit code 6 while differences are open.
    Close(CloseArguments),
    /// Checks the event chain; names the first damaged event.
    Verify {
        /// Rebuilds the projections from the log and compares them too.
        #[arg(long)]
        rebuild: bool,
    },
    /// The demo's channels.
    Sandbox {
        /// What.
        #[command(subcommand)]
        command: SandboxCommand,
    },
}

/// What is done with the days of banks.
#[derive(Subcommand)]
pub(crate) enum BankDaysCommand {
    /// Takes the place of all of them by a table's.
    Import {
        /// Rows like 2026-10-01,2026-10-07,holiday or 2026-10-10,workday.
        file: PathBuf,
    },
    /// Forgets them.
    Clear,
}

/// What the sandbox can be told.
#[derive(Subcommand)]
pub(crate) enum SandboxCommand {
    /// Serves the folder's sandbox until it is ended.
    Serve {
        /// The port on 127.0.0.1; 0 picks one.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// Prints sample payment codes.
    Codes,
}

/// How a bill comes.
#[derive(Subcommand)]
pub(crate) enum BillsCommand {
    /// From the channel.
    Fetch {
        /// The channel's day, 2026-11-20.
        #[arg(
            long,
            value_name = "DAY",
            required_unless_present = "missing",
            conflicts_with = "missing"
        )]
        day: Option<String>,
        /// Every day whose bill can be fetched and is not here.
        #[arg(long)]
        missing: bool,
        /// The account; the first one when not given, with --missing all of them.
        #[arg(long)]
        account: Option<String>,
    },
    /// As a file, exactly as the channel writes it.
    Import {
        /// The file: CSV, zip or gzip.
        file: PathBuf,
        /// The account; the first one when not given.
        #[arg(long)]
        account: Option<String>,
        /// The day it must be of; what the file says when not given.
        #[arg(long, value_name = "DAY")]
        day: Option<String>,
    },
    /// Writes the file of a kept bill, exactly as it came.
    Save {
        /// The channel's day, 2026-11-20.
        #[arg(long, value_name = "DAY")]
        day: String,
        /// The account; the first one when not given.
        #[arg(long)]
        account: Option<String>,
        /// Where to.
        #[command(flatten)]
        to: SaveArguments,
    },
}

/// What can be done with statements of banks.
#[derive(Subcommand)]
pub(crate) enum StatementsCommand {
    /// Keeps the movements of files: CAMT.053, MT940, OFX, CSV, XLSX or XLS, told by their content.
    Import {
        /// The files, exactly as the bank gave them.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Tables are read by the columns saved under this name.
        #[arg(long, value_name = "NAME")]
        template: Option<String>,
        /// What the account is called, where a file does not say.
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        /// Only looks at them; keeps nothing.
        #[arg(long)]
        preview: bool,
    },
    /// Lists what is kept, the newest period first.
    List,
    /// Writes the file of a kept statement, exactly as it came.
    Save {
        /// The statement's number in the list.
        statement: String,
        /// Where to.
        #[command(flatten)]
        to: SaveArguments,
    },
}

/// Where a kept file goes.
#[derive(Args)]
pub(crate) struct SaveArguments {
    /// The file, or the folder for it.
    #[arg(long, value_name = "PATH")]
    pub(crate) out: PathBuf,
    /// Replaces a file of this name.
    #[arg(long)]
    pub(crate) replace: bool,
}

/// Which day, and of whom.
#[derive(Args)]
pub(crate) struct ReconcileArguments {
    /// The channel's day, 2026-11-20.
    #[arg(long, value_name = "DAY")]
    pub(crate) date: String,
    /// The account; all of them when not given.
    #[arg(long)]
    pub(crate) account: Option<String>,
}

/// Which differences.
#[derive(Args)]
pub(crate) struct WorklistArguments {
    /// The first day, 2026-11-20.
    #[arg(long, value_name = "DAY")]
    pub(crate) from: String,
    /// The last day; the first one when not given.
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<String>,
    /// Only of this account.
    #[arg(long)]
    pub(crate) account: Option<String>,
    /// Only `open`, `exception` or `settled` ones.
    #[arg(long)]
    pub(crate) state: Option<String>,
}

/// Which day, and why it is opened again.
#[derive(Args)]
pub(crate) struct CloseArguments {
    /// The day, 2026-11-20.
    #[arg(long, value_name = "DAY")]
    pub(crate) date: String,
    /// Opens the signed day again, for this reason.
    #[arg(long, value_name = "REASON")]
    pub(crate) reopen: Option<String>,
}

/// What can be done about fees.
#[derive(Subcommand)]
pub(crate) enum FeesCommand {
    /// Works out every fee of kept bills again, and says where the channel took too much or too little.
    Audit(FeesAuditArguments),
    /// Shows the rows of an account's contract, or sets them.
    Contract(FeesContractArguments),
}

/// Which days.
#[derive(Args)]
pub(crate) struct FeesAuditArguments {
    /// The channel's first day, 2026-11-01.
    #[arg(long, value_name = "DAY")]
    pub(crate) from: String,
    /// Its last day; the first one when not given.
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<String>,
    /// The account; all of them when not given.
    #[arg(long)]
    pub(crate) account: Option<String>,
}

/// Whose contract.
#[derive(Args)]
pub(crate) struct FeesContractArguments {
    /// The account; the first one when not given.
    #[arg(long)]
    pub(crate) account: Option<String>,
    /// All rows, as `--json` shows them.
    #[arg(long, value_name = "FILE")]
    pub(crate) set: Option<PathBuf>,
}

/// What can be written to a file.
#[derive(Subcommand)]
pub(crate) enum ExportCommand {
    /// The orders, newest first, with totals for each currency at the end.
    Orders(ExportOrdersArguments),
    /// A reconciled day: its report, its differences, or every line of its bill.
    Day(ExportDayArguments),
    /// What a channel settled over several days.
    Settled(ExportSpanArguments),
    /// Lines whose fee is not the contract's, over several days.
    Fees(ExportSpanArguments),
    /// Reconciled days as balanced journal entries.
    Journal(ExportJournalArguments),
}

/// Which day, and what of it.
#[derive(Args)]
pub(crate) struct ExportDayArguments {
    /// Where to.
    #[command(flatten)]
    pub(crate) target: ExportTarget,
    /// The channel's day, 2026-11-20.
    #[arg(long, value_name = "DAY")]
    pub(crate) date: String,
    /// The account; the first one when not given.
    #[arg(long)]
    pub(crate) account: Option<String>,
    /// What of it.
    #[arg(long, value_enum, default_value = "report")]
    pub(crate) what: DayPart,
}

/// What of a day is written.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum DayPart {
    /// What differs.
    Differences,
    /// Every line of the bill.
    Lines,
    /// Sums and differences, to sign on.
    Report,
}

/// Which days.
#[derive(Args)]
pub(crate) struct ExportSpanArguments {
    /// Where to.
    #[command(flatten)]
    pub(crate) target: ExportTarget,
    /// The channel's first day, 2026-11-01.
    #[arg(long, value_name = "DAY")]
    pub(crate) from: String,
    /// Its last day; the first one when not given.
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<String>,
    /// The account; the first one when not given.
    #[arg(long)]
    pub(crate) account: Option<String>,
}

/// Which days, for which program.
#[derive(Args)]
pub(crate) struct ExportJournalArguments {
    /// Which days.
    #[command(flatten)]
    pub(crate) span: ExportSpanArguments,
    /// For which program.
    #[arg(long, value_enum, default_value = "generic")]
    pub(crate) template: TemplateArgument,
}

/// The programs that import journals.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum TemplateArgument {
    /// Beancount.
    Beancount,
    /// Any program.
    Generic,
    /// 金蝶.
    Kingdee,
    /// 用友 T+.
    YonyouT,
    /// 用友 U8, T6, T3.
    YonyouU8,
}

/// Where an export goes, and as what.
#[derive(Args)]
pub(crate) struct ExportTarget {
    /// The file; its name ends as its format does.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The format; by the end of the name when not given.
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatArgument>,
    /// Replaces a file of this name.
    #[arg(long)]
    pub(crate) replace: bool,
}

/// The formats of exports.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum FormatArgument {
    /// A text journal of Beancount.
    Beancount,
    /// CSV that every spreadsheet reads as UTF-8.
    Csv,
    /// CSV without a byte order mark.
    CsvPlain,
    /// Pages of A4.
    Pdf,
    /// Text in the encoding of the program that imports it.
    Txt,
    /// A workbook.
    Xlsx,
}

/// Which orders, and where to.
#[derive(Args)]
pub(crate) struct ExportOrdersArguments {
    /// Where to.
    #[command(flatten)]
    pub(crate) target: ExportTarget,
    /// First business day, 2026-11-21.
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Option<String>,
    /// Last business day.
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<String>,
    /// Only this status: paid, refunded, unknown and so on.
    #[arg(long, value_name = "STATUS")]
    pub(crate) status: Option<String>,
    /// Only this channel: alipay, wechatpay.
    #[arg(long, value_name = "CHANNEL")]
    pub(crate) channel: Option<String>,
    /// Beginning or last digits of a number, an amount, a note, a name.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) search: String,
}

/// What a folder is for.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ModeArgument {
    /// Simulated channels.
    Demo,
    /// Real accounts.
    Real,
}

/// The languages.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum LocaleArgument {
    /// English.
    En,
    /// Chinese.
    ZhCn,
}

/// The tabs of the list.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum TabArgument {
    /// Everything.
    All,
    /// What needs a person.
    Attention,
    /// With money taken.
    Paid,
    /// With refunds.
    Refunds,
    /// Not charged, closed, reversed.
    Unpaid,
}

//! Errors as they cross to the UI: a code and whether money is affected, never a sentence.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// Did money move?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MoneyMark {
    /// It did.
    Moved,
    /// It did not.
    NotMoved,
    /// Being found out.
    Unknown,
}

/// Every error code. Both catalogues hold `error_<code>` for each: what happened, money, next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// An account of this channel with these numbers is there already.
    AccountExists,
    /// A field of the account is wrong; `field` and `problem` say which and how.
    AccountFieldWrong,
    /// Payments or refunds of this account are not known yet.
    AccountInDoubt,
    /// There is no such account.
    AccountNotFound,
    /// More than the channel takes in one payment.
    AmountTooLarge,
    /// More decimals than the currency has, or not a number.
    AmountNotANumber,
    /// Zero or negative.
    AmountNotPositive,
    /// Another attempt of the order is not decided.
    AttemptOpen,
    /// The vault holds no secret of this key of other software.
    CallerSecretMissing,
    /// The signature is not this key's.
    CallerSignature,
    /// There is no such key of other software, or it was revoked.
    CallerUnknown,
    /// There are as many keys of other software as there may be.
    CallersTooMany,
    /// The bill's archive cannot be opened.
    BillArchive,
    /// The bill's archive unpacks to more than any bill.
    BillBomb,
    /// The channel could not give the bill now.
    BillBusy,
    /// A cell of the bill cannot be read.
    BillCell,
    /// The bill's digest is not the channel's.
    BillDigest,
    /// Another bill begins behind the end of the bill.
    BillDoubled,
    /// The channel has no bill for the day: nothing was traded.
    BillEmpty,
    /// The bill is not in the channel's encoding.
    BillEncoding,
    /// The file is too large to be handed over by what is in it.
    BillDropTooLarge,
    /// The bill's archive asks for a password.
    BillEncrypted,
    /// Something stands behind the end of the bill.
    BillGoesOn,
    /// The bill's archive names a path outside of itself.
    BillLeadsOut,
    /// The bill's archive holds another archive.
    BillNested,
    /// The channel has not made the bill yet.
    BillNotYet,
    /// The channel refused the bill.
    BillRefused,
    /// Rows of the bill are there twice, and its totals are not the sum of its lines.
    BillRepeatedRow,
    /// Somebody asked to read the bill no further.
    BillStopped,
    /// The shop was not registered at the channel on the bill's day.
    BillTooEarly,
    /// The bill's archive holds more than one bill.
    BillSeveral,
    /// The bill's file is larger than any bill.
    BillTooLarge,
    /// The bill's totals are not the sum of its lines.
    BillTotals,
    /// The bill ends early.
    BillTruncated,
    /// The bill's file cannot be read from this PC.
    BillUnreadable,
    /// The bill could not be fetched.
    BillUnreachable,
    /// A bill of another channel, or no bill at all.
    BillWrongChannel,
    /// A bill of another day.
    BillWrongDay,
    /// Another kind of bill.
    BillWrongKind,
    /// A bill of another merchant.
    BillWrongMerchant,
    /// A day is a holiday and a working day of banks.
    BankDaysBoth,
    /// A row of a table of bank days names no day and kind.
    BankDaysRow,
    /// A table of bank days with too many days.
    BankDaysTooMany,
    /// A fund-flow bill names no merchant, and several accounts may be meant.
    FlowAccount,
    /// An amount of a statement cannot be read.
    StatementAmount,
    /// The workbook of a statement cannot be opened.
    StatementArchive,
    /// Opening balance and movements of a statement are not its closing balance.
    StatementBalance,
    /// A NUL byte in a statement.
    StatementBinary,
    /// The workbook of a statement unpacks to more than any statement.
    StatementBomb,
    /// A column of a bank's table is missing.
    StatementColumns,
    /// Two currencies in one statement.
    StatementCurrencies,
    /// A code that is no currency.
    StatementCurrency,
    /// A day or time of a statement cannot be read.
    StatementDate,
    /// The same statement stands in the file twice.
    StatementDoubled,
    /// A document type definition in a statement.
    StatementDtd,
    /// The encoding of a statement is unknown.
    StatementEncoding,
    /// The workbook of a statement asks for a password.
    StatementEncrypted,
    /// A statement goes on after its end.
    StatementGoesOn,
    /// Something that a statement needs is missing.
    StatementMissing,
    /// A statement is nested too deep.
    StatementNested,
    /// The bank gave an error instead of a statement.
    StatementRefused,
    /// A statement breaks the rules of its format.
    StatementSyntax,
    /// A file larger than any statement.
    StatementTooLarge,
    /// An amount of a statement has more decimals than its currency.
    StatementTooPrecise,
    /// The sum that a statement states is not that of its lines.
    StatementTotal,
    /// A statement ends before its end.
    StatementTruncated,
    /// No bank statement in a known format.
    StatementUnknown,
    /// Nobody says whose statement it is.
    StatementAccount,
    /// The movement or a day of a payout is not there to be decided about.
    PayoutGone,
    /// No columns of a bank's table are saved under this name.
    TemplateNotFound,
    /// No file was kept with this bill.
    KeptFileMissing,
    /// The bill that was looked at is no longer at hand.
    PreviewGone,
    /// The channel is not connected in this folder.
    ChannelNotConnected,
    /// Less cash was handed over than is owed; `short` says what is missing.
    CashShort,
    /// This payment code was used in the last five minutes.
    CodeUsed,
    /// Nothing is taken in this currency here, or not this way; `currency` is its code.
    CurrencyNotTaken,
    /// The day is signed: what it stands on does not change any more.
    DayLocked,
    /// Something keeps the day from being signed.
    DayOpen,
    /// The database is damaged.
    DatabaseCorrupt,
    /// The database belongs to a newer version of this program.
    DatabaseNewer,
    /// The database stays locked by another program.
    DatabaseBusy,
    /// No space left on the disk.
    DiskFull,
    /// Only in demo mode.
    DemoOnly,
    /// More is taken out of the drawer than should be in it; `there` says how much that is.
    DrawerShort,
    /// No space left for the file; nothing of it is there.
    ExportDiskFull,
    /// The file could not be written; nothing of it is there.
    ExportFailed,
    /// A file of this name exists, and it was not asked to replace it.
    ExportFileExists,
    /// The folder for the file does not exist.
    ExportFolderMissing,
    /// Not a full path, or not a name with the format's ending.
    ExportNameWrong,
    /// The file must not be written there.
    ExportNotAllowed,
    /// A person ended it; nothing of the file is there.
    ExportStopped,
    /// More rows or longer cells than the format holds; nothing of the file is there.
    ExportTooLarge,
    /// The file does not sum to what the screen said; nothing of it is there.
    ExportTotalsDiffer,
    /// A ledger account with a code or name that no program imports; nothing was kept.
    LedgerAccountWrong,
    /// No font of this PC has the characters that a page needs.
    FontMissing,
    /// The file is larger than it may be.
    FileTooLarge,
    /// The float was not counted, or the drawer was counted at the end already.
    FloatNotOpen,
    /// The float was counted already.
    FloatOpen,
    /// A live account talks to its channel only, and a sandbox account never does.
    GatewayNotAllowed,
    /// Goods barcode, not a payment code.
    GoodsCode,
    /// The program has an error of its own.
    Internal,
    /// The same intent asked for something else before.
    IntentReused,
    /// The interface for other software is off, and so is hearing notices.
    InterfaceOff,
    /// The caller's arguments are wrong.
    InvalidArguments,
    /// The keyring refuses this program.
    KeyringDenied,
    /// The keyring does not answer.
    KeyringHanging,
    /// There is no keyring: a passphrase is needed.
    KeyringMissing,
    /// This key signs: another one must be made active first.
    KeyInUse,
    /// This key is kept already.
    KeyKnown,
    /// The account has no such key.
    KeyNotFound,
    /// The keys of this folder are gone although it has data.
    KeysLost,
    /// The key cannot be used now.
    KeysLocked,
    /// The file with the keys is damaged, or newer than this program.
    KeysUnreadable,
    /// The interface cannot listen where it is set up to.
    ListenFailed,
    /// A notice does not prove to be the channel's.
    NoticeForged,
    /// No account here hears these notices.
    NoticeNoAccount,
    /// A notice about a payment that is not in this folder.
    NoticeNotOurs,
    /// A genuine notice that cannot be read.
    NoticeUnreadable,
    /// Nothing more to decide here.
    NotNow,
    /// A text that is too long.
    TextTooLong,
    /// The folder is an older copy: nothing is charged before its open payments were asked about.
    OlderCopy,
    /// The passphrase is too short.
    PassphraseTooShort,
    /// The passphrase is wrong, or it is too early to try again.
    PassphraseWrong,
    /// Another program listens at the interface's port.
    PortTaken,
    /// No card reader was chosen for this till.
    ReaderNotChosen,
    /// The account has no such card reader.
    ReaderUnknown,
    /// The channel did not tell which card readers there are.
    ReadersRefused,
    /// The card readers could not be asked for.
    ReadersUnreachable,
    /// Only in a folder with real accounts.
    RealOnly,
    /// No connection: code payments are refused.
    Offline,
    /// No such order.
    OrderNotFound,
    /// A part is more than what is still owed.
    PartExceedsOwed,
    /// What is paid of the order goes back, so that no further part is taken.
    PartGoingBack,
    /// Nobody is named who works at the till.
    OperatorRequired,
    /// One of our own receipts or order numbers, not a payment code.
    OwnReceipt,
    /// The folder's shop is set up already.
    AlreadySetUp,
    /// The account cannot make the channel's page; `what` is in the way.
    PageNotMade,
    /// The folder's shop is not set up yet.
    NotSetUp,
    /// A row of a contract ends before it begins.
    RateEndsEarly,
    /// The least and the most of a row of a contract exclude each other.
    RateLimits,
    /// Two rows of a contract hold on one day.
    RatesOverlap,
    /// More than what can still be refunded.
    RefundExceeds,
    /// Nothing is paid here.
    RefundNothingPaid,
    /// A reason is required.
    ReasonRequired,
    /// The same amount again: one question, with the earlier order.
    RepeatQuestion,
    /// The demo's sandbox does not answer.
    SandboxGone,
    /// The time zone does not exist.
    UnknownTimeZone,
    /// Not a payment code of any known channel.
    UnknownCode,
    /// The clock of this PC is too far off for the channel.
    ClockWrong,
}

/// An error as the UI gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CommandError {
    /// Which.
    pub code: ErrorCode,
    /// Did money move?
    pub money: MoneyMark,
    /// Values for the text; never secrets.
    pub params: BTreeMap<String, String>,
    /// To find it in the log.
    pub incident: String,
}

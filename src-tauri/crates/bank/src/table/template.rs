//! Which column of a bank's table is which: given by a template, or guessed from the words of the titles.

use super::cells;
use crate::{Reason, StatementFault};
use paydesk_domain::Currency;
use serde::{Deserialize, Serialize};

/// Which part of a date stands first where the year stands last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// `24/03/2025`.
    DayFirst,
    /// `03/24/2025`.
    MonthFirst,
}

/// How a table writes what came in and what went out. Each text is the title of a column.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "snake_case")]
pub enum AmountColumns {
    /// An amount without a sign, and a column that says which way it went. 借 on a bank's statement is money out.
    Direction {
        /// The amount.
        amount: String,
        /// 贷, Cr, 收 for money in; 借, Dr, 支 for money out.
        direction: String,
    },
    /// One amount with a sign.
    Signed {
        /// The amount.
        amount: String,
    },
    /// One column for each way.
    Two {
        /// Money in.
        credit: String,
        /// Money out.
        debit: String,
    },
}

/// The layout of one bank's table, to be kept for the next file of that bank. Columns are named by their titles, so
/// that it still fits when the bank adds one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Template {
    /// The day of the booking.
    pub booked: String,
    /// The time of the day.
    pub time: Option<String>,
    /// The day from which it counts.
    pub value: Option<String>,
    /// What came in and went out.
    pub amount: AmountColumns,
    /// The balance after it.
    pub balance: Option<String>,
    /// The currency; without such a column, `default_currency` is meant.
    pub currency: Option<String>,
    /// The account of the statement, where every line repeats it.
    pub account: Option<String>,
    /// The other side's name.
    pub counterparty: Option<String>,
    /// The other side's account.
    pub counterparty_account: Option<String>,
    /// The bank's number of the movement.
    pub bank_reference: Option<String>,
    /// The account holder's own reference.
    pub our_reference: Option<String>,
    /// The kind of movement.
    pub code: Option<String>,
    /// Purpose and other words, in this order.
    pub text: Vec<String>,
    /// Where no column names one.
    pub default_currency: Option<Currency>,
    /// Needed where the year stands last and no day is past the twelfth.
    pub date_order: Option<DateOrder>,
}

/// Titles of each column in one spelling (see `cells::title`), the ones to be preferred first.
const BOOKED: &[&str] = &[
    "记账日期",
    "入账日期",
    "交易日期",
    "业务日期",
    "发生日期",
    "日期",
    "交易日",
    "记账日",
    "交易时间",
    "记账时间",
    "bookingdate",
    "postingdate",
    "transactiondate",
    "date",
];
const TIME: &[&str] = &["交易时间", "记账时间", "时间", "transactiontime", "time"];
const VALUE: &[&str] = &["起息日期", "起息日", "生息日期", "valuedate"];
const CREDIT: &[&str] = &[
    "记账金额(收入)",
    "贷方发生额",
    "贷方金额",
    "收入金额",
    "存入金额",
    "转入金额",
    "贷方",
    "收入",
    "存入",
    "交易金额(收入)",
    "creditamount",
    "credit",
    "deposit",
    "deposits",
    "paidin",
    "moneyin",
];
const DEBIT: &[&str] = &[
    "记账金额(支出)",
    "借方发生额",
    "借方金额",
    "支出金额",
    "支取金额",
    "转出金额",
    "借方",
    "支出",
    "支取",
    "交易金额(支出)",
    "debitamount",
    "debit",
    "withdrawal",
    "withdrawals",
    "paidout",
    "moneyout",
];
const AMOUNT: &[&str] = &[
    "记账金额",
    "交易金额",
    "金额",
    "发生额",
    "交易发生额",
    "收支金额",
    "billingamount",
    "transactionamount",
    "amount",
];
const DIRECTION: &[&str] = &[
    "借贷标志",
    "借贷方向",
    "借贷标识",
    "借贷",
    "借/贷",
    "收支方向",
    "收付标志",
    "收支",
    "收/支",
    "交易方向",
    "dr/cr",
    "debit/credit",
    "credit/debit",
];
const BALANCE: &[&str] = &[
    "余额",
    "账户余额",
    "本次余额",
    "联机余额",
    "交易后余额",
    "当前余额",
    "balance",
    "runningbalance",
];
const CURRENCY: &[&str] = &[
    "记账币种",
    "账户币种",
    "币种",
    "币别",
    "货币",
    "交易币种",
    "billingcurrency",
    "accountcurrency",
    "currency",
];
const ACCOUNT: &[&str] = &[
    "本方账号",
    "账号",
    "账户",
    "卡号",
    "借记卡号",
    "accountnumber",
    "account",
];
const COUNTERPARTY: &[&str] = &[
    "对方户名",
    "对方账户名",
    "对方账户名称",
    "对方名称",
    "对方单位名称",
    "对方单位",
    "对手信息",
    "对手名称",
    "收(付)方名称",
    "收/付方名称",
    "counterparty",
    "counterpartyname",
    "payee",
    "name",
];
const COUNTERPARTY_ACCOUNT: &[&str] = &[
    "对方账号",
    "对方账户",
    "对方卡号/账号",
    "对方卡号",
    "收(付)方账号",
    "收/付方账号",
    "对手账号",
    "counterpartyaccount",
];
const BANK_REFERENCE: &[&str] = &[
    "交易流水号",
    "银行流水号",
    "核心流水号",
    "流水号",
    "交易参考号",
    "日志号",
    "bankreference",
    "transactionid",
    "reference",
];
const OUR_REFERENCE: &[&str] = &[
    "企业流水号",
    "客户流水号",
    "商户订单号",
    "凭证号",
    "customerreference",
];
const CODE: &[&str] = &[
    "交易类型",
    "交易名称",
    "业务类型",
    "摘要代码",
    "type",
    "transactiontype",
];
const TEXT: &[&str] = &[
    "摘要",
    "交易摘要",
    "客户摘要",
    "附言",
    "交易附言",
    "用途",
    "备注",
    "交易详情",
    "交易场所",
    "description",
    "narrative",
    "details",
    "memo",
    "remarks",
];

/// Titles that only a wallet's bill has beside its amounts: its lines are no movements of a bank account, and some of
/// them never happened.
const WALLET: &[&str] = &["当前状态", "交易状态"];

/// The titles of a table, in one spelling, with what the file writes.
pub(super) struct Titles {
    pub written: Vec<String>,
    plain: Vec<String>,
}

impl Titles {
    pub(super) fn new(cells: &[std::borrow::Cow<'_, str>]) -> Titles {
        let written: Vec<String> = cells
            .iter()
            .map(|cell| cells::clean(cell).to_owned())
            .collect();
        let plain = written.iter().map(|title| cells::title(title)).collect();
        Titles { written, plain }
    }

    fn find(&self, wanted: &[&str]) -> Option<usize> {
        wanted
            .iter()
            .find_map(|wanted| self.plain.iter().position(|title| title == wanted))
    }

    fn name(&self, wanted: &[&str]) -> Option<String> {
        let at = self.find(wanted)?;
        self.written.get(at).cloned()
    }

    /// Whether these may be titles of movements: a day, and something about money.
    fn is_header(&self) -> bool {
        let has = |wanted| self.find(wanted).is_some();
        has(BOOKED) && (has(AMOUNT) || has(CREDIT) || has(DEBIT) || has(BALANCE))
    }

    pub(super) fn place(&self, title: &str) -> Option<usize> {
        let title = cells::title(title);
        self.plain.iter().position(|plain| *plain == title)
    }
}

/// The template that these titles suggest; `None` where they are no titles.
///
/// # Errors
/// `Columns` where they are, but lack something; `NotAStatement` for a wallet's bill.
pub(super) fn guess(titles: &Titles, row: u64) -> Result<Option<Template>, StatementFault> {
    if !titles.is_header() {
        return Ok(None);
    }
    if let Some(at) = titles.find(WALLET) {
        let title = titles.written.get(at).map_or("", String::as_str);
        return Err(StatementFault::at(row, title, Reason::NotAStatement));
    }
    let missing = |what: &str| StatementFault::at(row, what, Reason::Columns);
    let booked = titles.name(BOOKED).ok_or_else(|| missing("日期"))?;
    let amount = match (
        titles.name(CREDIT),
        titles.name(DEBIT),
        titles.name(AMOUNT),
        titles.name(DIRECTION),
    ) {
        (Some(credit), Some(debit), ..) => AmountColumns::Two { credit, debit },
        (_, _, Some(amount), Some(direction)) => AmountColumns::Direction { amount, direction },
        (_, _, Some(amount), None) => AmountColumns::Signed { amount },
        _ => return Err(missing("金额")),
    };
    let name = |wanted| titles.name(wanted).filter(|title| *title != booked);
    let text = TEXT.iter().filter_map(|title| titles.name(&[title]));
    // A Chinese bank that names no currency means its own.
    let is_chinese = booked
        .chars()
        .any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
    let currency = titles.name(CURRENCY);
    if currency.is_none() && !is_chinese {
        return Err(missing("币种"));
    }
    Ok(Some(Template {
        time: name(TIME),
        value: name(VALUE),
        balance: name(BALANCE),
        account: name(ACCOUNT),
        counterparty: name(COUNTERPARTY),
        counterparty_account: name(COUNTERPARTY_ACCOUNT),
        bank_reference: name(BANK_REFERENCE),
        our_reference: name(OUR_REFERENCE),
        code: name(CODE),
        text: text.collect(),
        default_currency: is_chinese.then_some(Currency::CNY),
        date_order: None,
        currency,
        amount,
        booked,
    }))
}

/// The places of a template's columns in one table.
pub(super) struct Places {
    pub booked: usize,
    pub time: Option<usize>,
    pub value: Option<usize>,
    pub amount: AmountPlaces,
    pub balance: Option<usize>,
    pub currency: Option<usize>,
    pub account: Option<usize>,
    pub counterparty: Option<usize>,
    pub counterparty_account: Option<usize>,
    pub bank_reference: Option<usize>,
    pub our_reference: Option<usize>,
    pub code: Option<usize>,
    pub text: Vec<usize>,
}

/// The places of the amounts.
#[derive(Clone, Copy)]
pub(super) enum AmountPlaces {
    Direction { amount: usize, direction: usize },
    Signed { amount: usize },
    Two { credit: usize, debit: usize },
}

impl Places {
    /// Every column that the template names has to be there, once.
    ///
    /// # Errors
    /// `Columns`.
    pub(super) fn of(
        template: &Template,
        titles: &Titles,
        row: u64,
    ) -> Result<Places, StatementFault> {
        let place = |title: &String| {
            titles
                .place(title)
                .ok_or_else(|| StatementFault::at(row, title, Reason::Columns))
        };
        let optional = |title: &Option<String>| title.as_ref().map(place).transpose();
        let amount = match &template.amount {
            AmountColumns::Direction { amount, direction } => AmountPlaces::Direction {
                amount: place(amount)?,
                direction: place(direction)?,
            },
            AmountColumns::Signed { amount } => AmountPlaces::Signed {
                amount: place(amount)?,
            },
            AmountColumns::Two { credit, debit } => AmountPlaces::Two {
                credit: place(credit)?,
                debit: place(debit)?,
            },
        };
        Ok(Places {
            booked: place(&template.booked)?,
            time: optional(&template.time)?,
            value: optional(&template.value)?,
            amount,
            balance: optional(&template.balance)?,
            currency: optional(&template.currency)?,
            account: optional(&template.account)?,
            counterparty: optional(&template.counterparty)?,
            counterparty_account: optional(&template.counterparty_account)?,
            bank_reference: optional(&template.bank_reference)?,
            our_reference: optional(&template.our_reference)?,
            code: optional(&template.code)?,
            text: template.text.iter().map(place).collect::<Result<_, _>>()?,
        })
    }
}

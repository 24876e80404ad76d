//! Tables of banks: text with separators, XLSX and XLS. The row of titles is found by its words, what stands above it
//! names the account, what stands below the last movement are sums. Rows are read one at a time, twice: once to know
//! the layout, once for the movements.

mod biff;
mod cells;
mod container;
mod delimited;
mod ledger;
mod number;
mod sheets;
mod template;
mod workbook;

pub use sheets::{SheetRows, first_rows};
pub use template::{AmountColumns, DateOrder, Template};

use crate::{Reason, StatementFault, amount, amount::Form, text::joined};
use cells::{Day, clean, said};
use ledger::{Ledger, Sum};
use paydesk_domain::{BankAccount, BankLine, BankStatement, Currency, Money};
use std::borrow::Cow;
use template::{AmountPlaces, Places, Titles};

/// Titles stand within so many rows that are not blank.
const PREAMBLE_ROWS_MAX: usize = 40;

/// One row of a table.
#[derive(Clone, Copy)]
pub(crate) struct Row<'r> {
    /// Its number as a person counts it, from 1.
    pub number: u64,
    pub cells: &'r [Cow<'r, str>],
}

impl Row<'_> {
    fn cell(&self, at: usize) -> &str {
        self.cells.get(at).map_or("", |cell| said(cell))
    }

    fn optional(&self, at: Option<usize>) -> &str {
        at.map_or("", |at| self.cell(at))
    }

    fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| clean(cell).is_empty())
    }
}

/// What is told of each row; `false` ends the reading.
pub(crate) type Each<'e> = dyn FnMut(Row<'_>) -> Result<bool, StatementFault> + 'e;
/// Where rows come from, as often as they are wanted.
pub(crate) type Rows<'s> = dyn Fn(&mut Each<'_>) -> Result<(), StatementFault> + 's;

/// How a table was read, for the person who looks at it and for the next file of that bank.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// The columns, guessed or given.
    pub template: Template,
    /// The row of the titles, from 1.
    pub titles_row: u64,
    /// The titles as the file writes them, in its order.
    pub titles: Vec<String>,
    /// Rows among and below the movements that are none: sums, notes, titles again.
    pub skipped: u64,
    /// The sheet of the workbook; empty for text.
    pub sheet: String,
}

/// Statements with how each table was read.
pub(crate) type Found = (Vec<BankStatement>, Vec<Table>);

/// Whether a file is a workbook, by what it begins with.
pub(crate) fn is_workbook(file: &[u8]) -> bool {
    workbook::is_one(file) || container::is_one(file)
}

/// XLSX or XLS: every sheet that is shown and holds titles of movements.
pub(crate) fn read_workbook(
    file: &[u8],
    template: Option<&Template>,
) -> Result<Found, StatementFault> {
    let mut found = (Vec::new(), Vec::new());
    let mut lacking = None;
    let mut add = |sheet: Result<Option<(Vec<BankStatement>, Table)>, StatementFault>| {
        match sheet {
            Ok(Some((statements, table))) => {
                found.0.extend(statements);
                found.1.push(table);
            }
            Ok(None) => {}
            // A sheet without the columns of the template may be a cover; one with wrong movements may not.
            Err(fault) if fault.reason == Reason::Columns => {
                lacking.get_or_insert(fault);
            }
            Err(fault) => return Err(fault),
        }
        Ok(())
    };
    if container::is_one(file) {
        let stream = container::workbook(file)?;
        let book = biff::Workbook::open(&stream)?;
        for (name, at) in &book.sheets {
            add(read(&|each| book.rows(*at, each), name, template))?;
        }
    } else {
        let mut book = workbook::Workbook::open(file)?;
        for (name, part) in book.sheets.clone() {
            let Some(part) = book.part(&part)? else {
                return Err(StatementFault::at(0, &name, Reason::Missing));
            };
            add(read(&|each| book.rows(&part, each), &name, template))?;
        }
    }
    match (found.0.is_empty(), lacking) {
        (false, _) => Ok(found),
        (true, Some(fault)) => Err(fault),
        (true, None) => Err(StatementFault::of_file(Reason::NotAStatement)),
    }
}

/// Text with separators; `None` where it holds no titles of movements.
pub(crate) fn read_text(
    text: &str,
    template: Option<&Template>,
) -> Result<Option<Found>, StatementFault> {
    let mut fault = None;
    for separator in delimited::SEPARATORS {
        let found = read(&|each| delimited::rows(text, separator, each), "", template);
        match found {
            Ok(Some((statements, table))) => return Ok(Some((statements, vec![table]))),
            Ok(None) => {}
            // Cut at a separator that is not its own, a text looks worse than it is: who came furthest counts.
            Err(wrong) => {
                let is_further = fault
                    .as_ref()
                    .is_none_or(|known: &StatementFault| known.row < wrong.row);
                if is_further {
                    fault = Some(wrong);
                }
            }
        }
    }
    fault.map_or(Ok(None), Err)
}

/// What the first reading finds.
struct Layout {
    titles: Titles,
    row: u64,
    template: Template,
    account: BankAccount,
}

/// The statements of one table, one for each currency.
fn read(
    rows: &Rows<'_>,
    sheet: &str,
    given: Option<&Template>,
) -> Result<Option<(Vec<BankStatement>, Table)>, StatementFault> {
    let Some(layout) = layout(rows, given)? else {
        return Ok(None);
    };
    let places = Places::of(&layout.template, &layout.titles, layout.row)?;
    let mut movements = Movements {
        layout: &layout,
        places,
        ledgers: Vec::new(),
        sums: Vec::new(),
        account: layout.account.clone(),
        repeats: Vec::new(),
        skipped: 0,
    };
    rows(&mut |row| {
        if row.number > layout.row {
            movements.row(row)?;
        }
        Ok(true)
    })?;
    let skipped = movements.skipped;
    let statements = movements.end()?;
    let table = Table {
        titles_row: layout.row,
        titles: layout.titles.written,
        template: layout.template,
        skipped,
        sheet: sheet.to_owned(),
    };
    Ok(Some((statements, table)))
}

fn layout(rows: &Rows<'_>, given: Option<&Template>) -> Result<Option<Layout>, StatementFault> {
    let mut found: Option<(Titles, u64, Template)> = None;
    let mut account = BankAccount::default();
    let (mut above, mut lacking) = (0, None);
    // Whether a first and a second part of a date were past the twelfth.
    let (mut past, mut booked) = ([false, false], None);
    // The first day with its year first, and the first with its year last.
    let (mut year_first, mut year_last) = (None, None);
    rows(&mut |row| {
        if row.is_blank() {
            return Ok(true);
        }
        if let Some((titles, _, template)) = &found {
            let at = *booked.get_or_insert_with(|| titles.place(&template.booked));
            match cells::day(row.optional(at)) {
                Some((Day::YearLast(first, second, _), _)) => {
                    past = [past[0] || first > 12, past[1] || second > 12];
                    year_last.get_or_insert(row.number);
                }
                Some((Day::Known(_), _)) => drop(year_first.get_or_insert(row.number)),
                None => {}
            }
            return Ok(true);
        }
        above += 1;
        let titles = Titles::new(row.cells);
        let template = match given {
            Some(given) => match Places::of(given, &titles, row.number) {
                Ok(_) => Some(given.clone()),
                Err(fault) => {
                    if titles.place(&given.booked).is_some() {
                        lacking.get_or_insert(fault);
                    }
                    None
                }
            },
            None => template::guess(&titles, row.number)?,
        };
        match template {
            Some(template) => found = Some((titles, row.number, template)),
            None => note_account(&mut account, row),
        }
        Ok(above < PREAMBLE_ROWS_MAX || found.is_some())
    })?;
    let Some((titles, row, mut template)) = found else {
        return match given {
            Some(given) => {
                let fault = || StatementFault::at(1, &given.booked, Reason::Columns);
                Err(lacking.unwrap_or_else(fault))
            }
            None => Ok(None),
        };
    };
    if let (Some(_), Some(row)) = (year_first, year_last) {
        // Opened under another country's settings and saved again, `12/03` became 3 December, and `24/03` stayed text.
        return Err(StatementFault::at(row, &template.booked, Reason::Date));
    }
    template.date_order = template.date_order.or(match past {
        [true, false] => Some(DateOrder::DayFirst),
        [false, true] => Some(DateOrder::MonthFirst),
        _ => None,
    });
    Ok(Some(Layout {
        titles,
        row,
        template,
        account,
    }))
}

/// `卡号: 1234****5678`, in one cell or two, above the titles.
fn note_account(account: &mut BankAccount, row: Row<'_>) {
    const NUMBER: [&str; 8] = [
        "卡号",
        "账号",
        "帐号",
        "账户",
        "账户号",
        "本方账号",
        "account",
        "accountnumber",
    ];
    const HOLDER: [&str; 6] = [
        "户名",
        "账户名",
        "账户名称",
        "开户名",
        "单位名称",
        "accountname",
    ];
    for (at, cell) in row.cells.iter().enumerate() {
        let cell = clean(cell);
        let (name, value) = match cell.split_once([':', '：']) {
            Some((name, value)) => (cells::title(name), said(value)),
            None => (cells::title(cell), ""),
        };
        let value = if value.is_empty() {
            row.cell(at + 1)
        } else {
            value
        };
        let field = if NUMBER.contains(&name.as_str()) {
            &mut account.number
        } else if HOLDER.contains(&name.as_str()) {
            &mut account.holder
        } else {
            let is_bank = cell.contains("银行") && cell.chars().count() <= 40;
            if is_bank && account.bank.is_empty() {
                cell.clone_into(&mut account.bank);
            }
            continue;
        };
        if field.is_empty() {
            value.clone_into(field);
        }
    }
}

/// The second reading.
struct Movements<'l> {
    layout: &'l Layout,
    places: Places,
    ledgers: Vec<Ledger>,
    sums: Vec<(u64, bool, String)>,
    account: BankAccount,
    /// Rows that are the titles again, with the number of movements above them.
    repeats: Vec<(u64, usize)>,
    skipped: u64,
}

/// More currencies than an account has; each costs a look at every row.
const CURRENCIES_MAX: usize = 64;

impl Movements<'_> {
    fn title(&self, at: usize) -> &str {
        self.layout
            .titles
            .written
            .get(at)
            .map_or("", String::as_str)
    }

    fn fault(&self, row: Row<'_>, at: usize, reason: Reason) -> StatementFault {
        StatementFault::at(row.number, self.title(at), reason)
    }

    fn row(&mut self, row: Row<'_>) -> Result<(), StatementFault> {
        if row.is_blank() {
            return Ok(());
        }
        let titles = &self.layout.titles.written;
        let is_title = |(title, cell): (&String, &Cow<'_, str>)| clean(cell) == title;
        if row.cells.len() >= titles.len() && titles.iter().zip(row.cells).all(is_title) {
            let count = self.ledgers.iter().map(|ledger| ledger.lines.len()).sum();
            self.repeats.push((row.number, count));
            self.skipped += 1;
            return Ok(());
        }
        let first = row.cells.iter().map(|cell| said(cell));
        let first = first
            .into_iter()
            .find(|cell| !cell.is_empty())
            .unwrap_or("");
        if cells::is_total(first) {
            self.note_sums(row, first);
            self.skipped += 1;
            return Ok(());
        }
        let day = cells::day(row.cell(self.places.booked));
        let Some((day, clock)) = day else {
            let is_movement = self.amount_places().any(|at| !row.cell(at).is_empty());
            if is_movement {
                return Err(self.fault(row, self.places.booked, Reason::Date));
            }
            self.skipped += 1;
            return Ok(());
        };
        let too_wide = row.cells.iter().skip(titles.len());
        if too_wide
            .map(|cell| clean(cell))
            .any(|cell| !cell.is_empty())
        {
            // A separator inside of a text moves every cell behind it.
            return Err(StatementFault::at(row.number, "", Reason::Syntax));
        }
        self.movement(row, day, clock)
    }

    fn amount_places(&self) -> impl Iterator<Item = usize> + use<> {
        let (first, second) = match self.places.amount {
            AmountPlaces::Direction { amount, .. } | AmountPlaces::Signed { amount } => {
                (amount, None)
            }
            AmountPlaces::Two { credit, debit } => (credit, Some(debit)),
        };
        std::iter::once(first).chain(second)
    }

    fn movement(
        &mut self,
        row: Row<'_>,
        day: Day,
        clock: Option<jiff::civil::Time>,
    ) -> Result<(), StatementFault> {
        let order = self.layout.template.date_order;
        let booked = day
            .date(order)
            .ok_or_else(|| self.fault(row, self.places.booked, Reason::Date))?;
        let currency = self.currency(row)?;
        let (amount, debit) = self.amount(row, currency)?;
        let mut line = BankLine::new(row.number, booked, amount);
        line.time = clock;
        if let Some(at) = self.places.time.filter(|at| !row.cell(*at).is_empty()) {
            let cell = row.cell(at);
            let both = || cells::day(cell).and_then(|(_, clock)| clock);
            let time = cells::time(cell).or_else(both);
            line.time = Some(time.ok_or_else(|| self.fault(row, at, Reason::Date))?);
        }
        if let Some(at) = self.places.value.filter(|at| !row.cell(*at).is_empty()) {
            let value = cells::day(row.cell(at)).and_then(|(day, _)| day.date(order));
            line.value = Some(value.ok_or_else(|| self.fault(row, at, Reason::Date))?);
        }
        if let Some(at) = self.places.balance.filter(|at| !row.cell(*at).is_empty()) {
            let balance = amount::read(row.cell(at), Form::Table, currency);
            line.balance = Some(balance.map_err(|reason| self.fault(row, at, reason))?);
        }
        let number = |at| {
            let cell = row.optional(at);
            // Banks fill the number of what has none with noughts.
            if cell.bytes().all(|byte| byte == b'0') {
                ""
            } else {
                cell
            }
        };
        line.bank_reference = number(self.places.bank_reference).to_owned();
        line.our_reference = number(self.places.our_reference).to_owned();
        line.counterparty = joined([row.optional(self.places.counterparty)]);
        line.counterparty_account = row.optional(self.places.counterparty_account).to_owned();
        line.code = row.optional(self.places.code).to_owned();
        line.text = joined(self.places.text.iter().map(|at| row.cell(*at)));
        if self.account.number.is_empty() {
            row.optional(self.places.account)
                .clone_into(&mut self.account.number);
        }
        let known = self
            .ledgers
            .iter()
            .position(|ledger| ledger.currency == currency);
        let at = known.unwrap_or(self.ledgers.len());
        if known.is_none() {
            if at >= CURRENCIES_MAX {
                return Err(StatementFault::at(row.number, "", Reason::TooLarge));
            }
            self.ledgers.push(Ledger::new(currency));
        }
        match self.ledgers.get_mut(at) {
            Some(ledger) => ledger.push(line, debit),
            None => Ok(()),
        }
    }

    fn currency(&self, row: Row<'_>) -> Result<Currency, StatementFault> {
        let default = self.layout.template.default_currency;
        let cell = row.optional(self.places.currency);
        let at = self.places.currency.unwrap_or(self.places.booked);
        if cell.is_empty() {
            return default.ok_or_else(|| self.fault(row, at, Reason::Missing));
        }
        let code = || Reason::Currency(cell.chars().take(8).collect());
        cells::currency(cell).ok_or_else(|| self.fault(row, at, code()))
    }

    /// The amount with its sign, and what stood in the column of money out.
    fn amount(
        &self,
        row: Row<'_>,
        currency: Currency,
    ) -> Result<(Money, Option<i64>), StatementFault> {
        let read = |at: usize| match row.cell(at) {
            "" => Ok(None),
            cell => amount::read(cell, Form::Table, currency)
                .map(|money| Some(money.minor()))
                .map_err(|reason| self.fault(row, at, reason)),
        };
        let missing = |at| self.fault(row, at, Reason::Missing);
        let (minor, debit) = match self.places.amount {
            AmountPlaces::Signed { amount } => {
                (read(amount)?.ok_or_else(|| missing(amount))?, None)
            }
            AmountPlaces::Direction { amount, direction } => {
                let minor = read(amount)?.ok_or_else(|| missing(amount))?;
                let is_credit =
                    cells::is_credit(row.cells.get(direction).map_or("", |cell| clean(cell)));
                match is_credit {
                    Some(true) => (minor, None),
                    Some(false) => (-minor, Some(minor)),
                    None => return Err(self.fault(row, direction, Reason::Syntax)),
                }
            }
            AmountPlaces::Two { credit, debit } => match (read(credit)?, read(debit)?) {
                (None, None) => return Err(missing(credit)),
                (Some(credit), None | Some(0)) => (credit, None),
                (None | Some(0), Some(debit)) => (-debit, Some(debit)),
                // One movement goes one way.
                (Some(_), Some(_)) => return Err(self.fault(row, debit, Reason::Syntax)),
            },
        };
        Ok((Money::from_minor(minor, currency), debit))
    }

    /// The last sums count; those of pages are not of the whole.
    fn note_sums(&mut self, row: Row<'_>, first: &str) {
        let is_part = ["小计", "累计", "本页"]
            .iter()
            .any(|word| first.contains(word));
        if let AmountPlaces::Two { credit, debit } = self.places.amount
            && !is_part
        {
            self.sums.clear();
            for (at, is_credit) in [(credit, true), (debit, false)] {
                let cell = row.cell(at);
                if !cell.is_empty() {
                    self.sums.push((row.number, is_credit, cell.to_owned()));
                }
            }
        }
    }

    fn end(self) -> Result<Vec<BankStatement>, StatementFault> {
        if self.ledgers.is_empty() {
            let title = self.title(self.places.booked);
            return Err(StatementFault::at(self.layout.row, title, Reason::Missing));
        }
        // Titles in the middle: a new page, or the whole file once more.
        if let [ledger] = self.ledgers.as_slice()
            && let Some((row, _)) = self
                .repeats
                .iter()
                .find(|(_, half)| ledger.is_doubled(*half))
        {
            let first = self.layout.row;
            return Err(StatementFault::at(*row, "", Reason::Doubled { first }));
        }
        let is_one = self.ledgers.len() == 1;
        let mut statements = Vec::new();
        for ledger in self.ledgers {
            let mut sums: Vec<Sum> = Vec::new();
            // Which of several currencies a sum is of, banks do not say alike.
            for (row, is_credit, text) in self.sums.iter().filter(|_| is_one) {
                let stated = amount::read(text, Form::Table, ledger.currency);
                let stated = stated.map_err(|reason| StatementFault::at(*row, "", reason))?;
                let stated = Money::from_minor(stated.minor().abs(), ledger.currency);
                sums.push((*row, *is_credit, stated));
            }
            statements.push(ledger.end(self.layout.row, self.account.clone(), &sums)?);
        }
        Ok(statements)
    }
}

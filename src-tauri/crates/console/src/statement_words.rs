//! From the values of a statement to those of the contract, and back for the columns of tables.

use crate::{bills::narrow, contract::*, invalid};
use paydesk_desk::{AmountColumns, DateOrder, LineVerdict, Template};
use paydesk_domain::{BalanceCheck, BankLine, BankStatement, Currency, Money};

/// What came in and what went out; nothing where it is more than any sum.
pub(crate) type Sums = (Option<Money>, Option<Money>);

pub(crate) fn sums(statement: &BankStatement) -> Sums {
    let sum = |wanted: fn(i64) -> bool| {
        let amounts = statement.lines.iter().map(|line| line.amount);
        let mut amounts = amounts.filter(|amount| wanted(amount.minor()));
        amounts.try_fold(Money::zero(statement.currency), |sum, amount| {
            sum.checked_add(amount).ok()
        })
    };
    (sum(|minor| minor > 0), sum(|minor| minor < 0))
}

/// A statement in numbers.
pub(crate) fn head(
    account: &str,
    statement: &BankStatement,
    (money_in, money_out): Sums,
) -> StatementHead {
    let money = |balance: Option<paydesk_domain::BankBalance>| {
        balance.map(|balance| MoneyView::from(balance.amount))
    };
    StatementHead {
        account: account.to_owned(),
        holder: statement.account.holder.clone(),
        bank: statement.account.bank.clone(),
        currency: statement.currency.code().to_owned(),
        format: statement.format.name().to_owned(),
        is_running: !statement.format.is_final(),
        reference: statement.reference.clone(),
        sequence: statement.sequence.clone(),
        from: statement.from.map(|day| day.to_string()),
        to: statement.to.map(|day| day.to_string()),
        opening: money(statement.opening),
        closing: money(statement.closing),
        money_in: money_in.map(MoneyView::from),
        money_out: money_out.map(MoneyView::from),
        not_booked: narrow(statement.not_booked),
        proof: proof(&statement.check),
    }
}

fn proof(check: &BalanceCheck) -> BalanceProof {
    let plain = |name: &str| BalanceProof {
        check: name.to_owned(),
        expected: None,
        stated: None,
        row: None,
    };
    match *check {
        BalanceCheck::Differs {
            expected,
            row,
            stated,
        } => BalanceProof {
            expected: Some(expected.into()),
            stated: Some(stated.into()),
            row: Some(narrow(row)),
            ..plain("differs")
        },
        BalanceCheck::Holds => plain("holds"),
        BalanceCheck::NotStated => plain("not_stated"),
        BalanceCheck::OtherCurrency { row, stated } => BalanceProof {
            stated: Some(stated.into()),
            row: Some(narrow(row)),
            ..plain("other_currency")
        },
        BalanceCheck::RunningBreaks { row } => BalanceProof {
            row: Some(narrow(row)),
            ..plain("running_breaks")
        },
        BalanceCheck::Total {
            expected,
            row,
            stated,
        } => BalanceProof {
            expected: Some(expected.into()),
            stated: Some(stated.into()),
            row: Some(narrow(row)),
            ..plain("total")
        },
    }
}

pub(crate) fn line_view(line: &BankLine, verdict: LineVerdict) -> BankLineView {
    BankLineView {
        row: narrow(line.row),
        booked: line.booked.to_string(),
        time: line.time.map(|time| time.strftime("%H:%M").to_string()),
        value: line.value.map(|day| day.to_string()),
        amount: line.amount.into(),
        balance: line.balance.map(MoneyView::from),
        counterparty: line.counterparty.clone(),
        counterparty_account: line.counterparty_account.clone(),
        bank_reference: line.bank_reference.clone(),
        our_reference: line.our_reference.clone(),
        end_to_end: line.end_to_end.clone(),
        text: line.text.clone(),
        code: line.code.clone(),
        is_reversal: line.is_reversal,
        parts: narrow(line.parts.len()),
        verdict: match verdict {
            LineVerdict::New => "new",
            LineVerdict::Running => "running",
            LineVerdict::ToldBefore(_) => "told_before",
            LineVerdict::ToldFinally(_) => "told_finally",
        }
        .to_owned(),
    }
}

pub(crate) fn columns_view(template: &Template) -> BankColumns {
    let (mut amount, mut direction, mut credit, mut debit) = (None, None, None, None);
    match &template.amount {
        AmountColumns::Direction {
            amount: unsigned,
            direction: way,
        } => {
            amount = Some(unsigned.clone());
            direction = Some(way.clone());
        }
        AmountColumns::Signed { amount: signed } => amount = Some(signed.clone()),
        AmountColumns::Two {
            credit: money_in,
            debit: money_out,
        } => {
            credit = Some(money_in.clone());
            debit = Some(money_out.clone());
        }
    }
    BankColumns {
        booked: template.booked.clone(),
        amount,
        direction,
        credit,
        debit,
        balance: template.balance.clone(),
        currency: template.currency.clone(),
        default_currency: template.default_currency.map(|it| it.code().to_owned()),
        time: template.time.clone(),
        value: template.value.clone(),
        account: template.account.clone(),
        counterparty: template.counterparty.clone(),
        counterparty_account: template.counterparty_account.clone(),
        bank_reference: template.bank_reference.clone(),
        our_reference: template.our_reference.clone(),
        code: template.code.clone(),
        text: template.text.clone(),
        date_order: template.date_order.map(|order| {
            match order {
                DateOrder::DayFirst => "day_first",
                DateOrder::MonthFirst => "month_first",
            }
            .to_owned()
        }),
    }
}

/// The columns as the reader takes them.
///
/// # Errors
/// `InvalidArguments` naming the field that is missing or unknown.
pub(crate) fn template(columns: &BankColumns) -> Result<Template, CommandError> {
    let amount = match columns.clone() {
        BankColumns {
            credit: Some(credit),
            debit: Some(debit),
            ..
        } => AmountColumns::Two { credit, debit },
        BankColumns {
            amount: Some(amount),
            direction: Some(direction),
            ..
        } => AmountColumns::Direction { amount, direction },
        BankColumns {
            amount: Some(amount),
            ..
        } => AmountColumns::Signed { amount },
        _ => return Err(invalid("amount")),
    };
    let currency = columns.default_currency.as_deref();
    let currency =
        currency.map(|code| Currency::from_code(code).ok_or_else(|| invalid("default_currency")));
    let order = columns.date_order.as_deref().map(|order| match order {
        "day_first" => Ok(DateOrder::DayFirst),
        "month_first" => Ok(DateOrder::MonthFirst),
        _ => Err(invalid("date_order")),
    });
    Ok(Template {
        booked: columns.booked.clone(),
        time: columns.time.clone(),
        value: columns.value.clone(),
        amount,
        balance: columns.balance.clone(),
        currency: columns.currency.clone(),
        account: columns.account.clone(),
        counterparty: columns.counterparty.clone(),
        counterparty_account: columns.counterparty_account.clone(),
        bank_reference: columns.bank_reference.clone(),
        our_reference: columns.our_reference.clone(),
        code: columns.code.clone(),
        text: columns.text.clone(),
        default_currency: currency.transpose()?,
        date_order: order.transpose()?,
    })
}

//! The days of accounts as journal entries, and the map of ledger accounts they are booked by.

use super::{About, Target, day::span};
use crate::{Console, coded, contract::*, invalid, refused, refused_with};
use paydesk_desk::{
    CashDay, DayArrival,
    ports::KeptBill,
    reports::{
        AccountMap, AccountRole, CashFigures, DayFigures, ExportError, Heading, JournalEntry,
        JournalTemplate, LedgerAccount, write_journal,
    },
};
use paydesk_domain::{CASH, ChannelDay, Money};
use paydesk_texts::text;
use std::collections::BTreeMap;

impl Console {
    /// One entry for each account's day that has a bill, the oldest first.
    pub(crate) async fn export_journal(
        &self,
        args: ExportJournal,
    ) -> Result<ExportedFile, CommandError> {
        let (template, formats): (_, &[FileFormat]) = match args.template {
            JournalTemplateView::Beancount => {
                (JournalTemplate::Beancount, &[FileFormat::Beancount])
            }
            JournalTemplateView::Generic => (
                JournalTemplate::Generic,
                &[FileFormat::Csv, FileFormat::CsvPlain, FileFormat::Xlsx],
            ),
            JournalTemplateView::Kingdee => (
                JournalTemplate::Kingdee,
                &[FileFormat::Xlsx, FileFormat::Csv],
            ),
            JournalTemplateView::YonyouT => (
                JournalTemplate::YonyouT,
                &[FileFormat::Xlsx, FileFormat::Csv],
            ),
            JournalTemplateView::YonyouU8 => (JournalTemplate::YonyouU8, &[FileFormat::Txt]),
        };
        let target = Target::checked(args.file, args.replace, args.format, "journal", formats)?;
        let (from, to) = span(&args.from, &args.to)?;
        let mut filter = vec![(
            "template".to_owned(),
            template_name(args.template).to_owned(),
        )];
        filter.extend(args.account_id.clone().map(|id| ("account".to_owned(), id)));
        let heading = Heading {
            days: from.date().zip(to.date()),
            filter,
            ..Heading::default()
        };
        let (shop, mut setting) = self.list_setting(target.list_format(), heading)?;
        setting.heading.title = text(setting.language, "export_list_journal", &[]);
        let accounts = shop.ledger_accounts.clone().unwrap_or_default();
        let mut bills = Vec::new();
        for account in &shop.accounts {
            if args
                .account_id
                .as_ref()
                .is_none_or(|id| *id == account.id.0)
            {
                bills.extend(self.bills_between(&account.id.0, from, to).await?);
            }
        }
        bills.sort_by_key(|bill| bill.day);
        let book = self.desk.payouts_around(from, to).await.map_err(coded)?;
        let arrivals = book
            .arrivals()
            .map_err(|e| crate::internal(&e.to_string()))?;
        let made = bills.iter().map(|bill| {
            let arrival = arrivals.get(&(bill.account.clone(), bill.day));
            let figures = figures(bill, arrival, &self.account_name(&bill.account))?;
            JournalEntry::of_day(&figures, &accounts, setting.language)
        });
        let made: Result<Vec<JournalEntry>, ExportError> = made.collect();
        let mut entries = made.map_err(|error| target.error(&error))?;
        if args.account_id.as_deref().is_none_or(|id| id == CASH) {
            for day in days_of(from, to) {
                for cash in self.desk.cash_day(day).await.map_err(coded)? {
                    let entry = cash_figures(day, &cash).and_then(|figures| {
                        JournalEntry::of_cash(&figures, &accounts, setting.language)
                    });
                    entries.push(entry.map_err(|error| target.error(&error))?);
                }
            }
            entries.sort_by_key(JournalEntry::date);
        }
        self.write_at_once(target, About::of(&setting), move |file| {
            let (language, format) = (setting.language, setting.format);
            Ok(write_journal(
                file,
                template,
                format,
                language,
                &setting.heading,
                &entries,
            )?)
        })
        .await
    }

    pub(crate) async fn ledger_accounts(
        &self,
        _args: NoArgs,
    ) -> Result<LedgerAccounts, CommandError> {
        let shop = self.desk.shop();
        let shop = shop.ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        let map = shop.ledger_accounts.clone().unwrap_or_default();
        let of_roles = AccountRole::ALL.into_iter().map(|role| {
            let account = map.of(role, "");
            view(role, None, account)
        });
        let mut channels: Vec<&str> = shop.accounts.iter().map(|a| a.channel.0.as_str()).collect();
        channels.sort_unstable();
        channels.dedup();
        let of_channels = channels.into_iter().map(|channel| {
            let account = map.of(AccountRole::InTransit, channel);
            view(AccountRole::InTransit, Some(channel.to_owned()), account)
        });
        Ok(LedgerAccounts {
            accounts: of_roles.chain(of_channels).collect(),
            is_usual: shop.ledger_accounts.is_none(),
        })
    }

    pub(crate) async fn change_ledger_accounts(
        &self,
        args: ChangeLedgerAccounts,
    ) -> Result<LedgerAccounts, CommandError> {
        let shop = self.desk.shop();
        let mut shop = shop.ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        shop.ledger_accounts = args.accounts.map(map_of).transpose()?;
        self.desk.change_shop(shop).await.map_err(coded)?;
        self.ledger_accounts(NoArgs {}).await
    }
}

fn template_name(template: JournalTemplateView) -> &'static str {
    match template {
        JournalTemplateView::Beancount => "beancount",
        JournalTemplateView::Generic => "generic",
        JournalTemplateView::Kingdee => "kingdee",
        JournalTemplateView::YonyouT => "yonyou_t",
        JournalTemplateView::YonyouU8 => "yonyou_u8",
    }
}

fn view(role: AccountRole, channel: Option<String>, account: &LedgerAccount) -> LedgerAccountView {
    LedgerAccountView {
        role: role.name().to_owned(),
        channel,
        code: account.code.clone(),
        name: account.name.clone(),
    }
}

fn map_of(views: Vec<LedgerAccountView>) -> Result<AccountMap, CommandError> {
    let (mut roles, mut channels) = (BTreeMap::new(), BTreeMap::new());
    for view in views {
        let role = AccountRole::named(&view.role).ok_or_else(|| invalid("role"))?;
        let account = LedgerAccount {
            code: view.code.trim().to_owned(),
            name: view.name.trim().to_owned(),
        };
        match view.channel {
            None => {
                roles.insert(role, account);
            }
            Some(channel) => {
                if paydesk_desk::channel(&channel).is_none() || role != AccountRole::InTransit {
                    return Err(invalid("channel"));
                }
                channels.insert(channel, account);
            }
        }
    }
    AccountMap::new(roles, channels).map_err(|fault| {
        let params = [
            ("role", fault.role.name().to_owned()),
            ("channel", fault.channel.unwrap_or_default()),
            ("field", fault.field.to_owned()),
        ];
        refused_with(ErrorCode::LedgerAccountWrong, &params)
    })
}

fn days_of(from: ChannelDay, to: ChannelDay) -> impl Iterator<Item = ChannelDay> {
    let days = from.date().zip(to.date());
    let each = days.into_iter().flat_map(|(from, to)| {
        std::iter::successors(Some(from), |day| day.tomorrow().ok())
            .take_while(move |day| *day <= to)
    });
    each.map(ChannelDay::from_date)
}

fn cash_figures(day: ChannelDay, cash: &CashDay) -> Result<CashFigures, ExportError> {
    let mut difference = Money::zero(cash.taken.currency());
    for found in cash.drawers.iter().filter_map(|drawer| drawer.difference) {
        difference = difference.checked_add(found)?;
    }
    Ok(CashFigures {
        day: day.date().unwrap_or_default(),
        taken: cash.taken,
        returned: cash.returned,
        paid_in: cash.paid_in,
        paid_out: cash.paid_out,
        difference,
    })
}

/// A day as its bill tells it, with what of its money came to the bank; the rest is on its way.
fn figures(
    bill: &KeptBill,
    arrival: Option<&DayArrival>,
    account: &str,
) -> Result<DayFigures, ExportError> {
    let (books, file) = (&bill.summary.books, &bill.summary.bill);
    let day = bill.day.date().unwrap_or_default();
    let none = Money::zero(books.paid.currency());
    let left = |paid: Money, refunded: Money| paid.checked_sub(refunded);
    let difference =
        left(books.paid, books.refunded)?.checked_sub(left(file.paid, file.refunded)?)?;
    let of = |money: fn(&DayArrival) -> Money| arrival.map_or(none, money);
    Ok(DayFigures {
        gross: books.paid,
        refunds: books.refunded,
        fees: file.fee,
        // What is held back, and what rounding took: both less than nothing where money came.
        reserve: none.checked_sub(of(|arrival| arrival.reserve))?,
        rounding: none.checked_sub(of(DayArrival::rounding))?,
        difference,
        to_bank: of(|arrival| arrival.arrived),
        ..DayFigures::nothing(day, &bill.channel.0, account, books.paid.currency())
    })
}

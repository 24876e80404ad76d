//! Generated files read by the product's own parsers and compared by its engine.

use paydesk_channels::{AccountSettings, Bills, Span};
use paydesk_domain::{
    BillLine, BookLine, ChannelDay, ContractRate, Currency, DayCut, FeeRate, MerchantRef, Money,
    RateTable, Totals, total,
};
use paydesk_recon::{
    BillSide, BriefLine, Difference, FeeAudit, FeeFinding, FeeTerms, Met, OtherBills, PlainBill,
    Setting, Summary,
};
use paydesk_truth::{BillFile, Channel, Exception, Written};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What the product says of a channel's day.
pub(crate) struct Said {
    /// Its differences.
    pub(crate) found: Vec<Exception>,
    /// Fees that are not the contract's.
    pub(crate) audited: Vec<Exception>,
    /// The day in numbers.
    pub(crate) summary: Summary,
    /// Differences whose addition was done again.
    pub(crate) additions: u64,
}

fn rate_table(day: ChannelDay) -> RateTable {
    let rate = |millionths| FeeRate::from_millionths(millionths).unwrap();
    let until = ContractRate {
        to: day.previous(),
        ..ContractRate::always(rate(6_000))
    };
    let since = ContractRate {
        from: Some(day),
        ..ContractRate::always(rate(3_800))
    };
    RateTable::new(vec![since, until]).unwrap()
}

fn connector(channel: Channel) -> &'static dyn Bills {
    paydesk_channels::by_id(channel.name())
        .unwrap()
        .bills()
        .unwrap()
}

fn account() -> AccountSettings {
    AccountSettings {
        sandbox: false,
        gateway: String::new(),
        fields: BTreeMap::new(),
    }
}

fn bill_lines(channel: Channel, path: &Path, day: i32) -> (Vec<BillLine>, Totals) {
    let bills = connector(channel);
    let text = bills.open(&fs::read(path).unwrap(), None).unwrap();
    assert_eq!(text.day, Some(ChannelDay(day)), "{}", path.display());
    let mut lines = Vec::new();
    let totals = bills.read(&text, &account(), &mut |line| lines.push(line));
    (
        lines,
        totals.unwrap_or_else(|fault| panic!("{}: {fault}", path.display())),
    )
}

/// The same day with the bill streamed past, what agrees beyond doubt settled first, and only the rest given to the
/// engine: nothing of it may differ.
fn settled_first(
    written: &Written,
    channel: Channel,
    setting: Setting,
) -> (Vec<Difference>, Summary) {
    let bills = connector(channel);
    let is_here = |it: &&BillFile| it.channel == channel && it.day == written.day;
    let here = written.bills.iter().find(is_here).unwrap();
    let mut file = fs::File::open(&here.path).unwrap();
    let mut plain = PlainBill::default();
    let end = bills.stream(&mut file, None, &account(), &mut |line| {
        let brief = BriefLine {
            kind: line.kind,
            reference: line.reference,
            amount: line.amount,
            fee: Some(line.fee),
            state: line.state,
        };
        plain.push(&brief, line.row, line.offset);
        Ok(())
    });
    let (end, mut plain) = (end.unwrap(), plain.close());
    let lines = book_lines(written, channel);
    let met: Vec<Met> = (lines.iter())
        .map(|line| {
            let brief = BriefLine {
                kind: line.kind,
                reference: line.reference().as_bytes(),
                amount: line.amount,
                fee: line.fee,
                state: line.state,
            };
            let is_ours = MerchantRef::parse(line.reference()).is_ok();
            plain.push(&brief, is_ours, line.day == setting.day)
        })
        .collect();
    let mut left = plain.left().map(|(row, offset)| Span {
        row,
        offset,
        lines: 1,
    });
    let (mut bill, mut strange) = (BillSide::new(setting), BTreeSet::new());
    bills
        .lines_at(&mut file, &mut left, &mut |line| {
            if MerchantRef::parse(line.reference()).is_err() {
                strange.insert(line.transaction.clone());
            }
            bill.push(line).unwrap();
        })
        .unwrap();
    let mut books = bill.close(Some(end.totals));
    for (line, met) in lines.iter().zip(met) {
        let is_wanted = match met {
            Met::Agrees => plain.again().iter().any(|it| it == line.reference()),
            Met::Left => true,
            Met::Elsewhere => (line.transaction.as_ref()).is_some_and(|it| strange.contains(it)),
        };
        if is_wanted {
            books.push(line.clone()).unwrap();
        }
    }
    let mut others = books.close().unwrap();
    push_others(&mut others, written, channel);
    let mut found = Vec::new();
    let rest = others
        .finish(&mut |_| {}, &mut |it| found.push(it))
        .unwrap();
    let settled = plain.settled().unwrap();
    assert!(
        settled.matched * 10 > rest.matched * 9,
        "{settled:?}, {rest:?}"
    );
    (found, settled.with(rest).unwrap())
}

fn book_lines(written: &Written, channel: Channel) -> Vec<BookLine> {
    let (_, path) = (written.books.iter())
        .find(|(its, _)| *its == channel)
        .unwrap();
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// The bills of the neighbouring days.
fn push_others(others: &mut OtherBills, written: &Written, channel: Channel) {
    for other in &written.bills {
        if other.channel == channel && other.day != written.day {
            for line in bill_lines(channel, &other.path, other.day).0 {
                others.push(ChannelDay(other.day), &line).unwrap();
            }
        }
    }
}

/// What the engine says of a channel's day.
pub(crate) fn compared(written: &Written, channel: Channel) -> Said {
    let day = ChannelDay(written.day);
    let rates = rate_table(day);
    let setting = Setting::of(day, DayCut::MIDNIGHT, rates.on(day)).unwrap();
    let is_here = |it: &&BillFile| it.channel == channel && it.day == written.day;
    let here = written.bills.iter().find(is_here).unwrap();
    let (lines, totals) = bill_lines(channel, &here.path, here.day);
    let mut bill = BillSide::new(setting);
    for line in &lines {
        bill.push(line.clone()).unwrap();
    }
    let mut books = bill.close(Some(totals));
    for line in book_lines(written, channel) {
        books.push(line).unwrap();
    }
    let mut others = books.close().unwrap();
    push_others(&mut others, written, channel);
    let mut found = Vec::new();
    let summary = others
        .finish(&mut |_| {}, &mut |it| found.push(it))
        .unwrap();
    assert_eq!(summary.file_agrees(), Some(true));
    let again = settled_first(written, channel, setting);
    assert_eq!((&again.0, &again.1), (&found, &summary));
    let mut additions = 0;
    for difference in &found {
        if let Some(sum) = total(&difference.arithmetic()).unwrap() {
            additions += 1;
            assert_eq!(Some(sum), difference.found.difference, "{difference:?}");
        }
    }
    let found = found.iter().map(|it| exception(channel, it)).collect();
    Said {
        found,
        audited: audited(channel, day, &lines, &rates),
        summary,
        additions,
    }
}

fn exception(channel: Channel, it: &Difference) -> Exception {
    let book = it.found.book.as_ref().map(BookLine::reference);
    let bill = it.found.bill.as_ref().map(BillLine::reference);
    Exception {
        account: channel.name().to_owned(),
        code: it.found.code.name().to_owned(),
        reference: book.or(bill).unwrap().to_owned(),
        amount: it.found.difference.map(Money::minor),
    }
}

fn audited(
    channel: Channel,
    day: ChannelDay,
    lines: &[BillLine],
    rates: &RateTable,
) -> Vec<Exception> {
    let terms = FeeTerms {
        contract: &|day| rates.on(day),
        returns_fee: Some(true),
        paid_on: &|_| None,
    };
    let mut audit = FeeAudit::begin(Currency::CNY);
    let findings: Vec<FeeFinding> = lines
        .iter()
        .filter_map(|line| audit.line(day, line, &terms).unwrap())
        .collect();
    let of_kind = |wanted: bool| {
        let more = findings.iter().map(|it| it.more.minor());
        more.filter(move |it| (*it > 0) == wanted).map(i64::abs)
    };
    assert_eq!(audit.overcharged.minor(), of_kind(true).sum::<i64>());
    assert_eq!(audit.undercharged.minor(), of_kind(false).sum::<i64>());
    let counted = |lines: u64| usize::try_from(lines).unwrap();
    assert_eq!(counted(audit.lines_over), of_kind(true).count());
    assert_eq!(counted(audit.lines_under), of_kind(false).count());
    let name = |more: i64| {
        if more > 0 {
            "overcharged"
        } else {
            "undercharged"
        }
    };
    let of = |it: &FeeFinding| Exception {
        account: channel.name().to_owned(),
        code: name(it.more.minor()).to_owned(),
        reference: it.line.reference().to_owned(),
        amount: Some(it.more.minor().abs()),
    };
    findings.iter().map(of).collect()
}

//! Generated files read by the product's own parsers and compared by its engine.

use paydesk_channels::{AccountSettings, Bills};
use paydesk_domain::{
    BillLine, BookLine, ChannelDay, ContractRate, Currency, FeeRate, Money, RateTable, Totals,
    total,
};
use paydesk_recon::{BillSide, Difference, FeeAudit, FeeFinding, FeeTerms, Setting, Summary};
use paydesk_truth::{Channel, Exception, Written};
use std::collections::BTreeMap;
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

/// What the engine says of a channel's day.
pub(crate) fn compared(written: &Written, channel: Channel) -> Said {
    let day = ChannelDay(written.day);
    let rates = rate_table(day);
    let setting = Setting::of_china(day, rates.on(day)).unwrap();
    let of = |wanted: bool| {
        (written.bills.iter())
            .filter(move |it| it.channel == channel && (it.day == written.day) == wanted)
    };
    let here = of(true).next().unwrap();
    let (lines, totals) = bill_lines(channel, &here.path, here.day);
    let mut bill = BillSide::new(setting);
    for line in &lines {
        bill.push(line.clone()).unwrap();
    }
    let mut books = bill.close(Some(totals));
    let (_, path) = written
        .books
        .iter()
        .find(|(its, _)| *its == channel)
        .unwrap();
    for line in fs::read_to_string(path).unwrap().lines() {
        books.push(serde_json::from_str(line).unwrap()).unwrap();
    }
    let mut others = books.close().unwrap();
    for other in of(false) {
        for line in bill_lines(channel, &other.path, other.day).0 {
            others.push(ChannelDay(other.day), &line).unwrap();
        }
    }
    let mut found = Vec::new();
    let summary = others
        .finish(&mut |_| {}, &mut |it| found.push(it))
        .unwrap();
    assert_eq!(summary.file_agrees(), Some(true));
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

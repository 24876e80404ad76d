//! Payouts against bank lines: each kind of proof, what is only a candidate, what explains a difference, and that
//! no input keeps the search busy.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise"
)]

use jiff::civil::{Date, date};
use paydesk_domain::*;
use paydesk_recon::payouts::*;
use proptest::prelude::*;
use std::time::{Duration, Instant};

const NAME: &str = "财付通支付科技有限公司";
const MERCHANT: &str = "1900000109";

fn cny(minor: i64) -> Money {
    Money::from_minor(minor, Currency::CNY)
}

/// A day of November 2026: the 20th is a Friday.
fn day(number: i32, paid: i64) -> OwedDay {
    let rate = FeeRate::from_millionths(6_000).unwrap();
    let mut totals = Totals::zero(Currency::CNY);
    totals.payments = 3;
    totals.paid = cny(paid);
    totals.fee = cny(Rounding::HalfUp.share(paid, rate));
    OwedDay {
        day: ChannelDay(20_261_100 + number),
        totals,
        reserve: cny(0),
        other: cny(0),
        near_end: Vec::new(),
        contract: Some(ContractRate::always(rate)),
    }
}

fn net(owed: &OwedDay) -> i64 {
    let totals = &owed.totals;
    totals.paid.minor() - totals.refunded.minor() - totals.fee.minor() + owed.reserve.minor()
}

fn account(days: Vec<OwedDay>) -> PayingAccount {
    PayingAccount {
        account: AccountId("wechatpay-1".to_owned()),
        names: vec![NAME.to_owned()],
        merchants: vec![MERCHANT.to_owned()],
        arrives_after: 1,
        days,
        sent: Vec::new(),
    }
}

fn line(booked: i8, minor: i64, payer: &str, text: &str) -> BankLine {
    let mut line = BankLine::new(2, date(2026, 11, booked), cny(minor));
    line.counterparty = payer.to_owned();
    line.text = text.to_owned();
    line
}

fn today() -> Date {
    date(2026, 11, 30)
}

fn matched(accounts: &[PayingAccount], lines: &[BankLine]) -> Payouts {
    let bank: Vec<BankEntry<'_>> = (0..)
        .zip(lines)
        .map(|(id, line)| BankEntry { id, line })
        .collect();
    let found = match_payouts(accounts, &bank, today(), &BankCalendar::default()).unwrap();
    every_day_once(accounts, &found);
    every_addition_holds(&found, lines);
    found
}

fn every_day_once(accounts: &[PayingAccount], found: &Payouts) {
    let mut given: Vec<_> = (accounts.iter())
        .flat_map(|it| it.days.iter().map(|day| (it.account.0.clone(), day.day)))
        .collect();
    let mut placed: Vec<_> = (found.payouts.iter().flat_map(|it| &it.parts))
        .flat_map(|part| part.days.iter().map(|day| (part.account.0.clone(), *day)))
        .collect();
    given.sort();
    placed.sort();
    assert_eq!(given, placed);
}

fn every_addition_holds(found: &Payouts, lines: &[BankLine]) {
    for payout in &found.payouts {
        let sum: i64 = payout.terms.iter().map(|term| term.amount.minor()).sum();
        assert_eq!(sum, payout.net.minor());
        if !payout.bank.is_empty() {
            let amounts = payout.bank.iter().map(|id| lines[*id as usize].amount);
            let bank: i64 = amounts.map(Money::minor).sum();
            assert_eq!(sum + payout.difference.minor(), bank);
            let third = |reason: &Reason| {
                matches!(
                    reason,
                    Reason::PayerName | Reason::MerchantNumber | Reason::PayoutNumber
                )
            };
            assert!(payout.reasons.iter().any(third), "amount and date alone");
        }
    }
}

#[test]
fn a_weekend_comes_as_one_payout_with_its_reasons() {
    let days = vec![day(20, 10_000), day(21, 25_050), day(22, 7_777)];
    let total: i64 = days.iter().map(net).sum();
    let text = "商户1900000109结算20261120-20261122";
    let found = matched(&[account(days)], &[line(23, total, NAME, text)]);
    let [payout] = found.payouts.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        payout.arrival,
        Arrival::Arrived {
            on: date(2026, 11, 23)
        }
    );
    assert_eq!(payout.parts[0].days.len(), 3);
    let reasons = [
        Reason::AmountEqual,
        Reason::Period,
        Reason::MerchantNumber,
        Reason::PayerName,
        Reason::OnTime,
        Reason::DaysApart(1),
    ];
    assert!(
        reasons.iter().all(|it| payout.reasons.contains(it)),
        "{:?}",
        payout.reasons
    );
    assert!(found.other.is_empty() && found.candidates.is_empty());
}

#[test]
fn amount_and_date_alone_are_only_a_candidate() {
    let days = vec![day(18, 10_000)];
    let total = net(&days[0]);
    let found = matched(&[account(days)], &[line(19, total, "某某贸易公司", "货款")]);
    assert_eq!(found.payouts[0].arrival, Arrival::Overdue { days: 11 });
    assert_eq!(found.other, [0]);
    assert_eq!(found.candidates[0].net, cny(total));
    assert_eq!(
        found.candidates[0].reasons,
        [Reason::AmountEqual, Reason::OnTime, Reason::DaysApart(1)]
    );
}

#[test]
fn two_movements_of_equal_weight_are_left_to_a_person() {
    let days = vec![day(18, 10_000)];
    let total = net(&days[0]);
    let twice = [line(19, total, NAME, ""), line(19, total, NAME, "")];
    let found = matched(&[account(days)], &twice);
    assert_eq!(found.payouts[0].bank, []);
    assert_eq!(found.candidates.len(), 2);
}

#[test]
fn each_of_two_equal_days_finds_its_own_movement() {
    let days = vec![day(17, 10_000), day(18, 10_000)];
    let total = net(&days[0]);
    let lines = [line(18, total, NAME, ""), line(19, total, NAME, "")];
    let found = matched(&[account(days)], &lines);
    let banks: Vec<_> = found.payouts.iter().map(|it| it.bank.clone()).collect();
    assert_eq!(banks, [vec![0], vec![1]]);
}

#[test]
fn one_movement_of_several_merchants_is_their_days_together() {
    let mut second = account(vec![day(18, 33_300)]);
    second.account = AccountId("wechatpay-2".to_owned());
    second.merchants = vec!["1900000207".to_owned()];
    let accounts = [account(vec![day(18, 10_000)]), second];
    let total = accounts.iter().map(|it| net(&it.days[0])).sum();
    let text = "结算款 1900000109;1900000207";
    let found = matched(&accounts, &[line(19, total, NAME, text)]);
    assert_eq!(found.payouts.len(), 1);
    assert_eq!(found.payouts[0].parts.len(), 2);
}

#[test]
fn a_payout_that_is_named_and_differs_says_how() {
    for (more, code) in [(-500, BreakCode::PayoutShort), (500, BreakCode::PayoutOver)] {
        let mut owed = account(vec![day(18, 10_000)]);
        let total = net(&owed.days[0]);
        owed.sent = vec![Sent {
            number: "2026111900041001".to_owned(),
            day: ChannelDay(20_261_119),
            amount: cny(total),
        }];
        let text = "提现 2026111900041001";
        let found = matched(&[owed], &[line(19, total + more, NAME, text)]);
        assert_eq!(found.payouts[0].code(), Some(code));
        assert_eq!(found.payouts[0].difference, cny(more));
        assert!(matches!(found.payouts[0].arrival, Arrival::Differs { .. }));
    }
}

#[test]
fn each_explanation_comes_to_the_cent() {
    let text = "商户1900000109结算20261118";
    let mut rounded = day(18, 10_000);
    // Three lines, each rounded up by less than half a cent.
    rounded.totals.fee = cny(rounded.totals.fee.minor() + 1);
    let mut cut = day(18, 10_000);
    cut.near_end = vec![cny(130), cny(2_000)];
    let mut plain = day(18, 10_000);
    plain.reserve = cny(-1_000);
    for (owed, more, name) in [
        (rounded, 1, PayoutTermName::FeeRounding),
        (cut.clone(), -2_000, PayoutTermName::CutOff),
        (cut, -2_130, PayoutTermName::CutOff),
        (day(18, 10_000), 60, PayoutTermName::FeeNotTaken),
        (plain, 0, PayoutTermName::Reserve),
    ] {
        let total = net(&owed);
        let found = matched(
            &[account(vec![owed])],
            &[line(19, total + more, NAME, text)],
        );
        let payout = &found.payouts[0];
        assert!(
            matches!(payout.arrival, Arrival::Arrived { .. }),
            "{name:?} {payout:?}"
        );
        assert_eq!(payout.terms.last().unwrap().name, name);
    }
    let mut next = day(19, 5_000);
    next.totals.refunded = cny(700);
    next.totals.refunds = 1;
    let first = day(18, 10_000);
    let total = net(&first);
    let found = matched(
        &[account(vec![first, next])],
        &[line(19, total - 700, NAME, text)],
    );
    assert_eq!(
        found.payouts[0].terms.last().unwrap().name,
        PayoutTermName::LaterRefunds
    );
}

#[test]
fn a_payout_that_came_in_parts_is_found_by_what_each_part_names() {
    let owed = || vec![day(20, 100_000), day(21, 25_050), day(22, 7_777)];
    let total: i64 = owed().iter().map(net).sum();
    let period = "商户1900000109 2026-11-20至2026-11-22结算款";
    let parts = [60_000, total - 60_000 - 1_000, 1_000];
    let lines: Vec<BankLine> = (parts.iter())
        .map(|minor| line(23, *minor, NAME, period))
        .collect();
    let found = matched(&[account(owed())], &lines);
    assert_eq!(found.payouts.len(), 1, "{found:?}");
    let [payout] = found.payouts.as_slice() else {
        panic!("one payout")
    };
    assert_eq!(payout.bank, [0, 1, 2]);
    assert!(payout.reasons.contains(&Reason::InParts(3)));
    assert!(matches!(payout.arrival, Arrival::Arrived { .. }));
    assert!(found.other.is_empty() && found.candidates.is_empty());

    // By the payout's number alone, on two days; a part that is missing leaves it short.
    let number = "20261123200000000007";
    let text = format!("提现 {number}");
    let mut numbered = account(owed());
    numbered.sent = vec![Sent {
        number: number.to_owned(),
        day: ChannelDay(20_261_123),
        amount: cny(total),
    }];
    let both = [
        line(23, 60_000, "", &text),
        line(24, total - 60_000, "", &text),
    ];
    let found = matched(std::slice::from_ref(&numbered), &both);
    assert_eq!(found.payouts[0].bank, [0, 1]);
    let on = date(2026, 11, 24);
    assert_eq!(found.payouts[0].arrival, Arrival::Arrived { on });
    let short = [
        line(23, 60_000, "", &text),
        line(24, total - 60_100, "", &text),
    ];
    let found = matched(&[numbered], &short);
    assert_eq!(found.payouts[0].bank, [0, 1]);
    assert_eq!(found.payouts[0].code(), Some(BreakCode::PayoutShort));
    assert_eq!(found.payouts[0].difference, cny(-100));
}

#[test]
fn parts_that_only_add_up_are_no_payout() {
    let owed = day(18, 100_000);
    let total = net(&owed);
    let lines = [
        line(19, 40_000, NAME, ""),
        line(19, total - 40_000, NAME, ""),
    ];
    let found = matched(&[account(vec![owed])], &lines);
    assert!(found.payouts[0].bank.is_empty(), "{found:?}");
    assert_eq!(found.other, [0, 1]);
}

#[test]
fn the_same_payout_booked_twice_is_left_to_a_person() {
    let owed = day(18, 100_000);
    let total = net(&owed);
    let text = "商户1900000109结算20261118";
    let lines = [line(19, total, NAME, text), line(19, total, NAME, text)];
    let found = matched(&[account(vec![owed])], &lines);
    assert!(found.payouts[0].bank.is_empty(), "{found:?}");
    assert!(found.candidates.len() >= 2);
}

#[test]
fn another_movement_at_the_channel_explains_what_is_missing_to_the_cent() {
    let mut owed = day(18, 100_000);
    owed.other = cny(-3_000);
    let total = net(&owed);
    let text = "商户1900000109结算20261118";
    let found = matched(
        &[account(vec![owed.clone()])],
        &[line(19, total - 3_000, NAME, text)],
    );
    let payout = &found.payouts[0];
    assert_eq!(payout.terms.last().unwrap().name, PayoutTermName::Other);
    assert!(matches!(payout.arrival, Arrival::Arrived { .. }));
    let found = matched(
        &[account(vec![owed])],
        &[line(19, total - 2_999, NAME, text)],
    );
    assert_eq!(found.payouts[0].difference, cny(-2_999));
}

#[test]
fn scattered_days_are_shown_and_not_taken() {
    let days = vec![day(16, 10_001), day(17, 20_003), day(18, 40_009)];
    let total = net(&days[0]) + net(&days[2]);
    let found = matched(&[account(days)], &[line(19, total, NAME, "")]);
    assert_eq!(found.other, [0]);
    let best = &found.candidates[0];
    assert_eq!(
        best.parts[0].days,
        [ChannelDay(20_261_116), ChannelDay(20_261_118)]
    );
    assert!(best.reasons.contains(&Reason::Scattered));
}

#[test]
fn holidays_and_working_weekends_move_the_expected_day() {
    let mut calendar = BankCalendar::default();
    calendar.holidays.insert(date(2026, 11, 23));
    calendar.workdays.insert(date(2026, 11, 28));
    assert_eq!(
        calendar.after(date(2026, 11, 20), 1),
        Some(date(2026, 11, 24))
    );
    assert_eq!(
        calendar.after(date(2026, 11, 27), 1),
        Some(date(2026, 11, 28))
    );
    let not_yet = account(vec![day(29, 10_000), day(30, 10_000)]);
    let found = match_payouts(&[not_yet], &[], today(), &calendar).unwrap();
    let states: Vec<_> = found.payouts.iter().map(|it| it.arrival).collect();
    assert_eq!(states, [Arrival::Expected, Arrival::Expected]);
}

/// Hundreds of days of nearly equal sums that never add up: each search would be endless without its bounds.
#[test]
fn a_hostile_statement_ends_quickly() {
    let days: Vec<OwedDay> = (0..365)
        .map(|n| {
            let date = date(2026, 1, 1)
                .checked_add(jiff::Span::new().days(n))
                .unwrap();
            let mut owed = day(1, 1_000_000 + 2 * n);
            owed.day = ChannelDay::from_date(date);
            owed
        })
        .collect();
    let lines: Vec<BankLine> = (0..365_i64)
        .map(|n| {
            let mut it = line(1, 7_654_321 + 2 * n, NAME, MERCHANT);
            it.booked = date(2026, 1, 2)
                .checked_add(jiff::Span::new().days(n))
                .unwrap();
            it
        })
        .collect();
    let began = Instant::now();
    let found = matched(&[account(days)], &lines);
    assert!(found.is_cut_short);
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}

proptest! {
    /// Whatever came, every day is in one payout, every addition holds, and the order of the input changes nothing.
    #[test]
    fn every_day_has_one_place(
        sums in prop::collection::vec(0_i64..40, 0..12),
        lines in prop::collection::vec((1_i8..29, 0_i64..60, any::<bool>()), 0..8),
        seed in any::<u64>(),
    ) {
        let days: Vec<OwedDay> = (1..).zip(&sums).map(|(n, sum)| day(n, sum * 1_000)).collect();
        let lines: Vec<BankLine> = lines
            .into_iter()
            .map(|(booked, sum, named)| line(booked, sum * 994, if named { NAME } else { "" }, ""))
            .collect();
        let first = matched(&[account(days.clone())], &lines);
        let mut shuffled = days;
        shuffled.sort_by_key(|it| (i64::from(it.day.0) as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        prop_assert_eq!(first, matched(&[account(shuffled)], &lines));
    }
}

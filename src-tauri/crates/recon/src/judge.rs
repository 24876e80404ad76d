//! What is said about one movement: the rules and their precedence. Looks at one pair or one line only.

use crate::{Counts, Difference, ReconError, Setting, damage};
use paydesk_domain::{
    Amount, BillLine, BookLine, Break, BreakCode, ChannelDay, Explanation, FeeRate, FeeSum,
    LineKind, LineState, MerchantRef, Money, MoneyError, Rounding, Timestamp,
};

/// So close to midnight two clocks may name two days: channels answer a password payment within minutes.
pub const NEAR_MIDNIGHT_SECONDS: u64 = 600;

/// Whether a reference is one that this program makes: its form and its check character.
pub(crate) fn is_ours(reference: &str) -> bool {
    MerchantRef::parse(reference).is_ok()
}

/// The differences of a pair; none when it agrees. `book` may be of a neighbouring day. A mangled reference stands
/// beside whatever else there is, and then counts no money of its own.
pub(crate) fn pair(
    setting: &Setting,
    bill: &BillLine,
    book: &BookLine,
) -> Result<Vec<Difference>, ReconError> {
    let mut found = movement(setting, bill, book)?;
    let damage = damage::of(bill.reference(), book.reference());
    if let Some(damage) = damage.filter(|damage| damage::is_proven(*damage, bill, book)) {
        let is_alone = found.is_empty();
        let counts = Counts {
            bill: is_alone,
            book: is_alone,
        };
        found.push(Difference {
            found: Break {
                code: BreakCode::ReferenceDamaged,
                bill: Some(bill.clone()),
                book: Some(book.clone()),
                difference: Some(Money::zero(bill.amount.currency())),
            },
            explanation: Explanation::ReferenceMangled { damage },
            counts,
        });
    }
    Ok(found)
}

/// What is said about the movement of a pair, whatever its reference looks like.
fn movement(
    setting: &Setting,
    bill: &BillLine,
    book: &BookLine,
) -> Result<Vec<Difference>, ReconError> {
    let here = book.day == setting.day;
    let counts = Counts {
        bill: true,
        book: here,
    };
    let say = |code, difference, explanation, counts| Difference {
        found: Break {
            code,
            bill: Some(bill.clone()),
            book: Some(book.clone()),
            difference,
        },
        explanation,
        counts,
    };
    if bill.amount.currency() != book.amount.currency() {
        let why = Explanation::Unexplained;
        return Ok(vec![say(BreakCode::Currency, None, why, counts)]);
    }
    if bill.state != book.state {
        let in_doubt = LineState::Pending;
        let why = if bill.state == in_doubt || book.state == in_doubt {
            Explanation::InDoubtWhenCut
        } else {
            Explanation::Unexplained
        };
        let ours = if here {
            moved(book.amount, book.state)
        } else {
            Money::zero(book.amount.currency())
        };
        let difference = less(bill, moved(bill.amount, bill.state), ours)?;
        return Ok(vec![say(BreakCode::Status, Some(difference), why, counts)]);
    }
    if bill.state != LineState::Done {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let over = less(bill, bill.amount, book.amount)?;
    if over.minor() != 0 {
        let code = if over.minor() > 0 {
            BreakCode::AmountOver
        } else {
            BreakCode::AmountUnder
        };
        found.push(say(code, Some(over), Explanation::Unexplained, counts));
    } else if !here {
        let (code, midnight) = side_of(setting, book.day);
        let why = near(bill.at, midnight);
        return Ok(vec![say(code, Some(bill.amount), why, counts)]);
    }
    if let Some(contract) = book.fee.filter(|_| here) {
        let more = less(bill, bill.fee, contract)?;
        if more.minor() != 0 {
            // The money of the pair stands under the amount already.
            let first = found.is_empty();
            let counts = Counts {
                bill: first,
                book: first,
            };
            let why = fee(setting, bill, book, contract);
            found.push(say(BreakCode::Fee, Some(more), why, counts));
        }
    }
    Ok(found)
}

/// A line of the bill that our books do not hold.
pub(crate) fn missing_ours(setting: &Setting, bill: BillLine) -> Difference {
    let explanation = if is_ours(bill.reference()) {
        near_either(setting, bill.at)
    } else {
        Explanation::NotAPaydeskNumber
    };
    let code = match bill.kind {
        LineKind::Payment => BreakCode::MissingOurs,
        LineKind::Refund => BreakCode::RefundExtra,
    };
    let difference = Some(moved(bill.amount, bill.state));
    one_sided_bill(code, bill, difference, explanation)
}

/// A row of the bill that another row already says.
pub(crate) fn repeated_row(bill: BillLine, first_row: u64) -> Difference {
    let difference = Some(moved(bill.amount, bill.state));
    let why = Explanation::RepeatedRow { first_row };
    one_sided_bill(BreakCode::DuplicateChannel, bill, difference, why)
}

fn one_sided_bill(
    code: BreakCode,
    bill: BillLine,
    difference: Option<Money>,
    explanation: Explanation,
) -> Difference {
    Difference {
        found: Break {
            code,
            bill: Some(bill),
            book: None,
            difference,
        },
        explanation,
        counts: Counts {
            bill: true,
            book: false,
        },
    }
}

/// A line of ours that the bill does not hold, or holds once where we have it twice; `elsewhere` is the
/// neighbouring bill's line.
pub(crate) fn ours_alone(
    setting: &Setting,
    book: BookLine,
    is_repeat: bool,
    elsewhere: Option<(ChannelDay, BillLine)>,
) -> Difference {
    let (code, explanation, bill) = match elsewhere {
        _ if is_repeat => (BreakCode::DuplicateOurs, Explanation::Unexplained, None),
        Some((day, line)) => {
            let (code, midnight) = side_of(setting, day);
            (code, near(book.at, midnight), Some(line))
        }
        None => {
            let why = match book.state {
                LineState::Pending => Explanation::InDoubtWhenCut,
                LineState::Done | LineState::Failed => near_either(setting, book.at),
            };
            let code = match book.kind {
                LineKind::Payment => BreakCode::MissingChannel,
                LineKind::Refund => BreakCode::RefundMissing,
            };
            (code, why, None)
        }
    };
    let money = moved(book.amount, book.state);
    let difference = money
        .minor()
        .checked_neg()
        .map(|minor| Money::from_minor(minor, money.currency()));
    Difference {
        found: Break {
            code,
            bill,
            book: Some(book),
            difference,
        },
        explanation,
        counts: Counts {
            bill: false,
            book: true,
        },
    }
}

fn moved(amount: Money, state: LineState) -> Money {
    match state {
        LineState::Done => amount,
        LineState::Failed | LineState::Pending => Money::zero(amount.currency()),
    }
}

fn less(bill: &BillLine, left: Money, right: Money) -> Result<Money, ReconError> {
    left.checked_sub(right)
        .map_err(|source: MoneyError| ReconError::Money {
            side: "bill",
            reference: bill.reference().to_owned(),
            source,
        })
}

/// The code for the other side's day, and the midnight between the two days.
fn side_of(setting: &Setting, other: ChannelDay) -> (BreakCode, Timestamp) {
    if other > setting.day {
        (BreakCode::NextDay, setting.ends)
    } else {
        (BreakCode::PreviousDay, setting.starts)
    }
}

fn seconds_between(at: Timestamp, midnight: Timestamp) -> u64 {
    at.0.abs_diff(midnight.0) / 1_000
}

fn near(at: Timestamp, midnight: Timestamp) -> Explanation {
    let seconds = seconds_between(at, midnight);
    if seconds <= NEAR_MIDNIGHT_SECONDS {
        Explanation::HappenedNearMidnight { seconds }
    } else {
        Explanation::Unexplained
    }
}

fn near_either(setting: &Setting, at: Timestamp) -> Explanation {
    let start = seconds_between(at, setting.starts);
    let end = seconds_between(at, setting.ends);
    let nearest = if start < end {
        setting.starts
    } else {
        setting.ends
    };
    near(at, nearest)
}

/// Which arithmetic gives the bill's fee; `ours` is the contract's in our books.
fn fee(setting: &Setting, bill: &BillLine, book: &BookLine, ours: Money) -> Explanation {
    let base = bill.amount;
    // A fee that comes back with a refund is negative; its size follows the same rate.
    let charged = bill.fee.minor().saturating_abs();
    let sum = |rate, rounding| FeeSum {
        base,
        rate,
        rounding,
        is_returned: bill.fee.minor() < 0,
        ours,
    };
    if let Some(contract) = setting.contract {
        let by_contract = |money: Money| {
            let amount = Amount::new(money).ok()?;
            Some(contract.fee_on(amount).minor())
        };
        let expected = by_contract(book.amount) == Some(ours.minor().saturating_abs());
        let rules = [contract.rounding].into_iter().chain(Rounding::ALL);
        let fits = |rule: &Rounding| rule.share(base.minor(), contract.rate) == charged;
        match rules
            .into_iter()
            .find(fits)
            .map(|rule| sum(contract.rate, rule))
        {
            // The fee of a payment under an earlier rate comes back under the one of today.
            Some(sum) if !expected && bill.kind == LineKind::Refund => {
                let implied = contract.rate;
                let sum = Some(sum);
                return Explanation::FeeRateDiffers { implied, sum };
            }
            Some(sum) if expected && base != book.amount => {
                return Explanation::FeeFollowsAmount { sum };
            }
            Some(sum) if expected => return Explanation::RoundingPerLine { sum: Some(sum) },
            Some(_) | None => {}
        }
    }
    match implied(bill, i128::from(base.minor()), i128::from(charged)) {
        // The contract's own rate is no other rate: then our own fee is the odd one.
        Some(implied) if Some(implied) != setting.contract.map(|contract| contract.rate) => {
            let sum = Some(sum(implied, Rounding::HalfUp));
            Explanation::FeeRateDiffers { implied, sum }
        }
        Some(_) | None => Explanation::Unexplained,
    }
}

/// The roundest rate that gives exactly this fee on this amount.
fn implied(bill: &BillLine, minor: i128, charged: i128) -> Option<FeeRate> {
    let amount = Amount::new(bill.amount).ok()?;
    if charged == 0 {
        return FeeRate::from_millionths(0);
    }
    let exact = (charged * 1_000_000 + minor / 2) / minor;
    // 0.1 %, 0.01 %, 0.001 % and the last digit: contracts are written in round numbers.
    [1_000, 100, 10, 1].into_iter().find_map(|step| {
        let rounded = (exact + step / 2) / step * step;
        let rate = FeeRate::from_millionths(u32::try_from(rounded).ok()?)?;
        (i128::from(rate.fee_on(amount).minor()) == charged).then_some(rate)
    })
}

//! The sandbox's customers: what the last two digits of a payment code make happen.
//!
//! One table, used by the panel, the printable sheet, the command line and the documents. It must
//! never know a channel's wire format.

use serde::{Deserialize, Serialize};

use crate::ledger::{Channel, Fen};

/// What a customer does with a charge.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// Pays at once.
    Pays,
    /// Is asked for a password and pays after some seconds.
    PaysAfterPassword,
    /// Is asked for a password and gives up: a definite refusal.
    RefusesPassword,
    /// Has an empty wallet.
    NoBalance,
    /// Shows a code that is too old.
    ExpiredCode,
    /// Pays, but the answer never reaches the till.
    NoAnswerPaid,
    /// Does not pay, and no answer reaches the till.
    NoAnswerUnpaid,
    /// Pays; the network delivers the request twice.
    AnswersTwice,
    /// Pays 20 seconds late, and the answer comes only then.
    PaysLate,
    /// No answer, unpaid until the till reverses; then the delayed charge arrives.
    PaysAfterReverse,
}

/// How a charge of this customer ends when the till does everything right.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// Paid.
    Paid,
    /// Paid after the till had ended the payment: waits for a person.
    PaidLate,
    /// Refused by the channel; no money moved.
    Refused,
    /// Ended by the till; no money moved.
    Reversed,
}

/// One line of the table.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Customer {
    /// Stable name, also the key of its text in the catalogues.
    pub key: &'static str,
    /// The last two digits of the payment code.
    pub digits: &'static str,
    /// What the customer does.
    pub behaviour: Behaviour,
    /// How the payment ends.
    pub expected: Expected,
}

/// The table; every other pair of digits behaves like the first line.
pub const CUSTOMERS: &[Customer] = &[
    row("pays", "00", Behaviour::Pays, Expected::Paid),
    row(
        "pays_after_password",
        "01",
        Behaviour::PaysAfterPassword,
        Expected::Paid,
    ),
    row(
        "refuses_password",
        "02",
        Behaviour::RefusesPassword,
        Expected::Refused,
    ),
    row("no_balance", "03", Behaviour::NoBalance, Expected::Refused),
    row(
        "expired_code",
        "04",
        Behaviour::ExpiredCode,
        Expected::Refused,
    ),
    row(
        "no_answer_paid",
        "05",
        Behaviour::NoAnswerPaid,
        Expected::Paid,
    ),
    row(
        "no_answer_unpaid",
        "06",
        Behaviour::NoAnswerUnpaid,
        Expected::Reversed,
    ),
    row(
        "answers_twice",
        "07",
        Behaviour::AnswersTwice,
        Expected::Paid,
    ),
    row("pays_late", "08", Behaviour::PaysLate, Expected::Paid),
    row(
        "pays_after_reverse",
        "09",
        Behaviour::PaysAfterReverse,
        Expected::PaidLate,
    ),
];

const fn row(
    key: &'static str,
    digits: &'static str,
    behaviour: Behaviour,
    expected: Expected,
) -> Customer {
    Customer {
        key,
        digits,
        behaviour,
        expected,
    }
}

/// What the bearer of this code does.
#[must_use]
pub fn behaviour_of(code: &str) -> Behaviour {
    CUSTOMERS
        .iter()
        .find(|customer| code.ends_with(customer.digits))
        .map_or(Behaviour::Pays, |customer| customer.behaviour)
}

/// The wallet of each customer at opening: ten thousand million yuan, or nothing.
pub(crate) fn opening_balance(behaviour: Behaviour) -> Fen {
    match behaviour {
        Behaviour::NoBalance => Fen::ZERO,
        _ => Fen::new(1_000_000_000_000),
    }
}

/// A payment code of 18 digits, at UnionPay 19: the channel's prefix, digits drawn from `random`, and the two that
/// choose the behaviour.
#[must_use]
pub fn sample_code(channel: Channel, behaviour: Behaviour, random: u64) -> String {
    let prefix = match channel {
        Channel::Alipay => "28",
        // Nobody shows a code there; this is none of any other channel.
        Channel::Btcpay => "00",
        // Nobody shows Stripe a code: these are digits that choose the customer, and nothing else.
        Channel::Stripe => "42",
        Channel::Unionpay => "620",
        Channel::Wechatpay => "13",
    };
    let digits = CUSTOMERS
        .iter()
        .find(|customer| customer.behaviour == behaviour)
        .map_or("00", |customer| customer.digits);
    // Fourteen digits between the prefix and the ending: 2 + 14 + 2 = 18, and one more at UnionPay.
    let middle = random % 100_000_000_000_000;
    format!("{prefix}{middle:014}{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_customer_is_chosen_by_the_code_made_for_it() {
        for customer in CUSTOMERS {
            for channel in Channel::ALL {
                let code = sample_code(channel, customer.behaviour, u64::MAX);
                let is_longer = channel == Channel::Unionpay;
                assert_eq!(code.len(), 18 + usize::from(is_longer));
                assert_eq!(behaviour_of(&code), customer.behaviour);
            }
        }
    }

    #[test]
    fn other_endings_pay_at_once() {
        assert_eq!(behaviour_of("280000000000000010"), Behaviour::Pays);
        assert_eq!(behaviour_of("280000000000000099"), Behaviour::Pays);
    }
}

//! Which way a payment and a refund may go (RELIABILITY §2.1), written from the design, not from the code.

use serde_json::{Value, json};

/// Why a state moved, by the kind of the event that says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cause {
    /// A person's word about cash, for which there is no channel.
    Cash,
    /// An authenticated answer of the channel.
    Heard,
    /// A page of the channel was made for the payer's own browser: nothing is sent from here.
    Page,
    /// A person.
    Person,
    /// The program's own intent, or its not knowing.
    Program,
}

/// Whether a state may go from (none at the beginning) one name to another, for a cause.
pub(crate) type MayGo = fn(Option<&str>, &str, Cause) -> bool;

pub(crate) fn cause_of(kind: &str, body: &Value) -> Cause {
    match kind {
        "payment_begun" if body.get("tender") == Some(&json!("page")) => Cause::Page,
        "payment_heard" | "refund_heard" => Cause::Heard,
        "cash_taken" | "cash_returned" => Cause::Cash,
        "late_decided" => Cause::Person,
        _ => Cause::Program,
    }
}

/// Whether a payment may go from one state to the other for this cause.
pub(crate) fn payment_may(from: Option<&str>, to: &str, cause: Cause) -> bool {
    let Some(from) = from else {
        // In doubt from the first moment: only then may it be sent. Cash is never sent, so it begins paid; a page is
        // never sent from here, so it begins with the payer.
        return match cause {
            Cause::Cash => to == "paid",
            Cause::Page => to == "awaiting",
            _ => to == "in_doubt",
        };
    };
    if from == to {
        return true;
    }
    match (from, to, cause) {
        // Money is believed on the channel's word only, and is never unbelieved.
        ("paid", _, _) => false,
        (_, "paid", cause) => cause == Cause::Heard && is_open(from),
        // A reversal of ours may reach the channel after the money was seen: it is asked about again.
        ("paid_late", to, cause) => to == "watching" && cause == Cause::Heard,
        (_, "paid_late", cause) => {
            cause == Cause::Heard && matches!(from, "ending" | "watching" | "closed")
        }
        // An intent to end is the program's or a person's; what came alive is ended again.
        (_, "ending", cause) => cause == Cause::Program && (is_open(from) || from == "watching"),
        // After an ending, ours or the channel's own, money could still come.
        (_, "watching", Cause::Heard) => is_open(from) || matches!(from, "ending" | "closed"),
        ("watching", "closed", Cause::Heard) => true,
        // Unpaid on the channel's word, or because provably nothing left this machine.
        (_, "closed", Cause::Heard) => is_open(from),
        ("in_doubt", "closed", Cause::Program) => true,
        (_, "awaiting" | "processing" | "held", Cause::Heard) => is_open(from),
        _ => false,
    }
}

fn is_open(state: &str) -> bool {
    matches!(state, "awaiting" | "held" | "in_doubt" | "processing")
}

/// Whether a refund may go from one state to the other for this cause.
pub(crate) fn refund_may(from: Option<&str>, to: &str, cause: Cause) -> bool {
    let Some(from) = from else {
        return match cause {
            Cause::Cash => to == "done",
            _ => to == "in_doubt",
        };
    };
    if from == to {
        return true;
    }
    match (from, to, cause) {
        // A bank may send money back days later.
        ("done", to, cause) => to == "failed" && cause == Cause::Heard,
        ("cancelled", _, _) => false,
        ("in_doubt", "cancelled", Cause::Program) => true,
        (_, "done" | "failed" | "accepted", Cause::Heard) => true,
        // The same reference goes out again.
        ("failed", "in_doubt", _) => true,
        _ => false,
    }
}

//! The channel as its customers' money sees it, written from the rules for ambiguous answers alone.
//! It must never use the till's state machines: it is what they are judged by.

/// What the channel knows of one of our numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Trade {
    /// The charge has not arrived, or never will.
    #[default]
    Absent,
    /// The payer is asked to pay.
    Waiting,
    /// The payer was asked and has paid; the flag says that it can no longer be reversed.
    Paid {
        /// A reversal was refused, and will always be.
        fixed: bool,
    },
    /// Refused; the number is spent.
    Refused,
    /// Ended unpaid.
    Closed,
    /// It was paid and the money went back by a reversal.
    Returned,
}

impl Trade {
    /// Whether the payer's money is with the merchant, refunds aside.
    #[must_use]
    pub fn is_paid(self) -> bool {
        matches!(self, Trade::Paid { .. })
    }

    /// What a query says when no replica lags.
    #[must_use]
    pub fn told(self) -> Answer {
        match self {
            Trade::Absent => Answer::NotFound,
            Trade::Waiting => Answer::Awaiting,
            Trade::Paid { .. } => Answer::Paid,
            Trade::Refused => Answer::Refused,
            Trade::Closed => Answer::Closed,
            Trade::Returned => Answer::Reversed,
        }
    }

    /// Everything the channel may have said of this trade by itself, in any order and long ago.
    #[must_use]
    pub fn notices(self) -> &'static [Answer] {
        match self {
            Trade::Absent | Trade::Refused => &[],
            Trade::Waiting => &[Answer::Awaiting],
            Trade::Paid { .. } => &[Answer::Awaiting, Answer::Paid],
            Trade::Closed => &[Answer::Awaiting, Answer::Closed],
            Trade::Returned => &[Answer::Awaiting, Answer::Paid, Answer::Reversed],
        }
    }

    /// What becomes of a charge that arrives: every choice the payer and the channel have.
    #[must_use]
    pub fn charged(self, scanned: bool) -> Vec<(Trade, Answer)> {
        match self {
            Trade::Absent if scanned => vec![
                (Trade::Paid { fixed: false }, Answer::Paid),
                (Trade::Waiting, Answer::Awaiting),
                (Trade::Refused, Answer::Refused),
            ],
            Trade::Absent => vec![
                (Trade::Waiting, Answer::Awaiting),
                (Trade::Refused, Answer::Refused),
            ],
            // The same number again: charged once, and the answer says nothing of how it went (Q9).
            Trade::Waiting | Trade::Paid { .. } => vec![(self, Answer::Doubt)],
            Trade::Refused | Trade::Closed | Trade::Returned => vec![(self, Answer::Refused)],
        }
    }

    /// What becomes of a reversal or a close that arrives.
    #[must_use]
    pub fn ended(self, reverse: bool, has_refunds: bool) -> Vec<(Trade, Answer)> {
        match self {
            // "Done" for a trade that never arrived binds nobody: the charge may still come (Q13).
            Trade::Absent | Trade::Refused => vec![(self, Answer::NeverExisted)],
            Trade::Waiting => vec![
                (Trade::Closed, Answer::Closed),
                (Trade::Waiting, Answer::EndRefused),
            ],
            Trade::Paid { fixed: false } if reverse && !has_refunds => vec![
                (Trade::Returned, Answer::Reversed),
                (Trade::Paid { fixed: true }, Answer::EndRefused),
            ],
            Trade::Paid { .. } => vec![(self, Answer::EndRefused)],
            Trade::Closed => vec![(self, Answer::Closed)],
            Trade::Returned => vec![(self, Answer::Reversed)],
        }
    }
}

/// What the channel says of a trade.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// The payer is asked.
    Awaiting,
    /// Ended unpaid.
    Closed,
    /// Nothing that tells how it is: a system error, "duplicate", HTML.
    Doubt,
    /// The ending is refused.
    EndRefused,
    /// The ending is done: there was nothing.
    NeverExisted,
    /// No such number, by now or on this replica.
    NotFound,
    /// Paid.
    Paid,
    /// The charge is refused.
    Refused,
    /// It was paid and went back.
    Reversed,
}

/// What the channel knows of one refund number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Return {
    /// It has not arrived, or was turned away for now.
    #[default]
    Absent,
    /// Taken in; the money is on its way.
    Accepted,
    /// The money is with the payer.
    Done,
    /// It failed on its way; the same number may be sent again.
    FailedSame,
    /// It failed on its way for ever.
    FailedNew,
    /// Refused for ever.
    Refused,
}

impl Return {
    /// Whether it holds or has spent the merchant's money.
    #[must_use]
    pub fn counts(self) -> bool {
        matches!(self, Return::Accepted | Return::Done)
    }

    /// What a query says when no replica lags.
    #[must_use]
    pub fn told(self) -> ReturnAnswer {
        match self {
            // What it has refused it does not keep.
            Return::Absent | Return::Refused => ReturnAnswer::NotFound,
            Return::Accepted => ReturnAnswer::Accepted,
            Return::Done => ReturnAnswer::Done,
            Return::FailedSame => ReturnAnswer::FailedSame,
            Return::FailedNew => ReturnAnswer::FailedNew,
        }
    }

    /// What becomes of a refund's call that arrives; `fits` says that the payment has so much left.
    #[must_use]
    pub fn sent(self, fits: bool) -> Vec<(Return, ReturnAnswer)> {
        match self {
            Return::Absent if fits => vec![
                (Return::Done, ReturnAnswer::Done),
                (Return::Accepted, ReturnAnswer::Accepted),
                // Not enough in the account now: turned away, nothing kept.
                (Return::Absent, ReturnAnswer::FailedSame),
                (Return::FailedNew, ReturnAnswer::FailedNew),
            ],
            Return::Absent => vec![(Return::Refused, ReturnAnswer::Refused)],
            Return::FailedSame if fits => vec![(Return::Accepted, ReturnAnswer::Accepted)],
            // It stays on record as failed.
            Return::FailedSame => vec![(Return::FailedNew, ReturnAnswer::Refused)],
            Return::Refused => vec![(self, ReturnAnswer::Refused)],
            Return::Accepted | Return::Done | Return::FailedNew => vec![(self, self.told())],
        }
    }

    /// Where an accepted refund may go by itself.
    #[must_use]
    pub fn later(self) -> &'static [Return] {
        match self {
            Return::Accepted => &[Return::Done, Return::FailedSame, Return::FailedNew],
            Return::Absent
            | Return::Done
            | Return::FailedSame
            | Return::FailedNew
            | Return::Refused => &[],
        }
    }
}

/// What the channel says of a refund.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReturnAnswer {
    /// Taken in.
    Accepted,
    /// The money is back.
    Done,
    /// Failed for ever under this number.
    FailedNew,
    /// Failed for now.
    FailedSame,
    /// No such number, by now or on this replica.
    NotFound,
    /// Refused for ever.
    Refused,
}

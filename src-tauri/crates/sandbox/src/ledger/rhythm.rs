//! How long everything takes that a person or a channel does in its own time.
//!
//! Numbers only; it must never wait.

/// How long the payers of the sandbox take, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Rhythm {
    /// From the charge until the password is typed, or refused.
    pub password_ms: i64,
    /// How late the late payer is.
    pub late_ms: i64,
    /// From the ending until the delayed charge arrives.
    pub after_reverse_ms: i64,
    /// From a refund's acceptance to its end (WeChat Pay, UnionPay).
    pub refund_ms: i64,
    /// From one block to the next (BTCPay Server); blocks come on the multiples of it.
    pub block_ms: i64,
    /// How soon after the charge WeChat Pay refuses to reverse.
    pub reverse_wait_ms: i64,
    /// How long an unanswered connection is held open.
    pub silence_ms: u64,
    /// How long the delay fault holds an answer back.
    pub delay_ms: u64,
    /// For how long queries of payments and refunds do not see what is new.
    pub replica_lag_ms: i64,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self {
            password_ms: 6_000,
            late_ms: 20_000,
            after_reverse_ms: 3_000,
            refund_ms: 3_000,
            block_ms: 60_000,
            reverse_wait_ms: 15_000,
            silence_ms: 60_000,
            delay_ms: 45_000,
            replica_lag_ms: 0,
        }
    }
}

//! How much is taken from outside, each with its reason.

use std::time::Duration;

/// The largest body of an order or a refund: its longest note in UTF-8 is 2,000 bytes, escaped 6,000.
pub const BODY_BYTES_MAX: usize = 16 * 1024;

/// The largest body of a channel's notice: ten times the largest of the documents.
pub const NOTICE_BYTES_MAX: usize = 128 * 1024;

/// Connections at once: one for each thread of a busy shop server, and few enough for a small PC.
pub const CONNECTIONS_MAX: usize = 128;

/// How long the headers of a request may take: a slow peer holds a connection no longer.
pub const HEADERS_WITHIN: Duration = Duration::from_secs(5);

/// How long the body of a request may take.
pub const BODY_WITHIN: Duration = Duration::from_secs(5);

/// How long a connection may be used; a client opens another then. Whoever holds them all holds them no longer.
pub(crate) const CONNECTION_FOR: Duration = Duration::from_secs(300);

/// How long the last answer of a connection may take, the longest wait included: whoever does not read is cut off.
pub(crate) const LAST_ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// How far a caller's clock may be from this PC's, either way, in milliseconds.
pub const CLOCK_WINDOW_MS: i64 = 120_000;

/// Nonces remembered for one key: 600 calls a second for twice the window are 144,000.
pub const NONCES_MAX: usize = 150_000;

/// Notices taken in a minute, of all channels together, the refused ones included.
pub const NOTICES_PER_MINUTE: u32 = 1_200;

/// Looks of payers taken in a minute, of all together: a hundred pages ask every three seconds.
pub const LOOKS_PER_MINUTE: u32 = 2_400;

/// Refusals a minute that stand in the log although no key is known to be behind them: nobody fills the disk by knocking.
pub(crate) const STRANGERS_LOGGED_PER_MINUTE: u32 = 600;

/// The longest idempotency key.
pub const IDEMPOTENCY_KEY_MAX: usize = 200;

/// The longest wait for an order to move.
pub const WAIT_MS_MAX: u64 = 20_000;

/// Orders in one page at most.
pub const PAGE_MAX: u32 = 200;

/// How long what was begun may take to end when the listener stops.
pub(crate) const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Limits that the description names, each with its place in the document.
pub const LIMITS_TOLD: &[(&str, u64)] = &[
    ("/paths/~1v1~1orders/get/parameters/8/schema/maximum", 200),
    (
        "/paths/~1v1~1orders~1{order_id}/get/parameters/4/schema/maximum",
        WAIT_MS_MAX,
    ),
];

//! Known truth: a shop's days with the exact list of what is wrong with them. For a seed and a size it writes our
//! books, the channels' bills in their true formats, the bank's statement, and every exception that was planted, with
//! code, reference and amount.
//!
//! It imports nothing of the product. What it writes follows the channels' and banks' own documents, and what it
//! expects follows the meaning of each code; it never asks the engine.

mod alipay;
mod bank;
mod draw;
mod files;
mod plant;
mod reference;
mod settle;
mod shop;
mod wechatpay;
mod world;

pub use files::{BillFile, Written, write};
pub use plant::{CODES, Code, PAIRS};
pub use settle::{DayTotals, SentPayout, Settling};
pub use world::{BookRow, Channel, Exception};

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked {
    /// Decides everything.
    pub seed: u64,
    /// Orders over both channels.
    pub orders: u32,
    /// Exceptions of each code that stand alone on their order.
    pub singles: u32,
    /// Pairs of codes that stand on one order.
    pub pairs: u32,
}

impl Asked {
    /// A day of a busy shop.
    #[must_use]
    pub fn of(seed: u64) -> Asked {
        Asked {
            seed,
            orders: 2_000,
            singles: 4,
            pairs: 24,
        }
    }
}

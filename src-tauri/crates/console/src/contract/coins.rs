//! Coins: how an order is paid in them, what came, and how it goes back. Sums of coins are texts and never money.

use super::MoneyView;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A way to pay in coins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CoinWayView {
    /// The channel's name of it, `BTC-CHAIN`.
    pub method: String,
    /// The coin, `BTC`.
    pub coin: String,
    /// What is still to be paid, in coins.
    pub due: String,
    /// Units of the order's currency for one coin, locked until the code runs out.
    pub rate: String,
    /// The code as a picture.
    pub svg: String,
    /// What it says.
    pub text: String,
}

/// How far a chain has confirmed a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConfirmationsView {
    /// How many the shop asks for.
    pub needed: u32,
    /// How many there are, where the channel says.
    pub seen: Option<u32>,
}

/// Coins that came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CoinsCameView {
    /// The channel's name of the way.
    pub method: String,
    /// The coin.
    pub coin: String,
    /// How many.
    pub amount: String,
    /// Units of the order's currency for one coin, as it was locked.
    pub rate: String,
    /// Who said the rate.
    pub source: String,
}

/// The coins of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CoinsView {
    /// The ways to pay what is due, the proposed one first; empty where no code is shown.
    pub ways: Vec<CoinWayView>,
    /// What came in the order's currency, where it is not the sum that was asked for.
    pub received: Option<MoneyView>,
    /// Money was seen on a chain and is not certain yet.
    pub confirmations: Option<ConfirmationsView>,
    /// What came, by way.
    pub came: Vec<CoinsCameView>,
}

/// At which rate coins go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RateView {
    /// The sum in the order's currency, turned into coins when it is claimed.
    #[default]
    Amount,
    /// Coins worth now what was paid; only for all of it.
    Now,
    /// As many coins as came; only for all of it.
    Then,
}

/// How far a refund that the payer claims has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OfferStageView {
    /// The payer said where to; it waits for the merchant.
    Claimed,
    /// On its way.
    Paying,
    /// The payer has not claimed it.
    Unclaimed,
    /// Nobody can claim it any more.
    Withdrawn,
}

/// A refund that the payer claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OfferView {
    /// What the payer opens or scans.
    pub link: String,
    /// The same as a code.
    pub svg: String,
    /// The whole sum, as the channel keeps it.
    pub sum: String,
    /// Its currency or coin.
    pub unit: String,
    /// How far it came.
    pub stage: OfferStageView,
}

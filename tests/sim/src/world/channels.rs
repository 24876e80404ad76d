//! Which channels the shops of a world have.

use crate::rng::Rng;
use paydesk_sandbox::Channel;
use std::{fmt, str::FromStr};

/// At least one channel, in a fixed order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Channels(Vec<Channel>);

impl Channels {
    /// Every channel that the sandbox and the product have. BTCPay Server's days are not simulated yet: the world has
    /// neither wallets nor a chain.
    #[must_use]
    pub fn all() -> Channels {
        let all = Channel::ALL.into_iter();
        let is_simulated = |channel: &Channel| {
            *channel != Channel::Btcpay && paydesk_channels::by_id(channel.id()).is_some()
        };
        Channels(all.filter(is_simulated).collect())
    }

    /// The two of the first worlds: recorded seeds live on with them.
    #[must_use]
    pub fn first_two() -> Channels {
        Channels(vec![Channel::Alipay, Channel::Wechatpay])
    }

    /// Each of them.
    pub(crate) fn each(&self) -> impl Iterator<Item = Channel> {
        self.0.iter().copied()
    }

    /// Those whose payers show codes that a shop scans.
    pub(crate) fn with_codes(&self) -> Option<Channels> {
        let has_codes = |channel: &Channel| {
            let product = paydesk_channels::by_id(channel.id());
            product.is_some_and(|product| !product.profile().codes.is_empty())
        };
        let those: Vec<Channel> = self.each().filter(has_codes).collect();
        (!those.is_empty()).then_some(Channels(those))
    }

    /// One of them. Of two by a coin, as recorded seeds have thrown it.
    pub(crate) fn draw(&self, rng: &mut Rng) -> Channel {
        let place = match self.0.len() {
            1 => 0,
            2 => usize::from(!rng.happens(500_000)),
            more => rng.place(more),
        };
        self.0.get(place).copied().unwrap_or(Channel::Alipay)
    }
}

impl fmt::Display for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.each().map(Channel::id).collect();
        f.write_str(&names.join(","))
    }
}

impl FromStr for Channels {
    type Err = String;

    /// Names with commas between them; `all` is every channel.
    fn from_str(names: &str) -> Result<Channels, String> {
        if names == "all" {
            return Ok(Channels::all());
        }
        let channel = |name: &str| {
            let mut all = Channels::all().0.into_iter();
            all.find(|channel| channel.id() == name)
                .ok_or(format!("{name} is no channel that a shop can have"))
        };
        Ok(Channels(
            names.split(',').map(channel).collect::<Result<_, _>>()?,
        ))
    }
}

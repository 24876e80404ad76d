//! Which account of the shop's ledger each figure goes to.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Characters of a code: what the longest of the programs that import takes.
const CODE_MAX: usize = 32;

/// Characters of a name.
const NAME_MAX: usize = 60;

/// What an account is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountRole {
    /// Money in the bank.
    Bank,
    /// Money in the drawer.
    Cash,
    /// What was counted less than should be in the drawer, or more.
    CashDifferences,
    /// Put into the drawer and taken out of it that is no payment or refund.
    CashMoved,
    /// What is expected and did not come.
    Differences,
    /// What the channel keeps.
    Fees,
    /// Money at the channel, on its way to the bank.
    InTransit,
    /// Money given back.
    Refunds,
    /// What the channel holds back for a time.
    Reserve,
    /// Takings.
    Revenue,
    /// What rounding took.
    Rounding,
}

impl AccountRole {
    /// Every role, in the order of the screens.
    pub const ALL: [AccountRole; 11] = [
        AccountRole::Bank,
        AccountRole::InTransit,
        AccountRole::Revenue,
        AccountRole::Refunds,
        AccountRole::Fees,
        AccountRole::Differences,
        AccountRole::Reserve,
        AccountRole::Rounding,
        AccountRole::Cash,
        AccountRole::CashMoved,
        AccountRole::CashDifferences,
    ];

    /// Its name in settings and files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            AccountRole::Bank => "bank",
            AccountRole::Cash => "cash",
            AccountRole::CashDifferences => "cash_differences",
            AccountRole::CashMoved => "cash_moved",
            AccountRole::Differences => "differences",
            AccountRole::Fees => "fees",
            AccountRole::InTransit => "in_transit",
            AccountRole::Refunds => "refunds",
            AccountRole::Reserve => "reserve",
            AccountRole::Revenue => "revenue",
            AccountRole::Rounding => "rounding",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<AccountRole> {
        AccountRole::ALL
            .into_iter()
            .find(|role| role.name() == name)
    }

    /// The part of a ledger that Beancount wants at the beginning of a name.
    pub(super) fn root(self) -> &'static str {
        match self {
            AccountRole::Bank
            | AccountRole::Cash
            | AccountRole::CashDifferences
            | AccountRole::CashMoved
            | AccountRole::Differences
            | AccountRole::InTransit
            | AccountRole::Reserve => "Assets",
            AccountRole::Refunds | AccountRole::Revenue => "Income",
            AccountRole::Fees | AccountRole::Rounding => "Expenses",
        }
    }
}

/// An account of the shop's ledger.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LedgerAccount {
    /// Its code, `101201`.
    pub code: String,
    /// Its name.
    pub name: String,
}

impl LedgerAccount {
    fn new(code: &str, name: &str) -> LedgerAccount {
        LedgerAccount {
            code: code.to_owned(),
            name: name.to_owned(),
        }
    }

    fn fault(&self) -> Option<&'static str> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let begins = self
            .code
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric());
        if !begins || !self.code.bytes().all(allowed) || self.code.len() > CODE_MAX {
            return Some("code");
        }
        let is_name = !self.name.trim().is_empty()
            && self.name.chars().count() <= NAME_MAX
            && !self.name.chars().any(char::is_control);
        (!is_name).then_some("name")
    }
}

/// What is wrong with a map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountFault {
    /// In which role.
    pub role: AccountRole,
    /// Of which channel, where it is a channel's own account.
    pub channel: Option<String>,
    /// `code` or `name`.
    pub field: &'static str,
}

/// Every role's account. Money on its way has one for each channel where the shop keeps them apart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountMap {
    roles: BTreeMap<AccountRole, LedgerAccount>,
    #[serde(default)]
    channels: BTreeMap<String, LedgerAccount>,
}

impl Default for AccountMap {
    /// The first-level codes of China's accounting standards for business enterprises, with sub-accounts as shops
    /// usually open them.
    fn default() -> AccountMap {
        let roles = [
            (AccountRole::Bank, "1002", "银行存款"),
            (AccountRole::InTransit, "1012", "其他货币资金"),
            (AccountRole::Revenue, "6001", "主营业务收入"),
            (AccountRole::Refunds, "6001", "主营业务收入"),
            (AccountRole::Fees, "6603", "财务费用-手续费"),
            (AccountRole::Differences, "1221", "其他应收款-对账差异"),
            (AccountRole::Reserve, "1221", "其他应收款-渠道冻结"),
            (AccountRole::Rounding, "6603", "财务费用-尾差"),
            (AccountRole::Cash, "1001", "库存现金"),
            (AccountRole::CashMoved, "1221", "其他应收款-备用金"),
            (AccountRole::CashDifferences, "1901", "待处理财产损溢"),
        ];
        let channels = [
            ("alipay", "101201", "其他货币资金-支付宝"),
            ("wechatpay", "101202", "其他货币资金-微信支付"),
        ];
        AccountMap {
            roles: roles
                .map(|(role, code, name)| (role, LedgerAccount::new(code, name)))
                .into(),
            channels: channels
                .map(|(channel, code, name)| (channel.to_owned(), LedgerAccount::new(code, name)))
                .into(),
        }
    }
}

impl AccountMap {
    /// A map of these accounts; a role that is not given keeps its usual account.
    ///
    /// # Errors
    /// The first account that no program would import.
    pub fn new(
        roles: BTreeMap<AccountRole, LedgerAccount>,
        channels: BTreeMap<String, LedgerAccount>,
    ) -> Result<AccountMap, AccountFault> {
        let mut map = AccountMap {
            channels,
            ..AccountMap::default()
        };
        map.roles.extend(roles);
        map.fault().map_or(Ok(map), Err)
    }

    fn fault(&self) -> Option<AccountFault> {
        let of_roles = self
            .roles
            .iter()
            .map(|(role, account)| (*role, None, account));
        let of_channels = self.channels.iter();
        let of_channels = of_channels
            .map(|(channel, account)| (AccountRole::InTransit, Some(channel.clone()), account));
        of_roles
            .chain(of_channels)
            .find_map(|(role, channel, account)| {
                Some(AccountFault {
                    role,
                    channel,
                    field: account.fault()?,
                })
            })
    }

    /// The account of a role, for a channel.
    #[must_use]
    pub fn of(&self, role: AccountRole, channel: &str) -> &LedgerAccount {
        static NONE: LedgerAccount = LedgerAccount {
            code: String::new(),
            name: String::new(),
        };
        let own = match role {
            AccountRole::InTransit => self.channels.get(channel),
            _ => None,
        };
        // Every role is in every map; one that was cut by hand shows an empty code, which no program imports.
        own.or_else(|| self.roles.get(&role)).unwrap_or(&NONE)
    }

    /// The channel's own account for money on its way, where there is one.
    #[must_use]
    pub fn of_channel(&self, channel: &str) -> Option<&LedgerAccount> {
        self.channels.get(channel)
    }
}

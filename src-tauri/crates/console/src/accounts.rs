//! Accounts: forms, checks, the connection test, adding, changing, removing. What is pasted goes through to
//! the desk and is wiped here; answers are made of what the vault says may be shown.

use crate::{Console, coded, contract::*, field_verdicts, keys::secret};
use paydesk_desk::{
    AccountChange, Draft, LineName, LineState, Subject,
    ports::{AccountStatus, KeyState, SecretFields},
    shop::Account,
};
use paydesk_domain::{
    AccountId, ChannelDay, ContractRate, FeeRate, RateFault, RateTable, Rounding,
};
use std::collections::BTreeMap;

/// A certificate that runs out sooner is mentioned.
const SOON_MS: i64 = 30 * 24 * 60 * 60 * 1000;

impl Console {
    pub(crate) async fn list_channels(&self, _: NoArgs) -> Result<ChannelForms, CommandError> {
        let channels = paydesk_desk::channels().iter();
        let forms = channels.map(|channel| field_verdicts::form(channel.profile()));
        Ok(ChannelForms {
            channels: forms.collect(),
        })
    }

    pub(crate) async fn check_account(
        &self,
        args: CheckAccount,
    ) -> Result<AccountCheck, CommandError> {
        let id = args.account_id.map(AccountId);
        let lines = self.desk.check_draft(&draft(&args.draft), id.as_ref());
        Ok(field_verdicts::check(&lines.map_err(coded)?))
    }

    pub(crate) async fn list_accounts(&self, _: NoArgs) -> Result<AccountList, CommandError> {
        let accounts = self.desk.shop().map_or_else(Vec::new, |shop| shop.accounts);
        let mut views = Vec::with_capacity(accounts.len());
        for account in &accounts {
            views.push(self.account_view(account).await?);
        }
        Ok(AccountList {
            accounts: views,
            keys: self.keys_view(),
        })
    }

    pub(crate) async fn test_account(
        &self,
        args: TestAccount,
    ) -> Result<AccountTest, CommandError> {
        let subject = match args.subject {
            TestSubject::Account(id) => Subject::Account(AccountId(id)),
            TestSubject::Draft(form) => Subject::Draft(draft(&form)),
            TestSubject::Key { account_id, key_id } => Subject::Key(AccountId(account_id), key_id),
        };
        let lines = self.desk.test_account(subject).await.map_err(coded)?;
        Ok(AccountTest {
            passed: lines.iter().all(|line| line.state != LineState::Failed),
            lines: lines.into_iter().map(line).collect(),
            at: self.desk.now().0,
        })
    }

    pub(crate) async fn add_account(&self, args: AddAccount) -> Result<AccountView, CommandError> {
        let rate = rate(args.rate_millionths)?;
        let added = self.desk.add_account(draft(&args.draft), &args.label, rate);
        let account = added.await.map_err(coded)?;
        self.account_view(&account).await
    }

    pub(crate) async fn change_account(
        &self,
        args: ChangeAccount,
    ) -> Result<AccountView, CommandError> {
        let change = AccountChange {
            label: args.label,
            rate: args
                .rate
                .map(|given| rate(given.rate_millionths))
                .transpose()?,
            rates: args.rates.as_deref().map(rate_table).transpose()?,
            charges: args.charges == Some(true),
            paused: args.paused,
            fields: args.fields.as_ref().map(secrets),
            key: args.key.map(|step| match step {
                KeyStep::Activate { key_id } => paydesk_desk::KeyStep::Activate(key_id),
                KeyStep::Add { fields } => paydesk_desk::KeyStep::Add(secrets(&fields)),
                KeyStep::Retire { key_id } => paydesk_desk::KeyStep::Retire(key_id),
            }),
        };
        let id = AccountId(args.account_id);
        let account = self.desk.change_account(&id, change).await.map_err(coded)?;
        self.account_view(&account).await
    }

    pub(crate) async fn remove_account(
        &self,
        args: AccountOf,
    ) -> Result<AccountList, CommandError> {
        let id = AccountId(args.account_id);
        self.desk.remove_account(&id).await.map_err(coded)?;
        self.list_accounts(NoArgs {}).await
    }

    pub(crate) async fn account_view(
        &self,
        account: &Account,
    ) -> Result<AccountView, CommandError> {
        let open = self.desk.open_of(&account.id).await.map_err(coded)?;
        let keys = self.desk.ports().vault.keys(&account.id);
        let kept = self.desk.kept(&account.id);
        let expires_at = kept.as_ref().and_then(first_expiry);
        let now = self.desk.now().0;
        let state = match (keys.map(drop), expires_at) {
            (Err(paydesk_desk::KeyError::Locked), _) => AccountState::KeysLocked,
            (Err(paydesk_desk::KeyError::Missing), _) => AccountState::KeysMissing,
            (Err(_), _) => AccountState::KeysUnusable,
            (Ok(()), Some(at)) if at <= now => AccountState::Expired,
            (Ok(()), Some(at)) if at - now < SOON_MS => AccountState::ExpiresSoon,
            (Ok(()), _) => AccountState::Ready,
        };
        let charging = self.desk.shop();
        let charging = charging
            .as_ref()
            .and_then(|s| s.account_for(&account.channel));
        Ok(AccountView {
            id: account.id.0.clone(),
            channel: account.channel.0.clone(),
            label: account.label.clone(),
            sandbox: account.sandbox,
            charges: charging.is_some_and(|charging| charging.id == account.id),
            paused: account.paused,
            has_readers: crate::readers::drives_some(&account.channel.0),
            reader: crate::readers::chosen(account),
            gateway: account.gateway.clone(),
            shown: account.fields.clone(),
            kept: kept
                .as_ref()
                .map_or_else(Vec::new, |kept| kept.fields.clone()),
            rate_millionths: account.rate.map(FeeRate::millionths),
            rates: account.rates.rows().iter().map(rate_row).collect(),
            keys: kept.as_ref().map_or_else(Vec::new, key_views),
            peers: kept.as_ref().map_or_else(Vec::new, peer_views),
            expires_at,
            state,
            open_doubts: u32::try_from(open.len()).unwrap_or(u32::MAX),
        })
    }
}

fn secrets(fields: &BTreeMap<String, Pasted>) -> SecretFields {
    let pairs = fields.iter();
    pairs
        .map(|(name, value)| (name.clone(), secret(value)))
        .collect()
}

fn draft(form: &AccountDraft) -> Draft {
    Draft {
        channel: form.channel.clone(),
        sandbox: form.sandbox,
        gateway: form.gateway.clone(),
        fields: secrets(&form.fields),
    }
}

fn rate(millionths: Option<u32>) -> Result<Option<FeeRate>, CommandError> {
    let rate = |m| FeeRate::from_millionths(m).ok_or_else(|| crate::invalid("rate_millionths"));
    millionths.map(rate).transpose()
}

/// More rows than any contract has.
const RATES_MAX: usize = 200;

fn rate_table(rows: &[RateRow]) -> Result<RateTable, CommandError> {
    let invalid = || crate::invalid("rates");
    if rows.len() > RATES_MAX {
        return Err(invalid());
    }
    let day = |text: &Option<String>| {
        let read = |text: &String| text.parse().ok().map(ChannelDay::from_date);
        text.as_ref()
            .map(|text| read(text).ok_or_else(invalid))
            .transpose()
    };
    let row = |row: &RateRow| {
        Ok(ContractRate {
            from: day(&row.from)?,
            to: day(&row.to)?,
            rate: FeeRate::from_millionths(row.rate_millionths).ok_or_else(invalid)?,
            rounding: Rounding::named(&row.rounding).ok_or_else(invalid)?,
            minimum: row.minimum.map(i64::from),
            maximum: row.maximum.map(i64::from),
        })
    };
    let rows = rows.iter().map(row);
    let rows = rows.collect::<Result<Vec<_>, CommandError>>()?;
    RateTable::new(rows.clone()).map_err(|fault| rate_fault(fault, &rows))
}

/// Which rows exclude each other, counted from one as the screen does.
fn rate_fault(fault: RateFault, rows: &[ContractRate]) -> CommandError {
    let is_wrong = |row: &ContractRate| RateTable::new(vec![*row]).is_err();
    let alone = rows.iter().position(is_wrong);
    let met = rows.iter().enumerate().find_map(|(at, row)| {
        let behind = rows.iter().enumerate().skip(at + 1);
        let other = behind.filter(|(_, other)| row.meets(other));
        Some((at, other.map(|(other, _)| other).next()?))
    });
    let (code, at, other) = match (fault, met) {
        (RateFault::Overlap, Some((at, other))) => (ErrorCode::RatesOverlap, Some(at), other),
        (RateFault::Overlap, None) => (ErrorCode::RatesOverlap, None, 0),
        (RateFault::EndsBeforeItBegins, _) => (ErrorCode::RateEndsEarly, alone, 0),
        (RateFault::Limits, _) => (ErrorCode::RateLimits, alone, 0),
    };
    let params = [
        ("row", (at.unwrap_or(0) + 1).to_string()),
        ("other", (other + 1).to_string()),
    ];
    crate::refused_with(code, &params)
}

pub(crate) fn rate_row(row: &ContractRate) -> RateRow {
    let limit = |limit: Option<i64>| limit.and_then(|limit| u32::try_from(limit).ok());
    RateRow {
        from: row.from.map(|day| day.to_string()),
        to: row.to.map(|day| day.to_string()),
        rate_millionths: row.rate.millionths(),
        rounding: row.rounding.name().to_owned(),
        minimum: limit(row.minimum),
        maximum: limit(row.maximum),
    }
}

/// Of what is in use: the active key's certificates, and the channel's.
fn first_expiry(kept: &AccountStatus) -> Option<i64> {
    let active = kept.keys.iter().filter(|key| key.state == KeyState::Active);
    active.filter_map(|key| key.expires_at).min().map(|at| at.0)
}

fn key_views(kept: &AccountStatus) -> Vec<KeyView> {
    let keys = kept.keys.iter();
    keys.map(|key| KeyView {
        id: key.id.clone(),
        state: match key.state {
            KeyState::Active => KeyStateView::Active,
            KeyState::Old => KeyStateView::Old,
            KeyState::Waiting => KeyStateView::Waiting,
        },
        fingerprint: key.fingerprint.clone(),
        created_at: key.created_at.0,
        expires_at: key.expires_at.map(|at| at.0),
    })
    .collect()
}

fn peer_views(kept: &AccountStatus) -> Vec<PeerKeyView> {
    let peers = kept.peers.iter();
    peers
        .map(|peer| PeerKeyView {
            id: peer.id.clone(),
            fingerprint: peer.fingerprint.clone(),
            learned_at: peer.learned_at.0,
            expires_at: peer.expires_at.map(|at| at.0),
        })
        .collect()
}

fn line(line: paydesk_desk::Line) -> TestLine {
    let params = line.params.into_iter();
    TestLine {
        line: match line.name {
            LineName::Fields => TestLineName::Fields,
            LineName::KeyPair => TestLineName::KeyPair,
            LineName::Expiry => TestLineName::Expiry,
            LineName::Reach => TestLineName::Reach,
            LineName::Tls => TestLineName::Tls,
            LineName::Clock => TestLineName::Clock,
            LineName::Signature => TestLineName::Signature,
            LineName::Answer => TestLineName::Answer,
            LineName::Binding => TestLineName::Binding,
            LineName::Bill => TestLineName::Bill,
        },
        state: match line.state {
            LineState::Failed => TestState::Failed,
            LineState::Ok => TestState::Ok,
            LineState::Unknown => TestState::Unknown,
            LineState::Warning => TestState::Warning,
        },
        text: line.text.to_owned(),
        params: params
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        evidence: line.evidence,
        field: line.field,
    }
}

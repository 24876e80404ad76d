//! Accounts: forms, checks, the connection test, adding, changing, removing.

use crate::{Console, contract::*, field_verdicts, refused};
use std::collections::BTreeMap;

impl Console {
    pub(crate) async fn list_channels(&self, _: NoArgs) -> Result<ChannelForms, CommandError> {
        let channels = paydesk_desk::channels().iter();
        Ok(ChannelForms {
            channels: channels
                .map(|channel| field_verdicts::form(channel.profile()))
                .collect(),
        })
    }

    pub(crate) async fn check_account(
        &self,
        args: CheckAccount,
    ) -> Result<AccountCheck, CommandError> {
        let channel =
            paydesk_desk::channel(&args.draft.channel).ok_or_else(|| crate::invalid("channel"))?;
        let fields: BTreeMap<String, String> = args
            .draft
            .fields
            .iter()
            .map(|(name, value)| (name.clone(), value.expose().to_owned()))
            .collect();
        Ok(field_verdicts::check(
            &channel.check_fields(&fields, self.desk.now()),
        ))
    }

    pub(crate) async fn list_accounts(&self, _: NoArgs) -> Result<AccountList, CommandError> {
        Err(refused(ErrorCode::NotNow))
    }

    pub(crate) async fn test_account(&self, _: TestAccount) -> Result<AccountTest, CommandError> {
        Err(refused(ErrorCode::NotNow))
    }

    pub(crate) async fn add_account(&self, _: AddAccount) -> Result<AccountView, CommandError> {
        Err(refused(ErrorCode::NotNow))
    }

    pub(crate) async fn change_account(
        &self,
        _: ChangeAccount,
    ) -> Result<AccountView, CommandError> {
        Err(refused(ErrorCode::NotNow))
    }

    pub(crate) async fn remove_account(&self, _: AccountOf) -> Result<AccountList, CommandError> {
        Err(refused(ErrorCode::NotNow))
    }
}

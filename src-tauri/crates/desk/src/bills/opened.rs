//! Bills as files that a person chose: which kind, whose and of which day is told by what they say.

use super::{FlowPreview, Preview, bill_file};
use crate::{Desk, DeskError, ports::BillOrigin};
use paydesk_channels::BillFault;
use paydesk_domain::{AccountId, BillKind, ChannelDay};
use std::sync::Arc;

/// A file that was looked at, by what it turned out to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LookedAt {
    /// A fund-flow bill.
    Flow(Arc<FlowPreview>),
    /// A trade bill, compared with our books.
    Trade(Arc<Preview>),
}

impl Desk {
    /// Reads a bill's file as the channel writes it: a trade bill is compared.
    ///
    /// # Errors
    /// `Bill` says what is wrong with the file; nothing was kept.
    pub async fn open_bill(
        &self,
        account: &AccountId,
        day: Option<ChannelDay>,
        name: &str,
        file: &[u8],
    ) -> Result<LookedAt, DeskError> {
        let looked = self.looked_at(account, day, name, file).await?;
        Ok(self.remember_any(looked))
    }

    async fn looked_at(
        &self,
        account: &AccountId,
        day: Option<ChannelDay>,
        name: &str,
        file: &[u8],
    ) -> Result<LookedAt, DeskError> {
        let (account, _, bills) = self.bills_of(account)?;
        let text = bills.open(file, None)?;
        let origin = BillOrigin::File {
            name: name.to_owned(),
        };
        let came = (origin, bill_file(name.to_owned(), file));
        Ok(match text.kind {
            BillKind::FundFlow => {
                LookedAt::Flow(self.look_at_flow(account, bills, day, text, came).await?)
            }
            BillKind::Trade => {
                LookedAt::Trade(self.look_at(account, bills, day, text, came).await?)
            }
        })
    }

    fn remember_any(&self, looked: LookedAt) -> LookedAt {
        match looked {
            LookedAt::Flow(preview) => LookedAt::Flow(self.remember_flow(preview)),
            LookedAt::Trade(preview) => LookedAt::Trade(self.remember(preview)),
        }
    }

    /// Reads a bill's file of whichever account, told by its content.
    ///
    /// # Errors
    /// `Bill`: `WrongMerchant` when its channel is connected with another merchant, `WrongChannel` when none knows
    /// it, or what is wrong with the file; `FlowAccount` where several accounts may be meant; nothing was kept.
    pub async fn recognise_bill(&self, name: &str, file: &[u8]) -> Result<LookedAt, DeskError> {
        let accounts = self.shop().into_iter().flat_map(|shop| shop.accounts);
        let mut nearest = BillFault::WrongChannel;
        let mut flows = Vec::new();
        for account in accounts.filter(|account| self.bills_of(&account.id).is_ok()) {
            match self.looked_at(&account.id, None, name, file).await {
                Err(DeskError::Bill(BillFault::WrongChannel)) => {}
                Err(DeskError::Bill(BillFault::WrongMerchant)) => {
                    nearest = BillFault::WrongMerchant;
                }
                // A fund-flow bill may name no merchant: every account of its channel could read it.
                Ok(LookedAt::Flow(preview)) => flows.push(preview),
                found => return found.map(|looked| self.remember_any(looked)),
            }
        }
        if flows.is_empty() {
            return Err(nearest.into());
        }
        let flow = self.account_of_flow(flows).await?;
        Ok(self.remember_any(LookedAt::Flow(flow)))
    }
}

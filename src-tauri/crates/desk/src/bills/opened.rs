//! Bills as files that a person chose: which kind, whose and of which day is told by what they say.

use super::{Came, FlowPreview, Preview, bill_file};
use crate::{
    Desk, DeskError,
    ports::{BillOrigin, BillSource},
};
use paydesk_channels::BillFault;
use paydesk_domain::{AccountId, BillKind, ChannelDay};
use std::{io::Read as _, sync::Arc};

/// A file that was looked at, by what it turned out to be.
#[derive(Clone, Debug)]
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
    /// `Bill` says what is wrong with the file, `BillStopped` that somebody asked to stop; nothing was kept.
    pub async fn open_bill(
        &self,
        account: &AccountId,
        day: Option<ChannelDay>,
        name: &str,
        source: Arc<dyn BillSource>,
    ) -> Result<LookedAt, DeskError> {
        let reading = self.begin_reading();
        let source = reading.watch(source);
        let looked = self.looked_at(account, day, name, source).await;
        Ok(self.remember_any(reading.verdict(looked)?))
    }

    async fn looked_at(
        &self,
        account: &AccountId,
        day: Option<ChannelDay>,
        name: &str,
        source: Arc<dyn BillSource>,
    ) -> Result<LookedAt, DeskError> {
        let (account, _, bills) = self.bills_of(account)?;
        let origin = BillOrigin::File {
            name: name.to_owned(),
        };
        let came = Came {
            origin: origin.clone(),
            name: name.to_owned(),
            source: Arc::clone(&source),
            link: None,
        };
        match self.look_at(account.clone(), bills, day, came).await {
            Err(DeskError::Bill(BillFault::WrongKind)) => {}
            looked => return looked.map(LookedAt::Trade),
        }
        // No trade bill: a fund-flow bill is small enough to be held.
        let file = held(source.as_ref())?;
        let text = bills.open(&file, None)?;
        text.expect_kind(BillKind::FundFlow)?;
        let came = (origin, bill_file(name.to_owned(), &file));
        let flow = self.look_at_flow(account, bills, day, text, came).await?;
        Ok(LookedAt::Flow(flow))
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
    /// it, or what is wrong with the file; `FlowAccount` where several accounts may be meant; `BillStopped`; nothing
    /// was kept.
    pub async fn recognise_bill(
        &self,
        name: &str,
        source: Arc<dyn BillSource>,
    ) -> Result<LookedAt, DeskError> {
        let reading = self.begin_reading();
        let source = reading.watch(source);
        let found = self.recognised(name, source).await;
        Ok(self.remember_any(reading.verdict(found)?))
    }

    async fn recognised(
        &self,
        name: &str,
        source: Arc<dyn BillSource>,
    ) -> Result<LookedAt, DeskError> {
        let accounts = self.shop().into_iter().flat_map(|shop| shop.accounts);
        let mut nearest = BillFault::WrongChannel;
        let mut flows = Vec::new();
        for account in accounts.filter(|account| self.bills_of(&account.id).is_ok()) {
            match self
                .looked_at(&account.id, None, name, Arc::clone(&source))
                .await
            {
                Err(DeskError::Bill(BillFault::WrongChannel)) => {}
                Err(DeskError::Bill(BillFault::WrongMerchant)) => {
                    nearest = BillFault::WrongMerchant;
                }
                // A fund-flow bill may name no merchant: every account of its channel could read it.
                Ok(LookedAt::Flow(preview)) => flows.push(preview),
                found => return found,
            }
        }
        if flows.is_empty() {
            return Err(nearest.into());
        }
        Ok(LookedAt::Flow(self.account_of_flow(flows).await?))
    }
}

/// A file's bytes, as far as a bill that is held may be large.
fn held(source: &dyn BillSource) -> Result<Vec<u8>, BillFault> {
    let unreadable = |_| BillFault::Archive("it cannot be read");
    let mut bytes = Vec::new();
    let mut file = source.open().map_err(unreadable)?;
    let most = paydesk_channels::wire::archive::UNPACKED_BYTES_MAX + 1;
    (&mut file)
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

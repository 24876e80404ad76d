//! Card readers of the shop (ADR 40): which of them a till uses, and payments at it. The channel's server drives the
//! reader; what becomes of a payment is told by the payment itself, and never by the reader.

use crate::{
    Desk, DeskError,
    accounts::connector,
    asked::{Asked, PartOf, Wish},
    driver::Exchanged,
    pages::Way,
    shop::{Account, NamedReader},
};
use paydesk_channels::{CardReader, CardReaders, Channel, ListReaders, Tender};
use paydesk_domain::{AccountId, ChannelId, Money, Order, OrderNumber, TenderKind};
use std::sync::Arc;

/// Pages of readers that are turned, a hundred readers each: a shop has a few.
const PAGES_MAX: usize = 10;

/// What is wrong with card readers.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReaderFault {
    /// None was chosen for this till, or the channel drives none.
    #[error("no card reader is chosen")]
    NotChosen,
    /// The channel did not tell which there are, with its code.
    #[error("the channel does not tell its card readers: {0}")]
    Refused(String),
    /// The account has no such reader.
    #[error("the account has no card reader {0}")]
    Unknown(String),
    /// They could not be asked for: no answer, or none that could be believed.
    #[error("the card readers could not be asked for")]
    Unreachable,
}

/// Take a payment at a card reader of the shop.
pub struct UseReader {
    /// Made by the caller before the first try.
    pub intent: String,
    /// How much.
    pub amount: Money,
    /// Which channel's reader.
    pub channel: ChannelId,
    /// A note.
    pub note: String,
    /// The earlier order that was shown in the repeat question.
    pub confirmed_repeat_of: Option<OrderNumber>,
    /// What it collects: all of a new order, or a part.
    pub part: PartOf,
}

/// The reader that the till of an account uses, by its number at the channel and the name it had when it was chosen.
#[must_use]
pub fn reader_of(account: &Account) -> Option<NamedReader> {
    let channel = paydesk_channels::by_id(&account.channel.0)?;
    let id = account.fields.get(channel.card_readers()?.field())?;
    // A number that was typed over belongs to another reader: the name goes with its own number only.
    let named = account.reader.as_ref().filter(|named| named.id == *id);
    Some(named.cloned().unwrap_or_else(|| NamedReader {
        id: id.clone(),
        name: id.clone(),
    }))
}

impl Desk {
    /// Begins a payment at the reader that the till uses. Returns once the intent is durable; the sending goes on by
    /// itself.
    ///
    /// # Errors
    /// `DeskError`: nothing was sent. `Reader(NotChosen)` where none was chosen.
    pub async fn use_reader(self: &Arc<Self>, ask: UseReader) -> Result<Order, DeskError> {
        let wish = Wish {
            amount: ask.amount,
            channel: Some(&ask.channel.0),
            note: &ask.note,
            code: None,
            at_reader: true,
        };
        let asked = Asked {
            digest: self.digest_of(&wish, &ask.part),
            intent: ask.intent,
            amount: ask.amount,
            part: ask.part,
        };
        if let Some(order) = self.begun_before(&asked).await? {
            return Ok(order);
        }
        let channel = paydesk_channels::by_id(&ask.channel.0)
            .filter(|channel| channel.card_readers().is_some())
            .ok_or_else(|| DeskError::ChannelNotConnected(ask.channel.0.clone()))?;
        let now = self.now();
        let checked = self.check(asked.clone(), channel, TenderKind::Reader, &ask.note)?;
        let reader = reader_of(checked.account()).ok_or(ReaderFault::NotChosen)?;
        let repeat = self
            .ask_about_repeat(&checked, ask.confirmed_repeat_of.as_ref(), now)
            .await;
        if let Err(error) = repeat {
            return self.or_same_intent(&asked, Err(error)).await;
        }
        let tender = Tender::Reader { id: reader.id };
        self.begin(checked, Way::Send(tender), now).await
    }

    /// The readers of an account, as the channel knows them now.
    ///
    /// # Errors
    /// `AccountNotFound`, `Reader`.
    pub async fn readers(&self, id: &AccountId) -> Result<Vec<CardReader>, DeskError> {
        let account = self.account(id)?;
        let channel = connector(&account.channel.0)?;
        let part = channel.card_readers().ok_or(ReaderFault::NotChosen)?;
        self.listed(&account, channel, part).await
    }

    async fn listed(
        &self,
        account: &Account,
        channel: &'static dyn Channel,
        part: &dyn CardReaders,
    ) -> Result<Vec<CardReader>, DeskError> {
        let mut call = ListReaders { after: None };
        let mut readers = Vec::new();
        for _ in 0..PAGES_MAX {
            match self.exchange(account, channel, &mut call, part).await {
                Exchanged::Heard { answer, .. } => {
                    readers.extend(answer.fact.readers);
                    call.after = answer.fact.after;
                }
                Exchanged::Refused { refusal, .. } => {
                    return Err(ReaderFault::Refused(refusal.code).into());
                }
                Exchanged::Doubt { .. } | Exchanged::NotSent(_) => {
                    return Err(ReaderFault::Unreachable.into());
                }
            }
            if call.after.is_none() {
                break;
            }
        }
        Ok(readers)
    }

    /// The till uses this reader from now on; without one, none. What is under way goes on at the one it began at.
    ///
    /// # Errors
    /// As of [`Desk::readers`]; `Reader(Unknown)` where the account has no such reader; then nothing was changed.
    pub async fn choose_reader(
        &self,
        id: &AccountId,
        reader: Option<&str>,
    ) -> Result<Account, DeskError> {
        self.not_older_copy()?;
        let mut account = self.account(id)?;
        let channel = connector(&account.channel.0)?;
        let part = channel.card_readers().ok_or(ReaderFault::NotChosen)?;
        let named = match reader {
            None => None,
            Some(reader) => {
                let listed = self.listed(&account, channel, part).await?;
                let found = listed.into_iter().find(|listed| listed.id == reader);
                let found = found.ok_or_else(|| ReaderFault::Unknown(reader.to_owned()))?;
                Some(NamedReader {
                    id: found.id,
                    name: found.name,
                })
            }
        };
        let field = part.field().to_owned();
        match &named {
            Some(named) => drop(account.fields.insert(field, named.id.clone())),
            None => drop(account.fields.remove(&field)),
        }
        account.reader = named;
        // The channel took its time: only this is changed of what stands now.
        let mut shop = self.need_shop()?;
        let known = shop.accounts.iter_mut().find(|known| known.id == *id);
        let known = known.ok_or(DeskError::AccountNotFound)?;
        known.fields.clone_from(&account.fields);
        known.reader.clone_from(&account.reader);
        let changed = known.clone();
        self.change_shop(shop).await?;
        Ok(changed)
    }
}

//! Card readers of the shop, from the screen's side.

use crate::{
    Console, coded,
    contract::*,
    pay::{confirmed, intent},
};
use paydesk_desk::{UseReader, reader_of, shop::Account};
use paydesk_domain::{AccountId, ChannelId, PayerAction, Payment, PaymentState};

impl Console {
    pub(crate) async fn use_reader(&self, args: ShowQr) -> Result<PaymentView, CommandError> {
        let currency = args.currency.as_deref();
        let amount = self.money_in(&args.amount_minor, currency)?;
        intent(&args.intent_id)?;
        let ask = UseReader {
            intent: args.intent_id,
            amount,
            channel: ChannelId(args.channel),
            note: args.note.trim().to_owned(),
            confirmed_repeat_of: confirmed(args.confirmed_repeat_of.as_deref())?,
            part: self.part_of(args.part, currency)?,
        };
        let told = self.desk.listen();
        let order = self.desk.use_reader(ask).await.map_err(coded)?;
        let order = self.after_a_quick_answer(order, told).await;
        self.view(&order).await
    }

    pub(crate) async fn list_readers(&self, args: AccountOf) -> Result<ReaderList, CommandError> {
        let id = AccountId(args.account_id);
        let readers = self.desk.readers(&id).await.map_err(coded)?;
        let shop = self.desk.shop();
        let chosen = shop.as_ref().and_then(|shop| chosen(shop.account(&id)?));
        let is_chosen = |id: &str| chosen.as_ref().is_some_and(|chosen| chosen.id == id);
        let readers = readers.into_iter().map(|reader| ReaderView {
            chosen: is_chosen(&reader.id),
            id: reader.id,
            name: reader.name,
            model: reader.model,
            online: reader.is_online,
        });
        Ok(ReaderList {
            readers: readers.collect(),
            chosen,
        })
    }

    pub(crate) async fn choose_reader(
        &self,
        args: ChooseReader,
    ) -> Result<AccountView, CommandError> {
        let id = AccountId(args.account_id);
        let chosen = self.desk.choose_reader(&id, args.reader.as_deref()).await;
        self.account_view(&chosen.map_err(coded)?).await
    }

    /// The name of the reader at which a payment waits for a card.
    pub(crate) fn reader_at(&self, payment: &Payment) -> Option<String> {
        let PaymentState::Awaiting {
            action: PayerAction::UseReader { reader },
            ..
        } = payment.state()
        else {
            return None;
        };
        let shop = self.desk.shop()?;
        let known = shop.account(&payment.plan().account).and_then(chosen);
        let known = known.filter(|known| known.id == *reader);
        Some(known.map_or_else(|| reader.clone(), |known| known.name))
    }
}

/// Whether the channel drives card readers.
pub(crate) fn drives_some(channel: &str) -> bool {
    paydesk_desk::channel(channel).is_some_and(|channel| channel.card_readers().is_some())
}

/// The reader that the till of an account uses.
pub(crate) fn chosen(account: &Account) -> Option<ChosenReader> {
    reader_of(account).map(|named| ChosenReader {
        id: named.id,
        name: named.name,
    })
}

//! What a notice says: that a payment, a refund or an undo is done.
//!
//! Percent-encoded as any form, unlike answers (protocol reference, "Notification"). It must never tell of anything
//! but a success.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::answer::{Fields, message_of, put, sign};
use super::order::{self, Order};
use crate::keys::Keys;
use crate::ledger::{Ledger, Notice};
use crate::notices::DueNotice;

/// The notice as it goes out; `None` when its transaction names no address.
pub(crate) fn notice(keys: &Keys, ledger: &Ledger, notice: &Notice) -> Option<DueNotice> {
    let order = order::by_number(ledger, &notice.number)?;
    let url = order.back_url()?.to_owned();
    let fields = told(keys, order);
    let part = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", part(value)))
        .collect();
    Some(DueNotice {
        number: notice.number.clone(),
        url,
        headers: vec![(
            "content-type".to_owned(),
            "application/x-www-form-urlencoded;charset=UTF-8".to_owned(),
        )],
        body: pairs.join("&"),
    })
}

/// The signed fields, which the payer's browser carries as well.
pub(super) fn told(keys: &Keys, order: Order<'_>) -> Fields {
    let mut fields = order.fields(&keys.merchant.unionpay.mer_id);
    put(&mut fields, "exchangeRate", "0");
    put(&mut fields, "respCode", "00");
    put(&mut fields, "respMsg", message_of("00"));
    let signature = sign(&mut fields, &keys.unionpay.gateway);
    put(&mut fields, "signature", signature);
    fields
}

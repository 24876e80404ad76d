//! 76: the settlement file of a past day, in the answer itself.
//!
//! base64 over zlib over a zip (protocol reference, "Settlement files"). It must never list what is not in the
//! ledger, but for planted differences.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::answer::{Fields, Refusal, accepted, put};
use super::request::Form;
use crate::bills::{self, BillFile, BillFlaw, Holder};
use crate::clock::{day_text, read_day};
use crate::ledger::Channel;
use crate::world::World;

pub(super) fn fetch(world: &World, form: &Form) -> Result<Fields, Refusal> {
    form.fresh_time(world)?;
    if form.need("fileType")? != "00" {
        return Err(Refusal::format("fileType"));
    }
    let now_ms = world.now().wall_ms;
    let today = bills::bill_day(Channel::Unionpay, now_ms);
    let asked = form.need("settleDate")?;
    let day = latest(asked, today).ok_or_else(|| Refusal::format("settleDate"))?;
    let flaw = world.flaw();
    if flaw == Some(BillFlaw::NotAllowed) {
        return Err(Refusal::of("32"));
    }
    let ledger = world.ledger()?;
    let is_ready = day < today && bills::is_ready(&ledger, Channel::Unionpay, day, now_ms);
    if !is_ready || flaw == Some(BillFlaw::NotReady) {
        return Err(Refusal::of("98"));
    }
    let mer_id = &world.keys.merchant.unionpay.mer_id;
    let holder = Holder {
        account: mer_id,
        appid: "",
    };
    let file = BillFile::UnionpaySettlement;
    let zip = bills::write(&ledger, holder, file, day, flaw).ok_or_else(|| Refusal::of("98"))?;
    let mut packed = bills::zlib(&zip);
    if flaw == Some(BillFlaw::Truncated) {
        packed.truncate(packed.len() / 2);
    }
    let name = format!("{mer_id}_{}.zip", day_text(day).replace('-', ""));
    let mut fields = accepted(form);
    put(&mut fields, "fileContent", STANDARD.encode(packed));
    put(&mut fields, "fileName", name);
    put(&mut fields, "fileType", "00");
    put(&mut fields, "settleDate", asked);
    Ok(fields)
}

/// `0119` names no year: the latest such day that is not in the future.
fn latest(month_and_day: &str, today: i64) -> Option<i64> {
    let is_date =
        month_and_day.len() == 4 && month_and_day.bytes().all(|byte| byte.is_ascii_digit());
    let (month, day) = month_and_day.split_at_checked(2).filter(|_| is_date)?;
    let this_year: i64 = day_text(today).get(..4)?.parse().ok()?;
    // 29 February may be up to eight years ago.
    (0..=8)
        .filter_map(|back| {
            let year = this_year.checked_sub(back)?;
            read_day(&format!("{year:04}-{month}-{day}"))
        })
        .find(|found| *found <= today)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_without_a_year_is_the_latest_past_one() {
        let today = read_day("2026-11-21").unwrap_or_default();
        for (text, day) in [
            ("1121", Some("2026-11-21")),
            ("1120", Some("2026-11-20")),
            ("1122", Some("2025-11-22")),
            ("0229", Some("2024-02-29")),
            ("1301", None),
            ("112", None),
            ("门1", None),
        ] {
            assert_eq!(latest(text, today), day.and_then(read_day), "{text}");
        }
    }
}

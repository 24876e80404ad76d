//! Bills at Alipay: a signed answer with a link, then a zip to whoever holds the link.
//!
//! It must never put more into the link than the channel does.

use serde::Deserialize;

use super::answer::{Refusal, success};
use super::read;
use crate::bills::{self, BillFile, BillFlaw, Download, Fetched, Holder};
use crate::clock::{day_of, day_text, read_day};
use crate::exchange::{Call, Reply};
use crate::ledger::Channel;
use crate::world::World;

/// Where links lead.
pub(crate) const DOWNLOAD_PATH: &str = "/downloadBillFile.resource";
/// A link lives half a minute.
const LINK_MS: i64 = 30_000;

#[derive(Debug, Deserialize)]
struct Asked {
    bill_type: Option<String>,
    bill_date: Option<String>,
}

/// `alipay.data.dataservice.bill.downloadurl.query`.
pub(super) fn query(world: &World, call: &Call, content: &str) -> Result<String, Refusal> {
    let asked: Asked = read(content)?;
    let bill_type = asked.bill_type.unwrap_or_default();
    let file = match bill_type.as_str() {
        "trade" => BillFile::AlipayTrade,
        "signcustomer" => BillFile::AlipayAccount,
        _ => return Err(invalid("bill_type")),
    };
    let asked_day = asked.bill_date.unwrap_or_default();
    let day = read_day(&asked_day).ok_or_else(|| invalid("bill_date"))?;
    let now_ms = world.now().wall_ms;
    let flaw = world.flaw();
    if flaw == Some(BillFlaw::NotAllowed) {
        return Err(Refusal::not_allowed());
    }
    let ledger = world.ledger()?;
    let is_early = day >= day_of(now_ms) || !bills::is_ready(&ledger, Channel::Alipay, day, now_ms);
    if is_early || flaw == Some(BillFlaw::NotReady) {
        return Err(not_there());
    }
    let account = format!("{}0156", world.keys.merchant.alipay.seller_id);
    let holder = Holder {
        account: &account,
        appid: "",
    };
    let mut zip = bills::write(&ledger, holder, file, day, flaw).ok_or_else(not_there)?;
    drop(ledger);
    if flaw == Some(BillFlaw::Truncated) {
        zip.truncate(zip.len() / 2);
    }
    let life_ms = if flaw == Some(BillFlaw::LinkExpired) {
        0
    } else {
        LINK_MS
    };
    let file_name = bills::alipay_file_name(&account, day);
    let token = world.keep_download(Download {
        channel: Channel::Alipay,
        expires_ms: now_ms.saturating_add(life_ms),
        file_name: file_name.clone(),
        content_type: "application/zip",
        content: zip,
    });
    let url = format!(
        "http://{}{DOWNLOAD_PATH}?bizType={bill_type}&userId={account}&fileType=csv.zip\
         &bizDates={}&downloadFileName={file_name}&fileId=%2F{bill_type}%2F{account}\
         &timestamp={now_ms}&token={token}",
        world.own_host(call),
        day_text(day).replace('-', ""),
    );
    Ok(success().text("bill_download_url", &url).finish())
}

fn not_there() -> Refusal {
    Refusal::business("isp.bill_not_exist", "账单不存在")
}

fn invalid(what: &str) -> Refusal {
    Refusal::invalid("isv.invalid_arguments", &format!("参数有误: {what}"))
}

/// The file behind a link. Nobody signs here; the token is all that is asked for.
pub(crate) fn download(world: &World, call: &Call) -> Reply {
    let mut pairs = call.query.split('&');
    let token = pairs.find_map(|pair| pair.strip_prefix("token="));
    let page = |status, words: &str| Reply {
        status,
        headers: vec![("content-type", "text/html;charset=utf-8".to_owned())],
        body: format!("<html><body>{words}</body></html>").into_bytes(),
    };
    match world.fetch_download(Channel::Alipay, token.unwrap_or_default()) {
        Fetched::File(file) => Reply {
            status: 200,
            headers: vec![
                ("content-type", file.content_type.to_owned()),
                (
                    "content-disposition",
                    format!("attachment; filename={}", file.file_name),
                ),
            ],
            body: file.content,
        },
        Fetched::Expired => page(403, "下载链接已失效，请重新获取"),
        Fetched::Unknown => page(404, "文件不存在"),
    }
}

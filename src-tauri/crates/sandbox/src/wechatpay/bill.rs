//! Bills at WeChat Pay: a link with its digest, then the file to whoever signs for it.
//!
//! The digest is of the file before compression. It must never send a file to a stranger.

use percent_encoding::percent_decode_str;
use sha1::{Digest as _, Sha1};

use super::answer::{Answer, Refusal, SignedBy, object};
use super::{Outcome, authorization, signer};
use crate::bills::{self, BillFile, BillFlaw, Download, Fetched, Holder, Part};
use crate::clock::{day_of, day_text, read_day};
use crate::exchange::{Call, Carriage, Reply};
use crate::ledger::Channel;
use crate::world::World;

const DOWNLOAD_PATH: &str = "/v3/billdownload/file";
/// A link lives five minutes.
const LINK_MS: i64 = 300_000;
/// Bills reach three months back.
const DAYS_MAX: i64 = 92;

/// A value of the query, decoded.
fn parameter(call: &Call, name: &str) -> Option<String> {
    let mut pairs = call
        .query
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(known, _)| *known == name)?;
    let value = percent_decode_str(value).decode_utf8().ok()?;
    Some(value.into_owned())
}

/// `GET /v3/bill/tradebill`.
pub(super) fn trade(world: &World, call: &Call) -> Outcome {
    let part = match parameter(call, "bill_type").as_deref() {
        None | Some("ALL") => Part::All,
        Some("REFUND") => Part::Refund,
        Some("SUCCESS") => Part::Success,
        Some(_) => return Err(Refusal::parameter("bill_type")),
    };
    offer(world, call, BillFile::WechatpayTrade(part))
}

/// `GET /v3/bill/fundflowbill`: only the basic account ever moves here.
pub(super) fn fund_flow(world: &World, call: &Call) -> Outcome {
    match parameter(call, "account_type").as_deref() {
        None | Some("BASIC") => offer(world, call, BillFile::WechatpayFundFlow),
        Some("FEES" | "OPERATION") => Err(no_statement()),
        Some(_) => Err(Refusal::parameter("account_type")),
    }
}

fn no_statement() -> Refusal {
    Refusal::new(400, "NO_STATEMENT_EXIST", "账单文件不存在")
}

fn offer(world: &World, call: &Call, file: BillFile) -> Outcome {
    let is_packed = match parameter(call, "tar_type").as_deref() {
        None => false,
        Some("GZIP") => true,
        Some(_) => return Err(Refusal::parameter("tar_type")),
    };
    let asked = parameter(call, "bill_date").unwrap_or_default();
    let day = read_day(&asked).ok_or_else(|| Refusal::parameter("bill_date"))?;
    let now_ms = world.now().wall_ms;
    let today = day_of(now_ms);
    if day >= today || today.saturating_sub(day) > DAYS_MAX {
        return Err(Refusal::request(
            "账单日期无效：只能下载三个月内、今日之前的账单",
        ));
    }
    let flaw = world.flaw();
    if flaw == Some(BillFlaw::NotAllowed) {
        return Err(Refusal::new(403, "NO_AUTH", "商户无权限"));
    }
    let ledger = world.ledger()?;
    let is_ready = bills::is_ready(&ledger, Channel::Wechatpay, day, now_ms);
    if !is_ready || flaw == Some(BillFlaw::NotReady) {
        return Err(Refusal::new(
            400,
            "STATEMENT_CREATING",
            "账单生成中，请稍后再试",
        ));
    }
    let own = &world.keys.merchant.wechatpay;
    let holder = Holder {
        account: &own.mchid,
        appid: &own.appid,
    };
    let plain = bills::write(&ledger, holder, file, day, flaw).ok_or_else(no_statement)?;
    drop(ledger);
    let hash = digest(&plain, flaw);
    let (mut content, content_type) = if is_packed {
        (bills::gzip(&plain), "application/gzip")
    } else {
        (plain, "text/plain;charset=utf-8")
    };
    if flaw == Some(BillFlaw::Truncated) {
        content.truncate(content.len() / 2);
    }
    let life_ms = if flaw == Some(BillFlaw::LinkExpired) {
        0
    } else {
        LINK_MS
    };
    let token = world.keep_download(Download {
        channel: Channel::Wechatpay,
        expires_ms: now_ms.saturating_add(life_ms),
        file_name: format!("{}_{}", own.mchid, day_text(day)),
        content_type,
        content,
    });
    let url = format!(
        "http://{}{DOWNLOAD_PATH}?token={token}",
        world.own_host(call)
    );
    let body = object()
        .text("download_url", &url)
        .text("hash_type", "SHA1")
        .text("hash_value", &hash);
    Ok((200, body.finish(), Carriage::Prompt))
}

fn digest(plain: &[u8], flaw: Option<BillFlaw>) -> String {
    let mut hash = Sha1::new();
    hash.update(plain);
    if flaw == Some(BillFlaw::DigestWrong) {
        hash.update(b"x");
    }
    let hash = hash.finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `GET /v3/billdownload/file`: the file is not signed, every refusal is a JSON answer. `None`
/// for any other call.
pub(crate) fn download(world: &World, call: &Call) -> Option<Result<Reply, Answer>> {
    if call.path != DOWNLOAD_PATH || call.method != "GET" {
        return None;
    }
    if let Err(refusal) = authorization::authenticate(&world.keys, call, world.wire_ms()) {
        return Some(Err(refused(&refusal, SignedBy::Nobody)));
    }
    let token = parameter(call, "token").unwrap_or_default();
    let refusal = match world.fetch_download(Channel::Wechatpay, &token) {
        Fetched::File(file) => return Some(Ok(reply(file))),
        Fetched::Expired => Refusal::new(403, "NO_AUTH", "下载链接已过期，请重新获取"),
        Fetched::Unknown => Refusal::request("token无效"),
    };
    Some(Err(refused(&refusal, signer(world, call))))
}

fn refused(refusal: &Refusal, signed_by: SignedBy) -> Answer {
    Answer {
        status: refusal.status,
        body: refusal.body(),
        signed_by,
    }
}

fn reply(file: Download) -> Reply {
    Reply {
        status: 200,
        headers: vec![("content-type", file.content_type.to_owned())],
        body: file.content,
    }
}

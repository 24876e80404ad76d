//! What channels tell by themselves, through a relay or a tunnel. The notice's own signature is what lets it in; it is
//! acknowledged in the channel's words, or refused so that the channel repeats it.

use crate::{
    door::{Door, read},
    limits::NOTICE_BYTES_MAX,
    refusal::Refusal,
};
use axum::{
    extract::{Path, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Headers that a notice may have, and the room for each.
const HEADER_BYTES_MAX: usize = 4096;

pub(crate) async fn hear(
    State(door): State<Arc<Door>>,
    Path(account): Path<String>,
    request: Request,
) -> Response {
    match heard(&door, account.clone(), request).await {
        Ok(response) => response,
        Err(refusal) => {
            door.log_stranger(&refusal, "POST", &format!("/notices/{account}"));
            refusal.into_response()
        }
    }
}

async fn heard(door: &Arc<Door>, account: String, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let settings = door.console.interface_now();
    door.look(&parts.headers, &settings)?;
    if !settings.hears_notices {
        return Err(Refusal::interface_off());
    }
    door.take_notice()?;
    let body = read(body, NOTICE_BYTES_MAX).await?.to_vec();
    let headers = parts.headers.iter().filter_map(|(name, value)| {
        let value = value.to_str().ok()?;
        (value.len() <= HEADER_BYTES_MAX).then(|| (name.as_str().to_owned(), value.to_owned()))
    });
    let headers: Vec<(String, String)> = headers.collect();
    let console = door.console.clone();
    let heard = door
        .work(async move {
            let heard = console.hear_notice(Some(&account), headers, body).await;
            heard.map_err(Refusal::from)
        })
        .await?;
    let status = StatusCode::from_u16(heard.receipt_status).unwrap_or(StatusCode::OK);
    Ok((status, heard.receipt_body).into_response())
}

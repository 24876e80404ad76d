//! The page on which a payer sees one payment: its address names the order and bears a tag that only this shop can make.
//! Whoever has the address may look, and nothing can be done there.

use crate::{
    door::{Door, one},
    refusal::Refusal,
};
use axum::{
    extract::{Path, Request, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

pub(crate) async fn look(
    State(door): State<Arc<Door>>,
    Path((order_id, tag)): Path<(String, String)>,
    request: Request,
) -> Response {
    // The body stays unread: there is none.
    let (parts, _) = request.into_parts();
    match looked(&door, &order_id, &tag, &parts.headers).await {
        Ok(response) => response,
        Err(refusal) => {
            // The tag is what lets somebody in: it stands in no log.
            door.log_stranger(&refusal, "GET", &format!("/pay/{order_id}/…"));
            refusal.into_response()
        }
    }
}

async fn looked(
    door: &Door,
    order_id: &str,
    tag: &str,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let settings = door.console.interface_now();
    door.named(headers, &settings)?;
    if !settings.is_on {
        return Err(Refusal::interface_off());
    }
    door.take_look()?;
    let languages = one(headers, "accept-language").unwrap_or_default();
    let page = door.console.payer_page(order_id, tag, languages).await;
    // Whoever guesses learns nothing, not even which orders there are.
    let (html, policy) = page.map_err(|_| Refusal::path_unknown())?;
    let told = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((told, html).into_response())
}

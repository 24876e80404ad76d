//! Orders for other software: create, query, cancel, refund, list. Each asks the command that the window asks.

use crate::{
    OPENAPI,
    door::{Admitted, Door, one},
    limits::{BODY_BYTES_MAX, IDEMPOTENCY_KEY_MAX, PAGE_MAX, WAIT_MS_MAX},
    notices, payer,
    refusal::{Refusal, json},
    signature::hex,
};
use axum::{
    Router,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use paydesk_console::{CASH, Console, contract::*};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::{future::Future, sync::Arc, time::Duration};

/// Every path with its methods, as OpenAPI writes them.
pub const ROUTES: &[(&str, &str)] = &[
    ("get", "/openapi.json"),
    ("get", "/v1/orders"),
    ("post", "/v1/orders"),
    ("get", "/v1/orders/{order_id}"),
    ("post", "/v1/orders/{order_id}/cancel"),
    ("post", "/v1/orders/{order_id}/refunds"),
    ("post", "/notices/{account_id}"),
    ("get", "/pay/{order_id}/{tag}"),
];

/// Take a payment: by a code that is shown, or by the payer's own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateOrder {
    amount_minor: i64,
    currency: String,
    /// Whose code is shown; or else `code`.
    channel: Option<String>,
    /// The payer's scanned code: a secret.
    code: Option<String>,
    #[serde(default)]
    note: String,
}

/// Give money back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateRefund {
    amount_minor: i64,
    currency: String,
    reason: String,
    #[serde(default)]
    note: String,
}

/// Wait until the order is past a version.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wait {
    #[serde(default)]
    wait_ms: u64,
    #[serde(default)]
    past_version: u32,
}

/// Which orders.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    day_from: Option<String>,
    day_to: Option<String>,
    status: Option<StatusView>,
    channel: Option<String>,
    cursor: Option<String>,
    #[serde(default = "a_page")]
    limit: u32,
}

fn a_page() -> u32 {
    100
}

/// A code to show.
#[derive(Serialize)]
struct ShownCode {
    text: String,
    expires_at_ms: i64,
}

#[derive(Serialize)]
struct Failure {
    code: String,
    advice: String,
}

/// An order that a person collects in parts.
#[derive(Serialize)]
struct Split {
    total_minor: i64,
    paid_minor: i64,
    left_minor: i64,
}

/// An order with its latest attempt.
#[derive(Serialize)]
struct Order {
    order_id: String,
    state: PayState,
    /// Nothing of it changes any more, refunds apart.
    is_final: bool,
    amount_minor: i64,
    currency: String,
    exponent: u8,
    channel: String,
    begun_at_ms: i64,
    paid_at_ms: Option<i64>,
    channel_number: Option<String>,
    shown_code: Option<ShownCode>,
    /// Where its payer sees it in a browser.
    payer_path: Option<String>,
    failure: Option<Failure>,
    split: Option<Split>,
    doubt: Option<String>,
    version: u32,
}

/// An order with its refunds.
#[derive(Serialize)]
struct WholeOrder {
    #[serde(flatten)]
    order: Order,
    note: String,
    refundable_minor: Option<i64>,
    refunds: Vec<Refund>,
}

#[derive(Serialize)]
struct Refund {
    refund_id: String,
    order_id: String,
    state: RefundStateView,
    amount_minor: i64,
    currency: String,
    reason: String,
    note: String,
    begun_at_ms: i64,
    done_at_ms: Option<i64>,
    in_cash: bool,
    claim_link: Option<String>,
    why: Option<String>,
}

/// A row of a list.
#[derive(Serialize)]
struct Row {
    order_id: String,
    status: StatusView,
    amount_minor: i64,
    currency: String,
    refunded_minor: i64,
    channel: String,
    opened_at_ms: i64,
    note: String,
    by: String,
    needs_attention: bool,
}

#[derive(Serialize)]
struct Page {
    orders: Vec<Row>,
    next_cursor: Option<String>,
}

pub(crate) fn router(door: Arc<Door>) -> Router {
    Router::new()
        .route("/openapi.json", get(description))
        .route("/v1/orders", get(list).post(create))
        .route("/v1/orders/{order_id}", get(query))
        .route("/v1/orders/{order_id}/cancel", post(cancel))
        .route("/v1/orders/{order_id}/refunds", post(refund))
        .route("/notices/{account_id}", post(notices::hear))
        .route("/pay/{order_id}/{tag}", get(payer::look))
        .fallback(
            |State(door): State<Arc<Door>>, request: Request| async move {
                refused(&door, &request, Refusal::path_unknown())
            },
        )
        .method_not_allowed_fallback(
            |State(door): State<Arc<Door>>, request: Request| async move {
                refused(&door, &request, Refusal::method_not_allowed())
            },
        )
        .with_state(door)
}

fn refused(door: &Door, request: &Request, refusal: Refusal) -> Response {
    door.log_stranger(&refusal, request.method().as_str(), request.uri().path());
    refusal.into_response()
}

async fn description(State(door): State<Arc<Door>>, request: Request) -> Response {
    let settings = door.console.interface_now();
    match door.look(request.headers(), &settings) {
        Ok(()) => ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response(),
        Err(refusal) => refused(&door, &request, refusal),
    }
}

/// Admits, works in a task of its own on behalf of the caller, and writes refusals to the log.
async fn served<T, W, F>(door: Arc<Door>, request: Request, right: RightView, work: W) -> Response
where
    T: Serialize + Send + 'static,
    W: FnOnce(Console, Admitted) -> F + Send + 'static,
    F: Future<Output = Result<(StatusCode, T), Refusal>> + Send + 'static,
{
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let admitted = match door.admit(request, right, BODY_BYTES_MAX).await {
        Ok(admitted) => admitted,
        Err(refusal) => {
            door.log_stranger(&refusal, method.as_str(), &path);
            return refusal.into_response();
        }
    };
    let key = admitted.caller.id.clone();
    let label = admitted.caller.label.clone();
    let console = door.console.clone();
    let done = door
        .work(async move { Console::on_behalf_of(&label, work(console, admitted)).await })
        .await;
    match done {
        Ok((status, value)) => json(status, &value),
        Err(refusal) => {
            refusal.log(method.as_str(), &path, &key);
            refusal.into_response()
        }
    }
}

async fn create(State(door): State<Arc<Door>>, request: Request) -> Response {
    served(
        door,
        request,
        RightView::Create,
        |console, admitted| async move {
            let intent = intent(&admitted, "/v1/orders")?;
            let wish: CreateOrder = body(&admitted)?;
            check_amount(&console, &admitted, wish.amount_minor, &wish.currency)?;
            let amount_minor = wish.amount_minor.to_string();
            let view: PaymentView = match (wish.channel, wish.code) {
                (Some(channel), None) if channel == CASH => return Err(Refusal::cash_by_hand()),
                (Some(channel), None) => {
                    let ask_for = ShowQr {
                        intent_id: intent,
                        amount_minor,
                        currency: Some(wish.currency),
                        channel,
                        note: wish.note,
                        confirmed_repeat_of: None,
                        part: None,
                    };
                    ask(&console, "show_qr", ask_for).await?
                }
                (None, Some(code)) => {
                    let ask_for = TakePayment {
                        intent_id: intent,
                        amount_minor,
                        currency: Some(wish.currency),
                        code,
                        note: wish.note,
                        confirmed_repeat_of: None,
                        part: None,
                    };
                    ask(&console, "take_payment", ask_for).await?
                }
                _ => return Err(Refusal::not_json("either channel or code")),
            };
            Ok((StatusCode::CREATED, order(&console, view)))
        },
    )
    .await
}

async fn query(
    State(door): State<Arc<Door>>,
    Path(order_id): Path<String>,
    request: Request,
) -> Response {
    let open = Arc::clone(&door);
    served(
        door,
        request,
        RightView::Query,
        |console, admitted| async move {
            let wait: Wait = arguments(&admitted)?;
            if wait.wait_ms > 0 {
                past(&console, &open, &order_id, &wait).await?;
            }
            let named = OrderId { order_id };
            let detail: OrderDetail = ask(&console, "order_detail", named).await?;
            let whole = WholeOrder {
                order: order(&console, detail.payment),
                note: detail.row.note,
                refundable_minor: detail.refundable.as_ref().map(minor),
                refunds: detail.refunds.into_iter().map(refund_of).collect(),
            };
            Ok((StatusCode::OK, whole))
        },
    )
    .await
}

/// Waits until the order is past a version, for as long as the caller wants to and the listener is open.
async fn past(console: &Console, open: &Door, order_id: &str, wait: &Wait) -> Result<(), Refusal> {
    let mut events = console.events();
    let moved = async {
        loop {
            let named = OrderId {
                order_id: order_id.to_owned(),
            };
            let view: PaymentView = ask(console, "payment_view", named).await?;
            if view.version > wait.past_version {
                return Ok(());
            }
            loop {
                match events.next().await {
                    Some(Event::OrderChanged {
                        order_id: moved, ..
                    }) if moved != order_id => {}
                    Some(_) => break,
                    None => return Ok(()),
                }
            }
        }
    };
    let within = Duration::from_millis(wait.wait_ms.min(WAIT_MS_MAX));
    tokio::select! {
        waited = tokio::time::timeout(within, moved) => waited.unwrap_or(Ok(())),
        () = open.stopping() => Ok(()),
    }
}

async fn cancel(
    State(door): State<Arc<Door>>,
    Path(order_id): Path<String>,
    request: Request,
) -> Response {
    served(
        door,
        request,
        RightView::Cancel,
        |console, admitted| async move {
            if !admitted.body.is_empty() {
                return Err(Refusal::not_json("no body is expected"));
            }
            let view: PaymentView = ask(&console, "cancel_payment", OrderId { order_id }).await?;
            Ok((StatusCode::OK, order(&console, view)))
        },
    )
    .await
}

async fn refund(
    State(door): State<Arc<Door>>,
    Path(order_id): Path<String>,
    request: Request,
) -> Response {
    served(
        door,
        request,
        RightView::Refund,
        |console, admitted| async move {
            let wish_at = format!("/v1/orders/{order_id}/refunds");
            let refund_intent = intent(&admitted, &wish_at)?;
            let wish: CreateRefund = body(&admitted)?;
            check_amount(&console, &admitted, wish.amount_minor, &wish.currency)?;
            let request = RequestRefund {
                refund_intent,
                order_id,
                reference: None,
                amount_minor: wish.amount_minor.to_string(),
                currency: Some(wish.currency),
                reason: wish.reason,
                note: wish.note,
                // What software gives back goes the way it came; cash is a person's to give.
                in_cash: false,
                rate: None,
            };
            let view: RefundView = ask(&console, "request_refund", request).await?;
            Ok((StatusCode::CREATED, refund_of(view)))
        },
    )
    .await
}

async fn list(State(door): State<Arc<Door>>, request: Request) -> Response {
    served(
        door,
        request,
        RightView::List,
        |console, admitted| async move {
            let listed: Listed = arguments(&admitted)?;
            let query = OrderQuery {
                tab: OrderTab::All,
                search: String::new(),
                day_from: listed.day_from,
                day_to: listed.day_to,
                status: listed.status,
                channel: listed.channel,
            };
            let wanted = ListOrders {
                query,
                cursor: listed.cursor,
                position: None,
                limit: listed.limit.clamp(1, PAGE_MAX),
            };
            let page: OrderPage = ask(&console, "list_orders", wanted).await?;
            let page = Page {
                orders: page.rows.into_iter().map(row).collect(),
                next_cursor: page.next_cursor,
            };
            Ok((StatusCode::OK, page))
        },
    )
    .await
}

/// The command of this name, as every host without a window asks it.
async fn ask<A: Serialize, R: DeserializeOwned>(
    console: &Console,
    name: &str,
    args: A,
) -> Result<R, Refusal> {
    let internal = |_| Refusal::from(paydesk_console::refused(ErrorCode::Internal));
    let args = serde_json::to_value(args).map_err(internal)?;
    let answer = console.call(name, args).await?;
    serde_json::from_value(answer).map_err(internal)
}

/// The same idempotency key of the same key at the same path, however that is escaped, is the same wish.
fn intent(admitted: &Admitted, path: &str) -> Result<String, Refusal> {
    let key = one(&admitted.parts.headers, "idempotency-key");
    let plain = |text: &&str| {
        (1..=IDEMPOTENCY_KEY_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_graphic())
    };
    let key = key
        .filter(plain)
        .ok_or_else(Refusal::idempotency_key_wrong)?;
    let caller = &admitted.caller.id;
    let digest = hex(&Sha256::digest(format!("{caller}\n{path}\n{key}")));
    Ok(format!("api-{}", digest.get(..48).unwrap_or(&digest)))
}

fn body<T: DeserializeOwned>(admitted: &Admitted) -> Result<T, Refusal> {
    let is_json = one(&admitted.parts.headers, "content-type").is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/json")
    });
    if !is_json {
        return Err(Refusal::not_json(
            "the Content-Type is not application/json",
        ));
    }
    serde_json::from_slice(&admitted.body).map_err(|error| Refusal::not_json(&place(&error)))
}

/// Where a body goes wrong, without what stands there: it may be a payment code.
fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a member is missing, unknown or of another type",
        serde_json::error::Category::Eof => "it ends early",
        serde_json::error::Category::Io | serde_json::error::Category::Syntax => "it is not JSON",
    };
    format!("{what}, line {} column {}", error.line(), error.column())
}

fn arguments<T: DeserializeOwned>(admitted: &Admitted) -> Result<T, Refusal> {
    let query = axum::extract::Query::<T>::try_from_uri(&admitted.parts.uri);
    let query =
        query.map_err(|_| Refusal::not_json("a parameter of the query is unknown or wrong"))?;
    Ok(query.0)
}

fn check_amount(
    console: &Console,
    admitted: &Admitted,
    minor: i64,
    currency: &str,
) -> Result<(), Refusal> {
    let taken = console.currency_codes();
    if taken.is_empty() {
        return Err(paydesk_console::refused(ErrorCode::NotSetUp).into());
    }
    if !taken.iter().any(|code| code == currency) {
        return Err(Refusal::currency_not_taken(&taken.join(", ")));
    }
    if !admitted.caller.may_move(minor, currency) {
        return Err(Refusal::amount_above_limit());
    }
    Ok(())
}

/// Minor units as a number: every amount a channel takes is far below 2^53.
fn minor(money: &MoneyView) -> i64 {
    money.minor.parse().unwrap_or_default()
}

fn order(console: &Console, view: PaymentView) -> Order {
    // A part that failed ends no order: another may follow.
    let goes_on = view.split.as_ref().is_some_and(|split| split.can_go_on);
    let is_final = !goes_on
        && matches!(
            view.state,
            PayState::Closed | PayState::Failed | PayState::Paid | PayState::Reversed
        );
    Order {
        payer_path: console.payer_path(&view.order_id),
        order_id: view.order_id,
        state: view.state,
        is_final,
        amount_minor: minor(&view.amount),
        currency: view.amount.currency,
        exponent: view.amount.exponent,
        channel: view.channel,
        begun_at_ms: view.since,
        paid_at_ms: view.paid_at,
        channel_number: view.channel_no,
        shown_code: view.qr.map(|qr| ShownCode {
            text: qr.text,
            expires_at_ms: qr.expires_at,
        }),
        failure: view.failure.map(|failure| Failure {
            code: failure.code,
            advice: failure.advice,
        }),
        split: view.split.map(|split| Split {
            total_minor: minor(&split.total),
            paid_minor: minor(&split.paid),
            left_minor: minor(&split.left),
        }),
        doubt: view.doubt,
        version: view.version,
    }
}

fn refund_of(view: RefundView) -> Refund {
    Refund {
        refund_id: view.refund_id,
        order_id: view.order_id,
        state: view.state,
        amount_minor: minor(&view.amount),
        currency: view.amount.currency,
        reason: view.reason,
        note: view.note,
        begun_at_ms: view.at,
        done_at_ms: view.done_at,
        in_cash: view.in_cash,
        claim_link: view.offer.map(|offer| offer.link),
        why: view.why,
    }
}

fn row(row: OrderRow) -> Row {
    Row {
        order_id: row.order_id,
        status: row.status,
        amount_minor: minor(&row.amount),
        currency: row.amount.currency,
        refunded_minor: row.refunded.as_ref().map_or(0, minor),
        channel: row.channel,
        opened_at_ms: row.at,
        note: row.note,
        by: row.operator,
        needs_attention: row.attention,
    }
}

//! Stripe's keys, refusals, lists and searches over HTTP.

use paydesk_sandbox::{Channel, Fault, FaultKind, NamedAnswer, Scope};
use serde_json::json;

use crate::shop::Shop;
use crate::stripe_till::fresh_key;

#[tokio::test]
async fn the_first_answer_under_a_key_is_given_again_for_a_day() {
    let shop = Shop::open().await;
    let pairs = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("metadata[order_id]", "KEY1"),
    ];
    let key = fresh_key();
    let first = shop
        .stripe_try("/v1/payment_intents", &pairs, &key)
        .await
        .unwrap();
    assert_eq!(
        (first.status, first.header("idempotent-replayed")),
        (200, String::new())
    );
    assert_eq!(first.header("idempotency-key"), key);
    // Another order of the same content is the same call.
    let other_order = [pairs[2], pairs[1], pairs[0]];
    let second = shop
        .stripe_try("/v1/payment_intents", &other_order, &key)
        .await
        .unwrap();
    assert_eq!(
        (second.header("idempotent-replayed"), &second.body),
        ("true".to_owned(), &first.body)
    );
    let changed = [("amount", "1001"), pairs[1], pairs[2]];
    let other = shop
        .stripe_try("/v1/payment_intents", &changed, &key)
        .await
        .unwrap();
    assert_eq!(
        (other.status, &other.json()["error"]["type"]),
        (400, &json!("idempotency_error"))
    );
    let shop = shop.restart().await;
    let third = shop
        .stripe_try("/v1/payment_intents", &pairs, &key)
        .await
        .unwrap();
    assert_eq!(
        third.json()["id"],
        first.json()["id"],
        "a killed process forgets no key"
    );
    shop.pass(24 * 3_600_000);
    let later = shop
        .stripe_try("/v1/payment_intents", &pairs, &key)
        .await
        .unwrap();
    assert_ne!(
        later.json()["id"],
        first.json()["id"],
        "after a day the key makes a new one"
    );
    assert_eq!(later.header("idempotent-replayed"), "");
}

#[tokio::test]
async fn what_did_not_begin_is_not_kept_and_what_failed_is() {
    let shop = Shop::open().await;
    let key = fresh_key();
    let wrong = shop
        .stripe_try(
            "/v1/payment_intents",
            &[("amount", "x"), ("currency", "usd")],
            &key,
        )
        .await
        .unwrap();
    assert_eq!(wrong.json()["error"]["code"], "parameter_invalid_integer");
    let right = shop
        .stripe_try(
            "/v1/payment_intents",
            &[("amount", "500"), ("currency", "usd")],
            &key,
        )
        .await
        .unwrap();
    assert_eq!(right.status, 200, "the same key, because nothing had begun");
    let declined = [
        ("amount", "500"),
        ("currency", "usd"),
        ("payment_method_types[0]", "card"),
        ("payment_method", "pm_card_chargeDeclined"),
        ("confirm", "true"),
    ];
    let key = fresh_key();
    let first = shop
        .stripe_try("/v1/payment_intents", &declined, &key)
        .await
        .unwrap();
    let again = shop
        .stripe_try("/v1/payment_intents", &declined, &key)
        .await
        .unwrap();
    assert_eq!(
        (
            first.status,
            again.status,
            again.header("idempotent-replayed")
        ),
        (402, 402, "true".to_owned())
    );
    let key = fresh_key();
    shop.sandbox.set_fault(Fault {
        channel: Some(Channel::Stripe),
        scope: Scope::Pay,
        remaining: Some(1),
        ..Fault::always(FaultKind::SystemError)
    });
    let pairs = [("amount", "700"), ("currency", "usd")];
    let first = shop
        .stripe_try("/v1/payment_intents", &pairs, &key)
        .await
        .unwrap();
    assert_eq!(
        (first.status, first.header("stripe-should-retry")),
        (500, "false".to_owned())
    );
    let again = shop
        .stripe_try("/v1/payment_intents", &pairs, &key)
        .await
        .unwrap();
    assert_eq!(
        (again.status, again.header("idempotent-replayed")),
        (500, "true".to_owned())
    );
}

#[tokio::test]
async fn a_lost_answer_is_told_under_its_key() {
    let shop = Shop::open().await;
    shop.sandbox.set_fault(Fault {
        channel: Some(Channel::Stripe),
        remaining: Some(1),
        ..Fault::always(FaultKind::ReplyLost)
    });
    let pairs = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("metadata[order_id]", "LOST1"),
    ];
    let key = fresh_key();
    assert!(
        shop.stripe_try("/v1/payment_intents", &pairs, &key)
            .await
            .is_err()
    );
    let told = shop
        .stripe_try("/v1/payment_intents", &pairs, &key)
        .await
        .unwrap();
    assert_eq!(
        (told.status, told.header("idempotent-replayed")),
        (200, "true".to_owned())
    );
    let list = shop.stripe_get("/v1/payment_intents").await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let logged = shop.sandbox.requests(0);
    assert_eq!(logged[0].out_trade_no.as_deref(), Some("LOST1"));
    assert_eq!(logged[0].operation, "charge");
}

#[tokio::test]
async fn a_conflict_may_be_repeated() {
    let shop = Shop::open().await;
    shop.sandbox.say_next(NamedAnswer {
        channel: Channel::Stripe,
        scope: Scope::All,
        status: 409,
        code: "idempotency_key_in_use".to_owned(),
        sub_code: None,
    });
    let pairs = [("amount", "1000"), ("currency", "usd")];
    let key = fresh_key();
    let busy = shop
        .stripe_try("/v1/payment_intents", &pairs, &key)
        .await
        .unwrap();
    assert_eq!(
        (busy.status, busy.header("stripe-should-retry")),
        (409, "true".to_owned())
    );
    assert_eq!(
        shop.stripe_try("/v1/payment_intents", &pairs, &key)
            .await
            .unwrap()
            .status,
        200
    );
}

#[tokio::test]
async fn keys_of_live_mode_and_of_nobody_are_refused() {
    let shop = Shop::open().await;
    let own = shop.merchant().stripe.clone();
    let ask = |value: String| {
        let request = shop.client.get(shop.url("/v1/balance"));
        shop.send(if value.is_empty() {
            request
        } else {
            request.header("authorization", value)
        })
    };
    let live = own.secret_key.replacen("sk_test_", "sk_live_", 1);
    for wrong in [
        String::new(),
        format!("Bearer {live}"),
        "Bearer sk_test_x".to_owned(),
        own.secret_key.clone(),
    ] {
        let answer = ask(wrong.clone()).await.unwrap();
        assert_eq!(answer.status, 401, "{wrong}");
        assert!(!answer.body.contains(&own.secret_key), "no key comes back");
    }
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{}:", own.secret_key));
    for right in [
        format!("Bearer {}", own.secret_key),
        format!("Bearer {}", own.restricted_key),
        format!("Basic {basic}"),
    ] {
        let answer = ask(right).await.unwrap();
        assert_eq!(
            (answer.status, &answer.json()["livemode"]),
            (200, &json!(false))
        );
        assert!(answer.header("request-id").starts_with("req_"));
    }
    let request = shop
        .client
        .get(shop.url("/v1/balance"))
        .header("stripe-version", "2020-08-27");
    let old = shop
        .send(request.header("authorization", format!("Bearer {}", own.secret_key)))
        .await
        .unwrap();
    assert_eq!(old.status, 400, "versions are not mixed");
}

#[tokio::test]
async fn wrong_parameters_are_named_and_move_nothing() {
    let shop = Shop::open().await;
    let path = "/v1/payment_intents";
    type Pairs = &'static [(&'static str, &'static str)];
    let cases: [(Pairs, &str, &str); 9] = [
        (&[("currency", "usd")], "parameter_missing", "amount"),
        (&[("amount", "100")], "parameter_missing", "currency"),
        (
            &[("amount", "1.50"), ("currency", "usd")],
            "parameter_invalid_integer",
            "amount",
        ),
        (
            &[("amount", "49"), ("currency", "usd")],
            "amount_too_small",
            "amount",
        ),
        (
            &[("amount", "100000000"), ("currency", "usd")],
            "amount_too_large",
            "amount",
        ),
        (&[("amount", "100"), ("currency", "zzz")], "", "currency"),
        (
            &[("amount", "100"), ("currency", "usd"), ("colour", "red")],
            "parameter_unknown",
            "colour",
        ),
        (
            &[("amount", "1235"), ("currency", "kwd")],
            "parameter_invalid_integer",
            "amount",
        ),
        (
            &[
                ("amount", "100"),
                ("currency", "usd"),
                ("payment_method_types[0]", "cash"),
            ],
            "",
            "payment_method_types",
        ),
    ];
    for (pairs, code, param) in cases {
        let (status, body) = shop.stripe_post(path, pairs).await;
        let error = &body["error"];
        assert_eq!(
            (status, &error["type"]),
            (400, &json!("invalid_request_error")),
            "{pairs:?}"
        );
        assert_eq!(
            (error["code"].as_str().unwrap_or_default(), &error["param"]),
            (code, &json!(param)),
            "{pairs:?}"
        );
    }
    assert_eq!(
        shop.stripe_ask("/v1/payment_intents/pi_none").await.status,
        404
    );
    assert_eq!(shop.stripe_ask("/v1/nonsense").await.status, 404);
    assert_eq!(shop.sandbox.truth().unwrap().trades.len(), 0);
}

#[tokio::test]
async fn amounts_without_decimals_are_whole() {
    let shop = Shop::open().await;
    let intent = shop.stripe_paid("YEN1", "5000", "jpy").await;
    let charge = intent["latest_charge"].as_str().unwrap();
    let told = shop
        .stripe_get(&format!(
            "/v1/charges/{charge}?expand[]=balance_transaction"
        ))
        .await;
    assert_eq!(
        told["balance_transaction"]["fee"], 145,
        "2.9 % of 5000 yen, and no fixed part"
    );
    shop.stripe_paid("DIN1", "12340", "kwd").await;
    assert_eq!(
        (shop.stripe_balance("JPY"), shop.stripe_balance("KWD")),
        (5_000, 12_340)
    );
}

#[tokio::test]
async fn pages_lose_nothing_and_a_search_comes_late() {
    let shop = Shop::open().await;
    let mut ids = Vec::new();
    for at in 0..7 {
        let intent = shop.stripe_paid(&format!("LIST{at}"), "500", "usd").await;
        ids.push(intent["id"].as_str().unwrap().to_owned());
        shop.pass(1_000);
    }
    ids.reverse();
    let mut seen: Vec<String> = Vec::new();
    loop {
        let after = seen
            .last()
            .map(|id| format!("&starting_after={id}"))
            .unwrap_or_default();
        let page = shop
            .stripe_get(&format!("/v1/payment_intents?limit=3{after}"))
            .await;
        seen.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["id"].as_str().unwrap().to_owned()),
        );
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(seen, ids);
    let before = shop
        .stripe_get(&format!(
            "/v1/payment_intents?limit=2&ending_before={}",
            ids[4]
        ))
        .await;
    let before: Vec<&str> = before["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(before, [&ids[2], &ids[3]]);
    let search = "/v1/payment_intents/search?query=metadata%5B%27order_id%27%5D%3A%27LIST6%27%20AND%20status%3A%27succeeded%27";
    assert_eq!(shop.stripe_get(search).await["data"], json!([]), "not yet");
    shop.pass(60_000);
    assert_eq!(shop.stripe_get(search).await["data"][0]["id"], ids[0]);
}

"""PyPI stripe, the official SDK, against a sandbox whose network is bad: it retries by itself, under one key.

Reads {url, merchant, fault} from standard input and prints one JSON object per check.
"""
import json
import sys

import stripe

GIVEN = json.load(sys.stdin)
OWN = GIVEN["merchant"]
COUNTER = iter(range(1, 100000))


def check(name, work):
    failure = None
    try:
        work()
    except Exception as error:  # whatever a check raises is its failure
        failure = f"{type(error).__name__}: {error}"
    print(json.dumps({"name": name, "failure": failure}, ensure_ascii=False), flush=True)


def same(given, wanted):
    if given != wanted:
        raise AssertionError(f"{given!r}, not {wanted!r}")


def client(retries):
    addresses = {"api": GIVEN["url"], "files": GIVEN["url"]}
    return stripe.StripeClient(OWN["secret_key"], base_addresses=addresses, max_network_retries=retries).v1


def card(order, amount):
    return {
        "amount": amount, "currency": "usd", "payment_method_types": ["card"], "payment_method": "pm_card_visa",
        "confirm": True, "metadata": {"order_id": order}}


def pays_once():
    """What the first call did is not done again by the second, and the SDK hears of it."""
    order = GIVEN["order"]
    told = client(3).payment_intents.create(card(order, 1500))
    same((told.status, told.amount_received, told.metadata["order_id"]), ("succeeded", 1500, order))
    found = [it for it in client(3).payment_intents.list({"limit": 100}).data if it.metadata.to_dict().get("order_id") == order]
    same(len(found), 1)
    refund = client(3).refunds.create({"payment_intent": told.id, "amount": 500})
    same((refund.status, refund.amount), ("succeeded", 500))


def session():
    till = client(3)
    shown = till.checkout.sessions.create({
        "mode": "payment", "success_url": "https://shop.example/ok", "client_reference_id": GIVEN["order"] + "Q",
        "line_items": [{"quantity": 1, "price_data": {
            "currency": "hkd", "unit_amount": 4650, "product_data": {"name": "咖啡 (50 %)"}}}]})
    same((shown.status, shown.amount_total), ("open", 4650))
    same(till.checkout.sessions.retrieve(shown.id).url, shown.url)


def notices():
    payload = json.dumps({"id": "evt_1", "object": "event"})
    header = stripe.WebhookSignature.generate_signature_header(payload, OWN["webhook_secret"])
    same(stripe.Webhook.construct_event(payload, header, OWN["webhook_secret"]).id, "evt_1")
    try:
        stripe.Webhook.construct_event(payload + " ", header, OWN["webhook_secret"])
    except stripe.SignatureVerificationError:
        return
    raise AssertionError("a changed notice was taken")


WORKS = {"a payment and its refund": pays_once, "a session": session, "a notice": notices}
for name, work in WORKS.items():
    check(f"{name}, {GIVEN['fault']}", work)

"""Creates an order, asks until its code can be shown, and cancels it. Python's own library is enough.

PAYDESK_URL=http://127.0.0.1:8317 PAYDESK_KEY=pk_… PAYDESK_SECRET=sk_… python3 order.py 4650 alipay basket-4711
"""

import hashlib
import hmac
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request

URL = os.environ["PAYDESK_URL"]
KEY = os.environ["PAYDESK_KEY"]
SECRET = os.environ["PAYDESK_SECRET"]


def call(method, target, body=None, idempotency_key=""):
    """One signed call; gives the status and the answer."""
    data = b"" if body is None else json.dumps(body).encode()
    timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
    text = "\n".join([
        "PAYDESK-HMAC-SHA256-1", method, target, KEY, timestamp, nonce, idempotency_key,
        hashlib.sha256(data).hexdigest(),
    ])
    headers = {
        "Paydesk-Key": KEY,
        "Paydesk-Timestamp": timestamp,
        "Paydesk-Nonce": nonce,
        "Paydesk-Signature": hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest(),
    }
    if idempotency_key:
        headers["Idempotency-Key"] = idempotency_key
    if body is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(URL + target, data if method == "POST" else None, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def create(amount_minor, channel, basket):
    """Repeats with the same key until the till has answered: however often, it is one order."""
    wish = {"amount_minor": amount_minor, "currency": "CNY", "channel": channel}
    for _ in range(5):
        try:
            status, answer = call("POST", "/v1/orders", wish, basket)
        except OSError:
            time.sleep(1)
            continue
        if status == 201:
            return answer
        if answer["error"]["next"] not in ("repeat_later", "repeat_with_the_same_key"):
            sys.exit(answer["error"]["message"])
        time.sleep(1)
    sys.exit("the till does not answer")


def main():
    amount_minor, channel, basket = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    order = create(amount_minor, channel, basket)
    while not order["is_final"] and order["shown_code"] is None:
        target = f"/v1/orders/{order['order_id']}?wait_ms=5000&past_version={order['version']}"
        _, order = call("GET", target)
    print(json.dumps(order))
    if order["shown_code"]:
        _, order = call("POST", f"/v1/orders/{order['order_id']}/cancel")
        print(json.dumps(order))


main()

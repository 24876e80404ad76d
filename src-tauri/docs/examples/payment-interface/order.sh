#!/bin/sh
# Creates an order whose code is shown, and asks what became of it; with curl and openssl.
#   PAYDESK_URL=http://127.0.0.1:8317 PAYDESK_KEY=pk_… PAYDESK_SECRET=sk_… sh order.sh 4650 alipay basket-4711
# Here openssl gets the secret as an argument, which other users of the machine can see: use the Python way there.
set -eu
amount_minor=$1 channel=$2 basket=$3

call() {
  method=$1 target=$2 idempotency_key=$3 body=$4
  timestamp=$(date +%s)
  nonce=$(openssl rand -hex 16)
  digest=$(printf %s "$body" | openssl dgst -sha256 -r | cut -d ' ' -f 1)
  signature=$(printf 'PAYDESK-HMAC-SHA256-1\n%s\n%s\n%s\n%s\n%s\n%s\n%s' \
    "$method" "$target" "$PAYDESK_KEY" "$timestamp" "$nonce" "$idempotency_key" "$digest" |
    openssl dgst -sha256 -hmac "$PAYDESK_SECRET" -r | cut -d ' ' -f 1)
  set -- --silent --show-error --request "$method" \
    --header "Paydesk-Key: $PAYDESK_KEY" \
    --header "Paydesk-Timestamp: $timestamp" \
    --header "Paydesk-Nonce: $nonce" \
    --header "Paydesk-Signature: $signature"
  if [ -n "$idempotency_key" ]; then set -- "$@" --header "Idempotency-Key: $idempotency_key"; fi
  if [ -n "$body" ]; then set -- "$@" --header 'Content-Type: application/json' --data "$body"; fi
  curl "$@" "$PAYDESK_URL$target"
  echo
}

created=$(call POST /v1/orders "$basket" "{\"amount_minor\":$amount_minor,\"currency\":\"CNY\",\"channel\":\"$channel\"}")
echo "$created"
order=$(echo "$created" | sed -n 's/.*"order_id":"\([^"]*\)".*/\1/p')
# Waits until the order has moved, for five seconds at most; a shop asks again until is_final.
call GET "/v1/orders/$order?wait_ms=5000&past_version=1" '' ''

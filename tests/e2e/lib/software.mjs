// Other software of the shop: signs its calls as the description of the payment interface says.
import { createHash, createHmac, randomBytes } from 'node:crypto';

/** Calls under one key; gives the status and the answer. */
export function software({ address, key, secret }) {
  return async (method, target, { wish, idempotencyKey = '' } = {}) => {
    const body = wish === undefined ? '' : JSON.stringify(wish);
    const timestamp = String(Math.floor(Date.now() / 1000));
    const nonce = randomBytes(16).toString('hex');
    const digest = createHash('sha256').update(body).digest('hex');
    const text = [
      'PAYDESK-HMAC-SHA256-1', method, target, key, timestamp, nonce, idempotencyKey, digest,
    ].join('\n');
    const answer = await fetch(`http://${address}${target}`, {
      method,
      headers: {
        'Paydesk-Key': key,
        'Paydesk-Timestamp': timestamp,
        'Paydesk-Nonce': nonce,
        'Paydesk-Signature': createHmac('sha256', secret).update(text).digest('hex'),
        ...(idempotencyKey && { 'Idempotency-Key': idempotencyKey }),
        ...(body && { 'Content-Type': 'application/json' }),
      },
      body: body || undefined,
    });
    return { status: answer.status, answer: await answer.json() };
  };
}

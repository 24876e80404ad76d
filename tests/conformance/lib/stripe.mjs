// Stripe's API as its official document describes it: every exchange that passes here is held against it, whoever asks.
import assert from 'node:assert/strict';

import { Document } from './openapi.mjs';

const published = Document.read('stripe-openapi-trimmed.json');
const REFUSAL = { $ref: '#/components/schemas/error' };

/** What a query or a form says: `a[b][0]=1` is `{a: {b: ['1']}}`. */
export function unfolded(text) {
  const whole = {};
  for (const [way, value] of new URLSearchParams(text)) {
    const steps = way.split(/\[|\]\[|\]/).filter((step, at, all) => step !== '' || at < all.length - 1);
    let place = whole;
    steps.slice(0, -1).forEach((step, at) => {
      const isList = /^\d*$/.test(steps[at + 1]);
      place[step] ??= isList ? [] : {};
      place = place[step];
    });
    const last = steps.at(-1);
    if (Array.isArray(place)) place.push(value);
    else place[last] = value;
  }
  return whole;
}

/** Fails unless request and answer are both as the official document says. Contents of files are in none. */
export function holdExchange({ method, url, body, status, answer }) {
  const { pathname, search } = new URL(url);
  if (published === undefined || /^\/v1\/files\/[^/]+\/contents$/.test(pathname)) return;
  const template = published.templateOf(pathname);
  const operation = published.operation(method, template);
  const what = `${method} ${template}`;
  // A request that is refused for its form need not have a right one.
  if (status < 400) {
    published.holdQuery(what, operation, unfolded(search.slice(1)));
    if (method === 'POST') published.holdForm(what, operation, unfolded(body ?? ''));
  }
  const described = operation.responses[status]?.content ?? {};
  const schema = status < 400 ? described['application/json']?.schema : REFUSAL;
  assert.ok(schema, `${what}: ${status} is not in the official document`);
  published.holdAnswer(`${what}: ${status}`, schema, answer);
}

export const isValidated = published !== undefined;

// Calls BTCPay Server's API and holds each answer against the official document of it.
// Refusals of fields are listed there under 400, but the server sends them with 422. The list of invoices takes
// `includeArchived`, which its code has and the document forgot.
import assert from 'node:assert/strict';

import { Document } from './openapi.mjs';

const published = Document.read('btcpay-openapi-trimmed.json');

/** Which of the described answers this status is. */
function describedAs(operation, status) {
  const known = operation.responses;
  const code = known[status] ? status : known.default ? 'default' : status >= 400 ? '400' : undefined;
  if (status === 422) return { $ref: '#/components/schemas/ValidationProblemDetails' };
  if (status >= 400) return { $ref: '#/components/schemas/ProblemDetails' };
  return known[code]?.content?.['application/json']?.schema;
}

/** Fails unless request and answer are both as the official document says. Pages of a payer are in none. */
export function holdExchange({ method, url, body, status, answer }) {
  const { pathname, searchParams } = new URL(url);
  if (published === undefined || !pathname.startsWith('/api/')) return;
  const template = published.templateOf(pathname.replace(OLDER, '/api/v1/invoices/'));
  const operation = published.operation(method, template);
  const what = `${method} ${template}`;
  if (status < 400) {
    published.holdQuery(what, operation, queryOf(operation, searchParams));
    published.holdJson(what, operation, body ? JSON.parse(body) : undefined);
  }
  published.holdAnswer(`${what}: ${status}`, describedAs(operation, status), answer);
}

/** The older form of an invoice's path: servers before 2.0 know it alone, later ones know both. */
const OLDER = /^\/api\/v1\/stores\/[^/]+\/invoices\//;
const FORGOTTEN = ['includeArchived'];

/** A parameter that is a list may be there once or often. */
function queryOf(operation, params) {
  const isList = (name) => operation.parameters?.some((one) => one.name === name && one.schema?.type === 'array');
  const names = [...new Set(params.keys())];
  return Object.fromEntries(names.filter((name) => !FORGOTTEN.includes(name)).map((name) => [name, isList(name) ? params.getAll(name) : params.get(name)]));
}

/** One call by its described path; answers the body once it is as the document says. */
export async function described(sandbox, key, method, template, given) {
  const { body, query, status = 200, spoil, ...parts } = given;
  const filled = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(parts[name]));
  const answer = await fetch(`${sandbox.url}${filled}${query ? `?${query}` : ''}`, {
    method,
    headers: { authorization: `token ${key}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  assert.equal(answer.status, status, `${method} ${filled}: ${text}`);
  const told = text === '' ? undefined : JSON.parse(text);
  if (published) {
    const schema = describedAs(published.operation(method, template), status);
    published.holdAnswer(`${method} ${template}`, schema, spoil ? spoil(told) : told);
  }
  return told;
}

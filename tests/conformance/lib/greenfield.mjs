// Calls BTCPay Server's API and holds each answer against the official document of it.
// Refusals of fields are listed there under 400, but the server sends them with 422.
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

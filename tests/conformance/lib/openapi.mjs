// Calls the sandbox and holds each answer against BTCPay Server's official OpenAPI document, by a stranger's validator.
// Three things of the document are read as they are meant, not as they stand:
// - `additionalProperties: false` inside of `allOf` would refuse the other half of the same object; here the halves are
//   put together, and a field that none of them names is refused.
// - `nullable` beside an `allOf` of a reference is meant for the whole: the reference's own type knows no null.
// - refusals of fields are listed under 400, but the server sends them with 422.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import validator from 'openapi-response-validator';

import { root } from './place.mjs';

const Validator = validator.default;
const asked = process.env.PAYDESK_SHARED;
const file = path.join(asked ?? path.join(root, '../shared'), 'protocols', 'btcpay-openapi-trimmed.json');

/** The document; nothing where the shared folder is not there. */
function read() {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  if (asked) throw new Error(`PAYDESK_SHARED is set, but has no ${file}`);
  console.log('btcpay: answers are not validated, no shared data');
  return undefined;
}

const published = read();
/** The same without what cannot be said of a half, and with "or null" where it is said beside a reference. */
const relaxed = published && JSON.parse(JSON.stringify(published, (name, value) => {
  if (name === 'additionalProperties' && value === false) return undefined;
  if (value?.nullable === true && value.allOf) return { anyOf: [{ enum: [null] }, { allOf: value.allOf }] };
  return value;
}));

function resolved(schema) {
  if (!schema?.$ref) return schema;
  return resolved(published.components.schemas[schema.$ref.split('/').at(-1)]);
}

/** Names of fields that the schema knows, and whether it takes others. */
function fields(schema) {
  const own = resolved(schema) ?? {};
  const parts = (own.allOf ?? []).map(fields);
  const names = [...Object.keys(own.properties ?? {}), ...parts.flatMap((part) => part.names)];
  const isClosed = own.additionalProperties === false || parts.some((part) => part.isClosed);
  return { names, isClosed };
}

function propertyOf(schema, name) {
  const own = resolved(schema) ?? {};
  const here = own.properties?.[name];
  return here ?? (own.allOf ?? []).map((part) => propertyOf(part, name)).find((found) => found);
}

/** Fields that nobody described, with their way. */
function unknown(schema, value, place = '') {
  const own = resolved(schema) ?? {};
  if (Array.isArray(value)) return value.flatMap((item, at) => unknown(own.items, item, `${place}[${at}]`));
  if (value === null || typeof value !== 'object') return [];
  const { names, isClosed } = fields(schema);
  return Object.entries(value).flatMap(([name, inner]) => {
    const way = `${place}.${name}`;
    if (!names.includes(name)) return isClosed ? [way] : [];
    return unknown(propertyOf(schema, name), inner, way);
  });
}

/** Which of the described answers this status is. */
function describedAs(operation, status) {
  const known = operation.responses;
  const code = known[status] ? status : known.default ? 'default' : status >= 400 ? '400' : undefined;
  const schema = known[code]?.content?.['application/json']?.schema;
  const isProblem = status !== 422 && status >= 400;
  if (status === 422) return { $ref: '#/components/schemas/ValidationProblemDetails' };
  return isProblem ? { $ref: '#/components/schemas/ProblemDetails' } : schema;
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
  if (published) check(method, template, status, spoil ? spoil(told) : told);
  return told;
}

function check(method, template, status, told) {
  const operation = published.paths[template]?.[method.toLowerCase()];
  assert.ok(operation, `${method} ${template} is not in the official document`);
  const schema = describedAs(operation, status);
  if (schema === undefined) {
    assert.equal(told, undefined, `${method} ${template}: the official document has no body`);
    return;
  }
  const judge = new Validator({ responses: { [status]: { schema } }, components: relaxed.components });
  const found = judge.validateResponse(String(status), told);
  const wrong = [...(found?.errors ?? []).map((error) => JSON.stringify(error)), ...unknown(schema, told)];
  assert.deepEqual(wrong, [], `${method} ${template} is not as the official document says: ${wrong.join(', ')}`);
}

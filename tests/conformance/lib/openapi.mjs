// Holds exchanges against an official OpenAPI document, read from the shared folder, by validators that strangers wrote.
// Two things of such documents are read as they are meant, not as they stand:
// - `additionalProperties: false` inside of `allOf` would refuse the other half of the same object; here the halves are
//   put together, and a field that none of them names is refused.
// - `nullable` beside `allOf` or `anyOf` is meant for the whole: a reference's own type knows no null.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import requests from 'openapi-request-validator';
import answers from 'openapi-response-validator';

import { root } from './place.mjs';

const asked = process.env.PAYDESK_SHARED;

function relaxed(published) {
  return JSON.parse(JSON.stringify(published, (name, value) => {
    if (name === 'additionalProperties' && value === false) return undefined;
    if (value?.nullable !== true) return value;
    const { nullable, ...rest } = value;
    return value.allOf || value.anyOf ? { anyOf: [{ enum: [null] }, rest] } : value;
  }));
}

/** One official document. */
export class Document {
  #published;
  #relaxed;
  #ways;

  /** Nothing where the shared folder is not there: then a run says so, and validates nothing. */
  static read(name) {
    const file = path.join(asked ?? path.join(root, '../shared'), 'protocols', name);
    if (existsSync(file)) return new Document(JSON.parse(readFileSync(file, 'utf8')));
    if (asked) throw new Error(`PAYDESK_SHARED is set, but has no ${file}`);
    console.log(`${name}: nothing is validated, no shared data`);
    return undefined;
  }

  constructor(published) {
    this.#published = published;
    this.#relaxed = relaxed(published);
    // Fixed words before places to fill: `/search` is no `/{intent}`.
    this.#ways = Object.keys(published.paths)
      .toSorted((one, other) => one.split('{').length - other.split('{').length)
      .map((template) => [template, new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`)]);
  }

  /** The described path that a call's path is one of. */
  templateOf(pathname) {
    const way = this.#ways.find(([, pattern]) => pattern.test(pathname));
    assert.ok(way, `${pathname} is not in the official document`);
    return way[0];
  }

  operation(method, template) {
    const operation = this.#published.paths[template]?.[method.toLowerCase()];
    assert.ok(operation, `${method} ${template} is not in the official document`);
    return operation;
  }

  /** Fails unless the answer is as `schema` says; without a schema it has to be empty. */
  holdAnswer(what, schema, told) {
    if (schema === undefined) {
      assert.equal(told, undefined, `${what}: the official document has no body`);
      return;
    }
    const judge = new answers.default({ responses: { 200: { schema: relaxed(schema) } }, components: this.#relaxed.components });
    const found = judge.validateResponse('200', told)?.errors ?? [];
    this.#conclude(what, [...found.map((error) => JSON.stringify(error)), ...this.#unknown(schema, told)]);
  }

  /** Fails unless the query is what the operation takes: no parameter more, none less, each of its type. */
  holdQuery(what, operation, query) {
    const described = (operation.parameters ?? []).filter((one) => one.in === 'query');
    const properties = Object.fromEntries(described.map(({ name, schema }) => [name, schema]));
    const required = described.filter((one) => one.required).map((one) => one.name);
    const schema = { type: 'object', properties, required, additionalProperties: false };
    this.#holdBody(`${what}: the query`, schema, typed(schema, query));
  }

  /** Fails unless the form is what the operation takes. */
  holdForm(what, operation, form) {
    const schema = operation.requestBody?.content?.['application/x-www-form-urlencoded']?.schema ?? {};
    this.#holdBody(`${what}: the form`, schema, typed(schema, form));
  }

  /** Fails unless the JSON is what the operation takes. */
  holdJson(what, operation, body) {
    const schema = operation.requestBody?.content?.['application/json']?.schema;
    if (schema === undefined) assert.equal(body, undefined, `${what}: the official document takes no body`);
    else this.#holdBody(`${what}: the body`, relaxed(schema), body, this.#unknown(schema, body));
  }

  #holdBody(what, schema, body, unknown = []) {
    const judge = new requests.default({
      requestBody: { required: true, content: { 'application/json': { schema } } },
      componentSchemas: this.#relaxed.components.schemas,
    });
    const found = judge.validateRequest({ headers: { 'content-type': 'application/json' }, body })?.errors ?? [];
    this.#conclude(what, [...found.map((error) => JSON.stringify(error)), ...unknown]);
  }

  #conclude(what, wrong) {
    assert.deepEqual(wrong, [], `${what} is not as the official document says: ${wrong.join(', ')}`);
  }

  #resolved(schema) {
    if (!schema?.$ref) return schema;
    return this.#resolved(this.#published.components.schemas[schema.$ref.split('/').at(-1)]);
  }

  /** Names of fields that the schema knows, and whether it takes others. */
  #fields(schema) {
    const own = this.#resolved(schema) ?? {};
    const parts = (own.allOf ?? []).map((part) => this.#fields(part));
    const names = [...Object.keys(own.properties ?? {}), ...parts.flatMap((part) => part.names)];
    const isClosed = own.additionalProperties === false || parts.some((part) => part.isClosed);
    return { names, isClosed };
  }

  #propertyOf(schema, name) {
    const own = this.#resolved(schema) ?? {};
    const here = own.properties?.[name];
    return here ?? (own.allOf ?? []).map((part) => this.#propertyOf(part, name)).find((found) => found);
  }

  /** Fields that nobody described, with their way. */
  #unknown(schema, value, place = '') {
    const own = this.#resolved(schema) ?? {};
    if (Array.isArray(value)) return value.flatMap((item, at) => this.#unknown(own.items, item, `${place}[${at}]`));
    if (value === null || typeof value !== 'object') return [];
    const { names, isClosed } = this.#fields(schema);
    return Object.entries(value).flatMap(([name, inner]) => {
      const way = `${place}.${name}`;
      if (!names.includes(name)) return isClosed ? [way] : [];
      return this.#unknown(this.#propertyOf(schema, name), inner, way);
    });
  }
}

/** A form holds texts alone: where the schema has a number or a truth, the text is read as one. */
function typed(schema, value) {
  const choices = schema?.anyOf ?? schema?.oneOf;
  if (choices) {
    const kind = Array.isArray(value) ? 'array' : typeof value === 'object' ? 'object' : undefined;
    const fitting = choices.find((one) => (kind ? one.type === kind : one.type !== 'object' && one.type !== 'array'));
    return typed(fitting, value);
  }
  if (Array.isArray(value)) return value.map((item) => typed(schema?.items, item));
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value);
    return Object.fromEntries(entries.map(([name, inner]) => [name, typed(schema?.properties?.[name], inner)]));
  }
  if (['integer', 'number'].includes(schema?.type) && /^-?\d+$/.test(value)) return Number(value);
  if (schema?.type === 'boolean' && /^(true|false)$/.test(value)) return value === 'true';
  return value;
}

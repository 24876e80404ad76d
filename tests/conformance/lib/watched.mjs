// A way to a sandbox on which every exchange is held against something: whoever uses it sees the sandbox, unchanged.
import { createServer } from 'node:http';
import { once } from 'node:events';

/** Headers that belong to one connection, not to what is said over it. */
const HOPS = ['connection', 'content-length', 'host', 'keep-alive', 'transfer-encoding'];

const kept = (headers) => Object.entries(headers).filter(([name]) => !HOPS.includes(name));

export class Watched {
  #server;
  #wrong = [];
  /** How many exchanges passed, by method and path with what is one object's own taken out. */
  seen = new Map();

  /** `hold` throws when an exchange is not as it should be. */
  static async open(sandbox, hold) {
    const watched = new Watched();
    watched.#server = createServer((request, response) => {
      watched.#pass(sandbox, hold, request, response).catch((error) => {
        watched.#wrong.push(error);
        response.destroy();
      });
    });
    watched.#server.listen(0, '127.0.0.1');
    await once(watched.#server, 'listening');
    return watched;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  async #pass(sandbox, hold, request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const url = `${sandbox.url}${request.url}`;
    const sent = { method: request.method, headers: kept(request.headers), redirect: 'manual' };
    const answer = await fetch(url, { ...sent, body: body.length > 0 ? body : undefined });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const isJson = /json/.test(answer.headers.get('content-type') ?? '');
    const told = isJson && bytes.length > 0 ? JSON.parse(bytes.toString()) : undefined;
    const way = `${request.method} ${new URL(url).pathname.replace(/\/[\w-]*\d[\w-]*(?=\/|$)/g, (part) => (/^\/v\d$/.test(part) ? part : '/*'))}`;
    this.seen.set(way, (this.seen.get(way) ?? 0) + 1);
    try {
      hold({ method: request.method, url, body: body.toString(), status: answer.status, answer: told });
    } catch (error) {
      this.#wrong.push(error);
    }
    const headers = kept(Object.fromEntries(answer.headers)).filter(([name]) => name !== 'content-encoding');
    response.writeHead(answer.status, Object.fromEntries(headers));
    response.end(bytes);
  }

  /** The first exchange that was not as it should be. */
  verdict() {
    if (this.#wrong.length > 0) throw this.#wrong[0];
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

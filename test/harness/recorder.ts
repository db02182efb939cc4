import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after } from 'node:test';
import type { TestDaemon } from './daemon.ts';
import { complaintsAbout } from './schema.ts';

/** Bytes of a body that are kept for judging; what is longer is not judged. */
const MAX_KEPT = 4 << 20;

/**
 * A socket between a foreign client and the daemon that passes everything on as it is, and holds every answer
 * against the API's description.
 */
export class Recorder {
  /** What was wrong with answers so far, in words. */
  readonly complaints: string[] = [];
  readonly socket: string;
  readonly #target: string;
  readonly #server: Server;

  private constructor(socket: string, target: string) {
    this.socket = socket;
    this.#target = target;
    this.#server = createServer({ requestTimeout: 0 }, (incoming, outgoing) =>
      this.#pass(incoming, outgoing),
    );
    this.#server.on('upgrade', (incoming, client: Socket, head: Buffer) => {
      this.#upgrade(incoming, client, head).catch(() => client.destroy());
    });
  }

  /** @param socket a path that does not exist yet. @param target the daemon's socket. */
  static async start(socket: string, target: string): Promise<Recorder> {
    const recorder = new Recorder(socket, target);
    await new Promise<void>((resolve) => recorder.#server.listen(socket, resolve));
    recorder.#server.unref();
    return recorder;
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = 'GET', url: path = '/', headers } = incoming;
    /* A daemon that closed after its answer could do so before our last write, which would fail instead. */
    const kept = { ...headers, connection: 'keep-alive' };
    const options = { socketPath: this.#target, method, path, headers: kept, agent: false as const };
    const onward = request(options, (response) => {
      const { connection, 'keep-alive': _, ...rest } = response.headers;
      outgoing.writeHead(response.statusCode ?? 500, rest);
      outgoing.flushHeaders();
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= MAX_KEPT) parts.push(chunk);
      });
      response.on('end', () => {
        const type = String(response.headers['content-type'] ?? '');
        if (size <= MAX_KEPT) this.#judge(method, path, response.statusCode ?? 0, type, Buffer.concat(parts));
      });
      response.pipe(outgoing);
      response.on('error', () => outgoing.destroy());
    });
    /* The connection may carry the next request already: only what is not done is given up. */
    onward.on('error', () => {
      if (!outgoing.writableEnded) outgoing.destroy();
    });
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) onward.destroy();
    });
    incoming.pipe(onward);
  }

  #judge(method: string, path: string, status: number, contentType: string, body: Buffer): void {
    this.complaints.push(...complaintsAbout({ method, path, status, contentType, body: `${body}` }));
  }

  /** The bare connection, after the request's head and body written anew. */
  async #upgrade(incoming: IncomingMessage, client: Socket, head: Buffer): Promise<void> {
    client.allowHalfOpen = true;
    const body: Buffer[] = [];
    for await (const chunk of incoming) body.push(chunk);
    const { method, url, rawHeaders } = incoming;
    const lines = [`${method} ${url} HTTP/1.1`, `Content-Length: ${Buffer.concat(body).length}`];
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const framing = /^(content-length|transfer-encoding)$/i.test(rawHeaders[i] ?? '');
      if (!framing) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
    }
    const daemon = connect({ path: this.#target, allowHalfOpen: true });
    daemon.write(`${lines.join('\r\n')}\r\n\r\n`);
    daemon.write(Buffer.concat([...body, head]));
    daemon.pipe(client);
    client.pipe(daemon);
    for (const [one, other] of [
      [daemon, client],
      [client, daemon],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/**
 * A socket in front of the daemon's, over which every answer is judged when the tests have ended.
 * @returns its path, and the environment in which docker's clients speak to it.
 */
export async function judged(
  daemon: Pick<TestDaemon, 'path' | 'socket'>,
): Promise<{ readonly socket: string; readonly env: { readonly DOCKER_HOST: string } }> {
  const recorder = await Recorder.start(daemon.path('recorded.sock'), daemon.socket);
  after(async () => {
    await recorder.close();
    assert.deepEqual(recorder.complaints, []);
  });
  return { socket: recorder.socket, env: { DOCKER_HOST: `unix://${recorder.socket}` } };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Duplex } from 'node:stream';

const CLIENT = resolve(import.meta.dirname, '../../bin/barge.ts');

/** A request as the fake daemon received it. */
export interface Seen {
  readonly method: string;
  /** Without the version prefix and the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** Objects are sent as JSON, lists of text as a stream of chunks. */
  readonly body?: unknown;
  readonly chunks?: readonly string[];
  /** For a hijack: what to do with the connection. */
  readonly hijack?: (socket: Duplex) => void;
  /** Delays the body after the head has been sent. */
  readonly until?: Promise<unknown>;
  /** Leaves the body open after its chunks. */
  readonly after?: Promise<unknown>;
}

type Handler = (seen: Seen) => Answer | undefined | Promise<Answer | undefined>;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A daemon whose responses the test defines, on a socket in a separate directory. */
export class FakeDaemon implements AsyncDisposable {
  readonly directory: string;
  readonly seen: Seen[] = [];
  readonly #server: Server;

  private constructor(directory: string, server: Server) {
    this.directory = directory;
    this.#server = server;
  }

  static async start(handler: Handler): Promise<FakeDaemon> {
    const directory = await mkdtemp(join(tmpdir(), 'barge-fake-'));
    const server = createServer();
    const daemon = new FakeDaemon(directory, server);
    server.on('request', (request, response) => void daemon.#answer(handler, request, response));
    server.on('upgrade', (request, socket) => void daemon.#upgrade(handler, request, socket));
    server.listen(join(directory, 'sock'));
    await once(server, 'listening');
    return daemon;
  }

  get url(): string {
    return `unix://${join(this.directory, 'sock')}`;
  }

  paths(): string[] {
    return this.seen.map(({ method, path }) => `${method} ${path}`);
  }

  /** The JSON body of the first request to `path`. */
  json<T = Record<string, unknown>>(path: string): T {
    const seen = this.seen.find((one) => one.path === path);
    if (!seen) throw new Error(`no request for ${path}: ${this.paths().join(', ')}`);
    return JSON.parse(seen.body.toString()) as T;
  }

  /** Runs the client against this daemon. */
  run(args: readonly string[], options: { input?: string; env?: Record<string, string> } = {}): Promise<Ran> {
    const env = { BARGE_HOST: this.url, DOCKER_CONFIG: this.directory, ...options.env };
    return runClient(args, { ...options, env });
  }

  async #see(request: IncomingMessage): Promise<Seen> {
    const parts: Buffer[] = [];
    if (!request.headers.upgrade) for await (const part of request) parts.push(part);
    const url = new URL(request.url ?? '/', 'http://barge');
    const seen: Seen = {
      method: request.method ?? '',
      path: decodeURIComponent(url.pathname.replace(/^\/v1\.\d+/, '')),
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(parts),
    };
    this.seen.push(seen);
    return seen;
  }

  async #answer(handler: Handler, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (await handler(await this.#see(request))) ?? {
      status: 404,
      body: { message: 'page not found' },
    };
    response.writeHead(answer.status ?? 200, { 'Api-Version': '1.56', ...answer.headers });
    if (answer.until) {
      response.flushHeaders();
      await answer.until;
    }
    for (const chunk of answer.chunks ?? []) response.write(chunk);
    if (answer.after) await answer.after;
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
  }

  async #upgrade(handler: Handler, request: IncomingMessage, socket: Duplex): Promise<void> {
    socket.on('error', () => {});
    const answer = (await handler(await this.#see(request))) ?? { status: 404 };
    if (!answer.hijack) {
      const body = JSON.stringify(answer.body ?? {});
      socket.end(`HTTP/1.1 ${answer.status} X\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      return;
    }
    const headers = Object.entries(answer.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${headers.join('')}\r\n`);
    answer.hijack(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export async function runClient(
  args: readonly string[],
  options: { input?: string; env?: Record<string, string>; cwd?: string } = {},
): Promise<Ran> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, ['--', CLIENT, ...args], {
    env: { PATH, HOME, TZ: 'UTC', ...options.env },
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** One frame of a multiplexed stream. */
export function frame(stream: 1 | 2, text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

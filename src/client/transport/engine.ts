import type { Duplex } from 'node:stream';
import { API_VERSION } from '../../api/engine/system.ts';
import type { Body } from './body.ts';
import type { Endpoint } from './endpoint.ts';
import { engineError } from './engine-error.ts';
import { exchange, type RawResponse } from './exchange.ts';
import type { ResponseHead } from './response-parser.ts';

type QueryValue = string | number | boolean | readonly string[] | undefined;
export type Query = Readonly<Record<string, QueryValue>>;

interface RequestOptions {
  /** Members that are undefined, false or an empty list are omitted; lists become repeated parameters. */
  readonly query?: Query;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent in chunks as it is read. */
  readonly stream?: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface EngineResponse {
  readonly status: number;
  readonly headers: ResponseHead['headers'];
  readonly body: Body;
}

/** A hijacked connection: `body` is what the daemon sends; `socket` is for writing. */
export interface HijackedStream {
  readonly headers: ResponseHead['headers'];
  readonly body: Body;
  readonly socket: Duplex;
}

interface EngineOptions {
  /** The required API version (`DOCKER_API_VERSION`). */
  readonly pinned?: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A client of one daemon's Engine API. Every request uses a separate connection. */
export class EngineClient {
  readonly endpoint: Endpoint;
  readonly #headers: Readonly<Record<string, string>>;
  #version: string;
  #agreed: boolean;

  constructor(endpoint: Endpoint, { pinned, headers = {} }: EngineOptions = {}) {
    this.endpoint = endpoint;
    this.#headers = headers;
    this.#version = pinned ?? API_VERSION;
    this.#agreed = pinned !== undefined;
  }

  /** The API version in use; certain once the daemon has responded. */
  get version(): string {
    return this.#version;
  }

  /** @throws EngineError for a status of 400 or above. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<EngineResponse> {
    if (options.stream && !this.#agreed) await this.negotiate();
    const { head, body } = await this.#send(method, path, options, false);
    return { status: head.status, headers: head.headers, body };
  }

  async get<T>(path: string, query?: Query): Promise<T> {
    const { body } = await this.request('GET', path, query ? { query } : {});
    return body.json<T>();
  }

  /** A GET whose response is shown: integers that a double would round are bigints. */
  async getExact(path: string, query?: Query): Promise<unknown> {
    const { parseExact } = await import('./exact-json.ts');
    const { body } = await this.request('GET', path, query ? { query } : {});
    return body.json(parseExact);
  }

  /** A POST with a JSON response. */
  async post<T>(path: string, options: RequestOptions = {}): Promise<T> {
    const { body } = await this.request('POST', path, options);
    return body.json<T>();
  }

  /** A request whose response body is ignored; resolves with the status (304: nothing to do). */
  async call(method: string, path: string, options: RequestOptions = {}): Promise<number> {
    const { status, body } = await this.request(method, path, options);
    await body.return();
    return status;
  }

  async hijack(path: string, options: RequestOptions = {}): Promise<HijackedStream> {
    const { head, body, socket } = await this.#send('POST', path, options, true);
    return { headers: head.headers, body, socket };
  }

  /** Negotiates the highest version that both sides support. */
  async negotiate(): Promise<void> {
    const ping = { method: 'GET', target: '/_ping', headers: this.#headers };
    const { head, body } = await exchange(this.endpoint, ping);
    await body.return();
    this.#adopt(head);
  }

  async #send(method: string, path: string, options: RequestOptions, hijack: boolean): Promise<RawResponse> {
    const response = await this.#sendOnce(method, path, options, hijack);
    const { head, body } = response;
    if (head.status < 400) {
      this.#agreed = true;
      return response;
    }
    const text = await body.text();
    if (head.status === 400 && !options.stream && this.#adopt(head)) {
      return this.#send(method, path, options, hijack);
    }
    throw engineError(head.status, head.reason, text);
  }

  #sendOnce(method: string, path: string, options: RequestOptions, hijack: boolean): Promise<RawResponse> {
    const { json, stream, signal } = options;
    const headers = { ...this.#headers, ...options.headers };
    if (json !== undefined) headers['Content-Type'] = 'application/json';
    const body = json === undefined ? stream : Buffer.from(JSON.stringify(json));
    return exchange(this.endpoint, {
      method,
      target: `/v${this.#version}${path}${formatQuery(options.query)}`,
      headers,
      hijack,
      ...(body ? { body } : {}),
      ...(signal ? { signal } : {}),
    });
  }

  /** Adopts a lower version that the daemon names. @returns whether to retry the request. */
  #adopt(head: ResponseHead): boolean {
    const offered = head.headers.get('api-version');
    if (this.#agreed || !offered || !/^1\.\d{1,3}$/.test(offered)) return false;
    this.#agreed = true;
    if (minorOf(offered) >= minorOf(this.#version)) return false;
    this.#version = offered;
    return true;
  }
}

function minorOf(version: string): number {
  return Number(version.split('.')[1]);
}

/** `?all=1&t=a&t=b`, or '' without parameters. */
export function formatQuery(query: Query = {}): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false) continue;
    const values = typeof value === 'object' ? value : [value === true ? '1' : String(value)];
    for (const one of values) parts.push(`${name}=${encodeURIComponent(one)}`);
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

import assert from 'node:assert/strict';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { Readable } from 'node:stream';
import { complaintsAbout } from './schema.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON. @throws SyntaxError when it is something else. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails where that is missing
  json(): any;
}

export interface ApiRequest {
  readonly method?: string;
  readonly path: string;
  /** Sent as JSON, or as it is when it is a string, bytes or a stream. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * One request of the Engine API over a unix socket, with no client library between.
 * @throws AssertionError for an answer that the API's description does not have.
 */
export async function callApi(
  socket: string,
  { method = 'GET', path, body, headers }: ApiRequest,
): Promise<Answer> {
  const response = await openApi(socket, { method, path, body, ...(headers ? { headers } : {}) });
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  const text = Buffer.concat(parts).toString();
  const status = response.statusCode ?? 0;
  const contentType = response.headers['content-type'] ?? '';
  assert.deepEqual(complaintsAbout({ method, path, status, contentType, body: text }), []);
  return {
    status,
    headers: response.headers,
    text,
    json: () => JSON.parse(text),
  };
}

/** The same, giving the response while its body still comes. */
export function openApi(
  socket: string,
  { method = 'GET', path, body, headers }: ApiRequest,
): Promise<IncomingMessage> {
  const isJson = body !== undefined && !isRaw(body);
  const options: RequestOptions = {
    socketPath: socket,
    method,
    path,
    agent: false,
    headers: { ...(isJson ? { 'Content-Type': 'application/json' } : {}), ...headers },
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, resolve);
    sent.on('error', reject);
    if (isStream(body)) body.pipe(sent);
    else sent.end(isJson ? JSON.stringify(body) : (body as string | Uint8Array | undefined));
  });
}

function isStream(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && 'pipe' in body;
}

function isRaw(body: unknown): boolean {
  return typeof body === 'string' || body instanceof Uint8Array || isStream(body);
}

import type { Duplex } from 'node:stream';
import { BargeError, errnoOf, forbidden, messageOf, unavailable } from '../../core/errors.ts';
import { drained } from '../../core/streams.ts';
import { Body } from './body.ts';
import type { Endpoint } from './endpoint.ts';
import { openConnection } from './open.ts';
import { type ResponseHead, ResponseParser } from './response-parser.ts';

interface RawRequest {
  readonly method: string;
  /** Path and query, already encoded. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whole bodies are sent with their length, streams in chunks. */
  readonly body?: Buffer | AsyncIterable<Uint8Array>;
  /** Requests to hijack the connection (`Upgrade: tcp`). */
  readonly hijack?: boolean;
  readonly signal?: AbortSignal;
}

export interface RawResponse {
  readonly head: ResponseHead;
  readonly body: Body;
  /** The connection itself; after a hijack it can still be written to. */
  readonly socket: Duplex;
}

/**
 * Sends one request on a separate connection and resolves with the response's head; the body streams.
 * @throws BargeError unavailable when there is no server at the address, forbidden without permission to open the
 * socket.
 */
export async function exchange(endpoint: Endpoint, request: RawRequest): Promise<RawResponse> {
  const socket = await openConnection(endpoint);
  request.signal?.addEventListener('abort', () => socket.destroy(), { once: true });
  const response = receive(socket, endpoint, request);
  let refused = false;
  response.then(
    ({ head }) => {
      refused = head.status >= 400;
    },
    () => {},
  );
  socket.write(formatHead(endpoint, request));
  const { body } = request;
  if (Buffer.isBuffer(body)) socket.write(body);
  else if (body) void upload(socket, body, () => refused);
  return response;
}

function formatHead(endpoint: Endpoint, request: RawRequest): string {
  const { body } = request;
  const lines = [
    `${request.method} ${request.target} HTTP/1.1`,
    `Host: ${endpoint.kind === 'tcp' ? endpoint.hostname : 'barge'}`,
    'User-Agent: barge-client',
    request.hijack ? 'Connection: Upgrade\r\nUpgrade: tcp' : 'Connection: close',
  ];
  for (const [name, value] of Object.entries(request.headers)) lines.push(`${name}: ${value}`);
  if (Buffer.isBuffer(body)) lines.push(`Content-Length: ${body.length}`);
  else if (body) lines.push('Transfer-Encoding: chunked');
  else if (request.method !== 'GET' && request.method !== 'HEAD') lines.push('Content-Length: 0');
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function receive(socket: Duplex, endpoint: Endpoint, request: RawRequest): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const body = new Body({
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      abandon: () => socket.destroy(),
    });
    const fail = (error: unknown) => {
      reject(error);
      body.fail(error);
      socket.destroy();
    };
    const parser = new ResponseParser(
      {
        head: (head) => resolve({ head, body, socket }),
        body: (chunk) => body.push(chunk),
        end: () => {
          body.end();
          socket.end();
        },
      },
      { method: request.method, hijack: request.hijack ?? false },
    );
    const guarded = (step: () => void) => {
      try {
        step();
      } catch (error) {
        fail(error);
      }
    };
    let failure: unknown;
    socket.on('data', (data: Buffer) => guarded(() => parser.push(data)));
    socket.on('error', (error) => {
      failure = error;
    });
    // The response to a rejected upload may still be in flight when writing fails, so only the close decides.
    socket.on('close', () => {
      if (failure !== undefined) fail(connectFailure(failure, endpoint));
      guarded(() => parser.close());
      body.end();
    });
  });
}

/** Sends a stream in chunks, until the daemon stops reading it. */
async function upload(
  socket: Duplex,
  body: AsyncIterable<Uint8Array>,
  refused: () => boolean,
): Promise<void> {
  try {
    for await (const chunk of body) {
      if (refused() || socket.destroyed || !socket.writable) return;
      if (chunk.length === 0) continue;
      socket.write(`${chunk.length.toString(16)}\r\n`);
      socket.write(chunk);
      if (!socket.write('\r\n')) await drained(socket);
      // Allows a response that has already arrived to be read before a write to a closed connection destroys it.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!refused() && socket.writable) socket.write('0\r\n\r\n');
  } catch (error) {
    socket.destroy(error instanceof Error ? error : new Error(messageOf(error)));
  }
}

/** The error for a failed connection, which says what to do. */
export function connectFailure(error: unknown, endpoint: Endpoint): BargeError {
  if (error instanceof BargeError) return error;
  const code = errnoOf(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return forbidden(
      `permission denied while trying to connect to the Barge daemon socket at ${endpoint.url}: ` +
        'run as root or join the group "barge"',
      { cause: error },
    );
  }
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTSOCK') {
    return unavailable(`Cannot connect to the Barge daemon at ${endpoint.url}. Is barged running?`, {
      cause: error,
    });
  }
  return unavailable(`error during connect to ${endpoint.url}: ${messageOf(error)}`, { cause: error });
}

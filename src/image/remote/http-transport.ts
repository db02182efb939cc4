import http, { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import tls from 'node:tls';
import { networkFailure, requestName, TransientFailure } from './failure.ts';
import type { ClientCertificate } from './remote-options.ts';

/** Milliseconds without a byte in either direction. */
const IDLE_TIMEOUT = 60_000;
/** Bytes that have to move in that time: who sends one at a time would hold a connection for ever. */
const LEAST_BYTES = 10_000;

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream is made anew for each time that the request is sent. */
  readonly body?: Uint8Array | (() => Readable);
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds to wait for a byte, where a minute is not enough. */
  readonly idleTimeout?: number;
}

export interface HttpResponse {
  readonly request: HttpRequest;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Must be read to the end or destroyed: it holds a connection. */
  readonly body: IncomingMessage;
}

export interface TransportOptions {
  readonly verifyTls: boolean;
  readonly ca: readonly string[];
  readonly clientCertificates?: readonly ClientCertificate[];
  readonly userAgent: string;
  readonly proxyEnv?: NodeJS.ProcessEnv | undefined;
  /** Milliseconds, where a request says nothing else. Usually a minute. */
  readonly idleTimeout?: number | undefined;
}

/** Sends single requests over connections that are kept for the next ones. Knows nothing of registries. */
export class HttpTransport implements Disposable {
  readonly #userAgent: string;
  readonly #plain: http.Agent;
  readonly #options: TransportOptions;
  #secure: https.Agent | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#userAgent = options.userAgent;
    this.#plain = new http.Agent({ keepAlive: true, proxyEnv: options.proxyEnv });
  }

  /**
   * @returns the answer, whatever its status.
   * @throws BargeError cancelled; unavailable, as a TransientFailure unless it is about certificates.
   */
  send(request: HttpRequest): Promise<HttpResponse> {
    const { method, url, signal } = request;
    const secure = url.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const outgoing = (secure ? https : http).request(url, {
        method,
        agent: secure ? this.#secureAgent() : this.#plain,
        headers: { 'User-Agent': this.#userAgent, ...request.headers },
        signal,
      });
      watchHeadway(outgoing, request.idleTimeout ?? this.#options.idleTimeout ?? IDLE_TIMEOUT, (why) => {
        return new TransientFailure(`${requestName(method, url)}: i/o timeout${why}`);
      });
      outgoing.on('error', (error) => reject(networkFailure(method, url, error)));
      outgoing.once('response', (body) => {
        if (!outgoing.writableFinished) body.once('close', () => outgoing.destroy());
        resolve({ request, status: body.statusCode ?? 0, headers: body.headers, body });
      });
      sendBody(outgoing, request.body);
    });
  }

  [Symbol.dispose](): void {
    this.#plain.destroy();
    this.#secure?.destroy();
  }

  /** Made at the first use: reading all trusted certificates takes a while. */
  #secureAgent(): https.Agent {
    const { verifyTls, ca, clientCertificates = [], proxyEnv } = this.#options;
    const trusted = () => [...tls.getCACertificates('default'), ...tls.getCACertificates('system'), ...ca];
    this.#secure ??= new https.Agent({
      keepAlive: true,
      proxyEnv,
      cert: clientCertificates.map(({ cert }) => cert),
      key: clientCertificates.map(({ key }) => key),
      ...(verifyTls ? { ca: trusted() } : { rejectUnauthorized: false }),
    });
    return this.#secure;
  }
}

/** An error of the stream destroys the request, whose `error` event tells it. */
function sendBody(outgoing: ClientRequest, body: HttpRequest['body']): void {
  if (typeof body === 'function') pipeline(body(), outgoing, () => {});
  else outgoing.end(body);
}

/** Ends an exchange in which nothing moves, or nearly nothing, unless it is us who do not read. */
function watchHeadway(outgoing: ClientRequest, idle: number, failure: (why: string) => Error): void {
  let body: IncomingMessage | undefined;
  let before = 0;
  const giveUp = (why: string) => (body ?? outgoing).destroy(failure(why));
  const moved = () => (outgoing.socket ? outgoing.socket.bytesRead + outgoing.socket.bytesWritten : 0);
  const isUnread = () => body !== undefined && body.readableLength >= body.readableHighWaterMark;
  const look = () => {
    const bytes = moved() - before;
    before += bytes;
    if (bytes >= LEAST_BYTES || isUnread() || body?.complete) return;
    giveUp(`: only ${bytes} bytes in ${Math.ceil(idle / 1000)} s`);
  };
  const timer = setInterval(look, idle);
  outgoing.setTimeout(idle, () => {
    if (!isUnread()) giveUp('');
  });
  outgoing.once('response', (response) => {
    body = response;
    body.on('error', () => {}); /* whoever reads is told; that nobody does must not end the process */
  });
  outgoing.once('socket', () => {
    before = moved();
  });
  outgoing.once('close', () => clearInterval(timer));
}

import http, { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import tls from 'node:tls';
import { networkFailure, requestName, TransientFailure } from './failure.ts';
import type { ClientCertificate } from './remote-options.ts';

/** Maximum milliseconds without a byte in either direction. */
const IDLE_TIMEOUT = 60_000;
/** Minimum bytes in that time: otherwise a peer that sends single bytes would occupy a connection for ever. */
const LEAST_BYTES = 10_000;

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** A new stream is created each time the request is sent. */
  readonly body?: Uint8Array | (() => Readable);
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds to wait for a byte, where the default is not enough. */
  readonly idleTimeout?: number;
}

export interface HttpResponse {
  readonly request: HttpRequest;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Must be read to the end or destroyed, as it occupies a connection. */
  readonly body: IncomingMessage;
}

interface TransportOptions {
  readonly verifyTls: boolean;
  readonly ca: readonly string[];
  readonly clientCertificates?: readonly ClientCertificate[];
  readonly userAgent: string;
  readonly proxyEnv?: NodeJS.ProcessEnv | undefined;
  /** Milliseconds, unless a request overrides it. A minute by default. */
  readonly idleTimeout?: number | undefined;
}

/** Sends single requests over reusable connections. Independent of registries. */
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
   * @returns the response, regardless of its status.
   * @throws BargeError cancelled; unavailable, as a TransientFailure except for certificate errors.
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

  /** Created on first use, as reading all trusted certificates takes a while. */
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

/** An error of the stream destroys the request, whose `error` event reports it. */
function sendBody(outgoing: ClientRequest, body: HttpRequest['body']): void {
  if (typeof body === 'function') pipeline(body(), outgoing, () => {});
  else outgoing.end(body);
}

/** Ends an exchange without sufficient progress, unless our side is not reading. */
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
    body.on('error', () => {}); /* a reader gets the error; without one, it must not end the process */
  });
  outgoing.once('socket', () => {
    before = moved();
  });
  outgoing.once('close', () => clearInterval(timer));
}

import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { BargeError } from '../core/errors.ts';
import { failsElsewhere } from '../core/streams.ts';
import type { Exchange } from './exchange.ts';
import { PlainResponse } from './response.ts';
import { UpgradeResponse } from './upgrade-response.ts';

/** Milliseconds between checks for idle connections while a server closes. */
const SWEEP_INTERVAL = 50;

/** A request before it is matched with a route. */
export type Incoming = Pick<Exchange, 'request' | 'response' | 'signal'>;

/** Responds to one request; never rejects. */
export type Serve = (incoming: Incoming) => Promise<void>;

export interface TlsFiles {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

/** Times are milliseconds, sizes bytes. */
interface ServerOptions {
  /** Sent with every response. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: TlsFiles | undefined;
  readonly headersTimeout: number;
  readonly keepAliveTimeout: number;
  /** How long a connection may be idle; 0: no limit. */
  readonly idleTimeout?: number;
  /** How long a connection may be idle once its request has been received in full. */
  readonly workTimeout?: number;
  readonly maxHeaderSize: number;
  /** Decides whether a request with an Upgrade header is upgraded; without this, none is. */
  readonly upgrades?: (request: IncomingMessage) => boolean;
}

const clientLeft = () => new BargeError('cancelled', 'the client has closed the connection');

/** An HTTP server on any connections passed to it. */
export class HttpServer {
  /** Node's server: it listens, or is passed connections through its `connection` event. */
  readonly server: Server;
  readonly #headers: Readonly<Record<string, string>>;
  #draining = false;

  constructor(serve: Serve, options: ServerOptions) {
    const { tls, workTimeout, upgrades = () => false, headers = {} } = options;
    this.#headers = headers;
    const limits = {
      headersTimeout: options.headersTimeout,
      requestTimeout: 0,
      keepAliveTimeout: options.keepAliveTimeout,
      connectionsCheckingInterval: Math.min(5_000, options.headersTimeout),
      maxHeaderSize: options.maxHeaderSize,
      /* An Upgrade header for another protocol is ignored, as RFC 9110 (7.8) says: Java's client sends one with every request. */
      shouldUpgradeCallback: upgrades,
    };
    this.server = tls ? https.createServer({ ...limits, ...tls }) : http.createServer(limits);
    this.server.timeout = options.idleTimeout ?? 0;
    this.server.on('request', (request, response) => {
      if (workTimeout) request.once('end', () => request.socket.setTimeout(workTimeout));
      void serve(this.#plain(request, response));
    });
    this.server.on('upgrade', (request, connection, head) => {
      void serve(this.#upgraded(request, connection, head));
    });
  }

  #plain(request: IncomingMessage, response: ServerResponse): Incoming {
    /* Readers and writers notice a client that disconnects; at that moment there may be none. */
    failsElsewhere(request);
    failsElsewhere(response);
    response.shouldKeepAlive &&= !this.#draining;
    for (const [name, value] of Object.entries(this.#headers)) response.setHeader(name, value);
    const left = new AbortController();
    response.on('close', () => left.abort(clientLeft()));
    return { request, response: new PlainResponse(request, response), signal: left.signal };
  }

  #upgraded(request: IncomingMessage, connection: Duplex, head: Buffer): Incoming {
    failsElsewhere(connection);
    const left = new AbortController();
    connection.on('close', () => left.abort(clientLeft()));
    if (head.length > 0) connection.unshift(head);
    return { request, response: new UpgradeResponse(connection, this.#headers), signal: left.signal };
  }

  /** Uses another certificate for new connections. */
  useCertificate(tls: TlsFiles): void {
    if ('setSecureContext' in this.server) (this.server as https.Server).setSecureContext(tls);
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  /**
   * Accepts no more connections, lets requests finish, and cuts the remaining connections at the timeout.
   * @param drainTimeout milliseconds.
   */
  async close(drainTimeout: number): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    const closed = new Promise((resolve) => this.server.close(resolve));
    const sweep = setInterval(() => this.server.closeIdleConnections(), SWEEP_INTERVAL);
    const deadline = setTimeout(() => this.server.closeAllConnections(), drainTimeout);
    await closed;
    clearInterval(sweep);
    clearTimeout(deadline);
  }
}

import { once } from 'node:events';
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { failsElsewhere } from '../core/streams.ts';
import type { RequestHandler } from './request-handler.ts';

/** Milliseconds. */
const HEADERS_TIMEOUT = 20_000;
const IDLE_TIMEOUT = 60_000;
/** While the registry works on a request that has come in whole; hashing a large blob takes a while. */
const WORK_TIMEOUT = 15 * 60_000;
const DRAIN_TIMEOUT = 10_000;
const SWEEP_INTERVAL = 50;
/** Bytes. */
const MAX_HEADER_SIZE = 16 * 1024;

export interface TlsFiles {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface ServerOptions {
  readonly tls?: TlsFiles | undefined;
  /** Milliseconds that requests under way get to finish when the server closes. */
  readonly drainTimeout?: number;
  /** Milliseconds for which a client may stand still. */
  readonly idleTimeout?: number;
}

/**
 * The HTTP server of a registry. What a client sends is bounded: headers in size and time, bodies by the time
 * between two pieces (an upload may take hours, but not stand still).
 */
export class RegistryServer {
  readonly #server: Server;
  readonly #scheme: string;
  readonly #drainTimeout: number;
  #draining = false;

  constructor(handler: RequestHandler, options: ServerOptions = {}) {
    const { tls, idleTimeout = IDLE_TIMEOUT } = options;
    const headersTimeout = Math.min(HEADERS_TIMEOUT, idleTimeout);
    const limits = {
      headersTimeout,
      requestTimeout: 0,
      keepAliveTimeout: idleTimeout,
      connectionsCheckingInterval: Math.min(5_000, headersTimeout),
      maxHeaderSize: MAX_HEADER_SIZE,
    };
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      /* Whoever reads or writes them learns of a client that goes; nobody may be at it at that moment. */
      failsElsewhere(request);
      failsElsewhere(response);
      response.shouldKeepAlive &&= !this.#draining;
      request.once('end', () => request.socket.setTimeout(WORK_TIMEOUT));
      void handler(request, response);
    };
    this.#server = tls ? https.createServer({ ...limits, ...tls }, serve) : http.createServer(limits, serve);
    this.#server.timeout = idleTimeout;
    this.#scheme = tls ? 'https' : 'http';
    this.#drainTimeout = options.drainTimeout ?? DRAIN_TIMEOUT;
  }

  /**
   * @param port 0 for any free one.
   * @returns the URL that the server answers at.
   * @throws the system's error when the address cannot be used.
   */
  async listen(host: string, port: number): Promise<string> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    const address = this.#server.address() as AddressInfo;
    const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `${this.#scheme}://${shown}:${address.port}`;
  }

  /** Uses another certificate for the connections that come from now on. */
  useCertificate(tls: TlsFiles): void {
    if (this.#server instanceof https.Server) this.#server.setSecureContext(tls);
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  /** Takes no more connections, lets requests finish for a while, then cuts what is left. */
  async close(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    const sweep = setInterval(() => this.#server.closeIdleConnections(), SWEEP_INTERVAL);
    const deadline = setTimeout(() => this.#server.closeAllConnections(), this.#drainTimeout);
    await closed;
    clearInterval(sweep);
    clearTimeout(deadline);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

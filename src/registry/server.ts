import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { HttpServer, type Serve, type TlsFiles } from '../http/server.ts';

/** Milliseconds. */
const HEADERS_TIMEOUT = 20_000;
const IDLE_TIMEOUT = 60_000;
/** Idle limit while the registry processes a complete request; hashing a large blob takes a while. */
const WORK_TIMEOUT = 15 * 60_000;
const DRAIN_TIMEOUT = 10_000;
/** Bytes. */
const MAX_HEADER_SIZE = 16 * 1024;

interface RegistryServerOptions {
  readonly tls?: TlsFiles | undefined;
  /** Milliseconds for requests in progress to finish when the server closes. */
  readonly drainTimeout?: number;
  /** Milliseconds for which a client may be idle. */
  readonly idleTimeout?: number;
}

/**
 * The HTTP server of a registry. Requests are limited: headers in size and time, bodies by the time
 * between two pieces (an upload may take hours, but must not stall).
 */
export class RegistryServer {
  readonly http: HttpServer;
  readonly #scheme: string;
  readonly #drainTimeout: number;

  constructor(serve: Serve, { tls, drainTimeout, idleTimeout = IDLE_TIMEOUT }: RegistryServerOptions = {}) {
    this.http = new HttpServer(serve, {
      tls,
      headersTimeout: Math.min(HEADERS_TIMEOUT, idleTimeout),
      keepAliveTimeout: idleTimeout,
      idleTimeout,
      workTimeout: WORK_TIMEOUT,
      maxHeaderSize: MAX_HEADER_SIZE,
    });
    this.#scheme = tls ? 'https' : 'http';
    this.#drainTimeout = drainTimeout ?? DRAIN_TIMEOUT;
  }

  /**
   * @param port 0 for any free one.
   * @returns the server's URL.
   * @throws the system's error when the address cannot be used.
   */
  async listen(host: string, port: number): Promise<string> {
    const { server } = this.http;
    server.listen(port, host);
    await once(server, 'listening');
    const address = server.address() as AddressInfo;
    const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `${this.#scheme}://${shown}:${address.port}`;
  }

  /** Accepts no more connections, lets requests finish for a while, then cuts the remaining ones. */
  async close(): Promise<void> {
    await this.http.close(this.#drainTimeout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

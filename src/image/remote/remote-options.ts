import type { AuthConfig } from '../../api/engine/system.ts';

/** How to talk to a registry. */
export interface RemoteOptions {
  /** Sent only when the registry asks for it. */
  readonly auth?: AuthConfig | undefined;
  /** Unverified TLS and plain HTTP are permitted; for loopback addresses they always are. */
  readonly insecure?: boolean | undefined;
  /** Certificates (PEM) to trust besides those of the system. */
  readonly ca?: readonly string[] | undefined;
  /** What to show to registries that want a certificate (PEM). */
  readonly clientCertificates?: readonly ClientCertificate[] | undefined;
  /** Another place that has what the registry has: asked in its stead. */
  readonly mirror?: URL | undefined;
  /** Ends everything under way with a BargeError `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  readonly userAgent?: string | undefined;
  /** HTTP_PROXY, HTTPS_PROXY, NO_PROXY and their lower-case forms; never used for loopback addresses. */
  readonly proxyEnv?: NodeJS.ProcessEnv | undefined;
  /** Milliseconds before the first retry; each further one waits twice as long. Usually 250. */
  readonly retryDelay?: number | undefined;
  /** Milliseconds in which at least some bytes must come or go. Usually a minute. */
  readonly idleTimeout?: number | undefined;
  /** How often what fails in passing is tried. Usually 5. */
  readonly maxTries?: number | undefined;
}

export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

import type { AuthConfig } from '../../api/engine/system.ts';

/** Connection options for a registry. */
export interface RemoteOptions {
  /** Sent only on the registry's request. */
  readonly auth?: AuthConfig | undefined;
  /** Unverified TLS and plain HTTP are permitted; for loopback addresses they always are. */
  readonly insecure?: boolean | undefined;
  /** Certificates (PEM) to trust in addition to the system's. */
  readonly ca?: readonly string[] | undefined;
  /** Client certificate and key (PEM) for registries that require one. */
  readonly clientCertificates?: readonly ClientCertificate[] | undefined;
  /** A mirror of the registry, used in its place. */
  readonly mirror?: URL | undefined;
  /** Ends all work in progress with a BargeError `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  readonly userAgent?: string | undefined;
  /** HTTP_PROXY, HTTPS_PROXY, NO_PROXY and their lower-case forms; never used for loopback addresses. */
  readonly proxyEnv?: NodeJS.ProcessEnv | undefined;
  /** Milliseconds before the first retry; the delay doubles each time. 250 by default. */
  readonly retryDelay?: number | undefined;
  /** Milliseconds within which some bytes must be sent or received. A minute by default. */
  readonly idleTimeout?: number | undefined;
  /** Maximum attempts after temporary failures. 5 by default. */
  readonly maxTries?: number | undefined;
}

export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

import { BargeError, cancelled, type ErrorDetails, errnoOf, messageOf } from '../../core/errors.ts';

/** A temporary failure, after which a retry may succeed. */
export class TransientFailure extends BargeError {
  /** Milliseconds to wait, as requested by the registry. */
  readonly retryAfter: number | undefined;

  constructor(message: string, details: ErrorDetails & { readonly retryAfter?: number | undefined } = {}) {
    super('unavailable', message, details);
    this.name = 'TransientFailure';
    this.retryAfter = details.retryAfter;
  }
}

/** `Get "https://host/v2/"`: how Docker names a request in its messages. */
export function requestName(method: string, url: URL): string {
  return `${method.charAt(0)}${method.slice(1).toLowerCase()} "${url.href}"`;
}

const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

/** The error, in Docker's words, for a request without a complete response. */
export function networkFailure(method: string, url: URL, error: unknown): BargeError {
  if (error instanceof BargeError) return error;
  const name = requestName(method, url);
  if (isAbort(error)) return cancelled(`${name}: context canceled`, { cause: error });
  const certificate = certificateProblem(url, errnoOf(error));
  if (certificate) return new BargeError('unavailable', `${name}: ${certificate}`, { cause: error });
  return new TransientFailure(`${name}: ${connectionProblem(url, firstOf(error))}`, { cause: error });
}

const isAbort = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'AbortError' || errnoOf(error) === 'ABORT_ERR');

function certificateProblem(url: URL, errno: string | undefined): string | undefined {
  const verify = 'tls: failed to verify certificate: x509:';
  if (errno === undefined) return undefined;
  if (UNTRUSTED.has(errno)) return `${verify} certificate signed by unknown authority`;
  if (errno === 'CERT_HAS_EXPIRED') return `${verify} certificate has expired or is not yet valid`;
  if (errno === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `${verify} certificate is not valid for ${url.hostname}`;
  if (errno === 'EPROTO' || errno === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return 'http: server gave HTTP response to HTTPS client';
  }
  return undefined;
}

interface ConnectError {
  readonly address?: string;
  readonly port?: number;
}

function connectionProblem(url: URL, error: unknown): string {
  const { address, port } = error as ConnectError;
  const peer = address?.includes(':')
    ? `[${address}]:${port}`
    : `${address ?? url.hostname}:${port ?? url.port}`;
  switch (errnoOf(error)) {
    case 'ECONNREFUSED':
      return `dial tcp ${peer}: connect: connection refused`;
    case 'EHOSTUNREACH':
      return `dial tcp ${peer}: connect: no route to host`;
    case 'ENETUNREACH':
      return `dial tcp ${peer}: connect: network is unreachable`;
    case 'ENOTFOUND':
      return `dial tcp: lookup ${url.hostname}: no such host`;
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${url.hostname}: Temporary failure in name resolution`;
    case 'ETIMEDOUT':
      return `dial tcp ${peer}: i/o timeout`;
    case 'ECONNRESET':
      return 'read: connection reset by peer';
    default:
      return messageOf(error);
  }
}

/** A host with several addresses fails with one error for each. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? (error.errors[0] ?? error) : error;
}

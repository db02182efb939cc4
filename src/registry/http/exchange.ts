import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { type Digest, isDigest } from '../../core/digest.ts';
import { endResponse } from '../../core/end-response.ts';
import { isRepositoryPath } from '../../core/reference.ts';
import type { Visitor } from '../auth/access.ts';
import { registryError } from '../registry-error.ts';

/** One request with its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Decoded parts of the path, by the names in the route. */
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: URLSearchParams;
  readonly log: Logger;
  readonly visitor: Visitor;
}

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Handler = (exchange: Exchange) => Promise<void>;

/** @throws RegistryError NAME_INVALID. */
export function repositoryOf(exchange: Exchange): string {
  const name = exchange.params.name ?? '';
  if (!isRepositoryPath(name)) throw registryError('NAME_INVALID', 'invalid repository name', { name });
  return name;
}

/** The digest in the path. @throws RegistryError DIGEST_INVALID. */
export function digestParam(exchange: Exchange): Digest {
  return parseDigestText(exchange.params.digest ?? '');
}

export function parseDigestText(text: string): Digest {
  if (!isDigest(text)) {
    throw registryError('DIGEST_INVALID', 'invalid digest: want sha256:<hex> or sha512:<hex>', {
      digest: text,
    });
  }
  return text;
}

export type Headers = Readonly<Record<string, string | number>>;

export function sendEmpty(exchange: Exchange, status: number, headers: Headers = {}): void {
  const length = status === 204 ? {} : { 'Content-Length': 0 };
  exchange.response.writeHead(status, { ...length, ...headers });
  endResponse(exchange.request, exchange.response);
}

/** @param body any JSON value; left out of the answer to a HEAD request. */
export function sendJson(exchange: Exchange, status: number, body: unknown, headers: Headers = {}): void {
  const bytes = Buffer.from(JSON.stringify(body));
  exchange.response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': bytes.byteLength,
    ...headers,
  });
  const { request, response } = exchange;
  endResponse(request, response, request.method === 'HEAD' ? undefined : bytes);
}

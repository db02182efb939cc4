import type { Logger } from 'pino';
import { type Digest, isDigest } from '../core/digest.ts';
import { isRepositoryPath } from '../core/reference.ts';
import type * as http from '../http/exchange.ts';
import type { Visitor } from './auth/access.ts';
import { registryError } from './registry-error.ts';

/** One request on its way through a route of the registry. */
export interface Exchange extends http.Exchange {
  readonly log: Logger;
  readonly visitor: Visitor;
}

export type Handler = http.Handler<Exchange>;

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

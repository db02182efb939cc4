import { type Digest, isDigest } from './digest.ts';
import { invalidParameter } from './errors.ts';

/**
 * A parsed image reference, `[domain/]path[:tag][@digest]`, by the grammar of the distribution project's
 * reference package as the docker client applies it: no domain means docker.io, and one path part on
 * docker.io stands for `library/<part>`.
 */
export interface Reference {
  /** Registry host with optional port, e.g. `docker.io` or `localhost:5000`. */
  readonly domain: string;
  /** Repository path within the registry, e.g. `library/busybox`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const DOMAIN =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const PATH = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const MAX_NAME_LENGTH = 255;
export const DEFAULT_DOMAIN = 'docker.io';
export const DEFAULT_TAG = 'latest';

export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Whether `text` is a repository path without a domain, as the distribution spec's `<name>`. */
export function isRepositoryPath(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && PATH.test(text);
}

/** Matches an image's id, which is never a valid name on its own. */
const ID = /^[a-f0-9]{64}$/;

/**
 * Parses a reference as users write it. No tag is added: see `withDefaultTag`.
 * @throws BargeError invalid-parameter with the words of the docker client.
 */
export function parseReference(text: string): Reference {
  if (ID.test(text)) {
    throw invalidParameter(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  let rest = text;
  let digest: Digest | undefined;
  const at = rest.indexOf('@');
  if (at !== -1) {
    const tail = rest.slice(at + 1);
    if (!isDigest(tail)) throw invalidParameter('invalid reference format');
    digest = tail;
    rest = rest.slice(0, at);
  }
  const { domain, remainder } = splitDomain(rest);
  let path = remainder;
  let tag: string | undefined;
  const colon = path.lastIndexOf(':');
  if (colon !== -1) {
    tag = path.slice(colon + 1);
    path = path.slice(0, colon);
    if (!TAG.test(tag)) throw invalidParameter('invalid reference format');
  }
  if (path.toLowerCase() !== path) {
    const name = domain === DEFAULT_DOMAIN && !path.includes('/') ? `library/${path}` : path;
    throw invalidParameter(`invalid reference format: repository name (${name}) must be lowercase`);
  }
  if (!PATH.test(path) || !DOMAIN.test(domain)) throw invalidParameter('invalid reference format');
  const fullPath = domain === DEFAULT_DOMAIN && !path.includes('/') ? `library/${path}` : path;
  if (fullPath.length > MAX_NAME_LENGTH) {
    throw invalidParameter(`repository name must not be more than ${MAX_NAME_LENGTH} characters`);
  }
  return { domain, path: fullPath, ...(tag === undefined ? {} : { tag }), ...(digest ? { digest } : {}) };
}

function splitDomain(text: string): { domain: string; remainder: string } {
  if (!looksLikeHost(text)) return { domain: DEFAULT_DOMAIN, remainder: text };
  const slash = text.indexOf('/');
  const head = text.slice(0, slash);
  const domain = head === 'index.docker.io' ? DEFAULT_DOMAIN : head;
  return { domain, remainder: text.slice(slash + 1) };
}

export function withDefaultTag(reference: Reference): Reference {
  return reference.tag || reference.digest ? reference : { ...reference, tag: DEFAULT_TAG };
}

/** `domain/path`, always in full. */
export function canonicalName(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

/** The repository as docker shows it, without docker.io and library/ where the short name parses to the same repository. */
export function familiarName({ domain, path }: Pick<Reference, 'domain' | 'path'>): string {
  if (domain !== DEFAULT_DOMAIN) return `${domain}/${path}`;
  const official = /^library\/([^/]+)$/.exec(path)?.[1];
  if (official !== undefined) return ID.test(official) ? path : official;
  return looksLikeHost(path) ? `${domain}/${path}` : path;
}

/** Whether the first part of a name is a registry's address. */
function looksLikeHost(text: string): boolean {
  const slash = text.indexOf('/');
  const head = text.slice(0, slash);
  return slash !== -1 && (/[.:]/.test(head) || head === 'localhost' || head.toLowerCase() !== head);
}

/** The whole reference as docker shows it. */
export function familiarString(reference: Reference): string {
  const tag = reference.tag ? `:${reference.tag}` : '';
  const digest = reference.digest ? `@${reference.digest}` : '';
  return `${familiarName(reference)}${tag}${digest}`;
}

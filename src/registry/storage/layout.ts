import { algorithmOf, type Digest, hexOf } from '../../core/digest.ts';

/**
 * Keys of everything that a registry stores:
 *
 *     blobs/sha256/ab/abcd…                          content of blobs and manifests
 *     repositories/<name>/_blobs/sha256/<hex>        empty: the repository owns this blob
 *     repositories/<name>/_manifests/sha256/<hex>    JSON: media type, size, subject
 *     repositories/<name>/_tags/<tag>                a digest
 *     repositories/<name>/_referrers/sha256/<subject hex>/<digest>   JSON: a descriptor
 *     uploads/<id>/…                                 depends on the kind of store
 *     quarantine/<algorithm>-<hex>                   content whose bytes had a wrong digest
 *     cache                                          a URL: the store is a cache of that registry
 *
 * No part of a repository path can begin with `_`, no tag with `.`: neither directories of nested repositories
 * nor temporary files can collide with other names. The callers validate arguments.
 */
export const REPOSITORIES = 'repositories';
export const BLOBS = 'blobs';
export const UPLOADS = 'uploads';
export const CACHE_MARK = 'cache';

const pathOf = (digest: Digest) => `${algorithmOf(digest)}/${hexOf(digest)}`;

export const contentKey = (digest: Digest): string =>
  `${BLOBS}/${algorithmOf(digest)}/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}`;

/** @param name empty: the parent directory of all repositories. */
export const repositoryDirectory = (name: string): string =>
  name ? `${REPOSITORIES}/${name}` : REPOSITORIES;

export const blobLinks = (name: string): string => `${repositoryDirectory(name)}/_blobs`;
export const blobLink = (name: string, digest: Digest): string => `${blobLinks(name)}/${pathOf(digest)}`;

export const manifestRecords = (name: string): string => `${repositoryDirectory(name)}/_manifests`;
export const manifestRecord = (name: string, digest: Digest): string =>
  `${manifestRecords(name)}/${pathOf(digest)}`;

export const tagDirectory = (name: string): string => `${repositoryDirectory(name)}/_tags`;
export const tagKey = (name: string, tag: string): string => `${tagDirectory(name)}/${tag}`;

export const referrerDirectory = (name: string, subject: Digest): string =>
  `${repositoryDirectory(name)}/_referrers/${pathOf(subject)}`;
export const referrerKey = (name: string, subject: Digest, digest: Digest): string =>
  `${referrerDirectory(name, subject)}/${digest}`;

export const quarantineKey = (digest: Digest): string => `quarantine/${digest.replace(':', '-')}`;

import { join } from 'node:path';
import { algorithmOf, type Digest, hexOf } from '../../../core/digest.ts';

/**
 * Names of everything under the data root:
 *
 *     blobs/sha256/ab/abcd…                          content of blobs and manifests
 *     repositories/<name>/_blobs/sha256/<hex>        empty: the repository owns this blob
 *     repositories/<name>/_manifests/sha256/<hex>    JSON: media type, size, subject
 *     repositories/<name>/_tags/<tag>                a digest
 *     repositories/<name>/_referrers/sha256/<subject hex>/<digest>   JSON: a descriptor
 *     uploads/<id>/{data,repository}
 *     quarantine/<algorithm>-<hex>                   content whose bytes had another digest
 *
 * No part of a repository path can begin with `_`, no tag with `.`: neither folders of nested repositories
 * nor temporary files collide with anything. Arguments are validated by the callers.
 */
export class Layout {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  get repositories(): string {
    return join(this.root, 'repositories');
  }

  get blobs(): string {
    return join(this.root, 'blobs');
  }

  get uploads(): string {
    return join(this.root, 'uploads');
  }

  blob(digest: Digest): string {
    const hex = hexOf(digest);
    return join(this.blobs, algorithmOf(digest), hex.slice(0, 2), hex);
  }

  repository(name: string): string {
    return join(this.repositories, name);
  }

  blobLinks(name: string): string {
    return join(this.repository(name), '_blobs');
  }

  blobLink(name: string, digest: Digest): string {
    return join(this.blobLinks(name), algorithmOf(digest), hexOf(digest));
  }

  manifests(name: string): string {
    return join(this.repository(name), '_manifests');
  }

  manifest(name: string, digest: Digest): string {
    return join(this.manifests(name), algorithmOf(digest), hexOf(digest));
  }

  tags(name: string): string {
    return join(this.repository(name), '_tags');
  }

  tag(name: string, tag: string): string {
    return join(this.tags(name), tag);
  }

  referrers(name: string, subject: Digest): string {
    return join(this.repository(name), '_referrers', algorithmOf(subject), hexOf(subject));
  }

  referrer(name: string, subject: Digest, digest: Digest): string {
    return join(this.referrers(name, subject), digest);
  }

  upload(id: string): string {
    return join(this.uploads, id);
  }
}

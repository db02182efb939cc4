import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../../core/digest.ts';
import type { RegistryStorage } from '../storage.ts';
import { FileBlobs } from './blobs.ts';
import { type CheckOptions, checkStore, type Finding } from './check.ts';
import { type Collected, type CollectOptions, collectGarbage } from './collect.ts';
import { ensureFolder, entriesOf, ifPresent } from './files.ts';
import { KeyedLock } from './keyed-lock.ts';
import { Layout } from './layout.ts';
import { FileManifests } from './manifests.ts';
import { FileReferrers } from './referrers.ts';
import { FileTags } from './tags.ts';
import { FileUploads } from './uploads.ts';
import { digestsIn, repositoryNames } from './walk.ts';

/** A registry's content under one folder; see `Layout` for the names in it. One process at a time writes. */
export class FileSystemStorage implements RegistryStorage {
  readonly blobs: FileBlobs;
  readonly uploads: FileUploads;
  readonly manifests: FileManifests;
  readonly tags: FileTags;
  readonly referrers: FileReferrers;
  readonly #layout: Layout;
  readonly #contentLocks = new KeyedLock();

  private constructor(layout: Layout) {
    this.#layout = layout;
    this.blobs = new FileBlobs(layout, this.#contentLocks);
    this.uploads = new FileUploads(layout, this.#contentLocks);
    this.manifests = new FileManifests(layout, this.#contentLocks);
    this.tags = new FileTags(layout);
    this.referrers = new FileReferrers(layout);
  }

  static async open(root: string): Promise<FileSystemStorage> {
    const layout = new Layout(root);
    await ensureFolder(layout.repositories);
    await ensureFolder(layout.uploads);
    return new FileSystemStorage(layout);
  }

  async repositories(): Promise<string[]> {
    const found: string[] = [];
    await this.#walk('', found);
    return found.sort();
  }

  async usage(owner: string): Promise<number> {
    const counted = new Set<Digest>();
    let bytes = 0;
    for (const repository of await repositoryNames(this.#layout, owner)) {
      for (const digest of await digestsIn(this.#layout.blobLinks(repository))) {
        if (counted.has(digest)) continue;
        counted.add(digest);
        bytes += (await ifPresent(stat(this.#layout.blob(digest))))?.size ?? 0;
      }
    }
    return bytes;
  }

  /** Removes what nobody can reach any more; requests may go on meanwhile. */
  collect(options: CollectOptions): Promise<Collected> {
    return collectGarbage(this.#layout, this, this.#contentLocks, options);
  }

  /** Looks through everything for what is not as it must be. */
  check(options: CheckOptions): AsyncGenerator<Finding> {
    return checkStore(this.#layout, this, options);
  }

  async #walk(name: string, found: string[]): Promise<void> {
    for (const entry of await entriesOf(this.#layout.repository(name))) {
      if (!entry.isDirectory()) continue;
      if (entry.name === '_manifests' && (await this.#holdsManifest(name))) found.push(name);
      if (!entry.name.startsWith('_')) await this.#walk(join(name, entry.name), found);
    }
  }

  async #holdsManifest(name: string): Promise<boolean> {
    for (const { name: algorithm } of await entriesOf(this.#layout.manifests(name))) {
      const digests = await entriesOf(join(this.#layout.manifests(name), algorithm));
      if (digests.some((entry) => !entry.name.startsWith('.'))) return true;
    }
    return false;
  }
}

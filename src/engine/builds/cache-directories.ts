import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { CacheMount } from '../../builder/worker.ts';
import { isKind } from '../../core/errors.ts';
import type { Files, OverlayMount } from '../../host/files.ts';

/** A cache directory that one step uses. */
interface HeldCache {
  readonly directory: string;
  release(): void;
}

type TreeFiles = Pick<Files, 'packTar' | 'unpackTar' | 'removeTree'>;

/** Directories of `RUN --mount=type=cache`, which outlive builds. One instance serves all builds of a daemon. */
export class CacheDirectories {
  readonly root: string;
  readonly #files: TreeFiles;
  /** Number of steps that use a directory. */
  readonly #users = new Map<string, number>();
  readonly #making = new Map<string, Promise<void>>();
  readonly #waiting: { readonly name: string; wake(): void }[] = [];

  constructor(root: string, files: TreeFiles) {
    this.root = root;
    this.#files = files;
  }

  /** Whether a running step uses this directory. */
  inUse(name: string): boolean {
    return this.#users.has(name);
  }

  /**
   * The directory of a mount: `shared` allows any number of steps, `locked` one at a time, `private` creates
   * another directory while it is in use.
   * @param seed initial content of a new directory.
   * @throws whatever `signal` aborts with while waiting.
   */
  async hold(mount: CacheMount, seed: OverlayMount | undefined, signal: AbortSignal): Promise<HeldCache> {
    const name = await this.#take(mount, signal);
    const release = () => this.#release(name);
    try {
      const directory = join(this.root, name);
      await this.#makeOnce(name, () => this.#make(directory, mount, seed, signal));
      const now = new Date();
      await utimes(directory, now, now);
      return { directory, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Chooses a directory and counts its new user in one turn of the event loop, so that no other step interferes. */
  async #take({ id, sharing }: CacheMount, signal: AbortSignal): Promise<string> {
    const name = cacheName(id);
    if (sharing === 'private') {
      for (let n = 0; ; n++) if (!this.#users.has(variant(name, n))) return this.#count(variant(name, n));
    }
    while (sharing === 'locked' && this.#users.has(name)) {
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push({ name, wake: resolve });
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
    }
    signal.throwIfAborted();
    return this.#count(name);
  }

  #count(name: string): string {
    this.#users.set(name, (this.#users.get(name) ?? 0) + 1);
    return name;
  }

  /** Steps that need the same new directory wait for the one that creates it; when that fails, the next one tries. */
  async #makeOnce(name: string, make: () => Promise<void>): Promise<void> {
    while (!existsSync(join(this.root, name))) {
      const other = this.#making.get(name);
      if (other) {
        await other.catch(() => undefined);
        continue;
      }
      const mine = make();
      this.#making.set(name, mine);
      try {
        await mine;
      } finally {
        this.#making.delete(name);
      }
    }
  }

  #release(name: string): void {
    const left = (this.#users.get(name) ?? 1) - 1;
    if (left > 0) this.#users.set(name, left);
    else this.#users.delete(name);
    const index = this.#waiting.findIndex((waiter) => waiter.name === name);
    if (index !== -1) this.#waiting.splice(index, 1)[0]?.wake();
  }

  /** Created under a temporary name and renamed, so that no step finds partial initial content. */
  async #make(directory: string, mount: CacheMount, seed: OverlayMount | undefined, signal: AbortSignal) {
    const fresh = `${directory}.new`;
    await this.#files.removeTree(fresh);
    await mkdir(fresh, { recursive: true });
    if (seed) await copyTree(this.#files, seed, mount.source, fresh, signal);
    await chmod(fresh, mount.mode);
    await chown(fresh, mount.uid, mount.gid);
    await rename(fresh, directory);
  }
}

async function copyTree(
  files: TreeFiles,
  seed: OverlayMount,
  path: string,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  const root = `${to}.seed`;
  await mkdir(root, { recursive: true });
  try {
    const tar = files.packTar({
      root,
      overlay: seed,
      signal,
      ...(path === '/' ? {} : { path: path.slice(1) }),
    });
    await files.unpackTar({ root: to, tar, signal });
  } catch (error) {
    if (!isKind(error, 'not-found')) throw error;
  } finally {
    await files.removeTree(root);
  }
}

/** Directory name of a cache, whose id may contain any characters. */
function cacheName(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 32);
}

const variant = (name: string, n: number) => (n === 0 ? name : `${name}-${n}`);

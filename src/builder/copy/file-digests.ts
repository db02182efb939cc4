import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SourceEntry } from './entry.ts';

/** Files up to this size are read in one piece, which is fastest for many small files. Bytes. */
const SMALL = 256 * 1024;
/** Bytes to hash before yielding to other work of the process. */
const TURN = 4 * 1024 * 1024;
const MAX_REMEMBERED = 200_000;

/**
 * Digests of entries. The digest of a file is cached by inode, size and times, so that the next build of the same
 * directory reads only changed files; one instance may serve many builds.
 */
export class FileDigests {
  readonly #known = new Map<string, string>();
  #sinceTurn = 0;

  /** Hashes type, mode, owner, extended attributes and content or link target, but not times or names. Hexadecimal. */
  async digest(entry: SourceEntry, signal: AbortSignal): Promise<string> {
    const { type, mode, uid, gid } = entry;
    const permissions = type === 'symlink' ? 0 : mode;
    const content = await this.#content(entry, signal);
    const parts = JSON.stringify([type, permissions, uid, gid, content]);
    const hash = createHash('sha256').update(parts);
    if (entry.attributes) hash.update(entry.attributes);
    return hash.digest('hex').slice(0, 32);
  }

  async #content(entry: SourceEntry, signal: AbortSignal): Promise<string> {
    const { content } = entry;
    switch (content.kind) {
      case 'text':
        return createHash('sha256').update(content.text).digest('hex');
      case 'link':
        return content.target;
      case 'device':
        return `${content.major}:${content.minor}`;
      case 'none':
        return '';
      case 'file': {
        const known = this.#known.get(content.identity);
        if (known !== undefined) return known;
        const digest = await this.#hash(content.file, entry.size, signal);
        if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
        this.#known.set(content.identity, digest);
        return digest;
      }
    }
  }

  async #hash(file: string, size: number, signal: AbortSignal): Promise<string> {
    const hash = createHash('sha256');
    if (size <= SMALL) {
      this.#sinceTurn += size + 16 * 1024;
      if (this.#sinceTurn > TURN) {
        this.#sinceTurn = 0;
        await nextTurn();
        signal.throwIfAborted();
      }
      return hash.update(readFileSync(file)).digest('hex');
    }
    for await (const chunk of createReadStream(file, { signal })) hash.update(chunk);
    return hash.digest('hex');
  }
}

import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Digest, Digester, parseDigest } from '../../core/digest.ts';
import { dataLoss, messageOf, unavailable } from '../../core/errors.ts';
import { failsElsewhere } from '../../core/streams.ts';
import type { Download } from '../plan/graph.ts';
import { type SourceEntry, sourceEntry } from './entry.ts';
import { cloneRepository } from './git-clone.ts';
import type { GitSource } from './git-url.ts';

export interface Downloaded {
  readonly name: string;
  readonly entry: SourceEntry;
}

/** Files fetched for ADD, in a directory that is removed when the step ends. */
export class Downloads implements AsyncDisposable {
  #directory: string | undefined;
  #count = 0;

  /** @throws BargeError data-loss when the checksum doesn't match, unavailable when the server fails. */
  async fetch(download: Download, signal: AbortSignal): Promise<Downloaded> {
    const wanted = download.checksum === undefined ? undefined : parseDigest(download.checksum);
    const response = await this.#request(download.url, signal);
    this.#directory ??= await mkdtemp(join(tmpdir(), 'barge-add-'));
    const file = join(this.#directory, String(this.#count++));
    const digest = await save(response, file, signal);
    if (wanted && digest !== wanted) {
      throw dataLoss(`digest mismatch for ${download.url}: got ${digest}, expected ${wanted}`);
    }
    const name = fileName(download.url);
    const found = sourceEntry(download.url, file, await stat(file), true);
    if (!found) throw unavailable(`ADD failed: ${download.url} could not be saved`);
    const modified = Date.parse(response.headers.get('last-modified') ?? '');
    const mtime = Number.isNaN(modified) ? new Date(0) : new Date(modified);
    return { name, entry: { ...found, mode: 0o600, mtime } };
  }

  /** Checks out a repository. @returns the directory with its files. */
  async clone(source: GitSource, signal: AbortSignal): Promise<string> {
    this.#directory ??= await mkdtemp(join(tmpdir(), 'barge-add-'));
    const directory = join(this.#directory, String(this.#count++));
    await mkdir(directory);
    return (await cloneRepository(source, directory, signal)).directory;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#directory) await rm(this.#directory, { recursive: true, force: true });
  }

  async #request(url: string, signal: AbortSignal): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(url, { signal });
    } catch (error) {
      signal.throwIfAborted();
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      throw unavailable(`ADD failed: cannot fetch ${url}: ${messageOf(cause)}`, { cause: error });
    }
    if (response.ok) return response;
    await response.body?.cancel();
    throw unavailable(`ADD failed: invalid response status ${response.status} for ${url}`);
  }
}

async function save(response: Response, file: string, signal: AbortSignal): Promise<Digest> {
  const digester = new Digester();
  const tap = failsElsewhere(
    new Transform({
      transform(chunk: Uint8Array, _encoding, done) {
        digester.update(chunk);
        done(null, chunk);
      },
    }),
  );
  const body = response.body ? Readable.from(response.body) : Readable.from([]);
  await pipeline(body, tap, createWriteStream(file), { signal });
  return digester.digest();
}

function fileName(url: string): string {
  const base = posix.basename(decodeURIComponent(new URL(url).pathname));
  return base === '' || base === '/' ? '__unnamed__' : base;
}

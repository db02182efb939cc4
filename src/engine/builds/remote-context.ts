import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { detectArchive, openArchive } from '../../builder/copy/archive.ts';
import { cloneRepository } from '../../builder/copy/git-clone.ts';
import { isGitUrl, parseGitUrl } from '../../builder/copy/git-url.ts';
import { MAX_DOCKERFILE_SIZE } from '../../builder/parse/dockerfile.ts';
import { invalidParameter, messageOf } from '../../core/errors.ts';
import type { Files } from '../../host/files.ts';

interface FetchedContext {
  readonly directory: string;
  /** The URL is that of a single Dockerfile. */
  readonly dockerfile?: string;
}

/**
 * Fetches `remote=` of a build: a git repository (with `#ref:directory`), an archive, or a Dockerfile.
 * @param directory an empty directory for the context.
 * @throws BargeError invalid-parameter for a URL of something else, unavailable when git fails.
 */
export async function fetchContext(
  files: Pick<Files, 'unpackTar'>,
  address: string,
  directory: string,
  signal: AbortSignal,
): Promise<FetchedContext> {
  if (isGitUrl(address))
    return { directory: (await cloneRepository(parseGitUrl(address), directory, signal)).directory };
  const file = join(directory, '.download');
  await download(address, file, signal);
  const compression = await detectArchive(file);
  if (!compression) return { directory, dockerfile: await readDockerfile(address, file) };
  const root = join(directory, 'context');
  await mkdir(root);
  await files.unpackTar({ root, tar: openArchive(file, compression), rules: 'context', signal });
  await rm(file);
  return { directory: root };
}

async function readDockerfile(address: string, file: string): Promise<string> {
  const { size } = await stat(file);
  const text = size <= MAX_DOCKERFILE_SIZE ? await readFile(file, 'utf8') : '';
  if (text === '' || text.includes('\0')) {
    throw invalidParameter(`unable to build from ${address}: neither an archive nor a Dockerfile`);
  }
  await rm(file);
  return text;
}

async function download(address: string, file: string, signal: AbortSignal): Promise<void> {
  const fail = (why: string, cause?: unknown) =>
    invalidParameter(`unable to download remote context ${address}: ${why}`, { cause });
  if (!/^https?:\/\//.test(address)) throw fail('want a git repository or an http(s) address');
  let response: Response;
  try {
    response = await fetch(address, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw fail(messageOf(error instanceof Error ? (error.cause ?? error) : error), error);
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw fail(`invalid response status ${response.status}`);
  }
  await pipeline(Readable.from(response.body), createWriteStream(file), { signal });
}

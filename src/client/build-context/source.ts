import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errnoOf, invalidParameter } from '../../core/errors.ts';
import { locateDockerfile } from './dockerfile.ts';
import { type ContextFilter, readContextFilter } from './ignore.ts';
import { type ExtraFile, packContext, packFiles } from './pack.ts';

/** The source that `POST /build` receives. */
export interface BuildSource {
  /** Creates the tar; undefined when the daemon fetches the context itself. */
  readonly stream?: () => AsyncIterable<Uint8Array>;
  /** A local directory, for servers that can receive only its changes. */
  readonly directory?: ContextDirectory;
  /** URL for the daemon to fetch. */
  readonly remote?: string;
  /** The Dockerfile's path inside the context; '' for the usual one. */
  readonly dockerfile: string;
}

/** A directory to build, without the paths that its ignore file excludes. */
interface ContextDirectory {
  readonly path: string;
  readonly filter: ContextFilter;
  /** The Dockerfile, when it is not in the directory. */
  readonly extra?: ExtraFile;
}

export const REMOTE = /^(?:ssh:\/\/|https?:\/\/|git:\/\/|git@|github\.com\/)/;
/** gzip, bzip2, xz, zstd. */
const COMPRESSED = [
  [0x1f, 0x8b],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a],
  [0x28, 0xb5, 0x2f, 0xfd],
];
const TAR_MAGIC_AT = 257;
const TAR_BLOCK = 512;

/** Reads the context argument of `build`: a directory, a URL or `-`. @throws BargeError invalid-parameter. */
export async function openSource(context: string, fileFlag: string): Promise<BuildSource> {
  if (context === '-') return fromStdin(fileFlag);
  if (REMOTE.test(context)) return { remote: context, dockerfile: fileFlag };
  const directory = resolve(context);
  await checkDirectory(directory, context);
  const file = await locateDockerfile(directory, fileFlag);
  const candidates = [...(file.path ? [`${file.path}.dockerignore`] : []), join(directory, '.dockerignore')];
  const filter = await readContextFilter(candidates, [file.name, '.dockerignore']);
  const { extra } = file;
  return {
    stream: () => packContext(directory, filter, extra ? [extra] : []),
    directory: { path: directory, filter, ...(extra ? { extra } : {}) },
    dockerfile: file.name,
  };
}

async function checkDirectory(directory: string, shown: string): Promise<void> {
  try {
    if ((await stat(directory)).isDirectory()) return;
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw cause;
    throw invalidParameter(`unable to prepare context: path "${shown}" not found`, { cause });
  }
  throw invalidParameter(`unable to prepare context: context must be a directory: ${shown}`);
}

/** Standard input is a tar, compressed or not, or else only a Dockerfile. */
async function fromStdin(fileFlag: string): Promise<BuildSource> {
  if (fileFlag === '-')
    throw invalidParameter("invalid argument: can't use stdin for both build context and dockerfile");
  const input = process.stdin[Symbol.asyncIterator]() as AsyncIterableIterator<Buffer>;
  let head: Buffer = Buffer.alloc(0);
  while (head.length < TAR_BLOCK) {
    const { value, done } = await input.next();
    if (done) break;
    head = Buffer.concat([head, value as Buffer]);
  }
  if (isArchive(head)) return { stream: () => joined(head, input), dockerfile: fileFlag };
  if (fileFlag !== '')
    throw invalidParameter('ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles');
  const parts = [head];
  for await (const chunk of input) parts.push(chunk);
  const files = [{ name: 'Dockerfile', content: Buffer.concat(parts) }];
  return { stream: () => packFiles(files), dockerfile: '' };
}

function isArchive(head: Buffer): boolean {
  if (COMPRESSED.some((magic) => magic.every((byte, at) => head[at] === byte))) return true;
  return head.length >= TAR_BLOCK && head.toString('latin1', TAR_MAGIC_AT, TAR_MAGIC_AT + 5) === 'ustar';
}

async function* joined(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  yield* rest;
}

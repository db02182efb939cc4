import { randomBytes } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { errnoOf, invalidParameter } from '../../core/errors.ts';
import type { ExtraFile } from './pack.ts';

interface DockerfilePlace {
  /** Its path inside the context that is sent. */
  readonly name: string;
  /** Set when the file is outside of the context and has to be added. */
  readonly extra?: ExtraFile;
  /** Its path on this machine; undefined when it was read from standard input. */
  readonly path?: string;
}

/**
 * Finds the Dockerfile of a context directory. `-f` is relative to the working directory, may be outside of the
 * context, or be `-` for standard input.
 * @throws BargeError invalid-parameter when there is no Dockerfile.
 */
export async function locateDockerfile(directory: string, flag: string): Promise<DockerfilePlace> {
  if (flag === '-') return added(await readStdin());
  const path = flag === '' ? join(directory, 'Dockerfile') : resolve(flag);
  let real: string;
  try {
    real = await realpath(path);
    if ((await stat(real)).isDirectory()) throw invalidParameter(`the Dockerfile ${path} is a directory`);
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw cause;
    throw invalidParameter(
      `unable to prepare context: there is no Dockerfile at ${path}: create one, or name another with -f`,
      { cause },
    );
  }
  const inside = relative(
    await realpath(directory),
    flag === '' ? join(await realpath(directory), 'Dockerfile') : real,
  );
  if (inside.startsWith(`..${sep}`) || inside === '..' || isAbsolute(inside)) {
    return { ...added(await readFile(real)), path };
  }
  return { name: inside.split(sep).join('/'), path };
}

function added(content: Buffer): DockerfilePlace {
  const name = `.dockerfile.${randomBytes(10).toString('hex')}`;
  return { name, extra: { name, content } };
}

export async function readStdin(): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of process.stdin) parts.push(chunk as Buffer);
  return Buffer.concat(parts);
}

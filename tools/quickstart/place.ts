import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** The one directory of a quick start. Its hash is part of the names of kernel objects, so that two checkouts do not collide. */
export const DIRECTORY = join(ROOT, '.cache/quickstart');
export const TAG = createHash('sha256').update(DIRECTORY).digest('hex').slice(0, 6);

/** The environment variable that marks every process started here, directly or indirectly. */
export const MARK = `BARGE_QUICKSTART=${DIRECTORY}`;

/** The maximum length of an exec root: below it, a shim's socket path stays within Linux's limit. */
const MAX_EXEC_ROOT = 70;

/** The separate locations of one engine. */
export interface EnginePlace {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly socket: string;
  readonly log: string;
  /** Name of its bridge, its nftables table and, as `/NAME`, its cgroup. */
  readonly name: string;
}

export function enginePlace(letter: string): EnginePlace {
  const directory = join(DIRECTORY, `engine-${letter}`);
  const execRoot = join(directory, 'exec');
  return {
    dataRoot: join(directory, 'data'),
    execRoot: execRoot.length <= MAX_EXEC_ROOT ? execRoot : `/run/barge-quickstart-${TAG}${letter}`,
    socket:
      join(DIRECTORY, `${letter}.sock`).length <= MAX_EXEC_ROOT
        ? join(DIRECTORY, `${letter}.sock`)
        : `/run/barge-quickstart-${TAG}${letter}.sock`,
    log: join(DIRECTORY, `engine-${letter}.log`),
    name: `bq${TAG}${letter}`,
  };
}

/** `debian:bookworm`, `ubuntu:jammy`: the release of this machine's apt sources. */
export function baseImage(): string {
  const text = readFileSync('/etc/os-release', 'utf8');
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  const [id, release] = [field('ID'), field('VERSION_CODENAME')];
  if (!['debian', 'ubuntu'].includes(id) || !release) {
    throw new Error(`this machine is "${field('PRETTY_NAME')}"; the quick start supports Debian and Ubuntu`);
  }
  return `${id}:${release}`;
}

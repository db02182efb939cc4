import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const UNPACKED = join(import.meta.dirname, '../../.cache/docker-cli/usr/bin/docker');

let found: string | undefined;

/** The docker client on the PATH, or the one that the gate unpacked; undefined when there is neither. */
function lookUp(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return [...folders.map((folder) => join(folder, 'docker')), UNPACKED].find(
    (path) =>
      existsSync(path) && spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout.startsWith('Docker '),
  );
}

/** Why tests that need the real client cannot run here; false when they can. */
export function withoutDocker(): string | false {
  found ??= lookUp();
  return found ? false : 'no docker client on the PATH or in .cache/docker-cli (npm test unpacks one)';
}

export function dockerProgram(): string {
  found ??= lookUp();
  if (!found) throw new Error('there is no docker client');
  return found;
}

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const UNPACKED = join(import.meta.dirname, '../../.cache/docker-cli/usr/bin/docker');

let found: string | undefined;

/** The docker client on the PATH, or the one that the gate unpacked; undefined when there is neither. */
function lookUp(): string | undefined {
  const directories = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return [...directories.map((directory) => join(directory, 'docker')), UNPACKED].find(
    (path) =>
      existsSync(path) && spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout.startsWith('Docker '),
  );
}

/**
 * Why tests that need the real client cannot run here; false when they can.
 * @param oldest the first major version with the flags that the test uses: distributions have old ones.
 */
export function withoutDocker(oldest = 0): string | false {
  found ??= lookUp();
  if (!found) return 'no docker client on the PATH or in .cache/docker-cli (npm test unpacks one)';
  if (oldest === 0) return false;
  const { stdout } = spawnSync(found, ['--version'], { encoding: 'utf8' });
  const major = Number(/version (\d+)/.exec(stdout)?.[1]);
  return major >= oldest ? false : `the docker client is of version ${major}, and the test needs ${oldest}`;
}

export function dockerProgram(): string {
  found ??= lookUp();
  if (!found) throw new Error('there is no docker client');
  return found;
}

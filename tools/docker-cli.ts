/** Finds a real `docker` client for the tests, or unpacks the distribution's; never installs a daemon. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { unpackPackage } from './apt-unpack.ts';

const CACHE = join(import.meta.dirname, '../.cache/docker-cli');
const UNPACKED = join(CACHE, 'usr/bin/docker');

/** Newer releases ship the client separately; older ones ship it together with the daemon. */
const PACKAGES = ['docker-cli', 'docker.io'];

/**
 * The path of a docker client: from the PATH, unpacked earlier, or unpacked now.
 * @throws Error when this machine's apt sources have none.
 */
export function dockerClient(): string {
  return onPath() ?? (existsSync(UNPACKED) ? UNPACKED : unpack());
}

function onPath(): string | undefined {
  const directories = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return directories.map((directory) => join(directory, 'docker')).find(isDocker);
}

/** Podman's replacement has the same name. */
function isDocker(path: string): boolean {
  return (
    existsSync(path) && spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout.startsWith('Docker ')
  );
}

function unpack(): string {
  mkdirSync(CACHE, { recursive: true });
  const directory = mkdtempSync(join(CACHE, 'unpacking-'));
  try {
    const client = join(directory, 'usr/bin/docker');
    if (!PACKAGES.some((name) => unpackPackage(name, directory) && isDocker(client))) {
      throw new Error(`no docker client: apt has none of ${PACKAGES.join(', ')}; put one on the PATH`);
    }
    renameSync(join(directory, 'usr'), join(CACHE, 'usr'));
    return UNPACKED;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Finds PostgreSQL for the tests, or unpacks the distribution's; never installs one, which would start it. */
import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unpackWithDependencies } from './apt-unpack.ts';

const CACHE = join(import.meta.dirname, '../.cache/postgresql');

/** Which of them exists depends on the distribution. */
const SERVERS = ['postgresql-15', 'postgresql-17', 'postgresql-16', 'postgresql-14'];

/** The directory of the server's programs: installed or unpacked, else undefined. */
export function postgresPrograms(): string | undefined {
  const [installed] = globSync('/usr/lib/postgresql/*/bin/postgres');
  if (installed) return dirname(installed);
  const [unpacked] = globSync(join(CACHE, 'usr/lib/postgresql/*/bin/postgres'));
  return unpacked && dirname(unpacked);
}

/** Unpacks apt's version unless one is installed; the tests report when there is none. */
export function postgresql(): void {
  if (postgresPrograms() || existsSync(CACHE)) return;
  SERVERS.some((name) => unpackWithDependencies(name, CACHE));
}

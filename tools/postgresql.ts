/** Finds PostgreSQL for the tests, or unpacks the distribution's; never installs one, which would start it. */
import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { librariesBelow, unpackWithDependencies } from './apt-unpack.ts';

const CACHE = join(import.meta.dirname, '../.cache/postgresql');

/** Which of them there is, the distribution decides. */
const SERVERS = ['postgresql-15', 'postgresql-17', 'postgresql-16', 'postgresql-14'];

/** Where the server's programs are, and where they find their libraries. */
export interface PostgresPrograms {
  readonly folder: string;
  readonly libraries: readonly string[];
}

/** Those that are installed, or were unpacked; undefined: neither. */
export function postgresPrograms(): PostgresPrograms | undefined {
  const [installed] = globSync('/usr/lib/postgresql/*/bin/postgres');
  if (installed) return { folder: dirname(installed), libraries: [] };
  const [unpacked] = globSync(join(CACHE, 'usr/lib/postgresql/*/bin/postgres'));
  return unpacked ? { folder: dirname(unpacked), libraries: librariesBelow(CACHE) } : undefined;
}

/** Unpacks what apt has when the machine has none; the tests say so when it stays without. */
export function postgresql(): void {
  if (postgresPrograms() || existsSync(CACHE)) return;
  SERVERS.some((name) => unpackWithDependencies(name, CACHE));
}

/** Finds PostgreSQL for the tests, or unpacks the distribution's; never installs one, which would start it. */
import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unpackPackage } from './apt-unpack.ts';

const CACHE = join(import.meta.dirname, '../.cache/postgresql');

/** The server, and libraries of it that small systems lack; which version, the distribution decides. */
const SERVERS = ['postgresql-15', 'postgresql-17', 'postgresql-16', 'postgresql-14'];
const LIBRARIES = [
  'libllvm14',
  'libllvm19',
  'libllvm17',
  'libpq5',
  'libxslt1.1',
  'libldap-2.5-0',
  'libicu72',
  'libxml2',
  'libz3-4',
];

/** The folder with `postgres` and `initdb`: the installed one, or one that was unpacked; undefined: neither. */
export function postgresPrograms(): string | undefined {
  const found = [
    ...globSync('/usr/lib/postgresql/*/bin/postgres'),
    ...globSync(join(CACHE, 'usr/lib/postgresql/*/bin/postgres')),
  ];
  return found.find(existsSync)?.replace(/\/postgres$/, '');
}

/** Where the unpacked server finds what it is linked to. */
export const postgresLibraries = (): string[] => globSync(join(CACHE, 'usr/lib/*-linux-gnu'));

/** Unpacks what apt has when the machine has none; the tests say so when it stays without. */
export function postgresql(): void {
  if (postgresPrograms()) return;
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'unpacking-'));
  try {
    if (!SERVERS.some((name) => unpackPackage(name, folder))) return;
    for (const name of LIBRARIES) unpackPackage(name, folder);
    renameSync(join(folder, 'usr'), join(CACHE, 'usr'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

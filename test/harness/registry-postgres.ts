import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { postgresPrograms } from '../../tools/postgresql.ts';

/**
 * The directory of programs, or a copy of them at `copy` if that user cannot get there: a checkout may lie below a home
 * directory that is its owner's alone.
 */
function reachable(
  programs: string,
  copy: string,
  user: { readonly uid?: number; readonly gid?: number },
): string {
  if (spawnSync(join(programs, 'initdb'), ['--version'], user).status === 0) return programs;
  const [tree = '', inside = ''] = programs.split('/.cache/postgresql/');
  if (!inside) return programs;
  cpSync(join(tree, '.cache/postgresql'), copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, inside);
}

/** PostgreSQL refuses to run as root: as whom it runs then. */
const NOBODY = 65_534;

export const withoutPostgres = (): string | false =>
  postgresPrograms() ? false : 'no PostgreSQL on this machine or in .cache (npm test unpacks what apt has)';

/** A PostgreSQL of its own, at a unix socket in a temporary directory; it has no port. */
export interface Postgres extends AsyncDisposable {
  /** A new, empty database. @returns what `--database` takes. */
  database(name: string): Promise<string>;
  /** Ends it as an outage would; what it has stays. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startPostgres(): Promise<Postgres> {
  const found = postgresPrograms();
  if (!found) throw new Error('there is no PostgreSQL');
  const directory = mkdtempSync(join(tmpdir(), 'barge-pg-'));
  chmodSync(directory, 0o700);
  const asNobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (process.getuid?.() === 0) chownSync(directory, NOBODY, NOBODY);
  const programs = reachable(found, join(directory, 'postgresql'), asNobody);
  const env = { ...process.env, LC_ALL: 'C' };
  const data = join(directory, 'data');
  const made = spawnSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'barge', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...asNobody, env, cwd: directory, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const settings = [
    'listen_addresses=',
    `unix_socket_directories=${directory}`,
    'max_connections=200',
    'fsync=off',
  ];
  const url = (name: string) => `postgres://barge@localhost/${name}?host=${encodeURIComponent(directory)}`;
  let server: ChildProcess | undefined;
  const start = async () => {
    server = spawn(join(programs, 'postgres'), ['-D', data, ...settings.flatMap((value) => ['-c', value])], {
      ...asNobody,
      env,
      cwd: directory,
      stdio: 'ignore',
    });
    await ready(server, url('postgres'));
  };
  const stop = async () => {
    server?.kill('SIGQUIT');
    if (server?.exitCode === null && server.signalCode === null) await once(server, 'exit');
  };
  await start();
  return {
    start,
    stop,
    async database(name) {
      const client = new pg.Client(url('postgres'));
      await client.connect();
      await client.query(`CREATE DATABASE "${name}"`);
      await client.end();
      return url(name);
    },
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function ready(server: ChildProcess, url: string): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`postgres ended with ${server.exitCode}`);
    const client = new pg.Client(url);
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      await sleep(50);
    }
  }
}

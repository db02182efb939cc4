/** The quick start's traces that containers leave in a machine without a proper clean-up. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DIRECTORY, type EnginePlace, MARK } from './place.ts';

/** Kinds of traces, each with the names of existing ones. */
export type Traces = ReadonlyMap<string, readonly string[]>;

/** The default paths of a daemon. */
const DEFAULT_PLACES = [
  '/run/barge',
  '/run/barge.sock',
  '/run/barge.pid',
  '/var/lib/barge',
  '/var/lib/barge-registry',
];

/** Lists which of `DEFAULT_PLACES` exist; the quick start must not create any. */
export const defaultPlaces = () => DEFAULT_PLACES.filter((path) => existsSync(path));

function lines(program: string, ...args: string[]): string[] {
  const { stdout, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (error) throw new Error(`${program} cannot be started: ${error.message}`);
  return stdout.split('\n').filter(Boolean);
}

/** A file of /proc; empty when the process has just ended or is not readable. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const pids = () => readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));

/** Processes with the mark in their environment or in one of our cgroups, except this process. */
function processes(names: readonly string[]): string[] {
  return pids()
    .filter((pid) => Number(pid) !== process.pid)
    .filter((pid) => {
      const cgroups = read(`/proc/${pid}/cgroup`);
      const marked = `\0${read(`/proc/${pid}/environ`)}`.includes(`\0${MARK}\0`);
      return marked || names.some((name) => cgroups.includes(`/${name}`));
    })
    .map((pid) => `${pid} (${read(`/proc/${pid}/comm`).trim()})`);
}

/** Mounts below the directory, in every mount namespace of the machine. */
function mounts(places: readonly EnginePlace[]): string[] {
  const byNamespace = new Map<string, string>();
  for (const pid of pids()) {
    try {
      byNamespace.set(readlinkSync(`/proc/${pid}/ns/mnt`), pid);
    } catch {
      /* ended meanwhile */
    }
  }
  const directories = [DIRECTORY, ...places.map(({ execRoot }) => execRoot)];
  return [...byNamespace.values()].flatMap((pid) =>
    read(`/proc/${pid}/mountinfo`)
      .split('\n')
      .filter((line) => directories.some((directory) => line.includes(directory)))
      .map((line) => line.split(' ')[4] ?? line),
  );
}

interface Link {
  readonly ifname: string;
  readonly master?: string;
}

/** Our bridges and the links attached to them. */
function links(names: readonly string[]): string[] {
  const all: Link[] = JSON.parse(lines('ip', '-json', 'link').join(''));
  return all
    .filter(({ ifname, master }) => names.includes(ifname) || names.includes(master ?? ''))
    .map(({ ifname }) => ifname);
}

function namespaces(names: readonly string[]): string[] {
  const directory = '/run/netns';
  return (existsSync(directory) ? readdirSync(directory) : []).filter((entry) =>
    names.some((name) => entry.startsWith(`${name}-`)),
  );
}

function cgroups(names: readonly string[]): string[] {
  const root = '/sys/fs/cgroup';
  return ['', ...readdirSync(root)]
    .flatMap((hierarchy) => names.map((name) => join(root, hierarchy, name)))
    .filter((path) => existsSync(path));
}

export function look(places: readonly EnginePlace[]): Traces {
  const names = places.map(({ name }) => name);
  const tables = lines('nft', 'list', 'tables').filter((line) => names.includes(line.split(' ')[2] ?? ''));
  return new Map([
    ['processes', processes(names)],
    ['mounts', mounts(places)],
    ['network namespaces', namespaces(names)],
    ['network links (bridges, veths)', links(names)],
    ['nftables tables', tables],
    ['cgroups', cgroups(names)],
  ]);
}

/** Links lose their bridge before they are removed, so links seen earlier are checked by name. */
export function linksStillThere(seen: readonly string[]): string[] {
  return seen.filter((name) => existsSync(`/sys/class/net/${name}`));
}

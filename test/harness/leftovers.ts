import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from './execute.ts';

/** What a daemon of the tests is called in every corner of the system. */
export interface Traces {
  readonly directory: string;
  readonly bridge: string;
  /** Below every cgroup hierarchy. */
  readonly cgroup: string;
}

const CGROUPS = '/sys/fs/cgroup';

/** Everything outside the daemon's own directory that still speaks of it, one line each. */
export async function leftovers(traces: Traces): Promise<string[]> {
  const found = [...processes(traces), ...mounts(traces), ...cgroups(traces), ...namespaces(traces)];
  for (const link of await links(traces.bridge)) found.push(`link ${link}`);
  const tables = await execute(['nft', 'list', 'tables']);
  for (const line of tables.stdout.split('\n'))
    if (new RegExp(`\\b${traces.bridge}(_user)?\\b`).test(line)) found.push(`nft ${line}`);
  return found;
}

function processes({ directory, cgroup }: Traces): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const command = text(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
      const isOurs = command.includes(directory) || text(`/proc/${pid}/cgroup`).includes(cgroup);
      return isOurs ? [`process ${pid}: ${command}`] : [];
    });
}

/**
 * In the namespace of the tests. Others that began while a mount was there, such as those of a shim of a daemon
 * beside this one, keep a copy of it until they end, whoever unmounts it.
 */
function mounts({ directory }: Traces): string[] {
  return text('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => line.includes(directory))
    .map((line) => `mount ${line}`);
}

function cgroups({ cgroup }: Traces): string[] {
  const directories = ['', ...readdirSync(CGROUPS)].map((name) => join(CGROUPS, name, cgroup));
  return directories.filter((directory) => existsSync(directory)).map((directory) => `cgroup ${directory}`);
}

function namespaces({ bridge }: Traces): string[] {
  const names = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  return names.filter((name) => name.startsWith(`${bridge}-`)).map((name) => `netns ${name}`);
}

interface Link {
  readonly ifname: string;
  readonly master?: string;
}

/** Names of the bridge and of the links that belong to it. */
async function links(bridge: string): Promise<string[]> {
  const { stdout } = await execute(['ip', '-j', 'link']);
  return (JSON.parse(stdout || '[]') as Link[])
    .filter(({ ifname, master }) => ifname === bridge || master === bridge)
    .map(({ ifname }) => ifname);
}

/** Empty when the process that it is about has ended meanwhile. */
function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { errnoOf, invalidParameter } from '../core/errors.ts';

export const CGROUP_ROOT = '/sys/fs/cgroup';

/** `hybrid`: v1 hierarchies with a v2 mount beside them. */
export type CgroupLayout = 'v1' | 'hybrid' | 'v2';

let layout: CgroupLayout | undefined;

export function cgroupLayout(): CgroupLayout {
  layout ??= existsSync(join(CGROUP_ROOT, 'cgroup.controllers'))
    ? 'v2'
    : existsSync(join(CGROUP_ROOT, 'unified/cgroup.controllers'))
      ? 'hybrid'
      : 'v1';
  return layout;
}

/**
 * The v2 mount of a hybrid host, when controllers sit in it: crun refuses such a host, and works when it does
 * not see the mount. Undefined where nothing needs hiding.
 */
export function confusingV2Mount(): string | undefined {
  if (cgroupLayout() !== 'hybrid') return undefined;
  const mount = join(CGROUP_ROOT, 'unified');
  return readFileSync(join(mount, 'cgroup.controllers'), 'utf8').trim() ? mount : undefined;
}

/**
 * Makes the cgroup in the v2 hierarchy that a hybrid host has beside its v1 ones. No runtime puts a container into it:
 * whatever starts the container's processes must.
 * @returns its directory; undefined on hosts of another layout.
 */
export function makeHybridCgroup(path: string): string | undefined {
  if (cgroupLayout() !== 'hybrid') return undefined;
  const directory = join(CGROUP_ROOT, 'unified', path);
  try {
    mkdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') mkdirSync(directory, { recursive: true });
    else if (errnoOf(error) !== 'EEXIST') throw error;
  }
  return directory;
}

/**
 * A cgroup that somebody named, as a path from the root of every hierarchy: `..` leads no further up than that.
 * @throws BargeError invalid-parameter for what no path can have.
 */
export function cgroupNamed(name: string): string {
  if (name.includes('\0')) throw invalidParameter('invalid cgroup parent: it has a zero byte');
  return posix.join('/', name).replace(/(.)\/$/, '$1');
}

/** v1 hierarchies by directory name; one empty name on v2. */
function hierarchies(): string[] {
  return cgroupLayout() === 'v2' ? [''] : readdirSync(CGROUP_ROOT);
}

function directories(path: string): string[] {
  return hierarchies().map((name) => join(CGROUP_ROOT, name, path));
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENODEV'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** The file of a cgroup whose line `oom_kill N` counts the processes killed for want of memory. */
export function oomFile(path: string): string {
  return cgroupLayout() === 'v2'
    ? join(CGROUP_ROOT, path, 'memory.events')
    : join(CGROUP_ROOT, 'memory', path, 'memory.oom_control');
}

let ownProcs: string | undefined;

/** The `cgroup.procs` of the cgroup that this process is in, in a hierarchy that always exists. */
function ownProcsFile(): string {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n');
  const v2 = cgroupLayout() === 'v2';
  const own = lines.find((line) => (v2 ? line.startsWith('0::') : /^\d+:memory:/.test(line))) ?? '';
  return join(CGROUP_ROOT, v2 ? '' : 'memory', own.split(':')[2] ?? '', 'cgroup.procs');
}

/**
 * Takes the kernel's lock for moving processes between cgroups once, by moving this process to where it is. The
 * first taking waits some 10 ms for other CPUs; the runtime's, soon after, then does not.
 */
export function warmCgroupLock(): void {
  ownProcs ??= ownProcsFile();
  /* Only time is lost when this fails. */
  writeFile(ownProcs, `${process.pid}`).catch(() => {});
}

/** Pids of the processes in the cgroup and in those below it, in the daemon's pid namespace; none without the cgroup. */
export function cgroupPids(path: string): number[] {
  return pidsBelow(cgroupLayout() === 'v2' ? join(CGROUP_ROOT, path) : join(CGROUP_ROOT, 'pids', path));
}

function pidsBelow(directory: string): number[] {
  const own = (read(join(directory, 'cgroup.procs')) ?? '').split('\n').filter(Boolean).map(Number);
  return [...own, ...directoriesIn(directory).flatMap((name) => pidsBelow(join(directory, name)))];
}

/** Cgroups come and go: one that has gone meanwhile has none below it. */
function directoriesIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (['ENOENT', 'ENODEV'].includes(errnoOf(error) ?? '')) return [];
    throw error;
  }
}

/** Stops every process of the cgroup where it stands, or lets them go on. @returns false when there is no such cgroup. */
export function freeze(path: string, frozen: boolean): boolean {
  try {
    if (cgroupLayout() === 'v2') writeFileSync(join(CGROUP_ROOT, path, 'cgroup.freeze'), frozen ? '1' : '0');
    else writeFileSync(join(CGROUP_ROOT, 'freezer', path, 'freezer.state'), frozen ? 'FROZEN' : 'THAWED');
    return true;
  } catch (error) {
    if (['ENOENT', 'ENODEV'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

/** Whether the processes of the cgroup are stopped where they stand. */
export function isFrozen(path: string): boolean {
  if (cgroupLayout() === 'v2') return read(join(CGROUP_ROOT, path, 'cgroup.freeze'))?.trim() === '1';
  return /^(FROZEN|FREEZING)/.test(read(join(CGROUP_ROOT, 'freezer', path, 'freezer.state')) ?? '');
}

/** Names of the cgroups directly below `path`, in any hierarchy. */
export function childCgroups(path: string): string[] {
  const names = new Set<string>();
  for (const directory of directories(path)) {
    if (!existsSync(directory)) continue;
    for (const entry of readdirSync(directory, { withFileTypes: true }))
      if (entry.isDirectory()) names.add(entry.name);
  }
  return [...names];
}

/** Removes a cgroup and those below it from every hierarchy; one that still has processes stays. */
export function removeCgroup(path: string): void {
  for (const directory of directories(path)) removeDirectory(directory);
}

function removeDirectory(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeDirectory(join(directory, entry.name));
  }
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!['ENOENT', 'EBUSY'].includes(errnoOf(error) ?? '')) throw error;
  }
}

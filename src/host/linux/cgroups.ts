import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, systemError } from '../../core/errors.ts';
import type { CgroupFeatures } from '../cgroup-features.ts';
import type { CgroupLimits } from '../cgroup-limits.ts';
import type { CgroupUsage } from '../cgroup-stats.ts';
import { type CgroupLayout, type Cgroups, cgroupNamed } from '../cgroups.ts';
import { readFeatures } from './cgroup-features.ts';
import { applyLimits } from './cgroup-limits.ts';
import { CGROUP_ROOT } from './cgroup-root.ts';
import { cgroupUsage, networkCounters, systemCpuTime } from './cgroup-stats.ts';
import { killProcess } from './process-table.ts';

/** Milliseconds. */
const LOOK_AGAIN_MS = 10;
const PATIENCE_MS = 10_000;

export class LinuxCgroups implements Cgroups {
  readonly systemCpuTime = systemCpuTime;
  readonly networkCounters = networkCounters;
  #layout: CgroupLayout | undefined;
  #ownProcs: string | undefined;
  readonly #features = new Map<string, CgroupFeatures>();

  get layout(): CgroupLayout {
    this.#layout ??= existsSync(join(CGROUP_ROOT, 'cgroup.controllers'))
      ? 'v2'
      : existsSync(join(CGROUP_ROOT, 'unified/cgroup.controllers'))
        ? 'hybrid'
        : 'v1';
    return this.#layout;
  }

  get #v2(): boolean {
    return this.layout === 'v2';
  }

  /** The directory of a cgroup in a v1 controller's hierarchy, or in v2's only one. */
  #directory(controller: string, path: string): string {
    return join(CGROUP_ROOT, this.#v2 ? '' : controller, path);
  }

  /** Of a cgroup in every hierarchy. */
  #directories(path: string): string[] {
    const hierarchies = this.#v2 ? [''] : readdirSync(CGROUP_ROOT);
    return hierarchies.map((name) => join(CGROUP_ROOT, name, path));
  }

  features(name: string): CgroupFeatures {
    const parent = cgroupNamed(name);
    const found = this.#features.get(parent) ?? readFeatures(this.#v2, parent);
    this.#features.set(parent, found);
    return found;
  }

  makeHybrid(path: string): string | undefined {
    if (this.layout !== 'hybrid') return undefined;
    const directory = join(CGROUP_ROOT, 'unified', path);
    try {
      mkdirSync(directory);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') mkdirSync(directory, { recursive: true });
      else if (errnoOf(error) !== 'EEXIST') throw error;
    }
    return directory;
  }

  oomFile(path: string): string {
    return join(this.#directory('memory', path), this.#v2 ? 'memory.events' : 'memory.oom_control');
  }

  /**
   * Takes the lock once, by moving this process to where it is. The first taking waits some 10 ms for other CPUs; the
   * runtime's, soon after, then does not.
   */
  warmLock(): void {
    this.#ownProcs ??= this.#ownProcsFile();
    /* Only time is lost when this fails. */
    writeFile(this.#ownProcs, `${process.pid}`).catch(() => {});
  }

  /** The `cgroup.procs` of the cgroup that this process is in, in a hierarchy that always exists. */
  #ownProcsFile(): string {
    return join(this.#ownDirectory('memory'), 'cgroup.procs');
  }

  /** Of the cgroup that this process is in. */
  #ownDirectory(controller: string): string {
    const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n');
    const isIt = (line: string) => (this.#v2 ? line.startsWith('0::') : line.split(':')[1] === controller);
    return this.#directory(controller, lines.find(isIt)?.split(':')[2] ?? '');
  }

  refusedForks(): number {
    const text = readOrNothing(join(this.#ownDirectory('pids'), 'pids.events'));
    return Number(/^max (\d+)$/m.exec(text)?.[1] ?? 0);
  }

  pids(path: string): number[] {
    return pidsBelow(this.#directory('pids', path));
  }

  freeze(path: string, frozen: boolean): boolean {
    const directory = this.#directory('freezer', path);
    try {
      if (this.#v2) writeFileSync(join(directory, 'cgroup.freeze'), frozen ? '1' : '0');
      else writeFileSync(join(directory, 'freezer.state'), frozen ? 'FROZEN' : 'THAWED');
      return true;
    } catch (error) {
      if (hasGone(error)) return false;
      throw error;
    }
  }

  isFrozen(path: string): boolean {
    const directory = this.#directory('freezer', path);
    if (this.#v2) return readOrNothing(join(directory, 'cgroup.freeze')).trim() === '1';
    return /^(FROZEN|FREEZING)/.test(readOrNothing(join(directory, 'freezer.state')));
  }

  children(path: string): string[] {
    return [...new Set(this.#directories(path).flatMap(directoriesIn))];
  }

  remove(path: string): void {
    for (const directory of this.#directories(path)) removeDirectory(directory);
  }

  async kill(path: string): Promise<void> {
    /* On v1 a frozen process does not even die. */
    this.freeze(path, false);
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      this.#killAtOnce(path);
      const pids = this.pids(path);
      if (pids.length === 0) return;
      if (performance.now() > deadline) {
        throw systemError(`processes ${pids.join(', ')} of the control group ${path} do not end`);
      }
      for (const pid of pids) killProcess(pid);
      await sleep(LOOK_AGAIN_MS);
    }
  }

  /** On v2, and where it is mounted beside v1, the kernel leaves no process the time to fork. */
  #killAtOnce(path: string): void {
    const file = join(this.#directory('unified', path), 'cgroup.kill');
    try {
      if (existsSync(file)) writeFileSync(file, '1');
    } catch (error) {
      if (!hasGone(error) && errnoOf(error) !== 'EOPNOTSUPP') throw error;
    }
  }

  applyLimits(path: string, limits: CgroupLimits): void {
    applyLimits(this.#v2, path, limits);
  }

  usage(path: string): CgroupUsage | undefined {
    return cgroupUsage(this.#v2, path);
  }
}

/** Cgroups come and go at any time. */
const hasGone = (error: unknown) => ['ENOENT', 'ENODEV'].includes(errnoOf(error) ?? '');

function pidsBelow(directory: string): number[] {
  const own = readOrNothing(join(directory, 'cgroup.procs')).split('\n').filter(Boolean).map(Number);
  return [...own, ...directoriesIn(directory).flatMap((name) => pidsBelow(join(directory, name)))];
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (hasGone(error)) return '';
    throw error;
  }
}

function directoriesIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (hasGone(error) || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

function removeDirectory(directory: string): void {
  for (const name of directoriesIn(directory)) removeDirectory(join(directory, name));
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!['ENOENT', 'EBUSY', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw error;
  }
}

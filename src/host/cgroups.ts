import { posix } from 'node:path';
import { invalidParameter } from '../core/errors.ts';
import type { ExactInteger } from '../core/exact-integer.ts';
import type { CgroupFeatures } from './cgroup-features.ts';
import type { CgroupLimits } from './cgroup-limits.ts';
import type { CgroupUsage, InterfaceCounters } from './cgroup-stats.ts';

/** `hybrid`: v1 hierarchies with a v2 mount beside them. */
export type CgroupLayout = 'v1' | 'hybrid' | 'v2';

/** Control groups, named by their path below the root of every hierarchy. */
export interface Cgroups {
  readonly layout: CgroupLayout;
  /**
   * Which limits this host enforces; read from the interface files once for each parent.
   * @param parent the cgroup that containers are made below, e.g. `/barge`; some files exist only there.
   */
  features(parent: string): CgroupFeatures;
  /**
   * Creates the cgroup in the v2 hierarchy that a hybrid host has beside its v1 ones, into which no runtime puts a container.
   * @returns its directory; undefined on hosts of another layout.
   */
  makeHybrid(path: string): string | undefined;
  /** The file whose line `oom_kill N` counts the processes killed for want of memory. */
  oomFile(path: string): string;
  /** Waits in advance, in the background, for the kernel's lock for moving processes between cgroups. */
  warmLock(): void;
  /** How many starts of processes the limit of this process's own cgroup has refused so far. */
  refusedForks(): number;
  /** Processes in the cgroup and in those below it; none without the cgroup. */
  pids(path: string): number[];
  /** @returns false when the cgroup does not exist. */
  freeze(path: string, frozen: boolean): boolean;
  /** Whether the processes of the cgroup are stopped where they stand. */
  isFrozen(path: string): boolean;
  /** Names of the cgroups directly below `path`, in any hierarchy. */
  children(path: string): string[];
  /** Removes a cgroup and those below it; one that still has processes stays. */
  remove(path: string): void;
  /** Kills every process of a cgroup and of those below it. @throws BargeError system when one does not end. */
  kill(path: string): Promise<void>;
  /**
   * Sets limits of a cgroup whose processes run.
   * @throws BargeError conflict when more than a limit is in use, invalid-parameter for another value that the kernel refuses.
   */
  applyLimits(path: string, limits: CgroupLimits): void;
  /** Undefined when the cgroup does not exist. */
  usage(path: string): CgroupUsage | undefined;
  /** Nanoseconds that all CPUs of the host together have been up: busy, idle or waiting. */
  systemCpuTime(): ExactInteger;
  /** Counters of the network interfaces that a process sees, without the loopback; none when it has gone. */
  networkCounters(pid: number): Record<string, InterfaceCounters>;
}

/**
 * A cgroup that somebody named, as a path from the root of every hierarchy: `..` leads no further up than that.
 * @throws BargeError invalid-parameter for what no path can have.
 */
export function cgroupNamed(name: string): string {
  if (name.includes('\0')) throw invalidParameter('invalid cgroup parent: it has a zero byte');
  return posix.join('/', name).replace(/(.)\/$/, '$1');
}

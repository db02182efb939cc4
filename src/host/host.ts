import type { AppArmor } from './apparmor.ts';
import type { Cgroups } from './cgroups.ts';
import type { Datagrams } from './datagrams.ts';
import type { Files } from './files.ts';
import type { Links, Namespaces, Nftables, Sysctls } from './networking.ts';
import type { Ownership } from './ownership.ts';
import type { Compression, Processes, ProcessTable } from './process.ts';
import type { Runtimes } from './runtimes.ts';

/**
 * Everything that Barge asks of the machine it runs on beyond plain reading and writing of its own files. `bin/` makes one
 * and passes it down; each part of Barge declares the members that it needs. Implementations: `linux/`, which needs root,
 * and `recording/`, for unit tests.
 */
export interface Host {
  readonly processes: Processes;
  readonly processTable: ProcessTable;
  readonly cgroups: Cgroups;
  readonly files: Files;
  readonly mounts: Mounts;
  readonly namespaces: Namespaces;
  readonly links: Links;
  readonly nftables: Nftables;
  readonly sysctls: Sysctls;
  readonly ownership: Ownership;
  readonly appArmor: AppArmor;
  readonly runtimes: Runtimes;
  readonly datagrams: Datagrams;
  readonly compression: Compression;
  readonly clock: Clock;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after so many milliseconds. */
  sleep(milliseconds: number): Promise<void>;
}

/** Arguments of mount(2). */
export interface DeviceMount {
  readonly device: string;
  readonly type: string;
  readonly flags: number;
  readonly data: string;
}

/** Mounts in the daemon's own mount namespace. Those of containers are made by their shims. */
export interface Mounts {
  /** @returns why the kernel refused, in the C library's words; undefined after success. */
  mountDevice(request: DeviceMount, target: string): Promise<string | undefined>;
  /** @param options as mount(8) takes them. @throws BargeError system. */
  mountTmpfs(options: string, target: string): Promise<void>;
  /** Makes a directory a shared mount, so that other mount namespaces follow what is mounted below it. @throws BargeError system. */
  share(directory: string): Promise<void>;
  /** Lazily: a process that has a file open keeps the file system until it ends. Does nothing where nothing is mounted. */
  unmount(target: string): Promise<void>;
}

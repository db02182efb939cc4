import { join } from 'node:path';
import { cgroupNamed } from '../host/cgroups.ts';

/** Length of a container's directory name in the exec root: sockets in it must stay under 108 bytes. */
const SHORT = 20;

/** Where everything of one container lies. */
export interface ContainerDirectories {
  /** Durable: below the data root. */
  readonly data: string;
  readonly upper: string;
  readonly work: string;
  readonly log: string;
  readonly hostname: string;
  readonly hosts: string;
  readonly resolvConf: string;
  /** Until the next boot: below the exec root. The OCI bundle and the shim's directory in one. */
  readonly exec: string;
  readonly rootfs: string;
  readonly runtimeRoot: string;
}

export interface Roots {
  readonly dataRoot: string;
  readonly execRoot: string;
  /** Cgroup below which every container's is made, e.g. `/barge`. */
  readonly cgroupParent: string;
}

export function containerDirectories(roots: Roots, id: string): ContainerDirectories {
  const data = join(roots.dataRoot, 'containers', id);
  const exec = join(roots.execRoot, id.slice(0, SHORT));
  return {
    data,
    upper: join(data, 'upper'),
    work: join(data, 'work'),
    log: join(data, 'log'),
    hostname: join(data, 'hostname'),
    hosts: join(data, 'hosts'),
    resolvConf: join(data, 'resolv.conf'),
    exec,
    rootfs: join(exec, 'rootfs'),
    runtimeRoot: join(roots.execRoot, 'runtime'),
  };
}

export function cgroupPath(roots: Roots, id: string, parent: string | undefined): string {
  return join(cgroupNamed(parent || roots.cgroupParent), id);
}

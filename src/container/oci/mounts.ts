import { release } from 'node:os';
import type { OciMount } from '../../api/oci-runtime.ts';
import { systemError } from '../../core/errors.ts';
import { helperProgram } from '../../host/helpers.ts';
import type { ResolvedMount } from '../model.ts';
import type { ContainerSpec } from '../spec.ts';

/** Process 1 of containers that were made with `--init`. */
export const INIT_PATH = '/sbin/docker-init';
const INIT_PROGRAM = helperProgram('barge-init');

/** Files that the daemon writes for a container, and where the container sees them. */
export interface ManagedFiles {
  readonly hostname: string;
  readonly hosts: string;
  readonly resolvConf: string;
}

/** What of a spec decides about its mounts. */
type MountingSpec = Pick<ContainerSpec, 'process' | 'security' | 'namespaces' | 'storage' | 'runtime'>;

const mount = (destination: string, type: string, source: string, ...options: string[]): OciMount => ({
  destination,
  type,
  source,
  options,
});

function systemMounts(
  { security, namespaces, storage }: MountingSpec,
  sharedShm: string | undefined,
): OciMount[] {
  const access = security.privileged ? 'rw' : 'ro';
  const cgroupAccess = security.writableCgroups ? 'rw' : 'ro';
  return [
    mount('/proc', 'proc', 'proc', 'nosuid', 'noexec', 'nodev'),
    mount('/dev', 'tmpfs', 'tmpfs', 'nosuid', 'strictatime', 'mode=755', 'size=65536k'),
    mount(
      '/dev/pts',
      'devpts',
      'devpts',
      'nosuid',
      'noexec',
      'newinstance',
      'ptmxmode=0666',
      'mode=0620',
      'gid=5',
    ),
    mount('/sys', 'sysfs', 'sysfs', 'nosuid', 'noexec', 'nodev', access),
    mount('/sys/fs/cgroup', 'cgroup', 'cgroup', cgroupAccess, 'nosuid', 'noexec', 'nodev'),
    mount('/dev/mqueue', 'mqueue', 'mqueue', 'nosuid', 'noexec', 'nodev'),
    ...shmMount(namespaces.ipc, storage.shmSize, sharedShm),
  ];
}

function shmMount(
  ipc: ContainerSpec['namespaces']['ipc'],
  size: number,
  shared: string | undefined,
): OciMount[] {
  if (ipc.kind === 'none') return [];
  if (ipc.kind === 'host' || shared) {
    return [
      { destination: '/dev/shm', type: 'bind', source: shared ?? '/dev/shm', options: ['rbind', 'rw'] },
    ];
  }
  return [mount('/dev/shm', 'tmpfs', 'shm', 'nosuid', 'noexec', 'nodev', 'mode=1777', `size=${size}`)];
}

/**
 * Every mount of a container in the order in which the runtime makes them: outer directories before inner ones.
 * @param sharedShm a tmpfs that several containers have as their /dev/shm (`--ipc shareable`).
 */
export function ociMounts(
  spec: MountingSpec,
  mounts: readonly ResolvedMount[],
  files: ManagedFiles,
  sharedShm?: string,
): OciMount[] {
  const asked = new Set(mounts.map((m) => m.Destination));
  const managed: [string, string][] = [
    ['/etc/resolv.conf', files.resolvConf],
    ['/etc/hostname', files.hostname],
    ['/etc/hosts', files.hosts],
  ];
  const access = spec.storage.readonlyRootfs ? 'ro' : 'rw';
  const own = managed
    .filter(([destination]) => !asked.has(destination))
    .map(([destination, source]) => mount(destination, 'bind', source, 'rbind', 'rprivate', access));
  const init = spec.process.init ? [mount(INIT_PATH, 'bind', INIT_PROGRAM, 'bind', 'ro')] : [];
  const recursive = recursionWorks(spec.runtime);
  const wanted = mounts
    .map((m) => userMount(m, recursive))
    .sort((a, b) => depth(a.destination) - depth(b.destination));
  return [
    ...systemMounts(spec, sharedShm).filter(({ destination }) => !asked.has(destination)),
    ...(asked.has('/etc') ? [] : own),
    ...init,
    ...wanted,
    /* An empty tmpfs has no links; in other mounts at /etc the shim has mounted the files. */
    ...(mounts.some((m) => m.Destination === '/etc' && m.Type === 'tmpfs') ? own : []),
  ];
}

/** @param recursive whether what is mounted below a read-only directory can be made read-only with it. Crun fails for files. */
function userMount(m: ResolvedMount, recursive: boolean): OciMount {
  if (m.Type === 'tmpfs') return mount(m.Destination, 'tmpfs', 'tmpfs', ...m.options);
  if (m.recursion === 'readonly' && m.isDirectory && !recursive) {
    throw systemError(
      `${m.Destination} cannot be read-only recursively: that takes Linux 5.12 and the runtime crun or runc`,
    );
  }
  const whole = recursive && m.isDirectory && m.recursion !== 'writable' && m.recursion !== 'disabled';
  /* No `rw`: a source that is read-only itself stays so. */
  const access = m.RW ? [] : [whole ? 'rro' : 'ro'];
  const propagation = m.Propagation || 'rprivate';
  /* To crun a recursive propagation makes the whole bind recursive. */
  const kind = m.recursion === 'disabled' ? ['bind', propagation.replace(/^r/, '')] : ['rbind', propagation];
  return mount(m.Destination, 'bind', m.Source, ...kind, ...access, ...m.options);
}

const [MAJOR = 0, MINOR = 0] = release().split('.').map(Number);
const KERNEL_HAS_MOUNT_SETATTR = MAJOR > 5 || (MAJOR === 5 && MINOR >= 12);

/** Other runtimes than these two may not know the option `rro`. */
function recursionWorks(runtime: string): boolean {
  return KERNEL_HAS_MOUNT_SETATTR && (!runtime || runtime === 'crun' || runtime === 'runc');
}

const depth = (path: string) => path.split('/').filter(Boolean).length;

import { readFileSync } from 'node:fs';
import { invalidParameter } from '../../core/errors.ts';
import type { ContainerConfig, HostConfig, Ulimit } from '../../spec/engine.ts';
import type { OciNamespace, OciProcess, OciSeccomp, OciSpec } from '../../spec/oci-runtime.ts';
import type { ContainerDefinition } from '../model.ts';
import { effectiveCapabilities } from './capabilities.ts';
import { deviceAccess } from './devices.ts';
import { INIT_PATH, MASKED_PATHS, type ManagedFiles, ociMounts, READONLY_PATHS } from './mounts.ts';
import { ociResources } from './resources.ts';
import { customSeccomp, defaultSeccomp } from './seccomp.ts';
import { type ProcessUser, type RootfsReader, resolveUser } from './user.ts';

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface SpecInput {
  readonly definition: ContainerDefinition;
  /** Where the shim mounts the root file system. */
  readonly rootfs: string;
  readonly readRootfs: RootfsReader;
  readonly files: ManagedFiles;
  readonly cgroupPath: string;
  /** Path of the network namespace to join; undefined: a new one if `privateNetwork`, else the host's. */
  readonly networkNamespace?: string;
  readonly privateNetwork: boolean;
  /** Pids of containers whose namespaces are shared, by namespace type. */
  readonly sharedNamespaces: Readonly<Record<string, string>>;
  readonly cgroupNamespace: boolean;
}

/** The runtime's description of a container, and what it asked for that this host cannot give. */
export function ociSpec(input: SpecInput): { spec: OciSpec; warnings: string[] } {
  const { config, hostConfig: host } = input.definition;
  const privileged = Boolean(host.Privileged);
  const { granted, missing } = effectiveCapabilities({
    add: host.CapAdd ?? [],
    drop: host.CapDrop ?? [],
    privileged,
  });
  const access = deviceAccess(host.Devices ?? [], host.DeviceCgroupRules ?? [], privileged);
  const seccomp = seccompOf(host, granted);
  const user = resolveUser(config.User ?? '', host.GroupAdd ?? [], input.readRootfs);
  const process = containerProcess(input.definition, user, granted);
  const domainname = config.Domainname ? { domainname: config.Domainname } : {};
  const spec: OciSpec = {
    ociVersion: '1.0.2',
    process,
    root: { path: input.rootfs, readonly: Boolean(host.ReadonlyRootfs) },
    ...(host.UTSMode === 'host' ? {} : { hostname: config.Hostname ?? '', ...domainname }),
    mounts: ociMounts(host, input.definition.mounts, input.files),
    ...(host.Annotations ? { annotations: host.Annotations } : {}),
    linux: {
      namespaces: namespaces(input),
      cgroupsPath: input.cgroupPath,
      resources: ociResources(host, access.rules),
      devices: access.devices,
      ...(seccomp ? { seccomp } : {}),
      sysctl: { ...(input.privateNetwork ? NETWORK_SYSCTLS : {}), ...host.Sysctls },
      maskedPaths: privileged ? [] : (host.MaskedPaths ?? MASKED_PATHS),
      readonlyPaths: privileged ? [] : (host.ReadonlyPaths ?? READONLY_PATHS),
      ...rootPropagation(input.definition),
    },
  };
  const warnings = missing.length > 0 && (host.CapAdd ?? []).length > 0 ? missing.map(missingWarning) : [];
  return { spec, warnings };
}

const missingWarning = (name: string) =>
  `This host cannot grant the capability ${name}: the container starts without it.`;

function rootPropagation(definition: ContainerDefinition): { rootfsPropagation?: string } {
  const modes = definition.mounts.map((m) => m.Propagation);
  if (modes.some((mode) => mode === 'shared' || mode === 'rshared')) return { rootfsPropagation: 'shared' };
  if (modes.some((mode) => mode === 'slave' || mode === 'rslave')) return { rootfsPropagation: 'slave' };
  return {};
}

function namespaces(input: SpecInput): OciNamespace[] {
  const { hostConfig: host } = input.definition;
  const shared = (type: string, mode: string | undefined): OciNamespace[] => {
    if (mode === 'host') return [];
    const path = input.sharedNamespaces[type];
    return [{ type, ...(path ? { path } : {}) }];
  };
  return [
    { type: 'mount' },
    ...shared('pid', host.PidMode),
    ...shared('ipc', host.IpcMode),
    ...shared('uts', host.UTSMode),
    ...networkNamespace(input),
    ...(input.cgroupNamespace ? [{ type: 'cgroup' }] : []),
  ];
}

/** Any user may open low ports and ping: with a network of its own that harms nobody (Docker's default too). */
const NETWORK_SYSCTLS = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0 2147483647',
};

function networkNamespace({ networkNamespace: path, privateNetwork }: SpecInput): OciNamespace[] {
  if (path) return [{ type: 'network', path }];
  return privateNetwork ? [{ type: 'network' }] : [];
}

function seccompOf(host: HostConfig, capabilities: readonly string[]): OciSeccomp | undefined {
  const option = (host.SecurityOpt ?? []).find((text) => /^seccomp[=:]/.test(text));
  const value = option?.slice('seccomp='.length);
  if (value === 'unconfined' || (host.Privileged && !value)) return undefined;
  return value && value !== 'builtin' ? customSeccomp(value, capabilities) : defaultSeccomp(capabilities);
}

function noNewPrivileges(host: HostConfig): boolean {
  return (host.SecurityOpt ?? []).some((text) => /^no-new-privileges([=:]true)?$/.test(text));
}

function containerProcess(
  definition: ContainerDefinition,
  user: ProcessUser,
  caps: readonly string[],
): OciProcess {
  const { config, hostConfig: host } = definition;
  const [height, width] = host.ConsoleSize ?? [0, 0];
  return {
    terminal: Boolean(config.Tty),
    ...(config.Tty && height ? { consoleSize: { height, width } } : {}),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: host.Init ? [INIT_PATH, '--', ...commandOf(config)] : commandOf(config),
    env: environment(config, user),
    cwd: config.WorkingDir || '/',
    capabilities: capabilitySets(caps, user.uid),
    noNewPrivileges: noNewPrivileges(host),
    ...rlimits(host.Ulimits ?? []),
    ...(host.OomScoreAdj ? { oomScoreAdj: host.OomScoreAdj } : {}),
  };
}

/** Another user than root holds what it is given only in the bounding set, as with Docker. */
export function capabilitySets(
  caps: readonly string[],
  uid: number,
): NonNullable<OciProcess['capabilities']> {
  const held = uid === 0 ? caps : [];
  return { bounding: caps, effective: held, permitted: held, inheritable: [], ambient: [] };
}

/** Entrypoint and command, one after the other. @throws BargeError invalid-parameter when there is neither. */
export function commandOf(config: ContainerConfig): string[] {
  const args = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  if (args.length === 0 || args[0] === '') throw invalidParameter('no command specified');
  return args;
}

function environment(config: ContainerConfig, user: ProcessUser): string[] {
  const own = config.Env ?? [];
  const has = (name: string) => own.some((entry) => entry.startsWith(`${name}=`));
  return [
    ...(has('PATH') ? [] : [DEFAULT_PATH]),
    `HOSTNAME=${config.Hostname ?? ''}`,
    ...(config.Tty && !has('TERM') ? ['TERM=xterm'] : []),
    ...own.filter((entry) => entry.includes('=')),
    ...(has('HOME') ? [] : [`HOME=${user.home ?? '/'}`]),
  ];
}

/** This process's hard limit on open files and the like bounds what it can hand on without CAP_SYS_RESOURCE. */
function hardLimits(): Map<string, number> {
  const limits = new Map<string, number>();
  for (const line of readFileSync('/proc/self/limits', 'utf8').split('\n')) {
    const match = /^Max (.+?)\s{2,}\S+\s+(\S+)/.exec(line);
    const name = match && LIMIT_NAMES[match[1] ?? ''];
    if (name) limits.set(name, match[2] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(match[2]));
  }
  return limits;
}

const LIMIT_NAMES: Record<string, string> = {
  'cpu time': 'cpu',
  'file size': 'fsize',
  'data size': 'data',
  'stack size': 'stack',
  'core file size': 'core',
  'resident set': 'rss',
  processes: 'nproc',
  'open files': 'nofile',
  'locked memory': 'memlock',
  'address space': 'as',
  'file locks': 'locks',
  'pending signals': 'sigpending',
  'msgqueue size': 'msgqueue',
  'nice priority': 'nice',
  'realtime priority': 'rtprio',
  'realtime timeout': 'rttime',
};

/** RLIM_INFINITY loses its last digits as a JSON number; the runtimes take the largest exact one for it. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;

function rlimits(ulimits: readonly Ulimit[]): Pick<OciProcess, 'rlimits'> {
  if (ulimits.length === 0) return {};
  const host = hardLimits();
  const number = (value: number) => (value < 0 ? UNLIMITED : value);
  const bounded = (name: string, value: number) => Math.min(number(value), host.get(name) ?? UNLIMITED);
  return {
    rlimits: ulimits.map(({ Name, Soft, Hard }) => ({
      type: `RLIMIT_${Name.toUpperCase()}`,
      soft: bounded(Name, Soft),
      hard: bounded(Name, Hard),
    })),
  };
}

import type { ContainerConfig, HostConfig } from '../../api/engine/containers.ts';
import type { OciNamespace, OciProcess, OciSeccomp, OciSpec } from '../../api/oci-runtime.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { ContainerDefaults } from '../defaults.ts';
import type { ContainerDefinition } from '../model.ts';
import { effectiveCapabilities, hostCapabilities } from './capabilities.ts';
import { type DeviceEdits, NO_EDITS } from './cdi.ts';
import { deviceAccess } from './devices.ts';
import { resourceLimits } from './limits.ts';
import { INIT_PATH, MASKED_PATHS, type ManagedFiles, ociMounts, READONLY_PATHS } from './mounts.ts';
import { ociResources } from './resources.ts';
import { customSeccomp, defaultSeccomp } from './seccomp.ts';
import { parseSecurityOptions, type SecurityOptions } from './security-options.ts';
import type { ProcessUser } from './user.ts';

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface SpecInput {
  readonly definition: ContainerDefinition;
  /** Where the shim mounts the root file system. */
  readonly rootfs: string;
  /** Who the process runs as. */
  readonly user: ProcessUser;
  readonly files: ManagedFiles;
  readonly cgroupPath: string;
  /** Path of the network namespace to join; undefined: a new one if `privateNetwork`, else the host's. */
  readonly networkNamespace?: string;
  readonly privateNetwork: boolean;
  /** Pids of containers whose namespaces are shared, by namespace type. */
  readonly sharedNamespaces: Readonly<Record<string, string>>;
  readonly cgroupNamespace: boolean;
  readonly defaults: Pick<ContainerDefaults, 'noNewPrivileges' | 'seccomp'>;
  /** What devices described by others (CDI) add. */
  readonly edits?: DeviceEdits;
  /** The AppArmor profile, on hosts that have it. */
  readonly appArmor?: string;
  /** A tmpfs on the host that is several containers' /dev/shm. */
  readonly sharedShm?: string;
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
  const edits = input.edits ?? NO_EDITS;
  const security = parseSecurityOptions(host.SecurityOpt ?? []);
  const seccomp = seccompOf(security, privileged, input.defaults, granted);
  const limits = resourceLimits(host.Ulimits ?? [], hostCapabilities().has('CAP_SYS_RESOURCE'));
  const process = { ...containerProcess(input, granted, security), ...limits.limits };
  const open = privileged || security.unconfinedPaths;
  const domainname = config.Domainname ? { domainname: config.Domainname } : {};
  const spec: OciSpec = {
    ociVersion: '1.0.2',
    process,
    root: { path: input.rootfs, readonly: Boolean(host.ReadonlyRootfs) },
    ...(host.UTSMode === 'host' ? {} : { hostname: config.Hostname ?? '', ...domainname }),
    mounts: [...ociMounts(host, input.definition.mounts, input.files, input.sharedShm), ...edits.mounts],
    ...(host.Annotations ? { annotations: host.Annotations } : {}),
    ...(Object.keys(edits.hooks).length > 0 ? { hooks: edits.hooks } : {}),
    linux: {
      namespaces: namespaces(input),
      cgroupsPath: input.cgroupPath,
      resources: ociResources(host, [...access.rules, ...edits.rules]),
      devices: [...access.devices, ...edits.devices],
      ...(seccomp ? { seccomp } : {}),
      sysctl: { ...(input.privateNetwork ? NETWORK_SYSCTLS : {}), ...host.Sysctls },
      maskedPaths: open ? [] : (host.MaskedPaths ?? MASKED_PATHS),
      readonlyPaths: open ? [] : (host.ReadonlyPaths ?? READONLY_PATHS),
      ...rootPropagation(input.definition),
    },
  };
  const lacking = (host.CapAdd ?? []).length > 0 ? missing.map(missingWarning) : [];
  return { spec, warnings: [...lacking, ...limits.warnings] };
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

function seccompOf(
  { seccomp }: SecurityOptions,
  privileged: boolean,
  defaults: Pick<ContainerDefaults, 'seccomp'>,
  capabilities: readonly string[],
): OciSeccomp | undefined {
  if (privileged && !seccomp) return undefined;
  const profile = seccomp ?? defaults.seccomp ?? 'builtin';
  if (profile === 'unconfined') return undefined;
  return profile === 'builtin' ? defaultSeccomp(capabilities) : customSeccomp(profile, capabilities);
}

function containerProcess(
  { definition, user, defaults, appArmor, edits = NO_EDITS }: SpecInput,
  caps: readonly string[],
  security: SecurityOptions,
): OciProcess {
  const { config, hostConfig: host } = definition;
  const [height, width] = host.ConsoleSize ?? [0, 0];
  return {
    terminal: Boolean(config.Tty),
    ...(config.Tty && height ? { consoleSize: { height, width } } : {}),
    user: {
      uid: user.uid,
      gid: user.gid,
      ...umaskOf(host),
      additionalGids: [...new Set([...user.additionalGids, ...edits.additionalGids])],
    },
    args: host.Init ? [INIT_PATH, '--', ...commandOf(config)] : commandOf(config),
    env: [...environment(config, user), ...edits.env],
    cwd: config.WorkingDir || '/',
    capabilities: capabilitySets(caps, user.uid),
    noNewPrivileges: security.noNewPrivileges ?? defaults.noNewPrivileges,
    ...(appArmor ? { apparmorProfile: appArmor } : {}),
  };
}

/** Every process of the container has it, those of execs and health checks, too. */
export const umaskOf = ({ Umask: umask }: HostConfig): { umask?: number } =>
  umask === undefined || umask === null ? {} : { umask };

/** Another user than root holds what it is given only in the bounding set, as with Docker. */
export function capabilitySets(
  caps: readonly string[],
  uid: number,
): NonNullable<OciProcess['capabilities']> {
  const held = uid === 0 ? caps : [];
  return { bounding: caps, effective: held, permitted: held, inheritable: [], ambient: [] };
}

/** As runtimes do: an empty HOME is none, and the user's own stands in. */
export const isEmptyHome = (entry: string) => entry === 'HOME=';

/** Entrypoint and command, one after the other. @throws BargeError invalid-parameter when there is neither. */
export function commandOf(config: ContainerConfig): string[] {
  const args = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  if (args.length === 0) throw invalidParameter('no command specified');
  return args;
}

function environment(config: ContainerConfig, user: ProcessUser): string[] {
  const own = (config.Env ?? []).filter((entry) => !isEmptyHome(entry));
  const has = (name: string) => own.some((entry) => entry.startsWith(`${name}=`));
  return [
    ...(has('PATH') ? [] : [DEFAULT_PATH]),
    `HOSTNAME=${config.Hostname ?? ''}`,
    ...(config.Tty && !has('TERM') ? ['TERM=xterm'] : []),
    ...own.filter((entry) => entry.includes('=')),
    ...(has('HOME') ? [] : [`HOME=${user.home ?? '/'}`]),
  ];
}

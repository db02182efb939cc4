import type { OciNamespace, OciProcess, OciSeccomp, OciSpec } from '../../api/oci-runtime.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { ContainerDefaults } from '../defaults.ts';
import type { ContainerDefinition } from '../model.ts';
import type { NamespaceSpec, ProcessSpec, SecuritySpec } from '../spec.ts';
import { effectiveCapabilities, hostCapabilities } from './capabilities.ts';
import { type DeviceEdits, NO_EDITS } from './cdi.ts';
import { deviceAccess } from './devices.ts';
import { resourceLimits } from './limits.ts';
import { INIT_PATH, type ManagedFiles, ociMounts } from './mounts.ts';
import { ociResources } from './resources.ts';
import { customSeccomp, defaultSeccomp } from './seccomp.ts';
import type { ProcessUser } from './user.ts';

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

interface SpecInput {
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
  const { spec, mounts } = input.definition;
  const { security, limits, namespaces } = spec;
  const { privileged, capabilities } = security;
  const { granted, missing } = effectiveCapabilities({ ...capabilities, privileged });
  const access = deviceAccess(spec.devices.mapped, spec.devices.rules, privileged);
  const edits = input.edits ?? NO_EDITS;
  const seccomp = seccompOf(security, input.defaults, granted);
  const ulimits = resourceLimits(limits.ulimits, hostCapabilities().has('CAP_SYS_RESOURCE'));
  const process = { ...containerProcess(input, granted), ...ulimits.limits };
  const domainname = spec.domainname ? { domainname: spec.domainname } : {};
  const described: OciSpec = {
    ociVersion: '1.0.2',
    process,
    root: { path: input.rootfs, readonly: spec.storage.readonlyRootfs },
    ...(namespaces.uts.kind === 'host' ? {} : { hostname: spec.hostname, ...domainname }),
    mounts: [...ociMounts(spec, mounts, input.files, input.sharedShm), ...edits.mounts],
    ...(Object.keys(spec.annotations).length > 0 ? { annotations: spec.annotations } : {}),
    ...(Object.keys(edits.hooks).length > 0 ? { hooks: edits.hooks } : {}),
    linux: {
      namespaces: ociNamespaces(input, namespaces),
      cgroupsPath: input.cgroupPath,
      resources: ociResources(limits, [...access.rules, ...edits.rules]),
      devices: [...access.devices, ...edits.devices],
      ...(seccomp ? { seccomp } : {}),
      sysctl: { ...(input.privateNetwork ? NETWORK_SYSCTLS : {}), ...spec.sysctls },
      maskedPaths: security.maskedPaths,
      readonlyPaths: security.readonlyPaths,
      ...rootPropagation(input.definition),
    },
  };
  const lacking = capabilities.add.length > 0 ? missing.map(missingWarning) : [];
  return { spec: described, warnings: [...lacking, ...ulimits.warnings] };
}

const missingWarning = (name: string) =>
  `This host cannot grant the capability ${name}: the container starts without it.`;

function rootPropagation(definition: ContainerDefinition): { rootfsPropagation?: string } {
  const modes = definition.mounts.map((m) => m.Propagation);
  if (modes.some((mode) => mode === 'shared' || mode === 'rshared')) return { rootfsPropagation: 'shared' };
  if (modes.some((mode) => mode === 'slave' || mode === 'rslave')) return { rootfsPropagation: 'slave' };
  return {};
}

function ociNamespaces(input: SpecInput, { pid, ipc, uts }: NamespaceSpec): OciNamespace[] {
  const shared = (type: string, { kind }: NamespaceSpec['ipc']): OciNamespace[] => {
    if (kind === 'host') return [];
    const path = input.sharedNamespaces[type];
    return [{ type, ...(path ? { path } : {}) }];
  };
  return [
    { type: 'mount' },
    ...shared('pid', pid),
    ...shared('ipc', ipc),
    ...shared('uts', uts),
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
  { seccomp, privileged }: SecuritySpec,
  defaults: Pick<ContainerDefaults, 'seccomp'>,
  capabilities: readonly string[],
): OciSeccomp | undefined {
  if (seccomp.kind === 'profile') return customSeccomp(seccomp.json, capabilities);
  if (seccomp.kind === 'default' && privileged) return undefined;
  const profile = seccomp.kind === 'default' ? (defaults.seccomp ?? 'builtin') : seccomp.kind;
  if (profile === 'unconfined') return undefined;
  return profile === 'builtin' ? defaultSeccomp(capabilities) : customSeccomp(profile, capabilities);
}

function containerProcess(
  { definition, user, defaults, appArmor, edits = NO_EDITS }: SpecInput,
  caps: readonly string[],
): OciProcess {
  const { process, security } = definition.spec;
  const { tty, consoleSize } = process;
  return {
    terminal: tty,
    ...(tty && consoleSize.height ? { consoleSize } : {}),
    user: {
      uid: user.uid,
      gid: user.gid,
      ...umaskOf(process),
      additionalGids: [...new Set([...user.additionalGids, ...edits.additionalGids])],
    },
    args: process.init ? [INIT_PATH, '--', ...commandOf(process)] : commandOf(process),
    env: [...environment(process, definition.spec.hostname, user), ...edits.env],
    cwd: process.directory || '/',
    capabilities: capabilitySets(caps, user.uid),
    noNewPrivileges: security.noNewPrivileges ?? defaults.noNewPrivileges,
    ...(appArmor ? { apparmorProfile: appArmor } : {}),
  };
}

/** Every process of the container has it, those of execs and health checks, too. */
export const umaskOf = ({ umask }: Pick<ProcessSpec, 'umask'>): { umask?: number } =>
  umask === undefined ? {} : { umask };

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
export function commandOf({ entrypoint, command }: ProcessSpec): string[] {
  const args = [...entrypoint, ...command];
  if (args.length === 0) throw invalidParameter('no command specified');
  return args;
}

function environment({ env, tty }: ProcessSpec, hostname: string, user: ProcessUser): string[] {
  const own = env.filter((entry) => !isEmptyHome(entry));
  const has = (name: string) => own.some((entry) => entry.startsWith(`${name}=`));
  return [
    ...(has('PATH') ? [] : [DEFAULT_PATH]),
    `HOSTNAME=${hostname}`,
    ...(tty && !has('TERM') ? ['TERM=xterm'] : []),
    ...own.filter((entry) => entry.includes('=')),
    ...(has('HOME') ? [] : [`HOME=${user.home ?? '/'}`]),
  ];
}

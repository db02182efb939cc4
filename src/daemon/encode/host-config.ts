import type { HostConfig, RestartPolicy } from '../../api/engine/containers.ts';
import type { PortMap } from '../../api/engine/networks.ts';
import { shownLink } from '../../container/links.ts';
import type { NetworkMode, PortSpec } from '../../container/network-spec.ts';
import type { ContainerSpec, NamespaceSpec, RestartSpec, SecuritySpec } from '../../container/spec.ts';
import { encodeResources, orNull } from './resources.ts';

/** Shown for containers that run on the daemon's default runtime. */
const DEFAULT_RUNTIME = 'crun';

/** The `HostConfig` of `inspect`: every member that Docker shows is there. @param owner the container's name. */
export function encodeHostConfig(spec: ContainerSpec, owner: string): HostConfig {
  return Object.assign(ownTerms(spec, owner), spec.asGiven.host);
}

/** Without what is shown as it was given; a new object. */
export function ownTerms(spec: ContainerSpec, owner: string): HostConfig {
  const { process, names, namespaces, security, storage, annotations, sysctls } = spec;
  /* One literal behind one spread: with more of them, V8 takes three times as long. */
  const shown: { -readonly [K in keyof HostConfig]: HostConfig[K] } = {
    ...encodeResources(spec.limits, spec.devices),
    Binds: null,
    ContainerIDFile: '',
    LogConfig: { Type: spec.log.driver, Config: spec.log.options },
    NetworkMode: encodeNetworkMode(spec.network.mode),
    PortBindings: portBindings(spec.ports.published),
    RestartPolicy: encodeRestart(spec.restart),
    AutoRemove: spec.autoRemove,
    VolumeDriver: '',
    VolumesFrom: null,
    ConsoleSize: [process.consoleSize.height, process.consoleSize.width],
    CapAdd: orNull(security.capabilities.add),
    CapDrop: orNull(security.capabilities.drop),
    CgroupnsMode: namespaces.cgroup.kind,
    Dns: names.dnsServers,
    DnsOptions: names.dnsOptions,
    DnsSearch: names.dnsSearch,
    ExtraHosts: orNull(names.hosts.map(({ name, address }) => `${name}:${address}`)),
    GroupAdd: orNull(process.groups),
    IpcMode: namespaceMode(namespaces.ipc),
    Cgroup: '',
    Links: orNull(names.links.map((link) => shownLink(link, owner))),
    OomScoreAdj: process.oomScoreAdjustment,
    PidMode: otherThanPrivate(namespaces.pid),
    Privileged: security.privileged,
    PublishAllPorts: spec.ports.publishAll,
    ReadonlyRootfs: storage.readonlyRootfs,
    SecurityOpt: orNull(securityOptions(security)),
    UTSMode: otherThanPrivate(namespaces.uts),
    UsernsMode: '',
    ShmSize: storage.shmSize,
    Runtime: spec.runtime || DEFAULT_RUNTIME,
    Isolation: '',
    MaskedPaths: security.privileged ? null : security.maskedPaths,
    ReadonlyPaths: security.privileged ? null : security.readonlyPaths,
  };
  if (Object.keys(annotations).length > 0) shown.Annotations = annotations;
  if (Object.keys(sysctls).length > 0) shown.Sysctls = sysctls;
  if (process.umask !== undefined) shown.Umask = process.umask;
  if (process.init) shown.Init = true;
  return shown;
}

const portBindings = (published: PortSpec['published']): PortMap =>
  Object.fromEntries(
    Object.entries(published).map(([name, places]) => [
      name,
      places.map(({ address, port }) => ({ HostIp: address, HostPort: port })),
    ]),
  );

export function encodeNetworkMode(mode: NetworkMode): string {
  if (mode.kind === 'container') return `container:${mode.container}`;
  return mode.kind === 'named' ? mode.name : mode.kind;
}

const namespaceMode = (mode: NamespaceSpec['ipc']): string =>
  mode.kind === 'container' ? `container:${mode.container}` : mode.kind;

/** Docker shows nothing for a namespace of the container's own. */
const otherThanPrivate = (mode: NamespaceSpec['pid']): string =>
  mode.kind === 'private' ? '' : namespaceMode(mode);

const encodeRestart = (restart: RestartSpec): RestartPolicy => ({
  Name: restart.kind,
  MaximumRetryCount: restart.kind === 'on-failure' ? restart.maxRetries : 0,
});

/** The words of `--security-opt`. */
function securityOptions({
  noNewPrivileges,
  seccomp,
  appArmor,
  privileged,
  writableCgroups,
}: SecuritySpec): string[] {
  return [
    ...(noNewPrivileges === undefined
      ? []
      : [noNewPrivileges ? 'no-new-privileges' : 'no-new-privileges=false']),
    ...(seccomp.kind === 'default'
      ? []
      : [`seccomp=${seccomp.kind === 'profile' ? seccomp.json : seccomp.kind}`]),
    ...(appArmor.kind === 'default'
      ? []
      : [`apparmor=${appArmor.kind === 'profile' ? appArmor.name : appArmor.kind}`]),
    ...(writableCgroups === privileged ? [] : [`writable-cgroups=${writableCgroups}`]),
  ];
}

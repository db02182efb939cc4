import { isIP } from 'node:net';
import type { ContainerConfig, HostConfig, Ulimit } from '../../api/engine/containers.ts';
import { assertCapabilities } from '../../container/oci/capabilities.ts';
import { LIMIT_TYPES } from '../../container/oci/limits.ts';
import { parseSecurityOptions } from '../../container/oci/security-options.ts';
import { invalidParameter } from '../../core/errors.ts';
import { assertPort } from './check-config.ts';
import { assertRestartPolicy } from './restart-policy.ts';

const MAX_UMASK = 0o777;

/**
 * Checks a host configuration, except for its limits (`checkLimits`), mounts and networks.
 * @returns warnings about members without effect.
 * @throws BargeError invalid-parameter, in docker's words.
 */
export function checkHostConfig(config: ContainerConfig, host: HostConfig): string[] {
  parseSecurityOptions(host.SecurityOpt ?? []);
  assertCapabilities(host.CapAdd ?? [], 'CapAdd');
  assertCapabilities(host.CapDrop ?? [], 'CapDrop');
  checkRestart(host);
  checkModes(host);
  checkSharedNetwork(config, host);
  for (const ulimit of host.Ulimits ?? []) assertUlimit(ulimit);
  for (const entry of host.ExtraHosts ?? []) assertExtraHost(entry);
  for (const port of Object.keys(host.PortBindings ?? {})) assertPort(port);
  for (const list of Object.values(host.PortBindings ?? {})) {
    for (const { HostPort: port } of list ?? []) if (port && port !== '0') assertPort(port);
  }
  if ((host.Umask ?? 0) > MAX_UMASK) {
    throw invalidParameter(`invalid umask 0${host.Umask?.toString(8)}: the range is 0 to 0777`);
  }
  const { OomScoreAdj: adjust = 0 } = host;
  if (adjust < -1000 || adjust > 1000) {
    throw invalidParameter(`Invalid value ${adjust}, range for oom score adj is [-1000, 1000]`);
  }
  if ((host.IOMaximumBandwidth ?? 0) !== 0) {
    throw invalidParameter('Invalid QoS settings: linux does not support Maximum IO Bandwidth');
  }
  if ((host.IOMaximumIOps ?? 0) !== 0) {
    throw invalidParameter('Invalid QoS settings: linux does not support Maximum IO IOPs');
  }
  if ((host.ShmSize ?? 0) < 0) throw invalidParameter('SHM size can not be less than 0');
  if (host.VolumeDriver && host.VolumeDriver !== 'local') {
    const plugin = host.VolumeDriver;
    throw invalidParameter(`error looking up volume plugin ${plugin}: plugin "${plugin}" not found`);
  }
  return warnings(host);
}

function warnings(host: HostConfig): string[] {
  const publishes = Object.values(host.PortBindings ?? {}).some((list) => (list ?? []).length > 0);
  return host.NetworkMode === 'host' && publishes
    ? ['Published ports are discarded when using host network mode']
    : [];
}

function checkRestart({ RestartPolicy: policy, AutoRemove: autoRemove }: HostConfig): void {
  if (policy) assertRestartPolicy(policy);
  if (autoRemove && !['', 'no'].includes(policy?.Name ?? '')) {
    throw invalidParameter("can't create 'AutoRemove' container with restart policy");
  }
}

/** The valid modes of each namespace; `container:` where another container's can be joined. */
const MODES: readonly (readonly [field: keyof HostConfig, name: string, valid: RegExp])[] = [
  ['PidMode', 'PID mode', /^(|host|private|container:.+)$/],
  ['IpcMode', 'IPC mode', /^(|none|private|shareable|host|container:.+)$/],
  ['UTSMode', 'UTS mode', /^(|host|private)$/],
  ['CgroupnsMode', 'cgroup namespace mode', /^(|host|private)$/],
  ['UsernsMode', 'user namespace mode', /^(|host|private)$/],
];

function checkModes(host: HostConfig): void {
  for (const [field, name, valid] of MODES) {
    const mode = host[field] ?? '';
    if (!valid.test(String(mode))) throw invalidParameter(`invalid ${name}: ${mode}`);
  }
  if (host.Isolation && host.Isolation !== 'default') {
    throw invalidParameter(`invalid isolation '${host.Isolation}' on linux`);
  }
}

const CONFLICT = 'conflicting options:';

/** A container that shares a network namespace cannot configure it. */
function checkSharedNetwork(config: ContainerConfig, host: HostConfig): void {
  const mode = host.NetworkMode ?? '';
  if (host.UTSMode === 'host' && config.Hostname) {
    throw invalidParameter(`${CONFLICT} hostname and the UTS mode`);
  }
  const links = (host.Links ?? []).length > 0;
  if (mode === 'host' && links) {
    throw invalidParameter(
      `${CONFLICT} host type networking can't be used with links. This would result in undefined behavior`,
    );
  }
  if (!mode.startsWith('container:')) return;
  const isSet = (list: object | readonly unknown[] | null | undefined) => Object.keys(list ?? {}).length > 0;
  const conflicts: readonly (readonly [boolean, string])[] = [
    [Boolean(config.Hostname), 'hostname and the network mode'],
    [links, "container type network can't be used with links. This would result in undefined behavior"],
    [isSet(host.Dns), 'dns and the network mode'],
    [isSet(host.ExtraHosts), 'custom host-to-IP mapping and the network mode'],
    [Boolean(config.MacAddress), 'mac-address and the network mode'],
    [
      isSet(host.PortBindings) || Boolean(host.PublishAllPorts),
      'port publishing and the container type network mode',
    ],
    [isSet(config.ExposedPorts), 'port exposing and the container type network mode'],
  ];
  const found = conflicts.find(([applies]) => applies);
  if (found) throw invalidParameter(`${CONFLICT} ${found[1]}`);
}

function assertUlimit({ Name: name, Soft: soft, Hard: hard }: Ulimit): void {
  if (!LIMIT_TYPES.has(name.toLowerCase())) throw invalidParameter(`invalid ulimit type: ${name}`);
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    throw invalidParameter(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
}

function assertExtraHost(entry: string): void {
  const at = entry.search(/[:=]/);
  const [name, address] = [entry.slice(0, Math.max(at, 0)), entry.slice(at + 1).replace(/^\[(.*)\]$/, '$1')];
  if (!name) throw invalidParameter(`bad format for add-host: "${entry}"`);
  if (address !== 'host-gateway' && !isIP(address)) {
    throw invalidParameter(`invalid IP address in add-host: "${address}"`);
  }
}

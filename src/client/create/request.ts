import type { ContainerConfig, ContainerCreateRequest, HostConfig } from '../../api/engine/containers.ts';
import type { HealthConfig } from '../../api/oci-image.ts';
import { invalidParameter } from '../../core/errors.ts';
import { splitPair } from '../flags.ts';
import { type MemberOf, memberReaders } from '../members.ts';
import { splitHost } from './checks.ts';
import { isCdiName, parseDevice, parseGpus, parseUlimit } from './devices.ts';
import type { CREATE_FLAGS, CreateFlags } from './flags.ts';
import { readEnvironment, readLabels } from './key-values.ts';
import { parseRestartPolicy, readCreateLimits } from './limits.ts';
import { parseMount, parseVolumes } from './mounts.ts';
import { readNetworks } from './networks.ts';
import { parsePublished } from './ports.ts';
import { checkMode, type ModeFlag, readCapabilities, readSecurity } from './security.ts';

/** The standard streams that the client connects to. */
export interface Streams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/**
 * The body of `POST /containers/create` for the flags of `run` and `create`. It omits what the user did not set, so
 * that the daemon's defaults apply.
 * @throws BargeError invalid-parameter in docker's words.
 */
export function createRequest(
  flags: CreateFlags,
  args: readonly string[],
  attach: Streams,
): ContainerCreateRequest {
  const [image = '', ...command] = args;
  const volumes = parseVolumes(flags.list('volume'));
  const ports = parsePublished(flags.list('publish'), flags.list('expose'));
  const networks = readNetworks(flags);
  const health = readHealth(flags);
  if (flags.bool('rm') && !['', 'no'].includes(flags.text('restart'))) {
    throw invalidParameter('conflicting options: cannot specify both --restart and --rm');
  }
  const host: HostConfig = {
    ...readHostNamespaces(flags),
    ...readHostStorage(flags),
    ...readHostOptions(flags),
    ...readSecurity(flags.list('security-opt')),
    ...readCreateLimits(flags),
    ...readDevices(flags),
    NetworkMode: networks.mode,
    ...(volumes.binds.length > 0 ? { Binds: volumes.binds } : {}),
    ...(Object.keys(ports.bindings).length > 0 ? { PortBindings: ports.bindings } : {}),
  };
  return {
    ...readConfig(flags, attach),
    Image: image,
    ...(command.length > 0 ? { Cmd: command } : {}),
    ...(Object.keys(volumes.volumes).length > 0 ? { Volumes: volumes.volumes } : {}),
    ...(Object.keys(ports.exposed).length > 0 ? { ExposedPorts: ports.exposed } : {}),
    ...(health ? { Healthcheck: health } : {}),
    HostConfig: host,
    ...(Object.keys(networks.endpoints).length > 0
      ? { NetworkingConfig: { EndpointsConfig: networks.endpoints } }
      : {}),
  };
}

const configMembers = (flags: CreateFlags) => memberReaders<ContainerConfig, typeof CREATE_FLAGS>(flags);
const hostMembers = (flags: CreateFlags) => memberReaders<HostConfig, typeof CREATE_FLAGS>(flags);

function readConfig(flags: CreateFlags, attach: Streams): ContainerConfig {
  const env = readEnvironment(flags.list('env-file'), flags.list('env'), process.env);
  const labels = readLabels(flags.list('label-file'), flags.list('label'));
  const stdin = flags.bool('interactive');
  const { text, made, number } = configMembers(flags);
  return {
    AttachStdin: attach.stdin,
    AttachStdout: attach.stdout,
    AttachStderr: attach.stderr,
    Tty: flags.bool('tty'),
    OpenStdin: stdin,
    StdinOnce: stdin && attach.stdin,
    ...text('hostname', 'Hostname'),
    ...text('domainname', 'Domainname'),
    ...text('user', 'User'),
    ...text('workdir', 'WorkingDir'),
    ...made('entrypoint', 'Entrypoint', () => [flags.text('entrypoint')]),
    ...text('stop-signal', 'StopSignal'),
    ...number('stop-timeout', 'StopTimeout'),
    ...(env.length > 0 ? { Env: env } : {}),
    ...(Object.keys(labels).length > 0 ? { Labels: labels } : {}),
  };
}

function readHealth(flags: CreateFlags): HealthConfig | undefined {
  const durations = [
    ['health-interval', 'Interval'],
    ['health-timeout', 'Timeout'],
    ['health-start-period', 'StartPeriod'],
    ['health-start-interval', 'StartInterval'],
  ] as const;
  const health: { -readonly [K in keyof HealthConfig]: HealthConfig[K] } = {};
  if (flags.text('health-cmd') !== '') health.Test = ['CMD-SHELL', flags.text('health-cmd')];
  for (const [flag, member] of durations) {
    if (!flags.has(flag)) continue;
    if (flags.number(flag) < 0) throw invalidParameter(`--${flag} cannot be negative`);
    health[member] = flags.number(flag);
  }
  if (flags.has('health-retries')) {
    if (flags.number('health-retries') < 0) throw invalidParameter('--health-retries cannot be negative');
    health.Retries = flags.number('health-retries');
  }
  const asked = Object.keys(health).length > 0;
  if (!flags.bool('no-healthcheck')) return asked ? health : undefined;
  if (asked) throw invalidParameter('--no-healthcheck conflicts with --health-* options');
  return { Test: ['NONE'] };
}

function readHostNamespaces(flags: CreateFlags): HostConfig {
  const { text, made } = hostMembers(flags);
  const mode = (flag: ModeFlag, member: MemberOf<HostConfig, string>) =>
    made(flag, member, () => checkMode(flag, flags.text(flag)));
  return {
    ...mode('pid', 'PidMode'),
    ...mode('uts', 'UTSMode'),
    ...mode('userns', 'UsernsMode'),
    ...mode('cgroupns', 'CgroupnsMode'),
    ...text('ipc', 'IpcMode'),
    ...text('cgroup-parent', 'CgroupParent'),
    ...text('isolation', 'Isolation'),
  };
}

function readHostStorage(flags: CreateFlags): HostConfig {
  const tmpfs = flags.list('tmpfs').map((value): [string, string] => {
    const colon = value.indexOf(':');
    return colon === -1 ? [value, ''] : [value.slice(0, colon), value.slice(colon + 1)];
  });
  const { list, made, number, text, truth } = hostMembers(flags);
  return {
    ...(flags.has('mount') ? { Mounts: flags.list('mount').map(parseMount) } : {}),
    ...(tmpfs.length > 0 ? { Tmpfs: Object.fromEntries(tmpfs) } : {}),
    ...text('volume-driver', 'VolumeDriver'),
    ...list('volumes-from', 'VolumesFrom'),
    ...truth('read-only', 'ReadonlyRootfs'),
    ...number('shm-size', 'ShmSize'),
    ...made('storage-opt', 'StorageOpt', () => pairs(flags.list('storage-opt'), 'invalid storage option')),
  };
}

function pairs(values: readonly string[], complaint: string): Record<string, string> {
  if (values.some((value) => !value.includes('='))) throw invalidParameter(complaint);
  return Object.fromEntries(values.map(splitPair));
}

function readHostOptions(flags: CreateFlags): HostConfig {
  const hosts = flags.list('add-host').map((value) => {
    const { name, address } = splitHost(value);
    return `${name}:${address}`;
  });
  const { list, made, map, number, text, truth } = hostMembers(flags);
  return {
    ...truth('rm', 'AutoRemove'),
    ...truth('privileged', 'Privileged'),
    ...truth('publish-all', 'PublishAllPorts'),
    ...truth('init', 'Init'),
    ...made('restart', 'RestartPolicy', () => parseRestartPolicy(flags.text('restart'))),
    ...text('cidfile', 'ContainerIDFile'),
    ...text('runtime', 'Runtime'),
    ...readCapabilities(flags.list('cap-add'), flags.list('cap-drop')),
    ...list('group-add', 'GroupAdd'),
    ...list('link', 'Links'),
    ...list('dns', 'Dns'),
    ...list('dns-option', 'DnsOptions'),
    ...list('dns-search', 'DnsSearch'),
    ...(hosts.length > 0 ? { ExtraHosts: hosts } : {}),
    ...map('annotation', 'Annotations'),
    ...map('sysctl', 'Sysctls'),
    ...number('oom-score-adj', 'OomScoreAdj'),
    ...readLogging(flags),
  };
}

function readLogging(flags: CreateFlags): HostConfig {
  if (!flags.has('log-driver') && !flags.has('log-opt')) return {};
  const driver = flags.text('log-driver');
  if (driver === 'none' && flags.has('log-opt')) {
    throw invalidParameter('invalid logging opts for driver none');
  }
  return { LogConfig: { Type: driver, Config: flags.map('log-opt') } };
}

function readDevices(flags: CreateFlags): HostConfig {
  const values = flags.list('device');
  const cdi = values.filter(isCdiName);
  const devices = values.filter((value) => !isCdiName(value)).map(parseDevice);
  const requests = [
    ...flags.list('gpus').map(parseGpus),
    ...(cdi.length > 0 ? [{ Driver: 'cdi', DeviceIDs: cdi }] : []),
  ];
  const { list, made } = hostMembers(flags);
  return {
    ...(devices.length > 0 ? { Devices: devices } : {}),
    ...(requests.length > 0 ? { DeviceRequests: requests } : {}),
    ...list('device-cgroup-rule', 'DeviceCgroupRules'),
    ...made('ulimit', 'Ulimits', () => flags.list('ulimit').map(parseUlimit)),
  };
}

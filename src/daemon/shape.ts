import { invalidParameter } from '../core/errors.ts';
import { isObject } from '../core/is-object.ts';

type Kind = 'string' | 'number' | 'boolean' | 'object' | 'strings' | 'list';

/** What kinds of values the fields of a body have; fields that are not named may hold anything. */
export interface Shape {
  readonly [field: string]: Kind | Shape;
}

const TESTS: Record<Kind, readonly [words: string, test: (value: unknown) => boolean]> = {
  string: ['a string', (value) => typeof value === 'string'],
  number: ['a number', (value) => typeof value === 'number'],
  boolean: ['true or false', (value) => typeof value === 'boolean'],
  object: ['an object', isObject],
  strings: [
    'a list of strings',
    (value) => Array.isArray(value) && value.every((v) => typeof v === 'string'),
  ],
  list: ['a list', Array.isArray],
};

/** Missing fields and null are fine. @throws BargeError invalid-parameter naming the field and what it takes. */
export function assertShape(body: unknown, shape: Shape, path = ''): void {
  if (!isObject(body)) throw invalidParameter(`invalid JSON: ${path || 'the body'} must be an object`);
  for (const [field, kind] of Object.entries(shape)) {
    const value = body[field];
    if (value === undefined || value === null) continue;
    const name = path ? `${path}.${field}` : field;
    if (typeof kind !== 'string') {
      assertShape(value, kind, name);
      continue;
    }
    const [words, test] = TESTS[kind];
    if (!test(value)) throw invalidParameter(`invalid JSON: ${name} must be ${words}`);
  }
}

const fields = (kind: Kind, ...names: string[]) => Object.fromEntries(names.map((name) => [name, kind]));

/** `POST /containers/create`: where a wrong type would otherwise be met deep inside. */
export const CREATE_SHAPE: Shape = {
  ...fields('string', 'Image', 'Hostname', 'Domainname', 'User', 'WorkingDir', 'StopSignal', 'MacAddress'),
  ...fields('strings', 'Cmd', 'Entrypoint', 'Env', 'Shell', 'OnBuild'),
  ...fields('object', 'Labels', 'ExposedPorts', 'Volumes', 'Healthcheck', 'NetworkingConfig'),
  ...fields('boolean', 'Tty', 'OpenStdin', 'StdinOnce', 'AttachStdin', 'AttachStdout', 'AttachStderr'),
  HostConfig: {
    ...fields('strings', 'Binds', 'CapAdd', 'CapDrop', 'Dns', 'DnsOptions', 'DnsSearch', 'ExtraHosts'),
    ...fields('strings', 'GroupAdd', 'SecurityOpt', 'VolumesFrom', 'MaskedPaths', 'ReadonlyPaths'),
    ...fields('list', 'Mounts', 'Devices', 'DeviceRequests', 'Ulimits'),
    ...fields('object', 'PortBindings', 'LogConfig', 'RestartPolicy', 'Tmpfs', 'Sysctls'),
    ...fields('number', 'Memory', 'MemorySwap', 'NanoCpus', 'CpuShares', 'CpuPeriod', 'CpuQuota', 'ShmSize'),
    ...fields('number', 'PidsLimit', 'OomScoreAdj', 'BlkioWeight'),
    ...fields('boolean', 'AutoRemove', 'Privileged', 'PublishAllPorts', 'ReadonlyRootfs', 'Init'),
    ...fields(
      'string',
      'NetworkMode',
      'IpcMode',
      'PidMode',
      'UTSMode',
      'CgroupnsMode',
      'CgroupParent',
      'Runtime',
    ),
  },
};

/** `POST /containers/{id}/update`. */
export const UPDATE_SHAPE: Shape = {
  ...fields('number', 'Memory', 'MemorySwap', 'MemoryReservation', 'NanoCpus', 'CpuShares', 'CpuPeriod'),
  ...fields('number', 'CpuQuota', 'CpuRealtimePeriod', 'CpuRealtimeRuntime', 'PidsLimit', 'BlkioWeight'),
  ...fields('string', 'CpusetCpus', 'CpusetMems'),
  RestartPolicy: { ...fields('string', 'Name'), ...fields('number', 'MaximumRetryCount') },
};

/** `POST /containers/{id}/exec`. */
export const EXEC_SHAPE: Shape = {
  ...fields('strings', 'Cmd', 'Env'),
  ...fields('string', 'User', 'WorkingDir', 'DetachKeys'),
  ...fields('boolean', 'Tty', 'AttachStdin', 'AttachStdout', 'AttachStderr', 'Privileged'),
  ...fields('list', 'ConsoleSize'),
};

/** `POST /exec/{id}/start`. */
export const EXEC_START_SHAPE: Shape = {
  ...fields('boolean', 'Detach', 'Tty'),
  ...fields('list', 'ConsoleSize'),
};

/** `POST /networks/create`. */
export const NETWORK_SHAPE: Shape = {
  ...fields('string', 'Name', 'Driver', 'Scope'),
  ...fields('boolean', 'Internal', 'Attachable', 'Ingress', 'ConfigOnly', 'EnableIPv4', 'EnableIPv6'),
  ...fields('object', 'Options', 'Labels', 'ConfigFrom'),
  IPAM: { Driver: 'string', Options: 'object', Config: 'list' },
};

/** `POST /networks/{id}/connect` and `/disconnect`. */
export const CONNECT_SHAPE: Shape = {
  Container: 'string',
  Force: 'boolean',
  EndpointConfig: {
    ...fields('strings', 'Links', 'Aliases'),
    ...fields('object', 'DriverOpts'),
    MacAddress: 'string',
    GwPriority: 'number',
    IPAMConfig: { IPv4Address: 'string', IPv6Address: 'string', LinkLocalIPs: 'strings' },
  },
};

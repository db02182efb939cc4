import type {
  ContainerConfig,
  ContainerCreateRequest,
  DeviceMapping,
  DeviceRequest,
  HostConfig,
  Resources,
  RestartPolicy,
  ThrottleDevice,
  Ulimit,
} from '../../api/engine/containers.ts';
import type { PortBinding } from '../../api/engine/networks.ts';
import type { MountRequest } from '../../api/engine/volumes.ts';
import type { HealthConfig } from '../../api/oci-image.ts';
import { NETWORKING_CONFIG } from './network.ts';
import { flag, integer, list, type Members, map, object, pair, text, words, zeroed } from './schema.ts';
import type { UpdateRequest } from './update.ts';

const HEALTHCHECK = object<HealthConfig>('HealthcheckConfig', {
  Test: list(text()),
  Interval: integer(),
  Timeout: integer(),
  StartPeriod: integer(),
  StartInterval: integer(),
  Retries: integer('int'),
});

/** The value of a port or a volume in a map of them: an empty object. */
const nothing = () => map(object<object>('struct {}', {}));

const CONFIG: Members<ContainerConfig> = {
  Hostname: text(),
  Domainname: text(),
  User: text(),
  AttachStdin: flag(),
  AttachStdout: flag(),
  AttachStderr: flag(),
  ExposedPorts: nothing(),
  Tty: flag(),
  OpenStdin: flag(),
  StdinOnce: flag(),
  Env: list(text()),
  Cmd: words(),
  Healthcheck: HEALTHCHECK,
  ArgsEscaped: flag(),
  Image: text(),
  Volumes: nothing(),
  WorkingDir: text(),
  Entrypoint: words(),
  NetworkDisabled: flag(),
  MacAddress: text(),
  OnBuild: list(text()),
  Labels: map(text()),
  StopSignal: text(),
  StopTimeout: integer('int'),
  Shell: words(),
};

const throttles = () =>
  list(object<ThrottleDevice>('ThrottleDevice', { Path: zeroed(text()), Rate: zeroed(integer('uint64')) }));

const DEVICE = object<DeviceMapping>('DeviceMapping', {
  PathOnHost: zeroed(text()),
  PathInContainer: text(),
  CgroupPermissions: text(),
});

const DEVICE_REQUEST = object<DeviceRequest>('DeviceRequest', {
  Driver: text(),
  Count: integer('int'),
  DeviceIDs: list(text()),
  Capabilities: list(list(text())),
  Options: map(text()),
});

export const ULIMITS = list(
  object<Ulimit>('Ulimit', {
    Name: zeroed(text()),
    Soft: zeroed(integer()),
    Hard: zeroed(integer()),
  }),
);

const RESOURCES: Members<Resources> = {
  CpuShares: integer(),
  Memory: integer(),
  CgroupParent: text(),
  BlkioWeight: integer('uint16'),
  BlkioWeightDevice: list(
    object('WeightDevice', { Path: zeroed(text()), Weight: zeroed(integer('uint16')) }),
  ),
  BlkioDeviceReadBps: throttles(),
  BlkioDeviceWriteBps: throttles(),
  BlkioDeviceReadIOps: throttles(),
  BlkioDeviceWriteIOps: throttles(),
  CpuPeriod: integer(),
  CpuQuota: integer(),
  CpuRealtimePeriod: integer(),
  CpuRealtimeRuntime: integer(),
  CpusetCpus: text(),
  CpusetMems: text(),
  Devices: list(DEVICE),
  DeviceCgroupRules: list(text()),
  DeviceRequests: list(DEVICE_REQUEST),
  KernelMemoryTCP: integer(),
  MemoryReservation: integer(),
  MemorySwap: integer(),
  MemorySwappiness: integer(),
  NanoCpus: integer(),
  OomKillDisable: flag(),
  Init: flag(),
  PidsLimit: integer(),
  Ulimits: ULIMITS,
  CpuCount: integer(),
  CpuPercent: integer(),
  IOMaximumIOps: integer('uint64'),
  IOMaximumBandwidth: integer('uint64'),
};

const MOUNT = object<MountRequest>('Mount', {
  Type: zeroed(text()),
  Source: text(),
  Target: zeroed(text()),
  ReadOnly: flag(),
  Consistency: text(),
  BindOptions: object<NonNullable<MountRequest['BindOptions']>>('BindOptions', {
    Propagation: text(),
    NonRecursive: flag(),
    CreateMountpoint: flag(),
    ReadOnlyNonRecursive: flag(),
    ReadOnlyForceRecursive: flag(),
  }),
  VolumeOptions: object<NonNullable<MountRequest['VolumeOptions']>>('VolumeOptions', {
    NoCopy: flag(),
    Labels: map(text()),
    DriverConfig: object('Driver', { Name: text(), Options: map(text()) }),
    Subpath: text(),
  }),
  TmpfsOptions: object<NonNullable<MountRequest['TmpfsOptions']>>('TmpfsOptions', {
    SizeBytes: integer(),
    Mode: integer('uint32'),
    Options: list(list(text())),
  }),
  ImageOptions: object('ImageOptions', { Subpath: text() }),
  ClusterOptions: object<object>('ClusterOptions', {}),
});

const RESTART_POLICY = object<RestartPolicy>('RestartPolicy', {
  Name: text(),
  MaximumRetryCount: integer('int'),
});

const PORT_BINDING = object<PortBinding>('PortBinding', { HostIp: text(), HostPort: text() });

const HOST_CONFIG = object<HostConfig>('HostConfig', {
  ...RESOURCES,
  Binds: list(text()),
  ContainerIDFile: text(),
  LogConfig: object('LogConfig', { Type: text(), Config: map(text()) }),
  NetworkMode: text(),
  PortBindings: map(list(PORT_BINDING)),
  RestartPolicy: RESTART_POLICY,
  AutoRemove: flag(),
  VolumeDriver: text(),
  VolumesFrom: list(text()),
  Mounts: list(MOUNT),
  ConsoleSize: pair(),
  Annotations: map(text()),
  CapAdd: words(),
  CapDrop: words(),
  CgroupnsMode: text(),
  Dns: list(text()),
  DnsOptions: list(text()),
  DnsSearch: list(text()),
  ExtraHosts: list(text()),
  GroupAdd: list(text()),
  IpcMode: text(),
  Cgroup: text(),
  Links: list(text()),
  OomScoreAdj: integer('int'),
  PidMode: text(),
  Privileged: flag(),
  PublishAllPorts: flag(),
  ReadonlyRootfs: flag(),
  SecurityOpt: list(text()),
  StorageOpt: map(text()),
  Tmpfs: map(text()),
  UTSMode: text(),
  UsernsMode: text(),
  ShmSize: integer(),
  Sysctls: map(text()),
  Runtime: text(),
  Umask: integer('uint32'),
  Isolation: text(),
  MaskedPaths: list(text()),
  ReadonlyPaths: list(text()),
});

/** `POST /containers/create`. */
export const CREATE = object<ContainerCreateRequest>('CreateRequest', {
  ...CONFIG,
  HostConfig: HOST_CONFIG,
  NetworkingConfig: NETWORKING_CONFIG,
});

/** `POST /commit`. */
export const COMMIT = object<ContainerConfig>('Config', CONFIG);

/** `POST /containers/{id}/update`. */
export const UPDATE = object<UpdateRequest>('UpdateConfig', {
  ...RESOURCES,
  RestartPolicy: RESTART_POLICY,
});

import type { UlimitSpec } from './resource-spec.ts';

/** What the daemon's settings give to containers that do not say otherwise. Read anew for each container. */
export interface ContainerDefaults {
  logDriver: string;
  logOptions: Readonly<Record<string, string>>;
  ulimits: readonly UlimitSpec[];
  /** Bytes of /dev/shm. */
  shmSize: number;
  ipcMode: string;
  /** undefined: `private` on pure cgroup v2, else `host`. */
  cgroupnsMode?: string;
  init: boolean;
  noNewPrivileges: boolean;
  /** JSON of a seccomp profile, or `unconfined`; undefined: the machine's. */
  seccomp?: string;
  /** Further OCI runtimes by name. */
  runtimes: Readonly<Record<string, RuntimeSetting>>;
  /** Directories with CDI specifications, the later ones first in force. */
  cdiDirectories: readonly string[];
  dns: readonly string[];
  dnsOptions: readonly string[];
  dnsSearch: readonly string[];
  /** What `host-gateway` stands for; empty: the gateway of the default network. */
  hostGatewayIps: readonly string[];
}

export interface RuntimeSetting {
  readonly path: string;
  readonly runtimeArgs?: readonly string[];
}

export const DEFAULT_SHM_SIZE = 64 << 20;

export function containerDefaults(settings: Partial<ContainerDefaults> = {}): ContainerDefaults {
  return {
    logDriver: 'json-file',
    logOptions: {},
    ulimits: [],
    shmSize: DEFAULT_SHM_SIZE,
    ipcMode: 'private',
    init: false,
    noNewPrivileges: false,
    runtimes: {},
    cdiDirectories: ['/etc/cdi', '/var/run/cdi'],
    dns: [],
    dnsOptions: [],
    dnsSearch: [],
    hostGatewayIps: [],
    ...settings,
  };
}

import type { ContainerConfig, HostConfig } from '../api/engine/containers.ts';
import type { EndpointSettings, PortMap } from '../api/engine/networks.ts';

type Texts = readonly string[];
type Dictionary = Readonly<Record<string, string>>;

/**
 * What a container is to be, in terms of ours: whoever creates one (the Engine API, a build's step, later the CRI) has
 * decided every default. A member is optional only where its absence means something of its own.
 */
export interface ContainerSpec {
  readonly process: ProcessSpec;
  /** Empty: none, or that of the UTS namespace which the container shares. */
  readonly hostname: string;
  readonly domainname: string;
  readonly labels: Dictionary;
  /** Passed on to the runtime. */
  readonly annotations: Dictionary;
  readonly network: NetworkSpec;
  readonly names: NameSpec;
  readonly ports: PortSpec;
  readonly namespaces: NamespaceSpec;
  readonly security: SecuritySpec;
  readonly limits: LimitSpec;
  readonly devices: DeviceSpec;
  readonly storage: StorageSpec;
  readonly sysctls: Dictionary;
  readonly log: LogSpec;
  readonly health: HealthSpec;
  readonly restart: RestartSpec;
  readonly stop: StopSpec;
  /** Remove the container when it ends. */
  readonly autoRemove: boolean;
  /** Name of the OCI runtime; empty: the daemon's default. */
  readonly runtime: string;
  readonly asGiven: AsGiven;
}

export interface ProcessSpec {
  /** The arguments are those of `entrypoint`, then those of `command`. */
  readonly entrypoint: Texts;
  readonly command: Texts;
  /** `NAME=value`; a name alone is not set. */
  readonly env: Texts;
  /** An absolute path; empty: the root. */
  readonly directory: string;
  /** `name`, `uid`, `name:group`, …, looked up in the container; empty: root. */
  readonly user: string;
  /** Names or ids of further groups. */
  readonly groups: Texts;
  readonly tty: boolean;
  /** Of the terminal at the start; 0 by 0: unknown. */
  readonly consoleSize: { readonly height: number; readonly width: number };
  /** Standard input is open. */
  readonly stdin: boolean;
  /** Standard input ends with the first reader that leaves. */
  readonly stdinOnce: boolean;
  /** Begins the argument list of a health check that is a shell's command. */
  readonly shell: Texts;
  /** Run as a child of a small process 1 that reaps. */
  readonly init: boolean;
  /** -1000 to 1000, relative to nothing: the kernel's oom_score_adj. */
  readonly oomScoreAdjustment: number;
  /** Absent: the runtime's own. */
  readonly umask?: number;
}

export type NetworkMode =
  | { readonly kind: 'bridge' }
  | { readonly kind: 'host' }
  | { readonly kind: 'none' }
  /** The network namespace of another container, by id or name. */
  | { readonly kind: 'container'; readonly container: string }
  | { readonly kind: 'named'; readonly name: string };

export interface NetworkSpec {
  readonly mode: NetworkMode;
  /** Places on networks, by the network's name. Only `bridge` and `named` have some that are used. */
  readonly endpoints: Readonly<Record<string, EndpointSpec>>;
  /** Hardware address of the first endpoint, unless it has one of its own; empty: any. */
  readonly mac: string;
  /** A namespace without any endpoint, whatever the mode. */
  readonly disabled: boolean;
}

/** What a container asks of one network. Addresses without a prefix; empty: any. */
export interface EndpointSpec {
  /** Of the network when the endpoint was asked for; empty: there was no such network yet. */
  readonly networkId: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly linkLocal: Texts;
  readonly mac: string;
  readonly aliases: Texts;
  readonly links: readonly Link[];
  readonly driverOptions: Dictionary;
  /** The endpoint with the highest one has the default route. */
  readonly priority: number;
  /** As `AsGiven`. */
  readonly asGiven: EndpointSettings;
}

/** A container's own name for another one. */
export interface Link {
  readonly target: string;
  readonly alias: string;
}

/** How the container resolves names. Empty lists of `dns…`: the daemon's settings. */
export interface NameSpec {
  readonly dnsServers: Texts;
  readonly dnsSearch: Texts;
  readonly dnsOptions: Texts;
  /** Lines of /etc/hosts; the address `host-gateway` is the host as the container sees it. */
  readonly hosts: readonly { readonly name: string; readonly address: string }[];
  readonly links: readonly Link[];
}

export interface PortSpec {
  /** `80/tcp`; `80` is TCP. */
  readonly exposed: Texts;
  readonly published: PortMap;
  /** Publish every exposed port, on any port of the host. */
  readonly publishAll: boolean;
}

/** A namespace of the container's own, or the host's. */
export type OwnOrHost = { readonly kind: 'private' } | { readonly kind: 'host' };
/** The namespace of another container, by id or name. */
export interface OfContainer {
  readonly kind: 'container';
  readonly container: string;
}

export interface NamespaceSpec {
  readonly pid: OwnOrHost | OfContainer;
  /** `none`: private and without /dev/shm; `shareable`: private, and other containers may join. */
  readonly ipc: OwnOrHost | OfContainer | { readonly kind: 'none' } | { readonly kind: 'shareable' };
  readonly uts: OwnOrHost;
  readonly cgroup: OwnOrHost;
}

export type SeccompSpec =
  /** The daemon's setting; none for a privileged container. */
  | { readonly kind: 'default' }
  | { readonly kind: 'unconfined' }
  | { readonly kind: 'builtin' }
  /** JSON of a profile in Docker's form. */
  | { readonly kind: 'profile'; readonly json: string };

export type AppArmorSpec =
  /** Barge's own profile; none for a privileged container. */
  | { readonly kind: 'default' }
  | { readonly kind: 'unconfined' }
  | { readonly kind: 'profile'; readonly name: string };

export interface SecuritySpec {
  readonly privileged: boolean;
  /** `CAP_…`, or `CAP_ALL`. */
  readonly capabilities: { readonly add: Texts; readonly drop: Texts };
  /** Absent: the daemon's setting. */
  readonly noNewPrivileges?: boolean;
  readonly seccomp: SeccompSpec;
  readonly appArmor: AppArmorSpec;
  /** The cgroup file system of the container can be written to. */
  readonly writableCgroups: boolean;
  /** Paths of the kernel's file systems that are hidden, or read-only. A privileged container has none. */
  readonly maskedPaths: Texts;
  readonly readonlyPaths: Texts;
}

export interface UlimitSpec {
  /** As in setrlimit(2), without RLIMIT_. */
  readonly name: string;
  /** -1: unlimited. */
  readonly soft: number;
  readonly hard: number;
}

export interface DeviceWeight {
  /** Path of a block device of the host. */
  readonly path: string;
  readonly weight: number;
}

export interface DeviceRate {
  readonly path: string;
  /** Bytes or requests a second. */
  readonly rate: number;
}

/** Limits of resources. 0 and empty: none. */
export interface LimitSpec {
  /** The cgroup that the container's is made below; empty: the daemon's. */
  readonly cgroupParent: string;
  /** Bytes. */
  readonly memory: number;
  readonly memoryReservation: number;
  /** Bytes of memory and swap together; -1: no limit; 0: as much swap as memory. */
  readonly memorySwap: number;
  /** 0 to 100; absent: the kernel's. */
  readonly memorySwappiness?: number;
  readonly disableOomKiller: boolean;
  /** Weight against other containers; 1024 is the usual one. */
  readonly cpuShares: number;
  /** Microseconds; a negative quota is none. */
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  /** Billionths of a CPU. */
  readonly nanoCpus: number;
  /** Microseconds. */
  readonly cpuRealtimePeriod: number;
  readonly cpuRealtimeRuntime: number;
  /** Lists such as `0-2,5`. */
  readonly cpus: string;
  readonly memoryNodes: string;
  /** Number of processes and threads. */
  readonly pids: number;
  /** 10 to 1000. */
  readonly blockWeight: number;
  readonly blockWeightDevices: readonly DeviceWeight[];
  readonly blockReadBytes: readonly DeviceRate[];
  readonly blockWriteBytes: readonly DeviceRate[];
  readonly blockReadRequests: readonly DeviceRate[];
  readonly blockWriteRequests: readonly DeviceRate[];
  readonly ulimits: readonly UlimitSpec[];
}

export interface DeviceSpec {
  readonly mapped: readonly MappedDevice[];
  /** Rules of the devices cgroup, such as `c 42:* rwm`. */
  readonly rules: Texts;
  readonly requests: readonly RequestedDevice[];
}

export interface MappedDevice {
  readonly hostPath: string;
  readonly path: string;
  /** Letters of `rwm`. */
  readonly access: string;
}

/** Devices that the Container Device Interface describes. */
export interface RequestedDevice {
  /** `cdi`, `nvidia`, or empty for any that has the capabilities. */
  readonly driver: string;
  /** -1: all. */
  readonly count: number;
  readonly ids: Texts;
  /** Each list is an alternative. */
  readonly capabilities: readonly Texts[];
}

export interface StorageSpec {
  readonly readonlyRootfs: boolean;
  /** Bytes of /dev/shm. */
  readonly shmSize: number;
}

export interface LogSpec {
  readonly driver: string;
  readonly options: Dictionary;
}

export type HealthSpec =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'probe';
      readonly command:
        | { readonly kind: 'arguments'; readonly args: Texts }
        /** For the shell of `ProcessSpec`. */
        | { readonly kind: 'shell'; readonly script: string };
      /** Nanoseconds. */
      readonly interval: number;
      readonly timeout: number;
      readonly startPeriod: number;
      readonly startInterval: number;
      /** Failures in a row that make a container unhealthy. */
      readonly retries: number;
    };

export type RestartSpec =
  | { readonly kind: 'no' }
  | { readonly kind: 'always' }
  | { readonly kind: 'unless-stopped' }
  /** @property maxRetries 0: no limit. */
  | { readonly kind: 'on-failure'; readonly maxRetries: number };

export interface StopSpec {
  /** Name or number. */
  readonly signal: string;
  /** Seconds until SIGKILL, -1: never; absent: nobody chose, and the daemon need not wait in vain. */
  readonly timeout?: number;
}

/**
 * Members of a request to the Engine API that the spec does not say in the same words: an empty list where none was
 * needed, a capability in lower case, what has no effect here. `inspect` shows them again; nothing acts on them.
 */
export interface AsGiven {
  readonly config: ContainerConfig;
  readonly host: HostConfig;
}

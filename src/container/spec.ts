import type { ContainerConfig, HostConfig } from '../api/engine/containers.ts';
import type { NameSpec, NetworkSpec, OfContainer, PortSpec } from './network-spec.ts';
import type { DeviceSpec, LimitSpec } from './resource-spec.ts';

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
  /** -1000 to 1000, as in /proc/PID/oom_score_adj. */
  readonly oomScoreAdjustment: number;
  /** Absent: the runtime's own. */
  readonly umask?: number;
}

/** A namespace of the container's own, or the host's. */
export type OwnOrHost = { readonly kind: 'private' } | { readonly kind: 'host' };

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

interface StorageSpec {
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

interface StopSpec {
  /** Name or number. */
  readonly signal: string;
  /** Seconds until SIGKILL, -1: never; absent: nobody chose, and the daemon need not wait in vain. */
  readonly timeout?: number;
}

/**
 * Members of a request to the Engine API that the spec does not say in the same words: an empty list where none was
 * needed, a capability in lower case, what has no effect here. `inspect` shows them again, and `commit` hands them on to
 * the image; nothing else reads them.
 */
interface AsGiven {
  readonly config: ContainerConfig;
  readonly host: HostConfig;
}

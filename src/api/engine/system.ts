import type { ExactInteger } from '../../core/exact-integer.ts';

/**
 * Bodies of the Docker Engine API (v1.24 to v1.56) that client and daemon share, one file per subject. Member names are
 * the API's own. Times are RFC 3339 text, durations nanoseconds, sizes bytes, unless a member says otherwise.
 */

export const API_VERSION = '1.56';
export const MIN_API_VERSION = '1.24';

/** One line of the JSON stream of pull, push, build, import and load. */
export interface ProgressMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly progress?: string;
  readonly progressDetail?: {
    readonly current?: number;
    readonly total?: number;
    readonly units?: string;
    readonly hidecounts?: boolean;
  };
  readonly error?: string;
  readonly errorDetail?: { readonly code?: number; readonly message: string };
  readonly aux?: unknown;
}

export interface EventMessage {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: 'local' | 'swarm';
  /** Unix seconds. */
  readonly time: number;
  readonly timeNano: ExactInteger;
  readonly status?: string;
  readonly id?: string;
  readonly from?: string;
}

interface VersionComponent {
  readonly Name: string;
  readonly Version: string;
  readonly Details?: Readonly<Record<string, string>>;
}

/** Response of `GET /version`. */
export interface VersionInfo {
  readonly Platform: { readonly Name: string };
  readonly Components: readonly VersionComponent[];
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion: string;
  readonly GitCommit: string;
  readonly GoVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly KernelVersion: string;
  readonly BuildTime: string;
}

/** `X-Registry-Auth` after decoding, and the body of `POST /auth`. */
export interface AuthConfig {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly serveraddress?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** Docker's stream framing (`application/vnd.docker.multiplexed-stream`): the first byte of a frame header. */
export const STREAM = { stdin: 0, stdout: 1, stderr: 2, systemError: 3 } as const;
export const MULTIPLEXED_STREAM = 'application/vnd.docker.multiplexed-stream';
export const RAW_STREAM = 'application/vnd.docker.raw-stream';

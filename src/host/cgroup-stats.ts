import type { ExactInteger } from '../core/exact-integer.ts';

/** What a cgroup's processes use, with the members that its version of control groups has. */
export interface CgroupUsage {
  /** Nanoseconds. */
  readonly cpu: {
    readonly total: ExactInteger;
    readonly user: ExactInteger;
    readonly kernel: ExactInteger;
    /** By CPU; v1 only. */
    readonly perCpu?: readonly ExactInteger[];
    readonly periods: ExactInteger;
    readonly throttledPeriods: ExactInteger;
    readonly throttledTime: ExactInteger;
  };
  /** Bytes. */
  readonly memory: {
    readonly usage: ExactInteger;
    /** Infinity without one. */
    readonly limit: number;
    readonly detail: Readonly<Record<string, ExactInteger>>;
    /** v1 only. */
    readonly maxUsage?: ExactInteger;
    readonly failures?: ExactInteger;
  };
  readonly pids: { readonly current: number; readonly limit: number };
  readonly blockBytes: readonly BlockCount[];
  /** Requests; v1 only. */
  readonly blockRequests?: readonly BlockCount[];
}

export interface BlockCount {
  readonly major: number;
  readonly minor: number;
  readonly op: string;
  readonly value: ExactInteger;
}

export interface InterfaceCounters {
  readonly rx_bytes: ExactInteger;
  readonly rx_packets: ExactInteger;
  readonly rx_errors: ExactInteger;
  readonly rx_dropped: ExactInteger;
  readonly tx_bytes: ExactInteger;
  readonly tx_packets: ExactInteger;
  readonly tx_errors: ExactInteger;
  readonly tx_dropped: ExactInteger;
}

import { shortId } from '../../core/ids.ts';
import { formatBinaryBytes, formatBytes } from '../../core/units.ts';
import type { Fields, Listing } from '../format/listing.ts';

/** Members of `GET /containers/{id}/stats` that the table shows. */
export interface ContainerStats {
  readonly id?: string;
  readonly name?: string;
  readonly cpu_stats?: CpuStats;
  readonly precpu_stats?: CpuStats;
  readonly memory_stats?: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>>;
  };
  readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>>;
  readonly blkio_stats?: {
    readonly io_service_bytes_recursive?: readonly { readonly op: string; readonly value: number }[] | null;
  };
  readonly pids_stats?: { readonly current?: number };
}

interface CpuStats {
  readonly cpu_usage?: { readonly total_usage?: number; readonly percpu_usage?: readonly number[] | null };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

export const STATS_LISTING: Listing = {
  typeName: '*container.statsContext',
  headings: {
    Container: 'CONTAINER',
    ID: 'CONTAINER ID',
    Name: 'NAME',
    CPUPerc: 'CPU %',
    MemUsage: 'MEM USAGE / LIMIT',
    MemPerc: 'MEM %',
    NetIO: 'NET I/O',
    BlockIO: 'BLOCK I/O',
    PIDs: 'PIDS',
  },
  columns: ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'],
};

export function statsFields(asked: string, stats: ContainerStats, truncate: boolean): Fields {
  const id = stats.id ?? asked;
  const memory = memoryUsed(stats);
  const limit = stats.memory_stats?.limit ?? 0;
  const networks = Object.values(stats.networks ?? {});
  const received = networks.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0);
  const sent = networks.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0);
  return {
    Container: asked,
    ID: truncate ? shortId(id) : id,
    Name: (stats.name ?? '').replace(/^\//, ''),
    CPUPerc: `${cpuPercent(stats).toFixed(2)}%`,
    MemUsage: `${formatBinaryBytes(memory)} / ${formatBinaryBytes(limit)}`,
    MemPerc: `${(limit > 0 ? (memory / limit) * 100 : 0).toFixed(2)}%`,
    NetIO: `${formatBytes(received)} / ${formatBytes(sent)}`,
    BlockIO: `${formatBytes(blockBytes(stats, 'read'))} / ${formatBytes(blockBytes(stats, 'write'))}`,
    PIDs: String(stats.pids_stats?.current ?? 0),
  };
}

/** The row of a container that has sent no sample yet, or will send no more. */
export function unknownFields(asked: string, truncate: boolean): Fields {
  const isId = /^[0-9a-f]{64}$/.test(asked);
  return {
    Container: asked,
    ID: isId && truncate ? shortId(asked) : isId ? asked : '--',
    Name: isId ? '--' : asked,
    CPUPerc: '--',
    MemUsage: '-- / --',
    MemPerc: '--',
    NetIO: '--',
    BlockIO: '--',
    PIDs: '--',
  };
}

/** Share of one CPU between the two samples of the response. */
function cpuPercent({ cpu_stats: now, precpu_stats: before }: ContainerStats): number {
  const used = (now?.cpu_usage?.total_usage ?? 0) - (before?.cpu_usage?.total_usage ?? 0);
  const passed = (now?.system_cpu_usage ?? 0) - (before?.system_cpu_usage ?? 0);
  const cpus = now?.online_cpus || now?.cpu_usage?.percpu_usage?.length || 1;
  return used > 0 && passed > 0 ? (used / passed) * cpus * 100 : 0;
}

/** Memory in use without the page cache that can be dropped: cgroup v1's name for it, else v2's. */
function memoryUsed({ memory_stats: memory }: ContainerStats): number {
  const usage = memory?.usage ?? 0;
  const cache = memory?.stats?.total_inactive_file ?? memory?.stats?.inactive_file ?? 0;
  return cache < usage ? usage - cache : usage;
}

function blockBytes({ blkio_stats }: ContainerStats, operation: string): number {
  return (blkio_stats?.io_service_bytes_recursive ?? [])
    .filter(({ op }) => op.toLowerCase() === operation)
    .reduce((sum, { value }) => sum + value, 0);
}

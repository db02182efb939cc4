import type { ContainerSummary } from '../../api/engine/containers.ts';
import type { ImageSummary } from '../../api/engine/images.ts';
import type { Volume } from '../../api/engine/volumes.ts';
import type { Fields } from '../format/listing.ts';
import { exactSize } from '../format/text.ts';

export interface CacheRecord {
  readonly ID: string;
  readonly Type: string;
  readonly Size: number;
  readonly InUse: boolean;
  readonly Shared: boolean;
  readonly Description?: string;
  readonly CreatedAt?: string;
  readonly LastUsedAt?: string | null;
  readonly UsageCount?: number;
}

/** Response of `GET /system/df`. */
export interface DiskUsage {
  /** Bytes of all layers, shared ones counted once. */
  readonly LayersSize?: number;
  readonly Images?: readonly ImageSummary[] | null;
  readonly Containers?: readonly ContainerSummary[] | null;
  readonly Volumes?: readonly Volume[] | null;
  readonly BuildCache?: readonly CacheRecord[] | null;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** One row per kind of object. */
export function summaryRows(usage: DiskUsage): Fields[] {
  const images = usage.Images ?? [];
  const containers = usage.Containers ?? [];
  const volumes = usage.Volumes ?? [];
  const cache = usage.BuildCache ?? [];
  const usedImages = images.filter((image) => image.Containers > 0);
  const usedImageBytes = sum(usedImages.map(({ Size, SharedSize }) => Size - Math.max(0, SharedSize)));
  const layers = usage.LayersSize ?? sum(images.map(({ Size }) => Size));
  const active = containers.filter(({ State }) => ['running', 'paused', 'restarting'].includes(State));
  const containerBytes = (list: readonly ContainerSummary[]) => sum(list.map(({ SizeRw = 0 }) => SizeRw));
  const usedVolumes = volumes.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) > 0);
  const volumeBytes = (list: readonly Volume[]) =>
    sum(list.map(({ UsageData }) => Math.max(0, UsageData?.Size ?? 0)));
  const inUse = cache.filter((record) => record.InUse);
  const cacheBytes = (list: readonly CacheRecord[]) =>
    sum(list.filter((one) => !one.Shared).map(({ Size }) => Size));
  return [
    row('Images', images.length, usedImages.length, layers, layers - usedImageBytes),
    row(
      'Containers',
      containers.length,
      active.length,
      containerBytes(containers),
      containerBytes(containers) - containerBytes(active),
    ),
    row(
      'Local Volumes',
      volumes.length,
      usedVolumes.length,
      volumeBytes(volumes),
      volumeBytes(volumes) - volumeBytes(usedVolumes),
    ),
    row('Build Cache', cache.length, inUse.length, cacheBytes(cache), cacheBytes(cache) - cacheBytes(inUse)),
  ];
}

function row(type: string, total: number, active: number, size: number, reclaimable: number): Fields {
  const share = size > 0 && type !== 'Build Cache' ? ` (${Math.floor((reclaimable * 100) / size)}%)` : '';
  return {
    Type: type,
    TotalCount: String(total),
    Active: String(active),
    Size: exactSize(size),
    Reclaimable: `${exactSize(reclaimable)}${share}`,
  };
}

import type { ContainerSummary, ImageSummary } from '../../spec/engine.ts';
import { CONTAINER_LISTING, containerFields } from '../containers/listing.ts';
import { type Fields, renderListing } from '../format/listing.ts';
import { renderTable } from '../format/table.ts';
import { exactSize } from '../format/text.ts';
import { IMAGE_LISTING, imageFields } from '../images/listing.ts';
import type { Volume } from '../volumes/volume.ts';

interface CacheRecord {
  readonly ID: string;
  readonly Type: string;
  readonly Size: number;
  readonly InUse: boolean;
  readonly Shared: boolean;
}

/** Answer of `GET /system/df`. */
export interface DiskUsage {
  /** Bytes of all layers, shared ones once. */
  readonly LayersSize?: number;
  readonly Images?: readonly ImageSummary[] | null;
  readonly Containers?: readonly ContainerSummary[] | null;
  readonly Volumes?: readonly Volume[] | null;
  readonly BuildCache?: readonly CacheRecord[] | null;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** One row a kind of object. */
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

/** Every object with what it takes. @param now milliseconds since 1970 */
export function verboseText(usage: DiskUsage, now: number): string {
  const images = {
    ...IMAGE_LISTING,
    columns: ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size', 'SharedSize', 'UniqueSize', 'Containers'],
  };
  const containers = {
    ...CONTAINER_LISTING,
    columns: ['ID', 'Image', 'Command', 'LocalVolumes', 'Size', 'RunningFor', 'Status', 'Names'],
  };
  const imageRows = (usage.Images ?? []).flatMap((image) =>
    imageFields(image, { truncate: true, digests: false, now }),
  );
  const containerRows = (usage.Containers ?? []).map((one) => containerFields(one, { truncate: true, now }));
  const volumeRows = (usage.Volumes ?? []).map(({ Name, UsageData }) => [
    Name,
    String(UsageData?.RefCount ?? 'N/A'),
    UsageData ? exactSize(Math.max(0, UsageData.Size)) : 'N/A',
  ]);
  const cacheRows = (usage.BuildCache ?? []).map((one) => [
    one.ID.slice(0, 12),
    one.Type,
    exactSize(one.Size),
    String(one.InUse),
  ]);
  return [
    `Images space usage:\n\n${renderListing(images, '', imageRows)}`,
    `Containers space usage:\n\n${renderListing(containers, '', containerRows)}`,
    `Local Volumes space usage:\n\n${renderTable([['VOLUME NAME', 'LINKS', 'SIZE'], ...volumeRows])}`,
    `Build cache usage:\n\n${renderTable([['CACHE ID', 'CACHE TYPE', 'SIZE', 'IN USE'], ...cacheRows])}`,
  ].join('\n');
}

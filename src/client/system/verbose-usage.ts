import type { Volume } from '../../api/engine/volumes.ts';
import { shortId } from '../../core/ids.ts';
import { formatDuration } from '../../core/units.ts';
import { CONTAINER_LISTING, containerFields } from '../containers/listing.ts';
import { type Fields, type Listing, renderListing } from '../format/listing.ts';
import { exactSize, formatLabels } from '../format/text.ts';
import { IMAGE_LISTING, imageFields } from '../images/listing.ts';
import { compileTemplate } from '../template/evaluator.ts';
import { exactJson } from '../template/print.ts';
import type { CacheRecord, DiskUsage } from './disk-usage.ts';

const IMAGES: Listing = {
  ...IMAGE_LISTING,
  columns: ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size', 'SharedSize', 'UniqueSize', 'Containers'],
};
const CONTAINERS: Listing = {
  ...CONTAINER_LISTING,
  columns: ['ID', 'Image', 'Command', 'LocalVolumes', 'Size', 'RunningFor', 'Status', 'Names'],
};
const VOLUMES: Listing = {
  typeName: '*formatter.volumeContext',
  headings: { Name: 'VOLUME NAME', Links: 'LINKS', Size: 'SIZE' },
  columns: ['Name', 'Links', 'Size'],
};
const CACHE: Listing = {
  typeName: '*formatter.buildCacheContext',
  headings: {
    ID: 'CACHE ID',
    CacheType: 'CACHE TYPE',
    Size: 'SIZE',
    CreatedSince: 'CREATED',
    LastUsedSince: 'LAST USED',
    UsageCount: 'USAGE',
    Shared: 'SHARED',
  },
  columns: ['ID', 'CacheType', 'Size', 'CreatedSince', 'LastUsedSince', 'UsageCount', 'Shared'],
};

/** Every object with its disk usage, as tables. @param now milliseconds since 1970 */
export function verboseText(usage: DiskUsage, now: number): string {
  const { Images, Containers, Volumes, BuildCache } = usageRows(usage, now, true);
  const cacheBytes = (usage.BuildCache ?? []).reduce((sum, one) => sum + (one.Shared ? 0 : one.Size), 0);
  return [
    `Images space usage:\n\n${renderListing(IMAGES, '', Images)}`,
    `Containers space usage:\n\n${renderListing(CONTAINERS, '', Containers)}`,
    `Local Volumes space usage:\n\n${renderListing(VOLUMES, '', Volumes)}`,
    `Build cache usage: ${exactSize(cacheBytes)}\n\n${renderListing(CACHE, '', BuildCache)}`,
  ].join('\n');
}

/** The same through `--format`: `json`, or a template over the four lists. */
export function verboseFormat(usage: DiskUsage, format: string, now: number): string {
  const rows = usageRows(usage, now, false);
  return `${format === 'json' ? exactJson(rows) : compileTemplate(format)(rows)}\n`;
}

interface UsageRows {
  readonly Images: Fields[];
  readonly Containers: Fields[];
  readonly Volumes: Fields[];
  readonly BuildCache: Fields[];
}

function usageRows(usage: DiskUsage, now: number, truncate: boolean): UsageRows {
  const containers = usage.Containers ?? [];
  return {
    Images: (usage.Images ?? []).flatMap((image) => imageFields(image, { truncate, digests: false, now })),
    Containers: containers.map((one) => containerFields(one, { truncate, now })),
    Volumes: (usage.Volumes ?? []).map(volumeRow),
    BuildCache: (usage.BuildCache ?? []).map((one) => cacheRow(one, now, truncate)),
  };
}

function volumeRow({ Name, Driver, Mountpoint, Scope, Labels, UsageData }: Volume): Fields {
  return {
    Name,
    Driver,
    Mountpoint,
    Scope,
    Labels: formatLabels(Labels),
    Links: String(UsageData?.RefCount ?? 'N/A'),
    Size: UsageData ? exactSize(Math.max(0, UsageData.Size)) : 'N/A',
  };
}

function cacheRow(record: CacheRecord, now: number, truncate: boolean): Fields {
  const since = (time: string | null | undefined) =>
    time ? `${formatDuration((now - Date.parse(time)) / 1000)} ago` : '';
  return {
    ID: truncate ? shortId(record.ID) : record.ID,
    CacheType: record.Type,
    Description: record.Description ?? '',
    Size: exactSize(record.Size),
    CreatedAt: record.CreatedAt ?? '',
    CreatedSince: since(record.CreatedAt),
    LastUsedAt: record.LastUsedAt ?? '',
    LastUsedSince: since(record.LastUsedAt),
    UsageCount: String(record.UsageCount ?? 0),
    InUse: String(record.InUse),
    Shared: String(record.Shared),
  };
}

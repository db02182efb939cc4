import { formatDuration } from '../../core/units.ts';
import { defineCommand } from '../command.ts';
import { filtersQuery } from '../format/filters.ts';
import { renderTable } from '../format/table.ts';
import { exactSize } from '../format/text.ts';
import type { CacheRecord } from '../system/disk-usage.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  flags: [
    { name: 'filter', type: 'filter', description: 'Show only matching records, name=value' },
    { name: 'format', type: 'string', description: 'json: one line per record' },
    { name: 'verbose', type: 'bool', description: 'Show all details of each record' },
  ],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const items = await cli.engine.get<CacheRecord[]>('/barge/build-cache', {
      filters: filtersQuery(flags.list('filter')),
    });
    if (flags.text('format') === 'json') {
      cli.out(items.map((item) => `${JSON.stringify(item)}\n`).join(''));
      return 0;
    }
    cli.out(flags.bool('verbose') ? items.map(described).join('\n') : tableOf(items));
    cli.out(`\n${totals(items)}`);
    return 0;
  },
});

const used = ({ LastUsedAt }: CacheRecord) =>
  LastUsedAt ? `${formatDuration((Date.now() - Date.parse(LastUsedAt)) / 1000)} ago` : '';

function tableOf(items: readonly CacheRecord[]): string {
  const rows = items.map((item) => [
    item.ID.replace(/^sha256:/, '').slice(0, 25),
    String(!item.InUse),
    exactSize(item.Size) + (item.Shared ? '*' : ''),
    used(item),
  ]);
  return renderTable([['ID', 'RECLAIMABLE', 'SIZE', 'LAST ACCESSED'], ...rows]);
}

function described(item: CacheRecord): string {
  return renderTable([
    ['ID:', item.ID],
    ['Created at:', item.CreatedAt ?? ''],
    ['Reclaimable:', String(!item.InUse)],
    ['Shared:', String(item.Shared)],
    ['Size:', exactSize(item.Size)],
    ['Description:', item.Description ?? ''],
    ['Usage count:', String(item.UsageCount ?? 0)],
    ['Last used:', used(item)],
    ['Type:', item.Type],
  ]);
}

/** Removing records that images share frees nothing. */
function totals(items: readonly CacheRecord[]): string {
  const sum = (fits: (item: CacheRecord) => boolean) =>
    exactSize(items.filter(fits).reduce((bytes, { Size }) => bytes + Size, 0));
  return renderTable([
    ['Shared:', sum(({ Shared }) => Shared)],
    ['Private:', sum(({ Shared }) => !Shared)],
    ['Reclaimable:', sum(({ InUse, Shared }) => !InUse && !Shared)],
    ['Total:', sum(() => true)],
  ]);
}

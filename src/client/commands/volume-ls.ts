import type { Volume } from '../../api/engine/volumes.ts';
import { formatBytes } from '../../core/units.ts';
import { defineCommand } from '../command.ts';
import { filtersQuery } from '../format/filters.ts';
import { FILTER, LIST_FORMAT, listFormat } from '../format/format-flag.ts';
import { type Fields, type Listing, renderListing } from '../format/listing.ts';
import { formatLabels, labelField } from '../format/text.ts';

const LISTING: Listing = {
  typeName: '*formatter.volumeContext',
  headings: {
    Name: 'VOLUME NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    Mountpoint: 'MOUNTPOINT',
    Labels: 'LABELS',
    Links: 'LINKS',
    Size: 'SIZE',
  },
  columns: ['Driver', 'Name'],
};

export const command = defineCommand({
  usage: '[OPTIONS]',
  flags: [
    { name: 'cluster', type: 'bool', hidden: true, description: 'Show only cluster volumes' },
    FILTER,
    LIST_FORMAT,
    { name: 'quiet', short: 'q', type: 'bool', description: 'Show only names' },
  ],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const filters = filtersQuery(flags.list('filter'));
    const { Volumes } = await cli.engine.get<{ Volumes: Volume[] | null }>('/volumes', { filters });
    const volumes = [...(Volumes ?? [])].sort((a, b) => (a.Name < b.Name ? -1 : 1));
    const format = listFormat(flags, cli.config, 'volumesFormat', '{{.Name}}');
    cli.draw(renderListing(LISTING, format, volumes.map(fields)));
    return 0;
  },
});

function fields(volume: Volume): Fields {
  const { UsageData } = volume;
  const size = UsageData && UsageData.Size >= 0 ? formatBytes(UsageData.Size) : 'N/A';
  return {
    Name: volume.Name,
    Driver: volume.Driver,
    Scope: volume.Scope,
    Mountpoint: volume.Mountpoint,
    Labels: formatLabels(volume.Labels),
    Label: labelField(volume.Labels),
    Links: UsageData && UsageData.RefCount >= 0 ? String(UsageData.RefCount) : 'N/A',
    Size: size,
    // Members of swarm's cluster volumes, which Barge does not support.
    Availability: 'N/A',
    Group: 'N/A',
    Status: 'N/A',
  };
}

import type { ContainerSummary } from '../../api/engine/containers.ts';
import { defineCommand } from '../command.ts';
import { CONTAINER_LISTING, containerFields } from '../containers/listing.ts';
import { filtersQuery } from '../format/filters.ts';
import { FILTER, LIST_FORMAT, listFormat, NO_TRUNC } from '../format/format-flag.ts';
import { renderListing } from '../format/listing.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  flags: [
    { name: 'all', short: 'a', type: 'bool', description: 'Also show stopped containers' },
    FILTER,
    LIST_FORMAT,
    {
      name: 'last',
      short: 'n',
      type: 'int',
      default: '-1',
      description: 'Show this many of the most recently created containers',
    },
    { name: 'latest', short: 'l', type: 'bool', description: 'Show the most recently created container' },
    NO_TRUNC,
    { name: 'quiet', short: 'q', type: 'bool', description: 'Show only ids' },
    { name: 'size', short: 's', type: 'bool', description: 'Show sizes' },
  ],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const quiet = flags.bool('quiet') && flags.has('format');
    if (quiet) cli.err('WARNING: Ignoring custom format, because both --format and --quiet are set.\n');
    const format = quiet ? '{{.ID}}' : listFormat(flags, cli.config, 'psFormat');
    const size = flags.bool('size') || /\.Size|\{\{\s*json\s+\.\s*\}\}/.test(format);
    const last = flags.bool('latest') && !flags.has('last') ? 1 : flags.number('last');
    const containers = await cli.engine.get<ContainerSummary[]>('/containers/json', {
      all: flags.bool('all'),
      limit: last > 0 ? last : undefined,
      size,
      filters: filtersQuery(flags.list('filter')),
    });
    const listing = size
      ? { ...CONTAINER_LISTING, columns: [...CONTAINER_LISTING.columns, 'Size'] }
      : CONTAINER_LISTING;
    const options = { truncate: !flags.bool('no-trunc'), now: Date.now() };
    cli.draw(
      renderListing(
        listing,
        format,
        containers.map((one) => containerFields(one, options)),
      ),
    );
    return 0;
  },
});

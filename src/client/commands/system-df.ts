import { defineCommand } from '../command.ts';
import { LIST_FORMAT } from '../format/format-flag.ts';
import { type Listing, renderListing } from '../format/listing.ts';
import { type DiskUsage, summaryRows } from '../system/disk-usage.ts';
import { verboseFormat, verboseText } from '../system/verbose-usage.ts';

const LISTING: Listing = {
  typeName: '*formatter.diskUsageContext',
  headings: {
    Type: 'TYPE',
    TotalCount: 'TOTAL',
    Active: 'ACTIVE',
    Size: 'SIZE',
    Reclaimable: 'RECLAIMABLE',
  },
  columns: ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'],
};

export const command = defineCommand({
  usage: '[OPTIONS]',
  flags: [LIST_FORMAT, { name: 'verbose', short: 'v', type: 'bool', description: 'Show every object' }],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const usage = await cli.engine.get<DiskUsage>('/system/df');
    const format = flags.text('format');
    if (flags.bool('verbose') && (format === '' || format === 'table'))
      cli.out(verboseText(usage, Date.now()));
    else if (flags.bool('verbose')) cli.out(verboseFormat(usage, format, Date.now()));
    else cli.draw(renderListing(LISTING, format, summaryRows(usage)));
    return 0;
  },
});

import type { ImageSummary } from '../../api/engine/images.ts';
import { notImplemented } from '../../core/errors.ts';
import { defineCommand } from '../command.ts';
import { filtersQuery } from '../format/filters.ts';
import { FILTER, LIST_FORMAT, listFormat, NO_TRUNC } from '../format/format-flag.ts';
import { renderListing } from '../format/listing.ts';
import { IMAGE_LISTING, imageFields } from '../images/listing.ts';

export const command = defineCommand({
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  flags: [
    { name: 'all', short: 'a', type: 'bool', description: 'Also show intermediate images' },
    { name: 'digests', type: 'bool', description: 'Show digests' },
    FILTER,
    LIST_FORMAT,
    NO_TRUNC,
    { name: 'quiet', short: 'q', type: 'bool', description: 'Show only ids' },
    { name: 'tree', type: 'bool', hidden: true, description: 'Show platforms as a tree' },
  ],
  args: { min: 0, max: 1 },
  completes: ['image'],
  async run({ flags, args, cli }) {
    if (flags.bool('tree')) throw notImplemented('--tree is not supported');
    const [reference] = args;
    const images = await cli.engine.get<ImageSummary[]>('/images/json', {
      all: flags.bool('all'),
      digests: flags.bool('digests'),
      filters: filtersQuery(flags.list('filter'), reference === undefined ? {} : { reference }),
    });
    const format = listFormat(flags, cli.config, 'imagesFormat');
    const digests = flags.bool('digests') || format.includes('.Digest');
    const options = { truncate: !flags.bool('no-trunc'), digests, now: Date.now() };
    const rows = images.flatMap((image) => imageFields(image, options));
    const columns = ['Repository', 'Tag', 'Digest', 'ID', 'CreatedSince', 'Size'];
    const listing = flags.bool('digests') ? { ...IMAGE_LISTING, columns } : IMAGE_LISTING;
    cli.draw(renderListing(listing, format, rows));
    return 0;
  },
});

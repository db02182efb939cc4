import type { ImageHistoryItem } from '../../api/engine/images.ts';
import { shortId } from '../../core/ids.ts';
import { formatBytes, formatDuration } from '../../core/units.ts';
import { argument, defineCommand } from '../command.ts';
import { imagePath } from '../each.ts';
import { LIST_FORMAT, NO_TRUNC } from '../format/format-flag.ts';
import { type Fields, type Listing, renderListing } from '../format/listing.ts';
import { ellipsis } from '../format/text.ts';
import { platformJson } from '../images/platform.ts';

const CREATED_BY_WIDTH = 45;
const MISSING = '<missing>';

const LISTING: Listing = {
  typeName: '*formatter.historyContext',
  headings: {
    ID: 'IMAGE',
    CreatedSince: 'CREATED',
    CreatedAt: 'CREATED AT',
    CreatedBy: 'CREATED BY',
    Size: 'SIZE',
    Comment: 'COMMENT',
  },
  columns: ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment'],
};

/** With `--human=false`: full times. */
const EXACT_LISTING: Listing = { ...LISTING, columns: ['ID', 'CreatedAt', 'CreatedBy', 'Size', 'Comment'] };

export const command = defineCommand({
  usage: '[OPTIONS] IMAGE',
  flags: [
    LIST_FORMAT,
    {
      name: 'human',
      short: 'H',
      type: 'bool',
      default: 'true',
      description: 'Show human-readable sizes and times',
    },
    NO_TRUNC,
    { name: 'platform', type: 'string', description: 'Platform to show, os/arch[/variant]' },
    { name: 'quiet', short: 'q', type: 'bool', description: 'Show only ids' },
  ],
  args: { min: 1, max: 1 },
  completes: ['image'],
  async run(invocation) {
    const { flags, cli } = invocation;
    const path = `/images/${imagePath(argument(invocation, 0))}/history`;
    const platform = flags.has('platform') ? platformJson(flags.text('platform')) : undefined;
    const items = await cli.engine.get<ImageHistoryItem[]>(path, { platform });
    const options = { truncate: !flags.bool('no-trunc'), human: flags.bool('human'), now: Date.now() };
    const format = flags.bool('quiet') && !flags.has('format') ? '{{.ID}}' : flags.text('format');
    const listing = options.human ? LISTING : EXACT_LISTING;
    cli.draw(
      renderListing(
        listing,
        format,
        items.map((item) => fields(item, options)),
      ),
    );
    return 0;
  },
});

function fields(
  item: ImageHistoryItem,
  { truncate, human, now }: { readonly truncate: boolean; readonly human: boolean; readonly now: number },
): Fields {
  const createdBy = item.CreatedBy.replaceAll('\t', ' ');
  const at = new Date(item.Created * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
  const since = item.Created > 0 ? `${formatDuration(now / 1000 - item.Created)} ago` : 'N/A';
  return {
    ID: item.Id === MISSING || !truncate ? item.Id : shortId(item.Id),
    CreatedSince: human ? since : at,
    CreatedAt: at,
    CreatedBy: truncate ? ellipsis(createdBy, CREATED_BY_WIDTH) : createdBy,
    Size: human ? formatBytes(item.Size) : String(item.Size),
    Comment: item.Comment,
  };
}

import { shortId } from '../../core/ids.ts';
import { defineCommand } from '../command.ts';
import { filtersQuery } from '../format/filters.ts';
import { FILTER, LIST_FORMAT, listFormat, NO_TRUNC } from '../format/format-flag.ts';
import { type Fields, type Listing, renderListing } from '../format/listing.ts';
import { formatLabels, labelField } from '../format/text.ts';
import type { NetworkSummary } from '../networks/network.ts';
import { formatGoTime } from '../time.ts';

const LISTING: Listing = {
  typeName: '*network.networkContext',
  headings: {
    ID: 'NETWORK ID',
    Name: 'NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    IPv4: 'IPV4',
    IPv6: 'IPV6',
    Internal: 'INTERNAL',
    Labels: 'LABELS',
    CreatedAt: 'CREATED AT',
  },
  columns: ['ID', 'Name', 'Driver', 'Scope'],
};

export const command = defineCommand({
  usage: '[OPTIONS]',
  flags: [
    FILTER,
    LIST_FORMAT,
    NO_TRUNC,
    { name: 'quiet', short: 'q', type: 'bool', description: 'Show only ids' },
  ],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const filters = filtersQuery(flags.list('filter'));
    const networks = await cli.engine.get<NetworkSummary[]>('/networks', { filters });
    const sorted = [...networks].sort((a, b) => (a.Name < b.Name ? -1 : 1));
    const format = listFormat(flags, cli.config, 'networksFormat');
    const truncate = !flags.bool('no-trunc');
    cli.draw(
      renderListing(
        LISTING,
        format,
        sorted.map((network) => fields(network, truncate)),
      ),
    );
    return 0;
  },
});

function fields(network: NetworkSummary, truncate: boolean): Fields {
  return {
    ID: truncate ? shortId(network.Id) : network.Id,
    Name: network.Name,
    Driver: network.Driver,
    Scope: network.Scope,
    IPv4: String(network.EnableIPv4 ?? false),
    IPv6: String(network.EnableIPv6 ?? false),
    Internal: String(network.Internal ?? false),
    Labels: formatLabels(network.Labels),
    Label: labelField(network.Labels),
    CreatedAt: network.Created ? formatGoTime(Date.parse(network.Created)) : '',
  };
}

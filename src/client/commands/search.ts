import { registryAuthHeader } from '../auth/registry-auth.ts';
import { argument, defineCommand } from '../command.ts';
import { filtersQuery } from '../format/filters.ts';
import { FILTER, LIST_FORMAT, NO_TRUNC } from '../format/format-flag.ts';
import { type Fields, type Listing, renderListing } from '../format/listing.ts';
import { ellipsis } from '../format/text.ts';

const DESCRIPTION_WIDTH = 45;

interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
}

const LISTING: Listing = {
  typeName: '*formatter.searchContext',
  headings: {
    Name: 'NAME',
    Description: 'DESCRIPTION',
    StarCount: 'STARS',
    IsOfficial: 'OFFICIAL',
    IsAutomated: 'AUTOMATED',
  },
  columns: ['Name', 'Description', 'StarCount', 'IsOfficial'],
};

export const command = defineCommand({
  usage: '[OPTIONS] TERM',
  flags: [
    FILTER,
    LIST_FORMAT,
    { name: 'limit', type: 'int', description: 'Maximum number of results' },
    NO_TRUNC,
  ],
  args: { min: 1, max: 1 },
  async run(invocation) {
    const { flags, cli } = invocation;
    const term = argument(invocation, 0);
    const { body } = await cli.engine.request('GET', '/images/search', {
      query: {
        term,
        limit: flags.has('limit') ? flags.number('limit') : undefined,
        filters: filtersQuery(flags.list('filter')),
      },
      headers: { 'X-Registry-Auth': await registryAuthHeader(cli.configDirectory, registryOf(term)) },
    });
    const results = await body.json<SearchResult[]>();
    const truncate = !flags.bool('no-trunc');
    const rows = results.map((result) => fields(result, truncate));
    cli.draw(renderListing(LISTING, flags.text('format'), rows));
    return 0;
  },
});

/** An image name of the registry to search: a term may begin with a host. */
function registryOf(term: string): string {
  const [first = '', ...rest] = term.split('/');
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? `${first}/x` : 'x';
}

function fields(result: SearchResult, truncate: boolean): Fields {
  const description = result.description.replace(/[\r\n]+/g, ' ');
  return {
    Name: result.name,
    Description: truncate ? ellipsis(description, DESCRIPTION_WIDTH) : description,
    StarCount: String(result.star_count),
    IsOfficial: result.is_official ? '[OK]' : '',
    IsAutomated: '',
  };
}

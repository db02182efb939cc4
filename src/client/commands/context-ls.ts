import { messageOf } from '../../core/errors.ts';
import type { Cli } from '../cli.ts';
import { defineCommand } from '../command.ts';
import { LIST_FORMAT, listFormat } from '../format/format-flag.ts';
import { type Fields, type Listing, renderListing } from '../format/listing.ts';
import { ellipsis } from '../format/text.ts';
import { DEFAULT_CONTEXT, listContexts } from '../targets/store.ts';
import { viewContext } from '../targets/view.ts';

const DESCRIPTION_WIDTH = 60;

const LISTING: Listing = {
  typeName: '*formatter.clientContextContext',
  headings: {
    Current: 'CURRENT',
    Name: 'NAME',
    Description: 'DESCRIPTION',
    DockerEndpoint: 'DOCKER ENDPOINT',
    Error: 'ERROR',
  },
  columns: ['Name', 'Description', 'DockerEndpoint', 'Error'],
};

export const command = defineCommand({
  usage: '[OPTIONS]',
  flags: [LIST_FORMAT, { name: 'quiet', short: 'q', type: 'bool', description: 'Show only names' }],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const format = listFormat(flags, {}, '', '{{.Name}}');
    const usual = format === '' || format === 'table';
    const rows = contextRows(cli);
    cli.draw(renderListing(LISTING, format, usual ? rows.map(marked) : rows));
    return 0;
  },
});

function contextRows(cli: Cli): Fields[] {
  const current = cli.contextName;
  const stored = listContexts(cli.configDirectory).map(({ meta, endpoint }) =>
    row(meta.Name, meta.Metadata.Description ?? '', endpoint.Host ?? '', current),
  );
  const rows = [defaultRow(cli, current), ...stored];
  if (rows.every(({ Name }) => Name !== current)) {
    const missing = `context "${current}": context not found`;
    rows.push({ ...row(current, '', '', current), Error: missing });
  }
  return rows.sort((a, b) => (String(a.Name) < String(b.Name) ? -1 : 1));
}

function defaultRow(cli: Cli, current: string): Fields {
  const description = 'Current BARGE_HOST or DOCKER_HOST based configuration';
  try {
    const { Host = '' } = viewContext(cli, DEFAULT_CONTEXT).endpoint;
    return row(DEFAULT_CONTEXT, description, Host, current);
  } catch (error) {
    return { ...row(DEFAULT_CONTEXT, description, '', current), Error: messageOf(error) };
  }
}

function row(name: string, description: string, host: string, current: string): Fields {
  return { Name: name, Description: description, DockerEndpoint: host, Current: name === current, Error: '' };
}

/** The default table marks the current context and keeps descriptions short. */
function marked(fields: Fields): Fields {
  const Name = fields.Current === true ? `${fields.Name} *` : fields.Name;
  return { ...fields, Name, Description: ellipsis(String(fields.Description), DESCRIPTION_WIDTH) };
}

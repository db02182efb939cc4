import type { ContainerSummary } from '../../spec/engine.ts';
import type { Cli } from '../cli.ts';
import type { Command, Invocation } from '../command.ts';
import { type ContainerStats, STATS_LISTING, statsFields } from '../containers/stats.ts';
import { pathSegment } from '../each.ts';
import { LIST_FORMAT, NO_TRUNC } from '../format/format-flag.ts';
import { type Fields, renderListing } from '../format/listing.ts';

export const command: Command = {
  usage: '[OPTIONS] [CONTAINER...]',
  flags: [
    { name: 'all', short: 'a', type: 'bool', description: 'Show those that do not run, too' },
    LIST_FORMAT,
    { name: 'no-stream', type: 'bool', description: 'Show once and end' },
    NO_TRUNC,
  ],
  args: { min: 0 },
  completes: ['running'],
  async run(invocation) {
    const { flags, cli } = invocation;
    for (;;) {
      const text = renderListing(STATS_LISTING, flags.text('format'), await rows(invocation));
      // Home and clear: the table is drawn over the one before.
      cli.out(process.stdout.isTTY && !flags.bool('no-stream') ? `\x1b[H\x1b[2J${text}` : text);
      if (flags.bool('no-stream')) return 0;
    }
  },
};

/** One sample of every container; the daemon takes about a second for it, which sets the pace. */
async function rows({ flags, args, cli }: Invocation): Promise<Fields[]> {
  const names = args.length > 0 ? args : await runningNames(cli, flags.bool('all'));
  if (names.length === 0) await new Promise((resolve) => setTimeout(resolve, 1000));
  const truncate = !flags.bool('no-trunc');
  return Promise.all(
    names.map(async (name) => {
      const path = `/containers/${pathSegment(name)}/stats`;
      const stats = await cli.engine.get<ContainerStats>(path, { stream: 'false' });
      return statsFields(name, stats, truncate);
    }),
  );
}

async function runningNames(cli: Cli, all: boolean): Promise<string[]> {
  const containers = await cli.engine.get<ContainerSummary[]>('/containers/json', { all });
  return containers.map(({ Id }) => Id);
}

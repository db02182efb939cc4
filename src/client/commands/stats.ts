import type { ContainerSummary } from '../../api/engine/containers.ts';
import type { Cli } from '../cli.ts';
import { defineCommand, type Invocation } from '../command.ts';
import { type ContainerStats, STATS_LISTING, statsFields } from '../containers/stats.ts';
import { pathSegment } from '../each.ts';
import { LIST_FORMAT, listFormat, NO_TRUNC } from '../format/format-flag.ts';
import { type Fields, renderListing } from '../format/listing.ts';

/** Milliseconds between two drawings of the table. */
const REDRAW = 500;
/** Moves the cursor to the corner; the new text clears the rest of each line and everything below it. */
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

export const command = defineCommand({
  usage: '[OPTIONS] [CONTAINER...]',
  flags: [
    { name: 'all', short: 'a', type: 'bool', description: 'Also show stopped containers' },
    LIST_FORMAT,
    { name: 'no-stream', type: 'bool', description: 'Show one sample and exit' },
    NO_TRUNC,
  ],
  args: { min: 0 },
  completes: ['running'],
  async run(invocation) {
    const { flags, cli } = invocation;
    const format = listFormat(flags, cli.config, 'statsFormat');
    if (!flags.bool('no-stream')) return watch(invocation, format);
    cli.draw(renderListing(STATS_LISTING, format, await rowsOnce(invocation)));
    return 0;
  },
});

/** One sample of every container; the daemon needs about a second for it. */
async function rowsOnce({ flags, args, cli }: Invocation): Promise<Fields[]> {
  const names = args.length > 0 ? args : await containerIds(cli, flags.bool('all'));
  const truncate = !flags.bool('no-trunc');
  return Promise.all(
    names.map(async (name) => {
      const path = `/containers/${pathSegment(name)}/stats`;
      const stats = await cli.engine.get<ContainerStats>(path, { stream: 'false' });
      return statsFields(name, stats, truncate);
    }),
  );
}

async function containerIds(cli: Cli, all: boolean): Promise<string[]> {
  const containers = await cli.engine.get<ContainerSummary[]>('/containers/json', { all });
  return containers.map(({ Id }) => Id);
}

/** Redraws the table until the user stops it or the named containers are gone. */
async function watch({ flags, args, cli }: Invocation, format: string): Promise<number> {
  const { StatsBoard } = await import('../containers/stats-board.ts');
  const truncate = !flags.bool('no-trunc');
  const board = new StatsBoard(cli, { names: args, all: flags.bool('all'), truncate });
  const terminal = process.stdout.isTTY === true;
  try {
    await board.start();
    if (terminal) cli.draw(`${HOME}${CLEAR_BELOW}`);
    for (;;) {
      if (board.failure !== undefined) throw board.failure;
      const text = renderListing(STATS_LISTING, format, board.rows());
      cli.draw(terminal ? `${HOME}${text.replaceAll('\n', `${CLEAR_LINE}\n`)}${CLEAR_BELOW}` : text);
      if (board.over) return 0;
      await new Promise((resolve) => setTimeout(resolve, REDRAW));
    }
  } finally {
    board.stop();
  }
}

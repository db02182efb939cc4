import { argument, defineCommand } from '../command.ts';
import { pathSegment } from '../each.ts';
import { renderTable } from '../format/table.ts';

/** Docker draws this table wider than others. */
const PROCESS_WIDTH = 20;

export const command = defineCommand({
  usage: 'CONTAINER [ps OPTIONS]',
  flags: [],
  args: { min: 1 },
  completes: ['running', 'none'],
  stopAtPositional: true,
  async run(invocation) {
    const { args, cli } = invocation;
    const path = `/containers/${pathSegment(argument(invocation, 0))}/top`;
    const ps_args = args.length > 1 ? args.slice(1).join(' ') : undefined;
    const response = await cli.engine.get<{ Titles: string[]; Processes: string[][] }>(path, { ps_args });
    cli.out(renderTable([response.Titles, ...(response.Processes ?? [])], PROCESS_WIDTH));
    return 0;
  },
});

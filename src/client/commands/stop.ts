import type { Command } from '../command.ts';
import { STOP_FLAGS, stopQuery } from '../containers/stop-flags.ts';
import { forEachName, pathSegment } from '../each.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: STOP_FLAGS,
  args: { min: 1 },
  run({ flags, args, cli }) {
    const query = stopQuery(flags);
    return forEachName(cli, args, async (name) => {
      await cli.engine.call('POST', `/containers/${pathSegment(name)}/stop`, { query });
      return name;
    });
  },
};

import type { Command } from '../command.ts';
import { forEachName, pathSegment } from '../each.ts';

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  flags: [],
  args: { min: 1 },
  run({ args, cli }) {
    return forEachName(cli, args, async (name) => {
      await cli.engine.call('POST', `/containers/${pathSegment(name)}/pause`);
      return name;
    });
  },
};

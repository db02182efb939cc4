import type { Command } from '../command.ts';
import { forEachName, pathSegment } from '../each.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: [{ name: 'signal', short: 's', type: 'string', description: 'Signal to send instead of SIGKILL' }],
  args: { min: 1 },
  run({ flags, args, cli }) {
    const query = { signal: flags.text('signal') || undefined };
    return forEachName(cli, args, async (name) => {
      await cli.engine.call('POST', `/containers/${pathSegment(name)}/kill`, { query });
      return name;
    });
  },
};

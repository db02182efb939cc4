import { defineCommand } from '../command.ts';
import { forEachName, pathSegment } from '../each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  flags: [{ name: 'force', short: 'f', type: 'bool', description: 'Let a missing volume be no failure' }],
  args: { min: 1 },
  completes: ['volume'],
  run({ flags, args, cli }) {
    const query = { force: flags.bool('force') };
    return forEachName(cli, args, async (name) => {
      await cli.engine.call('DELETE', `/volumes/${pathSegment(name)}`, { query });
      return name;
    });
  },
});

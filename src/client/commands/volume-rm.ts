import { defineCommand } from '../command.ts';
import { forEachName, pathSegment } from '../each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  flags: [
    { name: 'force', short: 'f', type: 'bool', description: 'Do not fail when the volume does not exist' },
  ],
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

import { isKind } from '../../core/errors.ts';
import { defineCommand } from '../command.ts';
import { forEachName, pathSegment } from '../each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  flags: [
    { name: 'force', short: 'f', type: 'bool', description: 'Do not fail when the network does not exist' },
  ],
  args: { min: 1 },
  completes: ['network'],
  run({ flags, args, cli }) {
    return forEachName(cli, args, async (name) => {
      try {
        await cli.engine.call('DELETE', `/networks/${pathSegment(name)}`);
      } catch (error) {
        if (!flags.bool('force') || !isKind(error, 'not-found')) throw error;
        return undefined;
      }
      return name;
    });
  },
});

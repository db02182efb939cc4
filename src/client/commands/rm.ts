import { isKind } from '../../core/errors.ts';
import { defineCommand } from '../command.ts';
import { forEachName, pathSegment } from '../each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: [
    { name: 'force', short: 'f', type: 'bool', description: 'Kill a running container first' },
    { name: 'link', short: 'l', type: 'bool', description: 'Remove the link with this name' },
    { name: 'volumes', short: 'v', type: 'bool', description: 'Remove its unnamed volumes too' },
  ],
  args: { min: 1 },
  completes: ['container'],
  run({ flags, args, cli }) {
    const force = flags.bool('force');
    const query = { force, v: flags.bool('volumes'), link: flags.bool('link') };
    return forEachName(cli, args, async (name) => {
      const path = `/containers/${pathSegment(name.replace(/^\/+/, ''))}`;
      try {
        await cli.engine.call('DELETE', path, { query });
      } catch (error) {
        if (!force || !isKind(error, 'not-found')) throw error;
        // As in docker, --force reports a missing container but does not fail.
        cli.err(`${error.message}\n`);
        return undefined;
      }
      return name;
    });
  },
});

import { invalidParameter, notFound } from '../../core/errors.ts';
import { defineCommand } from '../command.ts';
import { writeConfig } from '../config/write.ts';
import { forEachName } from '../each.ts';
import { contextExists, DEFAULT_CONTEXT, readContext } from '../targets/store.ts';
import { removeContext } from '../targets/write.ts';

export const command = defineCommand({
  usage: 'CONTEXT [CONTEXT...]',
  flags: [
    { name: 'force', short: 'f', type: 'bool', description: 'Remove the context even when it is in use' },
  ],
  args: { min: 1 },
  completes: ['context'],
  async run({ flags, args, cli }) {
    const current = cli.contextName;
    const force = flags.bool('force');
    const code = await forEachName(cli, args, async (name) => {
      if (name === DEFAULT_CONTEXT) throw invalidParameter(`context "${DEFAULT_CONTEXT}" cannot be removed`);
      if (!contextExists(cli.configDirectory, name)) {
        if (force) return name;
        throw notFound(`context "${name}" does not exist`);
      }
      if (name === current && !force) {
        throw invalidParameter(`context "${name}" is in use, set -f flag to force remove`);
      }
      await removeContext(readContext(cli.configDirectory, name));
      return name;
    });
    const { currentContext, ...config } = cli.config;
    // A removed context cannot stay the current one.
    if (currentContext !== undefined && currentContext !== '' && args.includes(currentContext)) {
      if (!contextExists(cli.configDirectory, currentContext)) await writeConfig(cli.configDirectory, config);
    }
    return code;
  },
});

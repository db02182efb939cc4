import { argument, defineCommand } from '../command.ts';
import { readConfig } from '../config/config-file.ts';
import { writeConfig } from '../config/write.ts';
import { DEFAULT_CONTEXT, readContext } from '../targets/store.ts';

export const command = defineCommand({
  usage: 'CONTEXT',
  flags: [],
  args: { min: 1, max: 1 },
  completes: ['context'],
  async run(invocation) {
    const { cli } = invocation;
    const name = argument(invocation, 0);
    if (name !== DEFAULT_CONTEXT) readContext(cli.configDirectory, name);
    const { currentContext: _, ...config } = readConfig(cli.configDirectory);
    const current = name === DEFAULT_CONTEXT ? {} : { currentContext: name };
    await writeConfig(cli.configDirectory, { ...config, ...current });
    cli.out(`${name}\n`);
    cli.err(`Current context is now "${name}"\n`);
    const variable = ['BARGE_HOST', 'DOCKER_HOST'].find((one) => process.env[one]);
    if (variable !== undefined && name !== DEFAULT_CONTEXT) {
      cli.err(
        `Warning: ${variable} environment variable overrides the active context. To use "${name}", either set ` +
          `the global --context flag, or unset ${variable} environment variable.\n`,
      );
    }
    return 0;
  },
});

import { argument, defineCommand } from '../command.ts';
import { pathSegment } from '../each.ts';
import { refuseTerminal, writeOutput } from '../output/file.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER',
  flags: [
    { name: 'output', short: 'o', type: 'string', description: 'File to write, instead of standard output' },
  ],
  args: { min: 1, max: 1 },
  completes: ['container'],
  async run(invocation) {
    const { flags, cli } = invocation;
    refuseTerminal(flags.text('output'));
    const { body } = await cli.engine.request(
      'GET',
      `/containers/${pathSegment(argument(invocation, 0))}/export`,
    );
    await writeOutput(cli, flags.text('output'), body, { mode: 0o600 });
    return 0;
  },
});

import { defineCommand } from '../command.ts';
import { platformJson } from '../images/platform.ts';
import { refuseTerminal, writeOutput } from '../output/file.ts';

export const command = defineCommand({
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  flags: [
    { name: 'output', short: 'o', type: 'string', description: 'File to write, instead of standard output' },
    { name: 'platform', type: 'string', description: 'Save only one platform, os/arch[/variant]' },
  ],
  args: { min: 1 },
  completes: ['image'],
  async run({ flags, args, cli }) {
    refuseTerminal(flags.text('output'));
    const platform = flags.has('platform') ? platformJson(flags.text('platform')) : undefined;
    const { body } = await cli.engine.request('GET', '/images/get', { query: { names: args, platform } });
    await writeOutput(cli, flags.text('output'), body, { mode: 0o600 });
    return 0;
  },
});

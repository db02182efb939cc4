import { defineCommand } from '../command.ts';
import { CommandFailure } from '../failure.ts';
import { openInput } from '../images/input-file.ts';
import { platformJson } from '../images/platform.ts';
import { showProgress } from '../progress/show.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  flags: [
    { name: 'input', short: 'i', type: 'string', description: 'File to read, instead of standard input' },
    { name: 'platform', type: 'string', description: 'Load only one platform, os/arch[/variant]' },
    { name: 'quiet', short: 'q', type: 'bool', description: 'Show no progress' },
  ],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const input = flags.text('input');
    if (input === '' && process.stdin.isTTY) {
      throw new CommandFailure('requested load from stdin, but stdin is empty');
    }
    const stream = input === '' ? process.stdin : await openInput(input);
    const platform = flags.has('platform') ? platformJson(flags.text('platform')) : undefined;
    const { body } = await cli.engine.request('POST', '/images/load', {
      query: { quiet: flags.bool('quiet') || !process.stdout.isTTY, platform },
      headers: { 'Content-Type': 'application/x-tar' },
      stream,
    });
    await showProgress(cli, body);
    return 0;
  },
});

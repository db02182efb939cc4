import { DEFAULT_TAG } from '../../core/reference.ts';
import { argument, defineCommand } from '../command.ts';
import { lacksTag, pullImage } from '../images/pull.ts';

export const command = defineCommand({
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  flags: [
    { name: 'all-tags', short: 'a', type: 'bool', description: 'Pull every tag of the repository' },
    {
      name: 'disable-content-trust',
      type: 'bool',
      default: 'true',
      description: 'Accepted for compatibility; ignored',
    },
    { name: 'platform', type: 'string', description: 'Platform to pull, os/arch[/variant]' },
    { name: 'quiet', short: 'q', type: 'bool', description: 'Print only the name of the image' },
  ],
  args: { min: 1, max: 1 },
  completes: ['image'],
  async run(invocation) {
    const { flags, cli } = invocation;
    const image = argument(invocation, 0);
    const quiet = flags.bool('quiet');
    const allTags = flags.bool('all-tags');
    if (lacksTag(image) && !allTags && !quiet) cli.out(`Using default tag: ${DEFAULT_TAG}\n`);
    const name = await pullImage(cli, image, {
      platform: flags.text('platform'),
      quiet,
      allTags,
      write: (text) => cli.draw(text),
      terminal: process.stdout.isTTY === true,
    });
    cli.out(`${name}\n`);
    return 0;
  },
});

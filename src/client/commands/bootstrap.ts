import { argument, defineCommand } from '../command.ts';
import { showProgress } from '../progress/show.ts';

export const command = defineCommand({
  usage: '[OPTIONS] NAME[:RELEASE]',
  flags: [
    { name: 'include', type: 'strings', description: 'Additional packages to install' },
    { name: 'quiet', short: 'q', type: 'bool', description: 'Show only failures' },
    {
      name: 'tag',
      short: 't',
      type: 'string',
      description: 'Name of the image (default: derived from its content)',
    },
    {
      name: 'variant',
      type: 'string',
      description: 'Package set of Debian: minbase, essential, standard, …',
    },
  ],
  args: { min: 1, max: 1 },
  async run(invocation) {
    const { flags, cli } = invocation;
    const { body } = await cli.engine.request('POST', '/barge/bootstrap', {
      query: {
        image: argument(invocation, 0),
        include: flags.list('include'),
        tag: flags.text('tag') || undefined,
        variant: flags.text('variant') || undefined,
      },
    });
    await showProgress(cli, body, { quiet: flags.bool('quiet') });
    return 0;
  },
});

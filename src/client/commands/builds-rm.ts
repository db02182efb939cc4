import { invalidParameter } from '../../core/errors.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  usage: '[OPTIONS] [BUILD...]',
  flags: [{ name: 'all', type: 'bool', description: 'Remove every finished build' }],
  args: { min: 0 },
  async run({ flags, args, cli }) {
    if (flags.bool('all') === args.length > 0) throw invalidParameter('name builds, or use --all');
    const paths = flags.bool('all') ? [''] : args.map((id) => `/${encodeURIComponent(id)}`);
    for (const path of paths) {
      const { body } = await cli.engine.request('DELETE', `/barge/builds${path}`);
      for (const id of await body.json<string[]>()) cli.out(`${id}\n`);
    }
    return 0;
  },
});

import type { Volume } from '../../api/engine/volumes.ts';
import { argument, defineCommand } from '../command.ts';
import { pathSegment } from '../each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] SOURCE VOLUME',
  flags: [{ name: 'replace', type: 'bool', description: 'Replace the existing content of the volume' }],
  args: { min: 2, max: 2 },
  completes: ['volume'],
  async run(invocation) {
    const { flags, cli } = invocation;
    const query = { to: argument(invocation, 1), replace: flags.bool('replace') };
    const path = `/barge/volumes/${pathSegment(argument(invocation, 0))}/clone`;
    const { Name } = await cli.engine.post<Volume>(path, { query });
    cli.out(`${Name}\n`);
    return 0;
  },
});

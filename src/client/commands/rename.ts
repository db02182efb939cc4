import { argument, defineCommand } from '../command.ts';
import { pathSegment } from '../each.ts';

export const command = defineCommand({
  usage: 'CONTAINER NEW_NAME',
  flags: [],
  args: { min: 2, max: 2 },
  completes: ['container', 'none'],
  async run(invocation) {
    const path = `/containers/${pathSegment(argument(invocation, 0))}/rename`;
    await invocation.cli.engine.call('POST', path, { query: { name: argument(invocation, 1) } });
    return 0;
  },
});

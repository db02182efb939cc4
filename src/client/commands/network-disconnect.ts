import { argument, defineCommand } from '../command.ts';
import { pathSegment } from '../each.ts';

export const command = defineCommand({
  usage: '[OPTIONS] NETWORK CONTAINER',
  flags: [
    {
      name: 'force',
      short: 'f',
      type: 'bool',
      description: 'Disconnect even when the container no longer exists',
    },
  ],
  args: { min: 2, max: 2 },
  completes: ['network', 'container'],
  async run(invocation) {
    const path = `/networks/${pathSegment(argument(invocation, 0))}/disconnect`;
    const json = { Container: argument(invocation, 1), Force: invocation.flags.bool('force') };
    await invocation.cli.engine.call('POST', path, { json });
    return 0;
  },
});

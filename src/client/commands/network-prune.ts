import type { Command } from '../command.ts';
import { agreed, PRUNE_FLAGS, pruneKind } from '../prune.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [...PRUNE_FLAGS],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    if (!(await agreed(flags, 'This will remove all custom networks not used by at least one container.')))
      return 0;
    await pruneKind(cli, flags, { kind: 'networks' });
    return 0;
  },
};

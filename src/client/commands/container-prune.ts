import type { Command } from '../command.ts';
import { agreed, PRUNE_FLAGS, pruneKind, reclaimedText } from '../prune.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [...PRUNE_FLAGS],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    if (!(await agreed(flags, 'This will remove all stopped containers.'))) return 0;
    cli.out(reclaimedText(await pruneKind(cli, flags, { kind: 'containers' })));
    return 0;
  },
};

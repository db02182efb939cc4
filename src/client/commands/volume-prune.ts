import type { Command } from '../command.ts';
import { agreed, PRUNE_FLAGS, pruneKind, reclaimedText } from '../prune.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    ...PRUNE_FLAGS,
    { name: 'all', short: 'a', type: 'bool', description: 'Remove volumes that have a name, too' },
  ],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const all = flags.bool('all');
    if (
      !(await agreed(
        flags,
        all
          ? 'This will remove all local volumes not used by at least one container.'
          : 'This will remove anonymous local volumes not used by at least one container.',
      ))
    )
      return 0;
    cli.out(
      reclaimedText(
        await pruneKind(cli, flags, { kind: 'volumes', ...(all ? { filters: { all: 'true' } } : {}) }),
      ),
    );
    return 0;
  },
};

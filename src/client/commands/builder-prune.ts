import type { Command } from '../command.ts';
import { agreed, PRUNE_FLAGS, pruneKind, reclaimedText } from '../prune.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    ...PRUNE_FLAGS,
    { name: 'all', short: 'a', type: 'bool', description: 'Remove every part of the cache' },
    { name: 'keep-storage', type: 'bytes', description: 'Keep this much of the cache' },
  ],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const all = flags.bool('all');
    if (
      !(await agreed(
        flags,
        all ? 'This will remove all build cache.' : 'This will remove all dangling build cache.',
      ))
    )
      return 0;
    cli.out(
      reclaimedText(
        await pruneKind(cli, flags, {
          kind: 'build',
          query: { all, 'keep-storage': flags.number('keep-storage') || undefined },
        }),
      ),
    );
    return 0;
  },
};

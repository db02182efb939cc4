import type { Command } from '../command.ts';
import { agreed, PRUNE_FLAGS, pruneKind, reclaimedText } from '../prune.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    ...PRUNE_FLAGS,
    { name: 'all', short: 'a', type: 'bool', description: 'Remove every image that no container uses' },
  ],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const all = flags.bool('all');
    if (
      !(await agreed(
        flags,
        all
          ? 'This will remove all images without at least one container associated to them.'
          : 'This will remove all dangling images.',
      ))
    )
      return 0;
    cli.out(
      reclaimedText(
        await pruneKind(cli, flags, { kind: 'images', filters: { dangling: all ? 'false' : 'true' } }),
      ),
    );
    return 0;
  },
};

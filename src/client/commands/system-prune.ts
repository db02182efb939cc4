import { defineCommand } from '../command.ts';
import { CommandFailure } from '../failure.ts';
import type { FlagValues } from '../flags.ts';
import { agreed, PRUNE_FLAGS, pruneFilters, pruneKind, reclaimedText } from '../prune.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  flags: [
    ...PRUNE_FLAGS,
    { name: 'all', short: 'a', type: 'bool', description: 'Remove every image that no container uses' },
    { name: 'volumes', type: 'bool', description: 'Also remove unnamed volumes' },
  ],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const all = flags.bool('all');
    const volumes = flags.bool('volumes');
    if (volumes && pruneFilters(cli, flags).some((filter) => filter.startsWith('until='))) {
      throw new CommandFailure('ERROR: The "until" filter is not supported with "--volumes"');
    }
    if (!(await agreed(flags, warning(flags, pruneFilters(cli, flags))))) return 0;
    let bytes = await pruneKind(cli, flags, { kind: 'containers' });
    bytes += await pruneKind(cli, flags, { kind: 'networks' });
    if (volumes) bytes += await pruneKind(cli, flags, { kind: 'volumes' });
    bytes += await pruneKind(cli, flags, { kind: 'images', filters: { dangling: all ? 'false' : 'true' } });
    bytes += await pruneKind(cli, flags, { kind: 'build', query: { all } });
    cli.out(reclaimedText(bytes));
    return 0;
  },
});

function warning(flags: FlagValues, filters: readonly string[]): string {
  const all = flags.bool('all');
  const items = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(flags.bool('volumes') ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
    all ? 'all build cache' : 'unused build cache',
  ];
  const chosen = [...filters].sort().map((filter) => `  - ${filter}\n`);
  const note = chosen.length > 0 ? `\n  Items to be pruned will be filtered with:\n${chosen.join('')}` : '';
  return `This will remove:\n${items.map((item) => `  - ${item}\n`).join('')}${note}`;
}

import { argument, defineCommand } from '../command.ts';
import { pathSegment } from '../each.ts';

/** `Kind` of a change: modified, added, deleted. */
const LETTERS = ['C', 'A', 'D'];

export const command = defineCommand({
  usage: 'CONTAINER',
  flags: [],
  args: { min: 1, max: 1 },
  completes: ['container'],
  async run(invocation) {
    const path = `/containers/${pathSegment(argument(invocation, 0))}/changes`;
    const changes = await invocation.cli.engine.get<{ Kind: number; Path: string }[] | null>(path);
    const lines = (changes ?? []).map(({ Kind, Path }) => `${LETTERS[Kind] ?? '?'} ${Path}\n`);
    invocation.cli.out(lines.join(''));
    return 0;
  },
});

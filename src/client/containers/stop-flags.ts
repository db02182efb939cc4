import type { Flag } from '../flag-types.ts';
import type { FlagValues } from '../flags.ts';
import type { Query } from '../transport/engine.ts';

/** What `stop` and `restart` share. */
export const STOP_FLAGS: readonly Flag[] = [
  { name: 'signal', short: 's', type: 'string', description: 'Signal to stop with' },
  {
    name: 'timeout',
    short: 't',
    type: 'int',
    aliases: ['time'],
    description: 'Seconds to wait before killing, -1 for no limit',
  },
];

export function stopQuery(flags: FlagValues): Query {
  return {
    signal: flags.text('signal') || undefined,
    t: flags.has('timeout') ? flags.number('timeout') : undefined,
  };
}

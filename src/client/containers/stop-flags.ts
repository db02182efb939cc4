import type { Flag } from '../flag-types.ts';
import type { FlagValues } from '../flags.ts';
import type { Query } from '../transport/engine.ts';

/** Signals that users commonly send. */
export const SIGNALS = ['HUP', 'INT', 'QUIT', 'KILL', 'USR1', 'USR2', 'TERM', 'CONT', 'STOP', 'WINCH'].map(
  (name) => `SIG${name}`,
);

/** The flags that `stop` and `restart` share. */
export const STOP_FLAGS = [
  { name: 'signal', short: 's', type: 'string', description: 'Signal to stop with', completes: SIGNALS },
  {
    name: 'timeout',
    short: 't',
    type: 'int',
    aliases: ['time'],
    deprecated: ['time'],
    description: 'Seconds to wait before killing, -1 for no limit',
  },
] as const satisfies readonly Flag[];

export function stopQuery(flags: FlagValues): Query {
  return {
    signal: flags.text('signal') || undefined,
    t: flags.has('timeout') ? flags.number('timeout') : undefined,
  };
}

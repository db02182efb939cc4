import { actionCommand } from '../containers/action.ts';
import { STOP_FLAGS, stopQuery } from '../containers/stop-flags.ts';

export const command = actionCommand({
  verb: 'restart',
  flags: STOP_FLAGS,
  query: stopQuery,
  completes: 'container',
});

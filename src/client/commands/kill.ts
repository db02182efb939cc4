import { actionCommand } from '../containers/action.ts';
import { SIGNALS } from '../containers/stop-flags.ts';

export const command = actionCommand({
  verb: 'kill',
  flags: [
    {
      name: 'signal',
      short: 's',
      type: 'string',
      description: 'Signal to send instead of SIGKILL',
      completes: SIGNALS,
    },
  ],
  query: (flags) => ({ signal: flags.text('signal') || undefined }),
  completes: 'running',
});

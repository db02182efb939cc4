import { timedSuite } from './timed.ts';

export const clientSuite = timedSuite({
  name: 'client',
  title: 'The client alone: a fresh process that does next to nothing',
  effort: { warmup: 2, runs: 15 },
  cases: [
    { label: 'version', args: ['version'] },
    { label: 'ps', args: ['ps'] },
    { label: '--help', args: ['--help'] },
  ],
  notes: ['podman has no daemon to ask: its `version` and `ps` look things up themselves.'],
});

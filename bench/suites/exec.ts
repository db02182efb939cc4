import { timedSuite } from './timed.ts';

const NAME = 'bench-exec';

export const execSuite = timedSuite({
  name: 'exec',
  title: 'Another process in a container that runs: `exec … true`',
  effort: { warmup: 2, runs: 12 },
  idle: NAME,
  cases: [
    { label: 'exec', args: ['exec', NAME, 'true'] },
    { label: 'exec -d', args: ['exec', '-d', NAME, 'true'] },
  ],
  notes: [],
});

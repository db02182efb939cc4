import { timedSuite } from './timed.ts';

const NAME = 'bench-stop';
const around = (...program: readonly string[]) => ({
  before: ['run', '-d', '--name', NAME, 'busybox', ...program],
  args: ['stop', NAME],
  after: ['rm', '-f', NAME],
});

export const stopSuite = timedSuite({
  name: 'stop',
  title: 'Stopping a container, with the grace period that everybody has (10 s)',
  effort: { warmup: 1, runs: 5 },
  cases: [
    {
      label: 'stop, ends by the signal',
      ...around('sh', '-c', 'trap "exit 0" TERM; while true; do sleep 0.02; done'),
    },
    {
      label: 'stop, ignores it by default',
      ...around('sleep', '3600'),
      effort: { warmup: 0, runs: 2 },
    },
  ],
  notes: [
    'Process 1 of a pid namespace gets no signal that it has no handler for; Barge sees that and does not wait.',
  ],
});

import { timedSuite } from './timed.ts';

const run = (network: string) => ({
  label: `run --rm, ${network}`,
  args: ['run', '--rm', '--network', network, 'busybox', 'true'],
});

export const runSuite = timedSuite({
  name: 'run',
  title: 'A container from command to exit: `run --rm --network … busybox true`',
  cases: ['bridge', 'none', 'host'].map(run),
  notes: [],
});

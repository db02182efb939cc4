import { timedSuite } from './timed.ts';

const run = (what: string, ...flags: readonly string[]) => ({
  label: `run --rm, ${what}`,
  args: ['run', '--rm', ...flags, 'busybox', 'true'],
});

const NAME = 'bench-detached';

export const runSuite = timedSuite({
  name: 'run',
  title: 'A container from command to exit: `run --rm … busybox true`',
  effort: { warmup: 2, runs: 10 },
  cases: [
    run('bridge', '--network', 'bridge'),
    run('none', '--network', 'none'),
    run('host', '--network', 'host'),
    run('a published port', '-p', '80'),
    run('a volume', '-v', '/data'),
    {
      label: 'run -d',
      args: ['run', '-d', '--name', NAME, 'busybox', 'sleep', '3600'],
      after: ['rm', '-f', NAME],
    },
  ],
  notes: ['`-p 80` takes a free port of the host; `-v /data` makes a volume, which goes with the container.'],
});

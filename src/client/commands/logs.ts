import type { ContainerInspect } from '../../api/engine/containers.ts';
import { argument, defineCommand } from '../command.ts';
import { pathSegment } from '../each.ts';
import { copyOutput } from '../streams/connect.ts';
import { timeFlag } from '../time.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER',
  flags: [
    { name: 'details', type: 'bool', description: 'Show extra attributes that the log driver adds' },
    { name: 'follow', short: 'f', type: 'bool', description: 'Follow the output' },
    {
      name: 'since',
      type: 'string',
      description: 'Show logs since this time, or this long ago (42m)',
      completes: 'none',
    },
    {
      name: 'tail',
      short: 'n',
      type: 'string',
      default: 'all',
      description: 'Number of lines to show from the end',
      completes: ['all'],
    },
    { name: 'timestamps', short: 't', type: 'bool', description: 'Show the time of each line' },
    {
      name: 'until',
      type: 'string',
      description: 'Show logs until this time, or this long ago (42m)',
      completes: 'none',
    },
  ],
  args: { min: 1, max: 1 },
  completes: ['container'],
  async run(invocation) {
    const { flags, cli } = invocation;
    const path = `/containers/${pathSegment(argument(invocation, 0))}`;
    const time = (name: 'since' | 'until') => (flags.has(name) ? timeFlag(flags, name) : undefined);
    const { Config } = await cli.engine.get<ContainerInspect>(`${path}/json`);
    const { body } = await cli.engine.request('GET', `${path}/logs`, {
      query: {
        stdout: true,
        stderr: true,
        follow: flags.bool('follow'),
        timestamps: flags.bool('timestamps'),
        details: flags.bool('details'),
        tail: flags.text('tail'),
        since: time('since'),
        until: time('until'),
      },
    });
    await copyOutput(cli, body, Config.Tty ?? false);
    return 0;
  },
});

import type { BuildRecord } from '../../api/build-events.ts';
import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  usage: 'BUILD',
  flags: [],
  args: { min: 1, max: 1 },
  async run(invocation) {
    const id = encodeURIComponent(argument(invocation, 0));
    const build = await invocation.cli.engine.get<BuildRecord>(`/barge/builds/${id}`);
    invocation.cli.out(`${JSON.stringify(build, undefined, 2)}\n`);
    return 0;
  },
});

import type { BuildMessage, BuildRecord } from '../../api/build-events.ts';
import { argument, defineCommand } from '../command.ts';
import { PlainBuild } from '../progress/build-plain.ts';

export const command = defineCommand({
  usage: '[OPTIONS] BUILD',
  flags: [{ name: 'rawjson', type: 'bool', description: 'Print the messages as JSON, unchanged' }],
  args: { min: 1, max: 1 },
  async run(invocation) {
    const { flags, cli } = invocation;
    const id = encodeURIComponent(argument(invocation, 0));
    const { Error: failure } = await cli.engine.get<BuildRecord>(`/barge/builds/${id}`);
    const messages = await cli.engine.get<BuildMessage[]>(`/barge/builds/${id}/messages`);
    const view = new PlainBuild({ write: (text) => cli.draw(text), explain: true });
    for (const message of messages) {
      if (flags.bool('rawjson')) cli.out(`${JSON.stringify(message)}\n`);
      else view.show(message);
    }
    if (flags.bool('rawjson')) return 0;
    view.end();
    if (failure !== undefined) cli.out(`ERROR: ${failure}\n`);
    return 0;
  },
});

import { argument, defineCommand } from '../command.ts';
import { copyFromContainer } from '../copy/from-container.ts';
import { parsePlace } from '../copy/place.ts';
import { copyToContainer } from '../copy/to-container.ts';
import { CommandFailure } from '../failure.ts';

export const command = defineCommand({
  usage: 'CONTAINER:SRC_PATH DEST_PATH|- or SRC_PATH|- CONTAINER:DEST_PATH',
  flags: [
    { name: 'archive', short: 'a', type: 'bool', description: 'Keep user and group ids' },
    {
      name: 'follow-link',
      short: 'L',
      type: 'bool',
      description: 'Follow a symbolic link at the source',
    },
    { name: 'quiet', short: 'q', type: 'bool', description: 'Do not report success' },
  ],
  args: { min: 2, max: 2 },
  completes: ['file', 'file'],
  async run(invocation) {
    const { flags, cli } = invocation;
    const source = parsePlace(argument(invocation, 0));
    const target = parsePlace(argument(invocation, 1));
    const options = { archive: flags.bool('archive'), followLink: flags.bool('follow-link') };
    let summary: string;
    if (source.container !== undefined && target.container !== undefined) {
      throw new CommandFailure('copying between containers is not supported');
    }
    if (source.container !== undefined) summary = await copyFromContainer(cli, source, target.path, options);
    else if (target.container !== undefined)
      summary = await copyToContainer(cli, source.path, target, options);
    else throw new CommandFailure('must specify at least one container source');
    if (process.stderr.isTTY && !flags.bool('quiet') && summary !== '') cli.err(`${summary}\n`);
    return 0;
  },
});

import { invalidParameter } from '../../core/errors.ts';
import { argument, defineCommand } from '../command.ts';
import { openInput } from '../images/input-file.ts';
import { unpackContext } from '../targets/archive.ts';
import { checkContextName, contextExists } from '../targets/store.ts';
import { writeContext } from '../targets/write.ts';

export const command = defineCommand({
  usage: 'CONTEXT FILE|-',
  flags: [],
  args: { min: 2, max: 2 },
  completes: ['none', 'file'],
  async run(invocation) {
    const { cli } = invocation;
    const name = argument(invocation, 0);
    const path = argument(invocation, 1);
    checkContextName(name);
    if (contextExists(cli.configDirectory, name)) throw invalidParameter(`context "${name}" already exists`);
    const { meta, tls } = await unpackContext(path === '-' ? process.stdin : await openInput(path));
    await writeContext(cli.configDirectory, { ...meta, Name: name }, tls);
    cli.out(`${name}\n`);
    cli.err(`Successfully imported context "${name}"\n`);
    return 0;
  },
});

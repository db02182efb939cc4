import { defineCommand } from '../command.ts';
import { createContainer } from '../create/container.ts';
import { CREATE_FLAGS } from '../create/flags.ts';

export const command = defineCommand({
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  flags: CREATE_FLAGS,
  args: { min: 1 },
  completes: ['image', 'file'],
  stopAtPositional: true,
  failure: { exitCode: 1, named: true },
  async run(invocation) {
    const { flags, cli } = invocation;
    const asked = flags.list('attach').map((name) => name.toLowerCase());
    const id = await createContainer(invocation, {
      stdin: asked.length > 0 ? asked.includes('stdin') : flags.bool('interactive'),
      stdout: asked.length === 0 || asked.includes('stdout'),
      stderr: asked.length === 0 || asked.includes('stderr'),
    });
    cli.out(`${id}\n`);
    return 0;
  },
});

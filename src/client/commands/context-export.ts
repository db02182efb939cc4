import { existsSync } from 'node:fs';
import { argument, defineCommand } from '../command.ts';
import { CommandFailure } from '../failure.ts';
import { writeOutput } from '../output/file.ts';
import { packContext } from '../targets/archive.ts';
import { viewContext } from '../targets/view.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTEXT [FILE|-]',
  flags: [],
  args: { min: 1, max: 2 },
  completes: ['context', 'file'],
  async run(invocation) {
    const { args, cli } = invocation;
    const name = argument(invocation, 0);
    const path = args[1] ?? `${name}.dockercontext`;
    if (path === '-' && process.stdout.isTTY) {
      throw new CommandFailure('cowardly refusing to export to a terminal, specify a file path');
    }
    if (path !== '-' && existsSync(path)) throw new CommandFailure(`open ${path}: file exists`);
    await writeOutput(cli, path, packContext(viewContext(cli, name)), { mode: 0o600 });
    if (path !== '-') cli.err(`Written file "${path}"\n`);
    return 0;
  },
});

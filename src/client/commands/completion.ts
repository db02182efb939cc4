import { invalidParameter } from '../../core/errors.ts';
import { argument, defineCommand } from '../command.ts';
import { SCRIPTS, SHELLS } from '../completion/scripts.ts';

export const command = defineCommand({
  usage: 'bash|zsh|fish',
  flags: [],
  args: { min: 1, max: 1 },
  completes: [SHELLS],
  async run(invocation) {
    const asked = argument(invocation, 0);
    const shell = SHELLS.find((one) => one === asked);
    if (!shell) throw invalidParameter(`no completion for "${asked}": want one of ${SHELLS.join(', ')}`);
    invocation.cli.out(SCRIPTS[shell]);
    return 0;
  },
});

import { defineCommand } from '../command.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  flags: [],
  args: { min: 0, max: 0 },
  async run({ cli }) {
    cli.out(`${cli.contextName}\n`);
    return 0;
  },
});

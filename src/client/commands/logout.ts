import { authKey } from '../auth/registry-auth.ts';
import { eraseLogin } from '../auth/store.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  usage: '[SERVER]',
  flags: [],
  args: { min: 0, max: 1 },
  async run({ args, cli }) {
    const key = authKey(args[0] ?? '');
    if (await eraseLogin(cli.configDirectory, key)) cli.out(`Removing login credentials for ${key}\n`);
    else cli.out(`Not logged in to ${key}\n`);
    return 0;
  },
});

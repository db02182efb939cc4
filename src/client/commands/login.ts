import type { AuthConfig } from '../../api/engine/system.ts';
import { ask, askSecret } from '../auth/prompt.ts';
import { authKey } from '../auth/registry-auth.ts';
import { storeLogin } from '../auth/store.ts';
import { readStdin } from '../build-context/dockerfile.ts';
import { defineCommand, type Invocation } from '../command.ts';
import { CommandFailure } from '../failure.ts';

export const command = defineCommand({
  usage: '[OPTIONS] [SERVER]',
  flags: [
    { name: 'password', short: 'p', type: 'string', description: 'Password or access token' },
    { name: 'password-stdin', type: 'bool', description: 'Read the password from standard input' },
    { name: 'username', short: 'u', type: 'string', description: 'User name' },
  ],
  args: { min: 0, max: 1 },
  async run(invocation) {
    const { cli, args } = invocation;
    const credentials = await readCredentials(invocation);
    const login: AuthConfig = { ...credentials, serveraddress: authKey(args[0] ?? '') };
    const response = await cli.engine.post<{ Status?: string; IdentityToken?: string }>('/auth', {
      json: login,
    });
    const warning = await storeLogin(cli.configDirectory, login, response.IdentityToken);
    if (warning) cli.err(warning);
    cli.out(`${response.Status || 'Login Succeeded'}\n`);
    return 0;
  },
});

async function readCredentials({ flags, cli }: Invocation): Promise<{ username: string; password: string }> {
  const fromStdin = flags.bool('password-stdin');
  if (fromStdin && flags.has('password'))
    throw new CommandFailure('--password and --password-stdin are mutually exclusive');
  if (fromStdin && !flags.has('username')) {
    throw new CommandFailure('the --password-stdin option requires --username to be set');
  }
  if (flags.has('password')) {
    cli.err('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
  }
  let password = fromStdin
    ? (await readStdin()).toString('utf8').replace(/\r?\n$/, '')
    : flags.text('password');
  let username = flags.text('username');
  if (username === '' || password === '') {
    if (fromStdin) throw new CommandFailure('password is empty');
    if (!process.stdin.isTTY)
      throw new CommandFailure('Error: Cannot perform an interactive login from a non TTY device');
    if (username === '') username = await ask('Username: ');
    if (username === '') throw new CommandFailure('username is required');
    if (password === '') password = await askSecret('Password: ');
    if (password === '') throw new CommandFailure('password is required');
  }
  return { username, password };
}

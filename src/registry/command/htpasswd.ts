import { text } from 'node:stream/consumers';
import { invalidParameter } from '../../core/errors.ts';
import { setPassword } from '../auth/set-password.ts';

/** `barge-registry htpasswd FILE USER`. @returns the output for the user. @throws BargeError invalid-parameter. */
export async function htpasswd(args: readonly string[], stdin: NodeJS.ReadableStream): Promise<string> {
  const [file, user, ...rest] = args;
  if (file === undefined || user === undefined || rest.length > 0) {
    throw invalidParameter('htpasswd takes two arguments: FILE USER');
  }
  const password = (await text(stdin)).replace(/\r?\n$/, '');
  const isNew = await setPassword(file, user, password);
  return isNew ? `Adding password for user ${user}\n` : `Updating password for user ${user}\n`;
}

import { readFile } from 'node:fs/promises';
import { writeDurably } from '../../core/durable.ts';
import { errnoOf, invalidParameter } from '../../core/errors.ts';
import { hashPassword } from './passwords.ts';

/**
 * Adds a user to an htpasswd file, or changes a user's password; other lines are unchanged. The file is
 * created when missing, readable by its owner only.
 * @returns whether the user is new.
 * @throws BargeError invalid-parameter.
 */
export async function setPassword(path: string, user: string, password: string): Promise<boolean> {
  if (user === '' || /[:\r\n]/.test(user)) {
    throw invalidParameter(`invalid user name "${user}": it must not be empty or contain a colon`);
  }
  const lines = (await readOrEmpty(path)).split('\n').filter((line) => line !== '');
  const others = lines.filter((line) => !line.startsWith(`${user}:`));
  const entry = `${user}:${await hashPassword(password)}`;
  await writeDurably(path, `${[...others, entry].join('\n')}\n`, 0o600);
  return others.length === lines.length;
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}

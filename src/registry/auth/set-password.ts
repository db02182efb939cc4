import { readFile } from 'node:fs/promises';
import bcrypt from 'bcryptjs';
import { writeDurably } from '../../core/durable.ts';
import { errnoOf, invalidParameter } from '../../core/errors.ts';

const ROUNDS = 10;
/** bcrypt ignores what comes after. */
const MAX_PASSWORD_BYTES = 72;

/**
 * Adds a user to an htpasswd file, or changes the password of one; other lines stay as they are. The file is
 * made when missing, readable by its owner only.
 * @returns whether the user is new.
 * @throws BargeError invalid-parameter.
 */
export async function setPassword(path: string, user: string, password: string): Promise<boolean> {
  if (user === '' || /[:\r\n]/.test(user)) {
    throw invalidParameter(`invalid user name "${user}": it must not be empty or hold a colon`);
  }
  if (password === '') throw invalidParameter('the password is empty; give it on standard input');
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES) {
    throw invalidParameter(
      `the password is longer than ${MAX_PASSWORD_BYTES} bytes, all that bcrypt looks at`,
    );
  }
  const lines = (await readOrEmpty(path)).split('\n').filter((line) => line !== '');
  const others = lines.filter((line) => !line.startsWith(`${user}:`));
  const entry = `${user}:${await bcrypt.hash(password, ROUNDS)}`;
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

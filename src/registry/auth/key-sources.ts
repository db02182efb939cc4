import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { digestOf, hexOf } from '../../core/digest.ts';
import { errnoOf, systemError } from '../../core/errors.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { writePrivately } from '../private-files.ts';
import type { KeySource, TokenKey } from './token-keys.ts';

const KEY_BYTES = 32;
/** The name of the key among the secrets of a database. */
const SECRET = 'bearer-tokens';

/** A source whose key can be replaced; tokens of the old key are then rejected. */
export interface RotatingKeySource extends KeySource {
  rotate(): Promise<void>;
}

const newKey = () => randomBytes(KEY_BYTES).toString('base64');

/** A key in a separate file, for a single server. */
export class KeyFile implements RotatingKeySource {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async load(): Promise<TokenKey> {
    const text = await this.#read();
    if (text !== undefined) return keyOf(text, this.#path);
    await writePrivately(this.#path, `${newKey()}\n`, { onlyNew: true });
    return keyOf((await this.#read()) ?? '', this.#path);
  }

  async rotate(): Promise<void> {
    await writePrivately(this.#path, `${newKey()}\n`);
  }

  async #read(): Promise<string | undefined> {
    try {
      return await readFile(this.#path, 'utf8');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw systemError(`reading the signing key ${this.#path} failed`, { cause: error });
    }
  }
}

/** A key in a database, for several servers that share it. */
export class KeyRow implements RotatingKeySource {
  readonly #accounts: Pick<Accounts, 'secret' | 'replaceSecret'>;

  constructor(accounts: Pick<Accounts, 'secret' | 'replaceSecret'>) {
    this.#accounts = accounts;
  }

  async load(): Promise<TokenKey> {
    return keyOf((await this.#accounts.secret(SECRET)).toString('base64'), 'in the database');
  }

  async rotate(): Promise<void> {
    await this.#accounts.replaceSecret(SECRET, newKey());
  }
}

/**
 * Earlier versions stored the key of a single server in its database, which every local user could read. That key is
 * removed rather than moved: anyone who has read it could continue to create tokens.
 */
export async function forgetKeyOfDatabase(accounts: Pick<Accounts, 'removeSecret'>): Promise<void> {
  await accounts.removeSecret(SECRET);
}

/** @throws BargeError system for a key that is too short. */
function keyOf(text: string, where: string): TokenKey {
  const secret = Buffer.from(text.trim(), 'base64');
  if (secret.length < KEY_BYTES) {
    throw systemError(`the signing key ${where} is damaged; create a new one with barge-registry key rotate`);
  }
  return { id: hexOf(digestOf(secret)).slice(0, 16), secret };
}

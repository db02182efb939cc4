import { createHmac, randomBytes } from 'node:crypto';
import bcrypt from 'bcryptjs';
import { invalidParameter } from '../../core/errors.ts';
import { registryError } from '../registry-error.ts';

const ROUNDS = 10;
/** bcrypt ignores what comes after. */
const MAX_PASSWORD_BYTES = 72;
/** Checks of passwords going on at once; each takes a tenth of a second of the processor. */
const MAX_CHECKS = 32;
const MAX_REMEMBERED = 1000;

/** @throws BargeError invalid-parameter for an empty password, and for one longer than bcrypt looks at. */
export async function hashPassword(password: string): Promise<string> {
  if (password === '') throw invalidParameter('the password is empty; give it on standard input');
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES) {
    throw invalidParameter(
      `the password is longer than ${MAX_PASSWORD_BYTES} bytes, all that bcrypt looks at`,
    );
  }
  return await bcrypt.hash(password, ROUNDS);
}

/** What an `Authorization: Basic` header says (RFC 7617). */
export function parseBasic(
  authorization: string | undefined,
): { readonly name: string; readonly password: string } | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/**
 * Compares passwords with bcrypt hashes. An unknown user takes as long as a known one. What was right is
 * remembered, as a keyed hash of user, password and hash: a push makes many requests and bcrypt is slow by design.
 */
export class PasswordChecker {
  readonly #key = randomBytes(32);
  readonly #good = new Set<string>();
  readonly #decoys = new Map<number, string>();
  #checks = 0;

  /** @param hash undefined: there is no such user. @param example another user's hash, whose cost a decoy has. */
  async matches(
    name: string,
    password: string,
    hash: string | undefined,
    example?: string,
  ): Promise<boolean> {
    const fingerprint = this.#fingerprint(name, password, hash ?? '');
    if (this.#good.has(fingerprint)) return true;
    const matches = await this.#compare(password, hash ?? this.#decoy(example));
    if (!matches || hash === undefined) return false;
    if (this.#good.size >= MAX_REMEMBERED) this.#good.clear();
    this.#good.add(fingerprint);
    return true;
  }

  #fingerprint(...parts: readonly string[]): string {
    return createHmac('sha256', this.#key).update(parts.join('\0')).digest('base64');
  }

  #decoy(example: string | undefined): string {
    const rounds = example === undefined ? ROUNDS : bcrypt.getRounds(example);
    const decoy = this.#decoys.get(rounds) ?? `${bcrypt.genSaltSync(rounds)}${'x'.repeat(31)}`;
    this.#decoys.set(rounds, decoy);
    return decoy;
  }

  async #compare(password: string, hash: string): Promise<boolean> {
    if (this.#checks >= MAX_CHECKS) {
      throw registryError('TOOMANYREQUESTS', 'too many sign-ins at once; try again soon');
    }
    this.#checks++;
    try {
      return await bcrypt.compare(password, hash);
    } finally {
      this.#checks--;
    }
  }
}

import { createHmac, randomBytes } from 'node:crypto';
import bcrypt from 'bcryptjs';
import { invalidParameter } from '../../core/errors.ts';
import { registryError } from '../registry-error.ts';

const ROUNDS = 10;
/** bcrypt ignores all further bytes. */
const MAX_PASSWORD_BYTES = 72;
/** Maximum concurrent password checks; each takes a tenth of a second of processor time. */
const MAX_CHECKS = 32;
const MAX_REMEMBERED = 1000;

/** @throws BargeError invalid-parameter for an empty password, and for one longer than bcrypt supports. */
export async function hashPassword(password: string): Promise<string> {
  if (password === '') throw invalidParameter('the password is empty; pass it on standard input');
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES) {
    throw invalidParameter(`the password is longer than ${MAX_PASSWORD_BYTES} bytes, the limit of bcrypt`);
  }
  return await bcrypt.hash(password, ROUNDS);
}

/** Credentials of an `Authorization: Basic` header (RFC 7617). */
export function parseBasic(
  authorization: string | undefined,
): { readonly name: string; readonly password: string } | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** The highest cost among bcrypt hashes; undefined when there are none. */
export function highestCost(hashes: Iterable<string>): number | undefined {
  let highest: number | undefined;
  for (const hash of hashes) highest = Math.max(highest ?? 0, bcrypt.getRounds(hash));
  return highest;
}

type Compare = (password: string, hash: string) => Promise<boolean>;

/**
 * Compares passwords with bcrypt hashes. A wrong password takes the same work regardless of whether its user exists and of
 * their hash's cost. Correct passwords are cached, as a keyed hash of user, password and hash, because a push sends many
 * requests and bcrypt is slow by design.
 */
export class PasswordChecker {
  readonly #key = randomBytes(32);
  readonly #good = new Set<string>();
  readonly #decoys = new Map<number, string>();
  readonly #bcrypt: Compare;
  #checks = 0;

  constructor(compare: Compare = (password, hash) => bcrypt.compare(password, hash)) {
    this.#bcrypt = compare;
  }

  /**
   * @param hash undefined: there is no such user.
   * @param cost the highest cost among the hashes of all users, which a wrong password takes.
   */
  async matches(
    name: string,
    password: string,
    hash: string | undefined,
    cost: number = ROUNDS,
  ): Promise<boolean> {
    const fingerprint = this.#fingerprint(name, password, hash ?? '');
    if (this.#good.has(fingerprint)) return true;
    if (!(await this.#compare(password, hash, cost))) return false;
    if (this.#good.size >= MAX_REMEMBERED) this.#good.clear();
    this.#good.add(fingerprint);
    return true;
  }

  #fingerprint(...parts: readonly string[]): string {
    return createHmac('sha256', this.#key).update(JSON.stringify(parts)).digest('base64');
  }

  #decoy(rounds: number): string {
    const decoy = this.#decoys.get(rounds) ?? `${bcrypt.genSaltSync(rounds)}${'x'.repeat(31)}`;
    this.#decoys.set(rounds, decoy);
    return decoy;
  }

  async #compare(password: string, hash: string | undefined, cost: number): Promise<boolean> {
    if (this.#checks >= MAX_CHECKS) {
      throw registryError('TOOMANYREQUESTS', 'too many sign-ins at once; try again soon');
    }
    this.#checks++;
    try {
      if (hash === undefined) {
        await this.#bcrypt(password, this.#decoy(cost));
        return false;
      }
      if (await this.#bcrypt(password, hash)) return true;
      /* A cost of n takes 2^n rounds: the hash's own rounds plus those of each cost up to the highest equal the highest's. */
      for (let rounds = bcrypt.getRounds(hash); rounds < cost; rounds++) {
        await this.#bcrypt(password, this.#decoy(rounds));
      }
      return false;
    } finally {
      this.#checks--;
    }
  }
}

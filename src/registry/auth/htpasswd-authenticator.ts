import { createHmac, randomBytes } from 'node:crypto';
import bcrypt from 'bcryptjs';
import { registryError } from '../registry-error.ts';
import type { Authenticator } from './authenticator.ts';
import type { HtpasswdFile, Users } from './htpasswd-file.ts';

/** Checks of passwords going on at once; each takes a tenth of a second of the processor. */
const MAX_CHECKS = 32;
const MAX_REMEMBERED = 1000;

/**
 * HTTP Basic authentication (RFC 7617) against an htpasswd file with bcrypt hashes. Checking an unknown user
 * takes as long as checking a known one. Good credentials are remembered, as a keyed hash, until the file
 * changes: a push makes many requests and bcrypt is slow by design.
 */
export class HtpasswdAuthenticator implements Authenticator {
  readonly challenge = 'Basic realm="barge-registry", charset="UTF-8"';
  readonly #file: HtpasswdFile;
  readonly #key = randomBytes(32);
  readonly #good = new Set<string>();
  #users: Users | undefined;
  #decoy = '';
  #checks = 0;

  constructor(file: HtpasswdFile) {
    this.#file = file;
  }

  async authenticate(authorization: string | undefined): Promise<string | undefined> {
    const credentials = parseBasic(authorization);
    if (!credentials) return undefined;
    const users = await this.#currentUsers();
    const { name, password } = credentials;
    const fingerprint = createHmac('sha256', this.#key).update(`${name}:${password}`).digest('base64');
    if (this.#good.has(fingerprint)) return name;
    const matches = await this.#check(password, users.get(name) ?? this.#decoy);
    if (!matches || !users.has(name)) return undefined;
    if (users === this.#users) this.#remember(fingerprint);
    return name;
  }

  async #currentUsers(): Promise<Users> {
    const users = await this.#file.users();
    if (users !== this.#users) {
      this.#good.clear();
      this.#users = users;
      const [example] = users.values();
      const rounds = example === undefined ? 10 : bcrypt.getRounds(example);
      this.#decoy = `${bcrypt.genSaltSync(rounds)}${'x'.repeat(31)}`;
    }
    return users;
  }

  async #check(password: string, hash: string): Promise<boolean> {
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

  #remember(fingerprint: string): void {
    if (this.#good.size >= MAX_REMEMBERED) this.#good.clear();
    this.#good.add(fingerprint);
  }
}

function parseBasic(authorization: string | undefined): { name: string; password: string } | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

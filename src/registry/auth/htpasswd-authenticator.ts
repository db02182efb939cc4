import { type Counters, MemoryCounters } from '../database/counters.ts';
import type { Authenticator } from './authenticator.ts';
import type { HtpasswdFile } from './htpasswd-file.ts';
import { highestCost, PasswordChecker, parseBasic } from './passwords.ts';
import { SignInLimit } from './sign-in-limit.ts';

/** HTTP Basic authentication (RFC 7617) against an htpasswd file with bcrypt hashes, which may change at any time. */
export class HtpasswdAuthenticator implements Authenticator {
  readonly challenge = 'Basic realm="barge-registry", charset="UTF-8"';
  readonly #file: HtpasswdFile;
  readonly #checker: PasswordChecker;
  readonly #limit: SignInLimit;

  /** @param counters shared by all servers; by default for a single server. */
  constructor(
    file: HtpasswdFile,
    counters: Counters = new MemoryCounters(),
    checker: PasswordChecker = new PasswordChecker(),
  ) {
    this.#file = file;
    this.#checker = checker;
    this.#limit = new SignInLimit(counters);
  }

  async authenticate(authorization: string | undefined, address = ''): Promise<string | undefined> {
    const credentials = parseBasic(authorization);
    if (!credentials) return undefined;
    await this.#limit.assertPatience(address);
    const users = await this.#file.users();
    const { name, password } = credentials;
    const cost = highestCost(users.values());
    if (await this.#checker.matches(name, password, users.get(name), cost)) return name;
    await this.#limit.failed(address);
    return undefined;
  }
}

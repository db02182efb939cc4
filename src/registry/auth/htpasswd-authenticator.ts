import type { Authenticator } from './authenticator.ts';
import type { HtpasswdFile } from './htpasswd-file.ts';
import { PasswordChecker, parseBasic } from './passwords.ts';

/** HTTP Basic authentication (RFC 7617) against an htpasswd file with bcrypt hashes, which may change at any time. */
export class HtpasswdAuthenticator implements Authenticator {
  readonly challenge = 'Basic realm="barge-registry", charset="UTF-8"';
  readonly #file: HtpasswdFile;
  readonly #checker = new PasswordChecker();

  constructor(file: HtpasswdFile) {
    this.#file = file;
  }

  async authenticate(authorization: string | undefined): Promise<string | undefined> {
    const credentials = parseBasic(authorization);
    if (!credentials) return undefined;
    const users = await this.#file.users();
    const { name, password } = credentials;
    const [example] = users.values();
    return (await this.#checker.matches(name, password, users.get(name), example)) ? name : undefined;
  }
}

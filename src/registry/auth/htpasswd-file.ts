import { readFile, stat } from 'node:fs/promises';

/** User names and their bcrypt hashes. */
type Users = ReadonlyMap<string, string>;

const BCRYPT = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/;

/** Parses an htpasswd file; lines with hashes other than bcrypt are skipped. */
export function parseHtpasswd(text: string): Users {
  const users = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    const hash = line.slice(colon + 1).trim();
    if (colon > 0 && !line.startsWith('#') && BCRYPT.test(hash)) users.set(line.slice(0, colon), hash);
  }
  return users;
}

/** An htpasswd file that is reread whenever it has changed. */
export class HtpasswdFile {
  readonly #path: string;
  #users: Users = new Map();
  #version = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** Returns the same object while the file is unchanged. @throws the system's error when it cannot be read. */
  async users(): Promise<Users> {
    const { mtimeNs, size, ino } = await stat(this.#path, { bigint: true });
    const version = `${mtimeNs} ${size} ${ino}`;
    if (version !== this.#version) {
      this.#users = parseHtpasswd(await readFile(this.#path, 'utf8'));
      this.#version = version;
    }
    return this.#users;
  }
}

import { closeSync, constants, lstatSync, mkdirSync, openSync, type Stats } from 'node:fs';
import { errnoOf, invalidParameter } from '../../core/errors.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/** A name in a directory that is held open. `path` is good until the next call of `at`. */
export interface Spot {
  readonly directory: number;
  readonly name: string;
  /** Leads through the open directory, whatever its own path leads to by now; the last part may be a link. */
  readonly path: string;
}

/**
 * A directory in which names are resolved part by part, links never followed: what a container, an image or an
 * archive put there cannot lead elsewhere. Node has no openat(2); a path through the open directory in /proc is one.
 */
export class Beneath {
  readonly root: string;
  readonly #directories: { readonly name: string; readonly fd: number }[];

  /** @param root the user's own path: links in it are followed. */
  constructor(root: string) {
    this.root = root;
    this.#directories = [{ name: '', fd: openSync(root, O_RDONLY | O_DIRECTORY) }];
  }

  /**
   * Finds the place of a name, making the directories on the way.
   * @param name relative and normalized. @throws BargeError invalid-parameter when there is something else on the way.
   */
  at(name: string): Spot {
    const parts = name.split('/');
    if (name === '' || parts.some((part) => part === '' || part === '..')) {
      throw invalidParameter(`${JSON.stringify(name)} is not a path below ${this.root}`);
    }
    const last = parts.pop() ?? '';
    const common = this.#keepCommon(parts);
    for (const part of parts.slice(common)) this.#enter(part);
    const { fd } = this.#current;
    return { directory: fd, name: last, path: pathIn(fd, last) };
  }

  /** What is at a spot, links not followed. */
  static look({ path }: Spot): Stats | undefined {
    return lstatSync(path, { throwIfNoEntry: false });
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#directories.splice(0)) closeSync(fd);
  }

  get #current() {
    return this.#directories.at(-1) ?? { name: '', fd: -1 };
  }

  /** Leaves directories until what is open leads to `parts`. @returns how many of them are open. */
  #keepCommon(parts: readonly string[]): number {
    let common = 0;
    while (common < parts.length && this.#directories[common + 1]?.name === parts[common]) common++;
    for (const { fd } of this.#directories.splice(common + 1)) closeSync(fd);
    return common;
  }

  #enter(name: string): void {
    const path = pathIn(this.#current.fd, name);
    try {
      mkdirSync(path);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    this.#directories.push({ name, fd: this.#open(path) });
  }

  #open(path: string): number {
    try {
      return openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    } catch (cause) {
      const code = errnoOf(cause);
      if (code !== 'ENOTDIR' && code !== 'ELOOP') throw cause;
      const way = [
        ...this.#directories.slice(1).map(({ name }) => name),
        path.slice(path.lastIndexOf('/') + 1),
      ];
      throw invalidParameter(`cannot write below ${this.root}/${way.join('/')}: it is not a directory`, {
        cause,
      });
    }
  }
}

const pathIn = (fd: number, name: string) => `/proc/self/fd/${fd}/${name}`;

import { closeSync, constants, lstatSync, mkdirSync, openSync, type Stats } from 'node:fs';
import { errnoOf, invalidParameter } from '../../core/errors.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/** A name in an open directory. `path` is valid until the next call of `at`. */
export interface Spot {
  readonly directory: number;
  readonly name: string;
  /** Resolves through the open directory, even if the directory has been moved; the last component may be a link. */
  readonly path: string;
}

/**
 * A directory in which names are resolved component by component without following links, so that links from a
 * container, image or archive cannot lead outside. Node has no openat(2); a path through the open directory in /proc
 * replaces it.
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
   * Finds the location of a name, creating its parent directories.
   * @param name relative and normalized. @throws BargeError invalid-parameter when a parent is not a directory.
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

  /** The status of a location, without following links. */
  static look({ path }: Spot): Stats | undefined {
    return lstatSync(path, { throwIfNoEntry: false });
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#directories.splice(0)) closeSync(fd);
  }

  get #current() {
    return this.#directories.at(-1) ?? { name: '', fd: -1 };
  }

  /** Closes directories that are not on the way to `parts`. @returns the number of open ones. */
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

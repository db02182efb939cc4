import FindMyWay, { type HTTPMethod } from 'find-my-way';
import { invalidParameter } from '../core/errors.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const METHODS: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Characters. Longer than any valid name or digest, so that overlong ones reach the check that explains the error. */
const MAX_PARAMETER = 4096;

/** A route as it was declared. */
export interface Route<T> {
  readonly method: Method;
  readonly pattern: string;
  /** The server's data about the route: its handler and more. */
  readonly target: T;
}

interface Match<T> {
  readonly target: T;
  readonly params: Readonly<Record<string, string | undefined>>;
}

interface RouterOptions {
  /** Whether `/v2/` is equivalent to `/v2`. */
  readonly ignoreTrailingSlash?: boolean;
}

/** The position of a multi-part parameter: after `prefix` and before one of `rests`. */
interface Wide {
  readonly prefix: string;
  readonly rests: readonly { readonly text: string; readonly matches: RegExp }[];
}

/**
 * Finds routes by method and path. In a pattern, `{name}` matches one part of a path and `{name...}` one or more parts; a
 * pattern has at most one of the latter.
 */
export class Router<T> {
  readonly #routes: FindMyWay.Instance<FindMyWay.HTTPVersion.V1>;
  readonly #declared: Route<T>[] = [];
  readonly #wide: Wide[] = [];
  readonly #ignoreTrailingSlash: boolean;

  constructor({ ignoreTrailingSlash = false }: RouterOptions = {}) {
    this.#ignoreTrailingSlash = ignoreTrailingSlash;
    this.#routes = FindMyWay({ maxParamLength: MAX_PARAMETER });
  }

  on(methods: Method | readonly Method[], pattern: string, target: T): void {
    const path = pattern.replace(/\{(\w+)(\.\.\.)?\}/g, ':$1');
    const [, prefix, rest] = /^(.*?)\{\w+\.\.\.\}(.*)$/.exec(pattern) ?? [];
    if (prefix !== undefined && rest !== undefined) this.#addWide(prefix, rest);
    for (const method of [methods].flat()) {
      this.#routes.on(method as HTTPMethod, path, () => {}, target);
      this.#declared.push({ method, pattern, target });
    }
  }

  #addWide(prefix: string, text: string): void {
    const at = this.#wide.findIndex((one) => one.prefix === prefix);
    const rests = this.#wide[at]?.rests ?? [];
    if (rests.some((one) => one.text === text)) return;
    const source = text.replace(/[.+*?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+');
    const added = [...rests, { text, matches: new RegExp(`^(.+?)(${source})$`) }];
    /* The longest come first, as they are the most specific. */
    added.sort((a, b) => b.text.length - a.text.length);
    if (at === -1) this.#wide.push({ prefix, rests: added });
    else this.#wide[at] = { prefix, rests: added };
  }

  /** All routes, in order of declaration. */
  get declared(): readonly Route<T>[] {
    return this.#declared;
  }

  /**
   * @param path without the query. A parameter is never empty.
   * @throws BargeError invalid-parameter for a `%` that does not begin an encoded byte.
   */
  find(method: string, path: string): Match<T> | undefined {
    assertEscapes(path);
    const plain = this.#ignoreTrailingSlash ? path.replace(/(?<=.)\/$/, '') : path;
    for (const candidate of this.#candidates(plain)) {
      const found = this.#routes.find(method as HTTPMethod, candidate);
      if (found && !Object.values(found.params).includes('')) {
        return { target: found.store as T, params: found.params };
      }
    }
    return undefined;
  }

  /** The methods that `path` supports; empty when it has no route. @throws as `find`. */
  methodsOf(path: string): Method[] {
    return METHODS.filter((method) => this.find(method, path) !== undefined);
  }

  /** The possible readings of a path. The library's parameters cannot contain slashes: wide ones are encoded into a single part. */
  *#candidates(path: string): Generator<string> {
    yield path;
    for (const { prefix, rests } of this.#wide) {
      if (!path.startsWith(prefix)) continue;
      for (const { matches } of rests) {
        const [, name, rest] = matches.exec(path.slice(prefix.length)) ?? [];
        if (name?.includes('/')) yield `${prefix}${encodeURIComponent(decodeURIComponent(name))}${rest}`;
      }
    }
  }
}

/** @throws BargeError invalid-parameter. */
function assertEscapes(path: string): void {
  if (!path.includes('%')) return;
  for (const part of path.split('/')) {
    try {
      decodeURIComponent(part);
    } catch (cause) {
      throw invalidParameter(`invalid URL escape in "${part}"`, { cause });
    }
  }
}

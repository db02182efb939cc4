import { invalidParameter } from '../core/errors.ts';
import type { Exchange } from './http.ts';

export type Handler = (exchange: Exchange) => Promise<void> | void;

interface Route {
  readonly method: string;
  readonly pattern: string;
  readonly path: RegExp;
  readonly handler: Handler;
  readonly hijacks: boolean;
}

export interface RouteOptions {
  /** Takes the connection over from clients that ask for it; elsewhere their Upgrade header is ignored. */
  readonly hijacks?: boolean;
}

export interface Match {
  readonly handler: Handler;
  readonly hijacks: boolean;
  readonly params: Record<string, string>;
}

/** @throws BargeError invalid-parameter for a `%` that begins no byte. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw invalidParameter(`invalid URL escape in "${part}"`, { cause: error });
  }
}

/**
 * The parameters of a request.
 * @param text from the `?` on.
 * @throws BargeError invalid-parameter for a zero byte, which no path, name or argument of a program can have.
 */
export function queryOf(text: string): URLSearchParams {
  const query = new URLSearchParams(text);
  for (const [name, value] of query) {
    if (value.includes('\0')) throw invalidParameter(`invalid value for ${name}: it contains a zero byte`);
  }
  return query;
}

/** Routes by method and path. `{name}` is one part of a path, `{name...}` any number of them. */
export class Router {
  readonly #routes: Route[] = [];

  on(method: string, pattern: string, handler: Handler, { hijacks = false }: RouteOptions = {}): void {
    const source = pattern
      .replace(/[.+*?^$()|[\]\\]/g, '\\$&')
      .replace(/\{(\w+)\\\.\\\.\\\.\}/g, '(?<$1>.+?)')
      .replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    this.#routes.push({ method, pattern, path: new RegExp(`^${source}$`), handler, hijacks });
  }

  /** What there is, in the order of its registration. */
  get patterns(): readonly Pick<Route, 'method' | 'pattern'>[] {
    return this.#routes.map(({ method, pattern }) => ({ method, pattern }));
  }

  find(method: string, path: string): Match | 'other-method' | undefined {
    let known = false;
    for (const route of this.#routes) {
      const match = route.path.exec(path);
      if (!match) continue;
      known = true;
      if (route.method !== method) continue;
      const params = Object.fromEntries(
        Object.entries(match.groups ?? {}).map(([name, value]) => [name, decoded(value)]),
      );
      return { handler: route.handler, hijacks: route.hijacks, params };
    }
    return known ? 'other-method' : undefined;
  }
}

import type { Exchange, Handler } from '../http/exchange.ts';
import { type Method, Router } from '../http/router.ts';

/** One request on its way through a route of the Engine API. */
export interface ApiExchange extends Exchange {
  /** `1.43`, from the path; the newest when it has none. */
  readonly version: string;
}

export interface ApiRoute {
  readonly handler: Handler<ApiExchange>;
  /** Takes the connection over from clients that ask for it; elsewhere their Upgrade header is ignored. */
  readonly hijacks: boolean;
}

/** The routes of the Engine API. */
export class Routes {
  readonly #router = new Router<ApiRoute>();

  on(method: Method, pattern: string, handler: Handler<ApiExchange>, { hijacks = false } = {}): void {
    this.#router.on(method, pattern, { handler, hijacks });
  }

  /** All routes, in the order of their declaration. */
  get declared() {
    return this.#router.declared;
  }

  /** @throws BargeError invalid-parameter for a path with a broken escape. */
  find(method: string, path: string) {
    return this.#router.find(method, path);
  }

  takesOther(path: string): boolean {
    return this.#router.methodsOf(path).length > 0;
  }
}

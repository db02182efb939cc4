import { join } from 'node:path';
import type { FlagValues } from './flags.ts';
import { resolveEndpoint } from './transport/endpoint.ts';
import { Engine } from './transport/engine.ts';

export { VERSION as CLIENT_VERSION } from '../core/version.ts';

/** What every command works with: the daemon, the configuration folder and the standard streams. */
export class Cli {
  readonly #globals: FlagValues;
  #engine: Engine | undefined;

  constructor(globals: FlagValues) {
    this.#globals = globals;
  }

  /** @throws BargeError invalid-parameter when the daemon's address makes no sense. */
  get engine(): Engine {
    this.#engine ??= this.#makeEngine();
    return this.#engine;
  }

  get debug(): boolean {
    return this.#globals.bool('debug');
  }

  /** Docker's configuration folder: registry logins are shared with docker. */
  get configFolder(): string {
    const { HOME, DOCKER_CONFIG } = process.env;
    return this.#globals.text('config') || DOCKER_CONFIG || join(HOME ?? '/root', '.docker');
  }

  out(text: string | Uint8Array): void {
    process.stdout.write(text);
  }

  err(text: string | Uint8Array): void {
    process.stderr.write(text);
  }

  #makeEngine(): Engine {
    const globals = this.#globals;
    const text = (flag: string) => globals.text(flag);
    const endpoint = resolveEndpoint(
      {
        host: globals.list('host').at(-1) ?? '',
        tls: globals.bool('tls'),
        ...(globals.has('tlsverify') ? { tlsVerify: globals.bool('tlsverify') } : {}),
        tlsCaCert: text('tlscacert'),
        tlsCert: text('tlscert'),
        tlsKey: text('tlskey'),
      },
      process.env,
    );
    return new Engine(endpoint, process.env.DOCKER_API_VERSION || undefined);
  }
}

import { join } from 'node:path';
import { invalidParameter, messageOf } from '../core/errors.ts';
import { type ConfigFile, configuredHeaders, readConfig } from './config/config-file.ts';
import type { FlagValues } from './flags.ts';
import { printable } from './format/printable.ts';
import { contextEndpoint } from './targets/endpoint.ts';
import { DEFAULT_CONTEXT, readContext } from './targets/store.ts';
import {
  type Endpoint,
  type EndpointOptions,
  hostOfEnvironment,
  resolveEndpoint,
} from './transport/endpoint.ts';
import { EngineClient } from './transport/engine.ts';

export { VERSION as CLIENT_VERSION } from '../core/version.ts';

/** What every command uses: the daemon, the configuration and the standard streams. */
export class Cli {
  readonly #globals: FlagValues;
  #engine: EngineClient | undefined;
  #config: ConfigFile | undefined;

  constructor(globals: FlagValues) {
    this.#globals = globals;
  }

  /** @throws BargeError invalid-parameter when the daemon's address is invalid; not-found when the context does not exist. */
  get engine(): EngineClient {
    this.#engine ??= this.#makeEngine();
    return this.#engine;
  }

  get debug(): boolean {
    return this.#globals.bool('debug');
  }

  /** Docker's configuration directory: registry logins and contexts are shared with docker. */
  get configDirectory(): string {
    const { HOME, DOCKER_CONFIG, BARGE_CONFIG } = process.env;
    return this.#globals.text('config') || BARGE_CONFIG || DOCKER_CONFIG || join(HOME ?? '/root', '.docker');
  }

  /** The user's `config.json`. An unreadable one causes a single warning and counts as empty. */
  get config(): ConfigFile {
    this.#config ??= this.#readConfig();
    return this.#config;
  }

  /** The context in use. @throws BargeError invalid-parameter when flags name two daemons. */
  get contextName(): string {
    const named = this.#globals.text('context');
    if (named !== '') {
      if (this.#globals.has('host')) {
        throw invalidParameter('conflicting options: cannot specify both --host and --context');
      }
      return named;
    }
    if (this.#globals.has('host') || hostOfEnvironment(process.env) !== '') return DEFAULT_CONTEXT;
    const { BARGE_CONTEXT, DOCKER_CONTEXT } = process.env;
    return BARGE_CONTEXT || DOCKER_CONTEXT || this.config.currentContext || DEFAULT_CONTEXT;
  }

  /** The daemon's address from flags and environment, whatever the context: that of `default`. */
  defaultEndpoint(): Endpoint {
    return resolveEndpoint(this.#endpointOptions(), process.env);
  }

  /** The keys that detach from a container: the flag's, else the configuration's, '' for the daemon's own. */
  detachKeys(flags: FlagValues): string {
    return flags.text('detach-keys') || this.config.detachKeys || '';
  }

  /** Text is escaped for terminals; bytes, such as a container's output, pass unchanged. */
  out(text: string | Uint8Array): void {
    process.stdout.write(typeof text === 'string' ? printable(text) : text);
  }

  err(text: string | Uint8Array): void {
    process.stderr.write(typeof text === 'string' ? printable(text) : text);
  }

  /** Writes text with control sequences, or a user's own template; the caller has escaped what it quotes. */
  draw(text: string, stream: NodeJS.WritableStream = process.stdout): void {
    stream.write(text);
  }

  #readConfig(): ConfigFile {
    try {
      return readConfig(this.configDirectory);
    } catch (error) {
      this.err(`WARNING: Error loading config file: ${messageOf(error)}\n`);
      return {};
    }
  }

  #endpointOptions(): EndpointOptions {
    const globals = this.#globals;
    const text = (flag: string) => globals.text(flag);
    return {
      host: globals.list('host').at(-1) ?? '',
      tls: globals.bool('tls'),
      ...(globals.has('tlsverify') ? { tlsVerify: globals.bool('tlsverify') } : {}),
      tlsCaCert: text('tlscacert'),
      tlsCert: text('tlscert'),
      tlsKey: text('tlskey'),
    };
  }

  #makeEngine(): EngineClient {
    const name = this.contextName;
    const endpoint =
      name === DEFAULT_CONTEXT
        ? this.defaultEndpoint()
        : contextEndpoint(readContext(this.configDirectory, name));
    const pinned = process.env.DOCKER_API_VERSION;
    return new EngineClient(endpoint, {
      headers: configuredHeaders(this.config),
      ...(pinned ? { pinned } : {}),
    });
  }
}

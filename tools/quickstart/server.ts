/** The long-running programs of the quick start: started here, ended here. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DIRECTORY, type EnginePlace, MARK, ROOT } from './place.ts';
import { run, say } from './story.ts';

const READY_MS = 20_000;
const STOP_MS = 15_000;
const LOOK_MS = 20;

const [MARK_NAME = '', MARK_VALUE = ''] = MARK.split('=');

/** Temporary files and settings also stay in the quick start's directory. */
export function environment(): NodeJS.ProcessEnv {
  const { BARGE_HOST: _, DOCKER_HOST: __, ...env } = process.env;
  const TMPDIR = join(DIRECTORY, 'tmp');
  mkdirSync(TMPDIR, { recursive: true, mode: 0o755 });
  return { ...env, TMPDIR, DOCKER_CONFIG: join(DIRECTORY, 'client'), [MARK_NAME]: MARK_VALUE };
}

/** A process whose output is written to a file. Ctrl-C does not reach it, because the clean-up needs it. */
class Server {
  readonly #process: ChildProcess;
  readonly #title: string;
  readonly #log: string;

  constructor(program: string, args: readonly string[], log: string) {
    this.#title = program;
    this.#log = log;
    say(`   $ ${program} ${args.join(' ')}`);
    mkdirSync(dirname(log), { recursive: true });
    const output = openSync(log, 'w');
    this.#process = spawn(join(ROOT, program), args, {
      stdio: ['ignore', output, output],
      detached: true,
      env: environment(),
    });
    closeSync(output);
  }

  /** Waits until `look` returns a value. @throws Error with the program's last output when it ends instead. */
  async ready<T>(look: (log: string) => T | undefined | Promise<T | undefined>): Promise<T> {
    for (let waited = 0; waited < READY_MS; waited += LOOK_MS) {
      const found = await look(readFileSync(this.#log, 'utf8'));
      if (found !== undefined) return found;
      if (this.#ended) break;
      await pause(LOOK_MS);
    }
    throw new Error(`${this.#title} did not become ready:\n${this.lastWords()}`);
  }

  get #ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  lastWords(): string {
    return readFileSync(this.#log, 'utf8').trimEnd().split('\n').slice(-10).join('\n');
  }

  /** Stops it by SIGTERM. @throws Error when it had to be killed. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    for (let waited = 0; !this.#ended && waited < STOP_MS; waited += LOOK_MS) await pause(LOOK_MS);
    if (this.#ended) return;
    this.#process.kill('SIGKILL');
    throw new Error(`${this.#title} did not end by SIGTERM within ${STOP_MS / 1000} s and was killed`);
  }
}

/** A running `barged`, and the client pointed at it. */
export class Engine {
  readonly place: EnginePlace;
  readonly #server: Server;
  readonly #signal: AbortSignal;

  private constructor(place: EnginePlace, server: Server, signal: AbortSignal) {
    this.place = place;
    this.#server = server;
    this.#signal = signal;
  }

  /** @param register receives the engine as soon as it may need to be cleaned up. */
  static async start(
    place: EnginePlace,
    signal: AbortSignal,
    register: (engine: Engine) => void,
  ): Promise<Engine> {
    const { dataRoot, execRoot, socket, name, log } = place;
    const args = ['--data-root', dataRoot, '--exec-root', execRoot, '--host', `unix://${socket}`];
    args.push('--bridge', name, '--cgroup-parent', `/${name}`, '--pidfile', `${execRoot}.pid`);
    const server = new Server('barged', args, log);
    const engine = new Engine(place, server, signal);
    register(engine);
    await server.ready(async () => ((await answers(socket)) ? true : undefined));
    return engine;
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** Runs the client visibly. @returns its standard output. */
  barge(...words: string[]): Promise<string> {
    return this.#client(words, this.#signal);
  }

  #client(words: readonly string[], signal: AbortSignal): Promise<string> {
    const env = { ...environment(), BARGE_HOST: `unix://${this.place.socket}` };
    return run([join(ROOT, 'barge'), ...words], { env, signal });
  }

  /** Removes every container and the images for which `unwanted` is true, then stops the daemon. */
  async close(unwanted: (image: string) => boolean): Promise<void> {
    const signal = AbortSignal.timeout(STOP_MS);
    const list = async (...words: string[]) =>
      (await this.#client(words, signal)).split('\n').filter(Boolean);
    try {
      const containers = await list('ps', '--all', '--quiet');
      if (containers.length > 0) await this.#client(['rm', '--force', ...containers], signal);
      const images = (await list('images', '--format', '{{.Repository}}:{{.Tag}}')).filter(unwanted);
      if (images.length > 0) await this.#client(['rmi', ...images], signal);
    } finally {
      await this.#server.stop();
    }
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ socketPath, path: '/_ping' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
  });
}

/** A running `barge-registry` on a free port of the loopback address. */
export class Registry {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly #server: Server;

  private constructor(address: string, server: Server) {
    this.address = address;
    this.#server = server;
  }

  static async start(): Promise<Registry> {
    const directory = join(DIRECTORY, 'registry');
    rmSync(directory, { recursive: true, force: true });
    const args = ['--data-root', directory, '--listen', '127.0.0.1:0'];
    const server = new Server('barge-registry', args, join(DIRECTORY, 'registry.log'));
    try {
      const address = await server.ready((log) => /listening on http:\/\/(\S+)/.exec(log)?.[1]);
      say(`     listening on ${address}`);
      return new Registry(address, server);
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#server.stop();
  }
}

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Answer, type ApiRequest, callApi } from './api.ts';
import { dockerProgram } from './docker.ts';
import { type ExecuteOptions, eventually, execute, type Outcome, type Running, start } from './execute.ts';
import { leftovers, type Traces } from './leftovers.ts';

export const ROOT = resolve(import.meta.dirname, '../..');
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'];

export interface DaemonOptions {
  /** There is no default network. */
  readonly withoutBridge?: boolean;
  readonly flags?: readonly string[];
  /** A command that the daemon's own is appended to; it is told where the data root will be. */
  readonly wrapper?: (dataRoot: string) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A barged of the test's own, started from the sources, with everything it has below one short directory. */
export class TestDaemon implements Traces {
  readonly directory: string;
  readonly bridge: string;
  readonly cgroup: string;
  readonly #options: DaemonOptions;
  #child: ChildProcess | undefined;
  #log = '';
  #ended = false;

  private constructor(options: DaemonOptions) {
    this.#options = options;
    const token = randomBytes(3).toString('hex');
    this.directory = mkdtempSync(`/tmp/bt-${token}`);
    this.bridge = `bt${token}`;
    this.cgroup = `/bt-${token}`;
    for (const name of ['tmp', 'docker', 'work']) mkdirSync(join(this.directory, name));
  }

  static async start(options: DaemonOptions = {}): Promise<TestDaemon> {
    const daemon = new TestDaemon(options);
    process.on('exit', () => daemon.#child?.kill('SIGKILL'));
    await daemon.startAgain();
    return daemon;
  }

  get socket(): string {
    return join(this.directory, 'barge.sock');
  }

  get dataRoot(): string {
    return join(this.directory, 'data');
  }

  get execRoot(): string {
    return join(this.directory, 'run');
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Everything that it has written to its log so far. */
  get log(): string {
    return this.#log;
  }

  /** A new path for files of the test, removed with everything else. */
  path(name: string): string {
    return join(this.directory, 'work', name);
  }

  #command(): string[] {
    const { directory, bridge, cgroup, dataRoot, execRoot } = this;
    const own = ['--data-root', dataRoot, '--exec-root', execRoot, '--host', `unix://${this.socket}`];
    const place = this.#options.withoutBridge
      ? ['--bridge', 'none']
      : ['--bridge', bridge, '--bip', this.bip];
    const network = [...place, '--cgroup-parent', cgroup];
    const program = [...NODE, join(ROOT, 'src/bin/barged.ts'), ...own, ...network];
    const files = ['--pidfile', join(directory, 'barged.pid')];
    return [
      ...(this.#options.wrapper?.(dataRoot) ?? []),
      ...program,
      ...files,
      ...(this.#options.flags ?? []),
    ];
  }

  /** A subnet that follows from the random name, so that daemons beside each other do not meet. */
  get bip(): string {
    const token = Number.parseInt(this.bridge.slice(2), 16);
    return `10.${64 + (token % 128)}.${(token >> 8) % 256}.1/24`;
  }

  /** Starts the process on the same roots. @throws Error with its last words when it does not get ready. */
  async startAgain(): Promise<void> {
    assert(!this.#child, 'the daemon runs already');
    const [program = '', ...args] = this.#command();
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, TMPDIR: join(this.directory, 'tmp'), ...this.#options.env },
    });
    this.#child = child;
    const already = this.#log.length;
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#log += chunk;
      if (process.env.BARGE_TEST_LOG) process.stderr.write(chunk);
    });
    /* Not at its exit: what it said last may still be on its way. */
    child.once('close', () => {
      if (this.#child === child) this.#child = undefined;
    });
    await eventually(
      'the daemon is ready',
      () => {
        if (this.#child !== child) throw new Error(`the daemon did not start:\n${this.#log.slice(already)}`);
        return this.#log.slice(already).includes('barged is ready');
      },
      20_000,
    );
  }

  /** Sends a signal that ends the daemon, and waits for the end. @returns the exit code or the signal's name. */
  async stop(signal: NodeJS.Signals): Promise<number | string> {
    const child = this.#child;
    assert(child, 'the daemon does not run');
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code, killedBy] = await exited;
    this.#child = undefined;
    return code ?? killedBy;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** The environment in which docker and barge speak to this daemon, with a configuration of their own. */
  get environment(): Record<string, string> {
    return {
      DOCKER_HOST: `unix://${this.socket}`,
      BARGE_HOST: `unix://${this.socket}`,
      DOCKER_CONFIG: join(this.directory, 'docker'),
      DOCKER_BUILDKIT: '0',
      DOCKER_CLI_HINTS: 'false',
      HOME: join(this.directory, 'docker'),
    };
  }

  #withEnvironment(options: ExecuteOptions): ExecuteOptions {
    return { cwd: join(this.directory, 'work'), ...options, env: { ...this.environment, ...options.env } };
  }

  /** Runs the real docker client to its end. */
  docker(args: readonly string[], options: ExecuteOptions = {}): Promise<Outcome> {
    return execute([dockerProgram(), ...args], this.#withEnvironment(options));
  }

  startDocker(args: readonly string[], options: ExecuteOptions = {}): Running {
    return start([dockerProgram(), ...args], this.#withEnvironment(options));
  }

  /** Runs our own client from the sources. */
  barge(args: readonly string[], options: ExecuteOptions = {}): Promise<Outcome> {
    return execute([...BARGE, ...args], this.#withEnvironment(options));
  }

  startBarge(args: readonly string[], options: ExecuteOptions = {}): Running {
    return start([...BARGE, ...args], this.#withEnvironment(options));
  }

  /** The same, expecting success. @returns its standard output without the last newline. */
  async ok(
    client: 'docker' | 'barge',
    args: readonly string[],
    options: ExecuteOptions = {},
  ): Promise<string> {
    const { code, stdout, stderr } = await this[client](args, options);
    assert.equal(code, 0, `${client} ${args.join(' ')}: exit code ${code}\n${stdout}${stderr}`);
    return stdout.replace(/\n$/, '');
  }

  api(path: string, rest: Omit<ApiRequest, 'path'> = {}): Promise<Answer> {
    return callApi(this.socket, { path, ...rest });
  }

  /** Makes the small base image that the tests stand on. */
  async makeBusybox(): Promise<void> {
    await this.ok('barge', ['bootstrap', 'busybox'], { limit: 60_000 });
  }

  /** Removes the containers, ends the daemon cleanly, and fails when anything of it is left in the system. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    try {
      if (!this.#child) await this.startAgain();
      await this.#removeContainers();
      assert.equal(await this.stop('SIGTERM'), 0, `the daemon did not end well:\n${this.#log}`);
      const left = await eventually(
        'nothing is left',
        async () => {
          const found = await leftovers(this);
          return found.length === 0 ? found : undefined;
        },
        3000,
      ).catch(() => leftovers(this));
      assert.deepEqual([...left, ...this.#leftFiles()], []);
    } finally {
      this.signal('SIGKILL');
      rmSync(this.directory, { recursive: true, force: true });
    }
  }

  async #removeContainers(): Promise<void> {
    const list = (await this.api('/containers/json?all=1')).json() as { Id: string }[];
    for (const { Id } of list) await this.api(`/containers/${Id}?force=1&v=1`, { method: 'DELETE' });
    assert.deepEqual((await this.api('/containers/json?all=1')).json(), []);
  }

  /** What may not be in the roots of a daemon without containers. */
  #leftFiles(): string[] {
    return ['tmp', 'data/containers', 'data/tmp', 'run/runtime']
      .map((name) => join(this.directory, name))
      .filter((directory) => existsSync(directory))
      .flatMap((directory) => readdirSync(directory).map((name) => `file ${join(directory, name)}`));
  }
}

/** The `--` keeps Node from reading a `--env-file` that is for the client. */
export const BARGE = [...NODE, '--', join(ROOT, 'src/bin/barge.ts')];

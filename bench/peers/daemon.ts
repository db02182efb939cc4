import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemError } from '../../src/core/errors.ts';
import { type Command, runToEnd } from '../measure/process.ts';
import type { Stage } from '../stage/stage.ts';

const START_MS = 20_000;
const END_MS = 10_000;
const POLL_MS = 100;

/** A daemon of a peer's, from its start until it is ended. Its output is in the stage's `logs/NAME.log`. */
export class Daemon implements AsyncDisposable {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #log: string;

  private constructor(child: ChildProcess, log: string) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.#log = log;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    child.on('exit', () => resolve());
    child.on('error', () => resolve());
  }

  /**
   * @param probe succeeds as soon as the daemon serves.
   * @throws BargeError system, with the end of the log, when it does not come up.
   */
  static async start(stage: Stage, name: string, command: Command, probe: Command): Promise<Daemon> {
    const log = join(stage.folder, 'logs', `${name}.log`);
    const fd = openSync(log, 'w');
    const child = spawn(command.file, command.args, {
      env: { ...process.env, ...command.env },
      stdio: ['ignore', fd, fd],
    });
    closeSync(fd);
    const daemon = new Daemon(child, log);
    await daemon.#serves(name, probe);
    return daemon;
  }

  async #serves(name: string, probe: Command): Promise<void> {
    const deadline = performance.now() + START_MS;
    for (;;) {
      try {
        runToEnd(probe);
        return;
      } catch (cause) {
        const gone = this.#child.exitCode !== null || this.pid === 0;
        if (gone || performance.now() > deadline)
          throw systemError(`${name} did not come up; the end of its log:\n${this.#logEnd()}`, { cause });
        await sleep(POLL_MS);
      }
    }
  }

  #logEnd(): string {
    return readFileSync(this.#log, 'utf8').trim().split('\n').slice(-10).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
    await this.#ended;
    clearTimeout(late);
  }
}

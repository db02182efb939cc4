import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, systemError } from '../../src/core/errors.ts';
import type { Command } from '../measure/process.ts';
import type { Stage } from '../stage/stage.ts';
import { EngineClient } from './engine-client.ts';
import type { ServingDaemon } from './peer.ts';

const START_MS = 60_000;
const END_MS = 30_000;
const POLL_MS = 5;

export interface DaemonRequest {
  readonly name: string;
  readonly command: Command;
  readonly socket: string;
}

/** A running daemon of a peer. Its output is in the stage's `logs/NAME.log`. */
export class Daemon implements ServingDaemon, AsyncDisposable {
  readonly socket: string;
  readonly #options: DaemonRequest;
  readonly #log: string;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  private constructor(stage: Stage, options: DaemonRequest) {
    this.#options = options;
    this.socket = options.socket;
    this.#log = join(stage.directory, 'logs', `${options.name}.log`);
  }

  /** @throws BargeError system, with the end of the log, when it does not start. */
  static async start(stage: Stage, options: DaemonRequest): Promise<Daemon> {
    const daemon = new Daemon(stage, options);
    await daemon.#start();
    return daemon;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async restart(): Promise<number> {
    await this[Symbol.asyncDispose]();
    return this.#start();
  }

  async #start(): Promise<number> {
    const { name, command } = this.#options;
    const fd = openSync(this.#log, 'a');
    const began = performance.now();
    const child = spawn(command.file, command.args, {
      env: { ...process.env, ...command.env },
      stdio: ['ignore', fd, fd],
    });
    closeSync(fd);
    this.#child = child;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    child.on('exit', () => resolve());
    child.on('error', () => resolve());
    await this.#serves(name, began);
    return performance.now() - began;
  }

  async #serves(name: string, began: number): Promise<void> {
    for (;;) {
      try {
        using client = new EngineClient(this.socket);
        await client.request('GET', '/containers/json');
        return;
      } catch (cause) {
        const gone = this.#child?.exitCode !== null || this.pid === 0;
        if (gone || performance.now() > began + START_MS)
          throw systemError(
            `${name} did not start (${messageOf(cause)}); the end of its log:\n${this.#logEnd()}`,
            { cause },
          );
        await sleep(POLL_MS);
      }
    }
  }

  #logEnd(): string {
    return readFileSync(this.#log, 'utf8').trim().split('\n').slice(-10).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child?.kill('SIGTERM');
    const late = setTimeout(() => this.#child?.kill('SIGKILL'), END_MS);
    await this.#ended;
    clearTimeout(late);
  }
}

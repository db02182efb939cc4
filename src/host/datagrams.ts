import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { systemError } from '../core/errors.ts';
import { helperProgram } from './helpers.ts';

const SEND = helperProgram('barge-send');

/**
 * Sends datagrams to a unix socket, which Node cannot: by way of a helper process (native/send/send.c), one for each
 * socket however many use it. The helper waits for a receiver that is away for a while, and with it the sender.
 */
export class DatagramSender implements AsyncDisposable {
  static readonly #shared = new Map<string, DatagramSender>();
  readonly #path: string;
  readonly #child: ChildProcess;
  #users = 0;
  #ended = false;

  private constructor(path: string) {
    this.#path = path;
    this.#child = spawn(SEND, [path], { stdio: ['pipe', 'ignore', 'inherit'] });
    this.#child.unref();
    this.#child.stdin?.on('error', () => {});
    const end = () => {
      this.#ended = true;
      DatagramSender.#shared.delete(path);
    };
    this.#child.once('exit', end).once('error', end);
  }

  /** @throws BargeError system without a socket at `path`. */
  static async open(path: string): Promise<DatagramSender> {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isSocket()) throw systemError(`nobody listens at the unix socket ${path}`);
    const sender = DatagramSender.#shared.get(path) ?? new DatagramSender(path);
    DatagramSender.#shared.set(path, sender);
    sender.#users++;
    return sender;
  }

  async send(payload: Buffer): Promise<void> {
    const { stdin } = this.#child;
    this.#assertRuns();
    const head = Buffer.alloc(4);
    head.writeUInt32BE(payload.length);
    stdin?.write(head);
    if (!stdin?.write(payload))
      await Promise.race([once(this.#child, 'exit'), once(stdin as Writable, 'drain')]);
    this.#assertRuns();
  }

  #assertRuns(): void {
    if (this.#ended) throw systemError(`the helper that sends to ${this.#path} has ended`);
  }

  /** The last user's end lets the helper send what it has and go. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (--this.#users > 0) return;
    DatagramSender.#shared.delete(this.#path);
    this.#child.stdin?.end();
  }
}

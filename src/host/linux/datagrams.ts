import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { systemError } from '../../core/errors.ts';
import { startChild } from '../../core/start-child.ts';
import type { DatagramSender, Datagrams } from '../datagrams.ts';
import { helperProgram } from '../helpers.ts';

/**
 * Datagrams by a helper process (native/send/send.c), one for each socket however many senders use it. The helper waits for
 * a receiver that is away for a while, and with it the sender.
 */
export class LinuxDatagrams implements Datagrams {
  readonly #helpers = new Map<string, Helper>();

  async open(path: string): Promise<DatagramSender> {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isSocket()) throw systemError(`nobody listens at the unix socket ${path}`);
    const helper = this.#helpers.get(path) ?? (await this.#start(path));
    helper.users++;
    return {
      send: (payload) => helper.send(payload),
      [Symbol.asyncDispose]: async () => {
        if (--helper.users > 0) return;
        this.#forget(helper);
        helper.close();
      },
    };
  }

  async #start(path: string): Promise<Helper> {
    const { child, started } = startChild(helperProgram('barge-send'), [path], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    if (!child) await started;
    const helper = new Helper(path, child as ChildProcess, () => this.#forget(helper));
    this.#helpers.set(path, helper);
    return helper;
  }

  #forget(helper: Helper): void {
    if (this.#helpers.get(helper.path) === helper) this.#helpers.delete(helper.path);
  }
}

class Helper {
  readonly path: string;
  readonly #child: ChildProcess;
  users = 0;
  #ended = false;

  constructor(path: string, child: ChildProcess, onEnd: () => void) {
    this.path = path;
    this.#child = child;
    child.unref();
    child.once('exit', () => {
      this.#ended = true;
      onEnd();
    });
  }

  async send(payload: Buffer): Promise<void> {
    this.#assertRuns();
    const { stdin } = this.#child;
    const head = Buffer.alloc(4);
    head.writeUInt32BE(payload.length);
    stdin?.write(head);
    if (stdin && !stdin.write(payload)) {
      await Promise.race([once(this.#child, 'exit'), once(stdin, 'drain')]);
    }
    this.#assertRuns();
  }

  #assertRuns(): void {
    if (this.#ended) throw systemError(`the helper that sends to ${this.path} has ended`);
  }

  /** Lets the helper send what it has, and end. */
  close(): void {
    this.#child.stdin?.end();
  }
}

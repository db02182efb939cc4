import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { systemError } from '../../core/errors.ts';
import { startChild } from '../../core/start-child.ts';
import type { NftablesSession } from '../networking.ts';

const RESPONSE_TIMEOUT_MS = 10_000;

/**
 * One long-lived `nft -i`: an element costs 0.8 ms where a new process costs 7 ms. Commands run one after
 * another; each is followed by listing an empty chain, whose printing says that the command is done.
 */
export class NftSession implements NftablesSession {
  readonly #table: string;
  #process: ChildProcess | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #output = '';
  #errors = '';
  #answered: (() => void) | undefined;

  /** @param table its `ack` chain must exist; see `network/firewall/table.ts`. */
  constructor(table: string) {
    this.#table = table;
  }

  /** @throws BargeError system with what nft said. */
  run(command: string): Promise<void> {
    const result = this.#queue.then(() => this.#ask(command));
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Starts nft ahead of the first command. */
  async warm(): Promise<void> {
    await this.run('');
  }

  async #ask(command: string): Promise<void> {
    const nft = this.#process ?? (await this.#start());
    this.#output = '';
    this.#errors = '';
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(
      () => reject(systemError(`nft did not answer to: ${command}`)),
      RESPONSE_TIMEOUT_MS,
    );
    this.#answered = resolve;
    nft.once('exit', resolve);
    nft.stdin?.write(`${command}\nlist chain inet ${this.#table} ack\n`);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      nft.off('exit', resolve);
    }
    if (this.#errors) throw systemError(`nft refused "${command}": ${this.#errors.trim()}`);
    if (!this.#process) throw systemError(`nft ended while it ran: ${command}`);
  }

  async #start(): Promise<ChildProcess> {
    /* Line buffering: nft's own output buffer would keep the answer back from a pipe. */
    const { child: nft, started } = startChild('stdbuf', ['-oL', 'nft', '-i'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    if (!nft) {
      await started;
      throw systemError('starting nft failed');
    }
    nft.stdout?.on('data', (chunk) => {
      this.#output += chunk;
      if (/chain ack \{\s*\}\s*\}\s/.test(this.#output)) this.#answered?.();
    });
    nft.stderr?.on('data', (chunk) => {
      this.#errors += chunk;
      /* Without its table even the listing fails, and nothing but this is printed. */
      if (this.#errors.includes(`list chain inet ${this.#table} ack`)) this.#answered?.();
    });
    nft.on('exit', () => {
      if (this.#process === nft) this.#process = undefined;
    });
    nft.unref();
    for (const stream of nft.stdio) if (stream instanceof Socket) stream.unref();
    this.#process = nft;
    return nft;
  }

  [Symbol.dispose](): void {
    this.#process?.stdin?.end();
    this.#process = undefined;
  }
}

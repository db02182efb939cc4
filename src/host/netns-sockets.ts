import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket as DatagramSocket } from 'node:dgram';
import type { Server } from 'node:net';
import { invalidParameter, systemError } from '../core/errors.ts';
import { helperProgram } from './helpers.ts';

/** Sockets at 127.0.0.11 of another network namespace, used from this process. */
export interface NamespaceSockets {
  readonly udp: DatagramSocket;
  readonly tcp: Server;
}

interface Waiting {
  udp?: DatagramSocket;
  /** Undefined where no sockets are asked for. */
  readonly resolve: (sockets?: NamespaceSockets) => void;
  readonly reject: (error: Error) => void;
}

interface Reply {
  readonly id: number;
  readonly kind?: 'udp' | 'tcp';
  readonly error?: string;
}

/** Characters of one request; `barge-netns` takes somewhat longer ones. */
const MAX_REQUEST = 60_000;

/** One long-lived `barge-netns`, which works inside of network namespaces, and hands over the sockets that it opens there. */
export class NamespaceHelper implements Disposable {
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | undefined;
  #lastId = 0;

  /**
   * @param path of the namespace; its loopback interface need not be up yet.
   * @param ports wanted ones; 0: any.
   * @throws BargeError system with what failed.
   */
  async open(path: string, ports: { readonly udp: number; readonly tcp: number }): Promise<NamespaceSockets> {
    return (await this.#ask({ udp: ports.udp, tcp: ports.tcp, path })) as NamespaceSockets;
  }

  /** Makes the host forget UDP flows to a port: they would go on where they went before it was published. */
  async forgetUdpFlows(port: number): Promise<void> {
    await this.#ask({ flush: port });
  }

  /**
   * Carries out lines as `ip -batch` takes them (which ones, `native/netns/links.c` says): those of the host, then those of a
   * named namespace. @throws BargeError system with the line that failed; those before it stay done.
   */
  async carryOut(outside: readonly string[], name: string, inside: readonly string[]): Promise<void> {
    const strange = [...outside, name, ...inside].find((text) => /[^\w ./:@+-]/.test(text));
    if (strange !== undefined)
      throw invalidParameter(`no name of a link, a namespace or an address: ${strange}`);
    const request = { outside: outside.join(';'), name, inside: inside.join(';') };
    if (request.outside.length + request.inside.length > MAX_REQUEST) {
      throw systemError(`the network namespace ${name} would have too many endpoints`);
    }
    await this.#ask(request);
  }

  /** Takes names of network namespaces away; the kernel clears up behind them. */
  async forget(names: readonly string[]): Promise<void> {
    const many = 500;
    for (let i = 0; i < names.length; i += many)
      await this.#ask({ forget: names.slice(i, i + many).join(';') });
  }

  #ask(request: Readonly<Record<string, string | number>>): Promise<NamespaceSockets | undefined> {
    const child = this.#child ?? this.#start();
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      child.channel?.ref();
      child.send({ id, ...request }, (error) => {
        if (error) this.#settle(id, (waiting) => waiting.reject(error));
      });
    });
  }

  #start(): ChildProcess {
    const child = spawn(helperProgram('barge-netns'), [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (message, handle) => this.#receive(message as Reply, handle));
    const end = (cause?: Error) => {
      if (this.#child === child) this.#child = undefined;
      for (const id of [...this.#waiting.keys()]) {
        this.#settle(id, ({ reject }) => reject(systemError('barge-netns ended', { cause })));
      }
    };
    child.on('error', end).on('exit', () => end());
    child.unref();
    child.channel?.unref();
    this.#child = child;
    return child;
  }

  #receive({ id, kind, error }: Reply, handle: unknown): void {
    const waiting = this.#waiting.get(id);
    if (error || !waiting) {
      this.#settle(id, ({ reject }) => reject(systemError(`barge-netns: ${error}`)));
    } else if (kind === undefined) {
      this.#settle(id, ({ resolve }) => resolve());
    } else if (kind === 'udp') {
      waiting.udp = handle as DatagramSocket;
    } else if (waiting.udp) {
      const { udp } = waiting;
      this.#settle(id, ({ resolve }) => resolve({ udp, tcp: handle as Server }));
    }
  }

  #settle(id: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    /* Only who waits for an answer keeps the daemon from ending. */
    if (this.#waiting.size === 0) this.#child?.channel?.unref();
    if (waiting) how(waiting);
  }

  [Symbol.dispose](): void {
    this.#child?.disconnect();
    this.#child = undefined;
  }
}

import { atOnce } from '../../measure/at-once.ts';
import { runToEnd, timeBeside } from '../../measure/process.ts';
import { EngineClient } from '../../peers/engine-client.ts';
import type { Peer, Subject } from '../../peers/peer.ts';
import { ownClient } from '../idle.ts';

const AT_ONCE = 8;

const nameOf = (number: number) => `bench-crowd-${number}`;

/** Many containers of one peer: the first of them sleep, the rest are only created. */
export class Crowd implements AsyncDisposable {
  readonly client: Subject;
  readonly #peer: Peer;
  #running = 0;
  #created = 0;

  constructor(peer: Peer) {
    this.#peer = peer;
    this.client = ownClient(peer);
  }

  get running(): number {
    return this.#running;
  }

  /** Uses a new client for each, eight at a time. @returns milliseconds. */
  startUntil(count: number): Promise<number> {
    const names = this.#names(this.#running, count);
    this.#running = Math.max(count, this.#running);
    return this.#each(names, (name) => ['run', '-d', '--name', name, 'busybox', 'sleep', '3600']);
  }

  /** The fastest client, for work that is not timed. */
  async growUntil(count: number): Promise<void> {
    if (!this.#peer.daemon) {
      await this.startUntil(count);
      return;
    }
    const numbers = this.#numbers(this.#running, count);
    this.#running = Math.max(count, this.#running);
    await this.#byApi(numbers, async (client, number) => {
      const options = { Image: 'busybox', Cmd: ['sleep', '3600'] };
      await client.request('POST', `/containers/create?name=${nameOf(number)}`, options);
      await client.request('POST', `/containers/${nameOf(number)}/start`);
    });
  }

  async shrinkUntil(count: number): Promise<void> {
    if (!this.#peer.daemon) {
      await this.removeLast(this.#running - count);
      return;
    }
    const numbers = this.#numbers(count, this.#running);
    this.#running = Math.min(count, this.#running);
    await this.#byApi(numbers, (client, number) =>
      client.request('DELETE', `/containers/${nameOf(number)}?force=true`),
    );
  }

  /** Removes the last `count` running containers. @returns milliseconds. */
  stopLast(count: number): Promise<number> {
    return this.#each(this.#last(count), (name) => ['stop', '-t', '0', name]);
  }

  removeLast(count: number): Promise<number> {
    const names = this.#last(count);
    this.#running -= names.length;
    return this.#each(names, (name) => ['rm', '-f', name]);
  }

  /** Creates containers without starting them, until there are `count` in total; needs the peer's API. */
  async createUntil(count: number): Promise<void> {
    const numbers = this.#numbers(this.#running, count);
    this.#created = numbers.length;
    await this.#byApi(numbers, (client, number) =>
      client.request('POST', `/containers/create?name=${nameOf(number)}`, {
        Image: 'busybox',
        Cmd: ['true'],
      }),
    );
  }

  async removeCreated(): Promise<void> {
    const numbers = this.#numbers(this.#running, this.#running + this.#created);
    this.#created = 0;
    await this.#byApi(numbers, (client, number) => client.request('DELETE', `/containers/${nameOf(number)}`));
  }

  /** The pids of the containers' own processes. */
  pids(): readonly number[] {
    const names = this.#names(0, this.#running);
    if (names.length === 0) return [];
    const said = runToEnd(this.client.command(['inspect', '--format', '{{.State.Pid}}', ...names]));
    return said.trim().split('\n').map(Number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#created > 0) await this.removeCreated();
    await this.shrinkUntil(0);
  }

  #each(names: readonly string[], args: (name: string) => readonly string[]): Promise<number> {
    return atOnce(names, AT_ONCE, (name) => timeBeside(this.client.command(args(name))));
  }

  async #byApi(numbers: readonly number[], work: (client: EngineClient, number: number) => Promise<unknown>) {
    const { daemon } = this.#peer;
    if (!daemon) return;
    using stack = new DisposableStack();
    const idle = Array.from({ length: AT_ONCE }, () => stack.use(new EngineClient(daemon.socket)));
    await atOnce(numbers, AT_ONCE, async (number) => {
      const client = idle.pop() as EngineClient;
      await work(client, number);
      idle.push(client);
    });
  }

  #last(count: number): readonly string[] {
    return this.#names(Math.max(0, this.#running - count), this.#running);
  }

  #names(from: number, until: number): readonly string[] {
    return this.#numbers(from, until).map(nameOf);
  }

  #numbers(from: number, until: number): readonly number[] {
    return Array.from({ length: Math.max(0, until - from) }, (_, i) => from + i);
  }
}

import { dataLoss } from '../../core/errors.ts';

/** Number of buffered bytes at which reading from the socket pauses. */
const HIGH_WATER = 256 * 1024;

interface FlowControl {
  pause(): void;
  resume(): void;
  /** The reader discards the rest. */
  abandon(): void;
}

interface Waiter {
  resolve(result: IteratorResult<Buffer, undefined>): void;
  reject(error: unknown): void;
}

/** A response's body: an async iterable of chunks that applies backpressure to the daemon while its reader is slow. */
export class Body implements AsyncIterableIterator<Buffer, undefined> {
  readonly #flow: FlowControl;
  readonly #chunks: Buffer[] = [];
  #held = 0;
  #paused = false;
  #ended = false;
  #failure: unknown;
  #waiter: Waiter | undefined;

  constructor(flow: FlowControl) {
    this.#flow = flow;
  }

  push(chunk: Buffer): void {
    if (this.#waiter) {
      const waiter = this.#waiter;
      this.#waiter = undefined;
      waiter.resolve({ value: chunk, done: false });
      return;
    }
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held > HIGH_WATER && !this.#paused) {
      this.#paused = true;
      this.#flow.pause();
    }
  }

  end(): void {
    this.#ended = true;
    this.#waiter?.resolve({ value: undefined, done: true });
    this.#waiter = undefined;
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = error;
    this.#waiter?.reject(error);
    this.#waiter = undefined;
  }

  next(): Promise<IteratorResult<Buffer, undefined>> {
    const chunk = this.#chunks.shift();
    if (chunk) {
      this.#held -= chunk.length;
      if (this.#paused && this.#held <= HIGH_WATER / 2) {
        this.#paused = false;
        this.#flow.resume();
      }
      return Promise.resolve({ value: chunk, done: false });
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<Buffer, undefined>> {
    if (!this.#ended) {
      this.#ended = true;
      this.#flow.abandon();
    }
    this.#chunks.length = 0;
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The whole body. @throws BargeError data-loss past `limit` bytes. */
  async bytes(limit = 256 * 1024 * 1024): Promise<Buffer> {
    const parts: Buffer[] = [];
    let size = 0;
    for await (const chunk of this) {
      size += chunk.length;
      if (size > limit) throw dataLoss(`the daemon's response is longer than ${limit} bytes`);
      parts.push(chunk);
    }
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  }

  async text(): Promise<string> {
    return (await this.bytes()).toString('utf8');
  }

  /** @param parse replaces `JSON.parse` */
  async json<T>(parse: (text: string) => unknown = JSON.parse): Promise<T> {
    const text = await this.text();
    try {
      return parse(text) as T;
    } catch (cause) {
      throw dataLoss("the daemon's response is not JSON", { cause });
    }
  }
}

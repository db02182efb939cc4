import { STREAM } from '../../api/engine/system.ts';
import { dataLoss } from '../../core/errors.ts';

const HEADER_BYTES = 8;

interface FrameSinks {
  stdout(chunk: Buffer): void;
  stderr(chunk: Buffer): void;
}

/**
 * Splits a multiplexed stream (Engine API, "Stream format": 8-byte header, big-endian length in its last four bytes)
 * into standard output and error as the bytes arrive, without waiting for whole frames.
 */
export class Demultiplexer {
  readonly #sinks: FrameSinks;
  #header = Buffer.alloc(HEADER_BYTES);
  #have = 0;
  #left = 0;

  constructor(sinks: FrameSinks) {
    this.#sinks = sinks;
  }

  /** @throws BargeError data-loss when the bytes are not a frame, or the daemon reports a failure in the stream. */
  push(data: Buffer): void {
    let rest = data;
    while (rest.length > 0) {
      if (this.#left > 0) {
        const part = rest.subarray(0, this.#left);
        this.#left -= part.length;
        rest = rest.subarray(part.length);
        this.#deliver(part);
        continue;
      }
      const take = Math.min(HEADER_BYTES - this.#have, rest.length);
      rest.copy(this.#header, this.#have, 0, take);
      this.#have += take;
      rest = rest.subarray(take);
      if (this.#have === HEADER_BYTES) {
        this.#left = this.#header.readUInt32BE(4);
        this.#have = 0;
      }
    }
  }

  #deliver(part: Buffer): void {
    switch (this.#header[0]) {
      case STREAM.stdin:
      case STREAM.stdout:
        this.#sinks.stdout(part);
        break;
      case STREAM.stderr:
        this.#sinks.stderr(part);
        break;
      case STREAM.systemError:
        throw dataLoss(`error from daemon in stream: ${part.toString('utf8')}`);
      default:
        throw dataLoss(`Unrecognized input header: ${this.#header[0]}`);
    }
  }
}

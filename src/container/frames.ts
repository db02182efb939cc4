const HEADER = 8;

/** Takes Docker's stream frames apart: eight bytes of header (stream, three zeros, length BE32), then payload. */
export class FrameReader {
  readonly #receive: (stream: 'stdout' | 'stderr', chunk: Buffer) => void;
  #held: Buffer = Buffer.alloc(0);

  constructor(receive: (stream: 'stdout' | 'stderr', chunk: Buffer) => void) {
    this.#receive = receive;
  }

  push(chunk: Buffer): void {
    let data = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    while (data.length >= HEADER) {
      const length = data.readUInt32BE(4);
      if (data.length < HEADER + length) break;
      this.#receive(data[0] === 2 ? 'stderr' : 'stdout', data.subarray(HEADER, HEADER + length));
      data = data.subarray(HEADER + length);
    }
    this.#held = data;
  }
}

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { invalidParameter } from '../core/errors.ts';
import { failsElsewhere } from '../core/streams.ts';

/** RFC 6455, the server's side: what attaching over a WebSocket needs of it, without extensions. */

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const CONTROL_BIT = 8;
const MAX_CONTROL = 125;
/** Bytes of one frame from the client: it types, it does not upload. */
const MAX_FRAME = 16 << 20;

const STATUS = { normal: 1000, protocol: 1002, tooBig: 1009 } as const;

/**
 * Headers of the answer `101 Switching Protocols`.
 * @throws BargeError invalid-parameter when the request is no opening handshake.
 */
export function acceptHandshake({ headers }: IncomingMessage): Record<string, string> {
  const key = headers['sec-websocket-key'];
  if (headers.upgrade?.toLowerCase() !== 'websocket' || !key) {
    throw invalidParameter('attaching here needs a WebSocket: send Upgrade: websocket and Sec-WebSocket-Key');
  }
  if (headers['sec-websocket-version'] !== '13') {
    throw invalidParameter('only version 13 of the WebSocket protocol is spoken here');
  }
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  return { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': accept };
}

interface Header {
  readonly final: boolean;
  readonly opcode: number;
  readonly masked: boolean;
  readonly length: number;
  /** Bytes before the payload. */
  readonly size: number;
}

/** Undefined while its bytes have not all come. */
function readHeader(bytes: Buffer): Header | undefined {
  if (bytes.length < 2) return undefined;
  const [first = 0, second = 0] = bytes;
  const short = second & 0x7f;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  const masked = (second & 0x80) !== 0;
  const size = 2 + extended + (masked ? 4 : 0);
  if (bytes.length < size) return undefined;
  const length =
    extended === 2 ? bytes.readUInt16BE(2) : extended === 8 ? Number(bytes.readBigUInt64BE(2)) : short;
  return { final: (first & 0x80) !== 0, opcode: first & 0x0f, masked, length, size };
}

function unmask(payload: Buffer, mask: Buffer): Buffer {
  return Buffer.from(payload.map((byte, i) => byte ^ (mask[i & 3] ?? 0)));
}

/** A frame that is a whole message. */
export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + extended);
  head[0] = 0x80 | opcode;
  head[1] = extended === 0 ? length : extended === 2 ? 126 : 127;
  if (extended === 2) head.writeUInt16BE(length, 2);
  if (extended === 8) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/**
 * The bytes that a WebSocket carries, as a stream: what is written goes out in binary messages, what comes in
 * messages of either kind is read. Pings are answered. A connection that closes ends the stream.
 */
export class WebSocketStream extends Duplex {
  readonly #connection: Duplex;
  #pending: Buffer = Buffer.alloc(0);
  #closing = false;
  #inputEnded = false;

  constructor(connection: Duplex) {
    super({ allowHalfOpen: true });
    failsElsewhere(this);
    this.#connection = connection;
    connection.on('data', (chunk: Buffer) => this.#take(chunk));
    connection.on('end', () => this.#endInput());
    connection.on('error', () => this.destroy());
    connection.on('close', () => this.destroy());
  }

  #take(chunk: Buffer): void {
    if (this.#closing) return;
    this.#pending = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    for (;;) {
      const header = readHeader(this.#pending);
      if (!header) return;
      const wrong = mistakeIn(header);
      if (wrong) {
        this.#close(wrong);
        return;
      }
      const end = header.size + header.length;
      if (this.#pending.length < end) return;
      const mask = this.#pending.subarray(header.size - 4, header.size);
      const payload = unmask(this.#pending.subarray(header.size, end), mask);
      this.#pending = this.#pending.subarray(end);
      this.#receive(header.opcode, payload);
      if (this.#closing) return;
    }
  }

  #receive(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.close) this.#close(STATUS.normal);
    else if (opcode === OPCODE.ping) this.#connection.write(encodeFrame(OPCODE.pong, payload));
    else if (opcode !== OPCODE.pong && payload.length > 0 && !this.push(payload)) this.#connection.pause();
  }

  #close(status: number): void {
    if (this.#closing) return;
    this.#closing = true;
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(status);
    this.#connection.end(encodeFrame(OPCODE.close, payload));
    this.#endInput();
  }

  /** Once: whatever comes after a close frame is not the process's. */
  #endInput(): void {
    if (!this.#inputEnded) this.push(null);
    this.#inputEnded = true;
  }

  override _read(): void {
    this.#connection.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#closing) done();
    else if (this.#connection.write(encodeFrame(OPCODE.binary, chunk))) done();
    else this.#connection.once('drain', () => done());
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#close(STATUS.normal);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#connection.destroy();
    done(error);
  }
}

/** The close status for a frame that may not come from a client; undefined when all is well. */
function mistakeIn({ opcode, masked, length, final }: Header): number | undefined {
  if (length > MAX_FRAME) return STATUS.tooBig;
  const isControl = (opcode & CONTROL_BIT) !== 0;
  const known = (Object.values(OPCODE) as number[]).includes(opcode);
  return !masked || !known || (isControl && (!final || length > MAX_CONTROL)) ? STATUS.protocol : undefined;
}

/** The subset of DNS messages (RFC 1035) that a name server for containers needs. */

export const TYPE = { A: 1, SOA: 6, PTR: 12, AAAA: 28, OPT: 41, ANY: 255 } as const;
export const RCODE = { ok: 0, formatError: 1, serverFailure: 2, nameError: 3, notImplemented: 4 } as const;

const HEADER = 12;
const CLASS_IN = 1;
const MAX_NAME = 255;

export interface Query {
  readonly id: number;
  readonly opcode: number;
  /** Without the trailing dot, in the case of the query. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** The question's bytes, to be repeated in the answer. */
  readonly question: Buffer;
  readonly recursionDesired: boolean;
  /** Maximum bytes of a datagram that the client accepts. */
  readonly udpSize: number;
}

/** @returns undefined for anything but a query with one question. */
export function parseQuery(message: Buffer): Query | undefined {
  if (message.length < HEADER + 5) return undefined;
  const flags = message.readUInt16BE(2);
  if (flags & 0x8000 || message.readUInt16BE(4) !== 1) return undefined;
  const name = readName(message, HEADER);
  /* A pointer in the only question could point only at the header, which the answer changes. */
  if (!name || name.compressed || name.end + 4 > message.length) return undefined;
  return {
    id: message.readUInt16BE(0),
    opcode: (flags >> 11) & 15,
    name: name.text,
    type: message.readUInt16BE(name.end),
    class: message.readUInt16BE(name.end + 2),
    question: message.subarray(HEADER, name.end + 4),
    recursionDesired: (flags & 0x0100) !== 0,
    udpSize: advertisedSize(message, name.end + 4),
  };
}

/** EDNS (RFC 6891): the class of the additional record OPT is the maximum size of the answer. */
function advertisedSize(message: Buffer, from: number): number {
  if (message.readUInt16BE(10) === 0 || message.readUInt16BE(6) + message.readUInt16BE(8) > 0) return 512;
  if (from + 11 > message.length || message[from] !== 0) return 512;
  if (message.readUInt16BE(from + 1) !== TYPE.OPT) return 512;
  return Math.max(512, message.readUInt16BE(from + 3));
}

/** Follows compression pointers, with a bound against loops. @param start offset of the name. */
function readName(
  message: Buffer,
  start: number,
): { readonly text: string; readonly end: number; readonly compressed: boolean } | undefined {
  const labels: string[] = [];
  let at = start;
  let end = -1;
  let length = 0;
  for (let jumps = 0; jumps < 64; ) {
    const size = message[at];
    if (size === undefined) return undefined;
    if (size === 0) return { text: labels.join('.'), end: end < 0 ? at + 1 : end, compressed: end >= 0 };
    if ((size & 0xc0) === 0xc0) {
      const low = message[at + 1];
      if (low === undefined) return undefined;
      if (end < 0) end = at + 2;
      at = ((size & 0x3f) << 8) | low;
      jumps++;
      continue;
    }
    length += size + 1;
    if (size > 63 || length > MAX_NAME || at + 1 + size > message.length) return undefined;
    labels.push(message.toString('latin1', at + 1, at + 1 + size));
    at += 1 + size;
  }
  return undefined;
}

/** @throws RangeError for a label that is too long for a DNS name. */
export function encodeName(name: string): Buffer {
  const labels = name.split('.').filter(Boolean);
  return Buffer.concat([
    ...labels.map((label) => {
      const bytes = Buffer.from(label, 'latin1');
      if (bytes.length > 63) throw new RangeError(`the label ${label} is too long for a DNS name`);
      return Buffer.concat([Buffer.of(bytes.length), bytes]);
    }),
    Buffer.of(0),
  ]);
}

export interface AnswerRecord {
  readonly type: number;
  /** Seconds. */
  readonly ttl: number;
  readonly data: Buffer;
}

/** An answer to `query`, in which all records have the queried name. */
export function encodeAnswer(query: Query, rcode: number, records: readonly AnswerRecord[]): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(query.id, 0);
  const recursion = (query.recursionDesired ? 0x0100 : 0) | 0x0080;
  header.writeUInt16BE(0x8000 | (query.opcode << 11) | recursion | rcode, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, query.question, ...records.map(encodeRecord)]);
}

function encodeRecord({ type, ttl, data }: AnswerRecord): Buffer {
  const head = Buffer.alloc(HEADER);
  head.writeUInt16BE(0xc000 | HEADER, 0); /* the name is the question's */
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(CLASS_IN, 4);
  head.writeUInt32BE(ttl, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

/** Truncates an answer that is too long for a datagram to its question, and sets the TC flag. */
export function truncate(answer: Buffer, query: Query, size: number): Buffer {
  if (answer.length <= size) return answer;
  const short = Buffer.concat([answer.subarray(0, HEADER), query.question]);
  short.writeUInt16BE(short.readUInt16BE(2) | 0x0200, 2);
  short.fill(0, 6, HEADER);
  return short;
}

export const isTruncated = (answer: Buffer) => (answer.readUInt16BE(2) & 0x0200) !== 0;
export const rcodeOf = (answer: Buffer) => answer.readUInt16BE(2) & 15;

/** Offsets of the TTLs of an answer's records; undefined for a malformed answer. */
export function ttlOffsets(
  answer: Buffer,
): { offsets: number[]; soaMinimum: number | undefined } | undefined {
  let at = HEADER;
  for (let i = answer.readUInt16BE(4); i > 0; i--) {
    const name = readName(answer, at);
    if (!name) return undefined;
    at = name.end + 4;
  }
  const offsets: number[] = [];
  let soaMinimum: number | undefined;
  const records = answer.readUInt16BE(6) + answer.readUInt16BE(8) + answer.readUInt16BE(10);
  for (let i = 0; i < records; i++) {
    const name = readName(answer, at);
    if (!name || name.end + 10 > answer.length) return undefined;
    const type = answer.readUInt16BE(name.end);
    const length = answer.readUInt16BE(name.end + 8);
    const end = name.end + 10 + length;
    if (end > answer.length) return undefined;
    if (type !== TYPE.OPT) offsets.push(name.end + 4);
    if (type === TYPE.SOA && length >= 20) soaMinimum = answer.readUInt32BE(end - 4);
    at = end;
  }
  return { offsets, soaMinimum };
}

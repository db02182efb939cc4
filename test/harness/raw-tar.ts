const BLOCK = 512;

/** A tar entry as bytes that no tar library would write. */
export interface RawEntry {
  readonly name: string | Buffer;
  /** The header's type; none: a file. */
  readonly type?: string;
  readonly link?: string;
  readonly content?: Buffer;
  /** What the header says of its size; none: what `content` has. */
  readonly size?: number | bigint;
  /** Octal digits, or anything else, in place of the size. */
  readonly sizeField?: string;
  readonly mode?: number;
  readonly mtime?: number;
  /** Changes the header's fields before its checksum is made. */
  readonly edit?: (header: Buffer) => void;
}

/** The archive of such entries, with its end. */
export const rawTar = (...entries: readonly RawEntry[]): Buffer =>
  Buffer.concat([...entries.map(rawEntry), Buffer.alloc(2 * BLOCK)]);

/** One entry: header and content, filled up to whole blocks. */
export function rawEntry(entry: RawEntry): Buffer {
  const content = entry.content ?? Buffer.alloc(0);
  return Buffer.concat([rawHeader(entry), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
}

export function rawHeader(entry: RawEntry): Buffer {
  const { name, type, link, content, size, sizeField, mode, mtime } = entry;
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  Buffer.from(name).copy(header, 0, 0, 100);
  octal(mode ?? 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  if (sizeField === undefined) writeSize(header, BigInt(size ?? content?.length ?? 0));
  else header.write(sizeField, 124, 12, 'latin1');
  octal(mtime ?? 0, 136, 12);
  header.write(type ?? '0', 156);
  header.write(link ?? '', 157, 100);
  header.write('ustar\x0000', 257, 'latin1');
  entry.edit?.(header);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
  return header;
}

/** Eleven octal digits, or base 256 where they are too few. */
function writeSize(header: Buffer, size: bigint): void {
  if (size >= 0n && size < 8n ** 11n) {
    header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
    return;
  }
  const bytes = Buffer.alloc(12, size < 0n ? 0xff : 0);
  bytes.writeBigInt64BE(BigInt.asIntN(64, size), 4);
  bytes[0] = (bytes[0] ?? 0) | 0x80;
  bytes.copy(header, 124);
}

/** A pax header with these records for the entry that follows. */
export function paxEntry(records: readonly (readonly [key: string, value: string | Buffer])[]): RawEntry {
  return { name: 'PaxHeaders/0', type: 'x', content: Buffer.concat(records.map(paxRecord)) };
}

function paxRecord([key, value]: readonly [string, string | Buffer]): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length;
  return Buffer.concat([Buffer.from(`${length}`), rest]);
}

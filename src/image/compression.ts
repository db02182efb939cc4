import { type Duplex, PassThrough, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { invalidParameter, messageOf } from '../core/errors.ts';
import { failsElsewhere } from '../core/streams.ts';
import { throughCommand } from './decompress-command.ts';

export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

/** The compression that the first bytes of a stream indicate. */
export function detectCompression(head: Uint8Array): Compression {
  const starts = (...bytes: number[]) => bytes.every((byte, i) => head[i] === byte);
  if (starts(0x1f, 0x8b)) return 'gzip';
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (starts(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return 'xz';
  if (starts(0x42, 0x5a, 0x68)) return 'bzip2';
  return 'none';
}

/** The decompressed bytes of a stream that may be compressed. A broken stream results in an error. */
export async function decompress(input: Readable): Promise<Readable> {
  const head = await takeHead(input);
  if (head.length < MAGIC_LENGTH) {
    if (input.destroyed && !input.readableEnded) return input;
    return Readable.from(head.length > 0 ? [head] : [], { objectMode: false });
  }
  input.unshift(head);
  switch (detectCompression(head)) {
    case 'gzip':
      return piped(input, failsElsewhere(createGunzip({ chunkSize: 1 << 18 })));
    case 'zstd':
      return piped(input, failsElsewhere(createZstdDecompress({ chunkSize: 1 << 18 })));
    case 'xz':
      return throughCommand(input, 'xz');
    case 'bzip2':
      return throughCommand(input, 'bzip2');
    default:
      return input;
  }
}

const MAGIC_LENGTH = 6;

/** Reads the first bytes of a stream; fewer when it ends or breaks earlier. */
async function takeHead(input: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let length = 0; length < MAGIC_LENGTH; ) {
    const chunk = input.read() as Buffer | null;
    if (chunk) {
      parts.push(chunk);
      length += chunk.length;
      continue;
    }
    if (input.errored) throw input.errored;
    if (input.readableEnded || input.destroyed || !(await moreToRead(input))) break;
  }
  return Buffer.concat(parts);
}

/** Waits until `input` has new data; false when it has ended instead. */
function moreToRead(input: Readable): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      input.off('readable', onReadable).off('end', onEnd).off('error', onError).off('close', onEnd);
      act();
    };
    const onReadable = () => settle(() => resolve(input.readableLength > 0));
    const onEnd = () => settle(() => resolve(false));
    const onError = (error: Error) => settle(() => reject(error));
    input.on('readable', onReadable).on('end', onEnd).on('error', onError).on('close', onEnd);
  });
}

function piped(input: Readable, decoder: Duplex): Readable {
  const output = failsElsewhere(new PassThrough({ highWaterMark: 1 << 20 }));
  input.on('error', (error) => output.destroy(error));
  decoder.on('error', (error) => {
    output.destroy(invalidParameter(`decompressing failed: ${messageOf(error)}`, { cause: error }));
    input.destroy();
  });
  output.on('close', () => {
    input.destroy();
    decoder.destroy();
  });
  input.pipe(decoder).pipe(output);
  return output;
}

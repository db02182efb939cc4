import { spawn } from 'node:child_process';
import { compose, type Duplex, PassThrough, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { invalidParameter, messageOf } from '../core/errors.ts';

export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

/** What the first bytes of a stream say about how it is compressed. */
export function detectCompression(head: Uint8Array): Compression {
  const starts = (...bytes: number[]) => bytes.every((byte, i) => head[i] === byte);
  if (starts(0x1f, 0x8b)) return 'gzip';
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (starts(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return 'xz';
  if (starts(0x42, 0x5a, 0x68)) return 'bzip2';
  return 'none';
}

/** The plain bytes of a stream that may be compressed. A broken stream of either kind ends in an error. */
export async function decompress(input: Readable): Promise<Readable> {
  const head = await peek(input);
  switch (detectCompression(head)) {
    case 'gzip':
      return piped(input, createGunzip({ chunkSize: 1 << 18 }));
    case 'zstd':
      return piped(input, createZstdDecompress({ chunkSize: 1 << 18 }));
    case 'xz':
      return throughCommand(input, 'xz');
    case 'bzip2':
      return throughCommand(input, 'bzip2');
    default:
      return input;
  }
}

/** The first bytes of a stream, which stay in it. Empty for an empty stream. */
async function peek(input: Readable): Promise<Uint8Array> {
  const MAGIC_LENGTH = 6;
  for (;;) {
    const chunk = (input.read() as Buffer | null) ?? undefined;
    if (chunk) {
      input.unshift(chunk);
      if (chunk.length >= MAGIC_LENGTH || input.readableEnded) return chunk;
    }
    if (input.errored) throw input.errored;
    if (input.readableEnded || input.destroyed) return chunk ?? new Uint8Array();
    if (chunk && input.readableLength >= MAGIC_LENGTH) return chunk;
    if (!(await moreToRead(input))) return chunk ?? new Uint8Array();
  }
}

/** Waits until `input` has something new to read; false when it has ended instead. */
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
  const output = new PassThrough({ highWaterMark: 1 << 20 });
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

function throughCommand(input: Readable, command: string): Readable {
  const child = spawn(command, ['-dc'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const output = compose(child.stdout, new PassThrough());
  child.on('error', (error) =>
    output.destroy(
      invalidParameter(`this archive needs the ${command} program, which cannot be started`, {
        cause: error,
      }),
    ),
  );
  child.on('exit', (code) => {
    if (code)
      output.destroy(invalidParameter(`${command} could not decompress the archive (exit code ${code})`));
  });
  child.stdin.on('error', () => {});
  input.on('error', (error) => output.destroy(error));
  input.pipe(child.stdin);
  return output;
}

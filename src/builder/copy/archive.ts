import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { failsElsewhere } from '../../core/streams.ts';
import { throughCommand } from '../../image/decompress-command.ts';

export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];
const BLOCK = 512;

/** How a tar archive is compressed; undefined when the file is not a tar archive, whatever its name. */
export async function detectArchive(file: string): Promise<Compression | undefined> {
  const head = await readHead(file);
  const magic = MAGIC.find(([, bytes]) => bytes.every((byte, index) => head[index] === byte));
  if (!magic) return isTarHeader(head) ? 'none' : undefined;
  const block = await firstBlock(file, magic[0]);
  return isTarHeader(block) ? magic[0] : undefined;
}

/** The archive's plain tar. xz and bzip2 are decompressed by the programs of that name. */
export function openArchive(file: string, compression: Compression): Readable {
  const source = failsElsewhere(createReadStream(file));
  switch (compression) {
    case 'none':
      return source;
    case 'gzip':
      return pipeline(source, createGunzip(), ignoreError);
    case 'zstd':
      return pipeline(source, createZstdDecompress(), ignoreError);
    case 'xz':
    case 'bzip2':
      return throughCommand(source, compression);
  }
}

/** The reader of the result gets errors. */
const ignoreError = () => undefined;

async function readHead(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const buffer = new Uint8Array(BLOCK);
    const { bytesRead } = await handle.read(buffer, 0, BLOCK, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function firstBlock(file: string, compression: Compression): Promise<Uint8Array> {
  const stream = openArchive(file, compression);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= BLOCK) break;
    }
  } catch (error) {
    if (compression === 'xz' || compression === 'bzip2') throw error;
    return new Uint8Array();
  } finally {
    stream.destroy();
  }
  return Buffer.concat(chunks).subarray(0, BLOCK);
}

/** A tar header contains the sum of its bytes, in which the sum's own field counts as spaces. */
function isTarHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false;
  const field = Buffer.from(block.subarray(148, 156)).toString('latin1').replace(/\0.*$/, '').trim();
  if (!/^[0-7]+$/.test(field)) return false;
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0x20 : (block[i] ?? 0);
  return sum === Number.parseInt(field, 8);
}

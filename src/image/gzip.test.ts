import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { linuxCompression } from '../host/linux/igzip.ts';
import { LinuxProcesses } from '../host/linux/processes.ts';
import { gzipped, gzippedInBlocks } from './gzip.ts';

const host = linuxCompression(new LinuxProcesses());

const BLOCK = 512 << 10;

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function packed(bytes: Buffer, size = 60_000): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of gzippedInBlocks(pieces(bytes, size))) parts.push(part);
  return Buffer.concat(parts);
}

const words = (length: number) => Buffer.alloc(length, 'words that come again, and again; ');

test('decompression restores the input, around block boundaries, too', async () => {
  for (const length of [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 77]) {
    for (const bytes of [words(length), randomBytes(length)]) {
      assert.ok(gunzipSync(await packed(bytes)).equals(bytes), `${length} bytes`);
    }
  }
  const mixed = Buffer.concat([words(BLOCK / 2), randomBytes(BLOCK), words(2 * BLOCK), randomBytes(100)]);
  assert.ok(gunzipSync(await packed(mixed, 7)).equals(mixed));
});

test('compressible data shrinks, across blocks, too, and incompressible data hardly grows', async () => {
  assert.ok((await packed(words(4 * BLOCK))).length < 20_000);
  const noise = randomBytes(4 * BLOCK);
  assert.ok((await packed(noise)).length < noise.length * 1.001);
  /* The second half repeats the end of the first, which only a reference into the previous block can use. */
  const again = randomBytes(16 << 10);
  const repeated = Buffer.concat([
    randomBytes(BLOCK - again.length),
    again,
    again,
    words(BLOCK - again.length),
  ]);
  assert.ok((await packed(repeated)).length < BLOCK + 8_000);
});

test('igzip’s output for a large input decompresses to it, and is always the same', async () => {
  assert.ok(host.gzip, 'npm run setup installs it');
  const bytes = Buffer.concat([words(3 << 20), randomBytes(3 << 20), words(77)]);
  const large = async () => {
    const parts: Buffer[] = [];
    for await (const part of gzipped(host, pieces(bytes, 60_000), bytes.length)) parts.push(part);
    return Buffer.concat(parts);
  };
  const first = await large();
  assert.ok(gunzipSync(first).equals(bytes));
  assert.notEqual(first.subarray(4, 10).toString('hex'), '0000000000ff', 'not our own header');
  assert.ok((await large()).equals(first));
});

test('a failing input fails the output, in both implementations', async () => {
  for (const size of [BLOCK, 1 << 30]) {
    const failing = (async function* () {
      yield words(BLOCK);
      throw new Error('gone');
    })();
    await assert.rejects(async () => {
      for await (const _ of gzipped(host, failing, size));
    }, /gone/);
  }
});

test('a destroyed output ends the input', async () => {
  for (const size of [BLOCK, 1 << 30]) {
    const ended = Promise.withResolvers<void>();
    const endless = (async function* () {
      try {
        for (;;) yield randomBytes(BLOCK);
      } finally {
        ended.resolve();
      }
    })();
    for await (const { length } of gzipped(host, endless, size)) if (length > 1000) break;
    await ended.promise;
  }
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { decompress, detectCompression } from './compression.ts';

const text = Buffer.from('some bytes, again and again. '.repeat(5000));

const xz = spawnSync('xz', ['-c'], { input: text });

const compressed: [string, Buffer][] = [
  ['none', text],
  ['gzip', gzipSync(text)],
  ['zstd', zstdCompressSync(text)],
];

for (const [name, bytes] of compressed) {
  test(`${name} is recognised and decompressed, whatever the sizes of the chunks`, async () => {
    assert.equal(detectCompression(bytes), name);
    for (const size of [1, 3, bytes.length]) {
      const chunks = Array.from({ length: Math.min(400, Math.ceil(bytes.length / size)) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      const rest = bytes.subarray(chunks.length * size);
      const out = await buffer(
        await decompress(Readable.from([...chunks, rest].filter((c) => c.length > 0))),
      );
      assert(out.equals(text), `chunks of ${size}`);
    }
  });
}

test('xz is recognised and decompressed', { skip: xz.error ? 'xz is not installed' : false }, async () => {
  assert.equal(detectCompression(xz.stdout), 'xz');
  assert((await buffer(await decompress(Readable.from([xz.stdout])))).equals(text));
});

test('an empty stream stays empty', async () => {
  assert.equal((await buffer(await decompress(Readable.from([])))).length, 0);
});

test('a compressed stream that ends early is an error, not less data', async () => {
  for (const [name, bytes] of compressed.slice(1)) {
    const cut = bytes.subarray(0, bytes.length - 6);
    await assert.rejects(async () => buffer(await decompress(Readable.from([cut]))), name);
  }
});

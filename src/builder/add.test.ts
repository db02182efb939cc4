import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { digestOf } from '../core/digest.ts';
import { Bench } from './testing/bench.ts';

async function archive(): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: './/', type: 'directory', mode: 0o700 });
  tar.entry({ name: 'bin/tool', mode: 0o755, uid: 7, gid: 8 }, 'T');
  tar.entry({ name: 'bin/same', type: 'link', linkname: 'bin/tool' });
  tar.entry({ name: '../../escape', mode: 0o600 }, 'E');
  tar.finalize();
  return await buffer(Readable.from(tar));
}

for (const [name, compress] of [
  ['plain', (data: Buffer) => data],
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const) {
  test(`ADD unpacks a ${name} archive below its destination, with owners and nothing outside`, async () => {
    await using bench = await Bench.open();
    await writeFile(join(bench.context, 'a'), compress(await archive()));
    const id = await bench.build('FROM scratch\nADD a /opt\n');
    const files = bench.worker.files(bench.worker.configs.get(id)?.rootfs.diff_ids ?? []);
    const tool = files.get('opt/bin/tool');
    assert.deepEqual([tool?.text, tool?.mode, tool?.uid, tool?.gid], ['T', 0o755, 7, 8]);
    assert.deepEqual(files.get('opt/bin/same'), {
      type: 'link',
      mode: 0o644,
      uid: 0,
      gid: 0,
      text: 'opt/bin/tool',
    });
    assert.equal(files.get('opt/escape')?.text, 'E');
    assert.equal(files.get('opt')?.mode, 0o755);
    assert.deepEqual([...files.keys()].sort(), ['opt', 'opt/bin/same', 'opt/bin/tool', 'opt/escape']);
  });
}

for (const program of ['xz', 'bzip2']) {
  const missing = spawnSync(program, ['--version']).error !== undefined;
  const skip = missing && `${program} is not installed`;
  test(`ADD unpacks ${program} archives with the program of that name`, { skip }, async () => {
    await using bench = await Bench.open();
    const { stdout } = spawnSync(program, ['-c'], { input: await archive() });
    await writeFile(join(bench.context, 'a'), stdout);
    const id = await bench.build('FROM scratch\nADD a /opt\n');
    assert.equal(bench.worker.contents(id)['opt/bin/tool'], 'T');
  });
}

test('COPY and ADD --unpack=false copy archives unchanged, and ADD other files', async () => {
  await using bench = await Bench.open({ 'text.tar.gz': 'no archive' });
  await writeFile(join(bench.context, 'a'), await archive());
  await writeFile(join(bench.context, 'b.gz'), gzipSync('just text'));
  const text = 'FROM scratch\nCOPY a /one\nADD --unpack=false a /two\nADD text.tar.gz b.gz /three/\n';
  const id = await bench.build(text);
  assert.deepEqual(Object.keys(bench.worker.contents(id)).sort(), [
    'one',
    'three/b.gz',
    'three/text.tar.gz',
    'two',
  ]);
});

/** Serves one file and counts its requests. */
async function serve(body: string) {
  const state = { requests: 0, url: '' };
  const server = createServer((request, response) => {
    state.requests++;
    response.statusCode = request.url === '/file.txt' ? 200 : 404;
    response.setHeader('last-modified', 'Thu, 01 Jan 2026 00:00:00 GMT');
    response.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dispose = async () => {
    server.close();
    server.closeAllConnections();
  };
  return Object.assign(state, { [Symbol.asyncDispose]: dispose });
}

test('ADD fetches a URL; the cache key depends on the content', async () => {
  await using server = await serve('remote');
  await using bench = await Bench.open();
  const text = `FROM scratch\nADD ${server.url}/file.txt /d/\n`;
  const id = await bench.build(text);
  const file = bench.worker.files(bench.worker.configs.get(id)?.rootfs.diff_ids ?? []).get('d/file.txt');
  assert.deepEqual([file?.text, file?.mode], ['remote', 0o600]);
  await bench.build(text);
  assert.match(bench.verdicts()[0] ?? '', /: hit$/);
  assert.equal(server.requests, 2);
});

test('with a checksum, ADD fetches once, and rejects other content', async () => {
  await using server = await serve('remote');
  await using bench = await Bench.open();
  const add = (checksum: string) => `FROM scratch\nADD --checksum=${checksum} ${server.url}/file.txt /f\n`;
  await bench.build(add(digestOf('remote')));
  await bench.build(add(digestOf('remote')));
  assert.equal(server.requests, 1);
  await assert.rejects(bench.build(add(digestOf('other'))), {
    kind: 'data-loss',
    message: /digest mismatch/,
  });
  await assert.rejects(bench.build(add('md5:1')), /invalid digest/);
});

test('failed downloads, git repositories and COPY of a URL are rejected with a message', async () => {
  await using server = await serve('remote');
  await using bench = await Bench.open({ a: '1' });
  const reject = (line: string, message: RegExp) =>
    assert.rejects(bench.build(`FROM scratch\n${line}\n`), message);
  await reject(`ADD ${server.url}/nope /x`, /invalid response status 404/);
  await reject('ADD http://127.0.0.1:1/x /x', /cannot fetch http:\/\/127\.0\.0\.1:1\/x/);
  await reject('ADD http://127.0.0.1:1/repo.git /x', /failed to fetch the git repository http:\/\/127/);
  await reject('ADD http://127.0.0.1:1/repo.git#main:../up /x', /is outside of the repository/);
  await reject('ADD http://127.0.0.1:1/repo.git?depth=1 /x', /unexpected query "depth"/);
  await reject('COPY git@127.0.0.1:a/b.git /x', /source can't be a git ref for COPY/);
  await reject(`COPY ${server.url}/file.txt /x`, /source can't be a URL for COPY/);
  await reject('ADD --checksum=sha256:aa a /x', /checksum requires HTTP\(S\) or Git sources/);
});

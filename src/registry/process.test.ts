import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../core/digest.ts';
import { VERSION } from '../core/version.ts';
import { setPassword } from './auth/set-password.ts';
import { makeCertificate } from './testing/certificate.ts';
import { codesOf, pushBlob, someBytes } from './testing/push.ts';
import { runRegistry, spawnRegistry } from './testing/registry-process.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';

const bytes = someBytes(500_000);
const digest = digestOf(bytes);

test('an upload resumes after kill -9', async () => {
  await using directory = await temporaryDirectory();
  const args = ['--data-root', directory.path];
  let path: string;
  {
    await using first = await spawnRegistry(args);
    const started = await fetch(`${first.url}/v2/app/blobs/uploads/`, { method: 'POST' });
    path = started.headers.get('Location') ?? '';
    const request = http.request(`${first.url}${path}`, { method: 'PATCH' });
    request.on('error', () => {});
    request.write(bytes.subarray(0, 200_000));
    const range = async () => (await fetch(`${first.url}${path}`)).headers.get('Range');
    while ((await range()) !== '0-199999') await sleep(5);
    assert.equal(await first.stop('SIGKILL'), 'SIGKILL');
  }
  await using second = await spawnRegistry(args);
  const status = await fetch(`${second.url}${path}`);
  assert.equal(status.headers.get('Range'), '0-199999');
  const rest = new Uint8Array(bytes.subarray(200_000));
  const done = await fetch(`${second.url}${path}?digest=${digest}`, {
    method: 'PUT',
    body: rest,
    headers: { 'Content-Range': `200000-${bytes.length - 1}` },
  });
  assert.equal(done.status, 201);
  const read = await fetch(`${second.url}/v2/app/blobs/${digest}`);
  assert.equal(digestOf(Buffer.from(await read.arrayBuffer())), digest);
});

test('after SIGTERM, a request finishes, new ones are refused, and the exit code is 0', async () => {
  await using directory = await temporaryDirectory();
  await using registry = await spawnRegistry(['--data-root', directory.path]);
  const request = http.request(`${registry.url}/v2/app/blobs/uploads/?digest=${digest}`, { method: 'POST' });
  const answered = new Promise<http.IncomingMessage>((resolve) => request.on('response', resolve));
  request.write(bytes.subarray(0, 1000));
  while ((await readdir(join(directory.path, 'uploads'))).length === 0) await sleep(5);
  const stopped = registry.stop('SIGTERM');
  await assert.rejects(async () => {
    for (;;) await fetch(`${registry.url}/v2/`).then((response) => response.text());
  });
  request.end(bytes.subarray(1000));
  assert.equal((await answered).statusCode, 201);
  assert.equal(await stopped, 0);
});

test('a full disk is reported to the client and leaves no partial file', {
  skip: process.getuid?.() !== 0 && 'mounting a small disk needs root',
}, async () => {
  await using directory = await temporaryDirectory();
  const mount = 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"';
  const wrapper = ['unshare', '-m', '--propagation', 'private', 'sh', '-c', mount, directory.path];
  await using registry = await spawnRegistry(['--data-root', directory.path], wrapper);
  const repository = `${registry.url}/v2/app`;
  const large = new Uint8Array(someBytes(4_000_000));
  const whole = await fetch(`${repository}/blobs/uploads/?digest=${digestOf(large)}`, {
    method: 'POST',
    body: large,
  });
  assert.equal(whole.status, 507);
  assert.deepEqual(await codesOf(whole), ['INSUFFICIENT_STORAGE']);
  const started = await fetch(`${repository}/blobs/uploads/`, { method: 'POST' });
  const location = `${registry.url}${started.headers.get('Location')}`;
  await fetch(location, { method: 'PATCH', body: new Uint8Array(bytes.subarray(0, 1000)) });
  const chunk = await fetch(location, { method: 'PATCH', body: large });
  assert.equal(chunk.status, 507);
  assert.equal((await fetch(location)).headers.get('Range'), '0-999');
  await pushBlob(repository, bytes);
});

test('users are added with the htpasswd command', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'users');
  const added = await runRegistry(['htpasswd', file, 'anna'], 'secret\n');
  assert.deepEqual(added, { stdout: 'Adding password for user anna\n', stderr: '', code: 0 });
  assert.equal((await runRegistry(['htpasswd', file, 'anna'], 'new')).code, 0);
  assert.match(await readFile(file, 'utf8'), /^anna:\$2[aby]\$10\$\S{53}\n$/);
  const wrong = await runRegistry(['htpasswd', file, 'a:b'], 'x');
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /^barge-registry: invalid user name "a:b"/);
});

test('the program serves HTTPS and requires passwords when configured', async () => {
  await using directory = await temporaryDirectory();
  const { files, tls } = await makeCertificate(directory.path);
  const users = join(directory.path, 'users');
  await setPassword(users, 'anna', 'secret');
  const secure = ['--tls-cert', files.cert, '--tls-key', files.key, '--htpasswd', users];
  await using registry = await spawnRegistry(['--data-root', join(directory.path, 'data'), ...secure]);
  assert.match(registry.url, /^https:/);
  const status = (auth?: string) =>
    new Promise((resolve, reject) => {
      const options = { ca: tls.cert, agent: false as const, ...(auth ? { auth } : {}) };
      const request = https.get(`${registry.url}/v2/`, options, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on('error', reject);
    });
  assert.equal(await status(), 401);
  assert.equal(await status('anna:secret'), 200);
});

test('a wrong command line is explained and exits 2', async () => {
  const cases: [string[], RegExp][] = [
    [['--lisen', ':1'], /unknown flag: --lisen \(did you mean --listen\?\)/],
    [['--listen'], /flag needs a value: --listen/],
    [['--listen', 'nonsense'], /invalid --listen "nonsense"/],
    [['--log-level', 'warning'], /invalid --log-level "warning": want one of trace/],
    [['--tls-cert', 'x'], /--tls-key is missing/],
    [['htpaswd'], /unknown command: htpaswd \(did you mean htpasswd\?\)/],
  ];
  await Promise.all(
    cases.map(async ([args, expected]) => {
      const { code, stderr } = await runRegistry(args);
      assert.equal(code, 2);
      assert.match(stderr, expected);
    }),
  );
});

test('help and version are printed', async () => {
  assert.match((await runRegistry(['--help'])).stdout, /^Usage: {2}barge-registry/);
  const { stdout } = await runRegistry(['--version']);
  assert.equal(stdout, `barge-registry version ${VERSION}\n`);
  const path = join(import.meta.dirname, '../../package.json');
  assert.equal(JSON.parse(await readFile(path, 'utf8')).version, VERSION);
});

test('an address in use is a failure with exit code 1', async () => {
  await using directory = await temporaryDirectory();
  await using registry = await spawnRegistry(['--data-root', directory.path]);
  const { host } = new URL(registry.url);
  await using other = await temporaryDirectory();
  const { code, stderr } = await runRegistry([
    '--data-root',
    other.path,
    '--listen',
    host,
    '--log-level',
    'silent',
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /EADDRINUSE/);
});

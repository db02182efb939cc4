import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { digestOf } from '../core/digest.ts';
import { makeCertificate } from './testing/certificate.ts';
import { freePort } from './testing/free-port.ts';
import { imageManifest, pushBlob, putManifest, someBytes } from './testing/push.ts';
import { runRegistry, spawnRegistry } from './testing/registry-process.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';

async function agePath(root: string): Promise<void> {
  const old = new Date(Date.now() - 48 * 3600_000);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), old, old);
  }
}

test('gc refuses to run beside a running registry, check does not', async () => {
  await using directory = await temporaryDirectory();
  const at = ['--data-root', directory.path];
  {
    await using registry = await spawnRegistry(at);
    const app = `${registry.url}/v2/app`;
    await putManifest(app, 'v1', await imageManifest(app));
    await pushBlob(app, someBytes(3000, 'loose'));
    await agePath(directory.path);
    const busy = await runRegistry(['gc', ...at]);
    assert.equal(busy.code, 1);
    assert.match(busy.stderr, /a barge-registry runs on .*SIGUSR2/);
    assert.deepEqual(await runRegistry(['check', ...at]), {
      code: 0,
      stdout: 'no problems found\n',
      stderr: '',
    });
  }
  const counted = await runRegistry(['gc', '--dry-run', ...at]);
  assert.match(counted.stdout, /^would remove 0 manifests, 1 blobs of repositories, 1 contents \(3kB\)$/m);
  const collected = await runRegistry(['gc', ...at]);
  assert.match(collected.stdout, /^removed 0 manifests, 1 blobs of repositories, 1 contents \(3kB\)$/m);
  const [hash = ''] = (await readdir(join(directory.path, 'repositories/app/_blobs/sha256'))).slice(-1);
  await writeFile(join(directory.path, 'blobs/sha256', hash.slice(0, 2), hash), 'damaged');
  const checked = await runRegistry(['check', '--deep', ...at]);
  assert.equal(checked.code, 1);
  assert.match(
    checked.stdout,
    new RegExp(`^sha256:${hash}: its bytes have the digest ${digestOf(Buffer.from('damaged'))}$`, 'm'),
  );
  const missing = await runRegistry(['check', '--data-root', '/nonexistent']);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /there is no data root \/nonexistent/);
});

test('a running registry collects garbage on SIGUSR2', async () => {
  await using directory = await temporaryDirectory();
  await using registry = await spawnRegistry(['--data-root', directory.path, '--gc-grace', '1h']);
  const app = `${registry.url}/v2/app`;
  await putManifest(app, 'v1', await imageManifest(app));
  const loose = await pushBlob(app, someBytes(3000, 'loose'));
  await agePath(directory.path);
  const kept = JSON.parse(await (await fetch(`${app}/manifests/v1`)).text()).layers[0].digest;
  registry.signal('SIGUSR2');
  const path = join(directory.path, 'blobs/sha256', loose.slice(7, 9));
  while ((await readdir(path)).includes(loose.slice(7))) await sleep(5);
  assert.equal((await fetch(`${app}/blobs/${loose}`)).status, 404);
  assert.equal((await fetch(`${app}/blobs/${kept}`)).status, 200);
});

test('metrics and health are served at a separate address', async () => {
  await using directory = await temporaryDirectory();
  const port = await freePort();
  await using registry = await spawnRegistry([
    '--data-root',
    directory.path,
    '--metrics-listen',
    `127.0.0.1:${port}`,
  ]);
  await fetch(`${registry.url}/v2/`);
  await fetch(`${registry.url}/v2/none/tags/list`);
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  assert.match(text, /^barge_registry_requests_total\{method="GET",status="200"\} 1$/m);
  assert.match(text, /^barge_registry_requests_total\{method="GET",status="404"\} 1$/m);
  assert.match(text, /^barge_registry_request_duration_seconds_count 2$/m);
  const health = () => fetch(`http://127.0.0.1:${port}/health`);
  assert.equal((await health()).status, 200);
  await rm(directory.path, { recursive: true });
  assert.equal((await health()).status, 503);
  assert.equal((await fetch(`${registry.url}/metrics`)).status, 404, 'clients do not see them');
});

test('a draining registry is unhealthy, finishes requests in progress, and cuts slow ones', async () => {
  await using directory = await temporaryDirectory();
  const port = await freePort();
  const flags = ['--metrics-listen', `127.0.0.1:${port}`, '--drain-timeout', '1500ms'];
  await using registry = await spawnRegistry(['--data-root', directory.path, ...flags]);
  const health = async () => (await fetch(`http://127.0.0.1:${port}/health`)).status;
  const started = await fetch(`${registry.url}/v2/app/blobs/uploads/`, { method: 'POST' });
  const request = http.request(`${registry.url}${started.headers.get('location')}`, { method: 'PATCH' });
  const cut = once(request, 'error');
  request.write('never the end');
  while ((await fetch(`${registry.url}${started.headers.get('location')}`)).headers.get('range') !== '0-12') {
    await sleep(5);
  }
  assert.equal(await health(), 200);
  const stopped = registry.stop('SIGTERM');
  while ((await health()) !== 503) await sleep(5);
  await cut;
  assert.equal(await stopped, 0);
});

test('SIGHUP reloads the certificate for new connections', async () => {
  await using directory = await temporaryDirectory();
  const { files } = await makeCertificate(directory.path);
  const args = [
    '--data-root',
    join(directory.path, 'data'),
    '--tls-cert',
    files.cert,
    '--tls-key',
    files.key,
  ];
  await using registry = await spawnRegistry(args);
  const serial = () =>
    new Promise<string>((resolve, reject) => {
      const request = https.get(
        `${registry.url}/v2/`,
        { agent: false, rejectUnauthorized: false },
        (response) => {
          response.resume();
          resolve((response.socket as TLSSocket).getPeerCertificate().serialNumber);
        },
      );
      request.on('error', reject);
    });
  const before = await serial();
  await makeCertificate(directory.path);
  assert.equal(await serial(), before);
  registry.signal('SIGHUP');
  while ((await serial()) === before) await sleep(5);
  await writeFile(files.cert, 'broken');
  const now = await serial();
  registry.signal('SIGHUP');
  assert.equal(await serial(), now, 'a broken file changes nothing');
});

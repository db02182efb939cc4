import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { MEDIA_TYPE } from '../../api/oci-image.ts';
import { digestOf } from '../../core/digest.ts';
import { HtpasswdAuthenticator } from '../../registry/auth/htpasswd-authenticator.ts';
import { HtpasswdFile } from '../../registry/auth/htpasswd-file.ts';
import { setPassword } from '../../registry/auth/set-password.ts';
import { imageManifest, putManifest, someBytes } from '../../registry/testing/push.ts';
import { temporaryDirectory } from '../../registry/testing/temporary-directory.ts';
import { startTestRegistry } from '../../registry/testing/test-registry.ts';
import { checkLogin } from './check-login.ts';
import { RemoteRepository } from './remote-repository.ts';
import { fails } from './testing/fails.ts';
import { startScript } from './testing/scripted-server.ts';

const bytes = someBytes(300_000);
const blob = { digest: digestOf(bytes), size: bytes.length };
const source = () => Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)], { objectMode: false });

test('a pushed image can be pulled', async () => {
  await using registry = await startTestRegistry();
  using remote = new RemoteRepository({ domain: registry.host, path: 'team/app' });
  assert.equal(await remote.hasBlob(blob.digest), false);
  assert.equal(await remote.uploadBlob(blob, source), 'uploaded');
  assert.equal(await remote.uploadBlob(blob, source), 'existing');
  const config = { ...blob, mediaType: MEDIA_TYPE.ociConfig };
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [] }));
  const pushed = await remote.putManifest('v1', MEDIA_TYPE.ociManifest, manifest);
  assert.deepEqual(await remote.resolve('v1'), pushed);
  const fetched = await remote.manifest(pushed.digest);
  assert.deepEqual(fetched.descriptor, pushed);
  assert.deepEqual(Buffer.from(fetched.bytes), manifest);
  assert.deepEqual(await buffer(await remote.blob(blob)), bytes);
  assert.deepEqual(await remote.tags(), ['v1']);
});

test('an empty blob is pushed and pulled', async () => {
  await using registry = await startTestRegistry();
  using remote = new RemoteRepository({ domain: registry.host, path: 'app' });
  const empty = { digest: digestOf(''), size: 0 };
  assert.equal(await remote.uploadBlob(empty, () => Readable.from([])), 'uploaded');
  assert.equal((await buffer(await remote.blob(empty))).length, 0);
});

test('a blob is mounted from another repository that has it', async () => {
  await using registry = await startTestRegistry();
  using first = new RemoteRepository({ domain: registry.host, path: 'first' });
  using second = new RemoteRepository({ domain: registry.host, path: 'second' });
  assert.equal(await first.uploadBlob(blob, source, { mountFrom: 'nowhere' }), 'uploaded');
  const never = () => assert.fail('opened the source of a blob that could be mounted');
  assert.equal(await second.uploadBlob(blob, never, { mountFrom: 'first' }), 'mounted');
});

test('a source with other bytes than the descriptor is never stored', async () => {
  await using registry = await startTestRegistry();
  using remote = new RemoteRepository({ domain: registry.host, path: 'app' });
  const upload = (content: Buffer) => remote.uploadBlob(blob, () => Readable.from([content]));
  await assert.rejects(upload(bytes.subarray(1)), fails('data-loss', /does not have its 300000 bytes/));
  await assert.rejects(upload(Buffer.concat([bytes, bytes])), fails('data-loss', /does not have its/));
  await assert.rejects(upload(Buffer.alloc(300_000)), fails('data-loss', /^digest invalid: /));
  assert.equal(await remote.hasBlob(blob.digest), false);
});

test('a source that fails ends the upload with its own error', async () => {
  await using registry = await startTestRegistry();
  using remote = new RemoteRepository({ domain: registry.host, path: 'app' });
  const broken = new RangeError('the disk is on fire');
  const open = () =>
    new Readable({
      read() {
        this.destroy(broken);
      },
    });
  await assert.rejects(remote.uploadBlob(blob, open), broken);
});

test('tags are listed across many pages', async () => {
  await using registry = await startTestRegistry();
  const repository = `${registry.url}/v2/app`;
  const manifest = await imageManifest(repository);
  for (const tag of ['a', 'b', 'c']) await putManifest(repository, tag, manifest);
  using remote = new RemoteRepository({ domain: registry.host, path: 'app' });
  assert.deepEqual(await remote.tags(), ['a', 'b', 'c']);
});

test('missing images are reported in Docker’s words', async () => {
  await using registry = await startTestRegistry();
  using remote = new RemoteRepository({ domain: registry.host, path: 'app' });
  const name = `${registry.host}/app`;
  const unknown = `^manifest for ${name}:nope not found: manifest unknown: manifest unknown$`;
  await assert.rejects(remote.resolve('nope'), fails('not-found', new RegExp(unknown)));
  const { digest } = blob;
  const byDigest = `^manifest for ${name}@${digest} not found: manifest unknown: manifest unknown$`;
  await assert.rejects(remote.manifest(digest), fails('not-found', new RegExp(byDigest)));
  await assert.rejects(remote.blob(blob), fails('not-found', /^blob unknown: blob unknown to registry$/));
  const repository = `^repository ${name} not found: name unknown: repository name not known to registry$`;
  await assert.rejects(remote.tags(), fails('not-found', new RegExp(repository)));
  const early = remote.putManifest(
    'v1',
    MEDIA_TYPE.ociManifest,
    await imageManifest(`${registry.url}/v2/other`),
  );
  await assert.rejects(
    early,
    fails('invalid-parameter', /^manifest blob unknown: blob unknown to registry$/),
  );
});

test('a refused connection is reported in Docker’s words', async () => {
  const registry = await startTestRegistry();
  await registry[Symbol.asyncDispose]();
  using remote = new RemoteRepository({ domain: registry.host, path: 'app' });
  const message = `^Get "http://${registry.host}/v2/": dial tcp ${registry.host}: connect: connection refused$`;
  await assert.rejects(remote.resolve('latest'), fails('unavailable', new RegExp(message)));
});

test('a registry with passwords accepts requests with credentials and rejects others', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'users');
  await setPassword(path, 'anna', 'secret');
  const authenticator = new HtpasswdAuthenticator(new HtpasswdFile(path));
  await using registry = await startTestRegistry({ authenticator });
  const reference = { domain: registry.host, path: 'app' };
  using anna = new RemoteRepository(reference, { auth: { username: 'anna', password: 'secret' } });
  assert.equal(await anna.uploadBlob(blob, source), 'uploaded');
  const auth = Buffer.from('anna:secret').toString('base64');
  using encoded = new RemoteRepository(reference, { auth: { auth } });
  assert.equal(await encoded.hasBlob(blob.digest), true);
  using nobody = new RemoteRepository(reference);
  await assert.rejects(
    nobody.resolve('v1'),
    fails('unauthorized', /\/v2\/app\/manifests\/v1": no basic auth credentials$/),
  );
  using wrong = new RemoteRepository(reference, { auth: { username: 'anna', password: 'x' } });
  await assert.rejects(
    wrong.manifest('v1'),
    fails('unauthorized', /^unauthorized: authentication required$/),
  );
});

test('a login is checked by the registry', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'users');
  await setPassword(path, 'anna', 'secret');
  const authenticator = new HtpasswdAuthenticator(new HtpasswdFile(path));
  await using registry = await startTestRegistry({ authenticator });
  assert.deepEqual(await checkLogin(registry.host, { username: 'anna', password: 'secret' }), {});
  assert.deepEqual(await checkLogin(`${registry.url}/v2/`, { username: 'anna', password: 'secret' }), {});
  await assert.rejects(
    checkLogin(registry.host, { username: 'anna', password: 'x' }),
    fails('unauthorized', /^login attempt to http:\S+\/v2\/ failed with status: 401 Unauthorized$/),
  );
});

test('cancellation ends requests and streams', async () => {
  await using registry = await startTestRegistry();
  const reference = { domain: registry.host, path: 'app' };
  using pusher = new RemoteRepository(reference);
  await pusher.uploadBlob(blob, source);
  const controller = new AbortController();
  using remote = new RemoteRepository(reference, { signal: controller.signal });
  const stream = await remote.blob(blob);
  controller.abort();
  await assert.rejects(buffer(stream), fails('cancelled', /context canceled/));
  await assert.rejects(remote.resolve('v1'), fails('cancelled', /context canceled/));
});

test('the connection of a complete download is reused', async () => {
  await using registry = await startTestRegistry();
  const ports = new Set<number | undefined>();
  await using proxy = await startScript((request, response) => {
    ports.add(request.socket.remotePort);
    fetch(`${registry.url}${request.url}`).then((answer) => pipeline(answer.body ?? [], response));
  });
  using pusher = new RemoteRepository({ domain: registry.host, path: 'app' });
  await pusher.uploadBlob(blob, source);
  using remote = new RemoteRepository({ domain: proxy.host, path: 'app' });
  for (let i = 0; i < 5; i++) await buffer(await remote.blob(blob));
  assert.equal(ports.size, 1);
});

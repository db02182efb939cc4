import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { digestOf } from '../../core/digest.ts';
import { makeCertificate } from '../../registry/testing/certificate.ts';
import { temporaryDirectory } from '../../registry/testing/temporary-directory.ts';
import { startTestRegistry } from '../../registry/testing/test-registry.ts';
import { domainOfServerAddress, endpointOf } from './endpoint.ts';
import { networkFailure } from './failure.ts';
import { HttpTransport } from './http-transport.ts';
import { RemoteRepository } from './remote-repository.ts';
import { fails } from './testing/fails.ts';

test('Docker Hub is reached at its own address, over HTTPS only', () => {
  const expected = { host: 'registry-1.docker.io', schemes: ['https'], verifyTls: true, isLoopback: false };
  assert.deepEqual(endpointOf('docker.io'), expected);
});

test('plain HTTP is allowed for loopback addresses and insecure registries only', () => {
  const lax = ['localhost:5000', '127.0.0.1:5000', '127.8.9.1', '[::1]:5000', 'localhost'];
  for (const domain of lax) assert.deepEqual(endpointOf(domain).schemes, ['https', 'http'], domain);
  const strict = ['example.com', '10.0.0.1:5000', '[fe80::1]', '127.0.0.1.example.com'];
  for (const domain of strict) assert.deepEqual(endpointOf(domain).schemes, ['https'], domain);
  assert.deepEqual(endpointOf('example.com', true).schemes, ['https', 'http']);
});

test('the old names of Docker Hub stand for docker.io', () => {
  for (const address of ['https://index.docker.io/v1/', 'index.docker.io', '', 'registry-1.docker.io']) {
    assert.equal(domainOfServerAddress(address), 'docker.io');
  }
  assert.equal(domainOfServerAddress('https://example.com:5000/v2/'), 'example.com:5000');
});

test('a registry with TLS on loopback is used, whoever signed its certificate', async () => {
  await using directory = await temporaryDirectory();
  const { tls } = await makeCertificate(directory.path);
  await using registry = await startTestRegistry({ tls });
  assert.match(registry.url, /^https:/);
  using remote = new RemoteRepository({ domain: registry.host, path: 'app' });
  const blob = { digest: digestOf('abc'), size: 3 };
  assert.equal(await remote.uploadBlob(blob, () => Readable.from([Buffer.from('abc')])), 'uploaded');
});

test('a certificate must be signed by a trusted authority', async () => {
  await using directory = await temporaryDirectory();
  const { tls } = await makeCertificate(directory.path);
  await using registry = await startTestRegistry({ tls });
  const ping = { method: 'GET', url: new URL(`${registry.url}/v2/`) };
  using strict = new HttpTransport({ verifyTls: true, ca: [], userAgent: 'test' });
  const message = /tls: failed to verify certificate: x509: certificate signed by unknown authority$/;
  await assert.rejects(strict.send(ping), fails('unavailable', message));
  using trusting = new HttpTransport({ verifyTls: true, ca: [tls.cert], userAgent: 'test' });
  const response = await trusting.send(ping);
  response.body.resume();
  assert.equal(response.status, 200);
});

test('network failures are reported in Docker’s words', () => {
  const url = new URL('https://example.com/v2/');
  const words = (code: string, more = {}) =>
    networkFailure('GET', url, Object.assign(new Error('x'), { code, ...more })).message;
  const peer = { address: '::1', port: 443 };
  const begin = 'Get "https://example.com/v2/": ';
  assert.equal(words('ECONNREFUSED', peer), `${begin}dial tcp [::1]:443: connect: connection refused`);
  assert.equal(words('ENOTFOUND'), `${begin}dial tcp: lookup example.com: no such host`);
  assert.equal(words('EPROTO'), `${begin}http: server gave HTTP response to HTTPS client`);
  assert.match(words('CERT_HAS_EXPIRED'), /x509: certificate has expired or is not yet valid$/);
  const both = new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED', ...peer })]);
  assert.match(networkFailure('GET', url, both).message, /connection refused$/);
});

/** A daemon on TCP lets in who has a certificate of its authority, and nobody else. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BARGE, TestDaemon } from './harness/daemon.ts';
import { dockerProgram, withoutDocker } from './harness/docker.ts';
import { execute } from './harness/execute.ts';
import { freePort } from './harness/ports.ts';

const directory = mkdtempSync('/tmp/bt-tls');
const client = join(directory, 'client');

/** An authority, a server's and a client's certificate; the client's under the names that docker looks for. */
function makeCertificates(): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca-key.pem', '-out', 'ca.pem', '-subj', '/CN=ca', '-days', '2');
  for (const name of ['server', 'client']) {
    openssl('req', ...key, '-keyout', `${name}-key.pem`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    writeFileSync(
      join(directory, `${name}.ext`),
      `subjectAltName=IP:127.0.0.1\nextendedKeyUsage=${name}Auth\n`,
    );
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-days', '2'];
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      ...signed,
      '-extfile',
      `${name}.ext`,
      '-out',
      `${name}.pem`,
    );
  }
  mkdirSync(client);
  for (const [from, to] of [
    ['ca.pem', 'ca.pem'],
    ['client.pem', 'cert.pem'],
    ['client-key.pem', 'key.pem'],
  ] as const) {
    copyFileSync(join(directory, from), join(client, to));
  }
}

makeCertificates();
const host = `tcp://127.0.0.1:${await freePort()}`;
const file = (name: string) => join(directory, name);
const certificates = [
  '--tlscacert',
  file('ca.pem'),
  '--tlscert',
  file('server.pem'),
  '--tlskey',
  file('server-key.pem'),
];
const daemon = await TestDaemon.start({ flags: ['--host', host, '--tlsverify', ...certificates] });
after(async () => {
  await daemon.end();
  rmSync(directory, { recursive: true });
});
await daemon.makeBusybox();

const env = { DOCKER_CERT_PATH: client, DOCKER_TLS_VERIFY: '1', DOCKER_HOST: host, BARGE_HOST: host };
const ECHO = ['run', '--rm', '-i', 'busybox', 'cat'];

test('our client runs a container over TLS, and the end of its input arrives', async () => {
  const { code, stdout } = await execute([...BARGE, ...ECHO], { env, input: 'over TLS\n' });
  assert.deepEqual({ code, stdout }, { code: 0, stdout: 'over TLS\n' });
});

test('so does docker’s', { skip: withoutDocker() }, async () => {
  const { code, stdout } = await execute([dockerProgram(), ...ECHO], { env, input: 'over TLS\n' });
  assert.deepEqual({ code, stdout }, { code: 0, stdout: 'over TLS\n' });
});

test('a client without a certificate is turned away', async () => {
  const { code, stdout } = await execute([...BARGE, '--tls', 'ps'], { env: { BARGE_HOST: host } });
  assert.notEqual(code, 0);
  assert.equal(stdout, '');
});

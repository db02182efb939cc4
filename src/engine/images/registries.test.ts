import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { certificatesFor, isInsecure } from './registries.ts';

const root = mkdtempSync(join(tmpdir(), 'certs-'));
after(() => rmSync(root, { recursive: true }));

test('insecure registries are hosts, or blocks of addresses with any port', () => {
  const entries = ['plain.example:5000', '10.1.0.0/16', 'fd00::/8'];
  for (const domain of ['plain.example:5000', '10.1.2.3', '10.1.2.3:5000', '[fd00::1]:5000'])
    assert(isInsecure(entries, domain), domain);
  for (const domain of ['plain.example', 'other.example:5000', '10.2.0.1', '[fe80::1]:5000', 'docker.io'])
    assert(!isInsecure(entries, domain), domain);
});

test('authorities and client certificates come from the directory of the registry', async () => {
  const directory = join(root, 'registry.example:5000');
  mkdirSync(directory);
  writeFileSync(join(directory, 'ca.crt'), 'AUTHORITY');
  writeFileSync(join(directory, 'client.cert'), 'CERTIFICATE');
  await assert.rejects(certificatesFor('registry.example:5000', [root]), {
    kind: 'invalid-parameter',
    message: /missing key client.key for client certificate client.cert/,
  });
  writeFileSync(join(directory, 'client.key'), 'KEY');
  assert.deepEqual(await certificatesFor('registry.example:5000', [root, join(root, 'none')]), {
    ca: ['AUTHORITY'],
    clientCertificates: [{ cert: 'CERTIFICATE', key: 'KEY' }],
  });
  assert.deepEqual(await certificatesFor('other.example', [root]), { ca: [], clientCertificates: [] });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCacheDocument } from './document.ts';
import { readCacheOrigin, readCacheTarget } from './options.ts';

test('a cache is exported to and imported from the places in the options', () => {
  assert.deepEqual(readCacheTarget('host/app:cache'), {
    ...{ mode: 'min', ignoreErrors: false },
    ...{ type: 'registry', reference: 'host/app:cache', insecure: false },
  });
  assert.deepEqual(readCacheTarget('type=local,dest=/x,mode=max,ignore-error=true'), {
    ...{ mode: 'max', ignoreErrors: true, type: 'local' },
  });
  assert.deepEqual(readCacheOrigin('type=registry,ref=a,registry.insecure=true'), {
    ...{ type: 'registry', reference: 'a', insecure: true, bare: false },
  });
  assert.equal((readCacheOrigin('app') as { readonly bare: boolean }).bare, true);
  assert.deepEqual(readCacheOrigin('type=local,context=cache:0'), { type: 'local', context: 'cache:0' });
});

test('unsupported options are rejected by name', () => {
  for (const [text, message] of [
    ['type=gha', /type "gha" is not supported/],
    ['type=registry', /ref is required/],
    ['type=inline,mode=max', /mode=min/],
    ['type=local,mode=all', /mode "all"/],
    ['type=local,compression=zstd', /compression "zstd"/],
    ['type=local,colour=red', /unexpected "colour=red"/],
  ] as const)
    assert.throws(() => readCacheTarget(text), message, text);
  assert.throws(() => readCacheOrigin('type=s3,ref=x'), /type "s3" is not supported/);
  assert.throws(() => readCacheOrigin('type=local'), /has to be sent by the client/);
});

test('a foreign document must have the right shape', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const record = { key: 'k', created: '2026-01-01T00:00:00Z', layer: digest };
  const layer = { diffId: digest, digest, size: 1, mediaType: 'x' };
  assert.deepEqual(readCacheDocument(JSON.stringify({ records: [record], layers: [layer] })), {
    records: [record],
    layers: [layer],
  });
  for (const wrong of [
    'nothing',
    'null',
    '{}',
    JSON.stringify({ records: [null] }),
    JSON.stringify({ records: [{ ...record, layer: '../etc' }] }),
    JSON.stringify({ records: [record], layers: [{ ...layer, size: 'much' }] }),
  ])
    assert.throws(() => readCacheDocument(wrong), { kind: 'data-loss' }, wrong);
});

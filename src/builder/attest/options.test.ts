import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAttestations } from './options.ts';

test('attestations are off by default, and the last one of a type applies', () => {
  assert.deepEqual(readAttestations([]), {});
  assert.deepEqual(readAttestations(['type=sbom', 'type=provenance', 'type=provenance,disabled=true']), {
    sbom: true,
  });
  assert.deepEqual(
    readAttestations(['type=provenance,mode=max,version=v1,builder-id=urn:x,reproducible=true']),
    {
      provenance: { mode: 'max', version: 'v1', builderId: 'urn:x', reproducible: true },
    },
  );
});

test('unknown and unsupported options are reported by name', () => {
  for (const [text, message] of [
    ['type=other', /unknown type "other"/],
    ['sbom', /"sbom" must be a key=value pair/],
    ['type=provenance,mode=all', /mode "all": want min or max/],
    ['type=provenance,version=v2', /version "v2": want v0.2 or v1/],
    ['type=sbom,generator=x', /generators are not supported/],
    ['type=sbom,mode=max', /unexpected key "mode"/],
    ['type=provenance,color=red', /unexpected key "color"/],
  ] as const) {
    assert.throws(() => readAttestations([text]), message, text);
  }
});

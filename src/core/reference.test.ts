import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from './digest.ts';
import { canonicalName, familiarString, parseReference, withDefaultTag } from './reference.ts';

const digest = digestOf('x');

const FAMILIAR: readonly (readonly [text: string, canonical: string, familiar: string])[] = [
  ['busybox', 'docker.io/library/busybox', 'busybox:latest'],
  ['busybox:1.36', 'docker.io/library/busybox', 'busybox:1.36'],
  ['user/app', 'docker.io/user/app', 'user/app:latest'],
  ['docker.io/busybox', 'docker.io/library/busybox', 'busybox:latest'],
  ['index.docker.io/library/busybox', 'docker.io/library/busybox', 'busybox:latest'],
  ['localhost/app', 'localhost/app', 'localhost/app:latest'],
  ['localhost:5000/a/b:v1', 'localhost:5000/a/b', 'localhost:5000/a/b:v1'],
  ['127.0.0.1:5000/app', '127.0.0.1:5000/app', '127.0.0.1:5000/app:latest'],
  ['[::1]:5000/app', '[::1]:5000/app', '[::1]:5000/app:latest'],
  [`ghcr.io/a/b@${digest}`, 'ghcr.io/a/b', `ghcr.io/a/b@${digest}`],
  ['library/a/b', 'docker.io/library/a/b', 'library/a/b:latest'],
  ['docker.io/docker.io/a', 'docker.io/docker.io/a', 'docker.io/docker.io/a:latest'],
  [`library/${'ab'.repeat(32)}`, `docker.io/library/${'ab'.repeat(32)}`, `library/${'ab'.repeat(32)}:latest`],
  [`busybox:1@${digest}`, 'docker.io/library/busybox', `busybox:1@${digest}`],
];

for (const [text, canonical, familiar] of FAMILIAR) {
  test(`${text} has the short form ${familiar} and its full form`, () => {
    const reference = withDefaultTag(parseReference(text));
    assert.equal(canonicalName(reference), canonical);
    assert.equal(familiarString(reference), familiar);
  });
}

for (const text of [
  '',
  'Busybox',
  'a//b',
  'a:',
  ':v1',
  'a:b c',
  'a@sha256:12',
  '-a',
  'a/b/',
  'x'.repeat(250),
  'x'.repeat(256),
]) {
  test(`"${text.slice(0, 20)}" is not a reference`, () => {
    assert.throws(() => parseReference(text), { kind: 'invalid-parameter' });
  });
}

test('64 hex digits are an id, not a name', () => {
  assert.throws(() => parseReference('a'.repeat(64)), /cannot specify 64-byte hexadecimal strings/);
});

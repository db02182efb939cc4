import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotationsOn, readAnnotations } from './annotations.ts';

test('an annotation applies to the manifest unless it names other places, each with an optional platform', () => {
  assert.deepEqual(readAnnotations(['a=b=c']), [{ on: 'manifest', key: 'a', value: 'b=c' }]);
  assert.deepEqual(readAnnotations(['index,manifest[linux/aarch64]:k=']), [
    { on: 'index', key: 'k', value: '' },
    { on: 'manifest', key: 'k', value: '', platform: 'linux/arm64' },
  ]);
  assert.deepEqual(readAnnotations(['org.example:x=1']), [
    { on: 'manifest', key: 'org.example:x', value: '1' },
  ]);
});

test('unknown places are rejected with the list of valid ones', () => {
  assert.throws(() => readAnnotations(['index-descriptor:a=b']), /index-descriptor cannot be annotated here/);
  assert.throws(() => readAnnotations(['a']), /want key=value/);
  assert.throws(() => readAnnotations(['manifest:=b']), /want key=value/);
});

test('a place gets the annotations of all platforms and of its own, the last one per key', () => {
  const all = readAnnotations(['a=1', 'manifest[linux/arm64]:a=2', 'manifest[linux/s390x]:b=3', 'index:c=4']);
  assert.deepEqual(annotationsOn(all, 'manifest', 'linux/arm64'), { a: '2' });
  assert.deepEqual(annotationsOn(all, 'manifest', 'linux/amd64'), { a: '1' });
  assert.equal(annotationsOn(all, 'manifest-descriptor', 'linux/amd64'), undefined);
});

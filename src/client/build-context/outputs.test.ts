import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFlags } from '../parse-flags.ts';
import { BUILD_FLAGS } from './build-flags.ts';
import { readOutputs } from './outputs.ts';

const read = (...words: string[]) => readOutputs(parseFlags(words, BUILD_FLAGS).flags);

test('each form of --output selects its kind of result', () => {
  const one = (text: string) => read('-t', 'x', '-o', text).outputs[0];
  assert.deepEqual(one('out'), { kind: 'local', directory: 'out', split: true });
  assert.deepEqual(one('-'), { kind: 'tar', file: '', split: true });
  assert.deepEqual(one('type=tar,dest=-,platform-split=false'), { kind: 'tar', file: '', split: false });
  assert.deepEqual(one('type=oci,dest=a.tar'), { kind: 'archive', file: 'a.tar' });
  assert.deepEqual(one('type=docker,tar=false,dest=a'), { kind: 'layout', directory: 'a' });
  assert.deepEqual(one('type=docker'), { kind: 'image', names: [], push: false });
  assert.deepEqual(one('type=image,"name=a,b",push=true'), { kind: 'image', names: ['a', 'b'], push: true });
  assert.deepEqual(one('type=registry,name=a'), { kind: 'image', names: ['a'], push: true });
});

test('several outputs combine their names, annotations and times', () => {
  const wanted = read(
    ...['-o', 'type=image,name=a,annotation.k=v,annotation-index[linux/arm64].l=m,rewrite-timestamp=true'],
    ...['-o', 'out', '--push'],
  );
  assert.deepEqual(wanted.names, ['a']);
  assert.deepEqual(wanted.annotations, ['manifest:k=v', 'index[linux/arm64]:l=m']);
  assert.equal(wanted.rewriteTimes, true);
  assert.equal(wanted.outputs.length, 3);
});

test('unsupported outputs are rejected before the build', () => {
  for (const [text, message] of [
    ['type=local', /dest is required/],
    ['type=nope', /unknown type "nope"/],
    ['type=local,dest=x,annotation.a=b', /cannot have annotations/],
    ['type=image,compression=zstd', /compression=zstd is not supported: it is always gzip/],
    ['type=image,push-by-digest=true', /unexpected key 'push-by-digest'/],
    ['type=registry', /tag is needed when pushing/],
    ['type=oci,tar=false', /dest is required/],
  ] as const)
    assert.throws(() => read('-o', text), message, text);
  assert.throws(() => read('-o', '-', '-o', 'type=oci'), /only one output can go to standard output/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench } from './testing/bench.ts';

test('a changed base image is named as the cause of the first miss, the step before as that of the next', async () => {
  await using bench = await Bench.open();
  bench.worker.run = ({ args, layers }) => ({ files: { out: `${args.at(-1)} ${layers.join()}` } });
  const text = 'FROM base\nRUN one\nENV A=1\nRUN two\n';
  await bench.build(text);
  bench.worker.addImage('base', { new: 'content' });
  await bench.build(text);
  assert.deepEqual(
    bench.verdicts().filter((verdict) => verdict.startsWith('RUN')),
    ['RUN one: the base image changed', 'RUN two: step 2 before it changed'],
  );
});

test('a step that runs again and produces the same files does not cause later steps to run', async () => {
  await using bench = await Bench.open();
  bench.worker.run = ({ args }) => ({ files: { out: args.at(-1)?.startsWith('gen') ? 'same' : 'other' } });
  await bench.build('FROM base\nRUN gen 1\nRUN use\n');
  await bench.build('FROM base\nRUN gen 2\nRUN use\n');
  assert.deepEqual(bench.verdicts(), ['RUN gen 2: instruction changed, was: RUN gen 1', 'RUN use: hit']);
});

test('a changed label or command does not cause other steps to run', async () => {
  await using bench = await Bench.open();
  await bench.build('FROM base\nLABEL v=1\nRUN use\n');
  await bench.build('FROM base\nLABEL v=2\nRUN use\n');
  assert.deepEqual(bench.verdicts(), ['RUN use: hit']);
});

const CHANGES: readonly (readonly [string, string, string])[] = [
  ['ENV A=1\nRUN x', 'ENV A=2\nRUN x', 'RUN x: variable A changed'],
  ['RUN x', 'ENV A=2\nRUN x', 'RUN x: variable A added'],
  ['USER a\nRUN x', 'USER b\nRUN x', 'RUN x: the user changed'],
  ['SHELL ["a"]\nRUN x', 'SHELL ["b"]\nRUN x', 'RUN x: the command changed'],
  ['RUN x', 'RUN y', 'RUN y: instruction changed, was: RUN x'],
  ['ENV A=1', 'RUN x\nRUN y', 'RUN y: new step'],
];
for (const [before, after, verdict] of CHANGES) {
  test(`after ${JSON.stringify(before)}, ${JSON.stringify(after)} says "${verdict}"`, async () => {
    await using bench = await Bench.open();
    await bench.build(`FROM base\n${before}\n`);
    await bench.build(`FROM base\n${after}\n`);
    assert.equal(bench.verdicts().at(-1), verdict);
  });
}

test('at most three added, changed and removed files are named', async () => {
  await using bench = await Bench.open({ a: '1', b: '1', c: '1', d: '1' });
  const text = 'FROM base\nCOPY ? /x/\n';
  await bench.build(text);
  await bench.write({ a: '2', b: '2', c: '2', e: '1' });
  await bench.build(text);
  assert.equal(bench.verdicts()[0], 'COPY ? /x/: file a changed, file b changed, file c changed and 1 more');
});

test('a pruned record, a build without cache and a first build are explained', async () => {
  await using bench = await Bench.open();
  const text = 'FROM base\nRUN x\n';
  await bench.build(text);
  assert.deepEqual(bench.verdicts(), ['RUN x: no earlier build to compare with']);
  bench.cache.records.clear();
  await bench.build(text);
  assert.deepEqual(bench.verdicts(), ['RUN x: its cache entry is gone']);
  await bench.build(text, { noCache: true });
  assert.deepEqual(bench.verdicts(), ['RUN x: the build was asked not to use the cache']);
});

test('values of arguments and variables are not stored', async () => {
  await using bench = await Bench.open();
  await bench.build('FROM base\nARG TOKEN\nENV OTHER=hunter3\nRUN x\n', { buildArgs: { TOKEN: 'hunter2' } });
  assert.doesNotMatch(JSON.stringify([...bench.cache.traces, ...bench.cache.records]), /hunter2/);
});

test('an unreadable Dockerfile is an invalid parameter', async () => {
  await using bench = await Bench.open({ 'sub/Mine': 'FROM base\n', dir: '' });
  const build = (path: string) => bench.build('', { dockerfile: { path } });
  const kind = 'invalid-parameter';
  await assert.rejects(build(''), {
    kind,
    message: /failed to read dockerfile: open Dockerfile: no such file/,
  });
  await assert.rejects(build('sub'), { kind, message: /failed to read dockerfile: open sub/ });
  await assert.rejects(build('../../etc/passwd'), { kind: 'forbidden' });
  await build('sub/Mine');
});

test('an invalid tag is rejected before the build', async () => {
  await using bench = await Bench.open();
  await assert.rejects(bench.build('FROM base\nRUN x\n', { tags: ['Wrong:Tag'] }), /must be lowercase/);
  assert.equal(bench.worker.execs.length, 0);
});

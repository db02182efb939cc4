import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench } from './testing/bench.ts';

test('builds FROM, COPY, RUN and CMD into an image with layers, history and configuration', async () => {
  await using bench = await Bench.open({ 'app.py': 'print(1)', Makefile: 'all:' });
  bench.worker.run = () => ({ files: { 'out/built': 'yes' } });
  const id = await bench.build('FROM base\nCOPY . /app\nRUN make /app\nCMD python /app/app.py\n', {
    tags: ['hello'],
  });
  const { etc: _, ...files } = Object.fromEntries(
    Object.entries(bench.worker.contents(id)).map(([path, text]) => [path.replace(/^etc\/.*/, 'etc'), text]),
  );
  assert.deepEqual(files, { 'app/app.py': 'print(1)', 'app/Makefile': 'all:', 'out/built': 'yes' });
  const config = bench.worker.configs.get(id);
  assert.deepEqual(config?.config?.Cmd, ['/bin/sh', '-c', 'python /app/app.py']);
  assert.equal(config?.rootfs.diff_ids.length, 3);
  assert.deepEqual(
    config?.history?.map(({ created_by, empty_layer = false }) => [created_by, empty_layer]),
    [
      ['base', false],
      ['COPY . /app # buildkit', false],
      ['RUN /bin/sh -c make /app # buildkit', false],
      ['CMD ["/bin/sh" "-c" "python /app/app.py"]', true],
    ],
  );
  assert.equal(bench.worker.tags.get('hello:latest'), id);
});

test('building again uses the cache for every step and gives the same image', async () => {
  await using bench = await Bench.open({ 'a.txt': '1' });
  bench.worker.run = () => ({ files: { out: String(Math.random()) } });
  const text = 'FROM base\nENV A=1\nWORKDIR /w\nCOPY a.txt .\nRUN make\nCMD ["x"]\n';
  const first = await bench.build(text);
  const runs = bench.worker.execs.length;
  assert.equal(await bench.build(text), first);
  assert.equal(bench.worker.execs.length, runs);
  assert.deepEqual(bench.verdicts(), [
    'ENV A=1: hit',
    'WORKDIR /w: hit',
    'COPY a.txt .: hit',
    'RUN make: hit',
    'CMD ["x"]: hit',
  ]);
});

test('the classic stream shows steps, cache hits and the result in the words of docker build', async () => {
  await using bench = await Bench.open({ a: '1' });
  bench.worker.run = (request) => {
    request.output('stdout', Buffer.from('hello\n'));
    return {};
  };
  const text = 'FROM base\nCOPY a /a\nRUN echo hello\n';
  await bench.build(text);
  const id = await bench.build(text, { tags: ['app:1'] });
  const hex = /^[0-9a-f]{12}$/;
  const lines = bench.messages.map((message) => message.stream ?? JSON.stringify(message.aux));
  assert.equal(lines[0], 'Step 1/3 : FROM base\n');
  assert.match(lines[1] ?? '', /^ ---> [0-9a-f]{12}\n$/);
  assert.deepEqual(lines.slice(2, 4), ['Step 2/3 : COPY a /a\n', ' ---> Using cache\n']);
  assert.equal(lines.at(-3), JSON.stringify({ ID: id }));
  assert.match(lines.at(-2)?.replace('Successfully built ', '').trim() ?? '', hex);
  assert.equal(lines.at(-1), 'Successfully tagged app:1\n');
});

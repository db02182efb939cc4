import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT, TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
  await daemon.makeBusybox();
});
after(() => daemon.end());

const example = (name: string) => join(ROOT, 'examples', name);

test('the static site is made of its templates and served to whoever asks', async () => {
  await daemon.ok('barge', [
    'build',
    '-q',
    '-t',
    'site',
    '--build-arg',
    'TITLE=Mine',
    example('static-site'),
  ]);
  const inspected = (await daemon.api('/images/site/json')).json();
  assert.deepEqual(Object.keys(inspected.Config.ExposedPorts), ['8080/tcp']);
  const id = await daemon.ok('barge', ['run', '-d', 'site']);
  const fetched =
    'for i in 1 2 3 4 5 6 7 8 9; do wget -q -O - http://127.0.0.1:8080/ && exit; usleep 200000; done';
  assert.match(
    await daemon.ok('barge', ['exec', id, 'sh', '-c', fetched]),
    /<title>Mine<\/title>[\s\S]*<h1>Hello/,
  );
  const owner = await daemon.ok('barge', ['exec', id, 'stat', '-c', '%u %a', '/www/index.html', '/www']);
  assert.equal(owner, '65534 644\n65534 755');
});

test('the ten stages of the repository come together, and a change of one part builds that part', async () => {
  const out = daemon.path('release');
  const args = [
    'build',
    '--progress=plain',
    '--build-arg',
    'ENVIRONMENT=test',
    '-o',
    out,
    example('monorepo'),
  ];
  await daemon.ok('barge', args);
  const read = (path: string) => readFileSync(join(out, path), 'utf8');
  assert.equal(read('etc/config'), 'environment=test\n');
  assert.equal(read('srv/api'), 'the shared part\nthe api part\n');
  assert.equal(read('reports/worker.test'), 'passed\n');
  const other = args.map((arg) => arg.replace('=test', '=other'));
  const said = await daemon.ok('barge', other);
  const ran = said.split('\n').filter((line) => /^#\d+ DONE/.test(line)).length;
  const cached = said.split('\n').filter((line) => /^#\d+ CACHED/.test(line)).length;
  assert.ok(cached > ran, `${cached} steps from the cache, ${ran} run`);
  assert.equal(read('etc/config'), 'environment=other\n');
});

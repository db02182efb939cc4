/** The cache and the result of builds on one engine, and on another. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeContext } from './build/context.ts';
import { TestDaemon } from './harness/daemon.ts';
import { startRegistry, type TestRegistry } from './harness/registry.ts';

let first: TestDaemon;
let second: TestDaemon;
let registry: TestRegistry;
before(async () => {
  [first, second] = await Promise.all([TestDaemon.start(), TestDaemon.start()]);
  registry = await startRegistry(first.path('registry'));
  await first.makeBusybox();
  /* The very same base: what a step stands on is part of its key. */
  await first.ok('barge', ['save', '-o', first.path('base.tar'), 'busybox']);
  await second.ok('barge', ['load', '-i', first.path('base.tar')]);
});
after(async () => {
  await registry[Symbol.asyncDispose]();
  await Promise.all([first.end(), second.end()]);
});

const STAGES = `FROM busybox AS made
COPY source /source
RUN cat /proc/sys/kernel/random/uuid > /unique && wc -c < /source > /size
FROM busybox
COPY --from=made /unique /size /
RUN cat /proc/sys/kernel/random/uuid > /own
`;

const files = { Dockerfile: STAGES, source: 'what it is made of' };
const build = (daemon: TestDaemon, ...args: string[]) =>
  daemon.ok('barge', ['build', '--progress=plain', ...args]);
const ids = async (daemon: TestDaemon, image: string) =>
  await daemon.ok('barge', ['run', '--rm', image, 'cat', '/unique', '/own']);
/** Steps with RUN or COPY that did not come from the cache. */
function ran(said: string): string[] {
  const titles = new Map([...said.matchAll(/^#(\d+) (\[.*\] (?:RUN|COPY).*)$/gm)].map((m) => [m[1], m[2]]));
  const done = [...said.matchAll(/^#(\d+) DONE/gm)].map((m) => titles.get(m[1]));
  return done.filter((title) => title !== undefined);
}

test('a cache in a registry, of all steps or of the last stage, gives hits on another engine', async () => {
  const [here, there] = [first, second].map((daemon) => makeContext(daemon, 'registry-cache', files)) as [
    string,
    string,
  ];
  const ref = (tag: string) => `type=registry,ref=${registry.host}/cache:${tag}`;
  await build(first, '-t', 'made', '--cache-to', `${ref('max')},mode=max`, '--cache-to', ref('min'), here);
  const min = await build(second, '-t', 'made:min', '--cache-from', ref('min'), there);
  assert.deepEqual(ran(min).length > 0, true, 'what the first stage gave is not in the cache of the last');
  await second.ok('barge', ['builder', 'prune', '-af']);
  const all = await build(second, '-t', 'made:max', '--cache-from', `${registry.host}/cache:max`, there);
  assert.deepEqual(ran(all), []);
  assert.equal(await ids(second, 'made:max'), await ids(first, 'made'));
  const [a, b] = await Promise.all(
    [first, second].map(
      async (daemon, i) => (await daemon.api(`/images/${['made', 'made:max'][i]}/json`)).json().Id,
    ),
  );
  assert.equal(a, b);
  const missing = await build(second, '--no-cache', '--cache-from', ref('nothing'), there);
  assert.match(missing, /WARN: no cache from .*cache:nothing/);
});

test('a cache in a directory goes from one engine to another', async () => {
  const [here, there] = [first, second].map((daemon) => makeContext(daemon, 'directory-cache', files)) as [
    string,
    string,
  ];
  const directory = first.path('cache-directory');
  await build(first, '-t', 'directory', '--cache-to', `type=local,dest=${directory},mode=max`, here);
  assert.ok(existsSync(join(directory, 'index.json')));
  await second.ok('barge', ['builder', 'prune', '-af']);
  const said = await build(second, '-t', 'directory', '--cache-from', `type=local,src=${directory}`, there);
  assert.deepEqual(ran(said), []);
  assert.equal(await ids(second, 'directory'), await ids(first, 'directory'));
});

test('an image carries the cache of its own layers', async () => {
  const one = {
    Dockerfile: 'FROM busybox\nCOPY source /s\nRUN cat /proc/sys/kernel/random/uuid > /unique > /own\n',
    source: 'x',
  };
  const [here, there] = [first, second].map((daemon) => makeContext(daemon, 'inline', one)) as [
    string,
    string,
  ];
  const name = `${registry.host}/inline:1`;
  await build(first, '--cache-to', 'type=inline', '-t', name, '--push', here);
  assert.deepEqual(ran(await build(second, '-t', 'inline', '--cache-from', name, there)), []);
  for (const [flag, message] of [
    ['type=gha', /type "gha" is not supported: want inline, registry or local/],
    ['type=inline,mode=max', /cannot contain steps/],
    ['type=local', /dest is missing/],
  ] as const) {
    const wrong = await first.barge(['build', '--cache-to', flag, here]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, message);
  }
});

test('with SOURCE_DATE_EPOCH and rewrite-timestamp two engines make the same bytes', async () => {
  const text =
    'FROM busybox\nWORKDIR /work/deep\nCOPY source .\nRUN echo x > made && mkdir -p /new && ln -s made link && chmod 4755 made\nADD --chown=7:8 source /other/\n';
  const digests = await Promise.all(
    [first, second].map(async (daemon) => {
      const directory = makeContext(daemon, 'reproducible', { Dockerfile: text, source: 'x' });
      const metadata = daemon.path('reproducible.json');
      const output = 'type=image,rewrite-timestamp=true,annotation.a=b';
      const args = ['--build-arg', 'SOURCE_DATE_EPOCH=1000000000', '-o', output, '--metadata-file', metadata];
      await build(daemon, '--no-cache', '-t', 'reproducible', ...args, directory);
      return JSON.parse(readFileSync(metadata, 'utf8'));
    }),
  );
  const [a, b] = digests.map((one) => [one['containerimage.digest'], one['containerimage.config.digest']]);
  assert.deepEqual(a, b);
  const shown = await first.ok('barge', [
    'run',
    '--rm',
    'reproducible',
    'stat',
    '-c',
    '%Y %a',
    'made',
    '/new',
    '.',
  ]);
  assert.equal(shown, '1000000000 4755\n1000000000 755\n1000000000 755');
  const { Created } = (await first.api('/images/reproducible/json')).json();
  assert.equal(Date.parse(Created), 1_000_000_000_000);
  const directory = first.path('reproducible');
  const without = await first.barge(['build', '-o', 'type=image,rewrite-timestamp=true', directory]);
  assert.match(without.stderr, /needs the build argument SOURCE_DATE_EPOCH/);
});

import assert from 'node:assert/strict';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { FakeDaemon, runClient } from '../testing/fake-daemon.ts';

const BUILT = `{"stream":"Step 1/1 : FROM scratch\\n"}\n{"aux":{"ID":"sha256:${'a'.repeat(64)}"}}\n{"stream":"Successfully built aaaaaaaaaaaa\\n"}\n`;

const builder = () =>
  FakeDaemon.start(({ path }) =>
    path === '/build' ? { chunks: [BUILT] } : path === '/_ping' ? {} : undefined,
  );

async function namesIn(tar: Buffer): Promise<string[]> {
  const unpack = extract();
  unpack.end(tar);
  const names: string[] = [];
  for await (const entry of unpack) {
    names.push(entry.header.name);
    entry.resume();
  }
  return names;
}

async function context(directory: string): Promise<string> {
  const root = join(directory, 'context');
  await mkdir(join(root, 'src/deep'), { recursive: true });
  await writeFile(join(root, 'Dockerfile'), 'FROM scratch\n');
  await writeFile(join(root, '.dockerignore'), 'Dockerfile\n.dockerignore\n*.log\nsrc\n!src/deep/keep\n');
  await writeFile(join(root, 'a.log'), 'x');
  await writeFile(join(root, 'b.txt'), 'hello');
  await writeFile(join(root, 'src/gone'), 'x');
  await writeFile(join(root, 'src/deep/keep'), 'x');
  await symlink('b.txt', join(root, 'link'));
  return root;
}

test('build sends the files that .dockerignore does not exclude, and always the Dockerfile', async () => {
  await using daemon = await builder();
  const root = await context(daemon.directory);
  const iidfile = join(daemon.directory, 'iid');
  const args = [
    'build',
    '-t',
    'x:1',
    '-t',
    'y',
    '--build-arg',
    'A=1',
    '--label',
    'l=m',
    '--target',
    's',
    '--no-cache',
  ];
  const ran = await daemon.run([...args, '--iidfile', iidfile, root]);
  assert.deepEqual(ran, {
    code: 0,
    stdout: 'Step 1/1 : FROM scratch\nSuccessfully built aaaaaaaaaaaa\n',
    stderr: '',
  });
  const build = daemon.seen.find(({ path }) => path === '/build');
  assert.deepEqual(await namesIn(build?.body ?? Buffer.alloc(0)), [
    '.dockerignore',
    'Dockerfile',
    'b.txt',
    'link',
    'src/deep/keep',
  ]);
  const { query } = build ?? { query: new URLSearchParams() };
  assert.deepEqual(query.getAll('t'), ['x:1', 'y']);
  assert.deepEqual([query.get('buildargs'), query.get('labels')], ['{"A":"1"}', '{"l":"m"}']);
  assert.deepEqual(
    [query.get('target'), query.get('nocache'), query.get('dockerfile')],
    ['s', '1', 'Dockerfile'],
  );
  assert.equal(await readFile(iidfile, 'utf8'), `sha256:${'a'.repeat(64)}`);
});

test('a Dockerfile from outside or from standard input is added to the context under a generated name', async () => {
  for (const flag of ['outside', '-']) {
    await using daemon = await builder();
    const root = await context(daemon.directory);
    const outside = join(daemon.directory, 'Other');
    await writeFile(outside, 'FROM scratch\n');
    const ran = await daemon.run(['build', '-q', '-f', flag === '-' ? '-' : outside, root], {
      input: 'FROM scratch\n',
    });
    assert.deepEqual([ran.code, ran.stdout], [0, `sha256:${'a'.repeat(64)}\n`]);
    const build = daemon.seen.find(({ path }) => path === '/build');
    const name = build?.query.get('dockerfile') ?? '';
    assert.match(name, /^\.dockerfile\.[0-9a-f]{20}$/);
    assert.ok((await namesIn(build?.body ?? Buffer.alloc(0))).includes(name));
  }
});

test('standard input is a Dockerfile, or an unmodified tar', async () => {
  await using daemon = await builder();
  const ran = await daemon.run(['build', '-'], { input: 'FROM scratch\n' });
  assert.equal(ran.code, 0);
  const build = daemon.seen.find(({ path }) => path === '/build');
  assert.deepEqual(await namesIn(build?.body ?? Buffer.alloc(0)), ['Dockerfile']);
});

test('a missing Dockerfile is reported before anything is sent', async () => {
  await using daemon = await builder();
  await mkdir(join(daemon.directory, 'empty'));
  const ran = await daemon.run(['build', join(daemon.directory, 'empty')]);
  assert.equal(ran.code, 1);
  assert.match(
    ran.stderr,
    /there is no Dockerfile at .*empty\/Dockerfile: create one, or name another with -f/,
  );
  assert.deepEqual(daemon.seen, []);
  assert.match((await runClient(['build', '/nope'])).stderr, /path "\/nope" not found/);
});

test("a failed build exits with 1 and the daemon's message; a quiet one then shows its steps", async () => {
  await using daemon = await FakeDaemon.start(({ path }) =>
    path === '/build'
      ? { chunks: ['{"stream":"Step 1\\n"}\n{"errorDetail":{"message":"it broke"},"error":"it broke"}\n'] }
      : {},
  );
  const root = await context(daemon.directory);
  assert.deepEqual(await daemon.run(['build', '-q', root]), {
    code: 1,
    stdout: '',
    stderr: 'Step 1\nit broke\n',
  });
});

test('build shows the selected progress, compresses the context, and adds the proxies of the configuration', async () => {
  await using daemon = await builder();
  const root = await context(daemon.directory);
  const proxies = { default: { httpProxy: 'http://p:1', noProxy: 'x' } };
  await writeFile(join(daemon.directory, 'config.json'), JSON.stringify({ proxies }));
  const raw = await daemon.run([
    'build',
    '--progress',
    'rawjson',
    '--compress',
    '--build-arg',
    'no_proxy=y',
    root,
  ]);
  assert.equal(raw.stdout.split('\n')[0], '{"stream":"Step 1/1 : FROM scratch\\n"}');
  const sent = daemon.seen.find(({ path }) => path === '/build');
  assert.deepEqual([...(sent?.body.subarray(0, 2) ?? [])], [0x1f, 0x8b]);
  assert.ok((await namesIn(gunzipSync(sent?.body ?? ''))).includes('b.txt'));
  assert.deepEqual(JSON.parse(sent?.query.get('buildargs') ?? ''), {
    HTTP_PROXY: 'http://p:1',
    http_proxy: 'http://p:1',
    NO_PROXY: 'x',
    no_proxy: 'y',
  });
  const cases: [args: string[], message: RegExp][] = [
    [['--progress', 'fast'], /^invalid progress mode "fast"/],
    [['--progress', 'tty'], /needs a terminal/],
    [['--load=false'], /--load=false is not supported/],
  ];
  for (const [args, message] of cases) {
    const ran = await daemon.run(['build', ...args, root]);
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, message);
  }
});

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ROOT, TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';

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

/** The larger ones need compilers from Debian's packages, and one of them packages of npm's: minutes of work. */
const LARGE = process.env.BARGE_TEST_EXAMPLES === '1' ? {} : { skip: 'set BARGE_TEST_EXAMPLES=1' };
const PACKAGES =
  'make,gcc,libc6-dev,python3,python-is-python3,nodejs,npm,golang-go,rustc,cargo,nginx-light,postgresql,ca-certificates';
const MINUTES = 60_000;

describe('examples on Debian', LARGE, () => {
  const build = (name: string, ...args: string[]) =>
    daemon.ok('barge', ['build', '-q', '-t', name, ...args, example(name)], { limit: 20 * MINUTES });
  /** Runs the image until `ask` in it says what it has to. */
  const serves = async (name: string, ask: string, wanted: RegExp, ...args: string[]) => {
    const id = await daemon.ok('barge', ['run', '-d', '--init', ...args, name]);
    await eventually(
      `${name} answers`,
      async () => wanted.test((await daemon.barge(['exec', id, 'sh', '-c', ask])).stdout),
      60_000,
    );
    await daemon.ok('barge', ['rm', '-f', '-v', id]);
  };
  const piped = async (name: string, input: string) =>
    (await daemon.barge(['run', '--rm', '-i', name], { input })).stdout;

  before(async () => {
    const args = ['bootstrap', 'debian:bookworm', '--include', PACKAGES];
    await daemon.ok('barge', args, { limit: 20 * MINUTES });
  });

  test('programs in C, Rust and Go', async () => {
    for (const name of ['c-make', 'rust-tool', 'go-service']) await build(name);
    assert.match(await piped('c-make', 'one two\n'), /2/);
    assert.equal(await piped('rust-tool', 'a bb c\nddd e\n'), 'a    bb  c\nddd  e\n');
    const id = await daemon.ok('barge', ['run', '-d', 'go-service']);
    await eventually('the service listens', async () => {
      const { stdout, stderr } = await daemon.barge(['logs', id]);
      return (stdout + stderr).includes('listening on :8080');
    });
    await daemon.ok('barge', ['rm', '-f', id]);
  });

  test('services in Python and Node', async () => {
    const get = (port: number, path = '/') =>
      `python3 -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:${port}${path}').read().decode())"`;
    await build('python-service');
    await serves('python-service', get(8000), /./);
    await build('node-service');
    await serves('node-service', get(3000), /./);
    const npmrc = join(homedir(), '.npmrc');
    const ca = '/etc/ssl/certs/ca-certificates.crt';
    const files = [['npmrc', npmrc] as const, ['ca', ca] as const].filter(([, file]) => existsSync(file));
    await build('typescript-service', ...files.flatMap(([id, src]) => ['--secret', `id=${id},src=${src}`]));
    await serves('typescript-service', get(3000, '/notes'), /\[\]/);
  });

  test('nginx, and an application on PostgreSQL', async () => {
    await build('nginx-site');
    const page = `python3 -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/').read().decode())"`;
    await serves('nginx-site', page, /<h1>Hello<\/h1>/);
    await build('postgres-app');
    await serves('postgres-app', `psql -d contacts -tAc "SELECT remember('Ada', 'ada@example.org')"`, /^1$/m);
  });
});

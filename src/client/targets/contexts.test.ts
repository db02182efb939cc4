import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FakeDaemon, type Ran, runClient } from '../testing/fake-daemon.ts';

/** A new configuration directory, and clients that use it. */
class Place implements AsyncDisposable {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(): Promise<Place> {
    return new Place(await mkdtemp(join(tmpdir(), 'barge-contexts-')));
  }

  run(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
    return runClient(args, { env: { DOCKER_CONFIG: this.directory, ...env }, cwd: this.directory });
  }

  async ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

test("a context is stored in docker's form and used when it is the current one", async () => {
  await using place = await Place.make();
  await using daemon = await FakeDaemon.start(() => ({ body: [] }));
  const made = await place.run([
    'context',
    'create',
    'there',
    '--docker',
    `host=${daemon.url}`,
    '--description',
    'x',
  ]);
  assert.deepEqual(made, { code: 0, stdout: 'there\n', stderr: 'Successfully created context "there"\n' });
  const [id = ''] = await readdir(join(place.directory, 'contexts/meta'));
  assert.equal(id, createHash('sha256').update('there').digest('hex'));
  assert.deepEqual(
    JSON.parse(await readFile(join(place.directory, 'contexts/meta', id, 'meta.json'), 'utf8')),
    {
      Name: 'there',
      Metadata: { Description: 'x' },
      Endpoints: { docker: { Host: daemon.url, SkipTLSVerify: false } },
    },
  );
  await place.ok('context', 'use', 'there');
  assert.equal(await place.ok('context', 'show'), 'there\n');
  await place.ok('ps', '-q');
  await place.ok('--context', 'there', 'ps', '-q');
  assert.deepEqual(daemon.paths(), ['GET /containers/json', 'GET /containers/json']);
  assert.equal((await place.run(['context', 'show'], { DOCKER_HOST: 'unix:///x' })).stdout, 'default\n');
  assert.equal((await place.run(['context', 'show'], { DOCKER_CONTEXT: 'other' })).stdout, 'other\n');
  const list = await place.ok('context', 'ls');
  assert.match(list, /^there \* +x +unix:/m);
  assert.equal(
    await place.ok('context', 'ls', '--format', '{{.Name}} {{.Current}}'),
    'default false\nthere true\n',
  );
});

test('a missing, reserved, duplicate or used context is reported', async () => {
  await using place = await Place.make();
  await place.ok('context', 'create', 'one', '--docker', 'host=tcp://1.2.3.4:5');
  await place.ok('context', 'use', 'one');
  const cases: [args: string[], message: RegExp][] = [
    [['context', 'create', 'one'], /^context "one" already exists\n$/],
    [['context', 'create', 'default'], /^"default" is a reserved context name\n$/],
    [['context', 'create', 'a b'], /^context name "a b" is invalid, names are validated against regexp/],
    [['context', 'create', 'x2', '--docker', 'hots=1'], /unrecognized config key: hots/],
    [['context', 'create', 'x2', '--docker', 'host=foo://'], /unable to parse docker host `foo:\/\/`/],
    [
      ['context', 'create', 'x2', '--docker', 'host=tcp://x,ca=/none'],
      /open \/none: no such file or directory/,
    ],
    [['context', 'use', 'none'], /^context "none": context not found: open .*meta\.json: no such file/],
    [['context', 'rm', 'none'], /^context "none" does not exist\n$/],
    [['context', 'rm', 'one'], /^context "one" is in use, set -f flag to force remove\n$/],
    [['context', 'rm', 'default'], /^context "default" cannot be removed\n$/],
    [['-c', 'none', 'ps'], /context "none": context not found/],
    [
      ['-c', 'one', '-H', 'unix:///x', 'ps'],
      /^conflicting options: cannot specify both --host and --context\n$/,
    ],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await place.run(args);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, message);
  }
  assert.equal(await place.ok('context', 'ls', '-q'), 'default\none\n');
  await place.ok('context', 'rm', '-f', 'one');
  assert.equal(await place.ok('context', 'show'), 'default\n');
});

test('update, export and import preserve the TLS files of a context', async () => {
  await using place = await Place.make();
  for (const name of ['ca', 'cert', 'key']) await writeFile(join(place.directory, `my-${name}`), name);
  const docker = 'host=tcp://1.2.3.4:2376,ca=my-ca,cert=my-cert,key=my-key';
  await place.ok('context', 'create', 'tls', '--docker', docker);
  await place.ok('context', 'update', 'tls', '--description', 'new');
  await place.ok('context', 'export', 'tls');
  const file = join(place.directory, 'tls.dockercontext');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.match((await place.run(['context', 'export', 'tls'])).stderr, /file exists/);
  await place.ok('context', 'import', 'copy', file);
  const [copy] = JSON.parse(await place.ok('context', 'inspect', 'copy'));
  assert.deepEqual(copy.Endpoints, { docker: { Host: 'tcp://1.2.3.4:2376', SkipTLSVerify: false } });
  assert.deepEqual(copy.Metadata, { Description: 'new' });
  assert.deepEqual(copy.TLSMaterial, { docker: ['ca.pem', 'cert.pem', 'key.pem'] });
  const key = join(copy.Storage.TLSPath, 'docker/key.pem');
  assert.equal(await readFile(key, 'utf8'), 'key');
  assert.equal((await stat(key)).mode & 0o777, 0o600);
  await place.ok('context', 'rm', 'copy');
  assert.equal(existsSync(copy.Storage.TLSPath), false);
});

test('an invalid archive of a context is rejected without leftovers', async () => {
  await using place = await Place.make();
  await writeFile(join(place.directory, 'bad'), 'x'.repeat(2000));
  assert.equal((await place.run(['context', 'import', 'bad', 'bad'])).code, 1);
  await writeFile(join(place.directory, 'empty'), Buffer.alloc(1024));
  assert.match((await place.run(['context', 'import', 'bad', 'empty'])).stderr, /no metadata found/);
  assert.equal(await place.ok('context', 'ls', '-q'), 'default\n');
});

test('an invalid configuration causes a warning and does not stop a command that does not need it', async () => {
  await using place = await Place.make();
  await using daemon = await FakeDaemon.start(() => ({ body: [] }));
  await writeFile(join(place.directory, 'config.json'), '{');
  const { code, stderr } = await place.run(['ps', '-q'], { BARGE_HOST: daemon.url });
  assert.equal(code, 0);
  assert.match(stderr, /^WARNING: Error loading config file: .*config\.json is not JSON/);
  const used = await place.run(['context', 'use', 'default']);
  assert.equal(used.code, 1, 'a file that cannot be read is not written over');
});

test('headers, formats, keys and aliases of the configuration are honoured', async () => {
  await using daemon = await FakeDaemon.start(({ path }) =>
    path === '/images/json' || path === '/containers/json' ? { body: [] } : undefined,
  );
  const config = {
    HttpHeaders: { 'X-Meta': 'yes', 'User-Agent': 'no' },
    psFormat: 'table {{.Names}}\t{{.State}}',
    aliases: { list: 'ps -a' },
  };
  await writeFile(join(daemon.directory, 'config.json'), JSON.stringify(config));
  assert.equal((await daemon.run(['ps'])).stdout, 'NAMES     STATE\n');
  assert.equal((await daemon.run(['ps', '-q'])).stdout, '');
  await daemon.run(['list']);
  const [first, , last] = daemon.seen;
  assert.equal(first?.headers['x-meta'], 'yes');
  assert.equal(first?.headers['user-agent'], 'barge-client');
  assert.equal(last?.query.get('all'), '1');
  assert.match((await daemon.run(['lisst'])).stderr, /is not a barge command/);
});

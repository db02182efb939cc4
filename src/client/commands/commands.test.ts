import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { FakeDaemon, frame, runClient } from '../testing/fake-daemon.ts';

test('help shows usage, aliases and flags', async () => {
  const ran = await runClient(['run', '--help']);
  assert.equal(ran.code, 0);
  assert.match(
    ran.stdout,
    /^Usage: {2}barge run \[OPTIONS\] IMAGE \[COMMAND\] \[ARG\.\.\.\]\n\nCreate a container/,
  );
  assert.match(ran.stdout, /Aliases:\n {2}barge container run, barge run\n/);
  assert.match(ran.stdout, /\n {2}-p, --publish list {2,}Publish a port/);
});

test('unknown commands and flags are reported with a suggestion', async () => {
  assert.deepEqual(await runClient(['pss']), {
    code: 1,
    stdout: '',
    stderr: "barge: 'pss' is not a barge command.\nDid you mean 'barge ps'?\nSee 'barge --help'\n",
  });
  assert.deepEqual(await runClient(['ps', '--forma', 'x']), {
    code: 125,
    stdout: '',
    stderr: "unknown flag: --forma\nDid you mean --format?\nSee 'barge ps --help'.\n",
  });
  const { code, stderr } = await runClient(['rm']);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^barge: 'barge rm' requires at least 1 argument\n\nUsage: {2}barge rm \[OPTIONS\] CONTAINER/,
  );
});

test('version shows the client even without a daemon, and then the error', async () => {
  const ran = await runClient(['-H', 'unix:///nope/sock', 'version']);
  assert.equal(ran.code, 1);
  assert.match(ran.stdout, /^Client:\n Version: {11}\d/);
  assert.equal(ran.stderr, 'Cannot connect to the Barge daemon at unix:///nope/sock. Is barged running?\n');
});

test('stop handles every name, prints the successful ones and fails for the rest', async () => {
  await using daemon = await FakeDaemon.start(({ path }) =>
    path.includes('bad') ? { status: 404, body: { message: 'No such container: bad' } } : { status: 304 },
  );
  const ran = await daemon.run(['stop', '-t', '3', '-s', 'INT', 'a', 'bad', 'b']);
  assert.deepEqual(ran, {
    code: 1,
    stdout: 'a\nb\n',
    stderr: 'Error response from daemon: No such container: bad\n',
  });
  assert.deepEqual([daemon.seen[0]?.query.get('t'), daemon.seen[0]?.query.get('signal')], ['3', 'INT']);
});

test('logs splits the streams and sends the parameters of its flags', async () => {
  await using daemon = await FakeDaemon.start(({ path }) =>
    path.endsWith('/json')
      ? { body: { Config: { Tty: false } } }
      : { chunks: [frame(1, 'out\n').toString('latin1'), frame(2, 'err\n').toString('latin1')] },
  );
  const ran = await daemon.run(['logs', '-f', '-n', '5', '-t', '--since', '100', 'web']);
  assert.deepEqual(ran, { code: 0, stdout: 'out\n', stderr: 'err\n' });
  const { query } = daemon.seen[1] ?? { query: new URLSearchParams() };
  assert.equal(query.toString(), 'stdout=1&stderr=1&follow=1&timestamps=1&tail=5&since=100');
});

test("exec forwards the streams and exits with the command's code", async () => {
  await using daemon = await FakeDaemon.start(({ path }) => {
    if (path === '/containers/web/exec') return { status: 201, body: { Id: 'e1' } };
    if (path === '/exec/e1/json') return { body: { ExitCode: 3 } };
    return { hijack: (socket) => socket.on('end', () => socket.end(frame(1, 'hi\n'))).resume() };
  });
  const ran = await daemon.run(['exec', '-i', '-e', 'A=1', '-w', '/x', 'web', 'sh', '-c', 'exit 3']);
  assert.deepEqual(ran, { code: 3, stdout: 'hi\n', stderr: '' });
  const { Cmd, Env, WorkingDir } = daemon.json('/containers/web/exec');
  assert.deepEqual([Cmd, Env, WorkingDir], [['sh', '-c', 'exit 3'], ['A=1'], '/x']);
});

test('inspect searches containers, images, networks and volumes, and reports missing objects', async () => {
  await using daemon = await FakeDaemon.start(({ path }) =>
    path === '/networks/net'
      ? { body: { Name: 'net' } }
      : { status: 404, body: { message: 'no such thing' } },
  );
  const ran = await daemon.run(['inspect', 'net', 'gone']);
  assert.deepEqual(ran, {
    code: 1,
    stdout: '[\n    {\n        "Name": "net"\n    }\n]\n',
    stderr: 'Error: No such object: gone\n',
  });
  assert.equal((await daemon.run(['inspect', '-f', '{{.Name}}', 'net'])).stdout, 'net\n');
});

test("bootstrap calls the daemon's extension and shows its progress", async () => {
  await using daemon = await FakeDaemon.start(() => ({ chunks: ['{"status":"Unpacking","id":"make"}\n'] }));
  const ran = await daemon.run(['bootstrap', '--include', 'make,python3', '--tag', 'x:1', 'debian:bookworm']);
  assert.deepEqual(ran, { code: 0, stdout: 'make: Unpacking\n', stderr: '' });
  const { path, query } = daemon.seen[0] ?? {};
  assert.equal(path, '/barge/bootstrap');
  assert.equal(query?.toString(), 'image=debian%3Abookworm&include=make&include=python3&tag=x%3A1');
});

test('login stores the password for pull, and logout removes it; nothing prints it', async () => {
  await using daemon = await FakeDaemon.start(({ path }) =>
    path === '/auth' ? { body: { Status: 'Login Succeeded' } } : { chunks: ['{"status":"ok"}\n'] },
  );
  const config = join(daemon.directory, 'config.json');
  await writeFile(config, '{"psFormat":"x"}');
  const login = await daemon.run(['login', '-u', 'me', '--password-stdin', 'localhost:5000'], {
    input: 's3cret\n',
  });
  assert.deepEqual([login.code, login.stdout], [0, 'Login Succeeded\n']);
  assert.doesNotMatch(login.stdout + login.stderr, /s3cret/);
  const stored = JSON.parse(await readFile(config, 'utf8'));
  assert.deepEqual(stored, { psFormat: 'x', auths: { 'localhost:5000': { auth: 'bWU6czNjcmV0' } } });
  await daemon.run(['pull', '-q', 'localhost:5000/app']);
  const header = String(daemon.seen.at(-1)?.headers['x-registry-auth']);
  assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), {
    username: 'me',
    password: 's3cret',
    serveraddress: 'localhost:5000',
  });
  const logout = await daemon.run(['logout', 'localhost:5000']);
  assert.equal(logout.stdout, 'Removing login credentials for localhost:5000\n');
  assert.deepEqual(JSON.parse(await readFile(config, 'utf8')).auths, {});
});

test('a closed standard output does not cause an error message', async () => {
  await using daemon = await FakeDaemon.start(() => ({ body: [] }));
  const ran = await daemon.run(['ps', '-q']);
  assert.deepEqual(ran, { code: 0, stdout: '', stderr: '' });
});

test('inspect and events show integers beyond a double exactly', async () => {
  await using daemon = await FakeDaemon.start(({ path }) =>
    path === '/events'
      ? {
          chunks: [
            '{"Type":"container","Action":"die","Actor":{"ID":"x","Attributes":{}},"time":1700000000,"timeNano":1700000000123456789}\n',
          ],
        }
      : {
          headers: { 'Content-Type': 'application/json' },
          chunks: ['{"Memory":9223372036854775807,"Small":5}'],
        },
  );
  assert.equal(
    (await daemon.run(['inspect', '-f', '{{.Memory}} {{json .}}', 'x'])).stdout,
    '9223372036854775807 {"Memory":9223372036854775807,"Small":5}\n',
  );
  assert.match((await daemon.run(['inspect', 'x'])).stdout, /"Memory": 9223372036854775807,/);
  assert.match((await daemon.run(['events', '--format', 'json'])).stdout, /"timeNano":1700000000123456789/);
  assert.match((await daemon.run(['events'])).stdout, /^2023-11-14T22:13:20\.123456789Z container die x\n$/);
});

test('run passes on the proxies of the configuration, which flags override', async () => {
  await using daemon = await FakeDaemon.start(({ path }) =>
    path === '/containers/create' ? { status: 201, body: { Id: 'c', Warnings: [] } } : undefined,
  );
  const proxies = { default: { httpsProxy: 'http://d' }, [daemon.url]: { httpsProxy: 'http://p' } };
  await writeFile(join(daemon.directory, 'config.json'), JSON.stringify({ proxies }));
  await daemon.run(['create', '-e', 'HTTPS_PROXY=mine', 'busybox']);
  assert.deepEqual(daemon.json<{ Env: string[] }>('/containers/create').Env, [
    'HTTPS_PROXY=mine',
    'https_proxy=http://p',
  ]);
});

test('system df -v shows every object, as tables and as JSON', async () => {
  const usage = {
    LayersSize: 5_000_000,
    Images: [
      {
        Id: `sha256:${'d'.repeat(64)}`,
        RepoTags: ['b:1'],
        Created: 1,
        Size: 1000,
        SharedSize: 0,
        Containers: 1,
      },
    ],
    Volumes: [{ Name: 'v', Driver: 'local', UsageData: { Size: 100, RefCount: 2 } }],
    BuildCache: [
      { ID: 'abcdefghijklmn', Type: 'regular', Size: 1000, InUse: false, Shared: false, UsageCount: 2 },
    ],
  };
  await using daemon = await FakeDaemon.start(({ path }) =>
    path === '/system/df' ? { body: usage } : undefined,
  );
  const text = (await daemon.run(['system', 'df', '-v'])).stdout;
  assert.match(text, /^VOLUME NAME +LINKS +SIZE\nv +2 +100B$/m);
  assert.match(
    text,
    /^Build cache usage: 1kB\n\nCACHE ID +CACHE TYPE +SIZE +CREATED +LAST USED +USAGE +SHARED\nabcdefghijkl +regular +1kB +2 +false$/m,
  );
  const rows = JSON.parse((await daemon.run(['system', 'df', '-v', '--format', 'json'])).stdout);
  assert.deepEqual(Object.keys(rows), ['Images', 'Containers', 'Volumes', 'BuildCache']);
  assert.equal(rows.Volumes[0].Links, '2');
});

test("mistakes are reported in docker's words before any request", async () => {
  await using daemon = await FakeDaemon.start(() => undefined);
  const digest = `sha256:${'e'.repeat(64)}`;
  const cases: [args: string[], message: RegExp][] = [
    [['commit', 'c', `r@${digest}`], /^refusing to create a tag with a digest reference\n$/],
    [['tag', 'a', `b@${digest}`], /^refusing to create a tag with a digest reference\n$/],
    [
      ['tag', 'a', 'B'],
      /^Error parsing reference: "B" is not a valid repository\/tag: invalid reference format/,
    ],
    [
      ['inspect', '--type', 'foo', 'c'],
      /^unknown type: "foo": must be one of "config", "container", "image",/,
    ],
    [['inspect', '--type', 'plugin', 'c'], /^Error: No such plugin: c\n$/],
    [['events', '--since', 'foo'], /failed to parse value as time or duration: "foo"\n$/],
    [['service', 'ls'], /^barge: 'barge service' is not supported: .* no swarm mode\n$/],
    [['volume', 'create', '--group', 'g'], /--group is for cluster volumes/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await daemon.run(args);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, message);
  }
  assert.deepEqual(daemon.paths(), []);
});

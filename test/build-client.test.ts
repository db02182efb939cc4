import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';

let daemon: TestDaemon;
let devices: string;
before(async () => {
  devices = mkdtempSync('/tmp/bt-cdi-');
  daemon = await TestDaemon.start({ flags: ['--cdi-spec-dir', devices] });
  await daemon.makeBusybox();
});
after(async () => {
  await daemon.end();
  rmSync(devices, { recursive: true });
});

/** A build context in a directory of its own. */
function context(name: string, files: Readonly<Record<string, string>>): string {
  const directory = daemon.path(name);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return directory;
}

const build = (...args: string[]) => daemon.ok('barge', ['build', '--progress=plain', ...args]);
/** What an image's file holds. */
const cat = (image: string, path: string) => daemon.ok('barge', ['run', '--rm', image, 'cat', path]);

test('secrets come by file and variable, and stay nowhere', async () => {
  const directory = context('secrets', {
    Dockerfile:
      'FROM busybox\n' +
      'RUN --mount=type=secret,id=file,uid=5,mode=0440 stat -c "%u %a" /run/secrets/file > /o && md5sum < /run/secrets/file >> /o\n' +
      'RUN --mount=type=secret,id=env,env=TOKEN --mount=type=secret,id=file,target=/x/y test -n "$TOKEN" && cat /x/y && echo "$TOKEN"\n',
  });
  const [file, token] = ['the-secret-of-the-file', 'the-secret-of-the-variable'];
  writeFileSync(daemon.path('secret.txt'), file);
  const args = ['--secret', `id=file,src=${daemon.path('secret.txt')}`, '--secret', 'id=env,env=MY_TOKEN'];
  const env = { MY_TOKEN: token };
  await daemon.ok('barge', ['build', '-t', 'secrets', ...args, directory], { env });
  assert.match(await cat('secrets', '/o'), /^5 440\n[0-9a-f]{32}/);
  for (const secret of [file, token]) {
    for (const root of [daemon.dataRoot, daemon.execRoot]) {
      const found = spawnSync('grep', ['-rlaF', '--', secret, root], { encoding: 'utf8' });
      assert.equal(found.stdout, '', `${secret} is in a file`);
    }
    assert.equal(daemon.log.includes(secret), false, `${secret} is in the daemon's log`);
  }
  const again = await daemon.barge(['build', '--secret', 'id=file', directory]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /secret file: .*no such file/);
});

/** Says its argument to the agent, and prints the answer with a line feed. */
const ASK = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
int main(int count, char **words) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char answer[64] = "";
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  strcpy(address.sun_path, getenv("SSH_AUTH_SOCK"));
  if (count < 2 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) return 1;
  write(fd, words[1], strlen(words[1]));
  if (read(fd, answer, sizeof answer - 1) <= 0) return 2;
  return puts(answer) < 0;
}
`;

test('an ssh agent is forwarded, and answers', async () => {
  const socket = join(daemon.directory, 'agent');
  const agent = createSocketServer((client) => client.on('data', (data) => client.end(`re:${data}`)));
  await once(agent.listen(socket), 'listening');
  const directory = context('ssh', {
    Dockerfile:
      'FROM busybox\nCOPY ask /bin/ask\n' +
      'RUN --mount=type=ssh,required,uid=7,mode=0666 stat -c "%u %a" $SSH_AUTH_SOCK > /o; for i in 1 2 3; do ask ask$i >> /o; done\n',
    'ask.c': ASK,
  });
  const compiled = spawnSync('musl-gcc', ['-static', '-o', join(directory, 'ask'), join(directory, 'ask.c')]);
  assert.equal(compiled.status, 0, String(compiled.stderr));
  try {
    await build('--ssh', `default=${socket}`, '-t', 'ssh', directory);
    assert.equal(await cat('ssh', '/o'), '7 666\nre:ask1\nre:ask2\nre:ask3');
  } finally {
    agent.close();
  }
});

test('a directory is sent again only where it has changed, and every change is noticed', async () => {
  const directory = context('incremental', {
    Dockerfile: 'FROM scratch\nCOPY . /o/\n',
    a: 'one',
    'd/b': 'two',
    'gone/c': 'three',
  });
  const out = daemon.path('out');
  const result = async () => {
    rmSync(out, { recursive: true, force: true });
    await build('-o', out, directory);
    return (path: string) => readFileSync(join(out, 'o', path), 'utf8');
  };
  assert.equal((await result())('gone/c'), 'three');
  const { mtime } = statSync(join(directory, 'a'));
  writeFileSync(join(directory, 'a'), 'ONE');
  spawnSync('touch', ['-d', mtime.toISOString(), join(directory, 'a')]);
  rmSync(join(directory, 'gone'), { recursive: true });
  writeFileSync(join(directory, 'gone'), 'a file now');
  rmSync(join(directory, 'd/b'));
  symlinkSync('../a', join(directory, 'd/b'));
  chmodSync(join(directory, 'Dockerfile'), 0o600);
  const read = await result();
  assert.deepEqual([read('a'), read('gone'), read('d/b')], ['ONE', 'a file now', 'ONE']);
  assert.equal(statSync(join(out, 'o/Dockerfile')).mode & 0o777, 0o600);
});

test('named contexts: a directory and an image, for FROM, COPY and RUN', async () => {
  const other = context('other', { f: 'from the other', '.dockerignore': 'hidden\n', hidden: 'x' });
  const directory = context('named', {
    Dockerfile:
      'FROM base AS one\nCOPY --from=lib /f /f\nRUN --mount=from=lib,target=/m ls -A /m > /l\n' +
      'FROM lib\nCOPY --from=one /f /l /o/\n',
  });
  const out = daemon.path('named-out');
  const contexts = ['--build-context', `lib=${other}`, '--build-context', 'base=docker-image://busybox'];
  await build(...contexts, '-o', `type=local,dest=${out}`, directory);
  const read = (path: string) => readFileSync(join(out, path), 'utf8');
  assert.deepEqual(
    [read('f'), read('o/f'), read('o/l')],
    ['from the other', 'from the other', '.dockerignore\nf\n'],
  );
});

test('contexts by address: a Dockerfile, an archive, and a git repository with a branch and a directory', async () => {
  const repository = context('repo', { 'sub/Dockerfile': 'FROM scratch\nCOPY f /\n', 'sub/f': 'main' });
  const git = (...args: string[]) => {
    const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', HOME: daemon.directory };
    const who = ['-c', 'user.name=x', '-c', 'user.email=x@x', '-c', 'init.defaultBranch=main'];
    const ran = spawnSync('git', ['-C', repository, ...who, ...args], { env, encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stderr);
  };
  for (const args of [
    ['init', '-q'],
    ['add', '.'],
    ['commit', '-qm', 'one'],
    ['checkout', '-qb', 'dev'],
  ])
    git(...args);
  writeFileSync(join(repository, 'sub/f'), 'dev');
  for (const args of [['commit', '-qam', 'two'], ['update-server-info']]) git(...args);
  spawnSync('tar', ['-C', join(repository, 'sub'), '-czf', daemon.path('c.tgz'), '.']);
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '', 'http://x').pathname;
    const file = path.startsWith('/repo.git/')
      ? join(repository, '.git', path.slice(10))
      : daemon.path(path.slice(1));
    const found = statSync(file, { throwIfNoEntry: false })?.isFile();
    response.writeHead(found ? 200 : 404).end(found ? readFileSync(file) : '');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  const base = `http://127.0.0.1:${port}`;
  writeFileSync(daemon.path('Plain'), 'FROM busybox\nRUN echo plain > /f\n');
  writeFileSync(join(repository, 'Dockerfile'), `FROM scratch\nADD ${base}/repo.git#dev:sub /\n`);
  try {
    const cases: [args: string[], file: string][] = [
      [[`${base}/repo.git#dev:sub`], 'dev'],
      [[`${base}/repo.git#main:sub`], 'main'],
      [[`${base}/c.tgz`], 'dev'],
      [[`${base}/Plain`], 'plain\n'],
      [[repository], 'dev'],
    ];
    for (const [args, wanted] of cases) {
      const out = daemon.path(`remote-${cases.findIndex(([a]) => a === args)}`);
      await build('-o', out, ...args);
      assert.equal(readFileSync(join(out, 'f'), 'utf8'), wanted, args.join(' '));
    }
    const failed = await daemon.barge(['build', `${base}/repo.git#nope`]);
    assert.match(failed.stderr, /failed to fetch the git repository http:\/\/127/);
  } finally {
    server.close();
  }
});

test('outputs: a tar on standard output, files without an image, an id and metadata', async () => {
  const directory = context('outputs', {
    Dockerfile: 'FROM busybox\nRUN echo x > /x\nFROM scratch\nCOPY --from=0 /x /x\n',
  });
  const before = (await daemon.api('/images/json?all=1')).json().length;
  const tar = await daemon.ok('barge', ['build', '-o', '-', directory]);
  assert.match(tar, /^x\0/m);
  await build('-o', `type=tar,dest=${daemon.path('x.tar')}`, directory);
  const list = spawnSync('tar', ['-tf', daemon.path('x.tar')], { encoding: 'utf8' });
  assert.match(list.stdout, /^(\.\/)?x$/m);
  assert.equal((await daemon.api('/images/json?all=1')).json().length, before);
  const [iid, metadata] = [daemon.path('iid'), daemon.path('metadata.json')];
  await build('-t', 'outputs:1', '--iidfile', iid, '--metadata-file', metadata, directory);
  const id = readFileSync(iid, 'utf8');
  assert.equal(JSON.parse(readFileSync(metadata, 'utf8'))['containerimage.config.digest'], id);
  await build(
    '-o',
    daemon.path('files-only'),
    '--label',
    'files=only',
    '--metadata-file',
    metadata,
    directory,
  );
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(metadata, 'utf8'))), ['buildx.build.ref']);
  await build('--provenance=false', '--sbom=false', directory);
  for (const [flag, message] of [
    ['type=local', /dest is required/],
    ['type=nope', /unknown type "nope"/],
    ['type=registry', /tag is needed when pushing/],
  ] as const) {
    const ran = await daemon.barge(['build', '-o', flag, directory]);
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, message);
  }
});

test('what is said about an image takes the place of a link of the image, and nothing is written through it', async () => {
  const [victim, out] = [daemon.path('victim'), daemon.path('through')];
  writeFileSync(victim, 'untouched');
  const directory = context('links-out', {
    Dockerfile:
      'FROM busybox AS b\n' +
      `RUN mkdir /o && ln -s ${victim} /o/provenance.json && ln -s ${victim} /o/sbom.spdx.json && echo x > /o/f\n` +
      'FROM scratch\nCOPY --from=b /o/ /\n',
  });
  for (let round = 0; round < 2; round++) {
    await build('--provenance=true', '--sbom=true', '-o', out, directory);
    assert.equal(readFileSync(victim, 'utf8'), 'untouched');
    for (const name of ['provenance.json', 'sbom.spdx.json']) {
      assert.ok(lstatSync(join(out, name)).isFile(), name);
      assert.ok(readFileSync(join(out, name), 'utf8').includes('predicate'), name);
    }
  }
  symlinkSync(victim, join(out, 'iid'));
  const failed = await daemon.barge(['build', '--iidfile', join(out, 'iid'), directory]);
  assert.match(failed.stderr, /cannot write to a symbolic link directly/);
  assert.equal(readFileSync(victim, 'utf8'), 'untouched');
});

test('misses are explained, steps run again by stage, and builds are remembered', async () => {
  const directory = context('explain', {
    Dockerfile:
      'FROM busybox AS one\nCOPY a b /\nRUN cat /a\nFROM busybox AS two\nRUN echo two\nCOPY --from=one /a /\n',
    a: '1',
    b: '1',
  });
  const args = ['--explain', '-t', 'explain', directory];
  await build(...args);
  assert.match(await build(...args), /#3 CACHED/);
  writeFileSync(join(directory, 'a'), '2');
  const changed = await build(...args);
  assert.match(changed, /#2 not cached: file a changed\n/);
  assert.match(changed, /#3 not cached: step 2 before it changed\n/);
  assert.match(changed, /\] RUN echo two\n#5 CACHED\n/);
  const again = await build('--no-cache-filter', 'two', ...args);
  assert.match(again, /\] RUN cat \/a\n#3 CACHED\n/);
  assert.match(again, /#5 not cached: the build was asked not to use the cache\n/);
  const failed = context('fails', { Dockerfile: 'FROM busybox\nRUN echo last words; exit 3\n' });
  const ran = await daemon.barge(['build', failed]);
  assert.equal(ran.code, 1);
  assert.match(ran.stdout, /last words/);
  assert.match(ran.stderr, />>> RUN echo last words; exit 3/);
  const [newest = ''] = (await daemon.ok('barge', ['builds', 'ls', '-q'])).split('\n');
  const record = JSON.parse(await daemon.ok('barge', ['builds', 'inspect', newest]));
  assert.deepEqual([record.Status, record.CompletedSteps, record.TotalSteps], ['error', 1, 2]);
  const logs = await daemon.ok('barge', ['builds', 'logs', newest.slice(0, 8)]);
  assert.match(logs, /last words[\s\S]*ERROR: .*non-zero code: 3/);
  await daemon.ok('barge', ['builds', 'rm', '--all']);
  assert.equal(await daemon.ok('barge', ['builds', 'ls', '-q']), '');
});

test('--check tells what is wrong and builds nothing; # check=error ends a build', async () => {
  const directory = context('check', {
    Dockerfile: 'FROM busybox as b\nRUN false\nCMD echo $X\nLABEL a=$NONE\n',
  });
  const ran = await daemon.barge(['build', '--check', directory]);
  assert.equal(ran.code, 1);
  assert.match(ran.stdout, /3 warnings have been found!/);
  assert.match(
    ran.stdout,
    /WARNING: FromAsCasing - https:[\s\S]*Dockerfile:1\n-+\n +1 \| >>> FROM busybox as b/,
  );
  assert.match(ran.stdout, /WARNING: UndefinedVar[\s\S]*'\$NONE'/);
  const clean = context('clean', { Dockerfile: 'FROM busybox\nCMD ["x"]\n' });
  assert.equal(await daemon.ok('barge', ['build', '--check', clean]), 'Check complete, no warnings found.');
  const strict = context('strict', { Dockerfile: '# check=error=true\nFROM busybox as b\n' });
  assert.match(
    (await daemon.barge(['build', strict])).stderr,
    /lint violation found for rules: FromAsCasing/,
  );
});

test('builds beside each other do the same step once', async () => {
  const directory = context('once', {
    Dockerfile: 'FROM busybox\nRUN sleep 0.5; cat /proc/sys/kernel/random/uuid > /u\n',
  });
  const tags = ['once:1', 'once:2', 'once:3'];
  await Promise.all(tags.map((tag) => build('-t', tag, directory)));
  const found = new Set(await Promise.all(tags.map((tag) => cat(tag, '/u'))));
  assert.equal(found.size, 1);
});

test('the cache is listed with its sizes and pruned as asked', async () => {
  const directory = context('prune', {
    Dockerfile:
      'FROM busybox\nRUN --mount=type=cache,id=prune,target=/c dd if=/dev/zero of=/c/f bs=1k count=64 && head -c 300000 /dev/urandom > /big\n',
  });
  await build(directory);
  const usage = (await daemon.api('/system/df?type=build-cache')).json();
  const items = usage.BuildCache ?? usage.BuildCacheUsage?.Items ?? usage.BuildCacheDiskUsage?.Items;
  const big = items.find((item: { Description: string }) => item.Description.includes('/big'));
  assert.ok(big.Size > 300_000, JSON.stringify(big));
  const prune = async (query: string) =>
    (await daemon.api(`/build/prune?${query}`, { method: 'POST' })).json() as { CachesDeleted: string[] };
  const filters = (value: object) => `filters=${encodeURIComponent(JSON.stringify(value))}`;
  assert.deepEqual((await prune(`all=1&${filters({ until: ['24h'] })}`)).CachesDeleted ?? [], []);
  assert.deepEqual((await prune(`all=1&reserved-space=1000000000`)).CachesDeleted ?? [], []);
  const caches = (await prune(`all=1&${filters({ type: ['exec.cachemount'] })}`)).CachesDeleted;
  assert.equal(caches.every((id) => /^[0-9a-f]{32}/.test(id)) && caches.length > 0, true);
  assert.deepEqual((await prune(`all=1&${filters({ id: [big.ID] })}`)).CachesDeleted, [big.ID]);
  const wrong = await daemon.api(`/build/prune?${filters({ nope: ['1'] })}`, { method: 'POST' });
  assert.equal(wrong.status, 400);
  assert.ok((await prune('all=1')).CachesDeleted.length > 0);
  assert.deepEqual(
    (await daemon.api('/build/prune?all=1', { method: 'POST' })).json().CachesDeleted ?? [],
    [],
  );
});

test('a build ends when its client goes, and by /build/cancel', async () => {
  const directory = context('cancel', { Dockerfile: 'FROM busybox\nRUN echo started; sleep 60\n' });
  const running = daemon.startBarge(['build', '--progress=plain', directory]);
  await eventually('the step runs', () => running.stdout().includes(' started'));
  running.child.kill('SIGINT');
  await running.done;
  const status = async () => ((await daemon.api('/barge/builds')).json() as { Status: string }[])[0]?.Status;
  await eventually('the build has ended', async () => (await status()) === 'canceled');
  const path = '/build?buildid=mine&q=1';
  const tar = spawnSync('tar', ['-C', directory, '-c', '.']).stdout;
  const other = daemon.api(path, {
    method: 'POST',
    body: tar,
    headers: { 'Content-Type': 'application/x-tar' },
  });
  await eventually('the build runs', async () => (await status()) === 'running');
  await daemon.api('/build/cancel?id=mine', { method: 'POST' });
  assert.match((await other).text, /cancelled/);
  assert.equal(await status(), 'canceled');
});

test('a RUN has the device that it is allowed, and only that RUN', async () => {
  const devicesOf = [
    {
      name: 'full',
      containerEdits: { deviceNodes: [{ path: '/dev/acme', hostPath: '/dev/full' }], env: ['ACME=yes'] },
    },
  ];
  const spec = { cdiVersion: '0.6.0', kind: 'acme.example/part', devices: devicesOf };
  writeFileSync(join(devices, 'acme.json'), JSON.stringify(spec));
  const directory = context('device', {
    Dockerfile:
      'FROM busybox\nRUN --device=acme.example/part=full test -c /dev/acme && echo "$ACME" > /o\nRUN test ! -e /dev/acme\n',
  });
  await build('--allow', 'device=acme.example/part=full', '-t', 'device', directory);
  assert.equal(await cat('device', '/o'), 'yes');
});

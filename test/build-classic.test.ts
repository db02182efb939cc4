import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { makeContext } from './build/context.ts';
import { filesIn } from './build/run-case.ts';
import { openApi } from './harness/api.ts';
import { TestDaemon } from './harness/daemon.ts';
import { dockerProgram, withoutDocker } from './harness/docker.ts';
import { rawEntry, rawTar } from './harness/raw-tar.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
  await daemon.makeBusybox();
});
after(() => daemon.end());

const BLOCK = 512;

async function post(query: string, body: Buffer): Promise<string> {
  const headers = { 'Content-Type': 'application/x-tar' };
  const response = await openApi(daemon.socket, { method: 'POST', path: `/build?${query}`, body, headers });
  return (await buffer(response)).toString();
}

async function filesOf(image: string) {
  return await filesIn(await openApi(daemon.socket, { path: `/barge/images/${image}/files` }));
}

function docker(args: readonly string[], input: string) {
  const env = { ...process.env, DOCKER_HOST: `unix://${daemon.socket}`, DOCKER_BUILDKIT: '0' };
  return spawnSync(dockerProgram(), args, { env, input, encoding: 'utf8' });
}

test('docker build takes the Dockerfile from standard input, or from outside of the context', {
  skip: withoutDocker(),
}, async () => {
  const directory = makeContext(daemon, 'classic', { a: 'A', '.dockerignore': 'ignored\n', ignored: 'I' });
  const text = 'FROM busybox\nCOPY . /in/\n';
  const piped = docker(['build', '-q', '-t', 'piped', '-f', '-', directory], text);
  assert.equal(piped.status, 0, piped.stderr);
  const outside = makeContext(daemon, 'outside', { Other: text });
  const apart = docker(['build', '-q', '-t', 'apart', '-f', `${outside}/Other`, directory], '');
  assert.equal(apart.status, 0, apart.stderr);
  for (const image of ['piped', 'apart']) {
    const files = await filesOf(image);
    assert.equal(files.get('/in/a')?.short, 'A');
    assert.equal(files.has('/in/ignored'), false);
  }
});

test('a context without its last padding and end is whole; one that ends in a file is not', async () => {
  const dockerfile = rawEntry({ name: 'Dockerfile', content: Buffer.from('FROM scratch\nCOPY last /\n') });
  const last = rawEntry({ name: 'last', content: Buffer.from('last of all') });
  const cut = Buffer.concat([dockerfile, last.subarray(0, BLOCK + 'last of all'.length)]);
  assert.doesNotMatch(await post('t=cut', cut), /"error"/);
  assert.equal((await filesOf('cut')).get('/last')?.short, 'last of all');
  assert.match(await post('', cut.subarray(0, -1)), /the archive ends in the middle of: last/);
});

test('names of a context that lead out of it end in it', async () => {
  const text = Buffer.from('FROM scratch\nCOPY foo deep/bar /\n');
  const context = rawTar(
    { name: 'Dockerfile', content: text },
    { name: '../../foo', content: Buffer.from('foo') },
    { name: '/deep/x/../bar', content: Buffer.from('bar') },
  );
  assert.doesNotMatch(await post('t=contained', context), /"error"/);
  const files = await filesOf('contained');
  assert.deepEqual([files.get('/foo')?.short, files.get('/bar')?.short], ['foo', 'bar']);
});

test('a word that is neither a system nor an architecture is not a platform', async () => {
  const context = rawTar({ name: 'Dockerfile', content: Buffer.from('FROM scratch\nLABEL a=b\n') });
  assert.match(await post('platform=foobar', context), /unknown operating system or architecture/);
  assert.doesNotMatch(await post('platform=arm64', context), /"error"/);
});

test('steps of a build share the network of a container', async () => {
  const name = 'host-of-steps';
  const serve = 'echo found >/tmp/index.html; exec httpd -f -p 127.0.0.1:8080 -h /tmp';
  await daemon.ok('barge', [
    'run',
    '-d',
    '--name',
    name,
    '--hostname',
    'shared',
    'busybox',
    'sh',
    '-c',
    serve,
  ]);
  const fetch =
    'until wget -q -O /page http://127.0.0.1:8080/; do :; done; hostname -f >/dev/null; cat /etc/hosts >/hosts';
  const context = rawTar({ name: 'Dockerfile', content: Buffer.from(`FROM busybox\nRUN ${fetch}\n`) });
  assert.doesNotMatch(await post(`t=joined&networkmode=container:${name}`, context), /"error"/);
  const files = await filesOf('joined');
  assert.equal(files.get('/page')?.short, 'found\n');
  assert.match(files.get('/hosts')?.short ?? '', /shared/);
  await daemon.ok('barge', ['rm', '-f', name]);
  assert.match(
    await post(`nocache=1&networkmode=container:${name}`, context),
    /No such container: host-of-steps/,
  );
});

/** CAP_SETGID and CAP_SETUID, effective: bytes that are no text. */
const CAPABILITY = Buffer.from('01000002c0000000000000000000000000000000', 'hex');

function paxRecord(key: string, value: Buffer): Buffer {
  const rest = key.length + value.length + 3;
  let whole = rest + String(rest).length;
  if (String(whole).length > String(rest).length) whole = rest + String(whole).length;
  return Buffer.concat([Buffer.from(`${whole} ${key}=`), value, Buffer.from('\n')]);
}

test('ADD and COPY --from keep extended attributes, file capabilities among them', async () => {
  const records = Buffer.concat([
    paxRecord('SCHILY.xattr.security.capability', CAPABILITY),
    paxRecord('SCHILY.xattr.user.note', Buffer.from([0xff, 0x0a, 0x80])),
  ]);
  const archive = rawTar(
    { name: 'x', type: 'x', content: records },
    { name: 'tool', content: Buffer.from('#!'), mode: 0o755 },
  );
  const text = [
    'FROM busybox AS made',
    'ADD tools.tar /opt/',
    'FROM busybox',
    'COPY --from=made /opt/tool /one',
    'COPY --from=made --chown=5:6 /opt /two',
    'COPY --from=made --parents /opt/./tool /three/',
  ].join('\n');
  const context = rawTar(
    { name: 'Dockerfile', content: Buffer.from(text) },
    { name: 'tools.tar', content: archive },
  );
  assert.doesNotMatch(await post('t=capable', context), /"error"/);
  const kept = await attributesOf('capable');
  for (const path of ['one', 'two/tool', 'three/tool']) assert.deepEqual(kept.get(path), records, path);
});

/** Raw pax records of an image's files. */
async function attributesOf(image: string): Promise<Map<string, Buffer>> {
  const tar = await buffer(await openApi(daemon.socket, { path: `/barge/images/${image}/files` }));
  const found = new Map<string, Buffer>();
  let records: Buffer | undefined;
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const type = tar.toString('latin1', at + 156, at + 157);
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/, '');
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8) || 0;
    const content = tar.subarray(at + BLOCK, at + BLOCK + size);
    if (type === 'x') records = content;
    else {
      if (records) found.set(name.replace(/^\.\//, ''), records);
      records = undefined;
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return found;
}

test('directories of an archive that ADD unpacks go through links in their place', async () => {
  const archive = rawTar(
    { name: './', type: '5', mode: 0o700 },
    { name: 'link/', type: '5', mode: 0o751 },
    { name: 'link/new', content: Buffer.from('N') },
    { name: 'lost/', type: '5', mode: 0o755 },
    { name: 'lost/deep/new', content: Buffer.from('M') },
    { name: '../../outside', content: Buffer.from('O') },
    { name: 'file', content: Buffer.from('F') },
  );
  const text = [
    'FROM busybox',
    'RUN mkdir -p /x /real/file && echo old >/real/old && ln -s /real /x/link && ln -s ../far/away /x/lost && mkdir /x/file',
    'ADD files.tar /x/',
  ].join('\n');
  const context = rawTar(
    { name: 'Dockerfile', content: Buffer.from(text) },
    { name: 'files.tar', content: archive },
  );
  assert.doesNotMatch(await post('t=through', context), /"error"/);
  const files = await filesOf('through');
  const found = ['/x', '/x/link', '/real', '/real/old', '/real/new', '/x/lost', '/far/away/deep/new'];
  assert.deepEqual(
    found
      .map((path) => files.get(path))
      .map((file) => (file?.kind === 'directory' ? file.full : file?.short)),
    ['755/ 0:0', '-> /real', '751/ 0:0', 'old\n', 'N', '-> ../far/away', 'M'],
  );
  assert.equal(files.get('/x/outside')?.short, 'O');
  assert.equal(files.get('/x/file')?.short, 'F');
});

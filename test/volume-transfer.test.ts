/** Back-ups of volumes: `barge volume export`, `import` and `clone`, and archives that try to get out. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { execute } from './harness/execute.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const docker = (...args: string[]) => daemon.ok('docker', args);
const barge = (...args: string[]) => daemon.ok('barge', ['volume', ...args]);
const sh = (volume: string, script: string) =>
  docker('run', '--rm', '-v', `${volume}:/v`, 'busybox', 'sh', '-c', script);
const data = (name: string) => join(daemon.dataRoot, 'volumes', name, '_data');
const volumes = async () => (await docker('volume', 'ls', '-q')).split('\n').filter(Boolean);
async function refused(...args: string[]): Promise<string> {
  const { code, stderr } = await daemon.barge(['volume', ...args]);
  assert.equal(code, 1, stderr);
  return stderr;
}

/** Everything that is to survive: a line for each file. */
const LOOK =
  'cd /v; stat -c "%n %a %u %g %h %F %s %Y" . file hard soft deep fifo; md5sum file sparse; readlink soft';

test('a volume is saved and restored whole: owners, links, times, attributes, holes', async () => {
  await sh(
    'source',
    'cd /v; echo x >file; ln file hard; ln -s file soft; mkdir deep; mkfifo fifo; chown 7:8 file; chmod 4750 file; chmod 1777 .; chown 5:6 .; touch -d @1000000000 file deep',
  );
  const sparse = join(data('source'), 'sparse');
  assert.equal((await execute(['truncate', '-s', '64M', sparse])).code, 0);
  await execute(['dd', 'if=/dev/urandom', `of=${sparse}`, 'bs=4096', 'count=3', 'seek=5000', 'conv=notrunc']);
  const file = daemon.path('backup.tar');
  await barge('export', '-o', file, 'source');
  assert(statSync(file).size < 1 << 20, 'holes are not written out');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(await barge('import', 'restored', file), 'restored');
  assert.equal(await sh('restored', LOOK), await sh('source', LOOK));
  assert(statSync(join(data('restored'), 'sparse')).blocks * 512 < 1 << 20);
  assert.equal(await barge('clone', 'restored', 'twin'), 'twin');
  assert.equal(await sh('twin', LOOK), await sh('source', LOOK));
  await docker('volume', 'rm', 'source', 'restored', 'twin');
});

test('extended attributes come in and go out', async () => {
  const pax = { 'SCHILY.xattr.user.colour': 'red' };
  const file = daemon.path('attributes.tar');
  writeFileSync(file, await tarOf([{ name: 'f', content: 'x', pax }]));
  await barge('import', 'attributes', file);
  const { stdout } = await daemon.barge(['volume', 'export', 'attributes']);
  assert.match(stdout, /SCHILY\.xattr\.user\.colour=red/);
  await docker('volume', 'rm', 'attributes');
});

test('archives come over a pipe, compressed or not, and replace content only when told', async () => {
  await sh('piped', 'echo old >/v/old');
  const tar = await tarOf([{ name: 'new', content: 'new\n' }]);
  const file = daemon.path('new.tar.gz');
  writeFileSync(file, gzipSync(tar));
  assert.match(await refused('import', 'piped', file), /has content already.*--replace/);
  assert.equal(await sh('piped', 'ls /v'), 'old');
  await barge('import', '--replace', 'piped', file);
  assert.equal(await sh('piped', 'ls /v'), 'new');
  const pipe = [
    'sh',
    '-c',
    `gzip -dc ${file} | "$@"`,
    'sh',
    process.execPath,
    '--',
    'src/bin/barge.ts',
    'volume',
    'import',
    'from-pipe',
  ];
  const { code, stderr } = await execute(pipe, {
    cwd: join(import.meta.dirname, '..'),
    env: daemon.environment,
  });
  assert.equal(code, 0, stderr);
  assert.equal(await sh('from-pipe', 'cat /v/new'), 'new');
  await docker('run', '-d', '--name', 'busy', '-v', 'piped:/v', 'busybox', 'sleep', '1000');
  assert.match(
    await refused('import', '--replace', 'piped', file),
    /volume is in use - \[[0-9a-f]{64}\]: stop what uses it/,
  );
  const { stdout } = await daemon.barge(['volume', 'export', 'piped']);
  assert.match(stdout, /new/);
  await docker('rm', '-f', 'busy');
  await docker('volume', 'rm', 'piped', 'from-pipe');
});

test('labels go along with a clone; a volume with a device is filled while it is mounted', async () => {
  await docker('volume', 'create', '--label', 'a=b', 'labelled');
  await barge('clone', 'labelled', 'copy');
  assert.deepEqual(JSON.parse(await docker('volume', 'inspect', 'copy'))[0].Labels, { a: 'b' });
  const device = daemon.path('device');
  await execute(['mkdir', device]);
  await docker('volume', 'create', '-o', 'type=none', '-o', `device=${device}`, '-o', 'o=bind', 'bound');
  await sh('labelled', 'echo x >/v/f');
  await barge('clone', 'labelled', 'bound');
  assert.equal(readFileSync(join(device, 'f'), 'utf8'), 'x\n');
  await docker('volume', 'rm', 'labelled', 'copy');
  await barge('clone', 'bound', 'plain');
  assert.equal(await sh('plain', 'cat /v/f'), 'x');
  assert.match(await refused('clone', 'plain', 'plain'), /cannot be cloned onto itself/);
  await docker('volume', 'rm', 'bound', 'plain');
});

test('what cannot be imported leaves nothing, and no name or link gets out of the volume', async () => {
  const before = await volumes();
  const token = `barge-out-${process.pid}`;
  const outside = `/tmp/${token}`;
  const attempts = {
    broken: Buffer.concat([await tarOf([{ name: 'a', content: 'x'.repeat(5000) }])]).subarray(0, 2000),
    noise: Buffer.from('this is no archive '.repeat(100)),
    above: await tarOf([{ name: `../../../../../../..${outside}`, content: 'x' }]),
  };
  for (const [name, tar] of Object.entries(attempts)) {
    writeFileSync(daemon.path(name), tar);
    assert.match(
      await refused('import', `from-${name}`, daemon.path(name)),
      /Error response from daemon|error/i,
    );
    assert.deepEqual(await volumes(), before, name);
    assert.deepEqual(readdirSync(join(daemon.dataRoot, 'volumes')), [], name);
  }
  const links = await tarOf([
    { name: 'up', type: 'symlink', linkname: '/tmp' },
    { name: `up/${token}`, content: 'x' },
    { name: outside, content: 'y' },
  ]);
  writeFileSync(daemon.path('links'), links);
  await daemon.barge(['volume', 'import', 'linked', daemon.path('links')]);
  assert(!existsSync(outside));
  await docker('volume', 'prune', '-af');
  assert.match(await refused('export', 'none'), /get none: no such volume/);
  assert.match(await refused('import', 'bad name', daemon.path('links')), /invalid characters/);
});

/** What containers mount: volumes, binds, tmpfs and images, with real files between real containers. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { apiClient, errorOf } from './harness/api-client.ts';
import { tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually, execute } from './harness/execute.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, remove, create } = apiClient(daemon);
const docker = (...args: string[]) => daemon.ok('docker', args);
const run = (mounts: readonly string[], ...command: string[]) =>
  docker('run', '--rm', ...mounts, 'busybox', ...command);
const sh = (mounts: readonly string[], script: string) => run(mounts, 'sh', '-c', script);
/** Runs what must fail. @returns what it says. */
async function refused(mounts: readonly string[], ...command: string[]): Promise<string> {
  const { code, stderr } = await daemon.docker(['run', '--rm', ...mounts, 'busybox', ...command]);
  assert.notEqual(code, 0, `${mounts.join(' ')} works`);
  return stderr;
}
function directory(name: string): string {
  const path = daemon.path(name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** An image with directories whose content volumes take. */
async function makeImage(): Promise<void> {
  const root = directory('root');
  const script = `
    mkdir -p data/deep etc && cp /bin/busybox . 2>/dev/null || true
    echo first > data/file && ln data/file data/hard && ln -s file data/soft && ln -s /etc/passwd data/out
    chown 7:8 data && chmod 2751 data && chown 9:10 data/deep && chmod 4711 data/file
    setfattr -n user.colour -v red data/file 2>/dev/null || true
    echo there > plain`;
  assert.equal((await execute(['sh', '-ec', script], { cwd: root })).code, 0);
  const tar = daemon.path('root.tar');
  assert.equal((await execute(['tar', '--xattrs', '-cf', tar, '-C', root, '.'])).code, 0);
  await docker('import', tar, 'furnished');
}

describe('copy-up', () => {
  test('the first use of an empty volume takes owners, modes, links and attributes', async () => {
    await makeImage();
    await docker('create', '--name', 'first', '-v', 'filled:/data', 'furnished', '/none');
    const look =
      'cd /v; stat -c "%n %a %u %g %h %F" . file hard soft deep; readlink soft; readlink out; cat soft';
    assert.equal(
      await sh(['-v', 'filled:/v'], look),
      `. 2751 7 8 3 directory
file 4711 0 0 2 regular file
hard 4711 0 0 2 regular file
soft 777 0 0 1 symbolic link
deep 755 9 10 2 directory
file
/etc/passwd
first`,
    );
    await sh(['-v', 'filled:/v'], 'echo changed >/v/file');
    await docker('create', '--name', 'second', '-v', 'filled:/data', 'furnished', '/none');
    assert.equal(await run(['-v', 'filled:/v'], 'cat', '/v/file'), 'changed');
    await docker('rm', 'first', 'second');
  });

  test('not with nocopy, not over a file, and into a volume that was made before', async () => {
    const bare = ['create', '--name', 'bare', '-v', 'no-copy:/data:nocopy'];
    const mount = 'type=volume,src=no-copy-2,dst=/data/deep,volume-nocopy';
    await docker(...bare, '--mount', mount, 'furnished', '/none');
    assert.equal(await run(['-v', 'no-copy:/v', '-v', 'no-copy-2:/w'], 'ls', '/v', '/w'), '/v:\n\n/w:');
    const [status, message] = errorOf(
      await post('/containers/create', { Image: 'furnished', Cmd: ['/x'], Volumes: { '/plain': {} } }),
    );
    assert.deepEqual([status, message], [500, 'cannot mount volume over existing file, file exists /plain']);
    await docker('volume', 'create', 'made-before');
    await docker('create', '--name', 'late', '-v', 'made-before:/data', 'furnished', '/none');
    assert.equal(await run(['-v', 'made-before:/v'], 'cat', '/v/file'), 'first');
    await docker('rm', 'bare', 'late');
    assert.deepEqual((await get('/containers/json?all=1')).json(), []);
    assert.equal(
      (await get('/volumes?filters={"dangling":["true"],"label":["com.docker.volume.anonymous"]}')).json()
        .Volumes.length,
      0,
    );
  });
});

describe('volumes', () => {
  test('a subpath is mounted alone, files too, and links do not lead out of the volume', async () => {
    await sh(
      ['-v', 'sub:/v'],
      'mkdir -p /v/a/b; echo in >/v/a/b/f; ln -s a/b /v/inner; ln -s /etc /v/absolute; ln -s ../../../../etc /v/up',
    );
    const at = (subpath: string) => ['--mount', `type=volume,src=sub,dst=/s,volume-subpath=${subpath}`];
    assert.equal(await run(at('a/b'), 'ls', '/s'), 'f');
    assert.equal(await run(at('inner'), 'cat', '/s/f'), 'in');
    assert.equal(await run(at('a/b/f'), 'cat', '/s'), 'in');
    await run(at('a'), 'touch', '/s/new');
    assert.equal(await run(['-v', 'sub:/v'], 'ls', '/v/a'), 'b\nnew');
    for (const link of ['absolute', 'up'])
      assert.match(await refused(at(link), 'ls', '/s'), /Error response from daemon/);
    assert.match(
      await refused(at('none'), 'true'),
      /cannot access path .*\/sub\/_data\/none: no such file or directory/,
    );
    assert.match(await refused(at('../x'), 'true'), /subpath must be a relative path within the volume/);
    assert.match(
      await refused(['--mount', 'type=volume,dst=/s,volume-subpath=a'], 'true'),
      /must not set Subpath when using anonymous volumes/,
    );
  });

  test('--mount makes volumes with labels and options; -v takes words of all kinds', async () => {
    const spec = 'type=volume,src=mv,dst=/m,volume-label=a=b,volume-opt=type=tmpfs,volume-opt=device=tmpfs';
    assert.match(await sh(['--mount', spec], 'grep " /m " /proc/mounts'), /tmpfs/);
    const { Labels, Options } = (await get('/volumes/mv')).json();
    assert.deepEqual([Labels, Options], [{ a: 'b' }, { type: 'tmpfs', device: 'tmpfs' }]);
    await sh(['-v', 'words:/w:rw,z,nocopy'], 'echo x >/w/f');
    assert.match(await refused(['-v', 'words:/w:ro,Z'], 'touch', '/w/f'), /Read-only file system/);
    for (const [mount, words] of [
      ['words:/w:ro,rw', /invalid mode: ro,rw/],
      ['words:/w:rshared', /invalid mode: rshared/],
      ['/tmp:/w:nocopy', /invalid mode: nocopy/],
      ['words:/', /invalid volume specification: 'words:\/': .*destination can't be '\/'/],
      ['words:relative', /invalid mount path: 'relative' mount path must be absolute/],
    ] as const) {
      assert.match(await refused(['-v', mount], 'true'), words);
    }
    assert.match(await refused(['-v', 'words:/w', '--tmpfs', '/w'], 'true'), /Duplicate mount point: \/w/);
    assert.match(
      await refused(['--mount', 'type=volume,src=a1,dst=/a,volume-driver=rexray'], 'true'),
      /error looking up volume plugin rexray: plugin "rexray" not found/,
    );
  });

  test('--volumes-from brings mounts with modes and gives way to what is asked for', async () => {
    await docker(
      'run',
      '-d',
      '--name',
      'giver',
      '-v',
      'vf:/one',
      '-v',
      `${directory('two')}:/two`,
      '--mount',
      'type=tmpfs,dst=/three',
      'busybox',
      'sleep',
      '1000',
    );
    await docker('exec', 'giver', 'sh', '-c', 'echo a >/one/f; echo b >/two/f');
    assert.equal(await run(['--volumes-from', 'giver'], 'cat', '/one/f', '/two/f'), 'a\nb');
    assert.match(await refused(['--volumes-from', 'giver:ro'], 'touch', '/one/g'), /Read-only/);
    assert.match(await refused(['--volumes-from', 'giver:ro,z'], 'touch', '/two/g'), /Read-only/);
    assert.equal(await run(['--volumes-from', 'giver', '-v', 'other:/one'], 'ls', '/one'), '');
    assert.equal(await sh(['--volumes-from', 'giver'], 'grep -c " /three tmpfs" /proc/mounts'), '1');
    await create('takes', { Volumes: { '/one': {} }, HostConfig: { VolumesFrom: ['giver'] } });
    const { Mounts } = JSON.parse(await docker('inspect', 'takes'))[0];
    assert.deepEqual(
      Mounts.filter(({ Destination }: { Destination: string }) => Destination === '/one').map(
        ({ Name }: { Name: string }) => Name,
      ),
      ['vf'],
    );
    assert.match(await refused(['--volumes-from', 'giver:shiny'], 'true'), /invalid mode: shiny/);
    assert.match(await refused(['--volumes-from', 'nobody'], 'true'), /No such container: nobody/);
    await docker('rm', '-f', 'giver', 'takes');
  });
});

describe('binds', () => {
  test('sources are made by -v and by bind-create-src only; files go over files', async () => {
    const made = daemon.path('made/deep');
    await sh(['-v', `${made}:/m`], 'echo x >/m/f');
    assert.equal(readFileSync(`${made}/f`, 'utf8'), 'x\n');
    const missing = daemon.path('missing');
    const spec = `type=bind,src=${missing},dst=/m`;
    assert.match(
      await refused(['--mount', spec], 'true'),
      new RegExp(`invalid mount config for type "bind": bind source path does not exist: ${missing}`),
    );
    assert(!existsSync(missing));
    const create = ['run', '--rm', '--mount', `${spec},bind-create-src`, 'busybox', 'touch', '/m/f'];
    await daemon.ok('barge', create); /* older docker clients do not know the word */
    assert(existsSync(`${missing}/f`));
    await docker('create', '--name', 'again', '-v', `${made}:/m`, 'busybox', 'ls', '/m');
    await docker('create', '--name', 'missed', '--mount', spec, 'busybox', 'ls', '/m');
    for (const path of [made, missing]) rmSync(path, { recursive: true });
    assert.equal(await docker('start', '-a', 'again'), '');
    const { stderr } = await daemon.docker(['start', 'missed']);
    assert.match(stderr, new RegExp(`bind source path does not exist: ${missing}`));
    await docker('rm', 'again', 'missed');
    const file = daemon.path('file');
    writeFileSync(file, 'mine\n');
    assert.equal(await run(['-v', `${file}:/etc/passwd:ro`], 'cat', '/etc/passwd'), 'mine');
    assert.equal(await run(['-v', `${file}:/new/file`], 'cat', '/new/file'), 'mine');
  });

  test('what is mounted below is read-only with it, unless told otherwise', async () => {
    const outer = directory('outer');
    const inner = directory('outer/inner');
    await execute(['mount', '-t', 'tmpfs', 'tmpfs', inner]);
    try {
      const touch = (options: string) =>
        daemon.docker([
          'run',
          '--rm',
          '--mount',
          `type=bind,src=${outer},dst=/o${options}`,
          'busybox',
          'touch',
          '/o/inner/f',
        ]);
      const code = async (options: string) => (await touch(options)).code;
      assert.equal(await code(''), 0);
      assert.equal(await code(',readonly'), 1);
      assert.equal(await code(',readonly,bind-recursive=writable'), 0);
      assert.equal(await code(',readonly,bind-recursive=readonly,bind-propagation=rprivate'), 1);
      assert.match(await refused(['-v', `${outer}:/o:ro`], 'touch', '/o/inner/f'), /Read-only/);
      const listed = await run(
        ['--mount', `type=bind,src=${outer},dst=/o,bind-recursive=disabled`],
        'ls',
        '/o/inner',
      );
      assert.equal(listed, '');
      const [status, words] = errorOf(
        await post('/containers/create', {
          Image: 'busybox',
          HostConfig: {
            Mounts: [
              { Type: 'bind', Source: outer, Target: '/o', BindOptions: { ReadOnlyForceRecursive: true } },
            ],
          },
        }),
      );
      assert.deepEqual([status, /mount options conflict: !ReadOnly/.test(words)], [400, true], words);
    } finally {
      await execute(['umount', '--lazy', inner]);
    }
  });

  test('mounts travel as the propagation says, from mounts that pass them on', async () => {
    const shared = directory('shared');
    const plain = directory('plain');
    for (const path of [shared, plain]) await execute(['mount', '-t', 'tmpfs', 'tmpfs', path]);
    await execute(['mount', '--make-private', plain]);
    await execute(['mount', '--make-shared', shared]);
    try {
      for (const name of ['from-host', 'from-container']) mkdirSync(`${shared}/${name}`);
      const up = async (name: string, mode: string) =>
        await docker(
          'run',
          '-d',
          '--name',
          name,
          '--privileged',
          '-v',
          `${shared}:/s:${mode}`,
          'busybox',
          'sleep',
          '1000',
        );
      await up('both', 'rshared');
      await up('down', 'rslave');
      await up('none', 'rprivate');
      await execute(['mount', '-t', 'tmpfs', 'tmpfs', `${shared}/from-host`]);
      writeFileSync(`${shared}/from-host/f`, 'x');
      const sees = async (name: string) => await docker('exec', name, 'ls', '/s/from-host');
      assert.deepEqual([await sees('both'), await sees('down'), await sees('none')], ['f', 'f', '']);
      await docker('exec', 'both', 'mount', '-t', 'tmpfs', 'tmpfs', '/s/from-container');
      const hostSees = () =>
        readFileSync('/proc/self/mountinfo', 'utf8').includes(`${shared}/from-container `);
      assert(hostSees());
      await docker('exec', 'both', 'umount', '/s/from-container');
      assert(!hostSees());
      await docker('exec', 'down', 'mount', '-t', 'tmpfs', 'tmpfs', '/s/from-container');
      assert(!hostSees());
      for (const [mode, kind] of [
        ['rshared', 'shared'],
        ['slave', 'shared or slave'],
      ]) {
        assert.match(
          await refused(['-v', `${plain}:/s:${mode}`], 'true'),
          new RegExp(`path ${plain} is mounted on ${plain} but it is not a ${kind} mount`),
        );
      }
      await docker('rm', '-f', 'both', 'down', 'none');
    } finally {
      await execute(['umount', '--lazy', '--recursive', shared]);
      await execute(['umount', '--lazy', plain]);
    }
  });

  test('nested mounts work in any order, and links in the image stay inside of it', async () => {
    const [a, b] = [directory('nest-a'), directory('nest-b')];
    writeFileSync(`${b}/f`, 'b\n');
    assert.equal(
      await run(['-v', `${b}:/x/y/z`, '-v', 'nested:/x/y', '-v', `${a}:/x`], 'cat', '/x/y/z/f'),
      'b',
    );
    const linked = directory('linked');
    symlinkSync('/tmp', `${linked}/escape`);
    for (const name of ['etc', 'tmp']) mkdirSync(`${linked}/${name}`);
    const tar = daemon.path('linked.tar');
    await execute([
      'sh',
      '-ec',
      `mkdir -p ${linked}/bin && cp $(command -v busybox) ${linked}/bin/cat && tar -cf ${tar} -C ${linked} .`,
    ]);
    await docker('import', tar, 'linked');
    const token = `barge-escape-${process.pid}`;
    assert.equal(
      await docker('run', '--rm', '-v', `${b}:/escape/${token}`, 'linked', 'cat', `/tmp/${token}/f`),
      'b',
    );
    assert(!existsSync(`/tmp/${token}`));
  });
});

describe('memory and images', () => {
  test('a tmpfs has size, mode and further options, and wrong ones are told', async () => {
    const api = {
      Type: 'tmpfs',
      Target: '/t',
      TmpfsOptions: { SizeBytes: 1 << 20, Mode: 0o1750, Options: [['exec'], ['uid', '5']] },
    };
    await create('tm', {
      Cmd: ['sh', '-c', 'grep " /t " /proc/mounts; stat -c "%a %u" /t'],
      HostConfig: { Mounts: [api], Tmpfs: { '/u': 'size=64k' } },
    });
    await docker('start', 'tm');
    const output = await docker('start', '-a', 'tm').then(() => docker('logs', 'tm'));
    assert.match(output, /^tmpfs \/t tmpfs rw,nosuid,nodev,.*size=1024k,mode=1750,uid=5/);
    assert.match(output, /1750 5/);
    const { Mounts } = (await get('/containers/tm/json')).json();
    assert.deepEqual(Mounts, [
      { Type: 'tmpfs', Source: '', Destination: '/t', Mode: '', RW: true, Propagation: '' },
    ]);
    await docker('rm', 'tm');
    assert.match(await refused(['--tmpfs', '/t:colour=red'], 'true'), /invalid tmpfs option "colour=red"/);
    assert.match(
      await refused(['--mount', 'type=tmpfs,dst=/t,src=x'], 'true'),
      /field Source must not be specified/,
    );
  });

  test('an image is mounted read-only, whole or a part, and is kept for it', async () => {
    const layer = await tarOf([
      { name: 'tools', type: 'directory' },
      { name: 'tools/f', content: 'tool\n' },
      { name: 'tools/out', type: 'symlink', linkname: '/etc' },
    ]);
    writeFileSync(daemon.path('tools.tar'), layer);
    await docker('import', daemon.path('tools.tar'), 'tools');
    const id = (await docker('images', '-q', '--no-trunc', 'tools')).trim();
    assert.equal(await run(['--mount', 'type=image,src=tools,dst=/i'], 'cat', '/i/tools/f'), 'tool');
    assert.equal(
      await run(['--mount', 'type=image,src=tools,dst=/i,image-subpath=tools'], 'ls', '/i'),
      'f\nout',
    );
    assert.match(
      await refused(['--mount', 'type=image,src=tools,dst=/i'], 'touch', '/i/x'),
      /Read-only file system/,
    );
    assert.match(
      await refused(['--mount', 'type=image,src=none,dst=/i'], 'true'),
      /No such image: none:latest/,
    );
    assert.match(
      await refused(['--mount', 'type=image,src=tools,dst=/i,image-subpath=tools/out'], 'true'),
      /Error response/,
    );
    await docker(
      'run',
      '-d',
      '--name',
      'keeper',
      '--mount',
      'type=image,src=tools,dst=/i',
      'busybox',
      'sleep',
      '1000',
    );
    const [mount] = (await get('/containers/keeper/json')).json().Mounts;
    assert.deepEqual(mount, {
      Type: 'image',
      Name: 'tools',
      Source: id,
      Destination: '/i',
      Mode: '',
      RW: false,
      Propagation: '',
    });
    await docker('rmi', '-f', 'tools');
    await docker('image', 'prune', '-a', '-f');
    await docker('restart', '-t', '0', 'keeper');
    assert.equal(await docker('exec', 'keeper', 'cat', '/i/tools/f'), 'tool');
    await docker('rm', '-f', 'keeper');
  });
});

test('mounts stay as they are when the daemon is killed and comes back', async () => {
  const bound = directory('survivor');
  await docker(
    'run',
    '-d',
    '--name',
    'survivor',
    '-v',
    'sv:/v',
    '-v',
    `${bound}:/b`,
    '--tmpfs',
    '/t',
    'busybox',
    'sleep',
    '1000',
  );
  await docker('exec', 'survivor', 'sh', '-c', 'echo x | tee /v/f /b/f /t/f');
  await daemon.stop('SIGKILL');
  await daemon.startAgain();
  assert.equal(await docker('exec', 'survivor', 'cat', '/v/f', '/b/f', '/t/f'), 'x\nx\nx');
  assert.equal((await remove('/volumes/sv')).status, 409);
  await docker('rm', '-f', 'survivor');
  await eventually(
    'no shim has a mount of it',
    () => !readFileSync('/proc/self/mountinfo', 'utf8').includes('survivor'),
  );
});

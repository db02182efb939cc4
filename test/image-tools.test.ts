/** Other programs read what barge saves and pushes, and barge reads what they write: skopeo, umoci, buildah, podman. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type ImageTool, imageTool } from '../tools/image-tools.ts';
import { type TarEntry, tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { execute } from './harness/execute.ts';
import { withoutTool } from './harness/image-tools.ts';
import { startRegistry } from './harness/registry.ts';

const LONG_NAME = 'n'.repeat(120);
/** Latin 1: no UTF-8. */
const FOREIGN_NAME = Buffer.from([0x63, 0x61, 0x66, 0xe9]);
const HOLE = 64 << 20;
/** CAP_NET_BIND_SERVICE, permitted and effective, as capabilities(7) has it on disk. */
const CAPABILITY = '\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0';
const SPECIAL: readonly TarEntry[] = [
  { name: 'one', content: 'content', mode: 0o4750, uid: 1000, gid: 1001, mtime: new Date(1e12) },
  { name: 'two', type: 'link', linkname: 'one' },
  { name: 'pointer', type: 'symlink', linkname: '/one' },
  { name: 'fifo', type: 'fifo', mode: 0o600 },
  { name: 'null', type: 'character-device', devmajor: 1, devminor: 3, mode: 0o666 },
  { name: LONG_NAME, content: 'long' },
  {
    name: 'capable',
    content: 'program',
    pax: { 'SCHILY.xattr.security.capability': CAPABILITY, 'SCHILY.xattr.user.note': 'kept' },
  },
];

/** What tar-stream cannot write, by the system's tar: a name that is no UTF-8, and a file with a hole. */
function foreignTar(directory: string): Buffer {
  mkdirSync(directory);
  writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), FOREIGN_NAME]), 'foreign');
  writeFileSync(join(directory, 'sparse'), 'begins');
  truncateSync(join(directory, 'sparse'), HOLE);
  return spawnSync('tar', ['-C', directory, '--format=gnu', '-Sc', '.'], { maxBuffer: 1 << 26 }).stdout;
}

/** Without the zeros that end an archive: another one may follow. */
const withoutEnd = (tar: Buffer) => tar.subarray(0, tar.length - 1024);

const daemon = await TestDaemon.start();
after(() => daemon.end());
const archive = daemon.path('special.tar');
assert.equal(
  (
    await daemon.api('/images/create?fromSrc=-&repo=special&tag=1&changes=CMD+%2Fone', {
      method: 'POST',
      body: Buffer.concat([withoutEnd(await tarOf(SPECIAL)), foreignTar(daemon.path('foreign'))]),
    })
  ).status,
  200,
);
await daemon.ok('barge', ['save', '-o', archive, 'special:1']);
const id = await daemon.ok('barge', ['image', 'inspect', '-f', '{{.Id}}', 'special:1']);

/* What a distribution's package of these tools puts below /etc, where the tests put nothing. */
mkdirSync(daemon.path('home/.config/containers'), { recursive: true });
writeFileSync(
  daemon.path('home/.config/containers/policy.json'),
  JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }),
);

async function tool(name: ImageTool, ...args: string[]): Promise<string> {
  const found = imageTool(name);
  assert.ok(found);
  const { code, stdout, stderr } = await execute([found.path, ...args], {
    env: { HOME: daemon.path('home'), XDG_RUNTIME_DIR: daemon.path('home'), ...found.env },
    limit: 60_000,
  });
  assert.equal(code, 0, `${name} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout.trim();
}

const skopeo = (...args: string[]) => tool('skopeo', '--insecure-policy', ...args);
const layersOf = (name: string) =>
  daemon.ok('barge', ['image', 'inspect', '-f', '{{json .RootFS.Layers}}', name]);
const idOf = (name: string) => daemon.ok('barge', ['image', 'inspect', '-f', '{{.Id}}', name]);

test('skopeo turns a saved image into the other forms, and barge loads each of them', {
  skip: withoutTool('skopeo'),
}, async () => {
  const inspected = JSON.parse(await skopeo('inspect', '--config', `docker-archive:${archive}`));
  assert.deepEqual(inspected.config.Cmd, ['/bin/sh', '-c', '/one']);
  for (const kind of ['docker-archive', 'oci-archive']) {
    const copy = daemon.path(`${kind}.tar`);
    await skopeo('copy', `docker-archive:${archive}`, `${kind}:${copy}:copied:${kind}`);
    assert.match(await daemon.ok('barge', ['load', '-i', copy]), new RegExp(`Loaded image: copied:${kind}`));
    assert.equal(await layersOf(`copied:${kind}`), await layersOf('special:1'));
    /* On its way into OCI's form skopeo writes the configuration anew, which gives another id. */
    if (kind === 'docker-archive') assert.equal(await idOf(`copied:${kind}`), id);
    await daemon.ok('barge', ['rmi', `copied:${kind}`]);
  }
});

test('skopeo and barge read from our registry what the other has put there', {
  skip: withoutTool('skopeo'),
}, async () => {
  await using registry = await startRegistry(daemon.path('registry'));
  const plain = (side: 'src' | 'dest') => `--${side}-tls-verify=false`;
  await skopeo('copy', plain('dest'), `docker-archive:${archive}`, `docker://${registry.host}/by/skopeo:1`);
  await daemon.ok('barge', ['pull', `${registry.host}/by/skopeo:1`]);
  assert.equal(await idOf(`${registry.host}/by/skopeo:1`), id);
  const name = `${registry.host}/by/barge:1`;
  await daemon.ok('barge', ['tag', 'special:1', name]);
  const pushed = await daemon.ok('barge', ['push', name]);
  const inspected = JSON.parse(await skopeo('inspect', '--tls-verify=false', `docker://${name}`));
  assert.ok(pushed.includes(inspected.Digest));
  const copy = daemon.path('from-registry.tar');
  await skopeo('copy', plain('src'), `docker://${name}`, `docker-archive:${copy}:from/registry:1`);
  await daemon.ok('barge', ['load', '-i', copy]);
  assert.equal(await idOf('from/registry:1'), id);
  const synced = daemon.path('synced');
  await skopeo('sync', '--src', 'docker', '--dest', 'dir', plain('src'), `${registry.host}/by/barge`, synced);
  assert.deepEqual(readdirSync(synced), ['barge:1']);
  const repository = `${registry.host}/by/synced`;
  await skopeo('sync', '--src', 'dir', '--dest', 'docker', plain('dest'), synced, repository);
  assert.equal(
    JSON.parse(await skopeo('inspect', '--tls-verify=false', `docker://${repository}/barge:1`)).Digest,
    inspected.Digest,
  );
  await skopeo('delete', '--tls-verify=false', `docker://${name}`);
  await assert.rejects(skopeo('inspect', '--tls-verify=false', `docker://${name}`), /manifest unknown/);
});

test('umoci unpacks what barge saved, with owners, modes, times and kinds', {
  skip: withoutTool('skopeo', 'umoci'),
}, async () => {
  const layout = daemon.path('layout');
  await skopeo('copy', `docker-archive:${archive}`, `oci:${layout}:1`);
  const bundle = daemon.path('bundle');
  await tool('umoci', 'unpack', '--image', `${layout}:1`, bundle);
  const look = (name: string) => lstatSync(join(bundle, 'rootfs', name));
  const one = look('one');
  assert.deepEqual(
    [one.mode & 0o7777, one.uid, one.gid, one.mtimeMs, one.nlink],
    [0o4750, 1000, 1001, 1e12, 2],
  );
  assert.equal(one.ino, look('two').ino);
  assert.ok(look('pointer').isSymbolicLink() && look('fifo').isFIFO() && look('null').isCharacterDevice());
  assert.equal(readFileSync(join(bundle, 'rootfs', LONG_NAME), 'utf8'), 'long');
  assertSpecials(join(bundle, 'rootfs'));
});

/** What many tools lose. */
function assertSpecials(rootfs: string): void {
  const names = readdirSync(rootfs, { encoding: 'buffer' });
  assert.ok(names.some((name) => name.equals(FOREIGN_NAME)));
  assert.equal(lstatSync(join(rootfs, 'sparse')).size, HOLE);
  assert.equal(readFileSync(join(rootfs, 'sparse')).subarray(0, 6).toString(), 'begins');
  const tar = spawnSync('tar', ['-C', rootfs, '--xattrs', '--xattrs-include=*', '-c', 'capable']).stdout;
  assert.ok(tar.includes(`SCHILY.xattr.security.capability=${CAPABILITY}`));
  assert.ok(tar.includes('SCHILY.xattr.user.note=kept'));
}

test('buildah reads what barge saved, runs it, and barge loads and runs what buildah made of it', {
  skip: withoutTool('buildah'),
}, async () => {
  await daemon.makeBusybox();
  const root = daemon.path('buildah');
  const store = ['--root', join(root, 'root'), '--runroot', join(root, 'run'), '--storage-driver', 'vfs'];
  const buildah = (...args: string[]) => tool('buildah', ...store, ...args);
  try {
    const special = await buildah('from', `docker-archive:${archive}`);
    assertSpecials(await buildah('mount', special));
    const saved = daemon.path('busybox.tar');
    await daemon.ok('barge', ['save', '-o', saved, 'busybox']);
    const working = await buildah('from', `docker-archive:${saved}`);
    await buildah('run', '--isolation', 'chroot', working, 'sh', '-c', 'echo made by buildah >/made');
    await buildah('config', '--cmd', 'cat /made', working);
    for (const kind of ['docker-archive', 'oci-archive']) {
      const copy = daemon.path(`buildah-${kind}.tar`);
      await buildah('commit', '--quiet', working, `${kind}:${copy}:buildah/made:${kind}`);
      await daemon.ok('barge', ['load', '-i', copy]);
      assert.equal(await daemon.ok('barge', ['run', '--rm', `buildah/made:${kind}`]), 'made by buildah');
    }
  } finally {
    await buildah('umount', '--all').catch(() => {});
    rmSync(root, { recursive: true, force: true });
  }
});

test('podman loads what barge saved, and barge what podman saved', {
  skip: withoutTool('podman'),
}, async () => {
  const root = daemon.path('podman');
  const podman = (...args: string[]) =>
    tool(
      'podman',
      '--root',
      join(root, 'root'),
      '--runroot',
      join(root, 'run'),
      '--storage-driver',
      'vfs',
      ...args,
    );
  try {
    assert.match(await podman('load', '-i', archive), /special:1/);
    assert.equal(`sha256:${await podman('image', 'inspect', '--format', '{{.Id}}', 'special:1')}`, id);
    for (const format of ['docker-archive', 'oci-archive']) {
      const copy = daemon.path(`podman-${format}.tar`);
      await podman('tag', 'special:1', 'docker.io/library/by-podman:1');
      await podman('save', '--format', format, '-o', copy, 'docker.io/library/by-podman:1');
      assert.match(await daemon.ok('barge', ['load', '-i', copy]), /by-podman:1|Loaded image ID: /);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

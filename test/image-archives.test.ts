/** Images leave the store as archives and come back the same; what is no such archive changes nothing. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Digest, digestOf } from '../src/core/digest.ts';
import { imageOf, type TarEntry, tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { withoutDocker } from './harness/docker.ts';
import { execute } from './harness/execute.ts';

const [first, second] = await Promise.all([TestDaemon.start(), TestDaemon.start()]);
after(() => Promise.all([first.end(), second.end()]));
await first.makeBusybox();

const LONG = `long/${'n'.repeat(90)}/${'m'.repeat(150)}`;
const NET_RAW = `\x01\x00\x00\x02\x00\x20\x00\x00${'\0'.repeat(12)}`;

/** What archives are known to lose. */
const SPECIAL: readonly TarEntry[] = [
  { name: 'one', content: 'the same inode', mode: 0o640, uid: 1000, gid: 1001, mtime: new Date(1e12) },
  { name: 'two', type: 'link', linkname: 'one' },
  { name: 'pointer', type: 'symlink', linkname: '/one' },
  { name: 'capable', content: 'x', pax: { 'SCHILY.xattr.security.capability': NET_RAW } },
  { name: 'setuid', content: 'x', mode: 0o4755 },
  { name: 'null', type: 'character-device', devmajor: 1, devminor: 3, mode: 0o666 },
  { name: 'fifo', type: 'fifo', mode: 0o600 },
  { name: 'long', type: 'directory' },
  { name: `long/${'n'.repeat(90)}`, type: 'directory' },
  { name: LONG, content: 'a long name' },
  { name: 'holes', content: Buffer.alloc(4 << 20) },
];

/** The layer's bytes as another tool made them: other than what packing its files again gives. */
const special = await tarOf(SPECIAL);
const upper = await tarOf([
  { name: 'upper', content: 'second layer' },
  { name: '.wh.setuid', content: '' },
]);

const load = (daemon: TestDaemon, archive: Uint8Array, query = '') =>
  daemon.api(`/images/load${query}`, {
    method: 'POST',
    body: archive,
    headers: { 'Content-Type': 'application/x-tar' },
  });

/** What `docker save` wrote before version 25: a directory for each layer, equal ones as links. */
async function dockerArchive(layers: readonly Buffer[], tags: readonly string[] | null): Promise<Buffer> {
  const { config } = imageOf(layers);
  const hex = digestOf(config).slice('sha256:'.length);
  const entries: TarEntry[] = layers.flatMap((layer, i) => [
    { name: `${i}abc/`, type: 'directory' },
    { name: `${i}abc/VERSION`, content: '1.0' },
    { name: `${i}abc/json`, content: '{}' },
    layers.indexOf(layer) < i
      ? { name: `${i}abc/layer.tar`, type: 'symlink', linkname: `../${layers.indexOf(layer)}abc/layer.tar` }
      : { name: `${i}abc/layer.tar`, content: layer },
  ]);
  const manifest = [
    { Config: `${hex}.json`, RepoTags: tags, Layers: layers.map((_, i) => `${i}abc/layer.tar`) },
  ];
  return await tarOf([
    ...entries,
    { name: `${hex}.json`, content: config },
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ]);
}

/** An OCI layout in a tar; `blobs` go over those of the image. */
async function ociArchive(
  layers: readonly Buffer[],
  annotations: Readonly<Record<string, string>>,
  { mediaType = 'application/vnd.oci.image.layer.v1.tar', blobs = {} as Record<string, Buffer> } = {},
): Promise<Buffer> {
  const plain = imageOf(layers);
  const packed = layers.map((layer) =>
    mediaType.endsWith('gzip')
      ? gzipSync(layer)
      : mediaType.endsWith('zstd')
        ? zstdCompressSync(layer)
        : layer,
  );
  const described = (bytes: Buffer, type: string) => ({
    mediaType: type,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      config: described(plain.config, 'application/vnd.oci.image.config.v1+json'),
      layers: packed.map((bytes) => described(bytes, mediaType)),
    }),
  );
  const all = Object.fromEntries(
    [...packed, plain.config, manifest].map((bytes) => [digestOf(bytes), bytes]),
  );
  const index = {
    schemaVersion: 2,
    manifests: [{ ...described(manifest, 'application/vnd.oci.image.manifest.v1+json'), annotations }],
  };
  return await tarOf([
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', content: JSON.stringify(index) },
    ...Object.entries({ ...all, ...blobs }).map(([digest, content]) => ({
      name: `blobs/${digest.replace(':', '/')}`,
      content,
    })),
  ]);
}

const idOf = (layers: readonly Buffer[]) => digestOf(imageOf(layers).config);

/** Names and content, owners and attributes, of what containers of an image would see. */
async function filesOf(daemon: TestDaemon, image: string): Promise<string> {
  const { Id } = (
    await daemon.api('/containers/create', { method: 'POST', body: { Image: image, Cmd: ['x'] } })
  ).json();
  const tar = daemon.path(`${Id}.tar`);
  await daemon.ok('barge', ['export', '-o', tar, Id]);
  await daemon.ok('barge', ['rm', Id]);
  const { stdout } = await execute(['tar', '--numeric-owner', '--full-time', '--xattrs', '-tvvf', tar]);
  return stdout.replace(/^.* (dev|etc|proc|sys|\.dockerenv)\b.*\n/gm, '');
}

describe('what barge saves', () => {
  test('comes back with the same id, layers, names and files, through both clients and twice alike', async () => {
    await load(first, await dockerArchive([special, upper], ['special:1', 'special:2']));
    const archive = first.path('saved.tar');
    await first.ok('barge', ['save', '-o', archive, 'special', 'special:1', 'busybox']);
    const again = await first.barge(['save', 'special:1', 'special:2', 'busybox']);
    assert.equal(again.code, 0);
    const said = await second.ok('barge', ['load', '-i', archive]);
    assert.match(said, /Loaded image: busybox:latest/);
    assert.match(said, /Loaded image: special:1\nLoaded image: special:2/);
    for (const name of ['special:1', 'busybox']) {
      const format = '{{.Id}} {{json .RootFS.Layers}} {{json .Config}}';
      assert.equal(
        await second.ok('barge', ['image', 'inspect', '-f', format, name]),
        await first.ok('barge', ['image', 'inspect', '-f', format, name]),
      );
    }
    const [here, there] = [await filesOf(first, 'special:1'), await filesOf(second, 'special:1')];
    assert.equal(there, here);
    assert.match(here, /^-rw-r----- +1000\/1001 +14 2001-09-09 .* one$/m);
    assert.match(here, /two link to one|one link to two/);
    assert.match(here, /^crw-rw-rw- +0\/0 +1,3 .* null$/m);
    assert.match(here, /^prw------- .* fifo$/m);
    assert.ok(here.includes(LONG));
    assert.doesNotMatch(here, /setuid/);
    assert.equal(await second.ok('barge', ['run', '--rm', 'busybox', 'echo', 'runs']), 'runs');
  });

  test('an image without a name is loaded without one; an id saves no names', async () => {
    const id = (await first.ok('barge', ['image', 'inspect', '-f', '{{.Id}}', 'special:1'])).trim();
    await second.ok('barge', ['rmi', 'special:1', 'special:2']);
    const archive = first.path('unnamed.tar');
    await first.ok('barge', ['save', '-o', archive, id]);
    assert.equal(await second.ok('barge', ['load', '-q', '-i', archive]), `Loaded image ID: ${id}`);
    await second.ok('barge', ['rmi', id]);
  });

  test('what is not there is told before anything is written', async () => {
    const target = first.path('none.tar');
    const { code, stderr } = await first.barge(['save', '-o', target, 'busybox', 'nothing:1']);
    assert.equal(code, 1);
    assert.match(stderr, /No such image: nothing:1/);
    assert(!existsSync(target));
    const other = await first.barge(['save', '-o', target, '--platform', 'linux/s390x', 'busybox']);
    assert.match(
      other.stderr,
      /its platform \(linux\/\w+\) does not match the specified platform \(linux\/s390x\)/,
    );
  });

  test('docker loads from docker save', { skip: withoutDocker() }, async () => {
    const archive = first.path('docker.tar');
    await first.ok('docker', ['save', '-o', archive, 'busybox']);
    await second.ok('barge', ['rmi', 'busybox']);
    assert.equal(await second.ok('docker', ['load', '-i', archive]), 'Loaded image: busybox:latest');
  });
});

describe('what others save', () => {
  const loaded = async (archive: Uint8Array, name: string, layers: readonly Buffer[]) => {
    const response = await load(second, archive);
    assert.equal(response.status, 200, response.text);
    assert.ok(response.text.includes(`"stream":"Loaded image: ${name}\\n"`), response.text);
    const image = (await second.api(`/images/${name}/json`)).json();
    assert.equal(image.Id, idOf(layers));
    await second.ok('barge', ['rmi', name]);
  };

  test('docker-archives of directories and links, plain or compressed as a whole', async () => {
    const layers = [special, upper, special];
    const archive = await dockerArchive(layers, ['old:1']);
    for (const bytes of [archive, gzipSync(archive), zstdCompressSync(archive)])
      await loaded(bytes, 'old:1', layers);
  });

  test('OCI layouts with plain, gzip and zstd layers', async () => {
    for (const suffix of ['', '+gzip', '+zstd']) {
      const mediaType = `application/vnd.oci.image.layer.v1.tar${suffix}`;
      const annotations = { 'io.containerd.image.name': 'docker.io/library/laid-out:1' };
      await loaded(await ociArchive([special, upper], annotations, { mediaType }), 'laid-out:1', [
        special,
        upper,
      ]);
    }
    const skopeo = { 'org.opencontainers.image.ref.name': 'laid-out:2' };
    await loaded(await ociArchive([upper], skopeo), 'laid-out:2', [upper]);
  });

  test('a name that another image has moves to the new one', async () => {
    await load(second, await dockerArchive([special], ['moved:1']));
    const { text } = await load(second, await dockerArchive([upper], ['moved:1']));
    assert.match(text, /already exists, renaming the old one with ID sha256:\w+ to empty string/);
    await second.ok('barge', ['rmi', 'moved:1', idOf([special])]);
  });
});

describe('what is no archive of images', () => {
  const sound = [upper];
  const held = () =>
    ['blobs/sha256', 'layers'].flatMap((name) => readdirSync(join(second.dataRoot, name))).sort();

  /* As Docker: the status is 200 before the archive has been looked at, and the stream ends with the error. */
  const refused = async (archive: Uint8Array, words: RegExp) => {
    const before = [held(), await second.ok('barge', ['images', '-aq', '--no-trunc'])];
    const response = await load(second, archive, '?quiet=1');
    assert.equal(response.status, 200);
    const { error, errorDetail } = response.json();
    assert.match(error, words);
    assert.deepEqual(errorDetail, { message: error });
    assert.doesNotMatch(error, /Loaded|undefined|is not a function|not iterable/);
    assert.deepEqual([held(), await second.ok('barge', ['images', '-aq', '--no-trunc'])], before);
  };

  test('is refused in a sentence, and nothing of it stays', async () => {
    await refused(Buffer.alloc(0), /neither manifest.json nor index.json|broken/);
    await refused(Buffer.from('nonsense '.repeat(200)), /broken/);
    await refused(await tarOf(SPECIAL.slice(0, 1)), /neither manifest.json nor index.json/);
    const archive = await dockerArchive(sound, ['bad:1']);
    await refused(archive.subarray(0, archive.length / 2), /broken|does not have/);
    await refused(gzipSync(archive).subarray(0, 300), /decompress|unexpected end|broken/i);
    const broken = async (manifest: string) =>
      refused(await tarOf([{ name: 'manifest.json', content: manifest }]), /./);
    for (const text of ['{', 'null', '7', '{}', '[]', '[null]', '[{}]', '[{"Config":"none","Layers":[]}]'])
      await broken(text);
  });

  test('layers that are not what the configuration says are refused', async () => {
    const { config } = imageOf(sound, [digestOf('another')]);
    const entries = (layers: string[], more: TarEntry[] = []): Promise<Buffer> =>
      tarOf([
        { name: 'config.json', content: config },
        { name: 'layer.tar', content: upper },
        {
          name: 'manifest.json',
          content: JSON.stringify([{ Config: 'config.json', RepoTags: ['bad:1'], Layers: layers }]),
        },
        ...more,
      ]);
    await refused(await entries(['layer.tar']), /invalid diffID for layer 0/);
    await refused(await entries([]), /layers length mismatch: expected 1, got 0/);
    await refused(await entries(['none.tar']), /does not have the layer/);
    await refused(await entries(['../layer.tar']), /out of the archive/);
    await refused(await entries(['config.json']), /does not have the layer/);
  });

  test('blobs that are not what their names say are refused', async () => {
    const wrong = Object.fromEntries([[digestOf(upper), special]]) as Record<Digest, Buffer>;
    await refused(await ociArchive(sound, {}, { blobs: wrong }), /digest/);
    const { config } = imageOf(sound);
    const changed = { [digestOf(config)]: Buffer.from(config.toString().replace('linux', 'linus')) };
    await refused(await ociArchive(sound, {}, { blobs: changed }), /does not have the digest in its name/);
    const packed = gzipSync(upper);
    const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
    await refused(
      await ociArchive(sound, {}, { mediaType, blobs: { [digestOf(packed)]: gzipSync(special) } }),
      /digest|bytes/,
    );
  });

  test('names, links and kinds that have no place there are refused', async () => {
    const layer = { name: 'layer.tar', content: upper };
    await refused(await tarOf([{ name: '../out', content: '{}' }]), /leads out of the archive/);
    await refused(await tarOf([{ name: '/etc/out', content: '{}' }]), /leads out of the archive/);
    await refused(await tarOf([layer, layer]), /twice/);
    await refused(
      await tarOf([{ name: 'a', type: 'symlink', linkname: '/etc/passwd' }]),
      /link that leads out of the archive/,
    );
    await refused(await tarOf([{ name: 'a', type: 'fifo' }]), /is a fifo/);
    const loop = [{ name: 'manifest.json', type: 'symlink' as const, linkname: 'manifest.json' }];
    await refused(await tarOf(loop), /leads nowhere/);
  });

  test('a layer with a hostile tar is refused', async () => {
    const hostile = await tarOf([{ name: '../../../../tmp/escaped', content: 'x' }]);
    await refused(await dockerArchive([hostile], ['bad:1']), /\.\./);
    await refused(await dockerArchive([Buffer.from(`x\0${'y'.repeat(2000)}`)], ['bad:1']), /unpacking/);
  });
});

test('a load whose client goes leaves nothing', async () => {
  const archive = await dockerArchive([special, upper], ['cut:1']);
  const before = readdirSync(join(second.dataRoot, 'layers')).sort();
  const { code } = await second.barge(['load'], { input: archive.subarray(0, archive.length - 3000) });
  assert.equal(code, 1);
  assert.deepEqual(readdirSync(join(second.dataRoot, 'layers')).sort(), before);
});

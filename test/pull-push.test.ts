/** An image stays the same on its way through a registry, and nothing that a registry sends can do harm. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { digestOf } from '../src/core/digest.ts';
import { someBytes } from '../src/registry/testing/push.ts';
import { type CraftedImage, imageOf, serveImage, type TarEntry, tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { startRegistry } from './harness/registry.ts';

const [first, second] = await Promise.all([TestDaemon.start(), TestDaemon.start()]);
after(() => Promise.all([first.end(), second.end()]));
await first.makeBusybox();

const BUSYBOX = readFileSync('/bin/busybox');

/** `cap_net_raw=ep` as the kernel keeps it: revision 2 with the effective bit, then the permitted set. */
const NET_RAW = `\x01\x00\x00\x02\x00\x20\x00\x00${'\0'.repeat(12)}`;

const SPECIAL: readonly TarEntry[] = [
  { name: 'bin', type: 'directory' },
  { name: 'bin/busybox', content: BUSYBOX },
  { name: 'bin/sh', type: 'link', linkname: 'bin/busybox' },
  { name: 'etc', type: 'directory' },
  { name: 'etc/passwd', content: 'root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n', mode: 0o644 },
  /* What is called busybox… takes the applet's name as its first argument. */
  { name: 'busybox-capable', content: BUSYBOX, pax: { 'SCHILY.xattr.security.capability': NET_RAW } },
  { name: 'setuid', content: BUSYBOX, mode: 0o4755 },
  { name: 'null', type: 'character-device', devmajor: 1, devminor: 3, mode: 0o666 },
  { name: 'fifo', type: 'fifo', mode: 0o600 },
  { name: 'one', content: 'the same inode', mode: 0o640, uid: 1000, gid: 1000, mtime: new Date(1e12) },
  { name: 'two', type: 'link', linkname: 'one' },
  { name: 'pointer', type: 'symlink', linkname: '/one' },
  { name: 'emptied', type: 'directory' },
  { name: 'emptied/gone', content: 'hidden by the next layer' },
  { name: 'removed', content: 'hidden by the next layer' },
  { name: `long/${'n'.repeat(90)}/${'m'.repeat(150)}`, content: 'a long name' },
];

const LOOK = [
  "/bin/busybox stat -c '%n %a %u %g %h %F %t,%T %Y' /busybox-capable /setuid /null /one /two /pointer /emptied /fifo",
  '/bin/busybox test /one -ef /two && echo linked',
  '/bin/busybox readlink /pointer; /bin/busybox cat /pointer; echo',
  '/bin/busybox ls -a /emptied; /bin/busybox ls / ; /bin/busybox find /long -type f',
  'echo x >/null && echo null-works',
  "echo caps $(/bin/busybox su user -c '/busybox-capable grep CapEff /proc/self/status')",
].join('; ');

describe('through a registry', () => {
  test('an image pulled by name and by digest has the same id, layers and behaviour', async () => {
    await using registry = await startRegistry(first.path('registry'));
    const name = `${registry.host}/hidden/special`;
    writeFileSync(first.path('special.tar'), await tarOf(SPECIAL));
    await first.ok('barge', ['import', first.path('special.tar'), 'base']);
    mkdirSync(first.path('context'));
    const remove = ['/bin/busybox', 'rm', '/removed'];
    const refill = ['/bin/busybox', 'sh', '-c', 'rm -r /emptied; mkdir /emptied; echo new >/emptied/new'];
    const dockerfile = `FROM base\nRUN ${JSON.stringify(remove)}\nENV PATH=/bin\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\nRUN ${JSON.stringify(refill)}\nCMD ${JSON.stringify(['/bin/sh', '-c', LOOK])}\n`;
    writeFileSync(first.path('context/Dockerfile'), dockerfile);
    await first.ok('barge', ['build', '-t', `${name}:1`, first.path('context')]);
    const here = await first.ok('barge', ['run', '--rm', `${name}:1`]);
    const pushed = await first.ok('barge', ['push', `${name}:1`]);
    const digest = /digest: (sha256:[0-9a-f]{64})/.exec(pushed)?.[1] ?? '';

    const there: string[] = [];
    for (const reference of [`${name}:1`, `${name}@${digest}`]) {
      assert.match(await second.ok('barge', ['pull', reference]), new RegExp(`Digest: ${digest}`));
      there.push(await second.ok('barge', ['run', '--rm', reference]));
      const format = '{{.Id}} {{json .RootFS.Layers}} {{json .Config.Cmd}}';
      const [a, b] = [
        await first.ok('barge', ['inspect', '-f', format, `${name}:1`]),
        await second.ok('barge', ['inspect', '-f', format, reference]),
      ];
      assert.equal(a, b);
      await second.ok('barge', ['rmi', '-f', reference]);
      assert.deepEqual(filesBelow(second, 'layers'), [], 'layers of a removed image');
    }
    assert.deepEqual(there, [here, here]);
    assert.match(here, /^\/busybox-capable 755 0 0 1 regular file/m);
    assert.match(here, /^\/setuid 4755 0 0 1 regular file/m);
    assert.match(here, /^\/null 666 0 0 1 character special file 1,3/m);
    assert.match(here, /^\/one 640 1000 1000 2 regular file 0,0 1000000000$/m);
    assert.match(here, /^linked\n\/one\nthe same inode\n\.\n\.\.\nnew\n/m);
    assert.match(here, /^null-works\ncaps CapEff: 0000000000002000$/m);
    assert.doesNotMatch(here, /removed|gone/);
  });

  test('pushing again and pulling again move no layer twice', async () => {
    await using registry = await startRegistry(first.path('registry2'));
    const name = `${registry.host}/again:1`;
    await first.ok('barge', ['tag', 'busybox', name]);
    await first.ok('barge', ['push', name]);
    assert.match(await first.ok('barge', ['push', name]), /Layer already exists/);
    await second.ok('barge', ['pull', name]);
    assert.match(await second.ok('barge', ['pull', name]), /Image is up to date/);
    await second.ok('barge', ['rmi', name]);
  });
});

/** What lies in a directory of the data root, at any depth. */
function filesBelow(daemon: TestDaemon, name: string): string[] {
  const directory = join(daemon.dataRoot, name);
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Pulls what must not arrive. @returns what the client said. */
async function refusedPull(host: string, tag = 'app:1'): Promise<string> {
  const { code, stdout, stderr } = await second.barge(['pull', `${host}/${tag}`]);
  assert.equal(code, 1, stdout + stderr);
  assert.equal(await second.ok('barge', ['images', '-aq']), '');
  assert.deepEqual([...filesBelow(second, 'blobs'), ...filesBelow(second, 'layers')], []);
  return stderr;
}

describe('from a registry that lies', () => {
  const layer = tarOf([{ name: 'file', content: someBytes(100_000) }]);

  const isLayer = (url: string | undefined, bytes: Buffer) =>
    url?.endsWith(`/blobs/${digestOf(bytes)}`) ?? false;

  test('a layer with other bytes than its digest says is refused, and nothing of it stays', async () => {
    const image = imageOf([await layer]);
    const wrong = Buffer.from(await layer);
    wrong[50_000] = (wrong[50_000] ?? 0) ^ 1;
    await using server = await serveImage(image, (request, response) => {
      if (!isLayer(request.url, image.layers[0]!)) return false;
      response.end(wrong);
      return true;
    });
    assert.match(await refusedPull(server.host), /digest|verification/i);
  });

  test('a layer that ends early is refused, whether the connection breaks or the length lies', async () => {
    const image = imageOf([await layer]);
    const whole = image.layers[0]!;
    for (const breaks of [true, false]) {
      await using server = await serveImage(image, (request, response) => {
        if (!isLayer(request.url, whole)) return false;
        if (breaks) {
          response.writeHead(200, { 'Content-Length': whole.length });
          response.write(whole.subarray(0, 60_000), () => response.destroy());
        } else response.end(whole.subarray(0, 60_000));
        return true;
      });
      assert.match(await refusedPull(server.host), /EOF|end|short|size|bytes|digest|closed|reset|hang up/i);
    }
  });

  test('a layer that unpacks to another digest than the configuration says is refused', async () => {
    await using server = await serveImage(imageOf([await layer], [digestOf(Buffer.from('another'))]));
    assert.match(await refusedPull(server.host), /digest|diff/i);
  });

  test('a configuration with another digest is refused', async () => {
    const image = imageOf([await layer]);
    await using server = await serveImage(
      { ...image, config: Buffer.concat([image.config, Buffer.from(' ')]) },
      (request, response) => {
        if (!isLayer(request.url, image.config)) return false;
        response.end(image.config.toString().replace('linux', 'linus'));
        return true;
      },
    );
    assert.match(await refusedPull(server.host), /digest|verification/i);
  });

  test('a manifest pulled by digest must have it', async () => {
    await using server = await serveImage(imageOf([await layer]));
    const other = digestOf(Buffer.from('another'));
    assert.match(await refusedPull(server.host, `app@${other}`), /digest|verification/i);
  });

  test('manifests that make no sense are refused in a sentence', async () => {
    const image = imageOf([await layer]);
    for (const text of [
      'not json',
      '{}',
      '{"schemaVersion":1}',
      JSON.stringify({ ...JSON.parse(`${image.manifest}`), layers: 7 }),
    ]) {
      await using server = await serveImage({ ...image, manifest: Buffer.from(text) });
      assert.doesNotMatch(
        await refusedPull(server.host),
        /undefined|is not a function|is not iterable|\n {4}at /,
        text,
      );
    }
  });
});

describe('from a layer that tries to escape', () => {
  const pulled = async (image: CraftedImage, look: (reference: string) => Promise<void>) => {
    await using server = await serveImage(image);
    const reference = `${server.host}/hostile:1`;
    const { code, stderr } = await second.barge(['pull', reference]);
    assert.doesNotMatch(stderr, /\n {4}at /);
    await look(reference);
    if (code === 0) await second.ok('barge', ['rmi', reference]);
    return { code, stderr };
  };
  const target = (name: string) => second.path(`outside-${name}`);

  test('a name with ../ is refused', async () => {
    const up = '../'.repeat(20);
    const image = imageOf([await tarOf([{ name: `${up}${target('up').slice(1)}`, content: 'out' }])]);
    const { code, stderr } = await pulled(image, async () => {});
    assert.equal(code, 1);
    assert.match(stderr, /\.\./);
    assert(!existsSync(target('up')));
  });

  test('an absolute name stays below the root of the image', async () => {
    const image = imageOf([await tarOf([{ name: target('absolute'), content: 'out' }])]);
    await pulled(image, async () => {});
    assert(!existsSync(target('absolute')));
  });

  test('nothing is written through a symlink that leads outside', async () => {
    mkdirSync(target('directory'));
    const entries: TarEntry[] = [
      { name: 'door', type: 'symlink', linkname: target('directory') },
      { name: 'door/in', content: 'out' },
      { name: 'up', type: 'symlink', linkname: `${'../'.repeat(20)}${target('directory').slice(1)}` },
      { name: 'up/in2', content: 'out' },
    ];
    const twoLayers = imageOf([await tarOf(entries.slice(0, 1)), await tarOf(entries.slice(1, 2))]);
    for (const image of [imageOf([await tarOf(entries)]), twoLayers]) await pulled(image, async () => {});
    assert.deepEqual(readdirSync(target('directory')), []);
  });

  test('a hard link reaches no file of the host', async () => {
    writeFileSync(target('secret'), 'the host’s');
    const entries: TarEntry[] = [
      { name: 'stolen', type: 'link', linkname: target('secret') },
      { name: 'stolen', content: 'overwritten' },
    ];
    await pulled(imageOf([await tarOf(entries)]), async () => {});
    const up = `${'../'.repeat(20)}${target('secret').slice(1)}`;
    await pulled(imageOf([await tarOf([{ name: 'stolen', type: 'link', linkname: up }])]), async () => {});
    assert.equal(readFileSync(target('secret'), 'utf8'), 'the host’s');
  });

  test('a whiteout removes nothing of the host', async () => {
    mkdirSync(target('kept'));
    writeFileSync(join(target('kept'), 'file'), '');
    const entries: TarEntry[] = [
      { name: 'door', type: 'symlink', linkname: target('kept') },
      { name: 'door/.wh.file', content: '' },
      { name: 'door/.wh..wh..opq', content: '' },
      { name: '.wh...', content: '' },
    ];
    await pulled(imageOf([await tarOf(entries)]), async () => {});
    assert.deepEqual(readdirSync(target('kept')), ['file']);
  });

  test('the daemon has survived it all and holds nothing of it', async () => {
    assert.equal(await second.ok('barge', ['images', '-aq']), '');
    assert.deepEqual([...filesBelow(second, 'blobs'), ...filesBelow(second, 'layers')], []);
  });
});

test('a full disk ends a pull with a clear message; the daemon lives on and takes what fits', async () => {
  const onTmpfs = (dataRoot: string) => {
    const script = 'mkdir -p "$0" && mount -t tmpfs -o size=12m tmpfs "$0" && exec "$@"';
    return ['unshare', '-m', 'sh', '-c', script, dataRoot];
  };
  const small = await TestDaemon.start({ wrapper: onTmpfs });
  try {
    const inside = `/proc/${small.pid}/root${small.dataRoot}`;
    const free = () => statfsSync(inside).bavail * statfsSync(inside).bsize;
    const before = free();
    const big = imageOf([await tarOf([{ name: 'big', content: someBytes(30 << 20) }])]);
    await using server = await serveImage(big);
    const { code, stderr } = await small.barge(['pull', `${server.host}/big`]);
    assert.equal(code, 1);
    assert.match(stderr, /no space left on device/i);
    assert(before - free() < 1 << 20, `${before - free()} bytes stay in use`);
    assert.equal(await small.ok('barge', ['images', '-aq']), '');
    await small.makeBusybox();
    assert.equal(await small.ok('barge', ['run', '--rm', 'busybox', 'echo', 'room enough']), 'room enough');
    const full = await small.barge([
      'run',
      '--rm',
      'busybox',
      'dd',
      'if=/dev/zero',
      'of=/big',
      'bs=1M',
      'count=30',
    ]);

    assert.match(full.stderr, /No space left on device/);
    assert.equal(await small.ok('barge', ['run', '--rm', 'busybox', 'echo', 'again']), 'again');
  } finally {
    await small.end();
  }
});

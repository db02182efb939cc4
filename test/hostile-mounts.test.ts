/** Mounts over /proc, asked for or brought about by links of an image, with real containers. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { TestDaemon } from './harness/daemon.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();

/** Builds an image in a context of its own. */
async function build(name: string, dockerfile: string) {
  const directory = daemon.path(`context-${name}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'Dockerfile'), dockerfile);
  return await daemon.barge(['build', '--progress=plain', '-t', name, directory]);
}

async function image(name: string, dockerfile: string): Promise<string> {
  const { code, stderr } = await build(name, dockerfile);
  assert.equal(code, 0, stderr);
  return name;
}

async function refused(args: readonly string[], why: RegExp): Promise<void> {
  const { code, stderr } = await daemon.barge(['run', '--rm', ...args]);
  assert.equal(code, 125, `${args.join(' ')}: ${stderr}`);
  assert.match(stderr, why, args.join(' '));
}

const INSIDE = /cannot be mounted because it is inside \/proc/;
const NOT_PROC = /'\/proc' cannot be mounted because it is not of type proc/;
const SEE = ['sh', '-c', 'test -r /proc/self/status && echo whole'];

describe('mounts over /proc', () => {
  test('by their own names are refused, whatever asks for them', async () => {
    const directory = daemon.path('some');
    mkdirSync(directory);
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['-v', 'vol:/proc/sys'], INSIDE],
      [['-v', `${directory}:/proc/1`], INSIDE],
      [['-v', '/proc/self'], INSIDE],
      [['-v', 'vol:/x/../proc/self/attr'], INSIDE],
      [['--tmpfs', '/proc/acpi'], INSIDE],
      [['--mount', 'type=tmpfs,dst=/proc/fs'], INSIDE],
      [['--mount', 'type=image,src=busybox,dst=/proc/irq'], INSIDE],
      [['-v', 'vol:/proc'], NOT_PROC],
      [['-v', `${directory}:/proc/`], NOT_PROC],
      [['--tmpfs', '/proc'], NOT_PROC],
      [['-v', 'vol:/'], /destination can't be '\/'/],
      [['--tmpfs', '/'], /destination can't be '\/'/],
    ];
    for (const [mount, why] of cases) await refused([...mount, 'busybox', ...SEE], why);
    const left = await daemon.ok('barge', ['volume', 'ls', '-q']);
    assert.equal(left, '', 'a refused mount leaves no volume');
  });

  test('of the few files that runc allows, and of the host’s own /proc, work', async () => {
    const run = (...args: string[]) => daemon.ok('barge', ['run', '--rm', ...args]);
    writeFileSync(daemon.path('uptime'), '1.00 2.00\n');
    const file = ['-v', `${daemon.path('uptime')}:/proc/uptime:ro`];
    assert.equal(await run(...file, 'busybox', 'cat', '/proc/uptime'), '1.00 2.00');
    assert.equal(await run('-v', '/proc:/proc', 'busybox', ...SEE), 'whole');
  });

  test('that an image or a build asks for are refused', async () => {
    await image('asks', 'FROM busybox\nVOLUME /proc/scsi\n');
    await refused(['asks', ...SEE], INSIDE);
    for (const mount of ['tmpfs,target=/proc/sys', 'cache,target=/proc/1', 'bind,target=/proc']) {
      const { code, stderr } = await build('mounts', `FROM busybox\nRUN --mount=type=${mount} true\n`);
      assert.equal(code, 1, mount);
      assert.match(stderr, /cannot be mounted because/, mount);
    }
  });
});

describe('links of an image', () => {
  test('lead no mount into /proc', async () => {
    const links =
      'ln -s /proc /whole && ln -s /proc/sys /part && ln -s part /twice && ln -s / /root-link && ln -s b /a && ln -s a /b';
    const name = await image('links', `FROM busybox\nRUN ${links}\n`);
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['-v', 'vol:/whole'], NOT_PROC],
      [['-v', 'vol:/whole/self'], INSIDE],
      [['-v', 'vol:/part'], INSIDE],
      [['-v', 'vol:/twice'], INSIDE],
      [['-v', 'vol:/root-link/proc/1'], INSIDE],
      [['--tmpfs', '/part'], INSIDE],
      [['-v', 'vol:/a'], /too many levels of symbolic links/],
    ];
    for (const [mount, why] of cases) await refused([...mount, name, ...SEE], why);
    assert.equal(await daemon.ok('barge', ['run', '--rm', '-v', 'vol:/root-link/d', name, ...SEE]), 'whole');
    const { code, stderr } = await build('again', 'FROM links\nRUN --mount=type=tmpfs,target=/part true\n');
    assert.equal(code, 1);
    assert.match(stderr, INSIDE);
  });

  test('do not turn the files that every container gets into files of /proc', async () => {
    const names = ['hosts', 'hostname', 'resolv.conf'];
    for (const [index, file] of names.entries()) {
      const stage = `FROM busybox AS one\nRUN mkdir /new && ln -s /proc/self/attr/exec /new/${file}\n`;
      const name = await image(`etc-${index}`, `${stage}FROM busybox\nCOPY --from=one /new/ /etc/\n`);
      await refused([name, ...SEE], INSIDE);
    }
    const moved = 'FROM busybox AS one\nRUN mkdir /new && cp -a /bin /new && ln -s /elsewhere /new/proc\n';
    const name = await image('moved', `${moved}FROM scratch\nCOPY --from=one /new/ /\n`);
    await refused([name, ...SEE], /filesystem "proc" must be mounted on ordinary directory/);
  });

  test('that a container made itself are looked at when it starts again', async () => {
    const script = 'mkdir -p /d/sys; test -e /moved || { mv /d /moved; ln -s /proc /d; }';
    await daemon.ok('barge', [
      'run',
      '--name',
      'changing',
      '-v',
      'vol2:/d/sys',
      'busybox',
      'sh',
      '-c',
      script,
    ]);
    const { code, stderr } = await daemon.barge(['start', 'changing']);
    assert.equal(code, 1);
    assert.match(stderr, INSIDE);
    await daemon.ok('barge', ['rm', '-f', 'changing']);
  });
});

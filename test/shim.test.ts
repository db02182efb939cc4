/** What a hostile or broken world does to the shim and barge-fs, both built with sanitizers. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { ShimLink as Link, ShimOptions } from '../src/container/shim.ts';
import { FS_STATUS } from '../src/host/linux/fs-status.ts';
import { tarOf } from './harness/crafted-image.ts';
import { eventually } from './harness/execute.ts';

const PROGRAMS = join(import.meta.dirname, '../dist/bin/sanitized');
const directory = mkdtempSync('/tmp/bs-');
process.env.BARGE_LIBEXEC = PROGRAMS;
process.env.ASAN_OPTIONS = `detect_leaks=0:log_path=${directory}/sanitizer`;
process.env.UBSAN_OPTIONS = `log_path=${directory}/sanitizer`;
const { ShimLink } = await import('../src/container/shim.ts');
const { LinuxProcesses } = await import('../src/host/linux/processes.ts');
const processes = new LinuxProcesses();
const { FrameReader } = await import('../src/container/frames.ts');

/**
 * Starts what follows the pid file, as `crun run -d` does. Not a shell script: a shell may reap what it has
 * started, and the exit code is the shim's to take.
 */
const RUNTIME = join(directory, 'runtime');
writeFileSync(
  RUNTIME,
  'my $file = shift; my $pid = fork; exec @ARGV if $pid == 0; open my $out, ">", $file; print $out $pid; close $out;',
);

/** Ended at last, so that a test that fails leaves nothing running. */
const links: Link[] = [];

const complaints = () => readdirSync(directory).filter((name) => name.startsWith('sanitizer'));

after(() => {
  for (const link of links) {
    link.kill(9);
    link.release();
  }
  const text = complaints().map((name) => readFileSync(join(directory, name), 'utf8'));
  rmSync(directory, { recursive: true });
  assert.deepEqual(text, []);
});

const BOTH = { stdin: false, stdout: true, stderr: true, raw: false };
const WITH_INPUT = { ...BOTH, stdin: true };

async function shell(
  script: string,
  options: Partial<ShimOptions> = {},
): Promise<{ dir: string; link: Link; attached: readonly Socket[] }> {
  const dir = mkdtempSync(join(directory, 'shim-'));
  const { link, attached } = await ShimLink.start(processes, {
    directory: dir,
    tty: false,
    stdin: false,
    stdinOnce: false,
    attach: [],
    log: { path: join(dir, 'log'), maxSize: 1 << 20, maxFiles: 3 },
    runtime: ['perl', RUNTIME, join(dir, 'pid'), 'sh', '-c', script],
    ...options,
  });
  links.push(link);
  return { dir, link, attached };
}

async function framesOf(socket: Socket): Promise<{ stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  const frames = new FrameReader((stream, chunk) => {
    said[stream] += chunk;
  });
  for await (const chunk of socket) frames.push(chunk);
  return said;
}

/** A bare control connection. */
async function control(dir: string): Promise<Socket> {
  const socket = connect(join(dir, 'sock'));
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(Buffer.from('C\0\0\0\0\0\0\0'));
  return socket;
}

describe('the shim', () => {
  test('raw readers get bare bytes, and a reader of one stream nothing of the other', async () => {
    const script = 'read x; printf out; printf err >&2';
    const readers = [WITH_INPUT, { ...BOTH, raw: true }, { ...BOTH, stdout: false }];
    const { attached } = await shell(script, { stdin: true, attach: readers });
    let bare = '';
    attached[1]!.on('data', (chunk) => {
      bare += chunk;
    });
    const errors = framesOf(attached[2]!);
    attached[0]!.write('\n');
    assert.deepEqual(await errors, { stdout: '', stderr: 'err' });
    assert(['outerr', 'errout'].includes(bare), bare);
  });

  test('a log that cannot be written stops nobody', async () => {
    const log = { path: '/dev/full', maxSize: 1 << 20, maxFiles: 1 };
    const { link, attached } = await shell('seq 1 1000; exit 4', { attach: [BOTH], log });
    assert.equal((await framesOf(attached[0]!)).stdout.trim().split('\n').length, 1000);
    assert.equal((await link.exit).code, 4);
  });

  test('without stdin-once input outlives its first writer and ends when told', async () => {
    const { dir, link, attached } = await shell('exec cat', { stdin: true, attach: [WITH_INPUT] });
    attached[0]!.write('first\n');
    await once(attached[0]!, 'data');
    attached[0]!.destroy();
    const second = await link.attach(WITH_INPUT);
    second.write('second\n');
    const [frame] = await once(second, 'data');
    assert.equal(String(frame).slice(8), 'second\n');
    (await control(dir)).write('close-stdin\n');
    assert.equal((await link.exit).code, 0);
  });

  test('a child that keeps the output open does not hold the exit back', async () => {
    const { link, attached } = await shell('sleep 1000 & echo $!; exit 5', { attach: [BOTH] });
    const said = framesOf(attached[0]!);
    assert.equal((await link.exit).code, 5);
    await link.gone;
    process.kill(Number((await said).stdout), 'SIGKILL');
  });

  test('it goes on without a controller, and a new one learns the pid and the end', async () => {
    const { dir, link } = await shell('read x; exit 9', { stdin: true });
    await link.outcome;
    link.release();
    const again = await ShimLink.reconnect(dir);
    assert.deepEqual(await again?.outcome, { kind: 'started', pid: link.pid });
    (await again?.attach(WITH_INPUT))?.write('\n');
    assert.equal((await again?.exit)?.code, 9);
    await again?.gone;
    await eventually('nobody answers any more', async () => (await ShimLink.reconnect(dir)) === undefined);
  });

  test('nonsense and a crowd on its socket harm neither it nor the process', async () => {
    const { dir, link } = await shell('read x; exit 2', { stdin: true });
    await link.outcome;
    const speaker = await control(dir);
    const lines = [
      'kill',
      'kill x',
      'kill 99999999999',
      'resize',
      'resize -1 -1',
      'x'.repeat(100_000),
      '',
      '\0\0',
    ];
    for (const line of lines) speaker.write(`${line}\n`);
    for (const bytes of ['Q', 'A', 'A\xff\xff', '\0'.repeat(8), 'Zzzzzzzz']) {
      const socket = connect(join(dir, 'sock')).on('error', () => {});
      await once(socket, 'connect');
      socket.end(Buffer.from(bytes, 'latin1'));
    }
    const crowd: Socket[] = [];
    for (let i = 0; i < 40; i++) {
      const socket = connect(join(dir, 'sock')).on('error', () => {});
      await once(socket, 'connect');
      crowd.push(socket);
    }
    for (const socket of crowd) socket.destroy();
    (await link.attach(WITH_INPUT)).write('\n');
    assert.equal((await link.exit).code, 2);
  });

  test('an option that does not exist is refused with exit code 2', () => {
    const { status, stderr } = spawnSync(join(PROGRAMS, 'barge-shim'), ['--nonsense', 'x', '--', 'true'], {
      encoding: 'utf8',
    });
    assert.equal(status, 2);
    assert.match(stderr, /unknown option --nonsense/);
  });
});

describe('barge-fs', () => {
  const run = (command: string, root: string, input: Buffer = Buffer.alloc(0), ...more: string[]) =>
    spawnSync(join(PROGRAMS, 'barge-fs'), [command, '--root', root, ...more], {
      input,
      maxBuffer: 64 << 20,
      timeout: 20_000,
    });

  function newRoot(): string {
    return mkdtempSync(join(directory, 'root-'));
  }

  /** One of everything. */
  const everything = tarOf([
    { name: 'directory', type: 'directory', mode: 0o750 },
    {
      name: 'directory/file',
      content: 'x'.repeat(3000),
      mode: 0o4755,
      uid: 7,
      gid: 8,
      mtime: new Date(1e12),
    },
    { name: 'hard', type: 'link', linkname: 'directory/file' },
    { name: 'soft', type: 'symlink', linkname: '../../../etc/passwd' },
    { name: 'null', type: 'character-device', devmajor: 1, devminor: 3 },
    { name: 'fifo', type: 'fifo' },
    { name: `${'d'.repeat(120)}/${'f'.repeat(200)}`, content: 'long' },
    {
      name: 'tagged',
      content: 'y',
      pax: {
        'SCHILY.xattr.user.note': 'kept',
        'SCHILY.xattr.security.capability': `\x01\0\0\x02\0\x20${'\0'.repeat(14)}`,
      },
    },
    { name: 'gone/.wh.file', content: '' },
    { name: 'fresh/.wh..wh..opq', content: '' },
  ]);

  test('attributes, links, devices and whiteouts come back from a round trip, byte for byte the same', async () => {
    const root = newRoot();
    assert.equal(run('unpack', root, await everything, '--layer').status, 0);
    const packed = run('pack', root, undefined, '--layer').stdout;
    const text = packed.toString('latin1');
    for (const part of [
      'SCHILY.xattr.user.note=kept',
      'SCHILY.xattr.security.capability=',
      'gone/.wh.file',
      'fresh/.wh..wh..opq',
    ]) {
      assert(text.includes(part), part);
    }
    const copy = newRoot();
    assert.equal(run('unpack', copy, packed, '--layer').status, 0);
    assert(run('pack', copy, undefined, '--layer').stdout.equals(packed));
  });

  test('hard links and devices through hostile names stay inside', async () => {
    const outside = newRoot();
    writeFileSync(join(outside, 'secret'), 'secret');
    for (const linkname of [join(outside, 'secret'), `${'../'.repeat(12)}${outside.slice(1)}/secret`]) {
      const root = newRoot();
      const { status } = run(
        'unpack',
        root,
        await tarOf([
          { name: 'stolen', type: 'link', linkname },
          { name: 'stolen', content: 'changed' },
        ]),
      );
      assert([0, 1, 2].includes(status ?? -1));
      assert.equal(readFileSync(join(outside, 'secret'), 'utf8'), 'secret');
    }
  });

  test('a tree that appears under its own symlink is not followed out of the root', async () => {
    const outside = newRoot();
    mkdirSync(join(outside, 'kept'));
    const root = newRoot();
    const entries = [
      { name: 'way', type: 'symlink' as const, linkname: outside },
      { name: 'way/kept', content: 'a file in place of a directory' },
      { name: 'way/.wh.kept', content: '' },
    ];
    run('unpack', root, await tarOf(entries), '--layer');
    assert.deepEqual(readdirSync(outside), ['kept']);
  });

  test('archives cut short anywhere are refused with an exit code of their own and a word about it', async () => {
    const whole = await everything;
    for (let length = 100; length < whole.length - 1024; length += 700) {
      if (endsWithContent(whole, length)) continue;
      const { status, stderr } = run('unpack', newRoot(), whole.subarray(0, length));
      assert.equal(status, FS_STATUS['ends-early'], `${length}: ${stderr}`);
      assert.match(String(stderr), /ends in the middle of/);
    }
  });

  /** Whether all that a cut leaves out of an archive's last entry is padding, without which it is whole. */
  function endsWithContent(archive: Buffer, length: number): boolean {
    for (let at = 0; at < length; ) {
      const size = Number.parseInt(archive.toString('latin1', at + 124, at + 136), 8) || 0;
      const [end, next] = [at + 512 + size, at + 512 + Math.ceil(size / 512) * 512];
      if (length <= next) return length >= end;
      at = next;
    }
    return true;
  }

  test('damaged archives never upset it: it unpacks, or refuses with a sentence', async () => {
    const whole = await everything;
    for (let round = 0; round < 250; round++) {
      const damaged = Buffer.from(whole);
      const places = Array.from(
        { length: randomInt(1, 6) },
        () => [randomInt(damaged.length), randomInt(256)] as const,
      );
      for (const [at, byte] of places) damaged[at] = byte;
      if (round % 2 === 0) mendChecksums(damaged);
      const { status, signal, stderr } = run('unpack', newRoot(), damaged, '--layer');
      const told = `places ${JSON.stringify(places)}, status ${status}, signal ${signal}: ${stderr}`;
      assert([0, FS_STATUS.failed, FS_STATUS.invalid, FS_STATUS['ends-early']].includes(status ?? -1), told);
      assert.deepEqual(complaints(), [], told);
      assert.equal(status === 0, String(stderr) === '', told);
    }
  });

  /** Makes every 512-byte block that looks like a header one with the right sum, so that damage gets past it. */
  function mendChecksums(archive: Buffer): void {
    for (let at = 0; at + 512 <= archive.length; at += 512) {
      const block = archive.subarray(at, at + 512);
      if (block.toString('latin1', 257, 262) !== 'ustar') continue;
      block.fill(' ', 148, 156);
      const sum = block.reduce((total, byte) => total + byte, 0);
      block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    }
  }

  test('packing what is not there fails with a sentence', () => {
    const { status, stderr } = run('pack', newRoot(), undefined, '--path', 'missing');
    assert.equal(status, 1);
    assert.match(String(stderr), /missing: No such file or directory/);
  });

  test('a slow reader of a packed archive gets all of it', async () => {
    const root = newRoot();
    writeFileSync(join(root, 'big'), Buffer.alloc(5 << 20, 'z'));
    const { stdout } = spawnSync(
      'sh',
      ['-c', `${join(PROGRAMS, 'barge-fs')} pack --root ${root} | (sleep 0.2; tar -tv)`],
      { encoding: 'utf8' },
    );
    assert.match(stdout, / 5242880 .* big$/m);
    await eventually('no sanitizer has complained', () => complaints().length === 0);
  });
});

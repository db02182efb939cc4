import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FrameReader } from '../../src/container/frames.ts';
import { readLog } from '../../src/container/log/read.ts';
import { type AttachRequest, readExitRecord, ShimLink, type ShimOptions } from '../../src/container/shim.ts';
import { OomScores } from '../../src/host/linux/oom-scores.ts';
import { LinuxProcesses } from '../../src/host/linux/processes.ts';

const processes = new LinuxProcesses();

process.env.ASAN_OPTIONS = 'detect_leaks=0';

/**
 * Stands for crun: starts the script of the directory and leaves its pid, or fails as told. Not a shell script: a
 * shell may reap what it started in the background, and with it the exit code that is the shim's to take.
 */
const RUNTIME = `#!/usr/bin/perl
my ($command, $directory) = @ARGV;
exit 3 if $command eq 'fail';
if ($command eq 'delete') { open my $file, '>', "$directory/deleted"; exit 0 }
if ($command eq 'probe') {
  require POSIX;
  my $own = POSIX::access('/proc/self/exe', POSIX::W_OK()) ? 'writable' : $!{EROFS} ? 'read-only' : "$!";
  open my $file, '>', "$directory/probed"; print $file "$own $ENV{_LIBCONTAINER_CLONED_BINARY}"; close $file;
}
my $pid = fork;
exec 'sh', "$directory/script" if $pid == 0;
open my $file, '>', "$directory/pid"; print $file $pid; close $file;
`;

const BOTH: AttachRequest = { stdin: true, stdout: true, stderr: true, raw: false };

interface Started {
  readonly directory: string;
  readonly link: ShimLink;
  readonly attached: readonly Socket[];
}

async function start(t: TestContext, script: string, options: Partial<ShimOptions> = {}): Promise<Started> {
  const directory = await mkdtemp(join(tmpdir(), 'bs-'));
  const runtime = join(directory, 'runtime');
  await writeFile(runtime, RUNTIME);
  await chmod(runtime, 0o755);
  await writeFile(join(directory, 'script'), script);
  const { link, attached } = await ShimLink.start(processes, {
    directory,
    tty: false,
    stdin: true,
    stdinOnce: true,
    attach: [BOTH],
    runtime: [runtime, 'run', directory],
    cleanup: [runtime, 'delete', directory],
    ...options,
  });
  t.after(async () => {
    link.kill(9);
    for (const stream of attached) stream.destroy();
    await link.gone;
    await rm(directory, { recursive: true });
  });
  return { directory, link, attached };
}

/** Everything a reader gets, by stream, once the shim hangs up. */
async function outputOf(stream: Socket | undefined): Promise<{ stdout: string; stderr: string }> {
  const text = { stdout: '', stderr: '' };
  const frames = new FrameReader((name, chunk) => {
    text[name] += chunk.toString('latin1');
  });
  for await (const chunk of stream ?? []) frames.push(chunk);
  return text;
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(10)) {
    if (await condition()) return;
  }
  assert.fail(`timed out waiting until ${what}`);
}

test('output comes apart by stream, the exit code is told and written down, the runtime cleans up', async (t) => {
  const { directory, link, attached } = await start(t, 'echo out; echo err >&2; exit 7');
  assert.deepEqual(await outputOf(attached[0]), { stdout: 'out\n', stderr: 'err\n' });
  const exit = await link.exit;
  assert.equal(exit.code, 7);
  assert.equal(exit.oomKilled, false);
  assert.ok(Math.abs(exit.at - Date.now()) < 60_000);
  await link.gone;
  assert.equal((await readExitRecord(directory))?.code, 7);
  assert.equal(await readFile(join(directory, 'deleted'), 'utf8'), '');
});

test('a runtime that fails ends the start with its code', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'bs-'));
  t.after(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'runtime'), RUNTIME, { mode: 0o755 });
  const { link } = await ShimLink.start(processes, {
    directory,
    tty: false,
    stdin: false,
    stdinOnce: false,
    attach: [],
    runtime: [join(directory, 'runtime'), 'fail'],
  });
  assert.deepEqual(await link.outcome, { kind: 'runtime-failed', code: 3 });
  await link.gone;
});

test('input reaches the process, and its half-close is the end of the input', async (t) => {
  const { link, attached } = await start(t, 'tr a-z A-Z; echo done');
  const stream = attached[0];
  const bytes = 'hello\n'.repeat(20_000);
  stream?.end(bytes);
  const { stdout } = await outputOf(stream);
  assert.equal(stdout.length, bytes.length + 5);
  assert.ok(stdout.startsWith('HELLO\n') && stdout.endsWith('done\n'));
  assert.equal((await link.exit).code, 0);
});

test('a signal goes to the process, whose exit code tells of it', async (t) => {
  const { link } = await start(t, 'exec sleep 100');
  assert.equal((await link.outcome).kind, 'started');
  link.kill(15);
  assert.equal((await link.exit).code, 128 + 15);
});

test('a reader that comes later gets what comes from then on; each reader gets everything', async (t) => {
  const { directory, link, attached } = await start(t, 'echo first; read line; echo "got $line"');
  const [first] = attached;
  const firstOutput = outputOf(first);
  await until(() => (first?.bytesRead ?? 0) >= 14, 'the first line has come');
  const late = await ShimLink.reconnect(directory);
  assert.ok(late);
  assert.equal((await late.outcome).kind, 'started');
  const second = await late.attach({ ...BOTH, stdin: false, raw: true });
  await sleep(50); /* the shim reads hellos in the order in which they come */
  first?.write('x\n');
  let text = '';
  for await (const chunk of second) text += chunk;
  assert.equal(text, 'got x\n');
  assert.equal((await firstOutput).stdout, 'first\ngot x\n');
  assert.equal((await late.exit).code, 0);
  await link.gone;
});

test('a reader that does not read holds the process up, and loses nothing', async (t) => {
  const size = 3_000_000;
  const { directory, attached } = await start(t, `head -c ${size} /dev/zero; echo end`);
  const stream = attached[0];
  stream?.pause();
  const pid = Number(await waitForPid(directory));
  await sleep(300);
  assert.match(await readFile(`/proc/${pid}/status`, 'utf8'), /^State:\s+[SR]/m);
  const { stdout } = await outputOf(stream);
  assert.equal(stdout.length, size + 4);
});

async function waitForPid(directory: string): Promise<string> {
  let pid = '';
  await until(async () => {
    pid = await readFile(join(directory, 'pid'), 'utf8').catch(() => '');
    return pid !== '';
  }, 'the process has started');
  return pid;
}

test('the log keeps all that was said, rotated by size', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'bs-log-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'log');
  const { link } = await start(
    t,
    'i=0; while [ $i -lt 300 ]; do echo "line $i"; i=$((i+1)); done; echo end >&2',
    {
      attach: [],
      log: { path, maxSize: 2000, maxFiles: 50 },
    },
  );
  await link.exit;
  const lines: string[] = [];
  for await (const line of readLog(path, { stdout: true, stderr: false })) lines.push(line.text.toString());
  assert.deepEqual(
    lines,
    Array.from({ length: 300 }, (_, i) => `line ${i}\n`),
  );
  assert.ok((await readFile(path)).length <= 2000);
});

/** What a runtime finds of the file that it was executed from. */
async function probe(t: TestContext, offMount: boolean): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'bs-'));
  t.after(() => rm(directory, { recursive: true }));
  await Promise.all([
    writeFile(join(directory, 'runtime.pl'), RUNTIME),
    writeFile(join(directory, 'script'), 'exit 0'),
  ]);
  const { link } = await start(t, 'exit 0', {
    runtime: ['/usr/bin/perl', join(directory, 'runtime.pl'), 'probe', directory],
    offMount,
  });
  await link.outcome;
  return await readFile(join(directory, 'probed'), 'utf8');
}

test('crun runs off a read-only mount, and is told, so that it makes none itself; others do not', async (t) => {
  assert.equal(await probe(t, true), 'read-only 1');
  assert.equal(await probe(t, false), 'writable ');
});

test('only so many rotated files are kept', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'bs-log-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'log');
  const { link } = await start(
    t,
    'i=0; while [ $i -lt 300 ]; do echo "line $i"; sleep 0.001; i=$((i+1)); done',
    {
      attach: [],
      log: { path, maxSize: 1000, maxFiles: 2 },
    },
  );
  await link.exit;
  const names = (await readdir(directory)).filter((name) => name.startsWith('log'));
  assert.equal(names.length, 2);
  assert.match(names.toSorted()[1] ?? '', /^log\.[3-9]$|^log\.\d\d/, 'a number is used once');
  const lines: string[] = [];
  for await (const line of readLog(path, { stdout: true, stderr: true })) lines.push(line.text.toString());
  assert.equal(lines.at(-1), 'line 299\n');
  assert.ok(lines.length < 100);
});

/** The score of the shim, and those of the container's process and of what the runtime says about itself. */
async function scoresOf(t: TestContext, options: Partial<ShimOptions>) {
  const { link } = await start(t, 'exec sleep 1000', options);
  assert.equal((await link.outcome).kind, 'started');
  const of = async (pid: number) => Number(await readFile(`/proc/${pid}/oom_score_adj`, 'utf8'));
  return { shim: await of(link.shimPid ?? 0), container: await of(link.pid) };
}

test('the shim has an OOM score of its own, which its container does not inherit', async (t) => {
  const own = Number(await readFile('/proc/self/oom_score_adj', 'utf8'));
  assert.deepEqual(await scoresOf(t, {}), { shim: own, container: own });
  assert.deepEqual(await scoresOf(t, { ownOomScore: 700 }), { shim: 700, container: own });
  assert.deepEqual(await scoresOf(t, { ownOomScore: 700, oomScore: 900 }), { shim: 700, container: 900 });
});

test('a score that the host refuses leaves everything as it is', async (t) => {
  const own = Number(await readFile('/proc/self/oom_score_adj', 'utf8'));
  const possible = new OomScores().can(-998);
  const { shim, container } = await scoresOf(t, { ownOomScore: -998 });
  assert.deepEqual([shim, container], [possible ? -998 : own, own]);
});

test('a shim that cannot work reports the kernel’s reason by its number, too', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'bs-'));
  t.after(() => rm(directory, { recursive: true }));
  const { link } = await ShimLink.start(processes, {
    directory,
    tty: false,
    stdin: false,
    stdinOnce: false,
    attach: [],
    cgroup: join(directory, 'missing'),
    runtime: ['true'],
  });
  assert.deepEqual(await link.outcome, {
    kind: 'shim-failed',
    message: `opening the cgroup ${join(directory, 'missing')}: No such file or directory`,
    errno: 'ENOENT',
  });
  await link.gone;
});

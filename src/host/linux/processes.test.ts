import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { cannotStart } from '../../core/start-child.ts';
import { ProcessFailure } from '../process.ts';
import { LinuxProcesses } from './processes.ts';

const processes = new LinuxProcesses();
const shell = (script: string) => ['-c', script] as const;

test('a result has the command, the exit code, the time and what was printed', async () => {
  const result = await processes.capture('sh', shell('cat; echo oops >&2; exit 3'), { input: 'in\n' });
  const { duration, ...rest } = result;
  assert.ok(duration > 0);
  assert.deepEqual(rest, {
    command: 'sh -c cat; echo oops >&2; exit 3',
    exitCode: 3,
    signal: undefined,
    timedOut: false,
    cancelled: false,
    stdout: 'in\n',
    stderr: 'oops\n',
  });
});

test('any signal that ended a process is in its result, and in the exit code as a shell has it', async () => {
  for (const [name, exitCode] of [
    ['SEGV', 139],
    ['USR1', 138],
    ['KILL', 137],
  ] as const) {
    const result = await processes.capture('sh', shell(`kill -${name} $$`));
    assert.deepEqual([result.signal, result.exitCode], [`SIG${name}`, exitCode]);
  }
});

test('a process that takes too long is killed, also one that ignores SIGTERM', async () => {
  const result = await processes.capture('sh', shell('trap "" TERM; echo begun; exec sleep 1000'), {
    timeout: 300,
  });
  assert.deepEqual([result.timedOut, result.cancelled, result.signal], [true, false, 'SIGKILL']);
});

test('a cancelled process rejects with its result', async () => {
  const stop = new AbortController();
  const running = processes.capture('sleep', ['1000'], { signal: stop.signal, timeout: 60_000 });
  stop.abort();
  await assert.rejects(running, (error) => {
    assert.ok(error instanceof ProcessFailure);
    assert.deepEqual([error.kind, error.result.cancelled, error.result.timedOut], ['cancelled', true, false]);
    return true;
  });
  const piped = processes.pipe('sleep', ['1000'], { signal: AbortSignal.abort() });
  await assert.rejects(piped.done, { kind: 'cancelled' });
});

test('running a command rejects for another exit code than 0, with what it printed', async () => {
  await assert.rejects(processes.run('sh', shell('echo why >&2; exit 4')), (error) => {
    assert.ok(error instanceof ProcessFailure);
    assert.equal(error.message, 'sh -c echo why >&2; exit 4 exited with 4: why');
    assert.equal(error.result.exitCode, 4);
    return true;
  });
});

test('a program that does not exist is named, whichever way it was to be started', async () => {
  const missing = {
    kind: 'system',
    message: /^cannot start a process: \/nowhere\/at\/all: is it installed\?/,
  };
  await assert.rejects(processes.capture('/nowhere/at/all', [], { input: 'x' }), missing);
  await assert.rejects(
    processes.startDetached({ program: '/nowhere/at/all', args: [], streams: 1 }),
    missing,
  );
  const piped = processes.pipe('/nowhere/at/all', []);
  piped.stdin.write('x');
  await assert.rejects(buffer(piped.stdout), missing);
  await assert.rejects(piped.done, missing);
});

test('a child that does not read its input harms nobody', async () => {
  const input = 'x'.repeat(1 << 20);
  assert.equal((await processes.capture('true', [], { input })).exitCode, 0);
  const piped = processes.pipe('true', []);
  piped.stdin.write(input);
  assert.equal((await piped.done).exitCode, 0);
});

test('each limit of the kernel is unavailable, and says what to do', () => {
  for (const [code, advice] of [
    ['EAGAIN', /TasksMax/],
    ['EMFILE', /LimitNOFILE/],
    ['ENFILE', /fs\.file-max/],
    ['ENOMEM', /memory/],
  ] as const) {
    const error = cannotStart('ip', Object.assign(new Error(`spawn ${code}`), { code }));
    assert.equal('kind' in error && error.kind, 'unavailable');
    assert.match(error.message, advice);
    assert.match(error.message, new RegExp(`^cannot start a process: ip: .*\\(${code}\\)$`));
  }
});

test('without descriptors every start fails with that reason, nothing is thrown elsewhere, and later starts work', () => {
  const script = join(import.meta.dirname, 'testing-limits.ts');
  const text = execFileSync('prlimit', ['--nofile=40', process.execPath, script], { encoding: 'utf8' });
  const { found: all, table } = JSON.parse(text) as Record<'found' | 'table', Record<string, string>>;
  const { afterwards, ...found } = all;
  assert.equal(afterwards, 'none');
  for (const [way, failure] of Object.entries(found)) {
    assert.match(failure, /^unavailable: cannot start a process: true: .*LimitNOFILE.*\(EMFILE\)$/, way);
  }
  /* A process that cannot be looked at has not ended. */
  for (const failure of Object.values(table)) assert.match(failure, /^other: EMFILE/);
});

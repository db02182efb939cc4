/** Log drivers, rotation and reading, with real containers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { TestDaemon } from './harness/daemon.ts';
import { withoutDocker } from './harness/docker.ts';
import { eventually } from './harness/execute.ts';

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);

/** A syslog server over TCP; collects what comes, whole lines. */
async function startSyslog() {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let rest = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      received.push(...parts);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    received,
    address: `tcp://127.0.0.1:${port}`,
    hangUp: () => {
      for (const socket of sockets) socket.destroy();
    },
    [Symbol.dispose]: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

describe('logs', { skip: withoutDocker() }, async () => {
  const daemon = await TestDaemon.start();
  after(() => daemon.end());
  await daemon.makeBusybox();
  const ok = (...args: string[]) => daemon.ok('docker', args);
  const ended = (name: string) => ok('wait', name);

  test('a bounded log keeps its newest part, in files of the size asked for, compressed', async () => {
    const size = ['--log-driver', 'local', '--log-opt', 'max-size=10k', '--log-opt', 'max-file=3'];
    const id = await ok('run', '-d', '--name', 'bounded', ...size, 'busybox', 'seq', '1', '200000');
    await ended('bounded');
    const files = () =>
      readdirSync(join(daemon.dataRoot, 'containers', id)).filter((f) => f.startsWith('log'));
    await eventually(
      'rotated files are compressed',
      () => files().filter((f) => f.endsWith('.gz')).length === 2,
    );
    assert.equal(files().length, 3);
    const lines = (await ok('logs', 'bounded')).split('\n');
    const first = Number(lines[0]);
    assert.ok(first > 100_000 && first < 200_000, `the log begins with line ${lines[0]}`);
    assert.deepEqual(lines, numbers(first, 200_000));
    assert.equal(await ok('logs', '--tail', '3', 'bounded'), numbers(199998, 200000).join('\n'));
    assert.equal(await ok('logs', '--tail', '0', 'bounded'), '');
    await ok('rm', 'bounded');
  });

  test('--details shows what the options choose, --timestamps comes first', async () => {
    const options = ['--log-opt', 'labels=team', '--log-opt', 'env=A', '--log-opt', 'tag={{.Name}}'];
    await ok(
      'run',
      '--name',
      'detailed',
      '--label',
      'team=x y',
      '-e',
      'A=1',
      ...options,
      'busybox',
      'echo',
      'hi',
    );
    assert.equal(await ok('logs', '--details', 'detailed'), 'A=1,tag=detailed,team=x+y hi');
    assert.match(
      await ok('logs', '--details', '-t', 'detailed'),
      /^\d{4}-\S+Z A=1,tag=detailed,team=x\+y hi$/,
    );
    await ok('rm', 'detailed');
  });

  test('following ends at the time that was asked for', async () => {
    await ok('run', '-d', '--name', 'endless', 'busybox', 'sh', '-c', 'echo a; sleep 1000');
    await eventually('it has spoken', async () => (await ok('logs', 'endless')) === 'a');
    const until = `${Math.floor(Date.now() / 1000) + 1}`;
    assert.equal(await ok('logs', '--follow', '--until', until, 'endless'), 'a');
    await ok('rm', '-f', 'endless');
  });

  test('following a log that rotates quickly misses and repeats nothing', async () => {
    const size = ['--log-opt', 'max-size=4k', '--log-opt', 'max-file=1000'];
    const script = 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i; done';
    await ok('run', '-d', '--name', 'quick', ...size, 'busybox', 'sh', '-c', script);
    assert.deepEqual((await ok('logs', '-f', 'quick')).split('\n'), numbers(1, 3000));
    await ok('rm', 'quick');
  });

  test('syslog gets every line, over hang-ups and a restart of the daemon, and logs reads them too', async () => {
    using server = await startSyslog();
    const options = ['--log-driver', 'syslog', '--log-opt', `syslog-address=${server.address}`];
    const tag = ['--log-opt', 'tag=t', '--log-opt', 'syslog-facility=local1'];
    const script = 'seq 1 3; until [ -e /go ]; do sleep 0.05; done; seq 4 6 >&2; sleep 1000';
    const id = await ok('run', '-d', '--name', 'sent', ...options, ...tag, 'busybox', 'sh', '-c', script);
    await eventually('the first lines have come', () => server.received.length === 3);
    server.hangUp();
    await ok('exec', 'sent', 'touch', '/go');
    await eventually('lines come over a new connection', () => server.received.length >= 6);
    await daemon.stop('SIGTERM');
    await daemon.startAgain();
    assert.equal(await ok('inspect', '-f', '{{.State.Running}}', id), 'true');
    await ok('stop', '-t', '0', 'sent');
    const { stdout, stderr } = await daemon.docker(['logs', 'sent']);
    assert.deepEqual([stdout, stderr], ['1\n2\n3\n', '4\n5\n6\n']);
    const texts = server.received.map((line) => /^<(\d+)>.* t\[\d+\]: (.*)$/.exec(line)?.slice(1).join(' '));
    assert.deepEqual(texts, ['142 1', '142 2', '142 3', '139 4', '139 5', '139 6']);
    await ok('rm', 'sent');
  });

  test('a driver whose target is not there refuses the start', async () => {
    using server = await startSyslog();
    const gone = server.address;
    server[Symbol.dispose]();
    const options = ['--log-driver', 'syslog', '--log-opt', `syslog-address=${gone}`];
    const { code, stderr } = await daemon.docker(['run', '--rm', ...options, 'busybox', 'true']);
    assert.equal(code, 125);
    assert.match(stderr, /failed to initialize logging driver: connect ECONNREFUSED/);
  });
});

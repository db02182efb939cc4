import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { FakeDaemon } from '../testing/fake-daemon.ts';

const CLIENT = resolve(import.meta.dirname, '../../bin/barge.ts');
const WEB = 'a'.repeat(64);
const NEW = 'b'.repeat(64);

/** A sample that has used `used` of 1000 ns on two CPUs. */
const sample = (id: string, name: string, used: number) => ({
  id,
  name: `/${name}`,
  cpu_stats: { cpu_usage: { total_usage: used }, system_cpu_usage: 1000, online_cpus: 2 },
  precpu_stats: { cpu_usage: { total_usage: 0 }, system_cpu_usage: 0 },
  memory_stats: { usage: 3 * 1024 * 1024, limit: 1024 ** 3, stats: { inactive_file: 1024 * 1024 } },
  networks: { eth0: { rx_bytes: 1500, tx_bytes: 20 } },
  blkio_stats: { io_service_bytes_recursive: [{ op: 'Read', value: 4096 }] },
  pids_stats: { current: 7 },
});

test('stats --no-stream requests every container once', async () => {
  await using daemon = await FakeDaemon.start(({ path }) =>
    path === '/containers/json' ? { body: [{ Id: WEB }] } : { body: sample(WEB, 'web', 250) },
  );
  const { stdout, code } = await daemon.run(['stats', '--no-stream']);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS\na{12} +web +50\.00% +2MiB \/ 1GiB +0\.20% +1\.5kB \/ 20B +4\.1kB \/ 0B +7\n$/,
  );
  assert.equal(daemon.seen[1]?.query.get('stream'), 'false');
});

test('stats of named containers ends when they are gone', async () => {
  await using daemon = await FakeDaemon.start(({ path }) =>
    path.endsWith('/stats') ? { chunks: [`${JSON.stringify(sample(WEB, 'web', 250))}\n`] } : undefined,
  );
  const { stdout, code } = await daemon.run(['stats', '--format', '{{.Container}} {{.CPUPerc}}', 'web']);
  assert.equal(code, 0);
  assert.match(stdout, /web (?:50\.00%|--)\n$/);
});

test('a missing container is reported', async () => {
  await using daemon = await FakeDaemon.start(() => ({
    status: 404,
    body: { message: 'No such container: x' },
  }));
  const { stderr, code } = await daemon.run(['stats', 'x']);
  assert.equal(code, 1);
  assert.equal(stderr, 'Error response from daemon: No such container: x\n');
});

test('containers that start while the table is shown are added', async () => {
  const never = new Promise<void>(() => {});
  const start = JSON.stringify({
    Type: 'container',
    Action: 'start',
    Actor: { ID: NEW, Attributes: {} },
    time: 1,
  });
  await using daemon = await FakeDaemon.start(({ path }) => {
    if (path === '/containers/json') return { body: [] };
    if (path === '/events') return { chunks: [`${start}\n`], after: never };
    return { chunks: [`${JSON.stringify(sample(NEW, 'new', 500))}\n`], after: never };
  });
  const child = spawn(process.execPath, [CLIENT, 'stats', '--format', '{{.Name}} {{.CPUPerc}}'], {
    env: { PATH: process.env.PATH ?? '', BARGE_HOST: daemon.url, DOCKER_CONFIG: daemon.directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let shown = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    shown += chunk;
    if (shown.includes('new 100.00%\n')) break;
  }
  assert.match(shown, /new 100\.00%\n/);
  child.kill('SIGTERM');
  await once(child, 'exit');
});

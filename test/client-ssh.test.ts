/** A client drives the daemon of another machine: through a real ssh and a real sshd, on the loopback. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { BARGE, TestDaemon } from './harness/daemon.ts';
import { dockerProgram, withoutDocker } from './harness/docker.ts';
import type { ExecuteOptions } from './harness/execute.ts';
import { SshServer, withoutSsh } from './harness/ssh.ts';
import { openTerminal } from './harness/terminal.ts';

describe('over ssh', { skip: withoutSsh() }, async () => {
  const daemon = await TestDaemon.start();
  let server: SshServer | undefined;
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await daemon.end();
  });
  await daemon.makeBusybox();
  const ssh = await SshServer.start(daemon.path('ssh'));
  server = ssh;
  const url = `${ssh.url}${daemon.socket}`;

  /** Options of a client that knows the daemon by no other way. */
  const away = (options: ExecuteOptions = {}): ExecuteOptions => ({
    ...options,
    env: { PATH: ssh.path, BARGE_HOST: '', DOCKER_HOST: url, ...options.env },
  });
  const barge = (args: readonly string[], options?: ExecuteOptions) => daemon.barge(args, away(options));

  test('run, streams and exit codes go through', async () => {
    const script = 'cat; echo e >&2; exit 7';
    const input = 'x'.repeat(300_000);
    const ran = await barge(['run', '--rm', '-i', 'busybox', 'sh', '-c', script], { input });
    assert.deepEqual({ ...ran, stdout: ran.stdout.length }, { code: 7, stdout: 300_000, stderr: 'e\n' });
    assert.equal((await barge(['run', '--rm', 'busybox', 'nonesuch'])).code, 127);
  });

  test('a context leads there, and builds send their files', async () => {
    const directory = daemon.path('context');
    mkdirSync(directory);
    writeFileSync(join(directory, 'Dockerfile'), 'FROM busybox\nCOPY big /big\n');
    writeFileSync(join(directory, 'big'), 'y'.repeat(2_000_000));
    const made = await barge(['context', 'create', 'far', '--docker', `host=${url}`]);
    assert.equal(made.code, 0, made.stderr);
    const there = (...args: string[]) => barge(['--context', 'far', ...args], { env: { DOCKER_HOST: '' } });
    const built = await there('build', '-q', '-t', 'far', directory);
    assert.equal(built.code, 0, built.stderr);
    assert.equal((await there('run', '--rm', 'far', 'wc', '-c', '/big')).stdout, '2000000 /big\n');
    assert.equal((await there('images', '--format', '{{.Repository}}', 'far')).stdout, 'far\n');
    assert.match((await there('version', '--format', '{{.Client.Context}}')).stdout, /^far$/m);
  });

  test('a terminal works, and Ctrl-C is for the container', async () => {
    const program = [...BARGE, 'run', '-it', '--rm', 'busybox', 'sh'];
    const environment = { ...daemon.environment, ...away().env };
    const shell = openTerminal(program, { rows: 40, columns: 100 }, { env: environment });
    await shell.see(/# /);
    shell.type('stty size\r');
    await shell.see(/40 100/);
    shell.type(`exec sh -c 'trap "exit 3" INT; echo rea"dy"; while :; do read x; done'\r`);
    await shell.see(/\nready/);
    shell.type('\x03');
    assert.equal((await shell.done).code, 3, shell.screen());
  });

  test('without a path the daemon over there is the one its environment names', async () => {
    ssh.install('barge', ['env', `BARGE_HOST=unix://${daemon.socket}`, ...BARGE]);
    const listed = await barge(['ps', '-q'], { env: { DOCKER_HOST: ssh.url } });
    assert.deepEqual(listed, { code: 0, stdout: '', stderr: '' });
    ssh.install('barge', BARGE);
  });

  test('what ssh complains of is told', async () => {
    const bad = await barge(['ps'], { env: { DOCKER_HOST: url.replace(/:\d+\//, ':1/') } });
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /^error during connect to ssh:.*exit status 255.*Connection refused/s);
    const gone = await barge(['ps'], { env: { DOCKER_HOST: `${ssh.url}/none/socket` } });
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /Cannot connect to the Barge daemon at unix:\/\/\/none\/socket/);
    const none = await barge(['ps'], { env: { DOCKER_HOST: url, PATH: '/nonexistent' } });
    assert.match(none.stderr, /ssh is not on the PATH/);
  });

  test('where there is docker only, its bridge is used', { skip: withoutDocker() }, async () => {
    rmSync(join(ssh.bin, 'barge'));
    ssh.install('docker', [dockerProgram()]);
    assert.equal((await barge(['run', '--rm', 'busybox', 'echo', 'hi'])).stdout, 'hi\n');
    ssh.install('barge', BARGE);
  });

  test('docker comes in through our bridge', { skip: withoutDocker() }, async (t) => {
    ssh.install('docker', BARGE);
    const ran = await daemon.docker(['run', '--rm', 'busybox', 'sh', '-c', 'echo hi; exit 4'], away());
    if (/extra path after the host/.test(ran.stderr)) return t.skip('this docker client is older than 23');
    assert.deepEqual({ code: ran.code, stdout: ran.stdout }, { code: 4, stdout: 'hi\n' }, ran.stderr);
  });
});

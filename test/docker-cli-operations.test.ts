/** Further commands of the real docker client; every answer that it gets is held against the API's description. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { TestDaemon } from './harness/daemon.ts';
import { withoutDocker } from './harness/docker.ts';
import { eventually } from './harness/execute.ts';
import { judged } from './harness/recorder.ts';

describe('the docker client', { skip: withoutDocker() }, async () => {
  const daemon = await TestDaemon.start();
  after(() => daemon.end());
  await daemon.makeBusybox();
  const { env } = await judged(daemon);
  const docker = (...args: string[]) => daemon.docker(args, { env });
  const ok = (...args: string[]) => daemon.ok('docker', args, { env });
  const run = (name: string, ...more: string[]) => ok('run', '-d', '--name', name, ...more);
  const sleeper = (name: string, ...flags: string[]) => run(name, ...flags, 'busybox', 'sleep', '1000');
  const remove = (...names: string[]) => ok('rm', '-f', '-v', ...names);

  test('stats shows a table, and templates', async () => {
    await sleeper('st', '-m', '64m');
    const table = await ok('stats', '--no-stream', 'st');
    assert.match(table, /CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT/);
    assert.match(table, /st .* \/ 64MiB/);
    const line = await ok('stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}} {{.MemPerc}}', 'st');
    assert.match(line, /^st 1 \d+\.\d+%$/);
    await remove('st');
  });

  test('update changes limits and the restart policy', async () => {
    await sleeper('up', '-m', '64m');
    assert.equal(await ok('update', '-m', '32m', '--cpus', '0.5', '--restart', 'on-failure:3', 'up'), 'up');
    const format = '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.RestartPolicy.Name}}';
    assert.equal(await ok('inspect', '-f', format, 'up'), `${32 << 20} 500000000 on-failure`);
    const { code, stderr } = await docker('update', '-m', '1g', 'up');
    assert.equal(code, 1);
    assert.match(stderr, /Memory limit should be smaller than already set memoryswap limit/);
    await remove('up');
  });

  test('commit makes an image that runs, with changes', async () => {
    await ok('run', '--name', 'co', 'busybox', 'sh', '-c', 'echo kept > /made');
    const id = await ok(
      'commit',
      '-m',
      'why',
      '-a',
      'me',
      '-c',
      'CMD cat /made',
      '-c',
      'ENV A=b',
      'co',
      'co-image:one',
    );
    assert.match(id, /^sha256:[0-9a-f]{64}$/);
    assert.equal(await ok('run', '--rm', 'co-image:one'), 'kept');
    assert.equal(await ok('run', '--rm', 'co-image:one', 'sh', '-c', 'echo $A'), 'b');
    assert.match(await ok('history', '--format', '{{.Comment}}', 'co-image:one'), /^why/);
    await remove('co');
    await ok('rmi', 'co-image:one');
  });

  test('wait, rename, pause, unpause, top and port', async () => {
    await sleeper('wa', '-p', '127.0.0.1::80');
    const waiting = daemon.startDocker(['wait', 'wa2'], { env });
    await ok('rename', 'wa', 'wa2');
    assert.match(await ok('port', 'wa2'), /^80\/tcp -> 127\.0\.0\.1:\d+$/);
    assert.match(await ok('top', 'wa2', '-o', 'pid,args'), /sleep 1000/);
    await ok('pause', 'wa2');
    assert.match(await ok('ps', '--format', '{{.Status}}'), /\(Paused\)/);
    await ok('unpause', 'wa2');
    waiting.child.kill();
    await waiting.done;
    const again = docker('wait', 'wa2');
    await ok('kill', '-s', 'KILL', 'wa2');
    assert.equal((await again).stdout, '137\n');
    await remove('wa2');
  });

  test('cp goes both ways, diff shows what came of it', async () => {
    const directory = daemon.path('cp');
    mkdirSync(`${directory}/deep`, { recursive: true });
    writeFileSync(`${directory}/deep/file`, 'from here');
    await sleeper('cp', '-v', '/data');
    await ok('cp', directory, 'cp:/data/');
    await ok('cp', `${directory}/deep/file`, 'cp:/tmp/renamed');
    assert.equal(await ok('exec', 'cp', 'cat', '/data/cp/deep/file', '/tmp/renamed'), 'from herefrom here');
    await ok('stop', '-t', '0', 'cp');
    await ok('cp', 'cp:/data/cp/.', daemon.path('back'));
    assert.equal(readFileSync(daemon.path('back/deep/file'), 'utf8'), 'from here');
    assert.match(await ok('diff', 'cp'), /A \/tmp\/renamed/);
    const { code, stderr } = await docker('cp', 'cp:/nowhere', directory);
    assert.equal(code, 1);
    /* The latter are the words of clients before 23. */
    assert.match(
      stderr,
      /Could not find the file \/nowhere in container|No such container:path: cp:\/nowhere/,
    );
    await remove('cp');
  });

  test('events replays the past and filters it', async () => {
    const since = String(Date.now() / 1000);
    await ok('run', '--rm', '--name', 'ev', '--label', 'a=b', 'busybox', 'true');
    const until = String(Date.now() / 1000 + 0.001);
    const range = ['events', '--since', since, '--until', until];
    const format = ['--format', '{{.Type}} {{.Action}}'];
    const all = await ok(...range, ...format, '--filter', 'container=ev');
    assert.match(
      all,
      /container create\n[\s\S]*container start\n[\s\S]*container die\n[\s\S]*container destroy/,
    );
    assert.equal(
      await ok(...range, ...format, '--filter', 'event=die', '--filter', 'label=a=b'),
      'container die',
    );
    assert.match(await ok(...range, '--filter', 'event=create'), /container create [0-9a-f]{64} \(.*name=ev/);
  });

  test('system df adds up, and prune frees', async () => {
    await ok(
      'run',
      '--name',
      'df',
      '-v',
      'df-volume:/v',
      'busybox',
      'sh',
      '-c',
      'head -c 50000 /dev/zero | tee /v/f > /f',
    );
    const table = await ok('system', 'df');
    assert.match(table, /Images +\d+ +1 /);
    assert.match(table, /Containers +1 +0 +50kB +50kB \(100%\)/);
    assert.match(table, /Local Volumes +1 +1 +50kB +0B \(0%\)/);
    assert.match(await ok('system', 'df', '-v'), /df-volume +1 +50kB/);
    assert.match(await ok('ps', '-a', '-s', '--format', '{{.Names}} {{.Size}}'), /^df 50kB \(virtual /);
    assert.match(await ok('container', 'prune', '-f'), /Total reclaimed space: 50kB/);
    assert.match(await ok('volume', 'prune', '-a', '-f'), /df-volume[\s\S]*Total reclaimed space: 50kB/);
  });

  test('ps filters', async () => {
    await sleeper('ps-a', '--label', 'group=one');
    await sleeper('ps-b', '--label', 'group=two', '--expose', '90');
    const names = (...filters: string[]) =>
      ok('ps', '--format', '{{.Names}}', ...filters.flatMap((filter) => ['--filter', filter]));
    assert.equal(await names('label=group=one'), 'ps-a');
    assert.equal(await names('expose=90'), 'ps-b');
    assert.equal(await names('name=ps-'), 'ps-b\nps-a');
    assert.equal(await names('ancestor=busybox', 'since=ps-a'), 'ps-b');
    assert.match((await docker('ps', '--filter', 'colour=red')).stderr, /invalid filter 'colour'/);
    await remove('ps-a', 'ps-b');
  });

  test('create, start -a and attach', async () => {
    await ok('create', '--name', 'at', '-i', 'busybox', 'sh', '-c', 'read line; echo got $line; exit 4');
    const { code, stdout } = await daemon.docker(['start', '-ai', 'at'], { env, input: 'this\n' });
    assert.deepEqual([code, stdout], [4, 'got this\n']);
    await remove('at');
    await run('at', 'busybox', 'sh', '-c', 'trap "exit 0" TERM; while :; do echo tick; sleep 0.1; done');
    const attached = daemon.startDocker(['attach', '--sig-proxy=true', 'at'], { env });
    await eventually('output', () => attached.stdout().includes('tick'));
    attached.child.kill('SIGTERM');
    assert.equal((await attached.done).code, 0);
    await remove('at');
  });

  test('exec: detached, with environment, user, directory and privileges', async () => {
    await sleeper('ex');
    await ok('exec', '-d', 'ex', 'touch', '/tmp/detached');
    await eventually(
      'the file',
      async () => (await docker('exec', 'ex', 'test', '-e', '/tmp/detached')).code === 0,
    );
    const script = 'echo $A; id -u; pwd';
    assert.equal(
      await ok('exec', '-e', 'A=b', '-u', '33:33', '-w', '/tmp', 'ex', 'sh', '-c', script),
      'b\n33\n/tmp',
    );
    const caps = async (...flags: string[]) =>
      (await ok('exec', ...flags, 'ex', 'grep', 'CapEff', '/proc/self/status')).split('\t')[1] ?? '';
    assert.notEqual(await caps('--privileged'), await caps());
    await remove('ex');
    assert.match((await docker('exec', 'ex', 'true')).stderr, /No such container: ex/);
  });

  test('swarm commands say that there is no swarm; plugins are none', async () => {
    for (const command of [
      ['service', 'ls'],
      ['node', 'ls'],
      ['secret', 'ls'],
      ['stack', 'ls'],
    ]) {
      const { code, stderr } = await docker(...command);
      assert.equal(code, 1);
      assert.match(stderr, /This node is not a swarm manager/);
    }
    assert.equal(await ok('plugin', 'ls', '-q'), '');
    assert.equal(await ok('info', '-f', '{{.Swarm.LocalNodeState}} {{.Driver}}'), 'inactive overlay2');
  });

  test('logs of a container that is removed while they are followed end', async () => {
    await run('lo', 'busybox', 'sh', '-c', 'echo line; exec sleep 1000');
    const following = daemon.startDocker(['logs', '-f', 'lo'], { env });
    await eventually('the line', () => following.stdout().includes('line'));
    const ended = once(following.child, 'exit');
    await remove('lo');
    await ended;
  });
});

/** The real docker client works against barged as its users expect. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { TestDaemon } from './harness/daemon.ts';
import { dockerProgram, withoutDocker } from './harness/docker.ts';
import { eventually, execute } from './harness/execute.ts';
import { askTcp, askUdp, startUdpEcho } from './harness/ports.ts';
import { judged } from './harness/recorder.ts';
import { startRegistry } from './harness/registry.ts';
import { openTerminal } from './harness/terminal.ts';

describe('the docker client', { skip: withoutDocker() }, async () => {
  const daemon = await TestDaemon.start();
  after(() => daemon.end());
  await daemon.makeBusybox();

  const { env } = await judged(daemon);
  const docker = (...args: string[]) => daemon.docker(args, { env });
  const ok = (...args: string[]) => daemon.ok('docker', args, { env });
  const remove = (...names: string[]) => ok('rm', '-f', ...names);
  const status = (name: string) => ok('inspect', '-f', '{{.State.Status}}', name);
  const ended = (name: string) => eventually(`${name} ends`, async () => (await status(name)) === 'exited');
  const portOf = async (name: string, port: string) =>
    Number((await ok('port', name, port)).split('\n')[0]?.split(':').at(-1));

  describe('asks about the daemon', () => {
    test('version shows a server with the API versions', async () => {
      const text = await ok('version');
      assert.match(text, /Server: Barge/);
      assert.match(text, /API version: +1\.56 \(minimum version 1\.24\)/);
      assert.equal(await ok('version', '-f', '{{.Server.Os}}'), 'linux');
    });

    test('info counts containers and images', async () => {
      const text = await ok('info');
      assert.match(text, /Storage Driver: overlay2/);
      assert.match(text, / Images: [1-9]/);
      assert.match(text, new RegExp(`Docker Root Dir: ${daemon.dataRoot}`));
      assert.doesNotMatch(text, /ERROR/);
    });
  });

  describe('runs in the foreground', () => {
    test('output goes to the two streams and the exit code is the process’s own', async () => {
      const { code, stdout, stderr } = await docker(
        'run',
        '--rm',
        'busybox',
        'sh',
        '-c',
        'echo out; echo err >&2; exit 7',
      );
      assert.deepEqual({ code, stdout, stderr }, { code: 7, stdout: 'out\n', stderr: 'err\n' });
      assert.equal((await docker('run', '--rm', 'busybox', 'true')).code, 0);
    });

    test('a command that is not there gives 127, one that cannot run 126, a mistake 125', async () => {
      const missing = await docker('run', '--rm', 'busybox', 'nonesuch');
      assert.equal(missing.code, 127);
      assert.match(missing.stderr, /exec: "nonesuch": executable file not found in \$PATH/);
      const directory = await docker('run', '--rm', 'busybox', '/etc');
      assert.equal(directory.code, 126);
      assert.match(directory.stderr, /exec: "\/etc": permission denied/);
      assert.equal((await docker('run', '--rm', '--memory', 'lots', 'busybox')).code, 125);
      const image = await docker('run', '--rm', '127.0.0.1:1/none', 'true');
      assert.equal(image.code, 125);
      assert.match(image.stderr, /Unable to find image '127.0.0.1:1\/none:latest' locally/);
      assert.equal(await ok('ps', '-aq'), '');
    });

    test('standard input reaches the process up to its end', async () => {
      const { code, stdout } = await daemon.docker(['run', '-i', '--rm', 'busybox', 'wc', '-c'], {
        input: 'x'.repeat(300_000),
      });
      assert.deepEqual({ code, stdout }, { code: 0, stdout: '300000\n' });
    });

    test('large output arrives whole', async () => {
      const { stdout } = await docker('run', '--rm', 'busybox', 'seq', '1', '200000');
      assert.equal(stdout, `${Array.from({ length: 200_000 }, (_, i) => i + 1).join('\n')}\n`);
    });

    test('environment, working directory, user and hostname are as told', async () => {
      const script = 'echo $COLOUR $FROM_HOST; pwd; id -u; hostname';
      const flags = ['-e', 'COLOUR=red', '-e', 'FROM_HOST', '-w', '/tmp/deep', '-u', 'nobody', '-h', 'box'];
      const { stdout } = await daemon.docker(['run', '--rm', ...flags, 'busybox', 'sh', '-c', script], {
        env: { FROM_HOST: 'yes' },
      });
      assert.equal(stdout, 'red yes\n/tmp/deep\n65534\nbox\n');
    });

    test('SIGTERM to the client reaches the process', async () => {
      const script = 'trap "echo caught; exit 9" TERM; echo up; while :; do sleep 0.1; done';
      const client = daemon.startDocker(['run', '--rm', 'busybox', 'sh', '-c', script]);
      await eventually('the script is up', () => client.stdout().includes('up'));
      client.child.kill('SIGTERM');
      const { code, stdout } = await client.done;
      assert.deepEqual({ code, stdout }, { code: 9, stdout: 'up\ncaught\n' });
    });
  });

  describe('runs in the background', () => {
    test('run -d prints the id, ps shows it, stop ends it, rm removes it', async () => {
      const id = await ok('run', '-d', '--name', 'bg', 'busybox', 'sleep', '1000');
      assert.match(id, /^[0-9a-f]{64}$/);
      const row = await ok('ps', '--format', '{{.ID}} {{.Image}} {{.Command}} {{.Names}} {{.Status}}');
      assert.match(row, new RegExp(`^${id.slice(0, 12)} busybox "sleep 1000" bg Up `));
      assert.match(
        (await docker('rm', 'bg')).stderr,
        /container is running: stop the container before (removing|removal) or force remove/,
      );
      assert.equal(await ok('stop', '-t', '1', 'bg'), 'bg');
      assert.match(await ok('ps', '-a', '--format', '{{.Status}}'), /^Exited \(137\) /);
      assert.equal(await ok('rm', 'bg'), 'bg');
      assert.equal(await ok('ps', '-aq'), '');
    });

    test('a name that is taken is refused with the holder’s id', async () => {
      const id = await ok('run', '-d', '--name', 'twice', 'busybox', 'sleep', '1000');
      const { code, stderr } = await docker('run', '--name', 'twice', 'busybox', 'true');
      assert.equal(code, 125);
      assert.match(
        stderr,
        new RegExp(`Conflict. The container name "/twice" is already in use by container "${id}"`),
      );
      await remove('twice');
    });

    test('kill sends the signal that it is told', async () => {
      await ok(
        'run',
        '-d',
        '--name',
        'killed',
        'busybox',
        'sh',
        '-c',
        'trap "exit 5" USR1; while :; do sleep 0.05; done',
      );
      await eventually('the trap is set', async () => /USR1|sh -c/.test(await ok('top', 'killed')));
      await ok('kill', '-s', 'USR1', 'killed');
      assert.equal(await ok('wait', 'killed'), '5');
      await remove('killed');
    });

    test('restart starts the process anew and keeps the file system', async () => {
      await ok(
        'run',
        '-d',
        '--name',
        're',
        'busybox',
        'sh',
        '-c',
        'echo run >>/log; cat /log; exec sleep 1000',
      );
      await eventually('the first line', async () => (await ok('logs', 're')) === 'run');
      await ok('restart', '-t', '0', 're');
      await eventually('the second run', async () => (await ok('logs', 're')) === 'run\nrun\nrun');
      assert.equal(await status('re'), 'running');
      await remove('re');
    });

    test('--rm removes the container and its anonymous volume at the end', async () => {
      const volumes = await ok('volume', 'ls', '-q');
      await ok('run', '-d', '--rm', '--name', 'gone', '-v', '/data', 'busybox', 'sleep', '1000');
      await ok('kill', 'gone');
      await eventually('it is gone', async () => (await ok('ps', '-aq')) === '');
      assert.equal(await ok('volume', 'ls', '-q'), volumes);
    });
  });

  describe('publishes ports', () => {
    const serve = 'mkdir /www && echo hello from inside >/www/index.html && exec httpd -f -p 80 -h /www';
    const get = (host: string, port: number) => askTcp(host, port, 'GET / HTTP/1.0\r\n\r\n');

    test('a TCP port answers on 127.0.0.1, [::1] and the address of the host', async () => {
      await ok('run', '-d', '--name', 'web', '-p', '80', 'busybox', 'sh', '-c', serve);
      const port = await portOf('web', '80/tcp');
      await eventually('httpd listens', () => get('127.0.0.1', port).catch(() => undefined));
      for (const host of [
        '127.0.0.1',
        '::1',
        await ok('inspect', '-f', '{{.NetworkSettings.Gateway}}', 'web'),
      ]) {
        assert.match(await get(host, port), /hello from inside/, host);
      }
      assert.match(await ok('ps', '--format', '{{.Ports}}'), new RegExp(`0\\.0\\.0\\.0:${port}->80/tcp`));
      await remove('web');
      await assert.rejects(get('127.0.0.1', port), /ECONNREFUSED/);
    });

    test('a port of one address answers there alone', async () => {
      await ok('run', '-d', '--name', 'one', '-p', '127.0.0.2::80', 'busybox', 'sh', '-c', serve);
      const port = await portOf('one', '80/tcp');
      await eventually('httpd listens', () => get('127.0.0.2', port).catch(() => undefined));
      assert.match(await get('127.0.0.2', port), /hello from inside/);
      await assert.rejects(get('127.0.0.1', port), /ECONNREFUSED/);
      await remove('one');
    });

    test('a UDP port answers on 127.0.0.1', async () => {
      await ok('run', '-d', '--name', 'udp', '-p', '7000/udp', 'busybox', 'sleep', '1000');
      const port = await portOf('udp', '7000/udp');
      const echo = await startUdpEcho(Number(await ok('inspect', '-f', '{{.State.Pid}}', 'udp')), 7000);
      assert.equal(await askUdp('127.0.0.1', port, 'one'), 'echo one');
      echo.child.kill();
      await echo.done;
      await remove('udp');
    });

    test('containers reach each other, and not the host’s loopback', async () => {
      await ok('run', '-d', '--name', 'server', 'busybox', 'sh', '-c', serve);
      const address = await ok('inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'server');
      const text = await eventually('the other answers', async () => {
        const { code, stdout } = await docker('run', '--rm', 'busybox', 'wget', '-qO-', `http://${address}/`);
        return code === 0 && stdout;
      });
      assert.equal(text, 'hello from inside\n');
      assert.equal(
        (await docker('run', '--rm', '--network', 'none', 'busybox', 'ip', '-o', 'link')).stdout
          .trim()
          .split('\n').length,
        1,
      );
      await remove('server');
    });
  });

  describe('mounts', () => {
    test('a bound directory is read and written in place, read-only when told', async () => {
      const directory = daemon.path('bound');
      mkdirSync(directory);
      writeFileSync(`${directory}/in`, 'from the host');
      assert.equal(
        await ok(
          'run',
          '--rm',
          '-v',
          `${directory}:/b`,
          'busybox',
          'sh',
          '-c',
          'cat /b/in; echo back >/b/out',
        ),
        'from the host',
      );
      assert.equal(readFileSync(`${directory}/out`, 'utf8'), 'back\n');
      const refused = await docker('run', '--rm', '-v', `${directory}:/b:ro`, 'busybox', 'touch', '/b/no');
      assert.match(refused.stderr, /Read-only file system/);
    });

    test('a named volume outlives its containers and takes the image’s content', async () => {
      await ok('run', '--rm', '-v', 'kept:/etc', 'busybox', 'sh', '-c', 'echo mine >/etc/mine');
      assert.match(
        await ok('run', '--rm', '-v', 'kept:/v', 'busybox', 'cat', '/v/mine', '/v/passwd'),
        /^mine\nroot:/,
      );
      assert.equal(await ok('volume', 'ls', '-q', '-f', 'name=kept'), 'kept');
      await ok('volume', 'rm', 'kept');
    });
  });

  describe('shows logs', () => {
    test('logs keeps streams apart, --tail and -t choose and mark lines', async () => {
      await ok(
        'run',
        '-d',
        '--name',
        'logged',
        'busybox',
        'sh',
        '-c',
        'for i in 1 2 3; do echo o$i; done; echo e >&2',
      );
      await ok('wait', 'logged');
      const { stdout, stderr } = await docker('logs', 'logged');
      assert.deepEqual({ stdout, stderr }, { stdout: 'o1\no2\no3\n', stderr: 'e\n' });
      const last = await docker('logs', '-n', '2', '-t', 'logged');
      assert.match(last.stdout + last.stderr, /^\d{4}-\d\d-\d\dT[\d:.]+Z o3\n\d{4}-\d\d-\d\dT[\d:.]+Z e\n$/);
      await remove('logged');
    });

    test('--since leaves out what came before', async () => {
      await ok('run', '-d', '--name', 'since', 'busybox', 'sh', '-c', 'echo early; read x; echo late');
      await remove('since');
      await ok('create', '-i', '--name', 'since', 'busybox', 'sh', '-c', 'echo early; read x; echo late');
      await ok('start', 'since');
      const [time = ''] = await eventually('the first line', async () => {
        const line = await ok('logs', '-t', 'since');
        return line.includes('early') && line.split(' ');
      });
      const since = `${time.slice(0, -1)}`.replace(/(\d{9})$/, (n) => `${Number(n) + 1}`.padStart(9, '0'));
      await daemon.docker(['attach', 'since'], { input: 'go\n' });
      await ended('since');
      assert.equal(await ok('logs', '--since', `${since}Z`, 'since'), 'late');
      await remove('since');
    });

    test('logs -f shows lines as they come and ends with the container', async () => {
      await ok(
        'create',
        '-i',
        '--name',
        'ff',
        'busybox',
        'sh',
        '-c',
        'echo first; read x; echo second; exit 3',
      );
      await ok('start', 'ff');
      const follower = daemon.startDocker(['logs', '-f', 'ff']);
      await eventually('the first line', () => follower.stdout() === 'first\n');
      await daemon.docker(['attach', 'ff'], { input: 'go\n' });
      const { code, stdout } = await follower.done;
      assert.deepEqual({ code, stdout }, { code: 0, stdout: 'first\nsecond\n' });
      await remove('ff');
    });
  });

  describe('executes in a running container', () => {
    test('exec gives the streams, the exit code, 127 for what is not there, and takes input', async () => {
      await ok('run', '-d', '--name', 'xx', '-e', 'A=image', 'busybox', 'sleep', '1000');
      const { code, stdout, stderr } = await docker(
        'exec',
        '-e',
        'B=exec',
        'xx',
        'sh',
        '-c',
        'echo $A $B; echo e >&2; exit 4',
      );
      assert.deepEqual({ code, stdout, stderr }, { code: 4, stdout: 'image exec\n', stderr: 'e\n' });
      const missing = await docker('exec', 'xx', 'nonesuch');
      assert.equal(missing.code, 127);
      assert.match(missing.stdout, /exec: "nonesuch": executable file not found in \$PATH/);
      assert.equal(
        (await daemon.docker(['exec', '-i', 'xx', 'cat'], { input: 'through' })).stdout,
        'through',
      );
      await ok('exec', '-d', 'xx', 'touch', '/made');
      await eventually(
        'the detached command has run',
        async () => (await docker('exec', 'xx', 'test', '-e', '/made')).code === 0,
      );
      await remove('xx');
      assert.match((await docker('exec', 'xx', 'true')).stderr, /No such container: xx/);
    });
  });

  describe('opens terminals', () => {
    const terminal = (...args: string[]) =>
      openTerminal([dockerProgram(), ...args], { rows: 33, columns: 101 }, { env: daemon.environment });

    test('run -it has the size of the terminal, echoes, and ends with the shell’s code', async () => {
      const shell = terminal(
        'run',
        '-it',
        '--rm',
        'busybox',
        'sh',
        '-c',
        'read go; until stty size; do sleep 0.05; done; exec sh',
      );
      shell.type('\r');
      await shell.see(/33 101\r\n/);
      shell.type('echo $((6*7)); test -t 0 && echo is-a-tty\r');
      await shell.see(/\r\n42\r\nis-a-tty\r\n/);
      shell.type('exit 9\r');
      assert.equal((await shell.done).code, 9);
    });

    test('the detach keys leave it running, and attach comes back to it', async () => {
      const shell = terminal('run', '-it', '--name', 'dd', 'busybox', 'sh');
      await shell.see(/\/ # /);
      shell.type('\x10\x11');
      await shell.done;
      assert.equal(await status('dd'), 'running');
      const again = terminal('attach', '--detach-keys', 'ctrl-a,d', 'dd');
      again.type('echo still-$((40+2))\r');
      await again.see(/still-42/);
      again.type('\x01d');
      await again.done;
      assert.equal(await status('dd'), 'running');
      await remove('dd');
    });

    test('exec -it has a terminal of its own', async () => {
      await ok('run', '-d', '--name', 'ee', 'busybox', 'sleep', '1000');
      const shell = terminal('exec', '-it', 'ee', 'sh');
      await shell.see(/\/ # /);
      shell.type('tty; until stty size; do sleep 0.05; done\r');
      await shell.see(/\/dev\/pts\/\d+\r\n(stty: [^\n]*\n)*33 101/);
      shell.type('exit 6\r');
      assert.equal((await shell.done).code, 6);
      await remove('ee');
    });
  });

  describe('handles images', () => {
    test('build makes an image from a context and says what it did', async () => {
      const directory = daemon.path('context');
      mkdirSync(directory);
      writeFileSync(
        `${directory}/Dockerfile`,
        'FROM busybox\nARG WHO=world\nCOPY greet /greet\nRUN chmod +x /greet && echo built for $WHO\nENV WHO=$WHO\nLABEL stage=test\nCMD ["/greet"]\n',
      );
      writeFileSync(`${directory}/greet`, '#!/bin/sh\necho hello $WHO\n');
      const { code, stdout } = await docker('build', '-t', 'greet:1', '--build-arg', 'WHO=team', directory);
      assert.equal(code, 0, stdout);
      assert.match(stdout, /Step 1\/7 : FROM busybox/);
      assert.match(stdout, /built for team/);
      assert.match(stdout, /Successfully built [0-9a-f]{12}\nSuccessfully tagged greet:1/);
      assert.equal(await ok('run', '--rm', 'greet:1'), 'hello team');
      assert.match(await ok('build', '-t', 'greet:2', '--build-arg', 'WHO=team', directory), /Using cache/);
      assert.equal(await ok('images', '-q', 'greet:1'), await ok('images', '-q', 'greet:2'));
      assert.equal(await ok('inspect', '-f', '{{.Config.Labels.stage}}', 'greet:1'), 'test');
      assert.match(await ok('history', 'greet:1'), /CMD \["\/greet"\]/);
      await ok('rmi', 'greet:1', 'greet:2');
    });

    test('tag names an image twice; rmi untags first and deletes last', async () => {
      const tar = daemon.path('one.tar');
      writeFileSync(daemon.path('hello'), 'hi\n');
      await execute(['tar', '-cf', tar, '-C', daemon.path(''), 'hello']);
      const id = await ok('import', tar, 'imported:1');
      assert.match(id, /^sha256:[0-9a-f]{64}$/);
      await ok('tag', 'imported:1', 'other:2');
      const table = await ok('images'); /* docker prints the names of one image in any order */
      for (const row of [/^imported +1 +[0-9a-f]{12} /m, /^other +2 +[0-9a-f]{12} /m])
        assert.match(table, row);
      assert.equal(await ok('rmi', 'imported:1'), 'Untagged: imported:1');
      assert.match(await ok('rmi', 'other:2'), new RegExp(`Untagged: other:2\nDeleted: ${id}`));
      assert.match((await docker('rmi', 'other:2')).stderr, /No such image: other:2/);
    });

    test('an image that a container uses is kept unless forced', async () => {
      await ok('tag', 'busybox', 'used');
      await ok('create', '--name', 'user', 'used', 'true');
      assert.equal(await ok('rmi', 'used'), 'Untagged: used:latest');
      const { code, stderr } = await docker('rmi', 'busybox');
      assert.equal(code, 1);
      assert.match(stderr, /conflict: unable to (remove repository reference|delete)/);
      await remove('user');
    });
  });

  describe('speaks to a registry', () => {
    test('push and pull move an image by name', async () => {
      await using registry = await startRegistry(daemon.path('open'));
      const name = `${registry.host}/team/app:1`;
      await ok('tag', 'busybox', name);
      const pushed = await ok('push', name);
      const digest = /1: digest: (sha256:[0-9a-f]{64}) size: \d+/.exec(pushed)?.[1];
      assert(digest, pushed);
      await ok('rmi', name);
      const pulled = await ok('pull', name);
      assert.match(pulled, new RegExp(`Digest: ${digest}\nStatus: Downloaded newer image for ${name}`));
      assert.match(await ok('pull', name), /Status: Image is up to date/);
      assert.equal(await ok('run', '--rm', name, 'echo', 'works'), 'works');
      assert.match(await ok('inspect', '-f', '{{.RepoDigests}}', name), new RegExp(digest));
      await ok('rmi', name);
    });

    test('login, push, pull and logout with a password', async () => {
      await using registry = await startRegistry(daemon.path('closed'), { users: { ann: 'right horse' } });
      const name = `${registry.host}/private:1`;
      await ok('tag', 'busybox', name);
      const refused = await docker('push', name);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /no basic auth credentials|authentication required|unauthorized/);
      const wrong = await daemon.docker(['login', '-u', 'ann', '--password-stdin', registry.host], {
        input: 'wrong',
      });
      assert.equal(wrong.code, 1);
      assert.match(wrong.stderr, /unauthorized|authentication/i);
      const login = await daemon.docker(['login', '-u', 'ann', '--password-stdin', registry.host], {
        input: 'right horse',
      });
      assert.match(login.stdout, /Login Succeeded/, login.stderr);
      await ok('push', name);
      await ok('rmi', name);
      await ok('pull', name);
      await ok('rmi', name);
      await ok('logout', registry.host);
      assert.equal((await docker('pull', name)).code, 1);
    });
  });

  test('events shows a container’s life as it happens', async () => {
    const watching = daemon.startDocker([
      'events',
      '--filter',
      'container=watched',
      '--format',
      '{{.Type}} {{.Action}}',
    ]);
    await eventually('the stream is open', async () => {
      await ok('create', '--name', 'watched', 'busybox', 'sh', '-c', 'exit 3');
      await remove('watched');
      return watching.stdout().includes('destroy');
    });
    const before = watching.stdout().length;
    await docker('run', '--rm', '--name', 'watched', 'busybox', 'sh', '-c', 'exit 3');
    await eventually('the end is shown', () => watching.stdout().slice(before).includes('destroy'));
    watching.child.kill('SIGKILL');
    await once(watching.child, 'close');
    const lines = watching.stdout().slice(before).trim().split('\n');
    assert.deepEqual(
      lines,
      ['create', 'attach', 'start', 'die', 'destroy'].map((action) => `container ${action}`),
    );
    const past = await ok(
      'events',
      '--since',
      '1m',
      '--until',
      new Date().toISOString(),
      '--filter',
      'event=die',
      '--format',
      '{{.Actor.Attributes.exitCode}} {{.Actor.Attributes.name}}',
    );
    assert.match(past, /3 watched$/);
  });

  test('inspect -f reads containers and images, and fails for neither', async () => {
    await ok(
      'create',
      '--name',
      'ii',
      '-p',
      '80',
      '-l',
      'a=b',
      '--restart',
      'on-failure:3',
      'busybox',
      'true',
    );
    const format =
      '{{.State.Status}} {{.Config.Labels.a}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}} {{json .Config.Cmd}}';
    assert.equal(await ok('inspect', '-f', format, 'ii'), 'created b on-failure 3 ["true"]');
    await remove('ii');
    const { code, stderr } = await docker('inspect', 'ii');
    assert.equal(code, 1);
    assert.match(stderr, /No such object: ii/);
  });
});

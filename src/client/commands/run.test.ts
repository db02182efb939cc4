import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Answer, FakeDaemon, frame, runClient, type Seen } from '../testing/fake-daemon.ts';

const ID = 'c'.repeat(64);

interface Script {
  readonly output?: readonly Buffer[];
  readonly exitCode?: number;
  readonly startError?: Answer;
  readonly missingImage?: boolean;
}

/** A daemon with one container, which prints its output and exits after its start. */
function oneContainer(script: Script) {
  const ended = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  let pulled = !script.missingImage;
  return ({ method, path }: Seen): Answer | undefined => {
    if (path === '/images/create') {
      pulled = true;
      return {
        chunks: ['{"status":"Pulling from library/busybox","id":"latest"}\n{"status":"Status: done"}\n'],
      };
    }
    if (path === '/containers/create') {
      if (!pulled) return { status: 404, body: { message: 'No such image: busybox:latest' } };
      return { status: 201, body: { Id: ID, Warnings: [] } };
    }
    if (path.endsWith('/attach')) {
      return {
        hijack: async (socket) => {
          await started.promise;
          for (const chunk of script.output ?? []) socket.write(chunk);
          socket.end(() => ended.resolve());
        },
      };
    }
    if (path.endsWith('/wait')) return { until: ended.promise, body: { StatusCode: script.exitCode ?? 0 } };
    if (path.endsWith('/start')) {
      if (script.startError) return script.startError;
      started.resolve();
      return { status: 204 };
    }
    return method === 'POST' ? { status: 204 } : undefined;
  };
}

test('the client reads a file of variables, and invalid flags exit with 125', async () => {
  await using daemon = await FakeDaemon.start(({ path }) =>
    path === '/containers/create' ? { status: 201, body: { Id: 'c', Warnings: [] } } : undefined,
  );
  const cases: [args: string[], message: RegExp][] = [
    [['--env-file', '/none'], /^barge: open \/none: no such file or directory\n\nRun 'barge create --help'/],
    [['--pull', 'foo'], /^barge: invalid pull option: 'foo'/],
    [['--pid', 'foo'], /^barge: --pid: invalid PID mode/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await daemon.run(['create', ...args, 'busybox']);
    assert.equal(code, 125, stderr);
    assert.match(stderr, message);
  }
  const windows = await daemon.run(['create', '--cpu-count', '1', 'busybox']);
  assert.match(windows.stderr, /"--cpu-count" is only supported on a daemon running on windows/);
  assert.deepEqual(daemon.paths(), []);
});

test("run attaches and waits before it starts, splits the streams and exits with the container's code", async () => {
  const output = [frame(1, 'out\n'), frame(2, 'err\n')];
  await using daemon = await FakeDaemon.start(oneContainer({ output, exitCode: 7 }));
  const ran = await daemon.run(['run', '--rm', 'busybox', 'sh', '-c', 'exit 7']);
  assert.deepEqual(ran, { code: 7, stdout: 'out\n', stderr: 'err\n' });
  const paths = daemon.paths();
  assert.equal(paths.at(-1), `POST /containers/${ID}/start`);
  assert.ok(paths.includes(`POST /containers/${ID}/attach`));
  assert.equal(daemon.seen.find(({ path }) => path.endsWith('/wait'))?.query.get('condition'), 'removed');
  const body = daemon.json<{ Cmd: string[]; HostConfig: { AutoRemove: boolean } }>('/containers/create');
  assert.deepEqual(body.Cmd, ['sh', '-c', 'exit 7']);
  assert.equal(body.HostConfig.AutoRemove, true);
});

test('run -d prints the id and does not attach', async () => {
  await using daemon = await FakeDaemon.start(oneContainer({}));
  const cidfile = join(daemon.directory, 'cid');
  const ran = await daemon.run(['run', '-d', '--name', 'web', '--cidfile', cidfile, 'busybox']);
  assert.deepEqual(ran, { code: 0, stdout: `${ID}\n`, stderr: '' });
  assert.deepEqual(daemon.paths(), ['POST /containers/create', `POST /containers/${ID}/start`]);
  assert.equal(daemon.seen[0]?.query.get('name'), 'web');
  assert.equal(await readFile(cidfile, 'utf8'), ID);
});

test('run -i forwards standard input and half-closes the connection at its end', async () => {
  let received = '';
  const ended = Promise.withResolvers<void>();
  await using daemon = await FakeDaemon.start(({ path }) => {
    if (path === '/containers/create') return { status: 201, body: { Id: ID, Warnings: [] } };
    if (path.endsWith('/wait')) return { until: ended.promise, body: { StatusCode: 0 } };
    if (!path.endsWith('/attach')) return { status: 204 };
    return {
      hijack: (socket) => {
        socket.on('data', (chunk) => {
          received += chunk;
        });
        socket.on('end', () => {
          socket.end(frame(1, 'got it'));
          ended.resolve();
        });
      },
    };
  });
  const ran = await daemon.run(['run', '-i', 'busybox', 'cat'], { input: 'hello' });
  assert.deepEqual([ran.code, ran.stdout, received], [0, 'got it', 'hello']);
});

test('run pulls an image that the daemon lacks and reports it on standard error', async () => {
  await using daemon = await FakeDaemon.start(oneContainer({ missingImage: true }));
  const ran = await daemon.run(['run', '-d', 'busybox']);
  assert.equal(ran.stdout, `${ID}\n`);
  assert.match(ran.stderr, /^Unable to find image 'busybox:latest' locally\nlatest: Pulling from/);
  const pull = daemon.seen.find(({ path }) => path === '/images/create');
  assert.deepEqual([pull?.query.get('fromImage'), pull?.query.get('tag')], ['busybox', 'latest']);
  assert.equal(daemon.paths().filter((path) => path === 'POST /containers/create').length, 2);
});

test('run --pull never does not pull', async () => {
  await using daemon = await FakeDaemon.start(oneContainer({ missingImage: true }));
  const ran = await daemon.run(['run', '--pull', 'never', 'busybox']);
  assert.equal(ran.code, 125);
  assert.equal(
    ran.stderr,
    "barge: Error response from daemon: No such image: busybox:latest\n\nRun 'barge run --help' for more information\n",
  );
});

test("a failed start exits with the daemon's code, or one derived from its message", async () => {
  const cases: [object, number][] = [
    [{ message: 'no', exitCode: 126 }, 126],
    [{ message: 'no', exitCode: 127 }, 127],
    [{ message: 'exec: "foo": executable file not found in $PATH' }, 127],
    [{ message: 'exec /x: permission denied' }, 126],
    [{ message: 'something else' }, 125],
  ];
  for (const [body, code] of cases) {
    await using daemon = await FakeDaemon.start(oneContainer({ startError: { status: 400, body } }));
    const ran = await daemon.run(['run', 'busybox', 'foo']);
    assert.equal(ran.code, code, ran.stderr);
    assert.match(ran.stderr, /Error response from daemon: /);
  }
});

test('mistakes that the client detects exit with 125 before any request', async () => {
  const cases: [string[], RegExp][] = [
    [['--foo', 'busybox'], /^unknown flag: --foo\n/],
    [['-p', 'abc', 'busybox'], /^barge: invalid containerPort: abc\n/],
    [['-p', '80:80/foo', 'busybox'], /^barge: invalid proto: foo\n/],
    [['foo:b:c'], /^barge: invalid reference format\n/],
    [['-v', '', 'busybox'], /^barge: invalid empty volume spec\n/],
    [['--rm', '--restart=always', 'busybox'], /cannot specify both --restart and --rm/],
    [['--name'], /^flag needs an argument: --name\n/],
    [['-itz', 'x'], /^unknown shorthand flag: 'z' in -z\n/],
    [
      ['busybox'],
      /^barge: Cannot connect to the Barge daemon at unix:\/\/\/nope\/sock\. Is barged running\?\n/,
    ],
  ];
  for (const [args, expected] of cases) {
    const ran = await runClient(['run', ...args], { env: { BARGE_HOST: 'unix:///nope/sock' } });
    assert.equal(ran.code, 125, args.join(' '));
    assert.match(ran.stderr, expected);
    assert.equal(ran.stdout, '');
  }
});

test('SIGTERM is passed on to the container', async () => {
  const ended = Promise.withResolvers<void>();
  let socketToEnd: { end(): void } | undefined;
  await using daemon = await FakeDaemon.start(({ path }) => {
    if (path === '/containers/create') return { status: 201, body: { Id: ID, Warnings: [] } };
    if (path.endsWith('/wait')) return { until: ended.promise, body: { StatusCode: 143 } };
    if (path.endsWith('/kill')) {
      socketToEnd?.end();
      ended.resolve();
    }
    if (!path.endsWith('/attach')) return { status: 204 };
    return {
      hijack: (socket) => {
        socketToEnd = socket;
        // Standard error tells the test's shell that the client is attached.
        socket.write(frame(1, 'ready\n'));
      },
    };
  });
  const { spawn } = await import('node:child_process');
  const { once } = await import('node:events');
  const client = new URL('../../bin/barge.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [client, 'run', 'busybox'], {
    env: { BARGE_HOST: daemon.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  while (!daemon.paths().some((path) => path.endsWith('/start')))
    await new Promise((done) => setTimeout(done, 5));
  child.kill('SIGTERM');
  const [code] = await once(child, 'close');
  assert.equal(code, 143);
  assert.equal(daemon.seen.find(({ path }) => path.endsWith('/kill'))?.query.get('signal'), 'TERM');
});

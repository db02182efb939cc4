/** Our own client carries the main job, and says clearly what is wrong with bad input. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, describe, test } from 'node:test';
import { BARGE, TestDaemon } from './harness/daemon.ts';
import { type ExecuteOptions, eventually, type Outcome } from './harness/execute.ts';
import { askTcp, freePort } from './harness/ports.ts';
import { startRegistry } from './harness/registry.ts';
import { openTerminal } from './harness/terminal.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();

const barge = (...args: string[]) => daemon.barge(args);
const ok = (...args: string[]) => daemon.ok('barge', args);

/** A directory with these files; their text may be a Dockerfile's alone. */
function context(name: string, files: Record<string, string> | string): string {
  const directory = daemon.path(name);
  mkdirSync(directory, { recursive: true });
  const all = typeof files === 'string' ? { Dockerfile: files } : files;
  for (const [file, text] of Object.entries(all)) writeFileSync(`${directory}/${file}`, text);
  return directory;
}

async function assertFails(running: Promise<Outcome>, code: number, ...words: RegExp[]): Promise<void> {
  const outcome = await running;
  const said = outcome.stdout + outcome.stderr;
  assert.equal(outcome.code, code, said);
  for (const word of words) assert.match(said, word);
  assert.doesNotMatch(said, /\n {4}at |node:internal/, 'a stack trace is not a message');
}

/** No container and no image besides the base are left. */
async function assertNothingNew(): Promise<void> {
  assert.equal(await ok('ps', '-aq'), '');
  assert.equal(await ok('images', '--format', '{{.Repository}}:{{.Tag}}'), 'busybox:latest');
}

describe('the main job', () => {
  test('build, run, ps, logs, exec, stop, rm as the README shows them', async () => {
    const directory = context('app', {
      Dockerfile: 'FROM busybox\nCOPY . /app\nRUN sh /app/make.sh\nCMD httpd -f -p 80 -h /www\n',
      'make.sh': 'mkdir /www && echo "made in the build" >/www/index.html && echo making\n',
      '.dockerignore': 'secret\n',
      secret: 'x',
    });
    const built = await barge('build', '-t', 'app:1', directory);
    assert.equal(built.code, 0, built.stderr);
    assert.match(built.stdout + built.stderr, /making/);
    const port = await freePort();
    const id = await ok('run', '-d', '--name', 'app', '-p', `${port}:80`, 'app:1');
    assert.match(id, /^[0-9a-f]{64}$/);
    const get = () => askTcp('127.0.0.1', port, 'GET / HTTP/1.0\r\n\r\n');
    assert.match(
      await eventually('the page answers', () => get().catch(() => undefined)),
      /made in the build/,
    );
    assert.match(
      await ok('ps'),
      new RegExp(`${id.slice(0, 12)} +app:1 .* Up .*0\\.0\\.0\\.0:${port}->80/tcp.* app`),
    );
    assert.equal(await ok('exec', 'app', 'ls', '/app'), 'Dockerfile\nmake.sh');
    assert.equal(await ok('inspect', '-f', '{{.State.Running}} {{.Config.Image}}', 'app'), 'true app:1');
    assert.equal(await ok('stop', '-t', '0', 'app'), 'app');
    assert.equal(await ok('rm', 'app'), 'app');
    assert.match(await ok('rmi', 'app:1'), /Untagged: app:1\nDeleted: sha256:/);
    await assertNothingNew();
  });

  test('run keeps streams and exit codes, and takes input', async () => {
    const { code, stdout, stderr } = await barge(
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      'echo o; echo e >&2; exit 7',
    );
    assert.deepEqual({ code, stdout, stderr }, { code: 7, stdout: 'o\n', stderr: 'e\n' });
    assert.equal(
      (await daemon.barge(['run', '--rm', '-i', 'busybox', 'wc', '-c'], { input: 'x'.repeat(100_000) }))
        .stdout,
      '100000\n',
    );
    assert.equal((await barge('run', '--rm', 'busybox', 'nonesuch')).code, 127);
    assert.equal((await barge('run', '--rm', 'busybox', '/etc')).code, 126);
    await assertNothingNew();
  });

  test('run -it is a terminal of the right size', async () => {
    const shell = openTerminal(
      [...BARGE, 'run', '-it', '--rm', 'busybox', 'sh'],
      { rows: 30, columns: 90 },
      { env: daemon.environment },
    );
    await shell.see(/\/ # /);
    shell.type('stty size; echo $((6*7))\r');
    await shell.see(/30 90\r\n42\r\n/);
    shell.type('exit 3\r');
    assert.equal((await shell.done).code, 3);
  });

  test('logs of every length arrive whole, also at a slow reader', async () => {
    await ok('run', '--name', 'long', 'busybox', 'seq', '1', '100000');
    const whole = `${Array.from({ length: 100_000 }, (_, i) => i + 1).join('\n')}\n`;
    const slow = daemon.startBarge(['logs', 'long']);
    slow.child.stdout?.pause();
    await new Promise((resolve) => setTimeout(resolve, 700));
    slow.child.stdout?.resume();
    assert.equal((await slow.done).stdout, whole);
    await ok('rm', 'long');
  });

  test('login, push, pull and logout', async () => {
    await using registry = await startRegistry(daemon.path('registry'), { users: { ann: 'pass word' } });
    const name = `${registry.host}/team/app`;
    await ok('tag', 'busybox', name);
    await assertFails(barge('push', name), 1, /no basic auth credentials|authentication required/);
    const login = ['login', '-u', 'ann', '--password-stdin', registry.host];
    await assertFails(daemon.barge(login, { input: 'wrong' }), 1, /unauthorized|incorrect/i);
    assert.match((await daemon.barge(login, { input: 'pass word' })).stdout, /Login Succeeded/);
    assert.match(await ok('push', name), /latest: digest: sha256:[0-9a-f]{64} size: \d+/);
    await ok('rmi', name);
    assert.match(await ok('pull', name), new RegExp(`Status: Downloaded newer image for ${name}:latest`));
    await ok('rmi', name);
    await ok('logout', registry.host);
    await assertFails(barge('pull', name), 1, /no basic auth credentials|pull access denied/);
    await assertNothingNew();
  });
});

describe('bad command lines', () => {
  test('an unknown command is named, with the nearest known one', async () => {
    await assertFails(
      barge('rnu', 'busybox'),
      1,
      /'rnu' is not a barge command/,
      /Did you mean 'barge run'\?/,
    );
  });

  test('an unknown flag is named, with the nearest known one', async () => {
    await assertFails(barge('run', '--naem', 'x', 'busybox'), 125, /unknown flag: --naem/, /--name/);
    await assertFails(barge('ps', '--al'), 125, /unknown flag: --al/, /--all/);
  });

  test('too few arguments show the usage', async () => {
    await assertFails(barge('rm'), 1, /'barge rm' requires at least 1 argument/, /Usage: +barge rm/);
  });

  test('without a daemon every command says where it looked', async () => {
    const elsewhere: ExecuteOptions = { env: { BARGE_HOST: `unix://${daemon.path('nobody.sock')}` } };
    const words = new RegExp(
      `Cannot connect to the Barge daemon at unix://${daemon.path('nobody.sock')}. Is barged running\\?`,
    );
    await assertFails(daemon.barge(['ps'], elsewhere), 1, words);
    await assertFails(daemon.barge(['run', 'busybox'], elsewhere), 125, words);
    await assertFails(daemon.barge(['build', context('none', 'FROM busybox\n')], elsewhere), 1, words);
  });

  test('containers and images that are not there', async () => {
    await assertFails(barge('stop', 'nobody'), 1, /No such container: nobody/);
    await assertFails(barge('inspect', 'nobody'), 1, /[Nn]o such object: nobody/);
    await assertFails(barge('rmi', 'nothing'), 1, /No such image: nothing/);
  });
});

describe('bad builds', () => {
  test('no Dockerfile', async () => {
    await assertFails(barge('build', context('without', { other: '' })), 1, /there is no Dockerfile/);
    await assertFails(barge('build', daemon.path('no-directory')), 1, /no-directory/);
  });

  test('an invalid Dockerfile: file, line, column, and the line itself', async () => {
    const directory = context('invalid', 'FROM busybox\nENV A=1\nCPOY . /app\n');
    await assertFails(
      barge('build', directory),
      1,
      /Dockerfile:3:1/,
      /unknown instruction: CPOY/i,
      /COPY/,
      /CPOY \. \/app/,
    );
    const flag = context('flag', 'FROM busybox\nCOPY --form=x . /app\n');
    await assertFails(barge('build', flag), 1, /Dockerfile:2:6/, /COPY --form=x \. \/app/);
    await assertNothingNew();
  });

  test('a base image that nobody has', async () => {
    await assertFails(
      barge('build', context('base', 'FROM 127.0.0.1:1/none:2\n')),
      1,
      /127\.0\.0\.1:1\/none:2|127\.0\.0\.1:1/,
      /refused|not found/,
    );
    await assertNothingNew();
  });

  test('a RUN that fails shows its output and its exit code, and leaves nothing', async () => {
    const directory = context('fails', 'FROM busybox\nRUN echo before the end && exit 42\nRUN echo never\n');
    const running = barge('build', '-t', 'never', directory);
    await assertFails(
      running,
      1,
      /before the end/,
      /(exit code|non-zero code): 42|returned a non-zero code: 42/,
    );
    assert.doesNotMatch((await running).stdout, /^never$/m);
    await assertNothingNew();
  });

  test('a COPY of what is not there names it', async () => {
    const directory = context('copy', 'FROM busybox\nCOPY missing.txt /\n');
    await assertFails(
      barge('build', directory),
      1,
      /missing\.txt/,
      /not found|no such file/i,
      /Dockerfile:2/,
    );
    await assertNothingNew();
  });
});

describe('a world that does not fit', () => {
  test('a port in use: who holds it', async () => {
    const server = createServer().listen(0, '0.0.0.0');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    try {
      await assertFails(
        barge('run', '--rm', '-p', `${port}:80`, 'busybox', 'true'),
        125,
        new RegExp(`:${port}`),
        /address already in use/,
        new RegExp(`\\(pid ${process.pid}\\)`),
      );
    } finally {
      server.close();
    }
    await assertNothingNew();
  });

  test('a port of another container: which', async () => {
    const port = await freePort();
    await ok('run', '-d', '--name', 'holder', '-p', `${port}:80`, 'busybox', 'sleep', '1000');
    await assertFails(
      barge('run', '--rm', '-p', `${port}:80`, 'busybox', 'true'),
      125,
      /port is already allocated/,
      /holder/,
    );
    await ok('rm', '-f', 'holder');
    await assertNothingNew();
  });

  test('a registry that is down', async () => {
    const port = await freePort();
    const name = `127.0.0.1:${port}/app`;
    await assertFails(barge('pull', name), 1, new RegExp(`127\\.0\\.0\\.1:${port}`), /connection refused/);
    await ok('tag', 'busybox', name);
    await assertFails(barge('push', name), 1, new RegExp(`127\\.0\\.0\\.1:${port}`), /connection refused/);
    await ok('rmi', name);
    await assertFails(barge('run', name), 125, /Unable to find image/, /connection refused/);
    await assertNothingNew();
  });

  test('a bound directory that is not there is made for -v and refused for --mount', async () => {
    const directory = daemon.path('made-for-me');
    await ok('run', '--rm', '-v', `${directory}:/x`, 'busybox', 'true');
    assert(existsSync(directory));
    const missing = daemon.path('not-made');
    await assertFails(
      barge('run', '--rm', '--mount', `type=bind,src=${missing},dst=/x`, 'busybox', 'true'),
      125,
      /bind source path does not exist/,
      /not-made/,
    );
    assert(!existsSync(missing));
    await assertNothingNew();
  });
});

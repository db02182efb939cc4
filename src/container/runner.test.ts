import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { DetachedRequest } from '../host/process.ts';
import { RecordingHost } from '../host/recording/host.ts';
import { containerSpec } from './default-spec.ts';
import { containerDefaults } from './defaults.ts';
import type { ContainerDefinition } from './model.ts';
import { Runner, type StartInput } from './runner.ts';

const ID = 'c'.repeat(64);
const CRUN = { name: 'crun', path: '/usr/bin/crun', isCrun: true };

/** Plays a shim: gets what the daemon writes on the control connection, and may look at the files of that moment. */
type Script = (shim: {
  say(line: string): void;
  heard(line: string): Promise<void>;
  end(): void;
}) => Promise<void>;

interface Bench {
  readonly host: RecordingHost;
  readonly runner: Runner;
  /** The arguments that the last shim was started with. */
  readonly args: () => string[];
  readonly root: string;
  readonly exec: string;
}

function bench(t: TestContext, script: Script): Bench {
  const root = mkdtempSync('/tmp/br-');
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const sockets = new Set<Socket>();
  const played: Promise<void>[] = [];
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    played.push(play(socket, script));
  });
  const path = join(root, 'played');
  server.listen(path);
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await closed(server);
    await Promise.allSettled(played);
  });
  let last: DetachedRequest | undefined;
  const host = new RecordingHost().on('processes.startDetached', async (request: DetachedRequest) => {
    last = request;
    return [createConnection(path)];
  });
  mkdirSync(join(root, 'data/containers', ID), { recursive: true });
  const roots = { dataRoot: join(root, 'data'), execRoot: join(root, 'x'), cgroupParent: '/barge' };
  mkdirSync(join(roots.execRoot, 'runtime'), { recursive: true });
  const runner = new Runner(roots, CRUN, containerDefaults(), host);
  host.take();
  return { host, runner, root, args: () => [...(last?.args ?? [])], exec: runner.directories(ID).exec };
}

const closed = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()));

async function play(socket: Socket, script: Script): Promise<void> {
  let text = '';
  const waiting = new Set<() => void>();
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    for (const wake of waiting) wake();
  });
  await script({
    say: (line) => void socket.write(`${line}\n`),
    heard: async (line) => {
      while (!text.split('\n').includes(line)) {
        await new Promise<void>((resolve) => waiting.add(resolve));
        waiting.clear();
      }
    },
    end: () => void socket.end(),
  });
}

const PROCESS = { command: ['sleep', '1'], env: ['A=1'], user: 'web' };

function definition(changes: Partial<ContainerDefinition> = {}): ContainerDefinition {
  return {
    id: ID,
    name: 'web',
    createdAt: 0,
    imageName: 'busybox',
    imageId: '',
    layers: [],
    spec: containerSpec({ process: PROCESS }),
    mounts: [],
    ...changes,
  };
}

const input = (changes: Partial<StartInput> = {}): StartInput => ({
  definition: definition(),
  rootfs: { lower: ['base', 'top'], layersDirectory: '/data/layers' },
  privateNetwork: true,
  networkNamespace: '/run/netns/bt-1',
  etc: { hostname: 'web\n', hosts: '127.0.0.1 localhost\n', resolvConf: 'nameserver 1.1.1.1\n' },
  sharedNamespaces: {},
  attach: [],
  ...changes,
});

/** Without what only hosts without CAP_SYS_RESOURCE are asked. */
const stepsOf = (host: RecordingHost) => host.calls.filter(([name]) => name !== 'processTable.canScore');

/** The values that follow an option, in the order of their coming. */
const valuesOf = (args: readonly string[], option: string) =>
  args.flatMap((arg, i) => (arg === option ? [args[i + 1]] : []));

test('the shim mounts while the bundle is written, and the runtime starts once it is there', async (t) => {
  const moments: string[] = [];
  const { host, runner, args, exec } = bench(t, async ({ say, heard }) => {
    say('user found 7 8 8,9 =/home/web');
    await heard('go');
    const spec = JSON.parse(readFileSync(join(exec, 'config.json'), 'utf8'));
    moments.push(`${spec.process.user.uid}:${spec.process.user.gid} ${spec.process.args.join(' ')}`);
    moments.push(readFileSync(runner.directories(ID).hosts, 'utf8'));
    say('pid 4242 users 4241');
  });
  const { pid, link } = await runner.start(input());
  assert.deepEqual([pid, link.shimPid], [4242, 4241]);
  assert.deepEqual(moments, ['7:8 sleep 1', '127.0.0.1 localhost\n']);
  assert.deepEqual(
    stepsOf(host).map(([name]) => name),
    ['cgroups.makeHybrid', 'cgroups.oomFile', 'processes.startDetached'],
  );
  link.release();
  const { upper, work, rootfs, log, runtimeRoot } = runner.directories(ID);
  const [given = [], run = [], cleanup = []] = split(args());
  assert.deepEqual(valuesOf(given, '--mount'), [
    `lowerdir=top:base,upperdir=${upper},workdir=${work},redirect_dir=off,index=off,metacopy=off`,
  ]);
  assert.deepEqual(valuesOf(given, '--layers'), ['/data/layers']);
  assert.deepEqual(valuesOf(given, '--target'), [rootfs]);
  assert.deepEqual(valuesOf(given, '--log'), [log]);
  assert.deepEqual(valuesOf(given, '--oom'), [`/cgroup/barge/${ID}/memory.events`]);
  assert.deepEqual(valuesOf(given, '--oom-score'), ['0']);
  assert.deepEqual(valuesOf(given, '--own-oom-score'), ['-998']);
  assert.deepEqual(valuesOf(given, '--user'), ['web\n']);
  assert.deepEqual(run.slice(0, 3), ['/usr/bin/crun', '--root', runtimeRoot]);
  assert.deepEqual(run.slice(-3), ['--bundle', exec, ID]);
  assert.deepEqual(cleanup, ['/usr/bin/crun', '--root', runtimeRoot, 'delete', '--force', ID]);
});

/** Options, runtime and clean-up, which `--` separates. */
function split(args: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  for (const arg of args) {
    if (arg === '--') parts.push([]);
    else parts.at(-1)?.push(arg);
  }
  return parts;
}

const started: Script = async ({ say, heard }) => {
  say('user found 0 0 0 =/root');
  await heard('go');
  say('pid 4242 users 4241');
};

test('on a hybrid host the shim gets the cgroup that no runtime knows, and the mount to hide', async (t) => {
  const { host, runner, args } = bench(t, started);
  host.on('cgroups.makeHybrid', (path: string) => `/cg/unified${path}`);
  host.on('runtimes.named', () => ({ ...CRUN, name: 'mine', hide: '/cg/unified' }));
  const spec = containerSpec({ process: PROCESS, runtime: 'mine', limits: { cgroupParent: '/mine' } });
  (await runner.start(input({ definition: definition({ spec }) }))).link.release();
  assert.deepEqual(valuesOf(args(), '--cgroup'), [`/cg/unified/mine/${ID}`]);
  assert.deepEqual(valuesOf(args(), '--hide'), ['/cg/unified']);
});

test('what an earlier run left is ended before the shim starts, and its exit record is not taken for this one’s', async (t) => {
  const { host, runner, exec } = bench(t, started);
  const { runtimeRoot } = runner.directories(ID);
  mkdirSync(join(runtimeRoot, ID), { recursive: true });
  mkdirSync(exec, { recursive: true });
  writeFileSync(join(exec, 'exit'), '3 0 0\n');
  (await runner.start(input())).link.release();
  assert.deepEqual(
    stepsOf(host).map(([name, first]) => (name.startsWith('processes.') ? name : `${name} ${first}`)),
    [
      `cgroups.kill /barge/${ID}`,
      `cgroups.remove /barge/${ID}`,
      `cgroups.makeHybrid /barge/${ID}`,
      `cgroups.oomFile /barge/${ID}`,
      'processes.startDetached',
    ],
  );
  assert.ok(!existsSync(join(runtimeRoot, ID)));
  assert.ok(!existsSync(join(exec, 'exit')));
});

test('a user that the image does not know ends the start, and the runtime never runs', async (t) => {
  const lines: string[] = [];
  const { runner } = bench(t, async ({ say, heard }) => {
    say('user unknown-user');
    await Promise.race([heard('go').then(() => lines.push('go')), new Promise(setImmediate)]);
  });
  await assert.rejects(runner.start(input()), { kind: 'invalid-parameter', message: /web/ });
  assert.deepEqual(lines, []);
});

test('a runtime that fails is reported in docker’s words, with the exit code that a shell would give', async (t) => {
  const { runner, exec } = bench(t, async ({ say, heard, end }) => {
    say('user found 0 0 0 =/root');
    await heard('go');
    const msg = 'executable file `nope` not found in $PATH: No such file or directory';
    writeFileSync(join(exec, 'runtime.log'), `${JSON.stringify({ msg, level: 'error' })}\n`);
    say('failed 1');
    end();
  });
  const nope = definition({ spec: containerSpec({ process: { command: ['nope'] } }) });
  await assert.rejects(runner.start(input({ definition: nope })), {
    exitCode: 127,
    message: /exec: "nope": executable file not found in \$PATH/,
  });
});

test('a runtime that fails at the daemon’s limit of processes is not blamed on the container', async (t) => {
  let refused = 5;
  const { host, runner } = bench(t, async ({ say, heard, end }) => {
    say('user found 0 0 0 =/root');
    await heard('go');
    say('failed 1');
    end();
  });
  host.on('cgroups.refusedForks', () => refused);
  const limit = { kind: 'unavailable', message: /^cannot start a process: .*TasksMax/ };
  await assert.rejects(runner.start(input()), limit);
  await assert.rejects(runner.start(input()), { exitCode: 128 }, 'no further start was refused since');
  refused++;
  await assert.rejects(runner.start(input()), limit);
});

test('a shim that meets a limit itself reports it by its number', async (t) => {
  const { runner } = bench(t, async ({ say, end }) => {
    say('errno 11\nerror starting /usr/bin/crun: Resource temporarily unavailable');
    end();
  });
  await assert.rejects(runner.start(input()), {
    kind: 'unavailable',
    message: /cannot start a process: .*EAGAIN/,
  });
  const other = bench(t, async ({ say, end }) => {
    say('errno 22\nerror mounting the root file system on /x: Invalid argument');
    end();
  });
  await assert.rejects(other.runner.start(input()), {
    kind: 'system',
    message: 'starting a process failed: mounting the root file system on /x: Invalid argument',
  });
});

test('a process that cannot be started fails the start with that reason', async (t) => {
  const { host, runner } = bench(t, started);
  host.on('processes.startDetached', () => Promise.reject(new Error('cannot start a process: limit')));
  await assert.rejects(runner.start(input()), /cannot start a process: limit/);
});

test('a session whose shim is killed has its process ended, if that is still the container’s', async (t) => {
  for (const [pids, killed] of [
    [[1, 99], [99]],
    [[1], []],
  ] as const) {
    const { host, runner } = bench(t, async ({ say, end }) => {
      say('pid 99 users 98');
      end();
    });
    host.on('cgroups.pids', () => pids);
    const execId = 'e'.repeat(64);
    host.on('processes.startDetached', async () => {
      writeFileSync(join(runner.execDirectory(ID, execId), 'pid'), '99');
      return [createConnection(join(runner.roots.dataRoot, '../played'))];
    });
    const { link } = await runner.exec({
      definition: definition(),
      execId,
      process: { args: ['true'], cwd: '/', env: [], user: { uid: 0, gid: 0 } },
      stdin: false,
      attach: [],
    });
    await assert.rejects(link.exit, /the shim has died/);
    assert.deepEqual(
      host.callsOf('processTable.kill').map(([, pid]) => pid),
      killed,
    );
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench } from './testing/bench.ts';

test('a failing command fails the build with its code, its message and its lines', async () => {
  await using bench = await Bench.open();
  bench.worker.run = () => ({ exitCode: 3 });
  await assert.rejects(bench.build('FROM base\nRUN false \\\n  || exit 3\nRUN never\n'), {
    code: 3,
    message: [
      "Dockerfile:2:1: The command '/bin/sh -c false   || exit 3' returned a non-zero code: 3",
      '   1 |     FROM base',
      '   2 | >>> RUN false \\',
      '   3 | >>>   || exit 3',
      '   4 |     RUN never',
    ].join('\n'),
  });
  assert.equal(bench.worker.execs.length, 1);
  assert.equal(bench.worker.configs.size, 0);
});

test('a failed step is not cached', async () => {
  await using bench = await Bench.open();
  bench.worker.run = () => ({ exitCode: 1 });
  await assert.rejects(bench.build('FROM base\nRUN x\n'));
  bench.worker.run = () => ({});
  await bench.build('FROM base\nRUN x\n');
  assert.equal(bench.worker.execs.length, 2);
});

test('the failure of one stage stops another that is running', async () => {
  await using bench = await Bench.open();
  let stopped = false;
  bench.worker.run = async ({ args, signal }) => {
    if (args.at(-1) === 'fail') return { exitCode: 1 };
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    stopped = true;
    signal.throwIfAborted();
    return {};
  };
  const text = 'FROM base AS a\nRUN wait\nFROM base\nRUN fail\nCOPY --from=a /x /x\n';
  await assert.rejects(bench.build(text, { parallel: 2 }), /returned a non-zero code: 1/);
  assert.equal(stopped, true);
});

test('a build can be cancelled', async () => {
  await using bench = await Bench.open();
  const controller = new AbortController();
  bench.worker.run = async ({ signal }) => {
    controller.abort();
    signal.throwIfAborted();
    return {};
  };
  const build = bench.build('FROM base\nRUN x\n', { signal: controller.signal });
  await assert.rejects(build, { kind: 'cancelled' });
});

test('the exec form runs directly, the shell form through SHELL, with USER and WORKDIR', async () => {
  await using bench = await Bench.open();
  const shell = 'SHELL ["/bin/bash", "-c"]';
  await bench.build(`FROM base\n${shell}\nUSER app:web\nWORKDIR rel\nRUN a b\nRUN ["c", "d e"]\n`);
  const [first, second] = bench.worker.execs;
  assert.deepEqual(first?.args, ['/bin/bash', '-c', 'a b']);
  assert.deepEqual(second?.args, ['c', 'd e']);
  assert.deepEqual([second?.cwd, second?.user], ['/rel', 'app:web']);
});

test('WORKDIR creates its directory for the user, unless it exists', async () => {
  await using bench = await Bench.open();
  const id = await bench.build('FROM base\nWORKDIR /etc\nUSER app\nWORKDIR /home/app/x\n');
  const config = bench.worker.configs.get(id);
  const files = bench.worker.files(config?.rootfs.diff_ids ?? []);
  assert.deepEqual([files.get('home/app/x')?.uid, files.get('home/app/x')?.gid], [1000, 1001]);
  assert.equal(config?.rootfs.diff_ids.length, 2);
  const empty = config?.history?.map((entry) => entry.empty_layer ?? false);
  assert.deepEqual(empty, [false, true, true, false]);
});

test('a heredoc is a script for the shell, a program when it starts with #!, or input of the command', async () => {
  await using bench = await Bench.open();
  const program = '#!/usr/bin/env python\nprint(1)\n';
  await bench.build(
    `FROM base\nRUN <<EOF\none\ntwo\nEOF\nRUN <<SCRIPT\n${program}SCRIPT\nRUN cat <<A - <<B\na\nA\nb\nB\n`,
  );
  const [script, own, command] = bench.worker.execs;
  assert.deepEqual(script?.args, ['/bin/sh', '-c', 'one\ntwo\n']);
  assert.deepEqual(own?.args, ['/dev/pipes/SCRIPT']);
  const mount = own?.mounts?.[0];
  assert.ok(mount?.type === 'bind');
  const file = bench.worker.files(mount.from).get('SCRIPT');
  assert.deepEqual([mount.target, file?.mode, file?.text], ['/dev/pipes', 0o755, program]);
  assert.deepEqual(command?.args, ['/bin/sh', '-c', 'cat <<A - <<B\na\nA\nb\nB']);
});

test('mounts are parsed, with variables, defaults and files of stages and of the context', async () => {
  await using bench = await Bench.open({ 'a.txt': 'A', secret: 'no', '.dockerignore': 'secret' });
  bench.worker.run = () => ({ files: { built: 'B' } });
  const text = `FROM base AS build
RUN x
FROM base
ARG ID=npm
WORKDIR /w
RUN --mount=type=cache,target=cache,id=$ID,sharing=locked \\
    --mount=target=/src,rw \\
    --mount=type=bind,from=build,source=/built,target=/built \\
    --mount=type=tmpfs,target=/t,size=1m \\
    --mount=type=secret,id=token,env=TOKEN \\
    --mount=type=secret,id=absent \\
    make
`;
  await bench.build(text, { secrets: new Map([['token', Buffer.from('s3')]]) });
  const [cache, context, stage, tmpfs, secret, ...rest] = bench.worker.execs[1]?.mounts ?? [];
  const owner = { uid: 0, gid: 0 };
  const cacheMount = { type: 'cache', target: '/w/cache', id: 'npm', sharing: 'locked', readOnly: false };
  assert.deepEqual(cache, { ...cacheMount, source: '/', mode: 0o755, ...owner });
  assert.ok(context?.type === 'bind' && stage?.type === 'bind');
  assert.deepEqual([...bench.worker.files(context.from).keys()], ['.dockerignore', 'a.txt']);
  assert.equal(context.readOnly, false);
  assert.equal(bench.worker.files(stage.from).get('built')?.text, 'B');
  assert.deepEqual([stage.source, stage.readOnly], ['/built', true]);
  assert.deepEqual(tmpfs, { type: 'tmpfs', target: '/t', size: 1024 ** 2 });
  const value = Buffer.from('s3');
  assert.deepEqual(secret, { type: 'secret', id: 'token', variable: 'TOKEN', value, mode: 0o400, ...owner });
  assert.deepEqual(rest, []);
});

test('a changed file of a bind mount runs the step again; a changed secret does not', async () => {
  await using bench = await Bench.open({ 'a.txt': '1' });
  const text = 'FROM base\nRUN --mount=target=/src --mount=type=secret,id=s,required make\n';
  const secrets = (value: string) => ({ secrets: new Map([['s', Buffer.from(value)]]) });
  await bench.build(text, secrets('one'));
  await bench.build(text, secrets('two'));
  assert.match(bench.verdicts()[0] ?? '', /: hit$/);
  await bench.write({ 'a.txt': '2' });
  await bench.build(text, secrets('two'));
  assert.match(bench.verdicts()[0] ?? '', /: the mount at \/src changed$/);
  await assert.rejects(bench.build(text, { noCache: true }), /secret s: not found/);
});

const BAD_MOUNTS: readonly (readonly [string, RegExp])[] = [
  ['type=bnid,target=/x', /unsupported mount type "bnid" \(did you mean bind\?\)/],
  ['type=bind', /invalid mount target ""/],
  ['target=/x,sharing=locked', /unexpected key 'sharing' for mount type 'bind'/],
  ['target=/x,tarrget=/y', /unexpected key 'tarrget'/],
  ['target=/x,nonsense', /invalid field 'nonsense' must be a key=value pair/],
  ['type=cache,target=/x,sharing=some', /unsupported sharing value "some"/],
  ['from=$X,target=/x', /'from' doesn't support variable expansion/],
  ['type=secret', /invalid secret mount/],
];
for (const [mount, message] of BAD_MOUNTS) {
  test(`--mount=${mount} is refused`, async () => {
    await using bench = await Bench.open();
    await assert.rejects(bench.build(`FROM base\nRUN --mount=${mount} x\n`), message);
  });
}

test("network and security modes reach the worker; the default network is the request's", async () => {
  await using bench = await Bench.open();
  const text = 'FROM base\nRUN a\nRUN --network=none b\nRUN --network=default --security=insecure c\n';
  await assert.rejects(bench.build(text), {
    kind: 'forbidden',
    message: /entitlement security.insecure is not allowed: build with --allow security.insecure/,
  });
  const entitlements = ['security.insecure'] as const;
  await bench.build(text, { entitlements, networkMode: 'host', extraHosts: ['db:10.0.0.1'], shmSize: 5 });
  const modes = bench.worker.execs.map(({ network, security }) => [network, security]);
  assert.deepEqual(modes, [
    ['host', 'sandbox'],
    ['none', 'sandbox'],
    ['host', 'insecure'],
  ]);
  const [first] = bench.worker.execs;
  assert.deepEqual([first?.extraHosts, first?.shmSize], [['db:10.0.0.1'], 5]);
});

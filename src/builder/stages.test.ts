import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Bench } from './testing/bench.ts';

/** The environment a RUN saw, as an object. */
function envOf(bench: Bench, index = 0): Record<string, string> {
  const env = bench.worker.execs[index]?.env ?? [];
  return Object.fromEntries(env.map((entry) => entry.split(/=(.*)/s).slice(0, 2)));
}

test('an ARG above FROM applies to FROM, and to a stage only when it declares it again', async () => {
  await using bench = await Bench.open();
  const text = 'ARG BASE=base\nARG V=1\nFROM $BASE\nRUN a\nARG V\nRUN b\n';
  await bench.build(text);
  assert.equal(envOf(bench, 0).V, undefined);
  assert.equal(envOf(bench, 1).V, '1');
  await bench.build(text, { buildArgs: { V: '2' } });
  assert.equal(envOf(bench, 2).V, '2');
});

test('a build argument reaches RUN, its key and its history, but not the image environment', async () => {
  await using bench = await Bench.open();
  const text = 'FROM base\nARG V=default\nENV E=$V\nRUN make\n';
  await bench.build(text);
  const id = await bench.build(text, { buildArgs: { V: 'given' } });
  assert.deepEqual(bench.verdicts(), ['RUN make: build argument V changed; variable E changed']);
  const config = bench.worker.configs.get(id);
  assert.deepEqual(config?.config?.Env?.slice(1), ['E=given']);
  assert.equal(config?.history?.at(-1)?.created_by, 'RUN |1 V=given /bin/sh -c make # buildkit');
});

test('an argument declared after a step does not run it again', async () => {
  await using bench = await Bench.open();
  const text = 'FROM base\nRUN early\nARG V\nRUN late\n';
  await bench.build(text, { buildArgs: { V: '1' } });
  await bench.build(text, { buildArgs: { V: '2' } });
  assert.deepEqual(bench.verdicts(), ['RUN early: hit', 'RUN late: build argument V changed']);
});

test('proxies reach RUN without a declaration and are not part of its key', async () => {
  await using bench = await Bench.open();
  await bench.build('FROM base\nRUN make\n', { buildArgs: { http_proxy: 'http://one' } });
  assert.equal(envOf(bench).HTTP_PROXY, 'http://one');
  assert.equal(envOf(bench).http_proxy, 'http://one');
  const id = await bench.build('FROM base\nRUN make\n', { buildArgs: { http_proxy: 'http://two' } });
  assert.deepEqual(bench.verdicts(), ['RUN make: hit']);
  assert.doesNotMatch(JSON.stringify(bench.worker.configs.get(id)), /proxy/);
});

test('undeclared build arguments cause a warning', async () => {
  await using bench = await Bench.open();
  await bench.build('FROM base\nARG A\n', { buildArgs: { A: '1', B: '2', HTTPS_PROXY: 'x' } });
  const warnings = bench.events.filter((event) => event.kind === 'warning').map((event) => event.message);
  assert.deepEqual(warnings, ['One or more build-args [B] were not consumed']);
});

test('platform arguments are set where they are declared', async () => {
  await using bench = await Bench.open();
  const text = 'FROM --platform=$BUILDPLATFORM base\nARG TARGETARCH TARGETVARIANT TARGETPLATFORM\nRUN a\n';
  await bench.build(text, { platforms: ['linux/arm/v7'] });
  const { TARGETARCH, TARGETVARIANT, TARGETPLATFORM } = envOf(bench);
  assert.deepEqual([TARGETARCH, TARGETVARIANT, TARGETPLATFORM], ['arm', 'v7', 'linux/arm/v7']);
  assert.match(bench.worker.resolved[0]?.platform ?? '', /^linux\/(amd64|arm64)$/);
});

test('only the stages that the target needs are built', async () => {
  await using bench = await Bench.open({ a: '1' });
  const text = `FROM base AS one
RUN one
FROM missing AS unused
RUN unused
FROM one AS two
RUN two
FROM base
COPY --from=two /etc/passwd /p
`;
  await bench.build(text);
  assert.deepEqual(
    bench.worker.execs.map((exec) => exec.args.at(-1)),
    ['one', 'two'],
  );
  await bench.build(text, { target: 'ONE' });
  assert.equal(bench.worker.execs.length, 2);
  await assert.rejects(
    bench.build(text, { target: 'tow' }),
    /target stage "tow" could not be found \(did you mean two\?\)/,
  );
  await assert.rejects(
    bench.build(text, { target: 'unused' }),
    /Dockerfile:3:1: pull access denied for missing/,
  );
});

test('--from accepts a name, a number or an image, but not a later stage', async () => {
  await using bench = await Bench.open();
  bench.worker.addImage('tools', { tool: 'T' });
  bench.worker.run = () => ({ files: { made: 'M' } });
  const text =
    'FROM base AS b\nRUN x\nFROM scratch\nCOPY --from=0 /made /0\nCOPY --from=B /made /b\nCOPY --from=tools /tool /t\n';
  assert.deepEqual(bench.worker.contents(await bench.build(text)), { '0': 'M', b: 'M', t: 'T' });
  const reject = (from: string, message: RegExp) =>
    assert.rejects(
      bench.build(`FROM base AS a\nCOPY --from=${from} /x /x\nFROM base AS z\n`, { target: 'a' }),
      message,
    );
  await reject('1', /it needs to be defined before current stage "a"/);
  await reject('z', /cannot copy from stage "z"/);
  await reject('a', /circular dependency detected on stage: a/);
  await reject('7', /invalid stage index 7/);
  await reject('$X', /variable expansion is not supported for --from/);
});

test('independent stages run concurrently, and are shown in their order', async () => {
  await using bench = await Bench.open();
  let running = 0;
  let most = 0;
  bench.worker.run = async (request) => {
    most = Math.max(most, ++running);
    request.output('stdout', Buffer.from(`out ${request.args.at(-1)}\n`));
    await delay(request.args.at(-1) === 'slow' ? 60 : 20);
    running--;
    return { files: { [`${request.args.at(-1)}`]: '1' } };
  };
  const text = `FROM base AS a
RUN slow
FROM base AS b
RUN quick
FROM scratch
COPY --from=a /slow /
COPY --from=b /quick /
`;
  await bench.build(text, { parallel: 2 });
  assert.equal(most, 2);
  const steps = bench.messages
    .map((message) => message.stream ?? '')
    .filter((line) => /^Step|^out/.test(line));
  assert.deepEqual(
    steps.map((line) => line.trim()),
    [
      'Step 1/7 : FROM base AS a',
      'Step 2/7 : RUN slow',
      'out slow',
      'Step 3/7 : FROM base AS b',
      'Step 4/7 : RUN quick',
      'out quick',
      'Step 5/7 : FROM scratch',
      'Step 6/7 : COPY --from=a /slow /',
      'Step 7/7 : COPY --from=b /quick /',
    ],
  );
  most = 0;
  await bench.build(text, { parallel: 1, noCache: true });
  assert.equal(most, 1);
});

test('a stage built on another starts with its files, variables and arguments', async () => {
  await using bench = await Bench.open();
  const text = 'FROM base AS one\nARG A=1\nENV E=2\nWORKDIR /w\nUSER app\nFROM one\nRUN x\n';
  const id = await bench.build(text);
  const exec = bench.worker.execs[0];
  assert.deepEqual([envOf(bench).A, envOf(bench).E, exec?.cwd, exec?.user], ['1', '2', '/w', 'app']);
  const created = bench.worker.configs.get(id)?.history?.map((entry) => entry.created_by);
  assert.deepEqual(created?.slice(1, 4), ['ARG A=1', 'ENV E=2', 'WORKDIR /w']);
});

test('triggers of the base image run first and are not passed on', async () => {
  await using bench = await Bench.open({ 'a.txt': 'A' });
  bench.worker.addImage(
    'parent',
    {},
    { config: { OnBuild: ['COPY a.txt /a', 'RUN <<EOF\ntriggered\nEOF'] } },
  );
  const id = await bench.build('FROM parent\nRUN own\n');
  assert.deepEqual(
    bench.worker.execs.map((exec) => exec.args.at(-1)),
    ['triggered\n', 'own'],
  );
  assert.equal(bench.worker.contents(id).a, 'A');
  assert.equal(bench.worker.configs.get(id)?.config?.OnBuild ?? null, null);
});

test('ONBUILD adds triggers for images built on this one', async () => {
  await using bench = await Bench.open();
  const id = await bench.build('FROM base\nONBUILD RUN a\nONBUILD COPY . /x\n');
  assert.deepEqual(bench.worker.configs.get(id)?.config?.OnBuild, ['RUN a', 'COPY . /x']);
});

test('a base image is resolved once, with the pull option and the platform of the request', async () => {
  await using bench = await Bench.open();
  await bench.build('FROM base AS a\nRUN a\nFROM base\nCOPY --from=a /etc/passwd /x\n', {
    pull: true,
    platforms: ['linux/aarch64'],
  });
  assert.deepEqual(bench.worker.resolved, [{ reference: 'base', pull: true, platform: 'linux/arm64' }]);
});

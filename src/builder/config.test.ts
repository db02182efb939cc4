import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageRunConfig } from '../api/oci-image.ts';
import { Bench } from './testing/bench.ts';

async function configOf(body: string, from: ImageRunConfig = {}): Promise<ImageRunConfig> {
  await using bench = await Bench.open();
  bench.worker.addImage('base', {}, { config: from });
  const id = await bench.build(`FROM base\n${body}\n`);
  return bench.worker.configs.get(id)?.config ?? {};
}

async function historyOf(line: string): Promise<string | undefined> {
  await using bench = await Bench.open({ a: '', b: '' });
  const id = await bench.build(`FROM base\nENV V=1\n${line}\n`);
  return bench.worker.configs.get(id)?.history?.at(-1)?.created_by;
}

test('ENV changes or adds variables, and PATH is always set', async () => {
  const { Env } = await configOf('ENV A=2 B="x $A"\nENV C=$B\nENV LEGACY  a b ', { Env: ['A=1'] });
  const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  assert.deepEqual(Env, ['A=2', PATH, 'B=x 1', 'C=x 1', 'LEGACY=a b']);
});

test('ENTRYPOINT resets the CMD of the base image, but not one of its own stage', async () => {
  const from = { Cmd: ['base'] };
  assert.equal((await configOf('ENTRYPOINT ["e"]', from)).Cmd, null);
  const own = await configOf('CMD ["own"]\nENTRYPOINT ["e"]', from);
  assert.deepEqual([own.Cmd, own.Entrypoint], [['own'], ['e']]);
  assert.equal((await configOf('ENTRYPOINT []', { Entrypoint: ['x'] })).Entrypoint, null);
});

test('EXPOSE reads ranges, protocols and variables', async () => {
  const { ExposedPorts } = await configOf('ENV P="70 71/UDP"\nEXPOSE 80 8000-8002/udp 127.0.0.1:81:82 $P');
  const expected = ['80/tcp', '8000/udp', '8001/udp', '8002/udp', '82/tcp', '70/tcp', '71/udp'];
  assert.deepEqual(Object.keys(ExposedPorts ?? {}), expected);
  await assert.rejects(configOf('EXPOSE 80/icmp'), /invalid proto: icmp/);
  await assert.rejects(configOf('EXPOSE 99999'), /invalid containerPort: 99999/);
});

test('LABEL, VOLUME, USER, STOPSIGNAL, SHELL and HEALTHCHECK reach the configuration', async () => {
  const config = await configOf(
    'LABEL "a b"="c d" e=f\nVOLUME /x /y\nUSER app\nSTOPSIGNAL SIGQUIT\nSHELL ["/bin/x"]\nHEALTHCHECK --retries=2 CMD ok',
  );
  assert.deepEqual(config.Labels, { 'a b': 'c d', e: 'f' });
  assert.deepEqual(config.Volumes, { '/x': {}, '/y': {} });
  assert.deepEqual([config.User, config.StopSignal, config.Shell], ['app', 'SIGQUIT', ['/bin/x']]);
  assert.deepEqual(config.Healthcheck, { Test: ['CMD-SHELL', 'ok'], Retries: 2 });
  await assert.rejects(configOf('STOPSIGNAL SIGNOPE'), /invalid signal: 'SIGNOPE'/);
});

test('labels of the request are added to the result', async () => {
  await using bench = await Bench.open();
  const id = await bench.build('FROM base\nLABEL a=1 b=1\n', { labels: { b: '2', c: '3' } });
  assert.deepEqual(bench.worker.configs.get(id)?.config?.Labels, { a: '1', b: '2', c: '3' });
});

test('MAINTAINER is the author of the image', async () => {
  await using bench = await Bench.open();
  const id = await bench.build('FROM scratch\nMAINTAINER Some One\n');
  assert.equal(bench.worker.configs.get(id)?.author, 'Some One');
});

const HISTORY: readonly (readonly [string, string])[] = [
  ['ENV A="b c"', 'ENV A=b c'],
  ['ARG X=$V Y', 'ARG X=1 Y'],
  ['LABEL a=$V', 'LABEL a=1'],
  ['EXPOSE 80-81', 'EXPOSE [80/tcp 81/tcp]'],
  ['VOLUME /a /b', 'VOLUME [/a /b]'],
  ['USER $V', 'USER 1'],
  ['WORKDIR /w', 'WORKDIR /w'],
  ['SHELL ["/bin/x", "-c"]', 'SHELL [/bin/x -c]'],
  ['CMD echo "hi"', 'CMD ["/bin/sh" "-c" "echo \\"hi\\""]'],
  ['ENTRYPOINT ["a", "b"]', 'ENTRYPOINT ["a" "b"]'],
  [
    'HEALTHCHECK --interval=90s --timeout=250ms CMD ["x"]',
    'HEALTHCHECK {Test:[CMD x] Interval:1m30s Timeout:250ms StartPeriod:0s StartInterval:0s Retries:0}',
  ],
  ['COPY --chown=1:2 --chmod=600 a b /c/', 'COPY --chown=1:2 --chmod=600 a b /c/ # buildkit'],
  ['ADD a /c', 'ADD a /c # buildkit'],
];
for (const [line, expected] of HISTORY) {
  test(`${line} leaves "${expected}" in the history`, async () =>
    assert.equal(await historyOf(line), expected));
}

test('a base image whose history does not match its layers gets one that does', async () => {
  await using bench = await Bench.open();
  bench.worker.addImage('flat', { a: '1' }, { history: [] });
  const id = await bench.build('FROM flat\nENV A=1\n');
  const history = bench.worker.configs.get(id)?.history ?? [];
  assert.deepEqual(
    history.map((entry) => entry.empty_layer ?? false),
    [false, true],
  );
});

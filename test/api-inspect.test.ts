/** What a daemon shows of containers, against what the last one showed that stored Docker's own terms. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import type { ContainerInspect } from '../src/api/engine/containers.ts';
import { type BodyCase, bodyCases, recordedCases } from '../src/daemon/encode/testing.ts';
import { apiClient } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, create } = apiClient(daemon);

const CHANGES = [
  ...['USER 1:2', 'ENV A=image B=2', 'ENTRYPOINT ["/bin/sh","-c"]', 'CMD ["true"]', 'WORKDIR /data'],
  ...['LABEL team=image tier=x', 'EXPOSE 80', 'VOLUME /keep', 'STOPSIGNAL SIGQUIT', 'ONBUILD RUN y'],
  'HEALTHCHECK --interval=7s --timeout=3s CMD true',
];
await create('base');
const query = new URLSearchParams([
  ['container', 'base'],
  ['repo', 'rich'],
  ...CHANGES.map((change) => ['changes', change]),
]);
assert.equal((await post(`/commit?${query}`, {})).status, 201);
await post('/volumes/create', { Name: 'goldvol' });

const recorded = new Map(recordedCases().map((one) => [one.name, one]));

/** Without what differs from one daemon and host to another: ids, times, paths. */
function comparable(shown: object, { body }: BodyCase): unknown {
  const { GraphDriver, Created, ImageID, ...rest } = shown as ContainerInspect & {
    readonly ImageID?: string;
  };
  const text = JSON.stringify(rest)
    .replaceAll(daemon.directory, '/barge')
    .replace(/[0-9a-f]{64}/g, '<id>')
    .replace(/"[0-9a-f]{12}"/g, '"<short id>"');
  const { HostConfig: host, ...others } = JSON.parse(text);
  /* Nobody's choice: it follows the host's layout of cgroups. */
  const isChosen = body.HostConfig?.CgroupnsMode || body.HostConfig?.Privileged || !host.CgroupnsMode;
  return { ...others, HostConfig: isChosen ? host : { ...host, CgroupnsMode: '<usual>' } };
}

for (const one of bodyCases()) {
  if (one.hostDependent) continue;
  const { name, version = '1.56', image = 'busybox', body, update } = one;
  test(`inspect and list show what they did: ${name}`, async () => {
    const expected = recorded.get(name);
    assert.ok(expected);
    const made = await post(`/v${version}/containers/create?name=${name}`, { Image: image, ...body });
    assert.equal(made.status, 201, made.text);
    if (update) assert.equal((await post(`/containers/${name}/update`, update)).status, 200);
    const inspect = (await get(`/containers/${name}/json`)).json();
    assert.deepEqual(comparable(inspect, one), comparable(expected.inspect, one));
    const rows = (await get('/containers/json?all=1')).json();
    const row = rows.find(({ Id }: { readonly Id: string }) => Id === made.json().Id);
    /* Links of containers that come later add names. */
    const names = { Names: [`/${name}`] };
    assert.deepEqual(comparable({ ...row, ...names }, one), comparable({ ...expected.list, ...names }, one));
  });
}

test('a data root of an earlier daemon: its containers are shown as before, start and stop', async () => {
  const OLD = ['plain', 'storage', 'identity', 'the-rest'];
  const paths = OLD.map((name) => `/containers/${name}/json`);
  const shown = async () => await Promise.all(paths.map(async (path) => (await get(path)).json()));
  const before = await shown();
  assert.equal(await daemon.stop('SIGTERM'), 0);
  {
    using db = new DatabaseSync(join(daemon.dataRoot, 'barge.db'));
    const rowOf = db.prepare('SELECT definition FROM containers WHERE name = ?');
    const write = db.prepare('UPDATE containers SET definition = ? WHERE name = ?');
    for (const name of OLD) {
      const { spec, format, ...own } = JSON.parse(String(rowOf.get(name)?.definition));
      assert.equal(format, 2);
      const { config, hostConfig, networkingConfig } = recorded.get(name)?.definition ?? assert.fail();
      const mounts = own.mounts.map(
        ({ remakesSource, unlisted, ...mount }: Record<string, unknown>) => mount,
      );
      const { EndpointsConfig } = networkingConfig;
      const endpoints = Object.fromEntries(
        Object.entries(EndpointsConfig ?? {}).map(([network, settings]) => [
          network,
          { ...settings, NetworkID: spec.network?.endpoints?.[network]?.networkId },
        ]),
      );
      const old = { ...own, mounts, config: { ...config, Hostname: spec.hostname }, hostConfig };
      write.run(JSON.stringify({ ...old, networkingConfig: { EndpointsConfig: endpoints } }), name);
    }
  }
  await daemon.startAgain();
  assert.deepEqual(await shown(), before);
  assert.equal((await post('/containers/plain/start')).status, 204);
  assert.equal((await post('/containers/plain/wait')).json().StatusCode, 0);
});

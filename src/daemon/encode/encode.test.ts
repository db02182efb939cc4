/** Bodies and rows of containers, against what the last daemon that stored Docker's own terms showed of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerDefaults } from '../../container/defaults.ts';
import { containerDirectories } from '../../container/directories.ts';
import { withEndpoints } from '../../container/endpoints.ts';
import { CREATED } from '../../container/life/state.ts';
import type { ContainerDefinition } from '../../container/model.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import { readDefinition, storedDefinition } from '../../container/stored.ts';
import { createOfVersion } from '../compat.ts';
import { CREATE, UPDATE } from '../decode/container.ts';
import { createRequest } from '../decode/create.ts';
import { decode } from '../decode/decode.ts';
import { updateOf } from '../decode/update.ts';
import { upgradeDefinition } from '../decode/upgrade.ts';
import { encodeInspect } from './inspect.ts';
import { encodeSummary } from './summary.ts';
import { bodyCases, type RecordedCase, recordedCases } from './testing.ts';

const ROOTS = { dataRoot: '/barge/data', execRoot: '/barge/run', cgroupParent: '/barge' };
const ENGINE = {
  runner: { directories: (id: string) => containerDirectories(ROOTS, id) },
  layers: { root: '/barge/data/layers', get: () => undefined },
} as unknown as Parameters<typeof encodeInspect>[0];

const recorded = new Map(recordedCases().map((one) => [one.name, one]));
const recordOf = (name: string): RecordedCase => {
  const found = recorded.get(name);
  assert.ok(found, `${name} has not been recorded`);
  return found;
};

function assertShown(definition: ContainerDefinition, { inspect, list }: RecordedCase): void {
  const container = { definition, state: CREATED };
  const { GraphDriver, ...shown } = encodeInspect(ENGINE, container, []);
  assert.deepEqual(JSON.parse(JSON.stringify(shown)), inspect);
  const row = encodeSummary({ container, image: list.Image, linkedAs: list.Names.slice(1) });
  assert.deepEqual(JSON.parse(JSON.stringify(row)), list);
}

for (const record of recordedCases()) {
  test(`a row of the first format is shown as before: ${record.name}`, () => {
    const upgraded = upgradeDefinition(record.definition);
    assertShown(upgraded, record);
    const restored = readDefinition(storedDefinition(upgraded));
    assert.deepEqual(restored, upgraded);
    assertShown(restored, record);
  });
}

/** What the engine adds to a description: names of networks, the swap limit, and what the kernel does not have. */
function settled(spec: ContainerSpec, { definition, inspect }: RecordedCase): ContainerSpec {
  const { endpoints } = upgradeDefinition(definition).spec.network;
  const named = Object.entries(spec.network.endpoints).map(
    ([name, endpoint]) => [name, { ...endpoint, networkId: endpoints[name]?.networkId ?? '' }] as const,
  );
  const { limits } = spec;
  const { HostConfig: host } = inspect;
  return {
    ...withEndpoints(spec, Object.fromEntries(named)),
    limits: {
      ...limits,
      memorySwap: limits.memorySwap || 2 * limits.memory,
      blockWeight: host.BlkioWeight ?? 0,
      ...(host.BlkioWeightDevice === null ? { blockWeightDevices: [] } : {}),
    },
  };
}

for (const { name, version = '1.56', body, image = 'busybox', update } of bodyCases()) {
  test(`a body is shown as before: ${name}`, () => {
    const record = recordOf(name);
    const decoded = createOfVersion(version, decode(CREATE, { Image: image, ...body }));
    const request = createRequest(decoded, { name, platform: '' });
    const { spec } = request.describe({
      id: record.definition.id,
      image: record.imageConfig,
      defaults: containerDefaults(),
      cgroupNamespace: () => 'host',
    });
    const { limits, restart, asGiven } = updateOf(decode(UPDATE, update ?? {}));
    const given = Object.entries({ ...spec.asGiven.host, ...asGiven }).filter(
      ([, value]) => value !== undefined,
    );
    const changed = {
      ...spec,
      limits: { ...spec.limits, ...limits },
      restart: restart ?? spec.restart,
      asGiven: { ...spec.asGiven, host: Object.fromEntries(given) },
    };
    const { mounts } = upgradeDefinition(record.definition);
    assertShown({ ...record.definition, mounts, spec: settled(changed, record) }, record);
  });
}

test('the bodies have every member that a container can have', () => {
  const bodies = bodyCases().map(({ body }) => body);
  const given = new Set(
    bodies.flatMap((body) => [...Object.keys(body), ...Object.keys(body.HostConfig ?? {})]),
  );
  const known = (schema: object) => Object.keys((schema as { readonly members: object }).members);
  const { HostConfig: host } = (CREATE as unknown as { readonly members: { readonly HostConfig: object } })
    .members;
  const missing = [...known(CREATE), ...known(host)].filter(
    (member) => member !== 'Image' && !given.has(member),
  );
  assert.deepEqual(missing, []);
});

/** Any JSON at any place of any body: accepted as Go's decoder accepts it, or refused as the client's mistake. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerCreateRequest } from '../../api/engine/containers.ts';
import { checkLimits } from '../../container/check/resources.ts';
import { containerDefaults } from '../../container/defaults.ts';
import { checkLog } from '../../container/log/drivers.ts';
import { readDefinition, storedDefinition } from '../../container/stored.ts';
import { isKind } from '../../core/errors.ts';
import type { CgroupFeatures } from '../../host/cgroup-features.ts';
import { createOfVersion, networkOfVersion } from '../compat.ts';
import { encodeHostConfig } from '../encode/host-config.ts';
import { COMMIT, CREATE, UPDATE } from './container.ts';
import { createRequest } from './create.ts';
import { decode } from './decode.ts';
import { endpointOf } from './endpoint.ts';
import { EXEC_CREATE, EXEC_START } from './exec.ts';
import { parseExactJson } from './json.ts';
import { NETWORK_CONNECT, NETWORK_CREATE, NETWORK_DISCONNECT } from './network.ts';
import { AUTH, MANIFEST_LIST, PLATFORM, SESSION, VOLUME_CREATE } from './others.ts';
import { LIMITS, type Node, type Schema } from './schema.ts';
import { randomBody, randomJson, randomNumbers } from './testing/random.ts';
import { updateOf } from './update.ts';

const SCHEMAS: readonly Schema<unknown>[] = [
  ...[CREATE, COMMIT, UPDATE, EXEC_CREATE, EXEC_START, NETWORK_CREATE, NETWORK_CONNECT, NETWORK_DISCONNECT],
  ...[VOLUME_CREATE, AUTH, SESSION, MANIFEST_LIST, PLATFORM],
];
const RUNS = 1000;

/** Whether Go's `encoding/json` reads the value into the type, said without reading it. */
function accepts(node: Node, value: unknown): boolean {
  if (value === null || value === undefined) return true;
  const isObject = typeof value === 'object' && !Array.isArray(value);
  switch (node.kind) {
    case 'anything':
      return true;
    case 'string':
    case 'boolean':
      return typeof value === node.kind;
    case 'integer':
      return (
        isInteger(value) && BigInt(value) >= LIMITS[node.type][0] && BigInt(value) <= LIMITS[node.type][1]
      );
    case 'pair':
      return (
        Array.isArray(value) &&
        value.slice(0, 2).every((one) => accepts({ kind: 'integer', type: 'uint' }, one))
      );
    case 'list':
      if (node.orString && typeof value === 'string') return true;
      return Array.isArray(value) && value.every((one) => accepts(node.of, one));
    case 'map':
      return isObject && Object.values(value).every((one) => accepts(node.of, one));
    case 'object':
      return (
        isObject &&
        Object.entries(value).every(([key, one]) => {
          const name = Object.keys(node.members).find((member) => member.toLowerCase() === key.toLowerCase());
          return name === undefined || accepts(node.members[name] as Node, one);
        })
      );
  }
}

const isInteger = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));

/** The result, or undefined where the client is told of a mistake. Anything else thrown is a fault. */
function unlessRefused<T>(read: () => T, label: string): T | undefined {
  try {
    return read();
  } catch (error) {
    assert.ok(
      isKind(error, 'invalid-parameter'),
      `${label}: ${error instanceof Error ? error.stack : error}`,
    );
    return undefined;
  }
}

for (const schema of SCHEMAS) {
  const name = schema.kind === 'object' ? schema.name : '';
  test(`any JSON in a ${name} is read or refused as Go's decoder does`, () => {
    const random = randomNumbers(name.length * 1009 + 13);
    let [read, refused] = [0, 0];
    for (let run = 0; run < RUNS; run++) {
      const body = run % 20 === 0 ? randomJson(random, 4) : randomBody(schema, random);
      const json = JSON.stringify(body);
      const value = parseExactJson(json);
      const decoded = unlessRefused(() => [decode(schema, value)], json);
      assert.equal(decoded !== undefined, accepts(schema, value), json);
      if (decoded) read++;
      else refused++;
    }
    assert.ok(read > RUNS / 20 && refused > RUNS / 20, `${read} read, ${refused} refused`);
  });
}

const FEATURES: CgroupFeatures = {
  ...{ memory: true, memorySwap: true, memoryReservation: true, swappiness: false, oomKillDisable: true },
  ...{ cpuShares: true, cpuCfs: true, cpuRealtime: true, cpuset: true, pids: true, blkioWeight: false },
  ...{ blkioWeightDevice: true, blkioThrottle: true, cpus: '0-3', mems: '0' },
};

test('what is read of a creation becomes a spec that can be stored and shown, or is refused', () => {
  const random = randomNumbers(4711);
  let made = 0;
  for (let run = 0; run < 3 * RUNS; run++) {
    const body = randomBody<ContainerCreateRequest>(CREATE, random) as object;
    const json = JSON.stringify({ ...body, Image: 'busybox' });
    const version = ['1.24', '1.40', '1.43', '1.56'][random(4)] ?? '';
    const spec = unlessRefused(() => {
      const request = createOfVersion(version, decode(CREATE, parseExactJson(json)));
      const around = { id: 'ab'.repeat(32), image: {}, defaults: containerDefaults() };
      const described = createRequest(request, { name: '', platform: '' }).describe({
        ...around,
        cgroupNamespace: () => 'private',
      });
      checkLimits(described.spec.limits, FEATURES);
      checkLog(described.spec.log);
      return described.spec;
    }, json);
    if (!spec) continue;
    made++;
    const definition = {
      ...{ id: 'a', name: 'b', createdAt: 0, imageName: '', imageId: '' as const, layers: [], mounts: [] },
      spec,
    };
    assert.deepEqual(readDefinition(storedDefinition(definition)), definition, json);
    assert.ok(encodeHostConfig(spec, 'b').NetworkMode, json);
  }
  assert.ok(made > RUNS / 5, `${made} specs`);
});

test('what is read of an update, an endpoint or a network is used or refused', () => {
  const random = randomNumbers(815);
  for (let run = 0; run < RUNS; run++) {
    const update = JSON.stringify(randomBody(UPDATE, random));
    unlessRefused(() => updateOf(decode(UPDATE, parseExactJson(update))), update);
    const connect = JSON.stringify(randomBody(NETWORK_CONNECT, random));
    unlessRefused(() => endpointOf(decode(NETWORK_CONNECT, parseExactJson(connect)).EndpointConfig), connect);
    const network = JSON.stringify(randomBody(NETWORK_CREATE, random));
    unlessRefused(() => networkOfVersion('1.44', decode(NETWORK_CREATE, parseExactJson(network))), network);
  }
});

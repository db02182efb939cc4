import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerSpec, endpointSpec } from '../../container/default-spec.ts';
import { STATES } from '../../container/life/testing.ts';
import type { Container } from '../../container/model.ts';
import { parseFilters } from '../filters.ts';
import { containerTests } from './list-filters.ts';

const container: Container = {
  definition: {
    ...{ id: 'a'.repeat(64), name: 'web', createdAt: 0, imageName: '', imageId: '', layers: [], mounts: [] },
    spec: containerSpec({
      labels: { team: 'a' },
      annotations: { note: 'n' },
      ports: { exposed: ['80', '53/udp'], published: { '90/tcp': [{ address: '', port: '9090' }] } },
      network: { endpoints: { blue: endpointSpec({ networkId: 'abcdef' }) } },
    }),
  },
  state: {
    ...STATES.running,
    attachment: { sandbox: '', endpoints: [], ports: { '90/tcp': [{ HostIp: '', HostPort: '9090' }] } },
  },
};

const passes = (filters: Record<string, readonly string[]>) =>
  containerTests({} as Parameters<typeof containerTests>[0], parseFilters(JSON.stringify(filters))).every(
    (passesOne) => passesOne(container),
  );

for (const [filters, expected] of [
  [{ label: ['team=a'] }, true],
  [{ label: ['team=a', 'tier'] }, false],
  [{ annotation: ['note=n'] }, true],
  [{ annotation: ['team'] }, false],
  [{ network: ['blue'] }, true],
  [{ network: ['abc'] }, true],
  [{ network: [''] }, false],
  [{ network: ['red'] }, false],
  [{ expose: ['80'] }, true],
  [{ expose: ['53'] }, false],
  [{ expose: ['50-60/udp'] }, true],
  [{ expose: ['90'] }, true],
  [{ publish: ['9090'] }, true],
  [{ publish: ['90'] }, false],
] as const) {
  test(`a filter ${JSON.stringify(filters)} ${expected ? 'takes' : 'leaves out'} the container`, () => {
    assert.equal(passes(filters), expected);
  });
}

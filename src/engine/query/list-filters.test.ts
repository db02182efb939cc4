import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerSpec, endpointSpec } from '../../container/default-spec.ts';
import { STATES } from '../../container/life/testing.ts';
import type { Container } from '../../container/model.ts';
import type { Digest } from '../../core/digest.ts';
import { notFound } from '../../core/errors.ts';
import type { Image } from '../../image/images.ts';
import { parseFilters } from '../filters.ts';
import { containerTests, type FilterContext } from './list-filters.ts';

const image = (name: string, ...layers: string[]) =>
  ({
    id: `sha256:${name}` as Digest,
    config: { rootfs: { diff_ids: layers }, history: layers.map((created_by) => ({ created_by })) },
  }) as unknown as Image;
const IMAGES: Readonly<Record<string, Image>> = {
  base: image('base', 'a'),
  app: image('app', 'a', 'b'),
  sibling: image('sibling', 'a', 'c'),
  empty: image('empty'),
  /* The layer of `base`, made in another way. */
  twin: { ...image('twin', 'a'), config: { ...image('twin', 'a').config, history: [{ created_by: 'z' }] } },
};

const container: Container = {
  definition: {
    ...{
      id: 'a'.repeat(64),
      name: 'web',
      createdAt: 0,
      imageName: 'app',
      imageId: 'sha256:app' as Digest,
      layers: [],
      mounts: [],
    },
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

const unknown = (ref: string): never => {
  throw notFound(`no such object: ${ref}`);
};
const context: FilterContext = {
  containers: {
    find: (ref) => {
      const createdAt = { older: -5, newer: 5 }[ref] ?? unknown(ref);
      return { ...container, definition: { ...container.definition, createdAt } };
    },
  },
  images: {
    get: (id) => Object.values(IMAGES).find((image) => image.id === id),
    find: (ref) => IMAGES[ref] ?? unknown(ref),
  },
};

const passes = (filters: Record<string, readonly string[]>) =>
  containerTests(context, parseFilters(JSON.stringify(filters))).every((passesOne) => passesOne(container));

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
  [{ before: ['newer'] }, true],
  [{ before: ['older'] }, false],
  [{ since: ['older'] }, true],
  [{ since: ['newer'] }, false],
  [{ ancestor: ['app'] }, true],
  [{ ancestor: ['base'] }, true],
  [{ ancestor: ['sibling'] }, false],
  [{ ancestor: ['empty'] }, false],
  [{ ancestor: ['twin'] }, false],
  [{ ancestor: ['missing', 'base'] }, true],
] as const) {
  test(`a filter ${JSON.stringify(filters)} ${expected ? 'takes' : 'leaves out'} the container`, () => {
    assert.equal(passes(filters), expected);
  });
}

test('a container that `before` or `since` names must exist', () => {
  assert.throws(() => passes({ since: ['nobody'] }), { kind: 'not-found' });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CREATED } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import { conflict } from '../../core/errors.ts';
import { ANONYMOUS_LABEL, type Volume } from '../../volume/volumes.ts';
import { parseFilters } from '../filters.ts';
import { definitionOf } from '../lifecycle/testing.ts';
import { listVolumes, type PruneContext, pruneVolumes, removeVolume } from './manage.ts';

const volume = (name: string, labels: Volume['labels'] = {}): Volume => ({
  ...{ name, labels, createdAt: 0, options: {}, mountpoint: `/v/${name}` },
});

const userOf = (Name: string): Container => ({
  definition: definitionOf({
    mounts: [
      {
        ...{ Type: 'volume', Name, Source: `/v/${Name}`, Destination: '/data', Mode: '', RW: true },
        ...{ Propagation: '', options: [] },
      },
    ],
  }),
  state: CREATED,
});

interface Users {
  readonly containers?: Container[];
  /** Names of volumes that a transfer has mounted. */
  readonly mounted?: string[];
  /** Called whenever a volume is measured. */
  readonly measuring?: () => void;
}

/** The anonymous volumes `x` and `y`, and one named `data`; 5 bytes each. */
function context({ containers = [], mounted = [], measuring = () => {} }: Users = {}) {
  const all = new Map(
    [
      volume('data', { team: 'a' }),
      volume('x', { [ANONYMOUS_LABEL]: '' }),
      volume('y', { [ANONYMOUS_LABEL]: '' }),
    ].map((one) => [one.name, one]),
  );
  const events: string[] = [];
  const ctx: PruneContext = {
    containers: { list: () => containers },
    events: { emit: (_, action, name) => void events.push(`${action} ${name}`) },
    mounted: { usersOf: (name) => (mounted.includes(name) ? ['export 1'] : []) },
    host: {
      files: {
        directorySize: async () => {
          measuring();
          return 5;
        },
      },
    },
    volumes: {
      list: () => [...all.values()],
      find: (name) => all.get(name),
      remove: async (name, users) => {
        if (users.length > 0) throw conflict(`volume is in use - [${users.join(', ')}]`);
        all.delete(name);
      },
    },
  };
  return { ctx, events, names: () => [...all.keys()] };
}

const namesOf = (filters: Record<string, string[]>, users: Users = {}) =>
  listVolumes(context(users).ctx, parseFilters(JSON.stringify(filters))).map(({ Name }) => Name);

test('volumes are listed by their names, labels, driver and users', () => {
  assert.deepEqual(namesOf({}), ['data', 'x', 'y']);
  assert.deepEqual(namesOf({ name: ['at'] }), ['data']);
  assert.deepEqual(namesOf({ label: ['team=a'] }), ['data']);
  assert.deepEqual(namesOf({ driver: ['nfs'] }), []);
  const containers = [userOf('x')];
  assert.deepEqual(namesOf({ dangling: ['true'] }, { containers }), ['data', 'y']);
  assert.deepEqual(namesOf({ dangling: ['false'] }, { containers }), ['x']);
});

test('a volume that a container has, or a transfer has mounted, is not removed', async () => {
  const { ctx, events, names } = context({ containers: [userOf('x')], mounted: ['data'] });
  await assert.rejects(removeVolume(ctx, 'x', true), { kind: 'conflict', message: /\[c1\]/ });
  await assert.rejects(removeVolume(ctx, 'data', false), { kind: 'conflict', message: /\[export 1\]/ });
  await removeVolume(ctx, 'y', false);
  await removeVolume(ctx, 'missing', true);
  assert.deepEqual(names(), ['data', 'x']);
  assert.deepEqual(events, ['destroy y']);
});

test('a prune removes anonymous volumes that nobody has; named ones on request', async () => {
  const { ctx, events } = context({ containers: [userOf('x')] });
  assert.deepEqual(await pruneVolumes(ctx, new Map()), { VolumesDeleted: ['y'], SpaceReclaimed: 5 });
  assert.deepEqual(events, ['destroy y', 'prune ']);
  const all = parseFilters('{"all":["true"]}');
  assert.deepEqual(await pruneVolumes(ctx, all), { VolumesDeleted: ['data'], SpaceReclaimed: 5 });
});

test('a prune leaves a volume that has come into use while it was measured', async () => {
  const containers: Container[] = [];
  const { ctx, names } = context({ containers, measuring: () => void containers.push(userOf('x')) });
  assert.deepEqual(await pruneVolumes(ctx, new Map()), { VolumesDeleted: ['y'], SpaceReclaimed: 5 });
  assert.deepEqual(names(), ['data', 'x']);
});

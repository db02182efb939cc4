import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Container } from '../../container/model.ts';
import type { ShimLink } from '../../container/shim.ts';
import { LiveContainers } from './context.ts';
import { eraseContainer } from './remove.ts';
import { definitionOf } from './testing.ts';

type EraseContext = Parameters<typeof eraseContainer>[0];
type Mount = Container['definition']['mounts'][number];

const volume = (Name: string, anonymous: boolean): Mount => ({
  Type: 'volume',
  Name,
  anonymous,
  Source: `/v/${Name}`,
  Destination: `/${Name}`,
  Mode: '',
  RW: true,
  Propagation: '',
  options: [],
});

function fake(others: readonly Container[] = []) {
  const log: string[] = [];
  const live = new LiveContainers();
  const ctx: EraseContext = {
    live,
    runner: { clear: async ({ id }: { id: string }) => void log.push(`clear ${id}`) },
    volumes: {
      find: (name: string) => ({ name, createdAt: 0, labels: {}, options: {}, mountpoint: `/v/${name}` }),
      remove: async (name: string) => {
        if (name === 'stuck') throw new Error('busy');
        log.push(`remove volume ${name}`);
      },
    },
    mounted: { usersOf: (name: string) => (name === 'mounted' ? ['c9'] : []) },
    containers: { list: () => [...others] },
    events: { emit: (type: string, action: string, id: string) => void log.push(`${type} ${action} ${id}`) },
    warn: (message: string) => void log.push(message),
  };
  return { ctx, live, log };
}

const containerWith = (...mounts: Mount[]): Container => ({
  definition: definitionOf({ mounts }),
  state: { status: 'created', exitCode: 0, error: '' },
});

describe('what a removal finds of a container', () => {
  test('a process that no shim answers for is ended', async () => {
    const { ctx, log } = fake();
    await eraseContainer(ctx, containerWith(), false);
    assert.deepEqual(log, ['clear c1']);
  });

  test('a shim that is still cleaning up is left to that', async () => {
    const { ctx, live, log } = fake();
    live.links.set('c1', {} as ShimLink);
    await eraseContainer(ctx, containerWith(), false);
    assert.deepEqual(log, []);
  });
});

describe('the volumes of a removed container', () => {
  const mine = containerWith(volume('anonymous', true), volume('named', false), volume('mounted', true));

  test('anonymous ones that nobody uses go with it', async () => {
    const { ctx, log } = fake();
    await eraseContainer(ctx, mine, true);
    assert.deepEqual(log, ['clear c1', 'remove volume anonymous', 'volume destroy anonymous']);
  });

  test('one that another container has stays', async () => {
    const other = { ...mine, definition: { ...mine.definition, id: 'c2' } };
    const { ctx, log } = fake([other]);
    await eraseContainer(ctx, mine, true);
    assert.deepEqual(log, ['clear c1']);
  });

  test('one that cannot be removed does not keep the container', async () => {
    const { ctx, log } = fake();
    await eraseContainer(ctx, containerWith(volume('stuck', true)), true);
    assert.deepEqual(log, ['clear c1', 'removing an anonymous volume failed']);
  });
});

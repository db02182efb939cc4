import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerSpec } from '../../container/default-spec.ts';
import { STATES } from '../../container/life/testing.ts';
import type { Digest } from '../../core/digest.ts';
import { notFound } from '../../core/errors.ts';
import type { Image } from '../../image/images.ts';
import { parseFilters } from '../filters.ts';
import { FakeLife } from '../lifecycle/testing.ts';
import { type ListContext, type ListQuery, listContainers } from './list.ts';

const IMAGE = `sha256:${'ab'.repeat(32)}` as Digest;
const OTHER_IMAGE = `sha256:${'cd'.repeat(32)}` as Digest;
const LAYER = `sha256:${'ef'.repeat(32)}` as Digest;

/** Three containers of one age each; `busybox` now stands for another image than the oldest one's. */
function context() {
  const { containers } = new FakeLife();
  const links = containerSpec({ names: { links: [{ target: 'db', alias: 'store' }] } });
  for (const [createdAt, name, status, imageId] of [
    [1, 'db', 'running', OTHER_IMAGE],
    [2, 'web', 'running', IMAGE],
    [3, 'old', 'exited', IMAGE],
  ] as const) {
    const spec = name === 'web' ? links : containerSpec({});
    containers.add({
      id: name,
      name,
      createdAt,
      imageName: 'busybox',
      imageId,
      layers: [LAYER],
      mounts: [],
      spec,
    });
    containers.setState(name, STATES[status]);
  }
  const measured: string[] = [];
  const ctx: ListContext = {
    containers,
    images: {
      get: () => undefined,
      find: (ref) => {
        if (ref !== 'busybox') throw notFound(`No such image: ${ref}`);
        return { id: IMAGE } as Image;
      },
    },
    host: {
      files: {
        directorySize: async (path) => {
          measured.push(path);
          return 7;
        },
      },
    },
    runner: { directories: (id) => ({ upper: `/${id}/upper` }) },
    layers: { get: (diffId) => (diffId === LAYER ? { size: 100 } : undefined) },
  };
  return { ctx, measured };
}

const listed = async (ctx: ListContext, query: Partial<ListQuery> = {}) =>
  await listContainers(ctx, {
    ...{ all: false, limit: 0, size: false, filters: new Map(), signal: new AbortController().signal },
    ...query,
  });

const namesOf = async (query: Partial<ListQuery>) =>
  (await listed(context().ctx, query)).map(({ container }) => container.definition.name);

test('running containers are listed, the newest first', async () => {
  assert.deepEqual(await namesOf({}), ['web', 'db']);
});

test('stopped containers are listed on request, by a limit, and by a filter for their state', async () => {
  assert.deepEqual(await namesOf({ all: true }), ['old', 'web', 'db']);
  assert.deepEqual(await namesOf({ limit: 2 }), ['old', 'web']);
  assert.deepEqual(await namesOf({ filters: parseFilters('{"status":["exited"]}') }), ['old']);
});

test('a container is listed with the name of its image until that name stands for another one', async () => {
  const [web, db] = await listed(context().ctx);
  assert.equal(web?.image, 'busybox');
  assert.equal(db?.image, OTHER_IMAGE);
});

test('a container is listed with the names that links to it have', async () => {
  const [web, db] = await listed(context().ctx);
  assert.deepEqual([web?.linkedAs, db?.linkedAs], [[], ['/web/store']]);
});

test('sizes are measured on request only, and only of the containers that are shown', async () => {
  const { ctx, measured } = context();
  assert.equal((await listed(ctx))[0]?.size, undefined);
  assert.deepEqual(measured, []);
  const [web] = await listed(ctx, { size: true, filters: parseFilters('{"name":["web"]}') });
  assert.deepEqual(web?.size, { SizeRw: 7, SizeRootFs: 107 });
  assert.deepEqual(measured, ['/web/upper']);
});

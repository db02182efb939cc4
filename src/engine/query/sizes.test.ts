import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CREATED } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import type { Digest } from '../../core/digest.ts';
import { systemError } from '../../core/errors.ts';
import { definitionOf } from '../lifecycle/testing.ts';
import { containerSizes, type SizeContext } from './sizes.ts';

const layer = (name: string) => `sha256:${name}` as Digest;

const containerOf = (id: string, ...layers: Digest[]): Container => ({
  definition: definitionOf({ id, layers }),
  state: CREATED,
});

/** @param directorySize of `DIRECTORY/ID`. */
const contextOf = (
  directorySize: SizeContext['host']['files']['directorySize'],
  directory = '/nowhere',
): SizeContext => ({
  host: { files: { directorySize } },
  runner: { directories: (id) => ({ upper: join(directory, id) }) },
  layers: { get: (diffId) => ({ [layer('a')]: { size: 10 }, [layer('b')]: { size: 20 } })[diffId] },
});

test('the size of a root file system is that of the container’s own files and of its image’s layers', async () => {
  const ctx = contextOf(async (path) => path.length);
  assert.deepEqual(
    await containerSizes(ctx, [
      containerOf('1', layer('a'), layer('b'), layer('missing')),
      containerOf('22'),
    ]),
    [
      { SizeRw: 10, SizeRootFs: 40 },
      { SizeRw: 11, SizeRootFs: 11 },
    ],
  );
});

test('at most four directories are measured at once', async () => {
  let busy = 0;
  let most = 0;
  const ctx = contextOf(async () => {
    most = Math.max(most, ++busy);
    await new Promise((resolve) => setImmediate(resolve));
    busy--;
    return 0;
  });
  const ids = Array.from({ length: 9 }, (_, i) => `${i}`);
  assert.equal(
    (
      await containerSizes(
        ctx,
        ids.map((id) => containerOf(id)),
      )
    ).length,
    9,
  );
  assert.equal(most, 4);
});

test('a container that has been removed meanwhile has no size; another failure is reported', async () => {
  const failing = async () => {
    throw systemError('cannot measure');
  };
  assert.deepEqual(await containerSizes(contextOf(failing), [containerOf('gone')]), [
    { SizeRw: 0, SizeRootFs: 0 },
  ]);
  const directory = mkdtempSync(join(tmpdir(), 'sizes-'));
  try {
    await assert.rejects(containerSizes(contextOf(failing, directory), [containerOf('')]), {
      message: 'cannot measure',
    });
  } finally {
    rmdirSync(directory);
  }
});

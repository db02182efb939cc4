/** The store stays whole: what is wrong is found and made good, and killing the daemon makes nothing wrong. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { someBytes } from '../src/registry/testing/push.ts';
import { imageOf, serveImage, tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';

const ROUNDS = Number(process.env.BARGE_KILL_ROUNDS ?? 15);
/** Milliseconds after which the work of a round is done for sure. */
const LONGEST = 600;

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();

const check = (...flags: string[]) => daemon.barge(['system', 'check', ...flags]);
/** Nothing is half-made: downloads, archives and layers under way have gone. */
const isIdle = () =>
  names('tmp').length === 0 &&
  !names('layers').some((name) => name.startsWith('tmp-')) &&
  !names('blobs/sha256').some((name) => name.endsWith('.tmp'));
const names = (directory: string) => readdirSync(join(daemon.dataRoot, directory));
const sound = /: 0 problems, 0 repaired\n$/;

async function assertSound(): Promise<void> {
  const { code, stdout } = await check('--deep');
  assert.match(stdout, sound);
  assert.equal(code, 0);
}

const imageWith = async (...seeds: readonly number[]) =>
  imageOf(
    await Promise.all(
      seeds.map((seed) => tarOf([{ name: `file${seed}`, content: someBytes((1 << 20) + seed) }])),
    ),
  );

describe('the check', () => {
  test('finds what is lost and what is too much, and makes it good', async () => {
    await using registry = await serveImage(await imageWith(1));
    const name = `${registry.host}/checked:1`;
    const before = names('layers');
    await daemon.ok('barge', ['pull', name]);
    await assertSound();

    const [blob = ''] = names('blobs/sha256');
    const layer = names('layers').find((directory) => !before.includes(directory)) ?? '';
    rmSync(join(daemon.dataRoot, 'layers', layer), { recursive: true });
    writeFileSync(join(daemon.dataRoot, 'layers', 'f'.repeat(20)), '');
    writeFileSync(join(daemon.dataRoot, 'blobs/sha256', 'e'.repeat(64)), '');
    const { code, stdout } = await check();
    assert.equal(code, 1);
    assert.match(stdout, /^broken layer sha256:\w+: its directory .* is missing$/m);
    assert.match(stdout, /^orphan layer .*f{20}: no layer has this directory$/m);
    assert.match(stdout, /^orphan blob sha256:e{64}: no layer has this blob$/m);
    assert.match(stdout, /: 3 problems, 0 repaired$/m);
    const repaired = await check('--repair');
    assert.match(repaired.stdout, /: 3 problems, 3 repaired$/m);
    assert.equal(repaired.code, 0);
    await assertSound();

    writeFileSync(join(daemon.dataRoot, 'layers', layer, 'file1'), 'another');
    assert.match((await check()).stdout, sound);
    assert.match(
      (await check('--deep', '--repair')).stdout,
      /its files are not those of its compressed form \(repaired\)/,
    );
    await assertSound();

    writeFileSync(join(daemon.dataRoot, 'blobs/sha256', blob), 'short');
    assert.match((await check('--repair')).stdout, /^broken blob .* is 5 bytes long \(repaired\)$/m);
    assert.match((await check()).stdout, sound);
    assert.match((await check('--deep')).stdout, /there is no compressed form to make it of/);
    rmSync(join(daemon.dataRoot, 'layers', layer), { recursive: true });
    const lost = await check('--repair');
    assert.equal(lost.code, 1);
    assert.match(lost.stdout, /: 1 problems, 0 repaired$/m);
    await daemon.ok('barge', ['rmi', name]);
    await assertSound();
  });
});

test(`after kill -9 at ${ROUNDS} random moments nothing is wrong and nothing is lost`, async () => {
  const [first, second] = await Promise.all([imageWith(1, 2, 3), imageWith(2, 4)]);
  await using one = await serveImage(first);
  await using two = await serveImage(second);
  const archive = daemon.path('archive.tar');
  await daemon.ok('barge', ['pull', `${one.host}/saved:1`]);
  await daemon.ok('barge', ['save', '-o', archive, `${one.host}/saved:1`, 'busybox']);
  const kept = await daemon.ok('barge', ['images', '-q', '--no-trunc', 'busybox']);
  for (let round = 0; round < ROUNDS; round++) {
    const work = [
      ['pull', `${one.host}/pulled:1`],
      ['pull', `${two.host}/pulled:2`],
      ['load', '-i', archive],
      ['rmi', '-f', `${one.host}/saved:1`],
      ['image', 'prune', '-f'],
    ].map((args) => daemon.startBarge(args));
    await sleep(randomInt(LONGEST));
    /* The daemon and its clients take turns. */
    if (round % 2 === 0) await daemon.stop('SIGKILL');
    else for (const { child } of work) child.kill('SIGKILL');
    await Promise.all(work.map(({ done }) => done));
    if (round % 2 === 0) await daemon.startAgain();
    else await eventually('what the clients began has ended', () => isIdle());
    await assertSound();
    assert.equal(await daemon.ok('barge', ['images', '-q', '--no-trunc', 'busybox']), kept);
    if (round % 5 === 4) await daemon.barge(['rmi', '-f', `${one.host}/pulled:1`, `${two.host}/pulled:2`]);
  }
  await daemon.ok('barge', ['load', '-i', archive]);
  for (const name of [`${one.host}/pulled:1`, `${two.host}/pulled:2`])
    await daemon.ok('barge', ['pull', name]);
  assert.equal(await daemon.ok('barge', ['run', '--rm', 'busybox', 'echo', 'whole']), 'whole');
  await daemon.ok('barge', ['image', 'prune', '-af']);
  await assertSound();
  assert.deepEqual([...names('layers'), ...names('blobs/sha256')], [], 'nothing stays after a prune of all');
});

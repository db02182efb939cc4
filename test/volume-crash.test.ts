/**
 * The daemon is killed at random moments of run, rm, volume create and volume rm. After each restart volumes, their
 * directories and what is mounted agree with the database, and running containers have what they had.
 * BARGE_CRASH_ROUNDS says how often.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';

const ROUNDS = Number(process.env.BARGE_CRASH_ROUNDS ?? 12);
const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const root = join(daemon.dataRoot, 'volumes');
const call = (path: string, method = 'GET', body?: unknown) => daemon.api(path, { method, body });

const FILES = Array.from({ length: 300 }, (_, i) => ({ name: `data/f${i}`, content: 'x' }));
writeFileSync(daemon.path('full.tar'), await tarOf(FILES));
await daemon.ok('docker', ['import', daemon.path('full.tar'), 'full']);

/** Operations that a kill may come into; their failure is the kill's business. */
async function operate(round: number, worker: number): Promise<void> {
  const name = `c-${round}-${worker}`;
  const Mounts = [
    { Type: 'volume', Source: `mem-${worker}`, Target: '/mem' },
    { Type: 'volume', Source: `plain-${round}-${worker}`, Target: '/plain' },
    { Type: 'volume', Target: '/anonymous' },
  ];
  const DriverOpts = { type: 'tmpfs', device: 'tmpfs' };
  await call('/volumes/create', 'POST', { Name: `mem-${worker}`, DriverOpts });
  const run = { Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: { Mounts } };
  await call(`/containers/create?name=${name}`, 'POST', run);
  await call(`/containers/${name}/start`, 'POST');
  const HostConfig = { Binds: [`full-${round}-${worker}:/data`] };
  await call(`/containers/create?name=${name}-full`, 'POST', { Image: 'full', Cmd: ['/x'], HostConfig });
  await call(`/containers/${name}-full?v=1`, 'DELETE');
  await call(`/volumes/full-${round}-${worker}`, 'DELETE');
  if (worker % 2) await call(`/containers/${name}?force=1&v=1`, 'DELETE');
  if (worker % 2) await call(`/volumes/plain-${round}-${worker}`, 'DELETE');
}

interface Found {
  readonly Id: string;
  readonly State: string;
  readonly Mounts: readonly { readonly Type: string; readonly Name: string; readonly Source: string }[];
}

const containers = async () => (await call('/containers/json?all=1')).json() as Found[];
const mounted = () =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${root}/`))
    .sort();

async function assertAgreement(round: number): Promise<void> {
  const { Volumes } = (await call('/volumes')).json() as { Volumes: { Name: string; Labels: object }[] };
  const names = Volumes.map(({ Name }) => Name);
  assert.deepEqual(readdirSync(root).sort(), [...names].sort(), `directories in round ${round}`);
  const all = await containers();
  const inUse = new Set(all.flatMap(({ Mounts }) => Mounts.map(({ Name }) => Name)));
  for (const name of inUse) assert(names.includes(name), `${name} is mounted and not there`);
  for (const { Name, Labels } of Volumes) {
    const files = Name.startsWith('full-') ? readdirSync(join(root, Name, '_data')).length : 0;
    assert([0, FILES.length].includes(files), `${Name} is half full: ${files}`);
    if ('com.docker.volume.anonymous' in Labels) assert(inUse.has(Name), `${Name} belongs to nobody`);
  }
  const running = all.filter(({ State }) => State === 'running');
  const wanted = running.flatMap(({ Mounts }) => Mounts.filter(({ Name }) => Name.startsWith('mem-')));
  assert.deepEqual(
    mounted(),
    [...new Set(wanted.map(({ Source }) => Source))].sort(),
    `mounts in round ${round}`,
  );
  for (const { Id } of running) {
    const { stdout } = await daemon.docker([
      'exec',
      Id,
      'sh',
      '-c',
      'echo x >/mem/f && echo x >/plain/f && cat /mem/f',
    ]);
    assert.equal(stdout, 'x\n');
  }
}

test(`after ${ROUNDS} kills, volumes and mounts agree with the database`, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const work = [0, 1, 2, 3].map((worker) => operate(round, worker).catch(() => {}));
    await sleep(randomInt(400)); /* the moment of the kill is what the test is about */
    await daemon.stop('SIGKILL');
    await Promise.all(work);
    await daemon.startAgain();
    await assertAgreement(round);
    for (const { Id } of (await containers()).slice(3)) await call(`/containers/${Id}?force=1&v=1`, 'DELETE');
  }
  for (const { Id } of await containers()) await call(`/containers/${Id}?force=1&v=1`, 'DELETE');
  assert.deepEqual(mounted(), []);
  await call('/volumes/prune?filters={"all":["true"]}', 'POST');
  assert.deepEqual(readdirSync(root), []);
  assert(existsSync(root));
});

/** A data root on a file system of a few megabytes that a container fills: nobody needs its space to be stopped. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { apiClient } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';

/** In the daemon's own mount namespace, which ends with it: another daemon of the test would begin anew. */
const small = (dataRoot: string) => [
  'unshare',
  '-m',
  'sh',
  '-c',
  'mkdir -p "$0" && mount -t tmpfs -o size=12m tmpfs "$0" && exec "$@"',
  dataRoot,
];

const daemon = await TestDaemon.start({ wrapper: small });
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, remove, create, run, exec } = apiClient(daemon);

const stateOf = async (name: string) => (await get(`/containers/${name}/json`)).json().State;

/** Writes until nothing more is taken, and stays. */
const FILLS = {
  Cmd: ['sh', '-c', 'cat /dev/zero > /large; until echo x > /small; do :; done; echo full; sleep 1000'],
};

/** Nothing is left: not for the database, nor for its reserve. */
async function isFull(name: string): Promise<void> {
  await eventually('the disk is full', async () => {
    const { text } = await get(`/containers/${name}/logs?stdout=1&stderr=1`);
    return /No space/.test(text);
  });
}

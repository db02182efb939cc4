/** A failure in the daemon that nobody handles: it says what it was doing, ends, and the next daemon goes on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { after, test } from 'node:test';
import { apiClient } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';

/** Makes the daemon fail where no code of ours would catch it. */
const FAULTS =
  "process.on('SIGUSR2', () => { throw new Error('boom') });" +
  "process.on('SIGWINCH', () => void Promise.reject(new Error('forgotten')));";

const daemon = await TestDaemon.start({
  env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(FAULTS)}` },
});
after(() => daemon.end());
await daemon.makeBusybox();
const { get, run, destroy, exec } = apiClient(daemon);

const stateOf = async (name: string) => (await get(`/containers/${name}/json`)).json().State;

/** A request that is under way until the daemon ends. @returns that end. */
async function follow(path: string): Promise<{ readonly ended: Promise<void> }> {
  const [response] = await once(httpGet({ socketPath: daemon.socket, path }), 'response');
  response.on('error', () => {}).resume();
  return { ended: new Promise((resolve) => response.once('close', resolve)) };
}

for (const [signal, said] of [
  ['SIGUSR2', 'uncaught exception: Error: boom'],
  ['SIGWINCH', 'unhandled rejection: Error: forgotten'],
] as const) {
  test(`${said}: reported with the requests under way; containers live on`, async () => {
    await run('survivor', { Cmd: ['sleep', '1000'] });
    const { Pid } = await stateOf('survivor');
    const already = daemon.log.length;
    const { ended } = await follow('/events?type=image');
    assert.equal(await daemon.stop(signal), 1);
    await ended;
    const log = daemon.log.slice(already);
    assert.ok(log.includes(`barged: ${said}\n`), log);
    assert.match(log, /\nduring: GET \/events\?type=image\n/);
    assert.match(log, /ending; containers live on/);
    assert.ok(existsSync(`/proc/${Pid}`));
    await daemon.startAgain();
    assert.deepEqual([(await stateOf('survivor')).Status, (await stateOf('survivor')).Pid], ['running', Pid]);
    assert.equal(await exec('survivor', ['echo', 'here']), 'here\n');
    await destroy('survivor');
  });
}

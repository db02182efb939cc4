/** A failure in the daemon that nobody handles: it says what it was doing, ends, and the next daemon goes on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { after, test } from 'node:test';
import { apiClient } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';

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

/** A request that is under way until the daemon ends, or `close` is called. */
async function follow(path: string) {
  const request = httpGet({ socketPath: daemon.socket, path });
  request.on('error', () => {});
  const [response] = await once(request, 'response');
  response.on('error', () => {}).resume();
  const ended = new Promise<void>((resolve) => response.once('close', resolve));
  return { ended, close: () => request.destroy() };
}

test('an exception ends the daemon: reported with the requests under way; containers live on', async () => {
  await run('survivor', { Cmd: ['sleep', '1000'] });
  const { Pid } = await stateOf('survivor');
  const { ended } = await follow('/events?type=image');
  assert.equal(await daemon.stop('SIGUSR2'), 1);
  await ended;
  const { log } = daemon;
  assert.ok(log.includes('barged: uncaught exception: Error: boom\n'), log);
  assert.match(log, /\nduring: GET \/events\?type=image\n/);
  assert.match(log, /ending; containers live on/);
  assert.ok(existsSync(`/proc/${Pid}`));
  await daemon.startAgain();
  assert.deepEqual([(await stateOf('survivor')).Status, (await stateOf('survivor')).Pid], ['running', Pid]);
  assert.equal(await exec('survivor', ['echo', 'here']), 'here\n');
  await destroy('survivor');
});

test('a rejection that nobody handles is reported with the requests under way, and the daemon goes on', async () => {
  const { close } = await follow('/events?type=volume');
  process.kill(daemon.pid, 'SIGWINCH');
  await eventually('the report', () =>
    daemon.log.includes('barged: unhandled rejection: Error: forgotten\n'),
  );
  assert.match(daemon.log, /\nduring: GET \/events\?type=volume\n/);
  assert.equal((await get('/_ping')).status, 200);
  close();
});

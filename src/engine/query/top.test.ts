import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LifeState } from '../../container/life/state.ts';
import { STATES } from '../../container/life/testing.ts';
import { RecordingHost } from '../../host/recording/host.ts';
import { definitionOf } from '../lifecycle/testing.ts';
import { type TopContext, topContainer } from './top.ts';

const TABLE = `UID        PID  CMD
root         1  /sbin/init
root        42  sleep 5  # with blanks
www        421  httpd
`;

/** A container whose processes are 42 and 421, on a host whose ps prints `stdout`. */
function context(stdout = TABLE, { state = STATES.running as LifeState, exitCode = 0 } = {}) {
  const result = { ...{ signal: null, durationMs: 0, timedOut: false, cancelled: false }, exitCode };
  const host = new RecordingHost()
    .on('cgroups.pids', () => [42, 421])
    .on('processes.capture', async (command: string, args: readonly string[]) => ({
      ...{ ...result, command, args, stdout, stderr: exitCode ? 'error: unknown option\n' : '' },
    }));
  const events: string[] = [];
  const ctx: TopContext = {
    host,
    containers: { find: () => ({ definition: definitionOf(), state }) },
    events: { emit: (_, action, id) => void events.push(`${action} ${id}`) },
    runner: { cgroupOf: ({ id }) => `/barge/${id}` },
  };
  return { ctx, events, host };
}

test('of the host’s processes, those in the container’s cgroup are listed, with whole commands', async () => {
  const { ctx, events, host } = context();
  assert.deepEqual(await topContainer(ctx, 'web', ' -e  -f '), {
    Titles: ['UID', 'PID', 'CMD'],
    Processes: [
      ['root', '42', 'sleep 5 # with blanks'],
      ['www', '421', 'httpd'],
    ],
  });
  assert.deepEqual(host.calls, [
    ['processes.capture', 'ps', ['-e', '-f']],
    ['cgroups.pids', '/barge/c1'],
  ]);
  assert.deepEqual(events, ['top c1']);
});

test('a container that does not run has no processes to list', async () => {
  const { ctx, events, host } = context(TABLE, { state: STATES.exited });
  await assert.rejects(topContainer(ctx, 'web', '-ef'), { kind: 'conflict', message: /c1 is not running/ });
  assert.deepEqual([events, host.calls], [[], []]);
});

test('options that hide or rename the PID column, or that ps refuses, are invalid', async () => {
  const refused = (ctx: TopContext, options: string, message: RegExp) =>
    assert.rejects(topContainer(ctx, 'web', options), { kind: 'invalid-parameter', message });
  await refused(context().ctx, '-o pid=X', /"-o pid=X" is not allowed/);
  await refused(context('UID CMD\nroot sh\n').ctx, '-o uid,cmd', /Couldn't find PID field/);
  await refused(context('', { exitCode: 1 }).ctx, '-?', /ps -\? failed: error: unknown option$/);
});

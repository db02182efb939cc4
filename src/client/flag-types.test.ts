/** Code that must not compile: the gate's step `types` fails where an expected error is missing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostConfig } from '../api/engine/containers.ts';
import { defineCommand } from './command.ts';
import { CREATE_FLAGS, RUN_FLAGS } from './create/flags.ts';
import { memberReaders } from './members.ts';
import { parseFlags } from './parse-flags.ts';

const FLAGS = [...CREATE_FLAGS, ...RUN_FLAGS] as const;
const line = (...words: string[]) => parseFlags(words, FLAGS).flags;

test('the value of a flag has the type of its table', () => {
  const flags = line('-d', '--env', 'A=1', '-e', 'B=2', '--memory', '1k', '--name', 'web');
  const detach: boolean = flags.values.detach;
  const env: readonly string[] = flags.values.env;
  const memory: number = flags.values.memory;
  const name: string = flags.values.name;
  assert.deepEqual([detach, env, memory, name], [true, ['A=1', 'B=2'], 1024, 'web']);
  assert.deepEqual([flags.bool('detach'), flags.list('env'), flags.number('memory')], [detach, env, memory]);
  // @ts-expect-error: a flag that the table lacks
  assert.throws(() => flags.values.detacj, /does not declare a flag --detacj/);
  // @ts-expect-error: the same by name
  assert.throws(() => flags.bool('detacj'), /does not declare a flag --detacj/);
  // @ts-expect-error: a list is not a switch
  assert.throws(() => flags.bool('env'));
  // @ts-expect-error: a text is not a number
  assert.throws(() => flags.number('name'));
});

test('a flag sets an existing member of the request, with its type', () => {
  const host = memberReaders<HostConfig, typeof FLAGS>(
    line('--privileged', '--link', 'a:b', '--shm-size', '1m'),
  );
  assert.deepEqual(host.truth('privileged', 'Privileged'), { Privileged: true });
  assert.deepEqual(host.list('link', 'Links'), { Links: ['a:b'] });
  assert.deepEqual(host.number('shm-size', 'ShmSize'), { ShmSize: 1 << 20 });
  assert.deepEqual(host.truth('init', 'Init'), {}, 'a flag that was not given leaves the daemon its default');
  // @ts-expect-error: misspelt
  assert.deepEqual(host.truth('privileged', 'Priviledged'), { Priviledged: true });
  // @ts-expect-error: the member is a list, not a truth value
  assert.deepEqual(host.truth('privileged', 'Links'), { Links: true });
  // @ts-expect-error: the flag is a list, not a text
  assert.deepEqual(host.text('link', 'Runtime'), { Runtime: ['a:b'] });
  // @ts-expect-error: the converted flag has another type than the member
  const wrong = () => host.made('privileged', 'Privileged', () => 'yes');
  assert.deepEqual(wrong(), { Privileged: 'yes' });
});

test('a command can read only its own flags', async () => {
  const command = defineCommand({
    usage: '',
    flags: [{ name: 'quiet', short: 'q', type: 'bool', description: 'Show nothing' }],
    args: { min: 0 },
    run: async ({ flags }) => {
      // @ts-expect-error: a flag of other commands
      assert.throws(() => flags.bool('force'), /does not declare a flag --force/);
      return flags.bool('quiet') ? 0 : 1;
    },
  });
  const { flags } = parseFlags(['-q'], command.flags);
  assert.equal(await command.run({ path: 'x', flags, args: [], cli: undefined as never }), 0);
});

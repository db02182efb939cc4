import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LinuxProcessTable } from './process-table.ts';

const table = new LinuxProcessTable();

test('a process has its parent until it has gone; then it is ending, and a signal to it harms nobody', async () => {
  const child = spawn('sleep', ['1000']);
  const pid = child.pid ?? 0;
  assert.deepEqual([table.parentOf(pid), table.isEnding(pid)], [process.pid, false]);
  table.kill(pid);
  await once(child, 'exit');
  assert.deepEqual([table.parentOf(pid), table.isEnding(pid)], [undefined, true]);
  table.kill(pid);
});

test('a first process of a pid namespace is deaf to what it has no handler for, others are not', async (t) => {
  const shell = spawn(
    'unshare',
    ['--pid', '--fork', '--kill-child', 'sh', '-c', 'trap : USR1; echo ready; read line'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  t.after(() => shell.stdin.end());
  await once(shell.stdout, 'data');
  const first = Number(readFileSync(`/proc/${shell.pid}/task/${shell.pid}/children`, 'utf8'));
  assert.equal(table.isDeafTo(first, 15), true);
  assert.equal(table.isDeafTo(first, 10), false);
  assert.equal(table.isDeafTo(shell.pid ?? 0, 15), false);
});

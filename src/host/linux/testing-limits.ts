/**
 * Uses up this process's descriptors, then starts processes in every way that there is; prints the failures as JSON, and
 * those of looking at a process. Started
 * by processes.test.ts, with a small RLIMIT_NOFILE.
 */
import { closeSync, openSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { BargeError, messageOf } from '../../core/errors.ts';
import { LinuxProcessTable } from './process-table.ts';
import { LinuxProcesses } from './processes.ts';

const processes = new LinuxProcesses();
await processes.capture('true', []); /* whatever is loaded late is loaded now */

const open: number[] = [];
const exhaust = () => {
  try {
    for (;;) open.push(openSync('/dev/null', 'r'));
  } catch {
    /* None is left. */
  }
};
const failure = async (action: () => Promise<unknown>) => {
  try {
    await action();
    return 'none';
  } catch (error) {
    return error instanceof BargeError ? `${error.kind}: ${error.message}` : `other: ${messageOf(error)}`;
  }
};

const found: Record<string, string> = {};
const table: Record<string, string> = {};
/* With some left, the failure comes in the middle of making pipes. */
for (const left of [0, 1, 3]) {
  exhaust();
  for (const fd of open.splice(0, left)) closeSync(fd);
  found[`capture ${left}`] = await failure(() => processes.capture('true', [], { input: 'x' }));
  found[`run ${left}`] = await failure(() => processes.run('true', []));
  found[`detached ${left}`] = await failure(() =>
    processes.startDetached({ program: 'true', args: [], streams: 2 }),
  );
  const piped = processes.pipe('true', []);
  piped.stdin.end('x');
  found[`stdout ${left}`] = await failure(() => buffer(piped.stdout));
  found[`done ${left}`] = await failure(() => piped.done);
}
exhaust();
table.isEnding = await failure(async () => new LinuxProcessTable().isEnding(process.pid));
table.parentOf = await failure(async () => new LinuxProcessTable().parentOf(process.pid));
for (const fd of open.splice(0)) closeSync(fd);
found.afterwards = await failure(() => processes.run('true', []));
process.stdout.write(JSON.stringify({ found, table }));

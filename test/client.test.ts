/** Our own client with real containers: what a fake daemon cannot tell. */
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BARGE, TestDaemon } from './harness/daemon.ts';
import { openTerminal } from './harness/terminal.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();

const ok = (...args: string[]) => daemon.ok('barge', args);
const SLEEP = ['busybox', 'sleep', '1000'];

test('stats draws a table with the figures of every container, again and again', async () => {
  await ok('run', '-d', '--init', '--name', 'one', ...SLEEP);
  const shell = openTerminal([...BARGE, 'stats'], { rows: 30, columns: 150 }, { env: daemon.environment });
  await shell.see(/CONTAINER ID +NAME +CPU %/);
  await shell.see(/one +\d+\.\d\d% +[\d.]+\wi?B \/ [\d.]+GiB/);
  await shell.see(/one +\d+\.\d\d%/);
  await ok('run', '-d', '--init', '--name', 'late', ...SLEEP);
  await shell.see(/late +\d+\.\d\d%/);
  shell.type('\x03');
  assert.notEqual((await shell.done).code, 0);
  const once = await ok('stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}', 'one');
  assert.match(once, /^one [1-9]/);
  await ok('rm', '-f', 'one', 'late');
});

test('the detach keys of the configuration leave the container running', async () => {
  const config = join(daemon.directory, 'docker', 'config.json');
  writeFileSync(config, JSON.stringify({ detachKeys: 'ctrl-x,d' }));
  const program = [...BARGE, 'run', '-it', '--name', 'kept', 'busybox', 'cat'];
  const shell = openTerminal(program, { rows: 24, columns: 80 }, { env: daemon.environment });
  shell.type('hello\r');
  await shell.see(/hello\r\nhello/);
  shell.type('\x18d');
  assert.equal((await shell.done).code, 0);
  assert.equal(await ok('inspect', '-f', '{{.State.Running}}', 'kept'), 'true');
  writeFileSync(config, '{}');
  await ok('rm', '-f', 'kept');
});

test('cp carries directories, links and devices out and back in', async () => {
  await ok('run', '-d', '--init', '--name', 'files', ...SLEEP);
  const script = 'mkdir -p /d/sub; echo x >/d/sub/f; ln -s sub/f /d/l; mknod /d/null c 1 3; mkfifo /d/pipe';
  await ok('exec', 'files', 'sh', '-c', script);
  const directory = daemon.path('copied');
  mkdirSync(directory);
  await ok('cp', '-a', 'files:/d', directory);
  assert.equal(readFileSync(join(directory, 'd/l'), 'utf8'), 'x\n');
  assert.equal(lstatSync(join(directory, 'd/null')).isCharacterDevice(), true);
  assert.equal(lstatSync(join(directory, 'd/pipe')).isFIFO(), true);
  await ok('cp', join(directory, 'd'), 'files:/back');
  const listed = await ok(
    'exec',
    'files',
    'sh',
    '-c',
    'cat /back/l; test -c /back/null && test -p /back/pipe',
  );
  assert.equal(listed, 'x');
  await ok('rm', '-f', 'files');
});

test('--env-file is for the container, not for the Node that runs the client', async () => {
  const file = daemon.path('variables');
  writeFileSync(file, 'FROM_FILE=1\n# a remark\nHOME\n');
  const said = await ok('run', '--rm', '--env-file', file, 'busybox', 'sh', '-c', 'echo $FROM_FILE $HOME');
  assert.equal(said, `1 ${daemon.environment.HOME}`);
});

test('completion knows what the daemon has', async () => {
  await ok('create', '--name', 'stopped-one', ...SLEEP);
  await ok('volume', 'create', 'a-volume');
  assert.equal(await ok('__completeNoDesc', 'start', 'st'), 'stopped-one\n:4');
  assert.equal(await ok('__completeNoDesc', 'volume', 'rm', ''), 'a-volume\n:4');
  assert.match(await ok('__completeNoDesc', 'run', '--network', ''), /^bridge$/m);
  assert.equal(await ok('__completeNoDesc', 'run', 'busy'), 'busybox\nbusybox:latest\n:4');
  await ok('rm', 'stopped-one');
  await ok('volume', 'rm', 'a-volume');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProgressMessage } from '../../api/engine/system.ts';
import { CommandFailure } from '../failure.ts';
import { progressText } from './bar.ts';
import { renderProgress } from './render.ts';

const PULL: readonly ProgressMessage[] = [
  { status: 'Pulling from library/x', id: 'latest' },
  { status: 'Pulling fs layer', id: 'aaa', progressDetail: {} },
  { status: 'Pulling fs layer', id: 'bbb', progressDetail: {} },
  { status: 'Downloading', id: 'aaa', progressDetail: { current: 50, total: 100 } },
  { status: 'Pull complete', id: 'aaa', progressDetail: {} },
  { status: 'Status: done' },
];

async function render(
  messages: readonly ProgressMessage[],
  terminal: boolean,
  columns = 80,
): Promise<string> {
  let text = '';
  async function* stream() {
    yield* messages;
  }
  const write = (part: string) => {
    text += part;
  };
  await renderProgress(stream(), { write, terminal, columns });
  return text;
}

test('without a terminal, every status is one line without a bar', async () => {
  assert.equal(
    await render(PULL, false),
    'latest: Pulling from library/x\naaa: Pulling fs layer\nbbb: Pulling fs layer\naaa: Pull complete\nStatus: done\n',
  );
});

test('on a terminal an id keeps its line', async () => {
  assert.equal(
    await render(PULL, true),
    'latest: Pulling from library/x\naaa: Pulling fs layer\nbbb: Pulling fs layer\n' +
      '\x1b[2A\x1b[2K\raaa: Downloading      50B/100B\x1b[2B\r' +
      '\x1b[2A\x1b[2K\raaa: Pull complete\x1b[2B\rStatus: done\n',
  );
});

test("a build's text passes unchanged", async () => {
  const build = [{ stream: 'Step 1/2 : FROM x\n' }, { stream: ' ---> abc\n' }, { aux: { ID: 'sha256:1' } }];
  assert.equal(await render(build, true), 'Step 1/2 : FROM x\n ---> abc\n');
});

test("an error in the stream ends it with the daemon's message", async () => {
  const messages = [
    { stream: 'a' },
    { error: 'short', errorDetail: { message: 'it broke' } },
    { stream: 'b' },
  ];
  await assert.rejects(render(messages, false), (error) => {
    assert.ok(error instanceof CommandFailure);
    assert.deepEqual([error.message, error.exitCode], ['it broke', 1]);
    return true;
  });
});

test('bars need a wide terminal, and figures show the available values', () => {
  const half = { progressDetail: { current: 500_000, total: 1_000_000 } };
  assert.equal(progressText(half, 120), `[${'='.repeat(25)}>${' '.repeat(25)}]    500kB/1MB`);
  assert.equal(progressText(half, 80), '   500kB/1MB');
  assert.equal(progressText({ progressDetail: { current: 10 } }, 120), '     10B');
  assert.equal(progressText({ progressDetail: {} }, 120), '');
});

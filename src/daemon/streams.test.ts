import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { bridge, detachFilter, parseDetachKeys } from './streams.ts';

const KEYS = parseDetachKeys('ctrl-p,ctrl-q');

/** What passes a filter for ctrl-p,ctrl-q, and whether it has detached. */
async function typed(...chunks: string[]): Promise<[string, boolean]> {
  let detached = false;
  const filter = detachFilter(KEYS, () => {
    detached = true;
  });
  for (const chunk of chunks) filter.write(chunk);
  filter.end();
  const passed = await text(filter);
  await new Promise((resolve) => setImmediate(resolve));
  return [passed, detached];
}

test('the detach keys are found within and across chunks, and what looked like them is passed on', async () => {
  assert.deepEqual(await typed('abc'), ['abc', false]);
  assert.deepEqual(await typed('abc\x10\x11'), ['abc', true]);
  assert.deepEqual(await typed('abc\x10', '\x11'), ['abc', true]);
  assert.deepEqual(await typed('\x10x'), ['\x10x', false]);
  assert.deepEqual(await typed('\x10', 'x\x11'), ['\x10x\x11', false]);
  assert.deepEqual(await typed('\x10\x10\x11'), ['\x10', true]);
});

/** Two ends of one connection. */
function pair(): [Duplex, Duplex] {
  const [a, b] = duplexPair();
  return [a, b];
}

test('a bridge carries both ways and ends the client once the exit is known', async () => {
  const [client, clientEnd] = pair();
  const [process, processEnd] = pair();
  const exit = Promise.withResolvers<void>();
  let over = false;
  const bridged = bridge(clientEnd, process, { input: true, ended: exit.promise }).then(() => {
    over = true;
  });
  client.write('in');
  const [input] = await once(processEnd, 'data');
  assert.equal(String(input), 'in');
  processEnd.end('out');
  const [output] = await once(client, 'data');
  assert.equal(String(output), 'out');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(over, false, 'the client may ask for the exit code once its stream ends');
  exit.resolve();
  await bridged;
});

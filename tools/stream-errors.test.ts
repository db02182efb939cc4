/**
 * A stream whose `error` event has no listener ends the process. An error may occur at any time after the stream's
 * creation, even before anything reads it, so servers add a listener to each stream where they create it.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const SOURCES = join(import.meta.dirname, '../src');
/** Code that only the client runs may end with a message. */
const CLIENT = /^(client|bin)\//;

const MAKES_STREAM =
  /\bnew (PassThrough|Transform|Duplex|Writable|Readable)\b|\bcreate(ReadStream|WriteStream|Connection|Gzip|Gunzip|Inflate|ZstdCompress|ZstdDecompress)\(|\b(Duplex|Readable)\.from\(|[=(] (pack|extract)\(/;

/** Gets a listener at once, or is passed to code that listens. */
const LISTENED = /failsElsewhere\(|pipeline\(|for await \(|\.on(ce)?\('error'/;

/** Number of lines around the creation in which the listener must be added. */
const [BEFORE, AFTER] = [2, 8];

export function unheardStreams(text: string): number[] {
  const lines = text.split('\n');
  return lines.flatMap((line, i) => {
    if (!MAKES_STREAM.test(line) || /^\s*(\*|\/\/|\/\*|import )/.test(line)) return [];
    const near = lines.slice(Math.max(0, i - BEFORE), i + AFTER + 1).join('\n');
    return LISTENED.test(near) || /Readable\.from\(\[/.test(line) ? [] : [i + 1];
  });
}

test('every stream of daemon and registry has a listener for errors from the moment it exists', () => {
  const files = globSync('**/*.ts', { cwd: SOURCES }).filter(
    (file) => !CLIENT.test(file) && !/\.test\.ts$|(^|\/)testing(\/|\.ts)/.test(file),
  );
  assert.ok(files.length > 100);
  const found = files.flatMap((file) =>
    unheardStreams(readFileSync(join(SOURCES, file), 'utf8')).map((line) => `src/${file}:${line}`),
  );
  assert.deepEqual(found, []);
});

test('a stream without a listener is found', () => {
  assert.deepEqual(unheardStreams('const a = new PassThrough();\n\n\n\n\n\n\n\n\n\nreturn a;'), [1]);
  assert.deepEqual(unheardStreams('const a = failsElsewhere(new PassThrough());'), []);
  assert.deepEqual(unheardStreams("const a = createConnection(path);\na.on('error', end);"), []);
});

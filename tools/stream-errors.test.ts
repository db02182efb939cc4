/**
 * A stream whose `error` event has no listener ends the process. One may come at any time after it was made, also
 * before anybody reads, so servers give each stream a listener where it is made.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const SOURCES = join(import.meta.dirname, '../src');
/** What only the client runs may end with a message. */
const CLIENT = /^(client|bin)\//;

const MAKES_STREAM =
  /\bnew (PassThrough|Transform|Duplex|Writable|Readable)\b|\bcreate(ReadStream|WriteStream|Connection|Gzip|Gunzip|Inflate|ZstdCompress|ZstdDecompress)\(|\b(Duplex|Readable)\.from\(|[=(] (pack|extract)\(/;

/** Given a listener at once, or to something that listens. */
const LISTENED = /failsElsewhere\(|pipeline\(|for await \(|\.on(ce)?\('error'/;

/** Lines around the making in which the listener has to stand. */
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

test('a stream without one is found', () => {
  assert.deepEqual(unheardStreams('const a = new PassThrough();\n\n\n\n\n\n\n\n\n\nreturn a;'), [1]);
  assert.deepEqual(unheardStreams('const a = failsElsewhere(new PassThrough());'), []);
  assert.deepEqual(unheardStreams("const a = createConnection(path);\na.on('error', end);"), []);
});

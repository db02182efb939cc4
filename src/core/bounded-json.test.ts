import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson } from './bounded-json.ts';

const parse = (text: string) => parseJson(Buffer.from(text));

test('JSON is parsed as usual, brackets and quotes in its strings included', () => {
  for (const value of [null, 7, 'a"[{\\', [[{ a: ['\\"'] }], {}], '['.repeat(1000), { '{': 1 }])
    assert.deepEqual(parse(JSON.stringify(value)), value);
  assert.ok(Array.isArray(parse(`${'['.repeat(200)}${']'.repeat(200)}`)));
});

test('JSON that nests too deeply is rejected without being parsed', () => {
  const deep = `${'['.repeat(1 << 20)}${']'.repeat(1 << 20)}`;
  assert.throws(() => parse(deep), /nested more than 200 levels deep/);
  assert.throws(() => parse('{"a":'.repeat(300)), /nested more than 200 levels deep/);
  for (const text of ['', '"', '"\\', '[', ']]]]', '{"a"']) assert.throws(() => parse(text), SyntaxError);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseParser } from './response-parser.ts';

/** Whether a response is accepted, in one chunk and split at an offset. */
function accepted(text: string, cut: number): [boolean, boolean] {
  const bytes = Buffer.from(text);
  return [[bytes], [bytes.subarray(0, cut), bytes.subarray(cut)]].map((chunks) => {
    const parser = new ResponseParser({ head() {}, body() {}, end() {} }, { method: 'GET', hijack: false });
    try {
      for (const chunk of chunks) parser.push(chunk);
      parser.close();
      return true;
    } catch (error) {
      assert.equal((error as { kind?: string }).kind, 'data-loss');
      return false;
    }
  }) as [boolean, boolean];
}

test('lines and heads are bounded, wherever the bytes are split', () => {
  const chunked = (line: string) =>
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${line}\r\nx\r\n0\r\n\r\n`;
  const headed = (value: string) => `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ${value}\r\n\r\n`;
  assert.deepEqual(accepted(chunked('a'.repeat(1000)), 1000), [true, true]);
  assert.deepEqual(accepted(chunked('a'.repeat(2000)), 1500), [false, false]);
  assert.deepEqual(accepted(headed('a'.repeat(60_000)), 50_000), [true, true]);
  assert.deepEqual(accepted(headed('a'.repeat(70_000)), 69_000), [false, false]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeRequest, ReplyReader } from './netns-protocol.ts';

test('a request is its length, its id, an operation and fields that end in zeros', () => {
  assert.deepEqual(
    encodeRequest(258, 'open', ['/run/netns/a', 53, 0]),
    Buffer.from('\0\0\0\x17\0\0\x01\x02O/run/netns/a\x0053\x000\0', 'latin1'),
  );
});

/** As netns.c writes them. */
function reply(id: number, errno: number, text: string): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32BE(8 + Buffer.byteLength(text));
  head.writeUInt32BE(id, 4);
  head.writeUInt32BE(errno, 8);
  return Buffer.concat([head, Buffer.from(text)]);
}

test('replies are the same however their bytes arrive', () => {
  const bytes = Buffer.concat([reply(1, 0, ''), reply(2, 17, 'netns add x: File exists'), reply(3, 0, '')]);
  const expected = [
    { id: 1, errno: 0, text: '' },
    { id: 2, errno: 17, text: 'netns add x: File exists' },
    { id: 3, errno: 0, text: '' },
  ];
  for (const size of [1, 5, 13, bytes.length]) {
    const reader = new ReplyReader();
    const found = [];
    for (let at = 0; at < bytes.length; at += size) found.push(...reader.read(bytes.subarray(at, at + size)));
    assert.deepEqual(found, expected, `pieces of ${size}`);
  }
});

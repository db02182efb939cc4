import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { endResponse } from './end-response.ts';

const PIECE = Buffer.alloc(1 << 20);
const PIECES = 20;

test('a client that sends the whole of a rejected body can still read the response', async () => {
  const server = createServer((request, response) => {
    response.writeHead(413, { 'Content-Length': 2 });
    endResponse(request, response, Buffer.from('no'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  try {
    const length = PIECES * PIECE.length;
    client.pause();
    client.write(`POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`);
    for (let i = 0; i < PIECES; i++) if (!client.write(PIECE)) await once(client, 'drain');
    assert.match(await text(client), /^HTTP\/1\.1 413 .*\r\n\r\nno$/s);
  } finally {
    client.destroy();
    server.close();
  }
});

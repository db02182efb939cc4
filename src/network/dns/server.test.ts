import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { NameDirectory } from './directory.ts';
import { encodeAnswer, encodeName, parseQuery, RCODE, rcodeOf, TYPE } from './message.ts';
import { NameServer } from './server.ts';

function query(id: number): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(0x0100, 2);
  header.writeUInt16BE(1, 4);
  const fixed = Buffer.alloc(4);
  fixed.writeUInt16BE(TYPE.A, 0);
  fixed.writeUInt16BE(1, 2);
  return Buffer.concat([header, encodeName(`name${id}.example`), fixed]);
}

/** A server's upstream whose answers the test controls. */
class SlowUpstream {
  readonly #waiting: (() => void)[] = [];
  #most = 0;

  async ask(_servers: readonly string[], message: Buffer): Promise<Buffer | undefined> {
    await new Promise<void>((resolve) => {
      this.#most = Math.max(this.#most, this.#waiting.push(resolve));
    });
    const asked = parseQuery(message);
    return asked && encodeAnswer(asked, RCODE.ok, []);
  }

  /** The largest number of queries that waited at a time. */
  get most(): number {
    return this.#most;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  answerAll(): void {
    for (const answer of this.#waiting.splice(0)) answer();
  }
}

interface Asked {
  readonly upstream: SlowUpstream;
  readonly server: NameServer;
  readonly client: Socket;
}

async function serve(t: TestContext): Promise<Asked> {
  const [udp, client] = [createSocket('udp4'), createSocket('udp4')];
  const tcp = createServer();
  udp.bind(0, '127.0.0.1');
  tcp.listen(0, '127.0.0.1');
  client.connect((await once(udp, 'listening').then(() => udp.address())).port, '127.0.0.1');
  await once(client, 'connect');
  const upstream = new SlowUpstream();
  const view = { networks: [], links: new Map(), servers: ['192.0.2.1'] };
  const server = new NameServer({ udp, tcp }, new NameDirectory(), upstream, view);
  t.after(() => client.close());
  return { upstream, server, client };
}

test("one container's queries to other servers are limited, and the rest fail", async (t) => {
  const { upstream, server, client } = await serve(t);
  const codes: number[] = [];
  client.on('message', (answer) => codes.push(rcodeOf(answer)));
  const LIMIT = 128;
  const EXTRA = 20;
  /* One at a time: a socket's buffer holds fewer datagrams than that. */
  for (let id = 0; id < LIMIT + EXTRA; id++) {
    client.send(query(id));
    while (upstream.waiting + codes.length <= id) await new Promise(setImmediate);
  }
  assert.equal(upstream.most, LIMIT);
  assert.deepEqual(codes, new Array(EXTRA).fill(RCODE.serverFailure));
  upstream.answerAll();
  while (codes.length < LIMIT + EXTRA) await new Promise(setImmediate);
  client.send(query(1));
  while (upstream.waiting === 0) await new Promise(setImmediate);
  upstream.answerAll();
  while (codes.length < LIMIT + EXTRA + 1) await new Promise(setImmediate);
  assert.equal(codes.at(-1), RCODE.ok);
  server[Symbol.dispose]();
});

test('an answer that arrives after the container’s exit is ignored', async (t) => {
  const { upstream, server, client } = await serve(t);
  const failures: unknown[] = [];
  const note = (reason: unknown) => failures.push(reason);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  client.send(query(1));
  while (upstream.waiting === 0) await new Promise(setImmediate);
  server[Symbol.dispose]();
  upstream.answerAll();
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  assert.deepEqual(failures, []);
});

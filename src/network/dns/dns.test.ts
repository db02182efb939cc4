import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerCache } from './cache.ts';
import { NameDirectory, reverseAddress } from './directory.ts';
import {
  encodeAnswer,
  encodeName,
  isTruncated,
  parseQuery,
  RCODE,
  TYPE,
  truncate,
  ttlOffsets,
} from './message.ts';
import { frame } from './tcp.ts';

/** A query in a resolver’s format. */
function query(name: string, type: number = TYPE.A, extra: { id?: number; udpSize?: number } = {}): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(extra.id ?? 7, 0);
  header.writeUInt16BE(0x0100, 2);
  header.writeUInt16BE(1, 4);
  const fixed = Buffer.alloc(4);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  if (!extra.udpSize) return Buffer.concat([header, encodeName(name), fixed]);
  header.writeUInt16BE(1, 10);
  const opt = Buffer.alloc(11);
  opt.writeUInt16BE(TYPE.OPT, 1);
  opt.writeUInt16BE(extra.udpSize, 3);
  return Buffer.concat([header, encodeName(name), fixed, opt]);
}

const parsed = (message: Buffer) => {
  const result = parseQuery(message);
  assert(result);
  return result;
};

const address = { type: TYPE.A, ttl: 600, data: Buffer.of(10, 0, 0, 1) };

test('queries are parsed with their case, type and the client’s maximum size', () => {
  const { id, name, type, udpSize } = parsed(query('Web.App', TYPE.AAAA, { id: 99, udpSize: 1232 }));
  assert.deepEqual({ id, name, type, udpSize }, { id: 99, name: 'Web.App', type: TYPE.AAAA, udpSize: 1232 });
  assert.equal(parsed(query('web')).udpSize, 512);
});

test('a malformed message is not a query', () => {
  const whole = query('name.of.something', TYPE.A, { udpSize: 4096 });
  for (let length = 0; length < 12 + 19 + 4; length++)
    assert.equal(parseQuery(whole.subarray(0, length)), undefined);
  const answer = Buffer.from(whole);
  answer.writeUInt16BE(0x8180, 2);
  assert.equal(parseQuery(answer), undefined);
  const loop = Buffer.from(query('ab'));
  loop.writeUInt16BE(0xc00c, 12); /* a name that leads to itself */
  assert.equal(parseQuery(loop), undefined);
  const long = Buffer.from(query('ab'));
  long[12] = 0x40;
  assert.equal(parseQuery(long), undefined);
  for (let i = 0; i < 2000; i++) {
    const noise = Buffer.from(Array.from({ length: i % 90 }, (_, at) => (at * 131 + i * 17) % 256));
    parseQuery(noise);
    if (noise.length >= 12) ttlOffsets(noise);
  }
});

test('a name that points into the header is not a query: the answer could not repeat it', () => {
  const pointing = query('web.app');
  pointing.writeUInt16BE(0xc000, 16);
  assert.equal(parseQuery(pointing), undefined);
});

test('an answer that is too long for a datagram is truncated and marked', () => {
  const asked = parsed(query('web'));
  const long = encodeAnswer(
    asked,
    RCODE.ok,
    Array.from({ length: 40 }, () => address),
  );
  const short = truncate(long, asked, asked.udpSize);
  assert(isTruncated(short) && short.length <= 512 && !isTruncated(long));
  assert.equal(short.readUInt16BE(6), 0);
  assert.equal(truncate(long, asked, 4096), long);
});

test('answers are cached for the shortest TTL of their records', () => {
  let now = 0;
  const cache = new AnswerCache(() => now);
  const asked = parsed(query('far'));
  cache.put(
    'k',
    encodeAnswer(asked, RCODE.ok, [
      { ...address, ttl: 100 },
      { ...address, ttl: 30 },
    ]),
  );
  now = 29_000;
  const kept = cache.get('k', 4711);
  assert.equal(kept?.readUInt16BE(0), 4711);
  const [first = 0, second = 0] = ttlOffsets(kept ?? Buffer.alloc(12))?.offsets ?? [];
  assert.deepEqual([kept?.readUInt32BE(first), kept?.readUInt32BE(second)], [71, 1]);
  now = 30_000;
  assert.equal(cache.get('k', 1), undefined);
  cache.put('f', encodeAnswer(asked, RCODE.serverFailure, []));
  assert.equal(cache.get('f', 1), undefined, 'failures are asked for again');
  cache.put('z', encodeAnswer(asked, RCODE.ok, [{ ...address, ttl: 0 }]));
  assert.equal(cache.get('z', 1), undefined);
});

test('the cache is bounded', () => {
  const cache = new AnswerCache(() => 0);
  const answer = encodeAnswer(parsed(query('far')), RCODE.ok, [address]);
  for (let i = 0; i < 3000; i++) cache.put(`${i}`, answer);
  assert.equal(cache.get('0', 1), undefined);
  assert(cache.get('2999', 1));
});

test('names belong to their network, several containers may share one, and all are removed with the endpoint', () => {
  const directory = new NameDirectory();
  const entry = (network: string, ipv4: string, ...names: string[]) => ({ network, names, ipv4, ipv6: '' });
  directory.set('e1', entry('n1', '10.0.0.1', 'App-1', 'web'));
  directory.set('e2', entry('n1', '10.0.0.2', 'app-2', 'web'));
  directory.set('e3', entry('n2', '10.0.0.1', 'other', 'web'));
  const find = (networks: string[], name: string) => directory.find(networks, name).map(({ ipv4 }) => ipv4);
  assert.deepEqual(find(['n1'], 'WEB'), ['10.0.0.1', '10.0.0.2']);
  assert.deepEqual(find(['n2', 'n1'], 'web'), ['10.0.0.1']);
  assert.deepEqual(find(['n1'], 'app-1.n1'), ['10.0.0.1']);
  assert.deepEqual(find(['n1'], 'app-1.n2'), []);
  assert.deepEqual(find(['n2'], 'app-1'), []);
  assert.equal(directory.nameOf(['n2'], '10.0.0.1'), 'other.n2');
  directory.set('e1', entry('n1', '10.0.0.1', 'renamed'));
  assert.deepEqual(find(['n1'], 'app-1'), []);
  directory.delete('e1');
  assert.deepEqual(find(['n1'], 'web'), ['10.0.0.2']);
  assert.equal(directory.nameOf(['n1'], '10.0.0.1'), undefined);
});

test('reverse names stand for addresses of both families', () => {
  assert.equal(reverseAddress('4.3.2.1.IN-ADDR.arpa'), '1.2.3.4');
  const v6 = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa';
  assert.equal(reverseAddress(v6), 'fd00::1');
  for (const other of ['1.2.3.in-addr.arpa', '999.3.2.1.in-addr.arpa', 'example.com']) {
    assert.equal(reverseAddress(other), undefined);
  }
});

test('messages over TCP are preceded by their length', () => {
  assert.deepEqual([...frame(Buffer.of(1, 2, 3))], [0, 3, 1, 2, 3]);
});

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { readBody } from './body.ts';
import { COMMIT, CREATE, UPDATE } from './container.ts';
import { decode } from './decode.ts';
import { EXEC_CREATE, EXEC_START } from './exec.ts';
import { parseExactJson } from './json.ts';
import { NETWORK_CONNECT, NETWORK_CREATE, NETWORK_DISCONNECT } from './network.ts';
import { AUTH, MANIFEST_LIST, PLATFORM, SESSION, VOLUME_CREATE } from './others.ts';
import { jsonParameter } from './query.ts';
import type { Schema } from './schema.ts';
import { sweep } from './testing/sweep.ts';

const read = (json: string) => decode(CREATE, parseExactJson(json));
const BAD = { kind: 'invalid-parameter' };

const SCHEMAS: readonly Schema<unknown>[] = [
  CREATE,
  COMMIT,
  UPDATE,
  EXEC_CREATE,
  EXEC_START,
  NETWORK_CREATE,
  NETWORK_CONNECT,
  NETWORK_DISCONNECT,
  VOLUME_CREATE,
  AUTH,
  SESSION,
  MANIFEST_LIST,
  PLATFORM,
];

for (const schema of SCHEMAS) {
  const name = schema.kind === 'object' ? schema.name : '';
  test(`every member of ${name}: null, wrong types, other case`, () => {
    const cases = sweep(schema);
    assert.ok(cases.length > 10);
    const empty = decode(schema, {});
    const usual = new Map(cases.filter(({ what }) => what === 'usual').map((one) => [one.path, one.body]));
    for (const { path, what, body } of cases) {
      const label = `${what}: ${JSON.stringify(body)}`;
      if (what === 'wrong type') {
        const words = new RegExp(`^invalid JSON: json: cannot unmarshal .* Go struct field ${path} of type `);
        assert.throws(() => decode(schema, body), { ...BAD, message: words }, label);
        continue;
      }
      const decoded = decode(schema, body);
      if (what === 'null' && path.split('.').length === 2) assert.deepEqual(decoded, empty, label);
      if (what === 'other case') assert.deepEqual(decoded, decode(schema, usual.get(path)), label);
    }
  });
}

test('keys match in any case, the last one wins, and what nobody knows is dropped', () => {
  assert.deepEqual(read('{"image":"a","IMAGE":"b","Nonsense":1,"hostconfig":{"networkMODE":"host"}}'), {
    Image: 'b',
    HostConfig: { NetworkMode: 'host' },
  });
  assert.deepEqual(read('{"Image":"a","image":null}'), { Image: 'a' });
  assert.deepEqual(read('{"Cmd":["a"],"cmd":null}'), {});
  assert.deepEqual(read('{"Labels":{"A":"1","a":"2"}}'), { Labels: { A: '1', a: '2' } });
});

test('null is as good as absent, in lists and maps the zero value', () => {
  assert.deepEqual(read('{"HostConfig":null,"NetworkingConfig":null,"Cmd":null,"Tty":null}'), {});
  assert.deepEqual(read('{"Env":[null],"Labels":{"a":null},"ExposedPorts":{"80/tcp":null}}'), {
    Env: [''],
    Labels: { a: '' },
    ExposedPorts: { '80/tcp': {} },
  });
  assert.deepEqual(read('{"HostConfig":{"Ulimits":[null,{"Name":"nofile","Hard":null}]}}'), {
    HostConfig: {
      Ulimits: [
        { Name: '', Soft: 0, Hard: 0 },
        { Name: 'nofile', Soft: 0, Hard: 0 },
      ],
    },
  });
});

test('a string stands for a list of one where Go has strslice', () => {
  assert.deepEqual(read('{"Cmd":"a b","Entrypoint":"c"}'), { Cmd: ['a b'], Entrypoint: ['c'] });
  assert.throws(() => read('{"Env":"A=1"}'), BAD);
});

test('names that objects have by nature are names like others', () => {
  const { Labels } = read('{"Labels":{"__proto__":"x","constructor":"y"},"constructor":{},"toString":7}');
  assert.deepEqual(Object.entries(Labels ?? {}), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
});

const INTEGERS: readonly (readonly [json: string, expected: number | RegExp])[] = [
  ['9007199254740991', 9007199254740991],
  ['-9223372036854775808', -(2 ** 63)],
  ['9223372036854775808', /cannot unmarshal number 9223372036854775808 into Go .*Memory of type int64/],
  ['1.5', /number 1\.5 into/],
  ['1e400', /number Infinity into/],
];
for (const [json, expected] of INTEGERS) {
  test(`an integer ${json}`, () => {
    const memory = () => read(`{"HostConfig":{"Memory":${json}}}`).HostConfig?.Memory;
    if (expected instanceof RegExp) assert.throws(memory, { ...BAD, message: expected });
    else assert.equal(memory(), expected);
  });
}

test('the highest integers become numbers that are still in range when they are shown', () => {
  const memory = read('{"HostConfig":{"Memory":9223372036854775807}}').HostConfig?.Memory ?? 0;
  assert.ok(BigInt(`${memory}`) <= 2n ** 63n - 1n && memory > 9.2233e18, `${memory}`);
  const bandwidth =
    read('{"HostConfig":{"IOMaximumBandwidth":18446744073709551615}}').HostConfig?.IOMaximumBandwidth ?? 0;
  assert.ok(BigInt(`${bandwidth}`) <= 2n ** 64n - 1n && bandwidth > 1.8446e19, `${bandwidth}`);
});

test('what is not an object is refused by the name of its type', () => {
  for (const json of ['[]', '7', '"x"'])
    assert.throws(() => read(json), { ...BAD, message: /into Go value of type CreateRequest$/ });
});

/** What Go 1.26 says of each, read from `json.Decoder`. */
const SYNTAX: readonly (readonly [json: string, words: string])[] = [
  ['{invalid', "invalid character 'i' looking for beginning of object key string"],
  ['{"a":x}', "invalid character 'x' looking for beginning of value"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
  ['[1 2]', "invalid character '2' after array element"],
  ['{"a":tru}', "invalid character '}' in literal true (expecting 'e')"],
  ['{"a":"\n"}', "invalid character '\\n' in string literal"],
  ['{"a":"\\x"}', "invalid character 'x' in string escape code"],
  ['{"a":-}', "invalid character '}' in numeric literal"],
  ['{"a":1.}', "invalid character '}' after decimal point in numeric literal"],
  ['{"a":[1,', 'unexpected EOF'],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
];
for (const [json, words] of SYNTAX) {
  test(`what is wrong with ${JSON.stringify(json)}`, () => {
    assert.throws(() => parseExactJson(json), { ...BAD, message: `invalid JSON: ${words}` });
  });
}

test('content after the JSON is refused, as is what nests without end', () => {
  assert.throws(() => parseExactJson('{}{}'), { ...BAD, message: 'unexpected content after JSON' });
  const deep = '['.repeat(200_000);
  assert.throws(() => parseExactJson(deep), { ...BAD, message: 'invalid JSON: exceeded max depth' });
});

const request = (body: string, headers: Record<string, string> = {}) =>
  Object.assign(Readable.from(body === '' ? [] : [Buffer.from(body)]), {
    headers: body === '' ? headers : { 'content-type': 'application/json', ...headers },
  });

test('an empty body is an empty object, but where one is needed or was promised', async () => {
  assert.deepEqual(await readBody(request(''), COMMIT), {});
  const promised = { 'transfer-encoding': 'chunked' };
  const message = 'invalid JSON: got EOF while reading request body';
  await assert.rejects(readBody(request(''), CREATE, { needed: true }), { ...BAD, message });
  await assert.rejects(readBody(request('', promised), COMMIT), { ...BAD, message });
  await assert.rejects(readBody(request(' \n'), COMMIT), { ...BAD, message });
});

test('parameters that are JSON may be null, and say what they are when they cannot be read', () => {
  const query = (text: string) => new URLSearchParams({ buildargs: text, ulimits: text, labels: text });
  assert.equal(jsonParameter(query('null'), 'buildargs'), undefined);
  assert.equal(jsonParameter(query(''), 'ulimits'), undefined);
  assert.deepEqual(jsonParameter(query('{"A":null,"B":"1"}'), 'buildargs'), { A: null, B: '1' });
  assert.throws(() => jsonParameter(query('{"A":1}'), 'buildargs'), {
    ...BAD,
    message: /^error reading build args: .*cannot unmarshal number/,
  });
  assert.throws(() => jsonParameter(query('{'), 'ulimits'), {
    ...BAD,
    message: /error reading ulimit settings/,
  });
});

/** The parsers of bytes from outside, each with the properties that must hold for any input. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { isGitUrl, parseGitUrl } from '../src/builder/copy/git-url.ts';
import { expandWords } from '../src/builder/expand/expand.ts';
import { parseDockerfile, parseTrigger } from '../src/builder/parse/dockerfile.ts';
import { sourceFile } from '../src/builder/parse/source.ts';
import { compileTemplate } from '../src/client/template/evaluator.ts';
import { Demultiplexer } from '../src/client/transport/demux.ts';
import { ResponseParser } from '../src/client/transport/response-parser.ts';
import { FrameReader } from '../src/container/frames.ts';
import { readUserResponse } from '../src/container/oci/user.ts';
import { depthOf, parseJson } from '../src/core/bounded-json.ts';
import { BargeError } from '../src/core/errors.ts';
import { headerItems } from '../src/core/header-items.ts';
import { ignorePatterns, PatternMatcher } from '../src/core/patterns/path-rules.ts';
import { Regex } from '../src/core/patterns/regex.ts';
import { canonicalName, familiarString, parseReference } from '../src/core/reference.ts';
import { parseTimestamp } from '../src/core/timestamp.ts';
import { parseBytes, parseDuration } from '../src/core/units.ts';
import { parseExactJson } from '../src/daemon/decode/json.ts';
import { parseFilters } from '../src/engine/filters.ts';
import { splitTarget } from '../src/http/query.ts';
import { Router } from '../src/http/router.ts';
import { archiveEntries } from '../src/image/archive/archive-entries.ts';
import { parseIndex, parseManifest } from '../src/image/documents.ts';
import { parsePlatform, platformText } from '../src/image/platform.ts';
import { readConfig } from '../src/image/read-config.ts';
import { encodeAnswer, parseQuery, ttlOffsets } from '../src/network/dns/message.ts';
import { letsThrough } from '../src/network/firewall/diagnose.ts';
import { parseContentRange, parseRange } from '../src/registry/distribution/byte-range.ts';
import { parseManifestDocument } from '../src/registry/manifest-document.ts';
import { parseChallenge } from '../src/registry/proxy/challenge.ts';
import { parseBind } from '../src/volume/parse-bind.ts';
import { bytesNear, chunked, textNear } from './mutate.ts';

export interface Target {
  readonly name: string;
  readonly property: fc.IRawProperty<[unknown]>;
}

/** An error that the caller reports; any other error from a parser is a bug. */
function acceptsOrRefuses<T>(
  parse: () => T,
  isRefusal: (error: unknown) => boolean = (error) => error instanceof BargeError,
): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

const textTarget = (
  name: string,
  seeds: readonly string[],
  check: (text: string) => void,
  words: readonly string[] = [],
): Target => ({ name, property: fc.property(textNear(seeds, words), check) as fc.IRawProperty<[unknown]> });

const bytesTarget = (name: string, seeds: readonly Uint8Array[], check: (bytes: Buffer) => void): Target => ({
  name,
  property: fc.property(bytesNear(seeds), check) as fc.IRawProperty<[unknown]>,
});

const jsonSeeds = (...values: readonly unknown[]) =>
  values.map((value) => Buffer.from(JSON.stringify(value)));

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const DESCRIPTOR = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: DIGEST, size: 3 };
const MANIFEST = {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { ...DESCRIPTOR, mediaType: 'application/vnd.oci.image.config.v1+json' },
  layers: [DESCRIPTOR],
  annotations: { a: 'b' },
};
const INDEX = {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: [{ ...DESCRIPTOR, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } }],
};
const CONFIG = {
  architecture: 'amd64',
  os: 'linux',
  config: {
    Env: ['A=b'],
    Cmd: ['sh'],
    Labels: { a: 'b' },
    ExposedPorts: { '80/tcp': {} },
    Healthcheck: { Test: ['NONE'] },
  },
  rootfs: { type: 'layers', diff_ids: [DIGEST] },
  history: [{ created: '2026-01-02T03:04:05Z', created_by: 'RUN x', empty_layer: true }],
};

const DOCKERFILES = globSync(join(import.meta.dirname, '../src/builder/parse/testdata/*/Dockerfile')).map(
  (file) => readFileSync(file, 'utf8'),
);
const VERBS = [
  'FROM ',
  'RUN ',
  'COPY --from=x ',
  'ADD ',
  'ENV A=b',
  'ARG X',
  'ONBUILD ',
  'HEALTHCHECK CMD ',
  '<<EOF\n',
  '\nEOF\n',
  '\\\n',
  '# syntax=',
  '--mount=type=cache',
];

/** A frame of Docker's stream format. */
function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}
const FRAMES = Buffer.concat([frame(1, 'out'), frame(2, 'error text'), frame(1, '')]);

/** A stream parser's result does not depend on the chunks. Frames are joined, because their boundaries may differ. */
const streamTarget = (
  name: string,
  seeds: readonly Uint8Array[],
  read: (chunks: readonly Buffer[]) => unknown,
): Target => ({
  name,
  property: fc.property(chunked(bytesNear(seeds)), (chunks) => {
    assert.deepEqual(read(chunks), read([Buffer.concat(chunks)]));
  }) as fc.IRawProperty<[unknown]>,
});

function framesOf(chunks: readonly Buffer[]): readonly string[] {
  const read: string[] = [];
  const reader = new FrameReader((stream, chunk) => read.push(`${stream} ${chunk.toString('latin1')}`));
  for (const chunk of chunks) reader.push(chunk);
  return read;
}

/** The output of both streams, and the rejection. */
function demultiplexed(chunks: readonly Buffer[]): unknown {
  const read = { stdout: '', stderr: '' };
  const demultiplexer = new Demultiplexer({
    stdout: (chunk) => {
      read.stdout += chunk.toString('latin1');
    },
    stderr: (chunk) => {
      read.stderr += chunk.toString('latin1');
    },
  });
  acceptsOrRefuses(() => {
    for (const chunk of chunks) demultiplexer.push(chunk);
  });
  return read;
}

const RESPONSES = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nA: b\r\n\r\n',
  'HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nraw',
  'HTTP/1.0 500 \r\n\r\nuntil the end',
];

function responseOf(chunks: readonly Buffer[]): unknown {
  const read = { status: 0, headers: '', body: '', ended: 0 };
  const parser = new ResponseParser(
    {
      head: ({ status, headers }) => Object.assign(read, { status, headers: JSON.stringify([...headers]) }),
      body: (chunk) => {
        read.body += chunk.toString('latin1');
      },
      end: () => void read.ended++,
    },
    { method: 'GET', hijack: false },
  );
  const whole = acceptsOrRefuses(() => {
    for (const chunk of chunks) parser.push(chunk);
    parser.close();
    return true;
  });
  /* The amount delivered before a rejection depends on the chunks. */
  return whole ? read : 'refused';
}

const query = (name: string) =>
  Buffer.concat([
    Buffer.from('1234010000010000000000010'.padEnd(24, '0'), 'hex'),
    ...name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])),
    Buffer.from('0000010001', 'hex'),
    Buffer.from('0000291000000000000000', 'hex'),
  ]);

const router = new Router<string>();
for (const pattern of [
  '/images/{name...}/json',
  '/images/{name...}',
  '/containers/{id}/start',
  '/v2/{name...}/blobs/{digest}',
])
  router.on('GET', pattern, pattern);

const TEMPLATE_DATA = { Names: 'a', List: [1, 2], Map: { k: 'v', n: null }, Nested: { A: { B: true } } };

async function tarOf(...names: readonly string[]): Promise<Buffer> {
  const tar = pack();
  for (const name of names) tar.entry({ name }, name);
  tar.finalize();
  return Buffer.concat(await Array.fromAsync(tar as unknown as AsyncIterable<Buffer>));
}
const TARS = [await tarOf('manifest.json', 'blobs/sha256/x'), await tarOf('a'.repeat(120)), await tarOf('ü')];

const EXACT = /^(?!.*[0-9]{16})/s;

export const TARGETS: readonly Target[] = [
  textTarget(
    'reference',
    ['debian', 'docker.io/library/debian:13', `registry.test:5000/a/b@${DIGEST}`, '[::1]:5000/x:y'],
    (text) => {
      const reference = acceptsOrRefuses(() => parseReference(text));
      if (!reference) return;
      assert.deepEqual(parseReference(familiarString(reference)), reference);
      assert.equal(canonicalName(parseReference(canonicalName(reference))), canonicalName(reference));
    },
  ),
  textTarget(
    'Dockerfile',
    DOCKERFILES,
    (text) => {
      const dockerfile = acceptsOrRefuses(() => parseDockerfile(text));
      const lines = text.split('\n').length;
      for (const { from, instructions } of dockerfile?.stages ?? [])
        for (const { span } of [from, ...instructions]) assert.ok(span.line >= 1 && span.endLine <= lines);
    },
    VERBS,
  ),
  textTarget(
    'ONBUILD trigger',
    ['RUN x', 'COPY a b', 'RUN <<EOF\nx\nEOF', 'ENV A=b'],
    (text) => {
      const source = sourceFile('Dockerfile', 'FROM x');
      const span = { line: 1, column: 1, endLine: 1 };
      acceptsOrRefuses(() => parseTrigger(text, source, span));
    },
    VERBS,
  ),
  textTarget(
    'Dockerfile words',
    ['a$B', '${A:-b}', '${A#*/}', '"x y" \'z\'', '${A//b/c}', '${A:?no}'],
    (text) => {
      const lookup = (name: string) => (name === 'A' ? 'value/of/A' : undefined);
      acceptsOrRefuses(
        () => expandWords(text, lookup, { escapeChar: '\\' }),
        (error) => error instanceof Error && error.name === 'SyntaxMistake',
      );
    },
  ),
  textTarget(
    'ignore file',
    ['*.log\n!keep.log\n# no\n/a/**/b\n', '**\n!x\n', 'a/../b', '[a-z]*\n'],
    (text) => {
      const matcher = acceptsOrRefuses(() => new PatternMatcher(ignorePatterns(text)));
      for (const path of ['a', 'a/b/c', 'keep.log', 'ü/x.log']) matcher?.judge(path);
    },
  ),
  textTarget('regular expression', ['^a+(b|c)*$', '[[:alpha:]]{2,3}\\d', '(?i)x', 'a{3}'], (text) => {
    const regex = acceptsOrRefuses(
      () => new Regex(text),
      (error) =>
        error instanceof Error && error.constructor !== TypeError && error.constructor !== RangeError,
    );
    regex?.test('aaab bbb');
  }),
  textTarget(
    'Git address',
    ['https://host.test/a.git#main:dir', 'git@host.test:a/b.git', 'ssh://x/y?ref=z'],
    (text) => {
      if (isGitUrl(text)) acceptsOrRefuses(() => parseGitUrl(text));
    },
  ),
  bytesTarget('image manifest', jsonSeeds(MANIFEST), (bytes) => {
    acceptsOrRefuses(() => parseManifest(bytes));
    acceptsOrRefuses(() => parseManifestDocument(bytes, undefined));
  }),
  bytesTarget('image index', jsonSeeds(INDEX), (bytes) => {
    acceptsOrRefuses(() => parseIndex(bytes));
    acceptsOrRefuses(() => parseManifestDocument(bytes, INDEX.mediaType));
  }),
  bytesTarget(
    'image configuration',
    jsonSeeds(CONFIG),
    (bytes) => void acceptsOrRefuses(() => readConfig(bytes)),
  ),
  {
    name: 'archive of images',
    property: fc.asyncProperty(chunked(bytesNear(TARS)), async (chunks) => {
      try {
        for await (const entry of archiveEntries(Readable.from(chunks))) {
          assert.ok(!entry.name.startsWith('/') && !entry.name.split('/').includes('..'), entry.name);
          if ('content' in entry) for await (const _ of entry.content);
        }
      } catch (error) {
        if (!(error instanceof BargeError)) throw error;
      }
    }) as fc.IRawProperty<[unknown]>,
  },
  streamTarget('frames of a stream', [FRAMES], framesOf),
  streamTarget('frames that the client reads', [FRAMES], demultiplexed),
  streamTarget(
    'HTTP response',
    RESPONSES.map((text) => Buffer.from(text)),
    responseOf,
  ),
  textTarget(
    'HTTP target',
    ['/v1.43/images/a%2Fb/json?all=1', '/v2/a/b/blobs/uploads/?digest=x', '/x?a=%00'],
    (text) => {
      /* Node reads the request line byte by byte. */
      const bytes = Buffer.from(text).toString('latin1');
      const target = acceptsOrRefuses(() => splitTarget(bytes));
      const match = target && acceptsOrRefuses(() => router.find('GET', target.path));
      if (match) assert.ok(Object.values(match.params).every((value) => value !== undefined && value !== ''));
    },
  ),
  textTarget(
    'HTTP header',
    ['Bearer realm="https://x/token",service="y",scope="repository:a:pull"', 'Basic realm=x'],
    (text) => {
      parseChallenge(text);
      headerItems(text);
    },
  ),
  textTarget('HTTP range', ['bytes=0-10', 'bytes=-5', '0-3', 'bytes 0-3/10'], (text) => {
    const range = parseRange(text, 1000);
    if (typeof range === 'object')
      assert.ok(range.start >= 0 && range.start <= range.end && range.end < 1000);
    const chunk = acceptsOrRefuses(() => parseContentRange(text));
    if (chunk) assert.ok(chunk.start <= chunk.end);
  }),
  bytesTarget('DNS message', [query('web.test'), query('1.0.0.127.in-addr.arpa')], (bytes) => {
    const asked = parseQuery(bytes);
    if (asked) {
      const answer = encodeAnswer(asked, 0, [{ type: 1, ttl: 60, data: Buffer.of(10, 0, 0, 1) }]);
      assert.equal(ttlOffsets(answer)?.offsets.length, 1);
      assert.ok(asked.udpSize >= 512);
    }
    if (bytes.length >= 12)
      for (const at of ttlOffsets(bytes)?.offsets ?? []) assert.ok(at + 4 <= bytes.length);
  }),
  textTarget(
    'template',
    [
      '{{.Names}}',
      '{{range $i, $x := .List}}{{$i}}{{end}}',
      '{{if and .Map (eq .Nested.A.B true)}}y{{else}}n{{end}}',
      '{{json .}}',
      '{{printf "%5.2f|%-10q" 1.5 "x"}}',
      '{{define "t"}}{{.}}{{end}}{{template "t" .List}}',
    ],
    (text) =>
      void acceptsOrRefuses(
        () => compileTemplate(text)(TEMPLATE_DATA),
        (error) => error instanceof Error && 'exitCode' in error,
      ),
    ['{{', '}}', '{{end}}', ' | ', 'printf ', 'index ', 'slice ', '"%v"', '$x := ', '.List', 'nil'],
  ),
  bytesTarget('JSON', jsonSeeds(CONFIG, [1, -2.5e3, null, true], 'ü\u2028'), (bytes) => {
    const value = acceptsOrRefuses(
      () => parseJson(bytes),
      (error) => error instanceof SyntaxError,
    );
    if (value !== undefined) assert.ok(depthOf(bytes) <= 200);
    const text = bytes.toString();
    const exact = acceptsOrRefuses(() => parseExactJson(text));
    if (value !== undefined && exact !== undefined && EXACT.test(text))
      assert.equal(JSON.stringify(exact), JSON.stringify(JSON.parse(text)));
  }),
  textTarget(
    'filters',
    ['{"label":["a=b"],"status":{"running":true}}', '{}'],
    (text) => void acceptsOrRefuses(() => parseFilters(text)),
  ),
  textTarget(
    'size, duration and time',
    ['1.5GiB', '1m30s', '2026-01-02T03:04:05.006Z', '1700000000.5', '10m'],
    (text) => {
      const size = acceptsOrRefuses(() => parseBytes(text));
      if (size !== undefined) assert.ok(size >= 0);
      acceptsOrRefuses(() => parseDuration(text));
      acceptsOrRefuses(() => parseTimestamp(text));
    },
  ),
  textTarget('platform', ['linux/amd64', 'linux/arm/v7', 'arm64'], (text) => {
    const platform = acceptsOrRefuses(() => parsePlatform(text));
    if (platform) assert.deepEqual(parsePlatform(platformText(platform)), platform);
  }),
  textTarget(
    'bind',
    ['/a:/b:ro,z', 'volume:/data', '/a:/b:rshared'],
    (text) => void acceptsOrRefuses(() => parseBind(text)),
  ),
  textTarget(
    'answer of the helpers about a user',
    ['found 0 0 0 =/root', 'unknown-user', 'unknown-group 1', 'out-of-range'],
    (text) => {
      acceptsOrRefuses(() => readUserResponse(text, { user: 'a:b', groupAdd: ['c'] }));
    },
  ),
  textTarget(
    'listing of nft',
    [
      '{"nftables":[{"chain":{"family":"inet","table":"t","name":"forward","hook":"forward","policy":"drop"}}]}',
    ],
    (text) => {
      acceptsOrRefuses(() => letsThrough(text, 'br0'));
    },
  ),
];

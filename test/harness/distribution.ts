/**
 * The checks of the distribution specification 1.1, written from its text; end-N are its endpoints. A registry passes
 * all four workflows: pull, push, content discovery, content management.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEDIA_TYPE } from '../../src/api/oci-image.ts';
import { type Digest, digestOf } from '../../src/core/digest.ts';
import { codesOf, descriptorOf, digestBy, someBytes } from '../../src/registry/testing/push.ts';

const EMPTY = Buffer.from('{}');
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';

interface Sent {
  readonly method?: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One repository of a registry. */
class Repository {
  readonly #registry: string;
  readonly name: string;

  constructor(registry: string, name: string) {
    this.#registry = registry;
    this.name = name;
  }

  at(path: string): string {
    return new URL(
      path.startsWith('/') || path.startsWith('http') ? path : `/v2/${this.name}/${path}`,
      this.#registry,
    ).href;
  }

  ask(path: string, { method = 'GET', body, headers = {} }: Sent = {}): Promise<Response> {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) };
    return fetch(this.at(path), { method, headers, ...sent });
  }

  async start(): Promise<string> {
    const response = await this.ask('blobs/uploads/', { method: 'POST', headers: { 'Content-Length': '0' } });
    assert.equal(response.status, 202);
    return response.headers.get('location') ?? '';
  }

  /** POST, then PUT. */
  async blob(bytes: Uint8Array, digest: Digest = digestOf(bytes)): Promise<Digest> {
    const response = await this.ask(withDigest(await this.start(), digest), { method: 'PUT', body: bytes });
    assert.equal(response.status, 201);
    assert.ok(response.headers.get('location'));
    return digest;
  }

  async manifest(
    reference: string,
    document: object,
  ): Promise<{ response: Response; bytes: Buffer; digest: Digest }> {
    const bytes = Buffer.from(JSON.stringify(document));
    const { mediaType } = document as { mediaType: string };
    const digest = digestOf(bytes);
    const path = `manifests/${reference === '' ? digest : reference}`;
    const response = await this.ask(path, {
      method: 'PUT',
      body: bytes,
      headers: { 'Content-Type': mediaType },
    });
    return { response, bytes, digest };
  }

  /** An image or artifact of this repository, whose blobs are there. */
  async image(seed: string, more: object = {}): Promise<object> {
    const layer = someBytes(3000, seed);
    await this.blob(EMPTY);
    await this.blob(layer);
    const config = descriptorOf(EMPTY, EMPTY_TYPE);
    return {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config,
      layers: [descriptorOf(layer, MEDIA_TYPE.ociLayer)],
      ...more,
    };
  }
}

function withDigest(location: string, digest: Digest): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
}

/**
 * @param kind for the names of the tests. @param registry its URL, known when the tests run.
 * @param lastBytes whether the last bytes of a blob can be asked for: s3rver 3.7.1 sends others.
 */
export function distributionChecks(kind: string, registry: () => string, lastBytes = true): void {
  const repository = (name: string) => new Repository(registry(), `checks/${name}`);
  push(kind, repository);
  pull(kind, repository, lastBytes);
  discovery(kind, repository);
  management(kind, repository);
}

type Make = (name: string) => Repository;

function push(kind: string, repository: Make): void {
  test(`${kind}: end-1, the registry says that it speaks the protocol`, async () => {
    const response = await repository('x').ask('/v2/');
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('docker-distribution-api-version'), 'registry/2.0');
  });

  test(`${kind}: end-4 and end-6, a blob in one request, in two, and empty, by either algorithm`, async () => {
    const to = repository('push');
    for (const algorithm of ['sha256', 'sha512'] as const) {
      for (const bytes of [someBytes(5000, algorithm), Buffer.alloc(0)]) {
        const digest = digestBy(algorithm, bytes);
        const single = await to.ask(withDigest('blobs/uploads/', digest), { method: 'POST', body: bytes });
        assert.equal(single.status, 201);
        assert.equal((await to.ask(single.headers.get('location') ?? '', { method: 'HEAD' })).status, 200);
        await to.blob(bytes, digest);
      }
    }
    const wrong = await to.ask(withDigest(await to.start(), digestOf('x')), { method: 'PUT', body: 'y' });
    assert.deepEqual([wrong.status, await codesOf(wrong)], [400, ['DIGEST_INVALID']]);
  });

  test(`${kind}: end-5, chunks in order, one out of order, where to go on, and as a stream`, async () => {
    const to = repository('chunks');
    const bytes = someBytes(90_000, 'chunks');
    let location = await to.start();
    const chunk = (start: number, stop: number) =>
      to.ask(location, {
        method: 'PATCH',
        body: bytes.subarray(start, stop),
        headers: { 'Content-Type': 'application/octet-stream', 'Content-Range': `${start}-${stop - 1}` },
      });
    const wrong = await chunk(100, 200);
    assert.deepEqual([wrong.status, await codesOf(wrong)], [416, ['RANGE_INVALID']]);
    const first = await chunk(0, 30_000);
    assert.deepEqual([first.status, first.headers.get('range')], [202, '0-29999']);
    location = first.headers.get('location') ?? '';
    assert.equal((await chunk(0, 30_000)).status, 416, 'again the same');
    const status = await to.ask(location);
    assert.deepEqual([status.status, status.headers.get('range')], [204, '0-29999']);
    assert.ok(status.headers.get('location'));
    assert.equal((await chunk(30_000, 60_000)).status, 202);
    const last = { method: 'PUT', body: bytes.subarray(60_000), headers: { 'Content-Range': '60000-89999' } };
    assert.equal((await to.ask(withDigest(location, digestOf(bytes)), last)).status, 201);
    const stream = await to.ask(await to.start(), { method: 'PATCH', body: bytes });
    const end = withDigest(stream.headers.get('location') ?? '', digestOf(bytes));
    assert.equal((await to.ask(end, { method: 'PUT' })).status, 201);
    assert.equal((await to.ask(location)).status, 404, 'a finished upload is gone');
  });

  test(`${kind}: end-11 and end-14, a blob is mounted from another repository, an upload given up`, async () => {
    const [from, to] = [repository('from'), repository('to')];
    const digest = await from.blob(someBytes(2000, 'mounted'));
    const post = (query: string) => to.ask(`blobs/uploads/?${query}`, { method: 'POST' });
    const mounted = await post(`mount=${digest}&from=${from.name}`);
    assert.equal(mounted.status, 201);
    assert.equal((await to.ask(`blobs/${digest}`, { method: 'HEAD' })).status, 200);
    assert.equal((await post(`mount=${digestOf('none')}&from=${from.name}`)).status, 202);
    const location = await to.start();
    assert.equal((await to.ask(location, { method: 'DELETE' })).status, 204);
    assert.equal((await to.ask(location)).status, 404);
  });

  test(`${kind}: end-7, manifests by tag and digest, with a subject, and what is wrong with others`, async () => {
    const to = repository('manifests');
    const image = await to.image('one');
    const { response, digest } = await to.manifest('v1', image);
    assert.equal(response.status, 201);
    assert.equal(response.headers.get('docker-content-digest'), digest);
    assert.equal((await to.manifest('', image)).response.status, 201);
    const subject = { mediaType: MEDIA_TYPE.ociManifest, digest: digestOf('not here'), size: 7 };
    const referrer = await to.manifest('', await to.image('two', { subject }));
    assert.deepEqual(
      [referrer.response.status, referrer.response.headers.get('oci-subject')],
      [201, subject.digest],
    );
    const wrong = await to.manifest(digestOf('other'), image);
    assert.deepEqual([wrong.response.status, await codesOf(wrong.response)], [400, ['DIGEST_INVALID']]);
    const missing = await to.manifest('v2', {
      ...image,
      layers: [{ ...subject, mediaType: MEDIA_TYPE.ociLayer }],
    });
    assert.deepEqual(
      [missing.response.status, await codesOf(missing.response)],
      [400, ['MANIFEST_BLOB_UNKNOWN']],
    );
    const name = await to.ask('/v2/UPPER/manifests/v1', { method: 'PUT', body: '{}' });
    assert.deepEqual([name.status, await codesOf(name)], [400, ['NAME_INVALID']]);
  });

  test(`${kind}: docker’s own media types, with the habits of its clients`, async () => {
    const to = repository('docker');
    const layer = someBytes(100, 'docker');
    await to.blob(layer);
    await to.blob(EMPTY);
    const image = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.dockerManifest,
      config: descriptorOf(EMPTY, MEDIA_TYPE.dockerConfig),
      layers: [descriptorOf(layer, MEDIA_TYPE.dockerLayerGzip)],
    };
    const { bytes, digest } = await to.manifest('', image);
    const list = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.dockerManifestList,
      manifests: [descriptorOf(bytes, MEDIA_TYPE.dockerManifest)],
    };
    assert.equal((await to.manifest('latest', list)).response.status, 201);
    const got = await to.ask('manifests/latest', { headers: { accept: 'application/json, */*' } });
    assert.equal(got.headers.get('content-type'), MEDIA_TYPE.dockerManifestList);
    const head = await to.ask(`manifests/${digest}`, { method: 'HEAD' });
    assert.deepEqual(
      [head.headers.get('docker-content-digest'), head.headers.get('content-length')],
      [digest, String(bytes.length)],
    );
    const old = await to.manifest('v1', {
      schemaVersion: 1,
      mediaType: 'application/vnd.docker.distribution.manifest.v1+json',
    });
    assert.deepEqual([old.response.status, await codesOf(old.response)], [400, ['MANIFEST_INVALID']]);
    const uuid = await to.ask('blobs/uploads/', { method: 'POST' });
    assert.ok(uuid.headers.get('docker-upload-uuid'));
    assert.equal(uuid.headers.get('range'), '0-0');
  });
}

function pull(kind: string, repository: Make, lastBytes: boolean): void {
  test(`${kind}: end-2, blobs whole, in part, on condition, and unknown ones`, async () => {
    const from = repository('pull');
    const bytes = someBytes(10_000, 'pull');
    const path = `blobs/${await from.blob(bytes)}`;
    const whole = await from.ask(path);
    assert.deepEqual(Buffer.from(await whole.arrayBuffer()), bytes);
    const head = await from.ask(path, { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, '10000']);
    const ranges: [string, number, number][] = [
      ['bytes=0-99', 0, 100],
      ['bytes=9990-', 9990, 10_000],
    ];
    if (lastBytes) ranges.push(['bytes=-10', 9990, 10_000]);
    for (const [range, start, stop] of ranges) {
      const part = await from.ask(path, { headers: { range } });
      assert.equal(part.status, 206, range);
      assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(start, stop));
    }
    assert.equal((await from.ask(path, { headers: { range: 'bytes=20000-' } })).status, 416);
    const unknown = await from.ask(`blobs/${digestOf('none')}`);
    assert.deepEqual([unknown.status, await codesOf(unknown)], [404, ['BLOB_UNKNOWN']]);
    const etag = head.headers.get('etag') ?? '';
    assert.equal((await from.ask(path, { method: 'HEAD', headers: { 'If-None-Match': etag } })).status, 304);
  });

  test(`${kind}: end-3, manifests by tag and digest, whole and as headers`, async () => {
    const from = repository('pull');
    const { bytes, digest } = await from.manifest('v1', await from.image('pulled'));
    for (const reference of ['v1', digest]) {
      const got = await from.ask(`manifests/${reference}`);
      assert.deepEqual([got.status, got.headers.get('content-type')], [200, MEDIA_TYPE.ociManifest]);
      assert.equal(got.headers.get('docker-content-digest'), digest);
      assert.deepEqual(Buffer.from(await got.arrayBuffer()), bytes);
      const head = await from.ask(`manifests/${reference}`, { method: 'HEAD' });
      assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(bytes.length)]);
    }
    for (const reference of ['none', digestOf('none')]) {
      const unknown = await from.ask(`manifests/${reference}`);
      assert.deepEqual([unknown.status, await codesOf(unknown)], [404, ['MANIFEST_UNKNOWN']]);
    }
  });
}

function discovery(kind: string, repository: Make): void {
  test(`${kind}: end-8, tags in order, in pages`, async () => {
    const of = repository('tags');
    const image = await of.image('tagged');
    for (const tag of ['b', 'a', 'C', '1.0'])
      assert.equal((await of.manifest(tag, image)).response.status, 201);
    const list = async (query = '') => (await (await of.ask(`tags/list${query}`)).json()) as object;
    assert.deepEqual(await list(), { name: of.name, tags: ['1.0', 'C', 'a', 'b'] });
    assert.deepEqual(await list('?n=2'), { name: of.name, tags: ['1.0', 'C'] });
    assert.deepEqual(await list('?n=2&last=C'), { name: of.name, tags: ['a', 'b'] });
    assert.deepEqual(await list('?n=0'), { name: of.name, tags: [] });
    const link = (await of.ask('tags/list?n=3')).headers.get('link') ?? '';
    const [, next = ''] = /^<([^>]+)>; rel="next"$/.exec(link) ?? [];
    assert.deepEqual(await (await of.ask(next)).json(), { name: of.name, tags: ['b'] });
    const unknown = await repository('never').ask('tags/list');
    assert.deepEqual([unknown.status, await codesOf(unknown)], [404, ['NAME_UNKNOWN']]);
  });

  test(`${kind}: end-12, referrers by type, of an absent subject, of indexes, and none`, async () => {
    const of = repository('referrers');
    const subjectBytes = Buffer.from(JSON.stringify(await of.image('subject')));
    const subject = descriptorOf(subjectBytes, MEDIA_TYPE.ociManifest);
    const artifact = await of.image('sbom', {
      subject,
      artifactType: 'application/x-sbom',
      annotations: { a: 'b' },
    });
    const plain = await of.manifest('', await of.image('plain', { subject }));
    const typed = await of.manifest('', artifact);
    const index = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociIndex,
      manifests: [],
      subject,
      artifactType: 'application/x-index',
    };
    const indexed = await of.manifest('', index);
    const ask = async (digest: string, query = '') => {
      const response = await of.ask(`referrers/${digest}${query}`);
      assert.deepEqual([response.status, response.headers.get('content-type')], [200, MEDIA_TYPE.ociIndex]);
      const { manifests } = (await response.json()) as {
        manifests: { digest: Digest; artifactType: string; annotations?: object }[];
      };
      return { manifests, filters: response.headers.get('oci-filters-applied') };
    };
    const all = await ask(subject.digest);
    assert.deepEqual(
      all.manifests.map(({ digest }) => digest).sort(),
      [plain.digest, typed.digest, indexed.digest].sort(),
    );
    assert.equal(all.manifests.find(({ digest }) => digest === plain.digest)?.artifactType, EMPTY_TYPE);
    const filtered = await ask(subject.digest, '?artifactType=application/x-sbom');
    assert.equal(filtered.filters, 'artifactType');
    assert.deepEqual(
      filtered.manifests.map(({ digest, annotations }) => [digest, annotations]),
      [[typed.digest, { a: 'b' }]],
    );
    assert.deepEqual((await ask(digestOf('none'))).manifests, []);
    const fallback = `sha256-${subject.digest.slice(7)}`;
    assert.equal(
      (await of.ask(`manifests/${fallback}`)).status,
      404,
      'no tag of the fallback, since there is no need',
    );
    assert.equal(
      (await of.manifest(fallback, { ...index, subject: undefined })).response.status,
      201,
      'older clients may set it',
    );
  });
}

function management(kind: string, repository: Make): void {
  test(`${kind}: end-9, a tag goes alone, a manifest with its tags and from its subject’s referrers`, async () => {
    const of = repository('deleted');
    const image = await of.image('deleted');
    const { digest } = await of.manifest('v1', image);
    await of.manifest('v2', image);
    assert.equal((await of.ask('manifests/v1', { method: 'DELETE' })).status, 202);
    assert.equal((await of.ask('manifests/v1')).status, 404);
    assert.equal((await of.ask(`manifests/${digest}`)).status, 200);
    assert.equal((await of.ask(`manifests/${digest}`, { method: 'DELETE' })).status, 202);
    for (const reference of ['v2', digest])
      assert.equal((await of.ask(`manifests/${reference}`)).status, 404);
    assert.equal((await of.ask(`manifests/${digest}`, { method: 'DELETE' })).status, 404);
    const tags = await of.ask('tags/list');
    assert.deepEqual([tags.status, await tags.json()], [200, { name: of.name, tags: [] }]);
    assert.equal((await of.manifest('v1', image)).response.status, 201, 'and comes again');
  });

  test(`${kind}: end-10, a blob goes from its repository alone, and comes again`, async () => {
    const of = repository('blobs');
    const bytes = someBytes(100, 'deleted');
    const path = `blobs/${await of.blob(bytes)}`;
    assert.equal((await of.ask(path, { method: 'DELETE' })).status, 202);
    assert.equal((await of.ask(path)).status, 404);
    assert.equal((await of.ask(path, { method: 'DELETE' })).status, 404);
    await of.blob(bytes);
    assert.equal((await of.ask(path)).status, 200);
    const method = await of.ask(path, { method: 'PUT', body: 'x' });
    assert.deepEqual([method.status, await codesOf(method)], [405, ['UNSUPPORTED']]);
  });
}

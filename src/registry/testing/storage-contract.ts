import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { type Descriptor, MEDIA_TYPE } from '../../api/oci-image.ts';
import { type Digest, digestOf } from '../../core/digest.ts';
import { parseManifestDocument } from '../manifest-document.ts';
import { newManifest } from '../new-manifest.ts';
import { RegistryError } from '../registry-error.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { descriptorOf, digestBy, someBytes } from './push.ts';

/** A storage, with the external manipulations that tests need. */
export interface StorageUnderTest extends AsyncDisposable {
  readonly storage: ObjectStorage;
  /** The same content through another server. */
  readonly other: ObjectStorage;
  /** Replaces the bytes of stored content, as a bad disk would. */
  damage(digest: Digest): Promise<void>;
}

const MIB = 1 << 20;
const stream = (...pieces: Uint8Array[]) => Readable.from(pieces, { objectMode: false });
const code = (expected: string) => (error: unknown) =>
  error instanceof RegistryError && error.code === expected;

async function push(storage: ObjectStorage, repository: string, bytes: Buffer): Promise<Digest> {
  const id = await storage.uploads.start(repository);
  await storage.uploads.finish(repository, id, digestOf(bytes), { bytes: stream(bytes) });
  return digestOf(bytes);
}

/** Puts an image of one layer. @returns its digest and its parts. */
async function putImage(storage: ObjectStorage, repository: string, seed: string, subject?: Descriptor) {
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', seed }));
  const layer = someBytes(2000, seed);
  await push(storage, repository, config);
  await push(storage, repository, layer);
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: descriptorOf(config, MEDIA_TYPE.ociConfig),
    layers: [descriptorOf(layer, MEDIA_TYPE.ociLayer)],
    ...(subject ? { subject } : {}),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  await storage.manifests.put(
    repository,
    newManifest(digestOf(bytes), bytes, parseManifestDocument(bytes, undefined)),
  );
  return { digest: digestOf(bytes), bytes, layer: digestOf(layer) };
}

/** The contract of every kind of storage. @param kind for the names of the tests. @param open opens an empty one. */
export function storageContract(kind: string, open: () => Promise<StorageUnderTest>): void {
  test(`${kind}: a blob is written in pieces of any size, and read completely and in part`, async () => {
    await using under = await open();
    const { blobs, uploads } = under.storage;
    const bytes = someBytes(19 * MIB + 17, 'large');
    const id = await uploads.start('app');
    const cuts = [0, 1000, 1000, 9 * MIB, 18 * MIB];
    for (const [index, start] of cuts.entries()) {
      const piece = bytes.subarray(start, cuts[index + 1]);
      const sent = { bytes: stream(piece), start, length: piece.length };
      if (index === cuts.length - 1) await uploads.finish('app', id, digestOf(bytes), sent);
      else
        assert.deepEqual(await uploads.append('app', id, sent), { accepted: true, offset: cuts[index + 1] });
    }
    assert.equal(await blobs.size('app', digestOf(bytes)), bytes.length);
    assert.equal(digestOf(await buffer(blobs.read(digestOf(bytes)))), digestOf(bytes));
    const part = await buffer(blobs.read(digestOf(bytes), { start: 8 * MIB - 5, end: 8 * MIB + 4 }));
    assert.deepEqual(part, bytes.subarray(8 * MIB - 5, 8 * MIB + 5));
    await assert.rejects(uploads.offset('app', id), code('BLOB_UPLOAD_UNKNOWN'));
    assert.deepEqual(await Array.fromAsync(under.storage.check({ deep: true })), []);
  });

  test(`${kind}: an upload started by another server can be continued`, async () => {
    await using under = await open();
    const bytes = someBytes(9 * MIB, 'two servers');
    const id = await under.other.uploads.start('app');
    await under.other.uploads.append('app', id, { bytes: stream(bytes.subarray(0, 8 * MIB + 7)) });
    assert.equal(await under.storage.uploads.offset('app', id), 8 * MIB + 7);
    await under.storage.uploads.append('app', id, {
      bytes: stream(bytes.subarray(8 * MIB + 7, 8 * MIB + 20)),
    });
    const rest = { bytes: stream(bytes.subarray(8 * MIB + 20)), start: 8 * MIB + 20 };
    await under.other.uploads.finish('app', id, digestOf(bytes), rest);
    assert.equal(digestOf(await buffer(under.storage.blobs.read(digestOf(bytes)))), digestOf(bytes));
  });

  test(`${kind}: chunks with a wrong length or offset leave the upload unchanged`, async () => {
    await using under = await open();
    const { uploads } = under.storage;
    const id = await uploads.start('app');
    await uploads.append('app', id, { bytes: stream(Buffer.from('abc')) });
    assert.deepEqual(await uploads.append('app', id, { bytes: stream(Buffer.from('x')), start: 2 }), {
      accepted: false,
      offset: 3,
    });
    const lie = (bytes: Buffer, length: number) =>
      uploads.append('app', id, { bytes: stream(bytes), length });
    await assert.rejects(lie(Buffer.from('xy'), 3), code('SIZE_INVALID'));
    await assert.rejects(lie(someBytes(9 * MIB), 8 * MIB + 1), code('SIZE_INVALID'));
    const limit = {
      admits: (taken: number) => taken <= 5,
      error: () => new RegistryError([{ code: 'DENIED', message: 'full' }]),
    };
    await assert.rejects(
      uploads.append('app', id, { bytes: stream(Buffer.from('123456')), limit }),
      code('DENIED'),
    );
    assert.equal(await uploads.offset('app', id), 3);
    await assert.rejects(uploads.offset('other', id), code('BLOB_UPLOAD_UNKNOWN'));
    await assert.rejects(uploads.offset('app', '../../etc'), code('BLOB_UPLOAD_UNKNOWN'));
    const digest = digestOf('abcdef');
    await uploads.finish('app', id, digest, { bytes: stream(Buffer.from('def')) });
    assert.equal(await under.storage.blobs.size('app', digest), 6);
  });

  test(`${kind}: when the sender disconnects, the received bytes are kept`, async () => {
    await using under = await open();
    const { uploads } = under.storage;
    const bytes = someBytes(9 * MIB + 5, 'broken');
    const id = await uploads.start('app');
    async function* breaking() {
      yield bytes.subarray(0, 9 * MIB);
      throw new Error('the client is gone');
    }
    const sent = { bytes: Readable.from(breaking(), { objectMode: false }) };
    await assert.rejects(uploads.append('app', id, sent), /the client is gone/);
    assert.equal(await under.other.uploads.offset('app', id), 9 * MIB);
    await under.other.uploads.finish('app', id, digestOf(bytes), { bytes: stream(bytes.subarray(9 * MIB)) });
    assert.equal(await under.storage.blobs.size('app', digestOf(bytes)), bytes.length);
  });

  test(`${kind}: a wrong digest ends the upload, sha512 and empty blobs work, cancelled and old uploads are removed`, async () => {
    await using under = await open();
    const { uploads, blobs } = under.storage;
    const bytes = someBytes(500);
    const wrong = await uploads.start('app');
    const finish = uploads.finish('app', wrong, digestOf('other'), { bytes: stream(bytes) });
    await assert.rejects(finish, code('DIGEST_INVALID'));
    await assert.rejects(uploads.offset('app', wrong), code('BLOB_UPLOAD_UNKNOWN'));
    const id = await uploads.start('app');
    await uploads.append('app', id, { bytes: stream(bytes.subarray(0, 100)) });
    const sha512 = digestBy('sha512', bytes);
    await uploads.finish('app', id, sha512, { bytes: stream(bytes.subarray(100)) });
    assert.equal(await blobs.size('app', sha512), 500);
    assert.equal(await blobs.size('app', await push(under.storage, 'app', Buffer.alloc(0))), 0);
    const cancelled = await uploads.start('app');
    await uploads.cancel('app', cancelled);
    await assert.rejects(uploads.offset('app', cancelled), code('BLOB_UPLOAD_UNKNOWN'));
    const old = await uploads.start('app');
    await uploads.append('app', old, { bytes: stream(Buffer.from('left')) });
    assert.equal(await uploads.expire(3600_000), 0);
    assert.equal(await uploads.expire(-2000), 1);
    await assert.rejects(uploads.offset('app', old), code('BLOB_UPLOAD_UNKNOWN'));
  });

  test(`${kind}: repositories own blobs, share them by mounting, and lose them one by one`, async () => {
    await using under = await open();
    const { blobs } = under.storage;
    const digest = await push(under.storage, 'team/a', someBytes(100));
    assert.equal(await blobs.size('team/b', digest), undefined);
    assert.equal(await blobs.mount('team/b', digest, 'team/c'), false);
    assert.equal(await blobs.mount('team/b', digest, 'team/a'), true);
    assert.equal(await under.storage.usage(['team']), 100, 'what several hold counts once');
    assert.equal(await blobs.remove('team/a', digest), true);
    assert.equal(await blobs.remove('team/a', digest), false);
    assert.equal(await blobs.size('team/a', digest), undefined);
    assert.equal(await under.other.blobs.size('team/b', digest), 100);
  });

  test(`${kind}: manifests, tags and referrers are found, listed in order, and removed`, async () => {
    await using under = await open();
    const { storage, other } = under;
    assert.equal(await storage.tags.list('app'), undefined);
    const image = await putImage(storage, 'app', 'one');
    const subject = descriptorOf(image.bytes, MEDIA_TYPE.ociManifest);
    const signature = await putImage(storage, 'app', 'signature', subject);
    await putImage(storage, 'app/nested', 'two');
    for (const tag of ['v2', 'v10', 'Latest']) await storage.tags.set('app', tag, image.digest);
    assert.deepEqual(await other.tags.list('app'), ['Latest', 'v10', 'v2']);
    assert.deepEqual(await other.repositories(), ['app', 'app/nested']);
    assert.equal(await other.tags.resolve('app', 'v2'), image.digest);
    assert.equal(await other.tags.claim('app', 'v2', signature.digest), image.digest);
    assert.equal(await other.tags.claim('app', 'v3', signature.digest), signature.digest);
    assert.deepEqual(await other.manifests.load(image.digest), image.bytes);
    assert.deepEqual((await other.manifests.find('app', image.digest))?.size, image.bytes.length);
    const referrers = () => Array.fromAsync(other.referrers.list('app', image.digest));
    assert.deepEqual(
      (await referrers()).map(({ digest }) => digest),
      [signature.digest],
    );
    assert.equal(await other.manifests.remove('app', signature.digest), true);
    assert.deepEqual(await referrers(), []);
    assert.equal(await storage.tags.remove('app', 'v3'), true);
    assert.equal(await storage.tags.remove('app', 'v3'), false);
    assert.deepEqual(await Array.fromAsync(storage.check({ deep: true })), []);
  });

  test(`${kind}: garbage is removed, referenced or young content is kept, and a mount protects old content`, async () => {
    await using under = await open();
    const { storage, other } = under;
    const image = await putImage(storage, 'app', 'kept');
    await storage.tags.set('app', 'v1', image.digest);
    const loose = await push(storage, 'app', someBytes(3000, 'loose'));
    const young = await storage.collect({ grace: 3600_000 });
    assert.deepEqual([young?.links, young?.contents], [0, 0]);
    /* A negative grace makes everything old, regardless of the store's clock. */
    const found = await other.collect({ grace: -5000 });
    assert.deepEqual([found?.links, found?.contents, found?.bytes], [1, 1, 3000]);
    assert.equal(await storage.blobs.size('app', loose), undefined);
    assert.equal(await storage.blobs.size('app', image.layer), 2000);
    assert.deepEqual(await Array.fromAsync(storage.check({ deep: true })), []);
  });

  test(`${kind}: content with a wrong digest is found, quarantined and restored by a push`, async () => {
    await using under = await open();
    const { storage } = under;
    const bytes = someBytes(5000, 'damaged');
    const digest = await push(storage, 'app', bytes);
    await putImage(storage, 'app', 'good');
    await under.damage(digest);
    const seen: Digest[] = [];
    const report = (content: { digest: Digest; damaged: boolean }) => {
      if (content.damaged) seen.push(content.digest);
    };
    const scrubbed = await storage.scrub({ rate: 1e9, report });
    assert.deepEqual([scrubbed?.damaged, scrubbed?.contents, seen], [1, 4, [digest]]);
    assert.equal(await storage.blobs.size('app', digest), undefined);
    await push(storage, 'app', bytes);
    assert.deepEqual(await Array.fromAsync(storage.check({ deep: true })), []);
  });

  test(`${kind}: a cache is reduced to its size and age, the least recently used content first`, async () => {
    await using under = await open();
    const { storage } = under;
    await storage.markAsCache('https://example.org');
    assert.equal(await under.other.cachedOrigin(), 'https://example.org');
    const image = await putImage(storage, 'app', 'one');
    const large = await push(storage, 'app', someBytes(100_000, 'large'));
    assert.deepEqual(await storage.evict({ grace: 3600_000, maxBytes: 1e9, maxAge: 3600_000 }), {
      blobs: 0,
      manifests: 0,
      bytes: 0,
    });
    const reduced = await storage.evict({ grace: 3600_000, maxBytes: 0 });
    assert.deepEqual([reduced?.blobs, reduced?.manifests], [3, 1]);
    assert.equal(await storage.blobs.size('app', large), undefined);
    assert.equal(await storage.manifests.find('app', image.digest), undefined);
    assert.deepEqual(await Array.fromAsync(storage.check({ deep: true })), []);
  });

  test(`${kind}: concurrent operations on the same content leave it consistent`, async () => {
    await using under = await open();
    const bytes = someBytes(300_000, 'same');
    const work = Array.from({ length: 12 }, async (_, index) => {
      const storage = index % 2 ? under.storage : under.other;
      await push(storage, `app${index % 3}`, bytes);
      const image = await putImage(storage, `app${index % 3}`, `image ${index % 4}`);
      await storage.tags.set(`app${index % 3}`, 'latest', image.digest);
    });
    const collecting = [under.storage.collect({ grace: 3600_000 }), under.other.collect({ grace: 3600_000 })];
    await Promise.all([...work, ...collecting]);
    assert.deepEqual(await Array.fromAsync(under.storage.check({ deep: true })), []);
    const claims = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        (index % 2 ? under.storage : under.other).tags.claim('app0', 'first', digestOf(String(index))),
      ),
    );
    assert.equal(new Set(claims).size, 1, 'one of those who claim a tag gets it');
  });
}

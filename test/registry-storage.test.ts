/**
 * The registry's storage in S3: the same contract as the file system's, against s3rver; and against any other server
 * whose bucket BARGE_TEST_S3 names (`s3://BUCKET/PREFIX?endpoint=…`, credentials in AWS_ACCESS_KEY_ID and
 * AWS_SECRET_ACCESS_KEY), with what s3rver does not know.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { KeyedLock } from '../src/core/keyed-lock.ts';
import { contentKey } from '../src/registry/storage/layout.ts';
import { S3Bucket } from '../src/registry/storage/s3/bucket.ts';
import { parseS3Location, type S3Location } from '../src/registry/storage/s3/location.ts';
import { openS3 } from '../src/registry/storage/s3/open.ts';
import { type StorageUnderTest, storageContract } from '../src/registry/testing/storage-contract.ts';
import { startS3 } from './harness/registry-s3.ts';

const MIB = 1 << 20;
const OTHER = process.env.BARGE_TEST_S3;

async function openTwice(location: S3Location, end: () => PromiseLike<void>): Promise<StorageUnderTest> {
  const locks = new KeyedLock();
  const [one, two] = [await openS3(location, locks), await openS3(location, locks)];
  const bucket = new S3Bucket(location);
  return {
    storage: one.storage,
    other: two.storage,
    damage: (digest) => bucket.put(contentKey(digest), 'not what it was'),
    async [Symbol.asyncDispose]() {
      for (const { bucket: used } of [one, two]) used.close();
      bucket.close();
      await end();
    },
  };
}

if (OTHER === undefined) {
  storageContract('S3', async () => {
    const server = await startS3();
    Object.assign(process.env, server.environment);
    return await openTwice(parseS3Location(server.url), () => server[Symbol.asyncDispose]());
  });
} else {
  /** A directory of the bucket that nobody has used. */
  const fresh = (): S3Location => {
    const location = parseS3Location(OTHER);
    return { ...location, prefix: `${location.prefix}${randomBytes(6).toString('hex')}/` };
  };

  storageContract(OTHER, () => openTwice(fresh(), async () => {}));

  test(`${OTHER}: large objects are copied in parts, begun ones given up, and long lists come in pages`, async () => {
    const bucket = new S3Bucket(fresh(), 5 * MIB);
    const bytes = Buffer.alloc(12 * MIB, 'x');
    await bucket.put('a', bytes);
    await bucket.copy('a', 'b');
    assert.equal((await bucket.head('b'))?.size, bytes.length);
    const id = await bucket.startParts('c');
    await bucket.putPart('c', id, 1, bytes);
    await bucket.abortParts('c', id);
    assert.equal(await bucket.head('c'), undefined);
    for (let i = 0; i < 25; i++) await bucket.put(`directory/${i}/x`, '');
    const pages = await Array.fromAsync(bucket.list('directory', { limit: 10 }));
    assert.deepEqual(
      pages.map(({ directories }) => directories.length),
      [10, 10, 5],
    );
    const deep = await Array.fromAsync(bucket.list('directory', { deep: true, limit: 10 }));
    assert.equal(deep.flatMap(({ names }) => names).length, 25);
    bucket.close();
  });
}

/** The registry's storage in a real S3 server: the same contract as the file system's. */
import { KeyedLock } from '../src/registry/storage/keyed-lock.ts';
import { contentKey } from '../src/registry/storage/layout.ts';
import { S3Bucket } from '../src/registry/storage/s3/bucket.ts';
import { parseS3Location } from '../src/registry/storage/s3/location.ts';
import { openS3 } from '../src/registry/storage/s3/open.ts';
import { storageContract } from '../src/registry/testing/storage-contract.ts';
import { startS3 } from './harness/registry-s3.ts';

storageContract('S3', async () => {
  const server = await startS3();
  Object.assign(process.env, server.environment);
  const location = parseS3Location(server.url);
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
      await server[Symbol.asyncDispose]();
    },
  };
});

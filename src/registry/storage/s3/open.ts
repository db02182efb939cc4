import type { Locks } from '../locks.ts';
import { ObjectStorage } from '../object-storage.ts';
import { S3Bucket } from './bucket.ts';
import type { S3Location } from './location.ts';
import { S3Objects } from './s3-objects.ts';
import { S3Uploads } from './s3-uploads.ts';

/** A registry's content in a bucket. @throws BargeError system when it cannot be reached. */
export async function openS3(
  location: S3Location,
  locks: Locks,
  spool?: string,
): Promise<{ readonly storage: ObjectStorage; readonly bucket: S3Bucket }> {
  const bucket = new S3Bucket(location);
  await bucket.probe();
  const objects = new S3Objects(bucket, location.redirect);
  const uploads = new S3Uploads({ bucket, objects, locks, spool });
  return { storage: new ObjectStorage(objects, uploads, locks), bucket };
}

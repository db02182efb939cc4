import { KeyedLock } from '../../../core/keyed-lock.ts';
import { REPOSITORIES, UPLOADS } from '../layout.ts';
import type { Locks } from '../locks.ts';
import { ObjectStorage } from '../object-storage.ts';
import { FileObjects } from './file-objects.ts';
import { ensureDirectory } from './files.ts';
import { FileUploads } from './uploads.ts';

/**
 * A registry's content below one directory.
 * @param locks shared by all processes that serve it; by default for a single process.
 */
export async function openFileSystem(root: string, locks: Locks = new KeyedLock()): Promise<ObjectStorage> {
  const objects = new FileObjects(root);
  await ensureDirectory(objects.path(REPOSITORIES));
  await ensureDirectory(objects.path(UPLOADS));
  return new ObjectStorage(objects, new FileUploads(objects, locks), locks);
}

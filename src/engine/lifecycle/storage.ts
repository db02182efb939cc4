import { statfsSync } from 'node:fs';
import { NotRecorded } from '../../container/store.ts';
import { errnoOf } from '../../core/errors.ts';

const STORAGE_ERRNOS = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'];

/** Whether the daemon's storage is what failed, not what was to be done. */
export function isStorageFailure(error: unknown): boolean {
  if (error instanceof NotRecorded || STORAGE_ERRNOS.includes(errnoOf(error) ?? '')) return true;
  return error instanceof Error && error.cause !== undefined && isStorageFailure(error.cause);
}

/** Bytes without which nothing can be expected to be written. */
const LITTLE = 64 << 10;

/** Whether nothing can be written below a path. Runtimes and shims say only in words that they could not. */
export function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize < LITTLE;
  } catch {
    return true;
  }
}

import { errnoOf } from '../../core/errors.ts';
import { registryError } from '../registry-error.ts';

/** Whether a write failed because a disk, a quota or the maximum file size is exceeded. */
export function isStorageFull(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'ENOSPC' || errno === 'EDQUOT' || errno === 'EFBIG';
}

export const storageFull = () =>
  registryError('INSUFFICIENT_STORAGE', 'the registry has no space left; nothing of this request was stored');

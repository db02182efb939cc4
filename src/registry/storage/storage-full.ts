import { errnoOf } from '../../core/errors.ts';
import { registryError } from '../registry-error.ts';

/** Whether a write failed because the disk, a quota or the file itself can take no more. */
export function isStorageFull(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'ENOSPC' || errno === 'EDQUOT' || errno === 'EFBIG';
}

export const storageFull = () =>
  registryError('INSUFFICIENT_STORAGE', 'the registry has no space left; nothing of this request was kept');

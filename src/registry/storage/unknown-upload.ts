import type { Digest } from '../../core/digest.ts';
import { registryError } from '../registry-error.ts';

const ID = /^[0-9a-f]{32}$/;

export const isUploadId = (text: string): boolean => ID.test(text);

export const unknownUpload = (id: string) =>
  registryError('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry', { uuid: id });

export const wrongDigest = (digest: Digest, actual: Digest) =>
  registryError('DIGEST_INVALID', 'provided digest did not match uploaded content', { digest, actual });

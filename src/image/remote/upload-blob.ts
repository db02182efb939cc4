import type { Readable } from 'node:stream';
import type { Descriptor } from '../../api/oci-image.ts';
import { hasBlob } from './has-blob.ts';
import type { RepositoryContext } from './repository-context.ts';
import { ResumableUpload } from './resumable-upload.ts';
import { Retries } from './retry.ts';

/** Bytes of progress after which earlier failures no longer count. */
const HEADWAY = 1024 * 1024;

export interface UploadOptions {
  /** Path of another repository of the same registry that may have the blob. */
  readonly mountFrom?: string | undefined;
}

/** How the blob got into the repository. */
export type UploadOutcome = 'existing' | 'mounted' | 'uploaded';

/**
 * Puts a blob into the repository, unless it is already there, by mounting or uploading it. When the
 * connection breaks, the upload resumes at the registry's offset.
 * @param open returns the whole blob from its start each time it is called.
 * @throws BargeError data-loss when `open` returns other bytes; unauthorized, forbidden, unavailable, cancelled;
 *   and whatever the stream fails with.
 */
export async function uploadBlob(
  context: RepositoryContext,
  blob: Pick<Descriptor, 'digest' | 'size'>,
  open: () => Readable,
  options: UploadOptions = {},
): Promise<UploadOutcome> {
  if (await hasBlob(context, blob.digest, 'push')) return 'existing';
  const upload = new ResumableUpload(context, blob, open);
  const started = await upload.start(options.mountFrom);
  if (started === 'mounted') return 'mounted';
  const retries = new Retries(context.options);
  for (let location = started; ; ) {
    try {
      await upload.send(location);
      return 'uploaded';
    } catch (error) {
      await retries.pauseAfter(error);
      // The lost response may have reported success.
      if (await hasBlob(context, blob.digest, 'push')) return 'uploaded';
      const before = upload.held;
      location = await upload.resume(location);
      if (upload.held >= before + HEADWAY) retries.reset();
    }
  }
}

import type { Readable } from 'node:stream';
import type { Descriptor } from '../../api/oci-image.ts';
import { hasBlob } from './has-blob.ts';
import type { RepositoryContext } from './repository-context.ts';
import { ResumableUpload } from './resumable-upload.ts';
import { Retries } from './retry.ts';

/** Bytes after which a connection that breaks again is forgiven its earlier breaks. */
const HEADWAY = 1024 * 1024;

export interface UploadOptions {
  /** Path of another repository of the same registry that holds the blob, perhaps. */
  readonly mountFrom?: string | undefined;
}

/** How the blob came to be in the repository. */
export type UploadOutcome = 'existing' | 'mounted' | 'uploaded';

/**
 * Brings a blob into the repository: not at all when it is there, by mounting, or by sending it. When the
 * connection breaks, goes on from what the registry holds.
 * @param open gives the whole blob from its start, each time it is called.
 * @throws BargeError data-loss when `open` gives other bytes; unauthorized, forbidden, unavailable, cancelled;
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
      // The answer that got lost may have been the one that said all is well.
      if (await hasBlob(context, blob.digest, 'push')) return 'uploaded';
      const before = upload.held;
      location = await upload.resume(location);
      if (upload.held >= before + HEADWAY) retries.reset();
    }
  }
}

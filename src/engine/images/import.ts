import type { Readable } from 'node:stream';
import type { ImageRunConfig, Platform } from '../../api/oci-image.ts';
import { parseReference, type Reference, withDefaultTag } from '../../core/reference.ts';
import { decompress } from '../../image/compression.ts';
import type { Image } from '../../image/images.ts';
import { hostPlatform } from '../../image/platform.ts';
import type { ImageContext } from './context.ts';
import { emitImage } from './emit.ts';

interface ImportOptions {
  /** `name[:tag]`; undefined: the image gets no name. */
  readonly name?: string;
  readonly message?: string;
  readonly config?: ImageRunConfig;
  readonly platform?: Platform;
  readonly createdBy?: string;
  readonly signal: AbortSignal;
}

/**
 * Creates an image of one layer from the tar of a root file system, compressed or not. The layer is repacked,
 * so that it can always be reproduced from its directory.
 */
export async function importImage(ctx: ImageContext, tar: Readable, options: ImportOptions): Promise<Image> {
  const reference: Reference | undefined = options.name
    ? withDefaultTag(parseReference(options.name))
    : undefined;
  const directory = await ctx.layers.temporaryDirectory();
  let image: Image;
  try {
    await ctx.host.files.unpackTar({ root: directory, tar: await decompress(tar), signal: options.signal });
    const layer = await ctx.layers.addUpper(directory, options.signal);
    using _lease = ctx.layers.lease([layer.diffId]);
    const created = new Date().toISOString();
    image = ctx.images.add(
      Buffer.from(
        JSON.stringify({
          created,
          ...(options.platform ?? hostPlatform()),
          config: options.config ?? {},
          rootfs: { type: 'layers', diff_ids: [layer.diffId] },
          history: [
            { created, comment: options.message ?? 'Imported from -', created_by: options.createdBy ?? '' },
          ],
        }),
      ),
    );
  } catch (error) {
    await ctx.host.files.removeTree(directory);
    throw error;
  }
  if (reference) ctx.images.tag(reference, image.id);
  emitImage(ctx, image, 'import', reference ? (options.name ?? '') : '');
  return image;
}

import type { Descriptor } from '../api/oci-image.ts';
import { invalidParameter } from '../core/errors.ts';
import type { RemoteRepository } from './remote/remote-repository.ts';

/** Bytes. */
const MAX_CONFIG_SIZE = 8 << 20;

/** The bytes of an image's configuration. @throws BargeError invalid-parameter when it is too large, and as `blob` does. */
export async function fetchConfig(
  remote: RemoteRepository,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
): Promise<Buffer> {
  if (descriptor.size > MAX_CONFIG_SIZE) {
    throw invalidParameter(
      `an image configuration of ${descriptor.size} bytes is too large: at most ${MAX_CONFIG_SIZE}`,
    );
  }
  const chunks: Buffer[] = [];
  for await (const chunk of await remote.blob(descriptor)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
